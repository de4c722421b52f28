// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ionq_service.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "hardware/emulator/ionq_request.h"
#include "hardware/emulator/ionq_states.h"
#include "hardware/emulator/routes.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

constexpr std::array<EmulatorRoute<IonqService>, 26> ionq_routes{{
    {"POST", "/jobs", false, &IonqService::create_job},
    {"GET", "/jobs", false, &IonqService::list_jobs},
    {"GET", "/jobs/estimate", false, &IonqService::estimate},
    {"PUT", "/jobs/status/cancel", false, &IonqService::cancel_several},
    {"GET", "/jobs/{}", false, &IonqService::get_job},
    {"DELETE", "/jobs/{}", false, &IonqService::delete_job},
    {"PUT", "/jobs/{}/status/cancel", false, &IonqService::cancel},
    {"GET", "/jobs/{}/results/probabilities", false, &IonqService::probabilities},
    {"GET", "/jobs/{}/results/probabilities/aggregated", false, &IonqService::probabilities},
    {"GET", "/jobs/{}/results/histogram", false, &IonqService::histogram},
    {"GET", "/jobs/{}/results/shots", false, &IonqService::shots},
    {"GET", "/jobs/{}/artifacts/{}", false, &IonqService::artifact},
    {"GET", "/jobs/{}/cost", false, &IonqService::cost},
    {"GET", "/backends", true, &IonqService::backends},
    {"GET", "/backends/{}", true, &IonqService::backend},
    {"GET", "/backends/{}/characterizations", false, &IonqService::characterizations},
    {"GET", "/backends/{}/characterizations/{}", false, &IonqService::characterizations},
    {"GET", "/calibrations", false, &IonqService::calibrations},
    {"GET", "/calibrations/current", false, &IonqService::calibrations},
    {"GET", "/whoami", false, &IonqService::whoami},
    {"POST", "/sessions", false, &IonqService::create_session},
    {"GET", "/sessions", false, &IonqService::list_sessions},
    {"GET", "/sessions/{}", false, &IonqService::get_session},
    {"GET", "/sessions/{}/jobs", false, &IonqService::list_jobs},
    {"POST", "/sessions/{}/end", false, &IonqService::end_session},
    {"PUT", "/sessions/{}/end", false, &IonqService::end_session},
}};

/// Result forms that are fetched by an artifact's id; the part before the colon of an id is the form.
constexpr std::array<std::string_view, 4> artifact_forms{
    "ionq.result.probabilities.json.v1", "ionq.result.histogram.json.v1", "ionq.result.shots.json.v1",
    "ionq.result.shots.json.v2"};

std::string_view ionq_name(JobState state) {
  constexpr std::array<std::string_view, 5> names{"ready", "started", "completed", "failed", "canceled"};
  return names[static_cast<std::size_t>(state)];
}

bool several(const EmulatedJob& job) {
  return job.request.value("type", std::string()) == "ionq.multi-circuit.v1";
}

std::string backend_of(const EmulatedJob& job) { return job.request.value("backend", std::string()); }

/// Gates on one and on two qubits of all circuits.
std::pair<std::int64_t, std::int64_t> gate_counts(const EmulatedJob& job) {
  std::int64_t one = 0, two = 0;
  for (const EmulatedRun& run : job.runs)
    for (const DeviceOp& op : run.sweep.program.ops) ++(op.q1 < 0 ? one : two);
  return {one, two};
}

/// US dollars; a device asks for each gate of each shot, at least one dollar, the simulator nothing.
constexpr double price_one = 0.00003, price_two = 0.0003, least_price = 1.0;
double price(const std::string& backend, double shots, double one, double two) {
  return backend == "simulator" ? 0.0 : std::max(least_price, shots * (price_one * one + price_two * two));
}

double price(const EmulatedJob& job) {
  const auto [one, two] = gate_counts(job);
  const double shots = job.runs.empty() ? 0.0 : static_cast<double>(job.runs[0].shots);
  return price(backend_of(job), shots, static_cast<double>(one), static_cast<double>(two));
}

