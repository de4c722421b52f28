#include "tools/head_circuits.h"

#include <charconv>

#include "hardware/head_outputs.h"
#include "hardware/program_stats.h"
#include "io/csv.h"
#include "runtime/error.h"

namespace qmtl {
namespace {

std::string shortest(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

/// The angles that the model's backbone gives the samples.
std::vector<double> angles_of(const ExportRequest& request) {
  const auto width = static_cast<std::size_t>(request.learner.circuit()->angles);
  std::vector<double> all;
  std::vector<float> logits(request.rows.size() * static_cast<std::size_t>(request.learner.outputs()));
  request.learner.predict_with(
      [&](std::span<const std::size_t> samples, const double* angles, double*) {
        all.insert(all.end(), angles, angles + samples.size() * width);
      },
      request.rows, logits.data());
  return all;
}

/// Logits for the circuit's outputs [points, outputs], whatever the sample.
std::vector<float> logits_at(const ExportRequest& request, std::size_t points, std::vector<double> outputs) {
  const std::vector<std::size_t> rows(points, request.rows.front());
  std::vector<float> logits(points * static_cast<std::size_t>(request.learner.outputs()));
  const std::size_t width = outputs.size() / points;
  auto next = outputs.begin();
  request.learner.predict_with(
      [&](std::span<const std::size_t> samples, const double*, double* values) {
        const auto last = next + static_cast<std::ptrdiff_t>(samples.size() * width);
        std::copy(next, last, values);
        next = last;
      },
      rows, logits.data());
  return logits;
}

}  // namespace

HeadCircuits head_circuits(const ExportRequest& request) {
  const std::string to = "--to " + request.options.text("to");
  HeadCircuits head;
  head.circuit = request.learner.circuit();
  if (!head.circuit)
    throw usage_error(to + ": expected a head with a circuit (qmtl, hybrid, separate), found '" +
                      request.learner.spec().head.kind + "', which has none");
  const Options& options = request.options;
  head.split = parse_head_split(options.text_or("split", "wide"));
  const int max_qubits = options.has("max-qubits") ? options.values["max-qubits"].as<int>() : 0;
  if (options.has("max-qubits") && max_qubits < 1)
    throw usage_error("--max-qubits: expected at least 1, found " + std::to_string(max_qubits));
  head.programs = split_head(*head.circuit, request.learner.circuit_params(), head.split, {}, max_qubits);
  head.angles = angles_of(request);
  return head;
}

std::string angles_csv(const ExportRequest& request, const HeadCircuits& head) {
  std::string text = "sample,id";
  const int width = head.circuit->angles;
  for (int angle = 0; angle < width; ++angle) text += "," + angle_input(angle, width);
  auto next = head.angles.begin();
  for (std::size_t row : request.rows) {
    text += "\n" + std::to_string(row) + ",";
    text += request.data.ids.empty() ? std::to_string(row) : csv_cell(request.data.ids[row]);
    for (int angle = 0; angle < width; ++angle) text += "," + shortest(*next++);
  }
  return text + "\n";
}

nlohmann::ordered_json program_json(const ExportRequest& request, const HeadCircuits& head,
                                    const HeadProgram& program) {
  nlohmann::ordered_json outputs = nlohmann::ordered_json::array();
  for (const OutputReading& reading :
       output_readings(*head.circuit, request.learner.circuit_params(), program)) {
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

nlohmann::ordered_json logits_json(const ExportRequest& request, const HeadCircuits& head) {
  const auto outputs = static_cast<std::size_t>(head.circuit->outputs());
  const auto columns = static_cast<std::size_t>(request.learner.outputs());
  // A logit is rounded to float with its bias, so that a large output makes its weight exact to float's.
  constexpr double large = 0x1p20;
  std::vector<double> points((outputs + 1) * outputs, 0.0);
  for (std::size_t o = 0; o < outputs; ++o) points[(o + 1) * outputs + o] = large;
  const std::vector<float> logits = logits_at(request, outputs + 1, std::move(points));
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::size_t column = 0;
  for (const TaskSpec& task : request.learner.spec().tasks)
    for (int c = 0; c < task.outputs; ++c, ++column) {
      nlohmann::ordered_json weights = nlohmann::ordered_json::array();
      for (std::size_t o = 0; o < outputs; ++o) {
        const double change =
            static_cast<double>(logits[(o + 1) * columns + column]) - static_cast<double>(logits[column]);
        if (change != 0) weights.push_back({{"output", o}, {"weight", change / large}});
      }
      json.push_back({{"task", task.name},
                      {"kind", task.kind},
                      {"column", c},
                      {"bias", static_cast<double>(logits[column])},
                      {"weights", weights}});
    }
  return json;
}

}  // namespace qmtl
