// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ibm_request.h"

#include <cmath>
#include <numeric>
#include <regex>

#include "hardware/emulator/qasm_reader.h"
#include "hardware/formats/packed_array.h"
#include "hardware/isa.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

constexpr int invalid_input = 1337, not_supported = 1517;
constexpr std::int64_t most_executions = 10'000'000;

[[noreturn]] void refuse(const std::string& message, int code = invalid_input) {
  throw WireRefusal{400, code, message, {}};
}

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
      refuse(field.place() + error.what());
    }
  } else {
    append_nested(field, 0, array);
  }
  for (double value : array.values)
    if (!std::isfinite(value)) field.wrong("finite numbers");
  return array;
}

std::size_t product_of(const std::vector<std::size_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

/// Values of one array whose last axis is the parameters, in the order of their names.
void set_array(const NumberArray& array, const SortedJsonField& field, EmulatedRun& run) {
  const std::size_t inputs = run.sweep.program.inputs.size();
  const bool empty = array.shape.empty() ? false : array.shape.back() == 0;
  if (array.shape.empty() || (array.shape.back() != inputs && !(empty && inputs == 0)))
    field.wrong("values with " + std::to_string(inputs) + " parameters on the last axis");
  run.shape.assign(array.shape.begin(), array.shape.end() - 1);
  run.sweep.rows = product_of(run.shape);
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
  run.sweep.rows = product_of(run.shape);
  for (std::size_t row = 0; row < run.sweep.rows; ++row)
    for (const NumberArray& column : columns)
      run.sweep.values.push_back(column.shape.empty() ? column.values[0] : column.values[row]);
}

DeviceProgram read_circuit(const SortedJsonField& field) {
  if (field.is_object()) field.wrong("OpenQASM 3 as a text: this emulator executes no QPY");
  const std::string& text = field.text();
  try {
    return read_qasm3(text, "");
  } catch (const Error& error) {
    refuse(field.place() + error.what());
  }
}

EmulatedRun read_pub(const SortedJsonField& pub, std::int64_t default_shots, const EmulatorOptions& options) {
  const auto parts = pub.list();
  if (parts.empty() || parts.size() > 3) pub.wrong("[circuit, parameter values, shots]");
  EmulatedRun run;
  run.sweep.program = read_circuit(parts[0]);
  run.registers = classical_registers(parts[0].text());
  const DeviceProgram& program = run.sweep.program;
  std::size_t bits = 0;
  for (const ClassicalRegister& row : run.registers) bits += static_cast<std::size_t>(row.bits);
  if (program.measured.empty() || bits != program.measured.size())
    parts[0].wrong("a circuit that measures into every bit it declares, and at least one");
  if (const std::string problem = isa_problem(program, options.target); !problem.empty())
    refuse(problem +
               ". Transpile your circuits for the target before submitting a primitive query. For more "
               "information, see https://docs.quantum.ibm.com/guides/transpile",
           not_supported);
  if (parts.size() > 1 && parts[1].json().is_object() && !parts[1].json().contains("__type__"))
    set_dictionary(parts[1], options.most_bytes, run);
  else if (parts.size() > 1 && !parts[1].json().is_null())
    set_array(read_numbers(parts[1], options.most_bytes), parts[1], run);
  else if (!program.inputs.empty())
    pub.wrong("values for the " + std::to_string(program.inputs.size()) + " parameters of the circuit");
  // Without gates of its own the emulated device is an ideal one.
  if (const std::string problem = pair_angle_problem(run.sweep);
      !options.target.basis.empty() && !problem.empty())
    refuse(pub.place() + problem, not_supported);
  run.shots =
      parts.size() > 2 && !parts[2].json().is_null() ? parts[2].integer(1, most_executions) : default_shots;
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

void read_params(const SortedJsonField& params, const EmulatorOptions& options, EmulatedJob& job) {
  only(params, {"pubs", "version", "support_qiskit", "shots", "options"});
  if (const auto version = params.find("version")) version->integer(2, 2);
  if (const auto support = params.find("support_qiskit")) support->boolean();
  std::int64_t shots = 4096;
  if (const auto field = params.find("options")) {
    check_options(*field);
    if (const auto given = field->find("default_shots")) shots = given->integer(1, most_executions);
  }
  if (const auto given = params.find("shots")) shots = given->integer(1, most_executions);
  const auto pubs = params.at("pubs").list();
  if (pubs.empty()) params.at("pubs").wrong("at least one circuit");
  double executions = 0;
  for (const SortedJsonField& pub : pubs) {
    job.runs.push_back(read_pub(pub, shots, options));
    executions +=
        static_cast<double>(job.runs.back().sweep.rows) * static_cast<double>(job.runs.back().shots);
  }
  if (executions > static_cast<double>(most_executions))
    refuse("the job has " + std::to_string(static_cast<std::int64_t>(executions)) + " executions, at most " +
           std::to_string(most_executions) + " are allowed");
}

void check_tags(const SortedJsonField& tags) {
  constexpr std::size_t most_tags = 8, longest = 86;
  if (tags.list().size() > most_tags) tags.wrong("at most 8 tags");
  for (const SortedJsonField& tag : tags.list())
    if (tag.text().size() > longest) tag.wrong("at most 86 characters");
}

}  // namespace

std::vector<ClassicalRegister> classical_registers(std::string_view qasm) {
  static const std::regex comment(R"(//[^\n]*)");
  static const std::regex declaration(
      R"(\bbit\s*(?:\[\s*(\d{1,6})\s*\])?\s*([A-Za-z_]\w*)|\bcreg\s+([A-Za-z_]\w*)\s*(?:\[\s*(\d{1,6})\s*\])?)");
  const std::string text = std::regex_replace(std::string(qasm), comment, "");
  std::vector<ClassicalRegister> registers;
  for (std::sregex_iterator at(text.begin(), text.end(), declaration), end; at != end; ++at) {
    const std::smatch& match = *at;
    const bool modern = match[2].matched;
    const std::string size = match[modern ? 1 : 4];
    registers.push_back({match[modern ? 2 : 3], size.empty() ? 1 : std::stoi(size)});
  }
  return registers;
}

std::shared_ptr<EmulatedJob> read_ibm_job(const Json& body, const EmulatorOptions& options) {
  const SortedJsonField root = request_fields(body);
  only(root, {"program_id", "backend", "params", "tags", "log_level", "cost", "session_id", "calibration_id",
              "private", "runtime"});
  const std::string& program = root.at("program_id").text();
  if (program != "sampler")
    throw WireRefusal{
        program == "estimator" || program == "executor" || program == "noise-learner" ? 400 : 404,
        invalid_input,
        "program " + program + ": this emulator runs the sampler only",
        {}};
  if (root.at("backend").text() != options.target.name)
    throw WireRefusal{404, 1216, "Backend " + root.at("backend").text() + " does not exist", {}};
  if (const auto tags = root.find("tags")) check_tags(*tags);
  if (const auto cost = root.find("cost")) cost->integer(1, 10800);
  if (const auto hidden = root.find("private")) hidden->boolean();
  auto job = std::make_shared<EmulatedJob>();
  job->service = "ibm";
  job->request = body;
  if (const auto tags = root.find("tags"))
    for (const SortedJsonField& tag : tags->list()) job->tag += (job->tag.empty() ? "" : ",") + tag.text();
  read_params(root.at("params"), options, *job);
  return job;
}

}  // namespace qmtl
