// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>

#include "hardware/endpoints/skeleton.cpp.example"
#include "tests/hardware/raw_server.h"

using namespace qmtl;

TEST_CASE("The skeleton of a new endpoint compiles, and does what an endpoint must", "[skeleton]") {
  RawServer server([](const RawRequest& request) {
    const auto asks = [&](const char* begin) { return request.line.starts_with(begin); };
    if (asks("POST /jobs ")) return http_reply(201, R"({"id": "j1"})");
    if (asks("GET /jobs?name=my%20tag"))
      return http_reply(200, R"({"jobs": [{"id": "j1", "name": "my tag"}, {"id": "j2", "name": "my"}]})");
    if (asks("GET /jobs/j1 ")) return http_reply(200, R"({"status": "done"})");
    if (asks("GET /jobs/j1/results")) return http_reply(200, R"({"counts": [{"0": 4}, {"0": 1, "1": 3}]})");
    if (asks("GET /jobs/j3/results")) return http_reply(200, R"({"counts": [{"0": 4}, {"0": 1, "1": 2}]})");
    return http_reply(404, "");
  });
  setenv("SKELETON_API_KEY", "a-key-of-the-tests", 1);
  const auto endpoint = make_skeleton_endpoint(
      {"skeleton", EndpointSettings("test", {{"url", server.url("")}, {"backend", "b"}}), {}});
  DeviceProgram program;
  program.name = "one";
  program.qubits = 1;
  program.inputs = {"a0"};
  program.ops = {{DeviceGate::ry, 0, -1, {0.0, {{0, 1.0}}}}};
  program.measured = {0};
  const DeviceJob job{"my tag", {{program, 2, {0.0, 2.0}}}, 4};
  CHECK(endpoint->submit(job) == "j1");
  CHECK(endpoint->find("my tag") == std::vector<std::string>{"j1"});
  CHECK(endpoint->status("j1").state == JobState::completed);
  CHECK(endpoint->fetch("j1", job).counts[0] == std::vector<Counts>{{{"0", 4}}, {{"0", 1}, {"1", 3}}});
  const auto fault = [&](const std::string& id) {
    try {
      endpoint->fetch(id, job);
    } catch (const EndpointError& error) {
      return error.fault();
    }
    FAIL("expected an EndpointError");
    return EndpointFault::refused;
  };
  CHECK(fault("j2") == EndpointFault::not_ready);
  CHECK(fault("j3") == EndpointFault::malformed);
}