double query_number(const WireRequest& request, const std::string& key, double otherwise) {
  const std::string text = request.query_or(key, "");
  if (text.empty()) return otherwise;
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || !(value >= 0 && value <= 1e9))
    throw WireRefusal{400, 0, key + ": expected a number from 0 to 1e9", {key}};
  return value;
}

}  // namespace

WireReply IonqService::answer(const std::vector<std::string>& segments, EmulatorCall& call) {
  return route(*this, ionq_routes, segments, call);
}

WireReply IonqService::refuse(const WireRefusal& refusal) const {
  const std::map<int, const char*> names{{400, "Bad Request"},        {401, "Unauthorized"},
                                         {403, "Forbidden"},          {404, "Not Found"},
                                         {405, "Method Not Allowed"}, {413, "Request Entity Too Large"},
                                         {429, "Too Many Requests"},  {500, "Internal Server Error"}};
  const auto name = names.find(refusal.status);
  Json body{{"statusCode", refusal.status},
            {"error", name == names.end() ? "Error" : name->second},
            {"message", refusal.message}};
  if (!refusal.keys.empty()) body["validation"] = {{"source", "payload"}, {"keys", refusal.keys}};
  return json_reply(refusal.status, body);
}

void IonqService::authorise(const EmulatorCall& call) const {
  const std::string header = call.request.header("authorization");
  constexpr std::string_view scheme = "apiKey ";
  if (!header.starts_with(scheme)) throw WireRefusal{401, 0, "Missing API key", {}};
  if (!same_secret(header.substr(scheme.size()), emulation_.options().token))
    throw WireRefusal{403, 0, "Invalid API key", {}};
}

std::optional<IonqService::Found> IonqService::find(const std::string& id) const {
  for (const auto& job : emulation_.list("ionq")) {
    if (job->id == id) return Found{job, -1};
    if (!several(*job)) continue;
    for (std::size_t r = 0; r < job->runs.size(); ++r)
      if (job->runs[r].id == id) return Found{job, static_cast<int>(r)};
  }
  return std::nullopt;
}

IonqService::Found IonqService::found_of(EmulatorCall& call) const {
  const auto found = find(call.holes[0]);
  if (!found) throw WireRefusal{404, 0, "Job " + call.holes[0] + " not found", {}};
  call.job = call.holes[0];
  call.tag = found->job->tag;
  return *found;
}

JobState IonqService::state(const Found& found) const {
  const bool last = found.run + 1 == static_cast<int>(found.job->runs.size());
  const JobState whole = emulation_.state(*found.job);
  return found.job->partial && last && found.run >= 0 && whole == JobState::completed ? JobState::failed
                                                                                      : whole;
}

void IonqService::check_session(const std::string& id, double more) const {
  const auto found = emulation_.sessions.find(id);
  if (found == emulation_.sessions.end()) throw WireRefusal{404, 0, "Session " + id + " not found", {}};
  const Json& session = found->second;
  if (!session.value("active", false)) throw WireRefusal{400, 0, "Session " + id + " has ended", {}};
  if (!session["settings"].contains("cost_limit")) return;
  double spent = more;
  for (const auto& job : emulation_.list("ionq"))
    if (job->request.value("session_id", Json()) == id) spent += price(*job);
  if (spent > session["settings"]["cost_limit"].value("value", 0.0))
    throw WireRefusal{400, 0, "Session " + id + " has reached its cost limit", {}};
}

