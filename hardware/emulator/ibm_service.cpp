// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ibm_service.h"

#include <algorithm>
#include <charconv>

#include "hardware/emulator/ibm_backend.h"
#include "hardware/emulator/ibm_circuit.h"
#include "hardware/emulator/ibm_estimator.h"
#include "hardware/emulator/ibm_executor.h"
#include "hardware/emulator/ibm_request.h"
#include "hardware/emulator/ibm_results.h"
#include "hardware/emulator/routes.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

constexpr std::array<EmulatorRoute<IbmService>, 20> ibm_routes{{
    {"GET", "/versions", true, &IbmService::versions},
    {"GET", "/backends", false, &IbmService::backends},
    {"GET", "/backends/{}/configuration", false, &IbmService::configuration},
    {"GET", "/backends/{}/properties", false, &IbmService::properties},
    {"GET", "/backends/{}/status", false, &IbmService::status},
    {"GET", "/instances/usage", false, &IbmService::usage},
    {"POST", "/jobs", false, &IbmService::create_job},
    {"GET", "/jobs", false, &IbmService::list_jobs},
    {"GET", "/jobs/{}", false, &IbmService::get_job},
    {"DELETE", "/jobs/{}", false, &IbmService::delete_job},
    {"GET", "/jobs/{}/results", false, &IbmService::results},
    {"GET", "/jobs/{}/logs", false, &IbmService::logs},
    {"GET", "/jobs/{}/metrics", false, &IbmService::metrics},
    {"POST", "/jobs/{}/cancel", false, &IbmService::cancel},
    {"PUT", "/jobs/{}/tags", false, &IbmService::set_tags},
    {"POST", "/sessions", false, &IbmService::create_session},
    {"GET", "/sessions/{}", false, &IbmService::get_session},
    {"PATCH", "/sessions/{}", false, &IbmService::patch_session},
    {"DELETE", "/sessions/{}/close", false, &IbmService::close_session},
    {"DELETE", "/sessions/{}", false, &IbmService::close_session},
}};

/// Names of the states in jobs, as the service writes them.
std::string_view ibm_name(JobState state) {
  constexpr std::array<std::string_view, 5> names{"Queued", "Running", "Completed", "Failed", "Cancelled"};
  return names[static_cast<std::size_t>(state)];
}

int whole_query(const WireRequest& request, const std::string& key, int otherwise, int most) {
  const std::string text = request.query_or(key, std::to_string(otherwise));
  int value = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || value < 0 || value > most)
    throw WireRefusal{400, 1337, key + ": expected a number from 0 to " + std::to_string(most), {}};
  return value;
}

/// Whether the text has the form 2026-01-31.
bool is_date(const std::string& text) {
  constexpr std::string_view form = "0000-00-00";
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i)
    if (form[i] == '-' ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  return true;
}

std::vector<std::string> tags_of(const EmulatedJob& job) {
  std::vector<std::string> tags;
  if (job.request.contains("tags") && job.request["tags"].is_array())
    for (const Json& tag : job.request["tags"]) tags.push_back(tag.get<std::string>());
  return tags;
}

}  // namespace

WireReply IbmService::refuse(const WireRefusal& refusal) const {
  const int code = refusal.code != 0 ? refusal.code : refusal.status == 401 ? 1200 : 1337;
  return json_reply(
      refusal.status,
      {{"trace", random_hex(32)},
       {"errors", Json::array({{{"code", code},
                                {"message", refusal.message},
                                {"solution", "Check the request."},
                                {"more_info", "https://quantum.cloud.ibm.com/docs/errors"}}})}});
}

WireReply IbmService::answer(const std::vector<std::string>& segments, EmulatorCall& call) {
  return route(*this, ibm_routes, segments, call);
}

void IbmService::authorise(const EmulatorCall& call) const {
  const std::string header = call.request.header("authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (!header.starts_with(scheme) ||
      !emulation_.tokens().valid(header.substr(scheme.size()), emulation_.now()))
    throw WireRefusal{401, 1200, "The access token is missing, not valid or has expired", {}};
  if (!call.request.header("service-crn").starts_with("crn:v1:"))
    throw WireRefusal{400, 1337, "Service-CRN: expected the header with the instance's CRN", {}};
  const std::string version = call.request.header("ibm-api-version");
  if (!version.empty() && !is_date(version))
    throw WireRefusal{400, 1337, "IBM-API-Version: expected a date", {}};
}

