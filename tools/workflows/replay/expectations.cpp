// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/expectations.h"

#include <cmath>

#include "hardware/head_outputs.h"
#include "runtime/base/json_field.h"
#include "runtime/engine/engine.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

/// rows[samples][outputs] of one number of each estimate.
template <class Number>
Json table(const std::vector<Estimate>& estimates, std::size_t width, Number number) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    if (i % width == 0) rows.push_back(Json::array());
    rows.back().push_back(json_number(number(estimates[i])));
  }
  return rows;
}

Json estimates_json(const std::vector<Estimate>& estimates, std::size_t width) {
  return {{"value", table(estimates, width, [](const Estimate& e) { return e.value; })},
          {"error", table(estimates, width, [](const Estimate& e) { return std::sqrt(e.variance); })}};
}

double root_mean_square(const std::vector<double>& numbers) {
  double sum = 0;
  for (double number : numbers) sum += number * number;
  return std::sqrt(sum / static_cast<double>(numbers.size()));
}

/// Root mean squares: of the distances from the exact values, and of the standard errors, which alone would
/// make them so large.
Json distance_json(const std::vector<Estimate>& estimates, const std::vector<double>& exact) {
  std::vector<double> distances, errors;
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    distances.push_back(estimates[i].value - exact[i]);
    errors.push_back(std::sqrt(estimates[i].variance));
  }
  return {{"distance", json_number(root_mean_square(distances))},
          {"error", json_number(root_mean_square(errors))}};
}

/// Where each output comes from: block and strings of the circuit, program and bits, and the tasks that read
/// it.
Json outputs_json(const ReplaySession& session) {
  const ReplayModel& model = session.model;
  const Circuit& circuit = model.circuit();
  Json outputs = Json::array();
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b)
    for (const Readout& readout : circuit.blocks[b].outputs) {
      Json strings = Json::array();
      for (const ZString& string : readout.strings)
        strings.push_back(
            {{"z", string.qubits}, {"weight", weight_of(string, model.learner->circuit_params())}});
      outputs.push_back({{"block", b}, {"strings", std::move(strings)}, {"tasks", Json::array()}});
    }
  for (std::size_t p = 0; p < session.parts.size(); ++p)
    for (const ReadOutput& output :
         read_outputs(circuit, model.learner->circuit_params(), session.parts[p])) {
      Json& json = outputs[static_cast<std::size_t>(output.output)];
      json["program"] = p;
      json["terms"] = Json::array();
      for (const BitTerm& term : output.terms)
        json["terms"].push_back({{"bits", term.bits}, {"weight", term.weight}});
    }
  std::size_t column = 0;
  for (const TaskSpec& task : model.spec().tasks)
    for (int c = 0; c < task.outputs; ++c, ++column)
      for (std::size_t o : model.learner->readout()->columns[column].outputs) {
        Json& tasks = outputs[o]["tasks"];
        if (tasks.empty() || tasks.back() != task.name) tasks.push_back(task.name);
      }
  return outputs;
}

/// What was executed, in the order of the jobs' sweeps.
Json programs_json(const ReplaySession& session) {
  Json programs = Json::array();
  for (const ReplayProgram& program : session.programs.all) {
    if (program.phase != ReplayPhase::work) continue;
    const DeviceProgram& device = program.sweep.program;
    Json json{{"program", program.part},         {"name", device.name},
              {"shots", program.shots},          {"qubits", device.measured},
              {"factor", program.factor},        {"stratum", program.place.stratum},
              {"weights", program.place.weights}};
    if (!program.place.flipped.empty()) json["flipped"] = program.place.flipped;
    programs.push_back(std::move(json));
  }
  return programs;
}

Json calibration_json(const std::optional<ReadoutCalibration>& calibration) {
  if (!calibration) return nullptr;
  Json json = Json::object();
  for (const auto& [qubit, readout] : calibration->qubits)
    json[std::to_string(qubit)] = {readout.error.p1_given_0, readout.error.p0_given_1};
  return json;
}

}  // namespace

std::vector<double> exact_outputs(const ReplayModel& model, const std::vector<std::size_t>& samples) {
  Engine<double> engine(*model.learner->plan());
  engine.bind(model.learner->circuit_params());
  const auto width = static_cast<std::size_t>(engine.angles()),
             outputs = static_cast<std::size_t>(engine.values());
  std::vector<double> angles, values(samples.size() * outputs);
  for (std::size_t i : samples) {
    const auto begin = model.angles.begin() + static_cast<std::ptrdiff_t>(i * width);
    angles.insert(angles.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
  }
  engine.forward(samples.size(), angles.data(), values.data());
  return values;
}

Json expectations_summary(const ReplayModel& model, const std::vector<std::size_t>& samples,
                          const MeasuredOutputs& outputs) {
  const std::vector<double> exact = exact_outputs(model, samples);
  return {{"count", exact.size()},
          {"rms",
           {{"measured", distance_json(outputs.measured, exact)},
            {"mitigated", distance_json(outputs.mitigated, exact)}}}};
}

Json expectations_json(const ReplaySession& session, const std::vector<std::size_t>& samples,
                       const MeasuredOutputs& outputs) {
  const ReplayModel& model = session.model;
  const auto width = static_cast<std::size_t>(model.circuit().outputs());
  std::vector<Estimate> exact;
  for (double value : exact_outputs(model, samples)) exact.push_back({value, 0.0});
  Json rows = Json::array();
  for (std::size_t i : samples) rows.push_back(model.rows[i]);
  return {{"format", "qmtl-expectations"},
          {"version", 1},
          {"outputs", outputs_json(session)},
          {"programs", programs_json(session)},
          {"calibration", calibration_json(outputs.calibration)},
          {"samples", std::move(rows)},
          {"exact", table(exact, width, [](const Estimate& e) { return e.value; })},
          {"measured", estimates_json(outputs.measured, width)},
          {"mitigated", estimates_json(outputs.mitigated, width)}};
}

}  // namespace qmtl