WireReply IonqService::create_job(EmulatorCall& call) {
  constexpr std::size_t most_bytes = 10'000'000;
  if (call.request.body.size() > most_bytes) throw WireRefusal{413, 0, "The body is larger than 10 MB", {}};
  const auto job = unlocked(call, [&] {
    return read_ionq_job(parse_request(call.request.body), uuid_of(random_hex(32)), emulation_.options());
  });
  const Json& body = job->request;
  if (const auto session = request_fields(body).find("session_id")) {
    check_session(session->text(), price(*job));
    call.more["session"] = session->text();
  }
  if (call.faults.has(FaultAction::fail_job)) {
    job->ended = JobState::failed;
    job->reason_code = "QuantumComputerError";
    job->reason = "The emulated device failed";
  }
  job->partial = call.faults.has(FaultAction::partial_failure);
  set_charges(*job, call.faults);
  emulation_.add(job);
  call.job = job->id;
  call.tag = job->tag;
  return json_reply(
      201, {{"id", job->id}, {"status", "submitted"}, {"session_id", body.value("session_id", Json())}});
}

Json IonqService::results_json(const Found& found, const std::string& id) const {
  if (state(found) != JobState::completed || found.job->request.value("dry_run", false)) return Json();
  Json results = Json::object();
  const IonqResultForm form = emulation_.options().ionq_results;
  if (form != IonqResultForm::artifacts)
    for (const char* name : {"probabilities", "histogram", "shots"})
      results[name] = {{"url", "/v0.4/jobs/" + id + "/results/" + name}};
  // OpenQASM jobs have registers, which only artifacts tell.
  if (form != IonqResultForm::urls || found.job->request.value("type", Json()) == "ionq.qasm3.v1")
    for (std::string_view name : artifact_forms)
      results[std::string(name)] = {{"id", uuid_of(id + " " + std::string(name))},
                                    {"format", name},
                                    {"media_type", "application/json"}};
  return results;
}

Json IonqService::job_json(const Found& found) const {
  const EmulatedJob& job = *found.job;
  const JobState now = state(found);
  const bool child = found.run >= 0, done = now == JobState::completed;
  const std::string id = child ? job.runs[static_cast<std::size_t>(found.run)].id : job.id;
  const Json& request = job.request;
  int qubits = 0;
  for (const EmulatedRun& run : job.runs) qubits = std::max(qubits, run.sweep.program.qubits);
  const auto [one, two] = gate_counts(job);
  const auto duration = static_cast<std::int64_t>(std::ceil(1000 * device_seconds(job)));
  Json json{{"id", id},
            {"status", ionq_name(now)},
            {"type", child ? "ionq.circuit.v1" : request.value("type", Json())},
            {"backend", backend_of(job)},
            {"dry_run", request.value("dry_run", false)},
            {"submitter_id", uuid_of("submitter")},
            {"project_id", uuid_of("project")},
            {"parent_job_id", child ? Json(job.id) : Json()},
            {"child_job_ids", Json()},
            {"session_id", request.value("session_id", Json())},
            {"metadata", request.value("metadata", Json())},
            {"name", request.value("name", Json())},
            {"submitted_at", iso_time(job.created)},
            {"started_at", now == JobState::queued ? Json() : Json(iso_time(job.created))},
            {"completed_at", !pending(now) ? Json(iso_time(job.created + device_seconds(job))) : Json()},
            {"predicted_wait_time_ms", 0},
            {"predicted_execution_duration_ms", duration},
            {"execution_duration_ms", done ? Json(duration) : Json()},
            {"failure", Json()},
            {"output", Json::object()},
            {"shots", job.runs.empty() ? Json() : Json(job.runs[0].shots)},
            {"settings", request.value("settings", Json::object())},
            {"cost_model", "2QGE_operations"},
            {"stats",
             {{"qubits", qubits},
              {"circuits", child ? 1 : job.runs.size()},
              {"gate_counts", {{"1q", one}, {"2q", two}}}}},
            {"results", results_json(found, id)}};
  if (request.contains("noise")) json["noise"] = request["noise"];
  if (!child && several(job)) {
    json["child_job_ids"] = Json::array();
    for (const EmulatedRun& run : job.runs) json["child_job_ids"].push_back(run.id);
  }
  if (child)
    json["name"] = request["input"]["circuits"][static_cast<std::size_t>(found.run)].value("name", Json());
  if (now == JobState::failed) {
    const std::string code = job.reason_code.empty() ? "QuantumComputerError" : job.reason_code;
    const std::string reason = job.reason.empty() ? "The emulated device failed" : job.reason;
    // The description says message, the official client reads error.
    json["failure"] = {{"code", code}, {"message", reason}, {"error", reason}};
  }
  return json;
}

