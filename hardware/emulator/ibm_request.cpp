// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ibm_request.h"

#include <array>
#include <cmath>

#include "hardware/emulator/ibm_circuit.h"
#include "hardware/emulator/ibm_estimator.h"
#include "hardware/emulator/ibm_executor.h"
#include "hardware/formats/packed_array.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

/// Numbers with their shape.
struct NumberArray {
  std::vector<std::size_t> shape;
  std::vector<double> values;
};

void append_nested(const SortedJsonField& field, std::size_t depth, NumberArray& array) {
  if (!field.is_list()) {
    if (depth != array.shape.size()) field.wrong("lists of equal depth");
    array.values.push_back(field.number());
    return;
  }
  const auto entries = field.list();
  const bool first = array.values.empty() && depth == array.shape.size();
  if (first) array.shape.push_back(entries.size());
  if (depth >= array.shape.size() || array.shape[depth] != entries.size())
    field.wrong("lists of equal length");
  for (const SortedJsonField& entry : entries) append_nested(entry, depth + 1, array);
}

NumberArray read_numbers(const SortedJsonField& field, std::size_t most) {
  NumberArray array;
  if (field.is_object()) {
    only(field, {"__type__", "__value__"});
    if (field.at("__type__").text() != "ndarray") field.at("__type__").wrong("ndarray");
    try {
      const NpyArray packed = unpack_array(field.at("__value__").text(), most, "");
      array = {packed.shape, doubles(packed)};
    } catch (const Error& error) {
      refuse_ibm(field.place() + error.what());
    }
  } else {
    append_nested(field, 0, array);
  }
  for (double value : array.values)
    if (!std::isfinite(value)) field.wrong("finite numbers");
  return array;
}

/// Values of one array whose last axis is the parameters, in the order of their names.
void set_array(const NumberArray& array, const SortedJsonField& field, EmulatedRun& run) {
  const std::size_t inputs = run.sweep.program.inputs.size();
  const bool empty = array.shape.empty() ? false : array.shape.back() == 0;
  if (array.shape.empty() || (array.shape.back() != inputs && !(empty && inputs == 0)))
    field.wrong("values with " + std::to_string(inputs) + " parameters on the last axis");
  run.shape.assign(array.shape.begin(), array.shape.end() - 1);
  run.sweep.rows = elements_of(run.shape);
  run.sweep.values = array.values;
}

/// {name: value or array}.
void set_dictionary(const SortedJsonField& field, std::size_t most, EmulatedRun& run) {
  const auto& inputs = run.sweep.program.inputs;
  if (field.json().size() != inputs.size())
    field.wrong("the " + std::to_string(inputs.size()) + " parameters of the circuit");
  std::vector<NumberArray> columns;
  for (const std::string& input : inputs) {
    columns.push_back(read_numbers(field.at(input), most));
    if (columns.back().shape.empty()) continue;
    if (!run.shape.empty() && run.shape != columns.back().shape) field.wrong("arrays of one shape");
    run.shape = columns.back().shape;
  }
  run.sweep.rows = elements_of(run.shape);
  for (std::size_t row = 0; row < run.sweep.rows; ++row)
    for (const NumberArray& column : columns)
      run.sweep.values.push_back(column.shape.empty() ? column.values[0] : column.values[row]);
}

}  // namespace

void read_ibm_values(const SortedJsonField& field, std::size_t most_bytes, EmulatedRun& run) {
  if (field.is_null()) return;
  if (field.is_object() && !field.json().contains("__type__"))
    set_dictionary(field, most_bytes, run);
  else
    set_array(read_numbers(field, most_bytes), field, run);
}

