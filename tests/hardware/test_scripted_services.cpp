// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>

#include "hardware/endpoint_config.h"
#include "tests/hardware/endpoint_checks.h"
#include "tests/hardware/raw_server.h"

using namespace qmtl;

namespace {

constexpr const char* service_key = "the-key-of-this-test";

/// A service that answers each "METHOD /path" with a body of the test; anything else with 404. A body "NNN"
/// of three digits is a status.
struct ScriptCase {
  ScriptCase(const std::string& kind, std::map<std::string, std::string> answers,
             std::map<std::string, std::string> settings = {})
      : server([answers = std::move(answers)](const RawRequest& request) {
          const std::string asked = request.line.substr(0, request.line.rfind(' '));
          const auto found = answers.find(asked);
          if (found == answers.end()) return http_reply(404, "{\"message\": \"no " + asked + "\"}");
          const bool status =
              found->second.size() == 3 && found->second.find_first_not_of("0123456789") == std::string::npos;
          return status ? http_reply(std::stoi(found->second), "") : http_reply(200, found->second);
        }) {
    setenv("QMTL_TEST_SCRIPT_KEY", service_key, 1);
    settings.insert(
        {{"url", server.url("")}, {"api_key_env", "QMTL_TEST_SCRIPT_KEY"}, {"retry_attempts", "1"}});
    if (kind == "ibm") settings.insert({{"iam_url", server.url("")}, {"crn", "crn:x"}, {"backend", "dev"}});
    endpoint = make_endpoint({kind, EndpointSettings("test", std::move(settings)), {}});
  }

  std::size_t asked(const std::string& begin) {
    std::size_t count = 0;
    for (const RawRequest& request : server.requests()) count += request.line.starts_with(begin);
    return count;
  }

  RawServer server;
  std::unique_ptr<Endpoint> endpoint;
};

DeviceJob job_of(std::size_t rows) {
  DeviceProgram program;
  program.name = "one";
  program.qubits = 1;
  program.physical = true;
  program.inputs = {"a0"};
  program.ops = {{DeviceGate::rx, 0, -1, {0.0, {{0, 1.0}}}}};
  program.measured = {0};
  return {"tag", {{program, rows, std::vector<double>(rows, 0.5)}}, 10};
}

/// The answers of IBM's service around those of a test.
std::map<std::string, std::string> ibm(std::map<std::string, std::string> answers) {
  answers.insert(
      {{"POST /identity/token", R"({"access_token": "token-of-the-script", "expires_in": 3600})"},
       {"GET /api/v1/backends/dev/configuration",
        R"({"backend_name": "dev", "n_qubits": 2, "basis_gates": ["id", "cz", "rx", "rz", "sx", "x", "rzz"],)"
        R"( "coupling_map": [[0, 1]], "max_shots": 1000, "default_rep_delay": 100.0})"}});
  return answers;
}

}  // namespace

TEST_CASE("IonQ's states, failures in both spellings, waits and costs are read", "[scripted]") {
  struct Row {
    const char* body;
    JobState state;
    const char* detail;
  };
  for (const Row& row :
       {Row{R"({"status": "submitted"})", JobState::queued, "submitted"},
        Row{R"({"status": "ready", "predicted_wait_time_ms": 1500})", JobState::queued, "ready"},
        Row{R"({"status": "started"})", JobState::running, "started"},
        Row{R"({"status": "completed"})", JobState::completed, "completed"},
        Row{R"({"status": "canceled"})", JobState::cancelled, "canceled"},
        Row{R"({"status": "failed", "failure": {"code": "TooManyShots", "message": "less"}})",
            JobState::failed, "TooManyShots: less"},
        Row{R"({"status": "failed", "failure": {"code": "TooManyShots", "error": "less"}})", JobState::failed,
            "TooManyShots: less"},
        Row{R"({"status": "failed"})", JobState::failed, "no reason given"}}) {
    INFO(row.body);
    ScriptCase at("ionq", {{"GET /v0.4/jobs/j", row.body},
                           {"GET /v0.4/jobs/j/cost", R"({"cost": {"value": 2.5, "unit": "USD"}})"}});
    const JobStatus status = at.endpoint->status("j");
    CHECK(status.state == row.state);
    CHECK(status.detail == row.detail);
    CHECK(status.cost.has_value() == (row.state != JobState::queued && row.state != JobState::running));
    CHECK(status.wait_seconds.has_value() == (std::string(row.body).find("1500") != std::string::npos));
  }
  for (const char* body :
       {"{}", R"({"status": 7})", R"({"status": "RUNNING"})", "[]", "", R"({"status": null})"}) {
    INFO(body);
    ScriptCase at("ionq", {{"GET /v0.4/jobs/j", body}});
    CHECK(fault_of([&] { at.endpoint->status("j"); }, service_key) == EndpointFault::malformed);
  }
}

