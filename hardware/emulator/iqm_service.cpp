// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/iqm_service.h"

#include <algorithm>
#include <cmath>

#include "hardware/emulator/device_properties.h"
#include "hardware/emulator/iqm_request.h"
#include "hardware/emulator/routes.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

constexpr std::array<EmulatorRoute<IqmService>, 13> iqm_routes{{
    {"GET", "/about", false, &IqmService::about},
    {"GET", "/quantum-computers", false, &IqmService::computers},
    {"GET", "/quantum-computers/{}/health", false, &IqmService::health},
    {"GET", "/quantum-computers/{}/artifacts/static-quantum-architectures", false, &IqmService::chip},
    {"GET", "/calibration-sets/{}/{}/dynamic-quantum-architecture", false, &IqmService::calibrated},
    {"GET", "/calibration-sets/{}/{}/metrics", false, &IqmService::metrics},
    {"POST", "/jobs/{}/circuit", false, &IqmService::create_job},
    {"GET", "/jobs/{}", false, &IqmService::get_job},
    {"DELETE", "/jobs/{}", false, &IqmService::delete_job},
    {"GET", "/jobs/{}/payload", false, &IqmService::payload},
    {"GET", "/jobs/{}/artifacts/measurement_counts", false, &IqmService::counts},
    {"GET", "/jobs/{}/artifacts/measurements", false, &IqmService::measurements},
    {"POST", "/jobs/{}/cancel", false, &IqmService::cancel},
}};

std::string_view iqm_name(JobState state) {
  constexpr std::array<std::string_view, 5> names{"waiting", "processing", "completed", "failed",
                                                  "cancelled"};
  return names[static_cast<std::size_t>(state)];
}

std::string calibration_id() { return uuid_of("calibration set"); }

/// {implementations, default_implementation} of a gate that is calibrated at these places.
Json gate_at(const char* implementation, Json loci) {
  return {{"implementations", {{implementation, {{"loci", std::move(loci)}}}}},
          {"default_implementation", implementation},
          {"override_default_implementation", Json::object()}};
}

/// Bits as the service writes them: the first one measured is the first character.
std::string first_to_last(const std::string& bits) { return {bits.rbegin(), bits.rend()}; }

/// What is known of the first of the gates that is told of the qubits, in one direction or the other.
std::optional<double> error_of(const DeviceProperties& known, std::initializer_list<std::string_view> gates,
                               int a, int b) {
  for (std::string_view name : gates)
    for (const GateProperties& gate : known.gates)
      if (info(gate.gate).name == name && std::minmax(gate.q0, gate.q1) == std::minmax(a, b))
        return gate.error;
  return std::nullopt;
}

Json keys_of(const EmulatedRun& run) {
  Json keys = Json::array();
  for (const QasmRegister& key : run.registers) keys.push_back(key.name);
  return keys;
}

}  // namespace

bool IqmService::wants(const std::vector<std::string>& segments, const WireRequest& request) const {
  if (segments.empty()) return false;
  constexpr std::array<std::string_view, 3> own{"about", "quantum-computers", "calibration-sets"};
  if (std::find(own.begin(), own.end(), segments[0]) != own.end()) return true;
  if (segments[0] != "jobs") return false;
  if (segments.size() > 2 &&
      (segments[2] == "circuit" || segments[2] == "artifacts" || segments[2] == "payload"))
    return true;
  return same_secret(request.header("authorization"), "Bearer " + emulation_.options().token);
}

WireReply IqmService::answer(const std::vector<std::string>& segments, EmulatorCall& call) {
  return route(*this, iqm_routes, segments, call);
}

WireReply IqmService::refuse(const WireRefusal& refusal) const {
  const char* code = refusal.status == 401   ? "unauthorized"
                     : refusal.status == 404 ? "not_found"
                     : refusal.status == 429 ? "rate_limit_exceeded"
                     : refusal.status >= 500 ? "internal_error"
                                             : "validation_error";
  return json_reply(refusal.status, {{"error_code", code},
                                     {"message", refusal.message},
                                     {"source", "iqm-server"},
                                     {"request_id", uuid_of(random_hex(32))},
                                     {"details", refusal.keys}});
}

void IqmService::authorise(const EmulatorCall& call) const {
  if (!same_secret(call.request.header("authorization"), "Bearer " + emulation_.options().token))
    throw WireRefusal{401, 0, "The bearer token is missing or not valid", {}};
}

void IqmService::check_computer(const EmulatorCall& call) const {
  const std::string& name = emulation_.options().target.name;
  if (call.holes[0] != name && call.holes[0] != uuid_of("computer " + name))
    throw WireRefusal{404, 0, "Quantum computer " + call.holes[0] + " not found", {}};
}

