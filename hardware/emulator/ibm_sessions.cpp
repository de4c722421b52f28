// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "hardware/emulator/ibm_service.h"
#include "hardware/emulator/routes.h"

namespace qmtl {

using Json = nlohmann::json;

WireReply IbmService::create_session(EmulatorCall& call) {
  const Json body = parse_request(call.request.body);
  const SortedJsonField root = request_fields(body);
  only(root, {"mode", "backend", "backend_name", "max_ttl", "instance"});
  const auto mode = root.find("mode");
  if (mode && mode->text() != "dedicated" && mode->text() != "batch") mode->wrong("dedicated or batch");
  // Clients disagree on the key.
  const auto backend = root.find(root.find("backend") ? "backend" : "backend_name");
  if (backend && backend->text() != emulation_.options().target.name)
    throw WireRefusal{404, 1216, "Backend " + backend->text() + " does not exist", {}};
  const auto ttl = root.find("max_ttl");
  const std::int64_t seconds = ttl ? ttl->integer(1, 28800) : 28800;
  const std::string id = uuid_of(random_hex(32));
  const Json session{{"id", id},
                     {"backend_name", emulation_.options().target.name},
                     {"mode", mode ? mode->text() : "dedicated"},
                     {"state", "open"},
                     {"accepting_jobs", true},
                     {"max_ttl", seconds},
                     {"active_ttl", seconds},
                     {"interactive_ttl", 60},
                     {"started_at", iso_time(emulation_.now())},
                     {"last_job_started", Json()},
                     {"last_job_completed", Json()},
                     {"activated_at", Json()},
                     {"closed_at", Json()},
                     {"elapsed_time", 0},
                     {"user_id", "emulated"}};
  emulation_.sessions[id] = session;
  call.more["session"] = id;
  return json_reply(200, session);
}

void IbmService::refresh(Json& session) {
  const std::string id = session["id"];
  bool busy = false;
  double jobs = 0;
  for (const auto& job : emulation_.list("ibm")) {
    if (job->request.value("session_id", std::string()) != id) continue;
    const JobState state = emulation_.state(*job);
    busy = busy || pending(state);
    if (state == JobState::completed) jobs += device_seconds(*job);
  }
  const auto active = active_since_.find(id);
  if (session["state"] == "closed" || active == active_since_.end()) {
    if (!session["accepting_jobs"].get<bool>()) session["state"] = "closed";
    return;
  }
  const double held = emulation_.now() - active->second;
  const bool over = held >= session["max_ttl"].get<double>();
  session["activated_at"] = iso_time(active->second);
  session["elapsed_time"] = session["mode"] == "dedicated" ? std::ceil(std::max(held, jobs)) : jobs;
  session["state"] = "active";
  if (over) session["accepting_jobs"] = false;
  if (over || (!session["accepting_jobs"].get<bool>() && !busy)) {
    session["state"] = "closed";
    session["closed_at"] = iso_time(emulation_.now());
  }
}

Json& IbmService::session_of(const EmulatorCall& call) const {
  const auto found = emulation_.sessions.find(call.holes[0]);
  if (found == emulation_.sessions.end())
    throw WireRefusal{404, 1337, "Session " + call.holes[0] + " does not exist", {}};
  return found->second;
}

WireReply IbmService::get_session(EmulatorCall& call) {
  Json& session = session_of(call);
  refresh(session);
  call.more["session"] = call.holes[0];
  return json_reply(200, session);
}

WireReply IbmService::patch_session(EmulatorCall& call) {
  Json& session = session_of(call);
  const Json body = parse_request(call.request.body);
  const SortedJsonField root = request_fields(body);
  only(root, {"accepting_jobs"});
  session["accepting_jobs"] = root.at("accepting_jobs").boolean();
  refresh(session);
  call.more["session"] = call.holes[0];
  return json_reply(200, session);
}

WireReply IbmService::close_session(EmulatorCall& call) {
  Json& session = session_of(call);
  refresh(session);
  session["accepting_jobs"] = false;
  session["state"] = "closed";
  session["closed_at"] = iso_time(emulation_.now());
  for (const auto& job : emulation_.list("ibm"))
    if (job->request.value("session_id", std::string()) == call.holes[0] &&
        emulation_.state(*job) == JobState::queued) {
      job->ended = JobState::cancelled;
      emulation_.save(*job);
    }
  return empty_reply(204);
}

}  // namespace qmtl
