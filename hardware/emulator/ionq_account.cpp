// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ionq_request.h"
#include "hardware/emulator/ionq_service.h"
#include "hardware/emulator/routes.h"

namespace qmtl {

using Json = nlohmann::json;

WireReply IonqService::backends(EmulatorCall& call) {
  Json list = Json::array();
  for (std::string_view name : ionq_backends()) {
    call.holes = {std::string(name)};
    list.push_back(Json::parse(backend(call).body));
  }
  return json_reply(200, list);
}

WireReply IonqService::backend(EmulatorCall& call) {
  check_ionq_backend(call.holes[0]);
  Json json{{"backend", call.holes[0]}, {"status", "available"},
            {"degraded", false},        {"qubits", emulation_.options().target.qubits},
            {"average_queue_time", 0},  {"last_updated", iso_time(emulation_.now())}};
  if (call.holes[0] != "simulator")
    json["characterization_id"] = uuid_of("characterization " + call.holes[0]);
  return json_reply(200, json);
}

WireReply IonqService::characterizations(EmulatorCall& call) {
  check_ionq_backend(call.holes[0]);
  const std::string id = uuid_of("characterization " + call.holes[0]);
  const EmulatorOptions& options = emulation_.options();
  Json pairs = Json::array();
  for (int a = 0; a < options.target.qubits; ++a)
    for (int b = a + 1; b < options.target.qubits; ++b) pairs.push_back({a, b});
  const double spam = 1 - (options.noise.readout.p1_given_0 + options.noise.readout.p0_given_1) / 2;
  const Json entry{
      {"id", id},
      {"date", iso_time(emulation_.now())},
      {"backend", call.holes[0]},
      {"qubits", options.target.qubits},
      {"connectivity", pairs},
      {"fidelity", {{"spam", {{"median", spam}}}}},
      {"timing",
       {{"1q", 130e-6}, {"2q", 970e-6}, {"readout", 150e-6}, {"reset", 50e-6}, {"t1", 100}, {"t2", 1}}}};
  if (call.holes.size() == 1) {
    const Json list = call.holes[0] == "simulator" ? Json::array() : Json::array({entry});
    return json_reply(200, {{"characterizations", list}, {"pages", 1}});
  }
  if (call.holes[1] != id) throw WireRefusal{404, 0, "Characterization " + call.holes[1] + " not found", {}};
  return json_reply(200, entry);
}

WireReply IonqService::calibrations(EmulatorCall& call) {
  const bool current = call.request.path.ends_with("/current");
  call.holes = {"qpu.forte-1", uuid_of("characterization qpu.forte-1")};
  Json entry = Json::parse(characterizations(call).body);
  entry["target"] = call.holes[0];
  // Without `next`: Cirq's client takes any, even null, for a further page.
  return current ? json_reply(200, entry) : json_reply(200, {{"calibrations", Json::array({entry})}});
}

WireReply IonqService::whoami(EmulatorCall&) {
  return json_reply(200, {{"key_id", uuid_of("key")},
                          {"key_name", "emulated"},
                          {"project_id", uuid_of("project")},
                          {"organization_id", uuid_of("organization")}});
}

WireReply IonqService::create_session(EmulatorCall& call) {
  const Json body = parse_request(call.request.body);
  const SortedJsonField root = request_fields(body);
  only(root, {"backend", "settings"});
  check_ionq_backend(root.at("backend").text());
  if (const auto settings = root.find("settings")) {
    only(*settings, {"job_count_limit", "duration_limit_min", "cost_limit", "expires_at"});
    if (const auto limit = settings->find("cost_limit")) {
      only(*limit, {"unit", "value"});
      limit->at("unit").text();
      limit->at("value").number();
    }
  }
  const std::string id = uuid_of(random_hex(32));
  emulation_.sessions[id] = {{"id", id},
                             {"created_at", iso_time(emulation_.now())},
                             {"organization_id", uuid_of("organization")},
                             {"backend", root.at("backend").text()},
                             {"project_id", uuid_of("project")},
                             {"creator_id", uuid_of("submitter")},
                             {"ended_at", Json()},
                             {"ender_id", Json()},
                             {"settings", body.value("settings", Json::object())},
                             {"active", true},
                             {"status", "started"},
                             {"started_at", iso_time(emulation_.now())}};
  call.more["session"] = id;
  return json_reply(201, emulation_.sessions[id]);
}

WireReply IonqService::list_sessions(EmulatorCall&) {
  Json list = Json::array();
  for (const auto& [id, session] : emulation_.sessions)
    if (session.contains("organization_id")) list.push_back(session);
  return json_reply(200, {{"organization_id", uuid_of("organization")}, {"sessions", list}});
}

WireReply IonqService::get_session(EmulatorCall& call) {
  const auto found = emulation_.sessions.find(call.holes[0]);
  if (found == emulation_.sessions.end())
    throw WireRefusal{404, 0, "Session " + call.holes[0] + " not found", {}};
  return json_reply(200, found->second);
}

WireReply IonqService::end_session(EmulatorCall& call) {
  get_session(call);
  Json& session = emulation_.sessions[call.holes[0]];
  session["active"] = false;
  session["status"] = "ended";
  session["ended_at"] = iso_time(emulation_.now());
  call.more["session"] = call.holes[0];
  return json_reply(200, session);
}

}  // namespace qmtl