TEST_CASE("IonQ's circuits are fetched at once, and one by one where that leaves some out", "[scripted]") {
  const std::map<std::string, std::string> answers{
      {"GET /v0.4/jobs/j",
       R"({"status": "completed", "child_job_ids": ["z", "b", "c"],)"
       R"( "results": {"probabilities": {"url": "/v0.4/jobs/j/results/probabilities"}}})"},
      {"GET /v0.4/jobs/j/results/probabilities", R"({"b": {"0": 0.3, "1": 0.7}, "z": {"1": 1}})"},
      {"GET /v0.4/jobs/c", R"({"status": "failed", "failure": {"code": "SystemCancel", "message": "stop"}})"},
      {"GET /v0.4/jobs/j/cost", R"({"cost": 1})"}};
  ScriptCase at("ionq", answers, {{"backend", "qpu.forte-1"}});
  const JobResult result = at.endpoint->fetch("j", job_of(3));
  // In the order of the job's list, not of the answer's names.
  CHECK(result.counts[0] == std::vector<Counts>{{{"1", 10}}, {{"0", 3}, {"1", 7}}, {}});
  CHECK(result.missing == std::vector<std::string>{"sweep 0 row 2: SystemCancel: stop"});
  CHECK(at.server.requests().size() == 4);
  CHECK(fault_of([&] { at.endpoint->fetch("j", job_of(2)); }, service_key) == EndpointFault::malformed);

  ScriptCase single("ionq", {{"GET /v0.4/jobs/j", R"({"status": "completed", "child_job_ids": null,)"
                                                  R"( "results": {"probabilities": {"url": "x"}}})"},
                             {"GET /v0.4/jobs/j/results/probabilities", R"({"0": 1.0})"},
                             {"GET /v0.4/jobs/j/cost", R"({})"}});
  CHECK(single.endpoint->fetch("j", job_of(1)).counts[0][0] == Counts{{"0", 10}});
  for (const auto& [body, fault] : std::initializer_list<std::pair<const char*, EndpointFault>>{
           {R"({"status": "completed", "dry_run": true, "results": null})", EndpointFault::refused},
           {R"({"status": "completed", "results": null})", EndpointFault::not_ready},
           {R"({"status": "started"})", EndpointFault::not_ready},
           {R"({"status": "canceled"})", EndpointFault::refused},
           {R"({"status": "failed"})", EndpointFault::refused},
           {R"({"status": "completed", "child_job_ids": ["a/../b"]})", EndpointFault::malformed},
           {R"({"status": "completed", "child_job_ids": 7})", EndpointFault::malformed}}) {
    INFO(body);
    ScriptCase other("ionq", {{"GET /v0.4/jobs/j", body}});
    CHECK(fault_of([&] { other.endpoint->fetch("j", job_of(1)); }, service_key) == fault);
  }
}