WireReply IonqService::get_job(EmulatorCall& call) {
  const Found found = found_of(call);
  const Json json = job_json(found);
  if (found.run < 0) ++found.job->polls;
  return json_reply(200, json);
}

WireReply IonqService::list_jobs(EmulatorCall& call) {
  const WireRequest& request = call.request;
  const auto limit = static_cast<std::size_t>(query_number(request, "limit", 100));
  if (limit < 1 || limit > 100) throw WireRefusal{400, 0, "limit: expected 1 to 100", {"limit"}};
  auto jobs = emulation_.list("ionq");
  std::reverse(jobs.begin(), jobs.end());
  const std::string wanted = request.query_or("status", ""), next = request.query_or("next", "");
  auto at = jobs.begin();
  if (!next.empty()) {
    at = std::find_if(jobs.begin(), jobs.end(), [&](const auto& job) { return job->id == next; });
    if (at == jobs.end()) throw WireRefusal{400, 0, "next: no such place", {"next"}};
  }
  const std::string session = call.holes.empty() ? request.query_or("session_id", "") : call.holes[0];
  const auto fits = [&](const Found& found) {
    return (wanted.empty() || ionq_name(state(found)) == wanted) &&
           (session.empty() || found.job->request.value("session_id", Json()) == session);
  };
  Json listed = Json::array();
  for (; at != jobs.end() && listed.size() < limit; ++at)
    if (const Found found{*at, -1}; fits(found)) listed.push_back(job_json(found));
  Json page{{"jobs", listed}, {"next", at == jobs.end() ? Json() : Json((*at)->id)}};
  // Cirq's client asks with a body, as v0.3 was asked, and takes any `next` for a further page.
  if (at == jobs.end() && !request.body.empty()) page.erase("next");
  return json_reply(200, page);
}

WireReply IonqService::delete_job(EmulatorCall& call) {
  const Found found = found_of(call);
  emulation_.erase(found.job->id);
  return json_reply(200, {{"id", found.job->id}, {"status", "deleted"}});
}

WireReply IonqService::cancel(EmulatorCall& call) {
  const Found found = found_of(call);
  if (pending(state(found))) {
    found.job->ended = JobState::cancelled;
    emulation_.save(*found.job);
  }
  return json_reply(200, {{"id", call.holes[0]}, {"status", ionq_name(state(found))}});
}

WireReply IonqService::cancel_several(EmulatorCall& call) {
  const Json body = parse_request(call.request.body);
  const SortedJsonField root = request_fields(body);
  only(root, {"ids"});
  Json ids = Json::array();
  for (const SortedJsonField& id : root.at("ids").list()) {
    call.holes = {id.text()};
    cancel(call);
    ids.push_back(id.text());
  }
  return json_reply(200, {{"ids", ids}, {"status", "canceled"}});
}

Json IonqService::run_results(const std::string& form, EmulatedJob& job, std::size_t r, EmulatorCall& call) {
  const EmulatedRun& run = job.runs[r];
  const bool probabilities = form.find("probabilities") != std::string::npos;
  if (probabilities && job.ideal)
    if (const auto exact = emulation_.exact(run))
      return ionq_probabilities(*exact, run.sweep.program.measured.size(),
                                call.faults.has(FaultAction::reverse_bits));
  const Counts counts = distorted(emulation_.execute(job, call.lock)[r][0], call.faults);
  if (probabilities) return ionq_frequencies(counts);
  if (form.ends_with("shots.json.v1")) return ionq_shots(counts);
  if (form.ends_with("shots.json.v2"))
    return ionq_shot_registers(run, counts, call.faults.has(FaultAction::leakage));
  return ionq_histogram(counts);
}

