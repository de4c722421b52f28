// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ibm_circuit.h"

#include <functional>
#include <numeric>

#include "hardware/emulator/qpy/reader.h"
#include "hardware/http/text_codes.h"
#include "hardware/isa.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

EmulatedRun checked(ReadCircuit circuit, const SortedJsonField& field, const EmulatorOptions& options,
                    bool must_measure) {
  EmulatedRun run;
  run.sweep.program = std::move(circuit.program);
  run.registers = std::move(circuit.registers);
  run.readings = std::move(circuit.readings);
  const DeviceProgram& program = run.sweep.program;
  if (must_measure && program.measured.empty())
    field.wrong("a circuit that measures into every bit it declares, and at least one", "no measurement");
  if (const std::string problem = isa_problem(program, options.target); !problem.empty())
    refuse_ibm(problem +
                   ". Transpile your circuits for the target before submitting a primitive query. For more "
                   "information, see https://docs.quantum.ibm.com/guides/transpile",
               ibm_not_supported);
  return run;
}

}  // namespace

void refuse_ibm(const std::string& message, int code) { throw WireRefusal{400, code, message, {}}; }

std::size_t elements_of(const std::vector<std::size_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

namespace {

std::vector<ReadCircuit> unpack_qpy(const SortedJsonField& packed, const EmulatorOptions& options) {
  const auto bytes = base64_decoded(packed.text());
  if (!bytes) packed.wrong("QPY in base64", "other characters or a text that was cut");
  const auto qpy = zlib_decoded(*bytes, options.most_bytes);
  if (!qpy) packed.wrong("a zlib stream of QPY", "a damaged or longer one");
  try {
    return read_qpy(*qpy);
  } catch (const Error& error) {
    refuse_ibm(packed.place() + ": " + error.what());
  }
}

}  // namespace

std::vector<EmulatedRun> read_ibm_qpy(const SortedJsonField& packed, const EmulatorOptions& options) {
  std::vector<EmulatedRun> runs;
  for (ReadCircuit& circuit : unpack_qpy(packed, options))
    runs.push_back(checked(std::move(circuit), packed, options, true));
  return runs;
}

EmulatedRun read_ibm_circuit(const SortedJsonField& field, const EmulatorOptions& options,
                             bool must_measure) {
  if (field.is_object()) {
    only(field, {"__type__", "__value__"});
    if (field.at("__type__").text() != "QuantumCircuit") field.at("__type__").wrong("QuantumCircuit");
    std::vector<ReadCircuit> circuits = unpack_qpy(field.at("__value__"), options);
    if (circuits.size() != 1) field.wrong("QPY of one circuit", std::to_string(circuits.size()));
    return checked(std::move(circuits[0]), field, options, must_measure);
  }
  const std::string& text = field.text();
  ReadCircuit circuit;
  try {
    circuit = read_qasm3_circuit(text, "");
  } catch (const Error& error) {
    refuse_ibm(field.place() + error.what());
  }
  return checked(std::move(circuit), field, options, must_measure);
}

Counts register_counts(const EmulatedRun& run, const Counts& counts) {
  if (run.readings.empty()) return counts;
  Counts shown;
  for (const auto& [text, count] : counts) {
    std::string bits;
    for (std::size_t bit = run.readings.size(); bit-- > 0;)
      bits +=
          run.readings[bit] < 0 ? '0' : text[text.size() - 1 - static_cast<std::size_t>(run.readings[bit])];
    shown[bits] += count;
  }
  return shown;
}

void check_ibm_values(const EmulatedRun& run, const SortedJsonField& field, const EmulatorOptions& options) {
  // Without gates of its own the emulated device is an ideal one.
  if (options.target.basis.empty()) return;
  if (const std::string problem = pair_angle_problem(run.sweep); !problem.empty())
    refuse_ibm(field.place() + problem, ibm_not_supported);
}

void check_ibm_executions(const EmulatedJob& job) {
  double executions = 0;
  for (const EmulatedRun& run : job.runs)
    executions += static_cast<double>(run.sweep.rows) * static_cast<double>(run.shots);
  if (executions > static_cast<double>(most_ibm_executions))
    refuse_ibm("the job has " + std::to_string(static_cast<std::int64_t>(executions)) +
               " executions, at most " + std::to_string(most_ibm_executions) + " are allowed");
}

}  // namespace qmtl