TEST_CASE("IonQ's estimates are understood in both spellings, equal programs asked for once", "[scripted]") {
  const std::string question =
      "GET "
      "/v0.4/jobs/estimate?backend=qpu.forte-1&type=ionq.circuit.v1&qubits=1&shots=10&1q_gates=1&2q_gates=0"
      "&error_mitigation=false";
  for (const char* body :
       {R"({"estimated_total_cost": 1.5, "estimated_unit": "USD", "estimated_execution_time": 2})",
        R"({"estimated_cost": 1.5, "cost_unit": "usd", "estimated_execution_time": 2})"}) {
    INFO(body);
    ScriptCase at("ionq", {{question, body}}, {{"backend", "qpu.forte-1"}});
    DeviceJob job = job_of(3);
    job.sweeps.push_back(job.sweeps[0]);
    const CostEstimate cost = at.endpoint->estimate(job);
    CHECK(cost.amount == 9);
    CHECK(cost.unit == "USD");
    CHECK(cost.seconds == 12);
    CHECK(at.server.requests().size() == 1);
  }
  for (const char* body : {"{}", R"({"estimated_total_cost": -1})", R"({"estimated_total_cost": "1"})",
                           R"({"estimated_total_cost": 1e300})"}) {
    INFO(body);
    ScriptCase at("ionq", {{question, body}}, {{"backend", "qpu.forte-1"}});
    CHECK(fault_of([&] { at.endpoint->estimate(job_of(1)); }, service_key) == EndpointFault::malformed);
  }
}

TEST_CASE("IonQ's jobs are found by name or metadata over pages, parts of jobs are not jobs", "[scripted]") {
  ScriptCase at("ionq",
                {{"GET /v0.4/jobs?limit=100",
                  R"({"jobs": [{"id": "a", "name": "tag"}, {"id": "b", "name": "tag", "parent_job_id": "a"},)"
                  R"( {"id": "c", "name": null}], "next": "n2"})"},
                 {"GET /v0.4/jobs?limit=100&next=n2",
                  R"({"jobs": [{"id": "d", "metadata": {"qmtl_tag": "tag"}}], "next": "n2"})"}});
  CHECK(at.endpoint->find("tag") == std::vector<std::string>{"a", "d"});
}

TEST_CASE("IBM's states and their reasons are read", "[scripted]") {
  struct Row {
    const char* body;
    JobState state;
    const char* detail;
  };
  for (
      const Row& row :
      {Row{R"({"state": {"status": "Queued"}})", JobState::queued, "Queued"},
       Row{R"({"state": {"status": "Running"}})", JobState::running, "Running"},
       Row{R"({"state": {"status": "Completed"}, "usage": {"qpu_charge_time_seconds": 3}})",
           JobState::completed, "Completed"},
       Row{R"({"status": "Cancelled - Ran too long", "state": {"status": "Cancelled", "reason": "Ran too long",)"
           R"( "reason_code": 1305}})",
           JobState::cancelled, "Ran too long (code 1305)"},
       Row{R"({"state": {"status": "Failed", "reason": "bad", "reason_solution": "mend it"}})",
           JobState::failed, "bad; mend it"}}) {
    INFO(row.body);
    ScriptCase at("ibm", ibm({{"GET /api/v1/jobs/j?exclude_params=true", row.body}}));
    const JobStatus status = at.endpoint->status("j");
    CHECK(status.state == row.state);
    CHECK(status.detail == row.detail);
    CHECK(status.cost.has_value() == (row.state == JobState::completed));
  }
  for (const char* body :
       {"{}", "[]", R"({"state": {}})", R"({"state": {"status": "DONE"}})", R"({"state": "Queued"})",
        R"({"state": {"status": "Failed", "reason_code": 1e300}})",
        R"({"state": {"status": "Completed"}, "usage": {"qpu_charge_time_seconds": -1}})"}) {
    INFO(body);
    ScriptCase at("ibm", ibm({{"GET /api/v1/jobs/j?exclude_params=true", body}}));
    CHECK(fault_of([&] { at.endpoint->status("j"); }, service_key) == EndpointFault::malformed);
  }
}

