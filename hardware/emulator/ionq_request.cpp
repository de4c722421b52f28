// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ionq_request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "hardware/emulator/ionq_reader.h"
#include "hardware/emulator/qasm_reader.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 6> backends{"simulator",
                                                   "qpu.aria-1",
                                                   "qpu.aria-2",
                                                   "qpu.forte-1",
                                                   "qpu.forte-enterprise-1",
                                                   "qpu.forte-enterprise-2"};
constexpr std::size_t most_circuits = 5000, most_gates = 150'000;
constexpr std::int64_t most_shots = 1'000'000;

[[noreturn]] void refuse(const std::string& message) { throw WireRefusal{400, 0, message, {}}; }

void fail(EmulatedJob& job, const std::string& code, const std::string& reason) {
  job.ended = JobState::failed;
  job.reason_code = code;
  job.reason = reason;
}

EmulatedRun whole_run(DeviceProgram program, std::int64_t shots, std::string id) {
  EmulatedRun run;
  run.id = std::move(id);
  run.registers = {{"meas", static_cast<int>(program.measured.size())}};
  run.sweep.program = std::move(program);
  run.shots = shots;
  return run;
}

/// Aria has ms, Forte zz; the simulator takes both.
IonqLimits limits_of(const std::string& backend) {
  IonqLimits limits;
  if (backend.find("aria") != std::string::npos) limits.missing = "zz";
  if (backend.find("forte") != std::string::npos) limits.missing = "ms";
  return limits;
}

void read_one(const SortedJsonField& input, std::int64_t shots, const std::string& id,
              const IonqLimits& limits, EmulatedJob& job) {
  only(input, {"qubits", "gateset", "circuit", "format"});
  if (input.at("circuit").list().size() > most_gates)
    input.wrong("at most " + std::to_string(most_gates) + " gates");
  job.runs.push_back(whole_run(read_ionq(input, 0, limits), shots, id));
}

void read_several(const SortedJsonField& input, std::int64_t shots, const std::string& id,
                  const IonqLimits& limits, EmulatedJob& job) {
  only(input, {"qubits", "gateset", "circuits", "format"});
  const auto circuits = input.at("circuits").list();
  if (circuits.empty() || circuits.size() > most_circuits)
    input.at("circuits").wrong("1 to " + std::to_string(most_circuits) + " circuits");
  const auto width = input.find("qubits");
  const int qubits = width ? static_cast<int>(width->integer(1, 1024)) : 0;
  const bool native = is_native(input);
  std::size_t gates = 0;
  for (const SortedJsonField& circuit : circuits) {
    only(circuit, {"name", "circuit", "qubits", "registers", "gateset"});
    gates += circuit.at("circuit").list().size();
    const std::string child = uuid_of(id + " child " + std::to_string(job.runs.size()));
    job.runs.push_back(whole_run(read_ionq(circuit, qubits, limits, native), shots, child));
  }
  if (gates > most_gates)
    input.at("circuits").wrong("at most " + std::to_string(most_gates) + " gates in all");
}

void read_qasm(const SortedJsonField& input, std::int64_t shots, const std::string& id, const IonqLimits&,
               EmulatedJob& job) {
  only(input, {"data", "format"});
  const std::string& text = input.at("data").text();
  try {
    ReadCircuit circuit = read_qasm3_circuit(text, "input.data");
    DeviceProgram& program = circuit.program;
    if (program.physical) throw usage_error("input.data: expected declared qubits, found $n");
    if (!program.inputs.empty()) throw usage_error("input.data: expected no inputs");
    if (program.measured.empty()) throw usage_error("input.data: expected measurements");
    job.runs.push_back(whole_run(std::move(program), shots, id));
    job.runs.back().registers = std::move(circuit.registers);
  } catch (const Error& error) {
    fail(job, "PreflightError", error.what());
  }
}

