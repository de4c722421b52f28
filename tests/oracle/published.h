// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/json_field.h"
#include "runtime/circuit/ansatz/ansatz.h"

/// What the published circuits compute, by constructions of other libraries: tests/circuit/published/make.py
/// writes it.
namespace qmtl::oracle {

struct Published {
  std::string preset;
  int qubits = 0, layers = 0;
  std::vector<double> params, inputs;                  ///< of one sample, exact in float
  std::vector<double> values;                          ///< Z of every qubit, X0, X0 X1
  std::vector<double> weights;                         ///< of the values in the sum whose gradients follow
  std::vector<double> param_gradient, input_gradient;  ///< rounded to 13 digits, as the values are
};

inline std::vector<Published> published_cases(const std::string& source_folder) {
  const std::string file = source_folder + "/tests/circuit/published/numbers.json";
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  const JsonField all = JsonField::parse(text.str(), json_file(file));
  std::vector<Published> cases;
  for (const JsonField& one : all.list()) {
    const auto numbers = [&](const char* key) {
      std::vector<double> list;
      for (const JsonField& number : one.at(key).list()) list.push_back(number.number());
      return list;
    };
    cases.push_back({one.at("preset").text(), static_cast<int>(one.at("qubits").count()),
                     static_cast<int>(one.at("layers").count()), numbers("params"), numbers("inputs"),
                     numbers("values"), numbers("weights"), numbers("param_gradient"),
                     numbers("input_gradient")});
  }
  return cases;
}

inline std::string describe(const Published& published) {
  return published.preset + ", " + std::to_string(published.qubits) + " qubits, " +
         std::to_string(published.layers) + " repetitions";
}

/// The preset on all qubits and one block that only measures.
inline AnsatzSpec spec_of(const Published& published) {
  AnsatzSpec spec;
  spec.preset = published.preset;
  spec.qubits = published.qubits;
  spec.layers = published.layers;
  spec.placement = Placement::global;
  spec.block_layers = 0;
  for (int q = 0; q < published.qubits; ++q) spec.observables.push_back("Z" + std::to_string(q));
  spec.observables.push_back("X0");
  if (published.qubits > 1) spec.observables.push_back("X0 X1");
  spec.block_outputs = {static_cast<int>(spec.observables.size())};
  return spec;
}

/// What the circuit's functions read of a sample that no angle map changes: its numbers, then the angles of
/// encodings.
inline std::vector<double> function_inputs(const Circuit& circuit, const std::vector<double>& sample) {
  std::vector<double> all = sample;
  all.resize(static_cast<std::size_t>(circuit.function_inputs()));
  for (const AmplitudeEncoding& encoding : circuit.encodings)
    amplitude_angles(encoding, sample,
                     std::span(all).subspan(static_cast<std::size_t>(encoding.first),
                                            static_cast<std::size_t>(encoding.rotations())));
  return all;
}

/// The gradient of the sample's numbers from that of what the functions read.
inline std::vector<double> sample_gradient(const Circuit& circuit, const std::vector<double>& sample,
                                           const std::vector<double>& gradient) {
  std::vector<double> all(gradient.begin(), gradient.begin() + static_cast<std::ptrdiff_t>(sample.size()));
  for (const AmplitudeEncoding& encoding : circuit.encodings)
    add_amplitude_gradient(encoding, sample,
                           std::span(gradient).subspan(static_cast<std::size_t>(encoding.first),
                                                       static_cast<std::size_t>(encoding.rotations())),
                           all);
  return all;
}

/// The preset's circuit for the case's numbers.
struct PublishedCircuit {
  Assembly made;
  std::vector<double> angles, params;
  std::vector<double> cotangents;  ///< of the circuit's outputs

  /// The case must have as many numbers as the circuit.
  PublishedCircuit(const Published& published) : made(assemble(spec_of(published))) {
    const Circuit& circuit = made.circuit;
    angles = published.inputs;
    if (!circuit.angle_of.empty()) {
      angles.clear();
      for (const Expression& angle : circuit.angle_of)
        angles.push_back(value(angle, function_inputs(circuit, published.inputs), published.params));
    }
    params = bound_params(circuit, published.params);
    cotangents.resize(static_cast<std::size_t>(circuit.outputs()));
    for (std::size_t o = 0; o < made.outputs.size(); ++o)
      for (int part : made.outputs[o]) cotangents[static_cast<std::size_t>(part)] = published.weights[o];
  }

  /// The specification's outputs from the circuit's.
  std::vector<double> outputs(const std::vector<double>& parts) const {
    std::vector<double> sums;
    for (const std::vector<int>& list : made.outputs) {
      sums.push_back(0.0);
      for (int part : list) sums.back() += parts[static_cast<std::size_t>(part)];
    }
    return sums;
  }

  /// Gradients of the trainable numbers and of the inputs from those of the circuit's parameters and angles.
  std::pair<std::vector<double>, std::vector<double>> gradients(
      const Published& published, const std::vector<double>& param_gradient,
      const std::vector<double>& angle_gradient) const {
    const Circuit& circuit = made.circuit;
    const std::vector<double> read = function_inputs(circuit, published.inputs);
    std::vector<double> trained(published.params.size()), inputs(read.size());
    const auto add = [&](const std::vector<Expression>& list, const std::vector<double>& gradient) {
      for (std::size_t i = 0; i < list.size(); ++i)
        add_gradient(list[i], gradient[i], read, published.params, inputs, trained);
    };
    add(circuit.param_of, param_gradient);
    add(circuit.angle_of, angle_gradient);
    if (circuit.param_of.empty())
      for (std::size_t i = 0; i < trained.size(); ++i) trained[i] += param_gradient[i];
    if (circuit.angle_of.empty())
      for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] += angle_gradient[i];
    return {trained, sample_gradient(circuit, published.inputs, inputs)};
  }
};

}  // namespace qmtl::oracle