void IbmService::check_backend(const EmulatorCall& call) const {
  if (call.holes[0] != emulation_.options().target.name)
    throw WireRefusal{404, 1216, "Backend " + call.holes[0] + " does not exist", {}};
}

std::shared_ptr<EmulatedJob> IbmService::job_of(EmulatorCall& call) const {
  const auto job = emulation_.find("ibm", call.holes[0]);
  if (!job) throw WireRefusal{404, 1291, "Job not found. Job ID: " + call.holes[0], {}};
  call.job = job->id;
  call.tag = job->tag;
  return job;
}

WireReply IbmService::versions(EmulatorCall&) {
  return json_reply(200,
                    {{"versions", {"2025-01-01", "2025-05-01", "2026-02-15", "2026-03-15", "2026-04-15"}}});
}

WireReply IbmService::backends(EmulatorCall&) {
  std::int64_t queue = 0;
  for (const auto& job : emulation_.list("ibm")) queue += pending(emulation_.state(*job));
  const DeviceTarget& target = emulation_.options().target;
  return json_reply(
      200, {{"devices", Json::array({{{"name", target.name},
                                      {"status", {{"name", "online"}, {"reason", "available"}}},
                                      {"is_simulator", false},
                                      {"qubits", target.qubits},
                                      {"clops", {{"value", 200000}, {"type", "hardware"}}},
                                      {"processor_type", {{"family", "Emulated"}, {"revision", "1"}}},
                                      {"queue_length", queue},
                                      {"performance_metrics", Json::object()}}})}});
}

WireReply IbmService::configuration(EmulatorCall& call) {
  check_backend(call);
  return json_reply(200, ibm_configuration(emulation_.options()));
}

WireReply IbmService::properties(EmulatorCall& call) {
  check_backend(call);
  return json_reply(200, ibm_properties(emulation_.options(), emulation_.now()));
}

WireReply IbmService::status(EmulatorCall& call) {
  check_backend(call);
  std::int64_t queue = 0;
  for (const auto& job : emulation_.list("ibm")) queue += pending(emulation_.state(*job));
  return json_reply(200, {{"state", true},
                          {"status", "active"},
                          {"message", "available"},
                          {"length_queue", queue},
                          {"backend_version", "1.0.0"}});
}

WireReply IbmService::usage(EmulatorCall&) {
  double used = 0;
  for (const auto& job : emulation_.list("ibm"))
    if (emulation_.state(*job) == JobState::completed) used += device_seconds(*job);
  return json_reply(200, {{"usage_limit_seconds", 36000},
                          {"usage_consumed_seconds", static_cast<std::int64_t>(used)},
                          {"usage_allocation_seconds", 36000},
                          {"usage_limit_reached", used >= 36000}});
}

WireReply IbmService::create_job(EmulatorCall& call) {
  const auto job =
      unlocked(call, [&] { return read_ibm_job(parse_request(call.request.body), emulation_.options()); });
  const Json& body = job->request;
  if (const auto session = request_fields(body).find("session_id")) {
    const auto found = emulation_.sessions.find(session->text());
    if (found == emulation_.sessions.end())
      throw WireRefusal{404, 1337, "Session " + session->text() + " does not exist", {}};
    refresh(found->second);
    if (!found->second["accepting_jobs"].get<bool>())
      throw WireRefusal{400, 1337, "Session " + session->text() + " accepts no jobs", {}};
    active_since_.emplace(session->text(), emulation_.now());
    call.more["session"] = session->text();
  }
  job->id = random_hex(20);
  if (call.faults.has(FaultAction::fail_job)) {
    job->ended = JobState::failed;
    job->reason = "Internal error";
    job->reason_code = "1000";
  }
  if (const auto cap = body.find("cost"); cap != body.end()) call.more["cap"] = *cap;
  set_charges(*job, call.faults);
  emulation_.add(job);
  call.job = job->id;
  call.tag = job->tag;
  Json reply{{"id", job->id}, {"backend", emulation_.options().target.name}};
  for (const char* key : {"session_id", "private", "calibration_id"})
    if (body.contains(key)) reply[key] = body[key];
  return json_reply(200, reply);
}