TEST_CASE("IBM's results that are not there yet are told from those that are refused", "[scripted]") {
  const std::string completed = R"({"state": {"status": "Completed"}})";
  for (const auto& [answer, fault] :
       std::initializer_list<std::pair<const char*, EndpointFault>>{{"204", EndpointFault::not_ready},
                                                                    {"404", EndpointFault::not_ready},
                                                                    {"403", EndpointFault::refused},
                                                                    {"503", EndpointFault::transient},
                                                                    {"{}", EndpointFault::malformed}}) {
    INFO(answer);
    ScriptCase at("ibm", ibm({{"GET /api/v1/jobs/j404?exclude_params=true", completed},
                              {"GET /api/v1/jobs/j404/results", answer}}));
    CHECK(fault_of([&] { at.endpoint->fetch("j404", job_of(1)); }, service_key) == fault);
  }
}

TEST_CASE("IBM's configuration becomes a target, without fractional gates where they are not wanted",
          "[scripted]") {
  ScriptCase plain("ibm", ibm({}), {{"fractional_gates", "false"}});
  using Gates = std::vector<DeviceGate>;
  CHECK(plain.endpoint->info().target.basis ==
        Gates{DeviceGate::cz, DeviceGate::rz, DeviceGate::sx, DeviceGate::x});
  CHECK(plain.endpoint->info().limits.shots == 1000);
  CHECK(plain.endpoint->info().paid);
  ScriptCase fractional("ibm", ibm({}));
  CHECK(fractional.endpoint->info().target.basis.size() == 6);
  for (const char* body :
       {"{}", "[]", R"({"backend_name": "dev", "n_qubits": -1, "basis_gates": []})",
        R"({"backend_name": "dev", "n_qubits": 2, "basis_gates": 7})",
        R"({"backend_name": "dev", "n_qubits": 2, "basis_gates": ["cz"], "coupling_map": [[0, 9]]})"}) {
    INFO(body);
    ScriptCase at("ibm", {{"POST /identity/token", R"({"access_token": "t-o-k-e-n", "expires_in": 3600})"},
                          {"GET /api/v1/backends/dev/configuration", body}});
    CHECK(fault_of([&] { at.endpoint->info(); }, service_key) == EndpointFault::malformed);
  }
}

TEST_CASE("IBM's job is refused before it is sent where the device cannot execute it", "[scripted]") {
  ScriptCase at("ibm", ibm({{"POST /api/v1/jobs", R"({"id": "j1"})"}}));
  CHECK(at.endpoint->submit(job_of(2)) == "j1");
  DeviceJob logical = job_of(1), other = job_of(1), large = job_of(1);
  logical.sweeps[0].program.physical = false;
  other.sweeps[0].program.ops[0].gate = DeviceGate::ry;
  large.sweeps[0].program.qubits = 3;
  for (const DeviceJob& job : {logical, other, large})
    CHECK(fault_of([&] { at.endpoint->submit(job); }, service_key) == EndpointFault::refused);
  CHECK(at.asked("POST /api/v1/jobs") == 1);
}