WireReply IqmService::about(EmulatorCall&) {
  return json_reply(200, {{"iqm-server", {{"name", "emulated"}, {"version", "1.0.0"}}}});
}

WireReply IqmService::computers(EmulatorCall&) {
  const std::string& name = emulation_.options().target.name;
  return json_reply(200, {{"quantum_computers", Json::array({{{"id", uuid_of("computer " + name)},
                                                              {"alias", name},
                                                              {"display_name", name},
                                                              {"proxy_path", Json()}}})}});
}

WireReply IqmService::health(EmulatorCall& call) {
  check_computer(call);
  return json_reply(200, {{"status", "healthy"}});
}

WireReply IqmService::chip(EmulatorCall& call) {
  check_computer(call);
  const std::vector<std::string> names = iqm_qubits(emulation_.options());
  Json pairs = Json::array();
  for (const auto& [a, b] : iqm_pairs(emulation_.options()))
    pairs.push_back({names[static_cast<std::size_t>(a)], names[static_cast<std::size_t>(b)]});
  return json_reply(200, Json::array({{{"dut_label", emulation_.options().target.name},
                                       {"qubits", names},
                                       {"computational_resonators", Json::array()},
                                       {"connectivity", pairs}}}));
}

WireReply IqmService::calibrated(EmulatorCall& call) {
  check_computer(call);
  if (call.holes[1] != "default" && call.holes[1] != calibration_id())
    throw WireRefusal{404, 0, "Calibration set " + call.holes[1] + " not found", {}};
  const std::vector<std::string> names = iqm_qubits(emulation_.options());
  Json qubits = Json::array(), pairs = Json::array();
  for (const std::string& name : names) qubits.push_back({name});
  for (const auto& [a, b] : iqm_pairs(emulation_.options()))
    pairs.push_back({names[static_cast<std::size_t>(a)], names[static_cast<std::size_t>(b)]});
  return json_reply(200, {{"calibration_set_id", calibration_id()},
                          {"qubits", names},
                          {"computational_resonators", Json::array()},
                          {"gates",
                           {{"prx", gate_at("drag_crf", qubits)},
                            {"measure", gate_at("constant", qubits)},
                            {"cz", gate_at("tgss", pairs)}}}});
}

WireReply IqmService::metrics(EmulatorCall& call) {
  check_computer(call);
  const EmulatorOptions& options = emulation_.options();
  const std::vector<std::string> names = iqm_qubits(options);
  const DeviceProperties known = emulated_properties(options);
  const std::string now = iso_time(emulation_.now());
  Json observations = Json::array();
  const auto add = [&](const std::string& field, const char* unit, std::optional<double> value) {
    if (!value) return;
    observations.push_back({{"observation_id", observations.size() + 1},
                            {"dut_field", field},
                            {"value", *value},
                            {"unit", unit},
                            {"uncertainty", 0.0},
                            {"invalid", false},
                            {"created_timestamp", now},
                            {"modified_timestamp", now}});
  };
  const auto fidelity = [](const std::optional<double>& error) {
    return error ? std::optional(1 - *error) : std::nullopt;
  };
  for (std::size_t q = 0; q < std::min(names.size(), known.qubits.size()); ++q) {
    const QubitProperties& qubit = known.qubits[q];
    add("metrics.ssro.measure.constant." + names[q] + ".fidelity", "", fidelity(qubit.readout_error));
    add("characterization.model." + names[q] + ".t1_time", "s", qubit.t1);
    add("characterization.model." + names[q] + ".t2_time", "s", qubit.t2);
  }
  for (std::size_t q = 0; q < names.size(); ++q)
    add("metrics.rb.prx.drag_crf." + names[q] + ".fidelity:par=d2", "",
        fidelity(error_of(known, {"rx", "sx", "x"}, static_cast<int>(q), -1)));
  // Where all pairs are coupled, what is told of the first is their general noise.
  const bool all = options.target.coupling.empty() && options.properties.empty();
  for (const auto& [a, b] : iqm_pairs(options))
    add("metrics.irb.cz.tgss." + names[static_cast<std::size_t>(a)] + "__" +
            names[static_cast<std::size_t>(b)] + ".fidelity:par=d2",
        "", fidelity(error_of(known, {"cz"}, all ? 0 : a, all ? 1 : b)));
  return json_reply(200, {{"calibration_set_id", calibration_id()},
                          {"observation_set_id", uuid_of("metrics")},
                          {"observation_set_type", "quality-metric-set"},
                          {"dut_label", options.target.name},
                          {"invalid", false},
                          {"observations", observations}});
}