namespace {

EmulatedRun read_pub(const SortedJsonField& pub, std::int64_t default_shots, const EmulatorOptions& options) {
  const auto parts = pub.list();
  if (parts.empty() || parts.size() > 3) pub.wrong("[circuit, parameter values, shots]");
  EmulatedRun run = read_ibm_circuit(parts[0], options);
  if (parts.size() > 1) read_ibm_values(parts[1], options.most_bytes, run);
  if (run.sweep.values.empty() && !run.sweep.program.inputs.empty())
    pub.wrong("values for the " + std::to_string(run.sweep.program.inputs.size()) +
              " parameters of the circuit");
  check_ibm_values(run, pub, options);
  run.shots = parts.size() > 2 && !parts[2].json().is_null() ? parts[2].integer(1, most_ibm_executions)
                                                             : default_shots;
  return run;
}

void check_options(const SortedJsonField& options) {
  only(options,
       {"default_shots", "dynamical_decoupling", "execution", "twirling", "simulator", "experimental"});
  if (const auto field = options.find("dynamical_decoupling"))
    only(*field,
         {"enable", "sequence_type", "extra_slack_distribution", "scheduling_method", "skip_reset_qubits"});
  if (const auto field = options.find("execution")) {
    only(*field, {"init_qubits", "rep_delay", "meas_type"});
    if (const auto type = field->find("meas_type"); type && type->text() != "classified")
      type->wrong("classified: this emulator has no other readout");
  }
  if (const auto field = options.find("twirling"))
    only(*field,
         {"enable_gates", "enable_measure", "num_randomizations", "shots_per_randomization", "strategy"});
}

void read_sampler(const SortedJsonField& params, const EmulatorOptions& options, EmulatedJob& job) {
  only(params, {"pubs", "version", "support_qiskit", "shots", "options"});
  if (const auto version = params.find("version")) version->integer(2, 2);
  if (const auto support = params.find("support_qiskit")) support->boolean();
  std::int64_t shots = 4096;
  if (const auto field = params.find("options")) {
    check_options(*field);
    if (const auto given = field->find("default_shots")) shots = given->integer(1, most_ibm_executions);
  }
  if (const auto given = params.find("shots")) shots = given->integer(1, most_ibm_executions);
  const auto pubs = params.at("pubs").list();
  if (pubs.empty()) params.at("pubs").wrong("at least one circuit");
  for (const SortedJsonField& pub : pubs) job.runs.push_back(read_pub(pub, shots, options));
  check_ibm_executions(job);
}

struct IbmProgram {
  std::string_view id;
  void (*read)(const SortedJsonField& params, const EmulatorOptions& options, EmulatedJob& job);
};
constexpr std::array<IbmProgram, 3> ibm_programs{
    {{"sampler", read_sampler}, {"estimator", read_ibm_estimator}, {"executor", read_ibm_executor}}};

const IbmProgram& program_of(const std::string& id) {
  for (const IbmProgram& program : ibm_programs)
    if (program.id == id) return program;
  throw WireRefusal{id == "noise-learner" ? 400 : 404,
                    ibm_invalid_input,
                    "program " + id + ": this emulator runs executor, sampler and estimator",
                    {}};
}

void check_tags(const SortedJsonField& tags) {
  constexpr std::size_t most_tags = 8, longest = 86;
  if (tags.list().size() > most_tags) tags.wrong("at most 8 tags");
  for (const SortedJsonField& tag : tags.list())
    if (tag.text().size() > longest) tag.wrong("at most 86 characters");
}

}  // namespace

std::shared_ptr<EmulatedJob> read_ibm_job(const Json& body, const EmulatorOptions& options) {
  const SortedJsonField root = request_fields(body);
  only(root, {"program_id", "backend", "params", "tags", "log_level", "cost", "session_id", "calibration_id",
              "private", "runtime"});
  const IbmProgram& program = program_of(root.at("program_id").text());
  if (root.at("backend").text() != options.target.name)
    throw WireRefusal{404, 1216, "Backend " + root.at("backend").text() + " does not exist", {}};
  if (const auto tags = root.find("tags")) check_tags(*tags);
  const auto cost = root.find("cost");
  if (cost) cost->integer(1, 10800);
  if (const auto hidden = root.find("private")) hidden->boolean();
  auto job = std::make_shared<EmulatedJob>();
  job->service = "ibm";
  job->request = body;
  if (const auto tags = root.find("tags"))
    for (const SortedJsonField& tag : tags->list()) job->tag += (job->tag.empty() ? "" : ",") + tag.text();
  program.read(root.at("params"), options, *job);
  if (cost) job->too_long = device_seconds(*job) > cost->number();
  return job;
}

}  // namespace qmtl