TEST_CASE("IBM's sessions are opened, asked after and closed to further jobs", "[scripted]") {
  std::vector<RawRequest> requests;
  {
    ScriptCase at("ibm",
                  ibm({{"POST /api/v1/jobs", R"({"id": "j1"})"},
                       {"POST /api/v1/sessions", R"({"id": "s1"})"},
                       {"GET /api/v1/sessions/s1",
                        R"({"id": "s1", "state": "active", "accepting_jobs": true, "mode": "batch"})"},
                       {"PATCH /api/v1/sessions/s1", "{}"}}),
                  {{"session", "batch"}, {"session_ttl", "600"}});
    CHECK(at.endpoint->wants_session());
    CHECK(at.endpoint->open_session({}) == "s1");
    at.endpoint->use_session("s1");
    at.endpoint->submit(job_of(1));
    CHECK(at.endpoint->session("s1").accepts);
    CHECK_FALSE(at.endpoint->session("s1").cost);
    CHECK(at.endpoint->session("unknown").ended);
    at.endpoint->close_session("s1");
    CHECK(at.asked("PATCH /api/v1/sessions/s1") == 1);
    requests = at.server.requests();
  }
  for (const RawRequest& request : requests) {
    if (request.line.starts_with("POST /api/v1/sessions"))
      CHECK(request.body == R"({"mode":"batch","backend":"dev","max_ttl":600})");
    if (request.line.starts_with("POST /api/v1/jobs"))
      CHECK(request.body.find(R"("session_id":"s1")") != std::string::npos);
    if (request.line.starts_with("PATCH")) CHECK(request.body.find("false") != std::string::npos);
    if (request.line.find("/api/v1") != std::string::npos) {
      CHECK(request.head.find("Authorization: Bearer token-of-the-script") != std::string::npos);
      CHECK(request.head.find("Service-CRN: crn:x") != std::string::npos);
      CHECK(request.head.find("IBM-API-Version: 20") != std::string::npos);
    }
  }
  // A dedicated one is paid while it is held: it ends when that has cost what it may.
  ScriptCase at(
      "ibm",
      ibm({{"POST /api/v1/sessions", R"({"id": "s1"})"},
           {"GET /api/v1/sessions/s1",
            R"({"state": "closed", "accepting_jobs": false, "mode": "dedicated", "elapsed_time": 70})"}}),
      {{"session", "dedicated"}, {"price_per_second", "1.6"}});
  at.endpoint->open_session(100.0);
  CHECK(at.endpoint->session("s1").ended);
  CHECK(at.endpoint->session("s1").cost == 112.0);
  for (const RawRequest& request : at.server.requests())
    if (request.line.starts_with("POST /api/v1/sessions"))
      CHECK(request.body == R"({"mode":"dedicated","backend":"dev","max_ttl":62})");
  ScriptCase given("ibm", {}, {{"session", "dedicated"}, {"session_id", "mine"}});
  CHECK_FALSE(given.endpoint->wants_session());
}

TEST_CASE("Only a key that IAM has looked at is called wrong", "[scripted]") {
  const std::tuple<const char*, EndpointFault, const char*> cases[] = {
      {"400", EndpointFault::refused, "check the key"},
      {"401", EndpointFault::refused, "check the key"},
      {"404", EndpointFault::refused, "check iam_url"},
      {"503", EndpointFault::transient, "the key was not looked at"},
      {"429", EndpointFault::transient, "the key was not looked at"}};
  for (const auto& [status, fault, words] : cases) {
    INFO(status);
    ScriptCase at("ibm", {{"POST /identity/token", status}});
    try {
      at.endpoint->status("j");
      FAIL("expected an error");
    } catch (const EndpointError& error) {
      CHECK(error.fault() == fault);
      CHECK_THAT(error.what(), Catch::Contains(words));
      CHECK_THAT(error.what(), Catch::Contains(std::string("status ") + status));
    }
  }
}

TEST_CASE("Settings of services that make no sense are refused by key", "[scripted]") {
  using Settings = std::map<std::string, std::string>;
  const std::tuple<const char*, Settings, const char*> cases[] = {
      {"ibm", {{"session", "open"}}, "none, batch or dedicated"},
      {"ibm", {{"max_seconds", "10801"}}, "max_seconds"},
      {"ibm", {{"max_seconds", "-1"}}, "max_seconds"},
      {"ibm", {{"rep_delay", "-1"}}, "rep_delay"},
      {"ibm", {{"results", "all"}}, "samples or packed"},
      {"ibm", {{"parameters", "all"}}, "lists or packed"},
      {"ibm", {{"bakend", "x"}}, "unknown key bakend"},
      {"ibm", {{"timeout", "0"}}, "timeout"},
      {"ibm", {{"api_key", "x"}}, "api_key"},
      {"ionq", {{"sharpen", "yes"}}, "true or false"},
      {"ionq", {{"crn", "x"}}, "unknown key crn"},
      {"ionq", {{"retry_attempts", "0"}}, "retry_attempts"}};
  for (const auto& [kind, settings, words] : cases) {
    INFO(kind << ": " << words);
    try {
      ScriptCase at(kind, {}, settings);
      FAIL("expected a refusal");
    } catch (const Error& error) {
      CHECK(error.code() == Exit::usage);
      CHECK_THAT(error.what(), Catch::Contains(words));
    }
  }
}