WireReply IqmService::create_job(EmulatorCall& call) {
  check_computer(call);
  const auto job =
      unlocked(call, [&] { return read_iqm_job(parse_request(call.request.body), emulation_.options()); });
  job->id = uuid_of(random_hex(32));
  if (call.faults.has(FaultAction::fail_job)) {
    job->ended = JobState::failed;
    job->reason = "The emulated device failed";
  }
  emulation_.add(job);
  call.job = job->id;
  call.tag = job->tag;
  return json_reply(201, job_json(*job));
}

Json IqmService::job_json(const EmulatedJob& job) const {
  const JobState state = emulation_.state(job);
  Json json{{"id", job.id},
            {"type", "circuit"},
            {"status", iqm_name(state)},
            {"execution", Json()},
            {"compilation", {{"calibration_set_id", calibration_id()}}},
            {"messages", Json::array()},
            {"errors", Json::array()},
            {"queue_position", state == JobState::queued ? Json(0) : Json()},
            {"timeline",
             Json::array(
                 {{{"source", "iqm-server"}, {"status", "created"}, {"timestamp", iso_time(job.created)}}})},
            {"artifacts", Json::array()}};
  if (state == JobState::completed)
    json["artifacts"] = Json::array({{{"type", "measurement_counts"}}, {{"type", "measurements"}}});
  if (state == JobState::failed)
    json["errors"] = Json::array(
        {{{"error_code", "internal_error"}, {"message", job.reason}, {"source", "iqm-station-control"}}});
  return json;
}

std::shared_ptr<EmulatedJob> IqmService::job_of(EmulatorCall& call) const {
  const auto job = emulation_.find("iqm", call.holes[0]);
  if (!job) throw WireRefusal{404, 0, "Job " + call.holes[0] + " not found", {}};
  call.job = job->id;
  call.tag = job->tag;
  return job;
}

WireReply IqmService::get_job(EmulatorCall& call) {
  const auto job = job_of(call);
  const Json json = job_json(*job);
  ++job->polls;
  return json_reply(200, json);
}

WireReply IqmService::payload(EmulatorCall& call) { return json_reply(200, job_of(call)->request); }

std::shared_ptr<EmulatedJob> IqmService::completed_of(EmulatorCall& call) const {
  const auto job = job_of(call);
  if (emulation_.state(*job) != JobState::completed || call.faults.has(FaultAction::results_late))
    throw WireRefusal{404, 0, "Artifacts of job " + job->id + " not found", {}};
  return job;
}

WireReply IqmService::counts(EmulatorCall& call) {
  const auto job = completed_of(call);
  const auto& counts = emulation_.execute(*job, call.lock);
  Json circuits = Json::array();
  for (std::size_t r = 0; r < job->runs.size(); ++r) {
    Json histogram = Json::object();
    for (const auto& [bits, count] : distorted(counts[r][0], call.faults))
      histogram[first_to_last(bits)] = count;
    circuits.push_back({{"measurement_keys", keys_of(job->runs[r])}, {"counts", histogram}});
  }
  if (call.faults.has(FaultAction::partial_failure)) circuits.erase(circuits.size() - 1);
  return json_reply(200, circuits);
}

WireReply IqmService::measurements(EmulatorCall& call) {
  const auto job = completed_of(call);
  const auto& counts = emulation_.execute(*job, call.lock);
  Json circuits = Json::array();
  for (std::size_t r = 0; r < job->runs.size(); ++r) {
    Json keys = Json::object();
    for (const auto& [bits, count] : distorted(counts[r][0], call.faults)) {
      const std::string shot = first_to_last(bits);
      std::size_t first = 0;
      for (const QasmRegister& key : job->runs[r].registers) {
        Json row = Json::array();
        for (int bit = 0; bit < key.bits; ++bit) row.push_back(shot[first++] - '0');
        for (std::uint64_t i = 0; i < count; ++i) keys[key.name].push_back(row);
      }
    }
    circuits.push_back(std::move(keys));
  }
  return json_reply(200, circuits);
}

WireReply IqmService::cancel(EmulatorCall& call) {
  const auto job = job_of(call);
  const JobState state = emulation_.state(*job);
  if (pending(state)) {
    job->ended = JobState::cancelled;
    emulation_.save(*job);
  }
  return json_reply(200, Json::object());
}

WireReply IqmService::delete_job(EmulatorCall& call) {
  emulation_.erase(job_of(call)->id);
  return json_reply(200, Json::object());
}

}  // namespace qmtl