/// A number, or a text of its digits.
std::int64_t read_shots(const SortedJsonField& field) {
  if (!field.is_text()) return field.integer(1, most_shots);
  const std::string& text = field.text();
  std::int64_t shots = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), shots);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || shots < 1 || shots > most_shots)
    field.wrong("a whole number from 1 to " + std::to_string(most_shots));
  return shots;
}

struct InputKind {
  std::string_view type;
  void (*read)(const SortedJsonField& input, std::int64_t shots, const std::string& id,
               const IonqLimits& limits, EmulatedJob& job);
};
constexpr std::array<InputKind, 3> input_kinds{
    {{"ionq.circuit.v1", read_one}, {"ionq.multi-circuit.v1", read_several}, {"ionq.qasm3.v1", read_qasm}}};

void check_settings(const SortedJsonField& root, std::int64_t shots) {
  const auto settings = root.find("settings");
  if (!settings) return;
  only(*settings, {"error_mitigation", "compilation"});
  if (const auto mitigation = settings->find("error_mitigation")) {
    only(*mitigation, {"debiasing", "symmetry_verification"});
    const auto debiasing = mitigation->find("debiasing");
    if (debiasing && debiasing->json() == true && shots < 500)
      refuse("settings.error_mitigation.debiasing: expected at least 500 shots, found " +
             std::to_string(shots));
  }
}

void check_texts(const SortedJsonField& metadata) {
  if (!metadata.is_object()) metadata.wrong("an object of texts");
  for (const auto& [key, value] : metadata.members()) value.text();
}

}  // namespace

std::span<const std::string_view> ionq_backends() { return backends; }

void check_ionq_backend(const std::string& backend) {
  if (std::find(backends.begin(), backends.end(), backend) == backends.end())
    throw WireRefusal{404, 0, "Backend " + backend + " not found", {}};
}

std::shared_ptr<EmulatedJob> read_ionq_job(const Json& body, const std::string& id,
                                           const EmulatorOptions& options) {
  const SortedJsonField root = request_fields(body);
  // Cirq's client still sends what v0.3 asked for: the language, and shots as a text.
  only(root, {"type", "backend", "name", "shots", "metadata", "session_id", "dry_run", "settings", "noise",
              "input", "lang"});
  if (const auto language = root.find("lang"); language && language->text() != "json")
    language->wrong("json");
  const std::string& backend = root.at("backend").text();
  if (std::find(backends.begin(), backends.end(), backend) == backends.end())
    root.at("backend").wrong("a backend such as simulator or qpu.forte-1");
  const auto given = root.find("shots");
  const std::int64_t shots = given ? read_shots(*given) : 100;
  if (const auto field = root.find("metadata")) check_texts(*field);
  if (const auto field = root.find("dry_run")) field->boolean();
  check_settings(root, shots);
  auto job = std::make_shared<EmulatedJob>();
  job->service = "ionq";
  job->request = body;
  job->id = id;
  if (const auto field = root.find("name")) job->tag = field->text();
  job->ideal = backend == "simulator";
  if (const auto noise = root.find("noise")) {
    only(*noise, {"model", "seed"});
    if (const auto model = noise->find("model")) job->ideal = job->ideal && model->text() == "ideal";
  }
  const std::string& type = root.at("type").text();
  const InputKind* kind = nullptr;
  for (const InputKind& row : input_kinds)
    if (row.type == type) kind = &row;
  if (!kind) root.at("type").wrong("ionq.circuit.v1, ionq.multi-circuit.v1 or ionq.qasm3.v1");
  kind->read(root.at("input"), shots, id, limits_of(backend), *job);
  for (const EmulatedRun& run : job->runs)
    if (run.sweep.program.qubits > options.target.qubits)
      fail(*job, "NotEnoughQubits",
           "the circuit has " + std::to_string(run.sweep.program.qubits) + " qubits, the system " +
               std::to_string(options.target.qubits));
  return job;
}

}  // namespace qmtl