Json IbmService::job_json(EmulatedJob& job, bool params, bool look) const {
  const JobState state = emulation_.state(job);
  const bool done = state == JobState::completed, stopped = state == JobState::cancelled && job.too_long;
  const double usual = done ? device_seconds(job) : stopped ? job.request.value("cost", 0.0) : 0.0;
  const std::optional<double> told = look && !pending(state) ? charge_of(job, usual) : usual;
  const bool charged = !pending(state) && told.has_value();
  const double charge = charged ? *told : 0.0;
  Json states{{"status", ibm_name(state)}};
  if (state == JobState::failed) {
    states["reason"] = job.reason;
    states["reason_code"] = std::stoi("0" + job.reason_code);
    states["reason_solution"] = "Contact whoever started the emulator.";
  }
  if (stopped) {
    states["reason"] = "Job ran longer than its maximum execution time";
    states["reason_code"] = 1305;
  }
  Json json{{"id", job.id},
            {"backend", emulation_.options().target.name},
            {"status", stopped ? "Cancelled - Ran too long" : std::string(ibm_name(state))},
            {"state", states},
            {"program", {{"id", job.request["program_id"]}}},
            {"created", iso_time(job.created)},
            {"cost", job.request.value("cost", std::int64_t{10800})},
            {"tags", tags_of(job)},
            {"user_id", "emulated"},
            {"private", job.request.value("private", false)},
            {"usage",
             {{"seconds", charge},
              {"quantum_seconds", charge},
              {"qpu_charge_time_seconds", charge},
              {"status", charged ? "complete" : "pending"}}},
            {"estimated_running_time_seconds", device_seconds(job)}};
  if (job.request.contains("session_id")) json["session_id"] = job.request["session_id"];
  if (done) json["ended"] = iso_time(job.created + device_seconds(job));
  if (params) json["params"] = job.request["params"];
  return json;
}

