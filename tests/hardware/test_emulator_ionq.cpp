// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/hardware/emulator_jobs.h"

using namespace qmtl;
using Json = nlohmann::json;

TEST_CASE("IonQ's service refuses what it must", "[emulator]") {
  EmulatorClient client{EmulatorOptions{}};
  struct Row {
    const char* what;
    const char* method;
    const char* path;
    Json body;
    int status;
  };
  const Json many = Json(std::vector<Json>(5001, {{"name", "x"}, {"circuit", Json::array()}}));
  const Row rows[] = {
      {"unknown path", "GET", "/nothing", {}, 404},
      {"wrong method", "PATCH", "/jobs", {}, 405},
      {"unknown job", "GET", "/jobs/abc", {}, 404},
      {"unknown backend", "GET", "/backends/other", {}, 404},
      {"unknown key", "POST", "/jobs", ionq_job({{"target", "simulator"}}), 400},
      {"no such type", "POST", "/jobs", ionq_job({{"type", "ionq.circuit.v9"}}), 400},
      {"no such backend", "POST", "/jobs", ionq_job({{"backend", "qpu"}}), 400},
      {"no shots", "POST", "/jobs", ionq_job({{"shots", 0}}), 400},
      {"too many shots", "POST", "/jobs", ionq_job({{"shots", 1'000'001}}), 400},
      {"metadata that is no text", "POST", "/jobs", ionq_job({{"metadata", {{"a", 1}}}}), 400},
      {"unknown gate", "POST", "/jobs",
       ionq_job({{"input", {{"circuit", Json::array({{{"gate", "magic"}, {"target", 0}}})}}}}), 400},
      {"qubit out of range", "POST", "/jobs",
       ionq_job({{"input", {{"circuit", Json::array({{{"gate", "x"}, {"target", 2}}})}}}}), 400},
      {"too few shots for debiasing", "POST", "/jobs",
       ionq_job({{"settings", {{"error_mitigation", {{"debiasing", true}}}}}}), 400},
      {"too many circuits",
       "POST",
       "/jobs",
       {{"type", "ionq.multi-circuit.v1"},
        {"backend", "simulator"},
        {"input", {{"qubits", 1}, {"gateset", "qis"}, {"circuits", many}}}},
       400},
      {"unknown session", "POST", "/jobs", ionq_job({{"session_id", "abc"}}), 404},
      {"odd limit", "GET", "/jobs?limit=0", {}, 400},
      {"results before they are there", "GET", "/jobs/abc/results/probabilities", {}, 404},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const WireReply reply = client.ionq(row.method, row.path, row.body);
    CAPTURE(reply.body);
    CHECK(reply.status == row.status);
    CHECK(json_of(reply)["statusCode"] == row.status);
    CHECK(json_of(reply)["message"].is_string());
  }
  CHECK(client.send("GET", "/v0.4/jobs").status == 401);
  CHECK(client.send("GET", "/v0.4/jobs", "", {{"authorization", "apiKey wrong-key-here"}}).status == 403);
  CHECK(client.send("GET", "/v0.4/backends").status == 200);
  const std::string large = "{\"name\": \"" + std::string(10'000'000, 'x') + "\"}";
  const std::map<std::string, std::string> headers{{"authorization", "apiKey " + std::string(client.key)}};
  CHECK(client.send("POST", "/v0.4/jobs", large, headers).status == 413);
}

TEST_CASE("IonQ's simulator gives exact probabilities, in every form the same shots", "[emulator]") {
  EmulatorOptions options = at_once();
  options.ionq_results = IonqResultForm::both;
  EmulatorClient client(options);
  // x on qubit 0 of three: the state is 1, as qubit 0 is the least significant.
  const Json job =
      ionq_job({{"input", {{"qubits", 3}, {"circuit", Json::array({{{"gate", "x"}, {"target", 0}}})}}},
                {"metadata", {{"a", "b"}}}});
  const WireReply made = client.ionq("POST", "/jobs", job);
  CHECK(made.status == 201);
  CHECK(json_of(made)["status"] == "submitted");
  const std::string id = json_of(made)["id"];
  const Json about = json_of(client.ionq("GET", "/jobs/" + id));
  CHECK(about["status"] == "completed");
  CHECK(about["metadata"] == Json{{"a", "b"}});
  CHECK(about["stats"]["qubits"] == 3);
  const std::string url = about["results"]["probabilities"]["url"];
  CHECK(url == "/v0.4/jobs/" + id + "/results/probabilities");
  CHECK(json_of(client.ionq("GET", url.substr(5))) == Json{{"1", 1.0}});
  CHECK(json_of(client.ionq("GET", "/jobs/" + id + "/results/histogram")) == Json{{"1", 100}});
  const auto artifact = [&](const char* form) {
    return json_of(
        client.ionq("GET", "/jobs/" + id + "/artifacts/" + about["results"][form]["id"].get<std::string>()));
  };
  CHECK(artifact("ionq.result.probabilities.json.v1") == Json{{"1", 1.0}});
  CHECK(artifact("ionq.result.shots.json.v1") == Json(std::vector<std::string>(100, "1")));
  const Json shots = artifact("ionq.result.shots.json.v2")["shots"];
  REQUIRE(shots.size() == 100);
  CHECK(shots[0]["registers"] == Json{{"meas", {1, 0, 0}}});
  CHECK(client.ionq("GET", "/jobs/" + id + "/artifacts/abc").status == 404);
}

