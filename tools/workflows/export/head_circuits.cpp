// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/export/head_circuits.h"

#include "hardware/head_outputs.h"
#include "hardware/program_stats.h"
#include "io/sources/csv.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/train/label_scale.h"

namespace qmtl {

void check_circuit_head(const std::string& kind, const std::string& where) {
  if (!head_kind(kind).circuit())
    throw usage_error(where + "expected a head with a circuit (qmtl, hybrid, separate), found '" + kind +
                      "', which has none");
}

void check_has_circuit(const TrainedModel& model) { check_circuit_head(model.spec.head.kind, ""); }

HeadCircuits head_circuits(const ExportSource& source) {
  check_circuit_head(source.learner.spec().head.kind, "--to " + source.asked.format + ": ");
  HeadCircuits head;
  head.circuit = source.learner.circuit();
  head.split = source.asked.options.split;
  head.programs = split_head(*head.circuit, source.learner.circuit_params(), head.split, {},
                             source.asked.options.max_qubits);
  head.angles = source.learner.circuit_angles(source.rows);
  return head;
}

std::string angles_csv(const ExportSource& source, const HeadCircuits& head) {
  std::string text = "sample,id";
  const int width = head.circuit->angles;
  for (int angle = 0; angle < width; ++angle) text += "," + angle_input(angle, width);
  auto next = head.angles.begin();
  for (std::size_t row : source.rows) {
    text += "\n" + std::to_string(row) + ",";
    text += source.data.ids.empty() ? std::to_string(row) : csv_cell(source.data.ids[row]);
    for (int angle = 0; angle < width; ++angle) text += "," + shortest(*next++);
  }
  return text + "\n";
}

nlohmann::ordered_json program_json(const ExportSource& source, const HeadCircuits& head,
                                    const HeadProgram& program) {
  nlohmann::ordered_json outputs = nlohmann::ordered_json::array();
  for (const ReadOutput& reading : read_outputs(*head.circuit, source.learner.circuit_params(), program)) {
    nlohmann::ordered_json terms = nlohmann::ordered_json::array();
    for (const BitTerm& term : reading.terms) terms.push_back({{"bits", term.bits}, {"weight", term.weight}});
    outputs.push_back({{"output", reading.output}, {"terms", terms}});
  }
  const ProgramStats stats = program_stats(program.program);
  return {{"name", program.program.name},
          {"qubits", program.program.qubits},
          {"bits", program.program.measured.size()},
          {"measured", program.program.measured},
          {"inputs", program.program.inputs},
          {"blocks", program.blocks},
          {"outputs", outputs},
          {"gates", stats.gates},
          {"depth", stats.depth},
          {"two_qubit_depth", stats.two_qubit_depth}};
}

nlohmann::ordered_json logits_json(const ExportSource& source) {
  const CircuitReadout& readout = *source.learner.readout();
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  auto column = readout.columns.begin();
  for (const TaskSpec& task : source.learner.spec().tasks) {
    const LabelScale scale = label_scale(source.checkpoint.statistics, task);
    // Bias and weights as the model's float logits show them, a weight by a step so long that the rounding of
    // the bias does not reach its digits.
    const auto shown = [&](double logit) {
      return static_cast<double>(static_cast<float>(logit * scale.deviation + scale.mean));
    };
    constexpr double step = 0x1p20;
    // Of a bounded logit they are those of the number inside the tanh, which has no unit.
    const bool bounded = column->half_width != 0.0;
    const auto inside = [&](double logit) { return bounded ? logit : shown(logit); };
    for (int c = 0; c < task.outputs; ++c, ++column) {
      nlohmann::ordered_json weights = nlohmann::ordered_json::array();
      for (std::size_t i = 0; i < column->weights.size(); ++i) {
        const double logit = step / readout.divisor * column->weights[i] + column->bias;
        if (const double weight = (inside(logit) - inside(column->bias)) / step; weight != 0)
          weights.push_back({{"output", column->outputs[i]}, {"weight", weight}});
      }
      json.push_back({{"task", task.name},
                      {"kind", task.kind},
                      {"column", c},
                      {"bias", inside(column->bias)},
                      {"weights", weights}});
      if (bounded)
        json.back()["tanh"] = {{"middle", shown(column->middle)},
                               {"half_width", column->half_width * scale.deviation}};
    }
  }
  return json;
}

}  // namespace qmtl