WireReply IbmService::list_jobs(EmulatorCall& call) {
  const WireRequest& request = call.request;
  const int limit = whole_query(request, "limit", 200, 200),
            offset = whole_query(request, "offset", 0, 1'000'000'000);
  const auto [first, last] = request.query.equal_range("tags");
  for (auto tag = first; tag != last; ++tag) call.tag += (call.tag.empty() ? "" : ",") + tag->second;
  const auto listed = [&, first = first, last = last](const EmulatedJob& job) {
    const auto tags = tags_of(job);
    for (auto tag = first; tag != last; ++tag)
      if (std::find(tags.begin(), tags.end(), tag->second) == tags.end()) return false;
    const std::string wanted = request.query_or("pending", "");
    if (!wanted.empty() && pending(emulation_.state(job)) != (wanted == "true")) return false;
    const std::string created = iso_time(job.created);
    if (request.query_or("created_after", "") > created) return false;
    if (const std::string before = request.query_or("created_before", "9"); before < created) return false;
    const std::string& program = job.request["program_id"].get_ref<const std::string&>();
    return request.query_or("program", program) == program &&
           request.query_or("backend", emulation_.options().target.name) ==
               emulation_.options().target.name &&
           (request.query_or("session_id", "").empty() ||
            job.request.value("session_id", std::string()) == request.query_or("session_id", ""));
  };
  std::vector<std::shared_ptr<EmulatedJob>> found;
  for (const auto& job : emulation_.list("ibm"))
    if (listed(*job)) found.push_back(job);
  if (request.query_or("sort", "DESC") != "ASC") std::reverse(found.begin(), found.end());
  Json jobs = Json::array();
  for (std::size_t i = static_cast<std::size_t>(offset);
       i < found.size() && jobs.size() < static_cast<std::size_t>(limit); ++i)
    jobs.push_back(job_json(*found[i], request.query_or("exclude_params", "true") == "false", false));
  return json_reply(200, {{"jobs", jobs}, {"count", found.size()}, {"offset", offset}, {"limit", limit}});
}

WireReply IbmService::get_job(EmulatorCall& call) {
  const auto job = job_of(call);
  const Json json = job_json(*job, call.request.query_or("exclude_params", "false") != "true", true);
  ++job->polls;
  return json_reply(200, json);
}

WireReply IbmService::results(EmulatorCall& call) {
  const auto job = job_of(call);
  const JobState state = emulation_.state(*job);
  if (pending(state) || call.faults.has(FaultAction::results_late)) return empty_reply(204);
  if (state == JobState::cancelled) throw WireRefusal{404, 1337, "The job was cancelled", {}};
  if (state == JobState::failed) {
    WireReply reply;
    reply.type = "text/plain";
    reply.body = job->reason;
    return reply;
  }
  std::vector<std::vector<Counts>> shown;
  for (const auto& rows : emulation_.execute(*job, call.lock)) {
    const EmulatedRun& run = job->runs[shown.size()];
    shown.emplace_back();
    for (const Counts& row : rows) shown.back().push_back(distorted(register_counts(run, row), call.faults));
  }
  if (call.faults.has(FaultAction::partial_failure) && !shown.empty()) shown.pop_back();
  const bool bad_zlib = call.faults.has(FaultAction::bad_zlib);
  const std::string& program = job->request["program_id"].get_ref<const std::string&>();
  Json found;
  if (program == "executor")
    found = ibm_executor_results(*job, shown, bad_zlib);
  else if (program == "estimator")
    found = ibm_estimator_results(*job, emulation_.options(), shown);
  else
    found = ibm_results(*job, shown, job->request["params"].value("support_qiskit", true), bad_zlib);
  WireReply reply = json_reply(200, found);
  reply.type = "text/plain";  // what QRMI expects of this path
  return reply;
}

WireReply IbmService::logs(EmulatorCall& call) {
  const auto job = job_of(call);
  WireReply reply;
  reply.type = "text/plain";
  reply.body = "emulated: " + std::to_string(job->runs.size()) + " circuits\n";
  return reply;
}

WireReply IbmService::metrics(EmulatorCall& call) {
  const auto job = job_of(call);
  const JobState state = emulation_.state(*job);
  const bool done = state == JobState::completed;
  const double seconds = done ? device_seconds(*job) : 0.0;
  return json_reply(
      200,
      {{"timestamps",
        {{"created", iso_time(job->created)},
         {"running", state == JobState::queued ? Json() : Json(iso_time(job->created))},
         {"finished", done ? Json(iso_time(job->created + seconds)) : Json()}}},
       {"bss", {{"seconds", seconds}}},
       {"usage", {{"seconds", seconds}, {"quantum_seconds", seconds}, {"qpu_charge_time_seconds", seconds}}},
       {"num_circuits", job->runs.size()}});
}

WireReply IbmService::cancel(EmulatorCall& call) {
  const auto job = job_of(call);
  if (!pending(emulation_.state(*job)))
    throw WireRefusal{409, 1306, "Job not in cancellable state. Job ID: " + job->id, {}};
  job->ended = JobState::cancelled;
  emulation_.save(*job);
  return empty_reply(204);
}

WireReply IbmService::delete_job(EmulatorCall& call) {
  const auto job = job_of(call);
  if (pending(emulation_.state(*job)))
    throw WireRefusal{409, 1337, "The job has not ended. Job ID: " + job->id, {}};
  emulation_.erase(job->id);
  return empty_reply(204);
}

WireReply IbmService::set_tags(EmulatorCall& call) {
  const auto job = job_of(call);
  const Json body = parse_request(call.request.body);
  const SortedJsonField root = request_fields(body);
  only(root, {"tags"});
  for (const SortedJsonField& tag : root.at("tags").list()) tag.text();
  job->request["tags"] = body["tags"];
  emulation_.save(*job);
  return empty_reply(204);
}

}  // namespace qmtl