TEST_CASE("IonQ's job with several circuits has a child for each", "[emulator]") {
  EmulatorClient client(at_once());
  Json circuits = Json::array();
  for (int i = 0; i < 3; ++i)
    circuits.push_back(
        {{"name", "c" + std::to_string(i)}, {"circuit", Json::array({{{"gate", "x"}, {"target", i}}})}});
  const Json job = {{"type", "ionq.multi-circuit.v1"},
                    {"backend", "qpu.forte-1"},
                    {"shots", 40},
                    {"input", {{"qubits", 3}, {"gateset", "qis"}, {"circuits", circuits}}}};
  const std::string id = json_of(client.ionq("POST", "/jobs", job))["id"];
  const Json about = json_of(client.ionq("GET", "/jobs/" + id));
  REQUIRE(about["child_job_ids"].size() == 3);
  const Json results = json_of(client.ionq("GET", "/jobs/" + id + "/results/probabilities"));
  for (int i = 0; i < 3; ++i) {
    const std::string child = about["child_job_ids"][static_cast<std::size_t>(i)];
    const Json expected{{std::to_string(1 << i), 1.0}};
    CHECK(results[child] == expected);
    CHECK(json_of(client.ionq("GET", "/jobs/" + child))["parent_job_id"] == id);
    CHECK(json_of(client.ionq("GET", "/jobs/" + child + "/results/probabilities")) == expected);
  }
  CHECK(json_of(client.ionq("GET", "/jobs/" + id + "/cost"))["cost"]["value"] == 1.0);
  CHECK(json_of(client.ionq("GET", "/jobs/estimate?backend=simulator&shots=5"))["estimated_total_cost"] ==
        0.0);
}

TEST_CASE("IonQ's OpenQASM jobs fail as jobs, not as requests", "[emulator]") {
  EmulatorClient client(at_once());
  const auto about = [&](const std::string& text) {
    const WireReply made = client.ionq(
        "POST", "/jobs", {{"type", "ionq.qasm3.v1"}, {"backend", "simulator"}, {"input", {{"data", text}}}});
    REQUIRE(made.status == 201);
    return json_of(client.ionq("GET", "/jobs/" + json_of(made)["id"].get<std::string>()));
  };
  const std::string head = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n";
  CHECK(about(head + "qubit[1] q; bit[1] c; x q[0]; c[0] = measure q[0];")["status"] == "completed");
  for (const char* body : {"qubit[1] q; bit[1] c; oops q[0];", "bit[1] c; x $0; c[0] = measure $0;"}) {
    const Json job = about(head + body);
    CHECK(job["status"] == "failed");
    CHECK(job["failure"]["code"] == "PreflightError");
    CHECK(job["failure"]["error"] == job["failure"]["message"]);
  }
}

TEST_CASE("IonQ's jobs are cancelled and listed in pages", "[emulator]") {
  EmulatorClient client{EmulatorOptions{}};
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(json_of(client.ionq("POST", "/jobs", ionq_job()))["id"]);
  CHECK(json_of(client.ionq("PUT", "/jobs/" + ids[0] + "/status/cancel"))["status"] == "canceled");
  CHECK(json_of(client.ionq("GET", "/jobs/" + ids[0]))["status"] == "canceled");
  Json page = json_of(client.ionq("GET", "/jobs?limit=2"));
  CHECK(page["jobs"][0]["id"] == ids[2]);
  page = json_of(client.ionq("GET", "/jobs?limit=2&next=" + page["next"].get<std::string>()));
  REQUIRE(page["jobs"].size() == 1);
  CHECK(page["jobs"][0]["id"] == ids[0]);
  CHECK(page["next"].is_null());
  CHECK(json_of(client.ionq("GET", "/jobs?status=canceled"))["jobs"].size() == 1);
  CHECK(client.ionq("PUT", "/jobs/status/cancel", {{"ids", {ids[1], ids[2]}}}).status == 200);
  CHECK(client.ionq("DELETE", "/jobs/" + ids[1]).status == 200);
  CHECK(client.ionq("GET", "/jobs/" + ids[1]).status == 404);
  CHECK(client.ionq("GET", "/whoami").status == 200);
  const Json session = json_of(client.ionq("POST", "/sessions", {{"backend", "simulator"}}));
  CHECK(json_of(client.ionq("POST", "/sessions/" + session["id"].get<std::string>() + "/end"))["active"] ==
        false);
}