WireReply IonqService::results(const std::string& form, EmulatorCall& call) {
  const Found found = found_of(call);
  if (state(found) != JobState::completed || call.faults.has(FaultAction::results_late) ||
      found.job->request.value("dry_run", false))
    throw WireRefusal{404, 0, "Results of job " + call.holes[0] + " not found", {}};
  if (found.run >= 0)
    return json_reply(200, run_results(form, *found.job, static_cast<std::size_t>(found.run), call));
  if (!several(*found.job)) return json_reply(200, run_results(form, *found.job, 0, call));
  // In the order of the circuits: the vendor's client takes them by position.
  nlohmann::ordered_json children = nlohmann::ordered_json::object();
  const std::size_t failed = found.job->partial || call.faults.has(FaultAction::partial_failure) ? 1 : 0;
  for (std::size_t r = 0; r + failed < found.job->runs.size(); ++r)
    children[found.job->runs[r].id] = run_results(form, *found.job, r, call);
  return json_reply(200, children);
}

WireReply IonqService::probabilities(EmulatorCall& call) {
  return results("ionq.result.probabilities.json.v1", call);
}
WireReply IonqService::histogram(EmulatorCall& call) {
  return results("ionq.result.histogram.json.v1", call);
}
WireReply IonqService::shots(EmulatorCall& call) { return results("ionq.result.shots.json.v1", call); }

WireReply IonqService::artifact(EmulatorCall& call) {
  for (std::string_view form : artifact_forms)
    if (uuid_of(call.holes[0] + " " + std::string(form)) == call.holes[1])
      return results(std::string(form), call);
  throw WireRefusal{404, 0, "Artifact " + call.holes[1] + " not found", {}};
}

WireReply IonqService::cost(EmulatorCall& call) {
  const Found found = found_of(call);
  const JobState now = state(found);
  const double usual = price(*found.job);
  // What failed or was cancelled costs nothing.
  std::optional<double> charge;
  if (!pending(now)) charge = charge_of(*found.job, now == JobState::completed ? usual : 0.0);
  return json_reply(200, {{"dry_run", found.job->request.value("dry_run", false)},
                          {"estimated_cost", {{"value", usual}, {"unit", "usd"}}},
                          {"cost", charge ? Json{{"value", *charge}, {"unit", "usd"}} : Json()}});
}

WireReply IonqService::estimate(EmulatorCall& call) {
  const WireRequest& request = call.request;
  const std::string backend = request.query_or("backend", "");
  check_ionq_backend(backend);
  const double shots = query_number(request, "shots", 1000), one = query_number(request, "1q_gates", 0),
               two = query_number(request, "2q_gates", 0), qubits = query_number(request, "qubits", 1);
  const bool mitigated = request.query_or("error_mitigation", "false") == "true";
  const Json context{{"backend", backend},
                     {"type", request.query_or("type", "ionq.circuit.v1")},
                     {"organization", uuid_of("organization")},
                     {"project", uuid_of("project")},
                     {"qubits", qubits},
                     {"shots", shots},
                     {"1q_gates", one},
                     {"2q_gates", two},
                     {"error_mitigation", mitigated}};
  const Json rate{{"sku", backend},
                  {"unit", "gates"},
                  {"cost_1q_gate", price_one},
                  {"cost_2q_gate", price_two},
                  {"job_cost_minimum", least_price}};
  return json_reply(
      200, {{"estimate_context", context},
            {"input_values", context},  // as it was called before
            {"estimated_at", iso_time(emulation_.now())},
            {"estimated_total_cost", price(backend, shots, one, two)},
            {"estimated_unit", "usd"},
            {"cost_unit", "usd"},
            {"estimated_execution_time", shots * (one * 1e-4 + two * 1e-3)},
            {"current_predicted_queue_time", 0},
            {"rate_card", {{"id", uuid_of("rates")}, {"rates", Json::array({rate})}}},
            {"rate_information",
             {{"organization", "emulated"}, {"cost_1q_gate", price_one}, {"cost_2q_gate", price_two}}}});
}

}  // namespace qmtl
