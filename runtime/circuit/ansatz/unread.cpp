// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/ansatz/unread.h"

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

using std::to_string;

/// One more than the largest input that a layer may reach over those of earlier layers, and the key that says
/// so. Inputs that follow those of earlier layers leave no gap.
struct Named {
  int inputs = 0;
  const char* key = "";
};

Named named_by(const CircuitLayer& layer) {
  Named most;
  const auto name = [&](int inputs, const char* key) {
    if (inputs > most.inputs) most = {inputs, key};
  };
  for (const std::vector<int>& list : layer.inputs)
    for (int input : list) name(input + 1, ".inputs");
  if (layer.inputs.empty() && layer.first_input >= 0) name(layer.first_input + 1, ".first_input");
  if (layer.inputs.empty() && layer.upload && !is_qubit_gate(*layer.upload)) {
    // Gates on several qubits read the inputs of their positions.
    const int first = std::max(layer.first_input, 0);
    for (int position : layer.qubits) name(first + position + 1, ".qubits");
    for (const std::vector<int>& group : layer.pairs)
      for (int position : group) name(first + position + 1, ".pairs");
  }
  for (const GateUse& use : layer.ops)
    for (const Expression& angle : use.angles)
      for (const Monomial& term : angle.terms)
        for (int input : term.inputs) name(input + 1, ".qasm");
  name(layer.declared_inputs, ".qasm");
  return most;
}

/// A list of layers by hand, under the key that the user wrote it.
struct Part {
  const std::vector<CircuitLayer>& layers;
  std::string key;
};

std::vector<Part> parts_of(const AnsatzSpec& spec) {
  std::vector<Part> parts{{spec.stage, "circuit.layer"}, {spec.block_stage, "block.layer"}};
  for (const BlockSpec& block : spec.blocks) parts.push_back({block.layers, block.key + ".layer"});
  return parts;
}

std::vector<bool> inputs_read(const Circuit& circuit, int inputs) {
  std::vector<bool> read(static_cast<std::size_t>(inputs));
  const auto mark = [&](int input) {
    if (input < inputs) read[static_cast<std::size_t>(input)] = true;
  };
  if (circuit.angle_of.empty())
    for (int angle = 0; angle < circuit.angles; ++angle) mark(angle);
  const int own = circuit.sample_inputs();
  for (const Expression& angle : circuit.angle_of)
    for (const Monomial& term : angle.terms)
      for (int input : term.inputs)
        if (input < own) mark(input);
  for (const AmplitudeEncoding& encoding : circuit.encodings)
    for (int input : encoding.of) mark(input);
  return read;
}

}  // namespace

void check_inputs_read(const AnsatzSpec& spec) {
  const std::vector<Part> parts = parts_of(spec);
  int declared = 0;
  bool any = false;
  for (const Part& part : parts)
    for (const CircuitLayer& layer : part.layers) {
      any = true;
      declared = std::max(declared, layer.declared_inputs);
    }
  if (!any) return;
  const Circuit circuit = build(spec);
  const int inputs = std::max(declared, circuit.sample_inputs());
  const std::vector<bool> read = inputs_read(circuit, inputs);
  const auto unread = std::count(read.begin(), read.end(), false);
  if (unread == 0) return;
  const auto first = static_cast<int>(std::find(read.begin(), read.end(), false) - read.begin());
  std::string place = "circuit.layer";
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    for (std::size_t i = part->layers.size(); i-- > 0;)
      if (const Named named = named_by(part->layers[i]); named.inputs > first)
        place = part->key + "[" + to_string(i) + "]" + named.key;
  throw usage_error(place + ": expected gates that read all " + to_string(inputs) +
                    " inputs of the circuit, found none for input " + to_string(first) +
                    (unread > 1 ? " and " + to_string(unread - 1) + " more" : "") +
                    "; number the inputs of all layers from 0 without gaps, and declare no others");
}

void forget_declared(std::vector<CircuitLayer>& layers) {
  for (CircuitLayer& layer : layers) layer.declared_inputs = 0;
}

}  // namespace qmtl
