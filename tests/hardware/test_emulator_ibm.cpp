// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "hardware/formats/packed_array.h"
#include "hardware/http/text_codes.h"
#include "tests/hardware/emulator_jobs.h"

using namespace qmtl;
using Json = nlohmann::json;

TEST_CASE("IBM's access token is a JWT with its times, for the right key only", "[emulator]") {
  EmulatorOptions options;
  options.clock = [] { return 1000000.0; };
  EmulatorClient client(options);
  const std::string grant = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=";
  for (const std::string& body : {std::string(""), grant + "wrong", std::string("apikey=") + client.key}) {
    const WireReply reply = client.send("POST", "/identity/token", body);
    CHECK(reply.status == 400);
    CHECK(json_of(reply)["errorCode"].get<std::string>().starts_with("BXNIM"));
  }
  const WireReply reply = client.send("POST", "/identity/token", grant + client.key);
  REQUIRE(reply.status == 200);
  const Json json = json_of(reply);
  CHECK(json["token_type"] == "Bearer");
  CHECK(json["expires_in"] == 3600);
  CHECK(json["expiration"] == 1003600);
  const std::string token = json["access_token"];
  REQUIRE(std::count(token.begin(), token.end(), '.') == 2);
  std::string payload = token.substr(token.find('.') + 1);
  payload = payload.substr(0, payload.find('.'));
  while (payload.size() % 4) payload += '=';
  const Json decoded = Json::parse(base64_decoded(payload).value());
  CHECK(decoded["iat"] == 1000000);
  CHECK(decoded["exp"] == 1003600);
  CHECK(token.find(client.key) == std::string::npos);
}

TEST_CASE("Access tokens are refused when expired, changed or of another emulator", "[emulator]") {
  double now = 1000;
  EmulatorOptions options;
  options.clock = [&now] { return now; };
  EmulatorClient client(options), other(options);
  CHECK(client.ibm("GET", "/backends").status == 200);
  now += 3599;
  CHECK(client.ibm("GET", "/backends").status == 200);
  now += 2;
  const WireReply late = client.ibm("GET", "/backends");
  CHECK(late.status == 401);
  CHECK(json_of(late)["errors"][0]["code"] == 1200);
  client.bearer.clear();
  CHECK(client.ibm("GET", "/backends").status == 200);
  client.bearer[client.bearer.size() / 2] ^= 1;
  CHECK(client.ibm("GET", "/backends").status == 401);
  other.ibm("GET", "/backends");
  client.bearer = other.bearer;
  CHECK(client.ibm("GET", "/backends").status == 401);
}

TEST_CASE("IBM's service refuses what it must, with its codes", "[emulator]") {
  EmulatorClient client{EmulatorOptions{}};
  struct Row {
    const char* what;
    const char* method;
    const char* path;
    Json body;
    int status;
    int code;  ///< of the error
  };
  const auto without = [](const char* key) {
    Json job = small_job();
    job.erase(key);
    return job;
  };
  const Row rows[] = {
      {"unknown path", "GET", "/nothing", {}, 404, 1337},
      {"wrong method", "PATCH", "/jobs", {}, 405, 1337},
      {"unknown backend", "GET", "/backends/other/status", {}, 404, 1216},
      {"unknown job", "GET", "/jobs/abc", {}, 404, 1291},
      {"results of an unknown job", "GET", "/jobs/abc/results", {}, 404, 1291},
      {"unknown session", "GET", "/sessions/abc", {}, 404, 1337},
      {"limit too large", "GET", "/jobs?limit=201", {}, 400, 1337},
      {"job without program", "POST", "/jobs", without("program_id"), 400, 1337},
      {"job without backend", "POST", "/jobs", without("backend"), 400, 1337},
      {"job without parameters", "POST", "/jobs", without("params"), 400, 1337},
      {"job for another backend", "POST", "/jobs", small_job({{"backend", "other"}}), 404, 1216},
      {"unknown program", "POST", "/jobs", small_job({{"program_id", "other"}}), 404, 1337},
      {"estimator for sampler's circuits", "POST", "/jobs", small_job({{"program_id", "estimator"}}), 400,
       1337},
      {"noise learner", "POST", "/jobs", small_job({{"program_id", "noise-learner"}}), 400, 1337},
      {"unknown key", "POST", "/jobs", small_job({{"shots", 5}}), 400, 1337},
      {"unknown parameter", "POST", "/jobs", small_job({{"params", {{"shot", 5}}}}), 400, 1337},
      {"unknown option", "POST", "/jobs", small_job({{"params", {{"options", {{"shots", 5}}}}}}), 400, 1337},
      {"version 1", "POST", "/jobs", small_job({{"params", {{"version", 1}}}}), 400, 1337},
      {"nine tags", "POST", "/jobs", small_job({{"tags", {"1", "2", "3", "4", "5", "6", "7", "8", "9"}}}),
       400, 1337},
      {"a long tag", "POST", "/jobs", small_job({{"tags", {std::string(87, 'x')}}}), 400, 1337},
      {"cost beyond three hours", "POST", "/jobs", small_job({{"cost", 10801}}), 400, 1337},
      {"no circuits", "POST", "/jobs", ibm_job({}), 400, 1337},
      {"no shots", "POST", "/jobs", ibm_job({pub_of(small_program(), one_row({0.1, 0.2}), 0)}), 400, 1337},
      {"too many executions", "POST", "/jobs",
       ibm_job({pub_of(small_program(), Json(std::vector<std::vector<double>>(11, {0, 0})), 1'000'000)}), 400,
       1337},
      {"one value too few", "POST", "/jobs", ibm_job({pub_of(small_program(), one_row({0.1}), 5)}), 400,
       1337},
      {"no values", "POST", "/jobs", ibm_job({pub_of(small_program(), nullptr, 5)}), 400, 1337},
      {"ragged values", "POST", "/jobs", ibm_job({pub_of(small_program(), {{0.1, 0.2}, {0.3}}, 5)}), 400,
       1337},
      {"a text as value", "POST", "/jobs", ibm_job({pub_of(small_program(), one_row({0.1, "x"}), 5)}), 400,
       1337},
      {"unknown name", "POST", "/jobs", ibm_job({pub_of(small_program(), {{"a0", 0.1}, {"b", 0.1}}, 5)}), 400,
       1337},
      {"names missing", "POST", "/jobs", ibm_job({pub_of(small_program(), Json::object({{"a0", 0.1}}), 5)}),
       400, 1337},
      {"damaged array", "POST", "/jobs",
       ibm_job({pub_of(small_program(), {{"__type__", "ndarray"}, {"__value__", "AAAA"}}, 5)}), 400, 1337},
      {"QPY", "POST", "/jobs",
       ibm_job({Json::array({Json{{"__type__", "QuantumCircuit"}, {"__value__", "AAAA"}}, nullptr, 5})}), 400,
       1337},
      {"no program", "POST", "/jobs", ibm_job({Json::array({"hello", nullptr, 5})}), 400, 1337},
      {"no measurement", "POST", "/jobs",
       ibm_job({Json::array({"OPENQASM 3.0; include \"stdgates.inc\"; qubit[1] q; x q[0];", nullptr, 5})}),
       400, 1337},
      {"session of another", "POST", "/jobs", small_job({{"session_id", "abc"}}), 404, 1337},
      {"odd session", "POST", "/sessions", {{"mode", "other"}}, 400, 1337},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const WireReply reply = client.ibm(row.method, row.path, row.body);
    CAPTURE(reply.body);
    CHECK(reply.status == row.status);
    const Json json = json_of(reply);
    CHECK(json["errors"][0]["code"] == row.code);
    CHECK(json["trace"].is_string());
  }
  for (const char* body : {"", "{", "[]", "nul", "{\"program_id\": \"\xff\"}"}) {
    INFO(body);
    CHECK(client.send("POST", "/api/v1/jobs", body, client.ibm_headers()).status == 400);
  }
  const std::string deep(100'000, '[');
  CHECK(client.send("POST", "/api/v1/jobs", deep, client.ibm_headers()).status == 400);
  auto headers = client.ibm_headers();
  headers.erase("service-crn");
  CHECK(client.send("GET", "/api/v1/backends", "", headers).status == 400);
  CHECK(client.send("GET", "/api/v1/backends").status == 401);
  CHECK(client.send("GET", "/v1/backends", "", client.ibm_headers()).status == 200);
}

TEST_CASE("IBM's job runs through its states as its status is looked at", "[emulator]") {
  EmulatorOptions options;
  options.queue = parse_queue_model("polls:2");
  EmulatorClient client(options);
  const std::string id = submit_to(client, small_job());
  for (const char* state : {"Queued", "Queued", "Running", "Running", "Completed", "Completed"}) {
    if (std::string(state) != "Completed") CHECK(client.ibm("GET", "/jobs/" + id + "/results").status == 204);
    const Json job = json_of(client.ibm("GET", "/jobs/" + id));
    CHECK(job["state"]["status"] == state);
    for (const char* key : {"id", "status", "program", "created", "cost"}) CHECK(job.contains(key));
    CHECK(job["program"]["id"] == "sampler");
    CHECK(job["cost"].is_number_integer());
  }
  CHECK(client.ibm("GET", "/jobs/" + id + "/results").status == 200);
  CHECK(client.ibm("GET", "/jobs/" + id + "/logs").status == 200);
  CHECK(json_of(client.ibm("GET", "/jobs/" + id + "/metrics"))["timestamps"]["finished"].is_string());
  CHECK(client.ibm("POST", "/jobs/" + id + "/cancel").status == 409);
  CHECK(client.ibm("DELETE", "/jobs/" + id).status == 204);
  CHECK(client.ibm("GET", "/jobs/" + id).status == 404);

  const std::string second = submit_to(client, small_job());
  CHECK(client.ibm("DELETE", "/jobs/" + second).status == 409);
  CHECK(client.ibm("POST", "/jobs/" + second + "/cancel").status == 204);
  CHECK(json_of(client.ibm("GET", "/jobs/" + second))["status"] == "Cancelled");
  CHECK(client.ibm("GET", "/jobs/" + second + "/results").status == 404);
}

TEST_CASE("A queue by seconds follows the clock", "[emulator]") {
  double now = 0;
  EmulatorOptions options;
  options.clock = [&now] { return now; };
  options.queue = parse_queue_model("seconds:10");
  EmulatorClient client(options);
  const std::string id = submit_to(client, small_job());
  for (const auto& [at, state] :
       {std::pair{0.0, "Queued"}, {9.0, "Queued"}, {11.0, "Running"}, {21.0, "Completed"}}) {
    now = at;
    CHECK(json_of(client.ibm("GET", "/jobs/" + id))["status"] == state);
  }
  for (const char* text : {"polls", "polls:1.5", "polls:-1", "hours:1", "seconds:x", ""})
    CHECK_THROWS_AS(parse_queue_model(text), Error);
}

TEST_CASE("IBM's jobs are found by their tags, in pages", "[emulator]") {
  EmulatorClient client(at_once());
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(submit_to(client, small_job({{"tags", {"all", "number-" + std::to_string(i)}}})));
  const auto listed = [&](const std::string& query) {
    const Json reply = json_of(client.ibm("GET", "/jobs?" + query));
    std::vector<std::string> found;
    for (const Json& job : reply["jobs"]) found.push_back(job["id"]);
    return std::pair(found, reply["count"].get<int>());
  };
  CHECK(listed("tags=number-3") == std::pair(std::vector{ids[3]}, 1));
  CHECK(listed("tags=all&tags=number-1") == std::pair(std::vector{ids[1]}, 1));
  CHECK(listed("tags=nobody").second == 0);
  CHECK(listed("sort=ASC&limit=2&offset=1") == std::pair(std::vector{ids[1], ids[2]}, 5));
  CHECK(listed("limit=1") == std::pair(std::vector{ids[4]}, 5));
  CHECK(listed("pending=true").second == 0);
  CHECK(client.ibm("PUT", "/jobs/" + ids[0] + "/tags", {{"tags", {"other"}}}).status == 204);
  CHECK(listed("tags=other") == std::pair(std::vector{ids[0]}, 1));
}

TEST_CASE("IBM's samples are the executor's counts, whatever form the values have", "[emulator]") {
  const DeviceProgram program = small_program();
  const std::vector<double> values{0.3, 1.1, 0.7, -0.4};
  const auto expected = Executor({}, 7).run({program, 2, values}, 50, sweep_key("a-tag", 0));
  struct Row {
    const char* what;
    Json values;
    bool nested;  ///< the shape of the rows is [2], else [2, 1]
  };
  const Row rows[] = {
      {"nested lists", {{0.3, 1.1}, {0.7, -0.4}}, true},
      {"by name", {{"a0", {0.3, 0.7}}, {"a1", {1.1, -0.4}}}, true},
      {"packed", {{"__type__", "ndarray"}, {"__value__", pack_array(npy_doubles({2, 2}, values))}}, true},
      {"packed with two axes",
       {{"__type__", "ndarray"}, {"__value__", pack_array(npy_doubles({2, 1, 2}, values))}},
       false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    EmulatorClient client(at_once());
    const std::string id = submit_to(client, ibm_job({pub_of(program, row.values, 50)}));
    const Json data = json_of(client.ibm("GET", "/jobs/" + id + "/results"))["results"][0]["data"]["c"];
    CHECK(data["num_bits"] == 3);
    REQUIRE(data["samples"].size() == 2);
    for (std::size_t r = 0; r < 2; ++r) {
      const Json& samples = data["samples"][r];
      CHECK(counts_of(row.nested ? samples : samples[0], 3) == expected[r]);
    }
  }
}

TEST_CASE("Qiskit's results hold the same shots, packed, the last byte with bits 0 to 7", "[emulator]") {
  DeviceProgram wide;
  wide.name = "wide";
  wide.qubits = 11;
  wide.ops = {{DeviceGate::x, 0, -1, {}}, {DeviceGate::x, 9, -1, {}}, {DeviceGate::ry, 4, -1, {1.0, {}}}};
  for (int q = 0; q < 11; ++q) wide.measured.push_back(q);
  EmulatorClient client(at_once());
  const std::string id =
      submit_to(client, ibm_job({pub_of(wide, nullptr, 20)}, {{"params", {{"support_qiskit", true}}}}));
  const Json result = json_of(client.ibm("GET", "/jobs/" + id + "/results"));
  CHECK(result["__type__"] == "PrimitiveResult");
  const Json& bin = result["__value__"]["pub_results"][0]["__value__"]["data"]["__value__"];
  CHECK(bin["field_names"] == Json{"c"});
  CHECK(bin["shape"] == Json::array());
  const Json& bits = bin["fields"]["c"]["__value__"];
  CHECK(bits["num_bits"] == 11);
  const NpyArray array = unpack_array(bits["array"]["__value__"].get<std::string>(), 1000, "array");
  CHECK(array.type == "|u1");
  CHECK(array.shape == std::vector<std::size_t>{20, 2});
  for (std::size_t shot = 0; shot < 20; ++shot) {
    CHECK(array.bytes[2 * shot] == 2);                // bit 9
    CHECK((array.bytes[2 * shot + 1] & ~0x10) == 1);  // bit 0; bit 4 is random
  }
}

TEST_CASE("Every classical register has its own bits", "[emulator]") {
  const std::string text =
      "OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[3] q;\nbit[2] low; // bit[9] none\nbit high;\n"
      "x q[1];\nx q[2];\nlow[0] = measure q[0];\nlow[1] = measure q[1];\nhigh = measure q[2];\n";
  EmulatorClient client(at_once());
  const std::string id = submit_to(client, ibm_job({Json::array({text, nullptr, 4})}));
  const Json data = json_of(client.ibm("GET", "/jobs/" + id + "/results"))["results"][0]["data"];
  CHECK(data["low"] == Json{{"num_bits", 2}, {"samples", {"0x2", "0x2", "0x2", "0x2"}}});
  CHECK(data["high"] == Json{{"num_bits", 1}, {"samples", {"0x1", "0x1", "0x1", "0x1"}}});
}

TEST_CASE("A backend with basis and coupling refuses programs that are not made for it", "[emulator]") {
  EmulatorOptions options = at_once();
  options.target = {"emulated", 4, {DeviceGate::cz, DeviceGate::rz, DeviceGate::sx}, {{0, 1}, {1, 2}}};
  EmulatorClient client(options);
  struct Row {
    const char* what;
    std::vector<DeviceOp> ops;
    bool physical;
    bool fits;
  };
  const Row rows[] = {
      {"native", {{DeviceGate::sx, 1, -1, {}}, {DeviceGate::cz, 2, 1, {}}}, true, true},
      {"logical qubits", {{DeviceGate::sx, 1, -1, {}}}, false, false},
      {"a gate that is not native", {{DeviceGate::ry, 1, -1, {0.1, {}}}}, true, false},
      {"a pair that is not coupled", {{DeviceGate::cz, 0, 2, {}}}, true, false},
      {"too many qubits", {{DeviceGate::sx, 4, -1, {}}}, true, false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    DeviceProgram program;
    program.name = "isa";
    program.qubits = 5;
    if (row.fits) program.qubits = 3;
    program.physical = row.physical;
    program.ops = row.ops;
    program.measured = {1};
    const WireReply reply = client.ibm("POST", "/jobs", ibm_job({pub_of(program, nullptr, 5)}));
    CAPTURE(reply.body);
    CHECK(reply.status == (row.fits ? 200 : 400));
    if (!row.fits) CHECK(json_of(reply)["errors"][0]["code"] == 1517);
  }
  options.target.basis.push_back(DeviceGate::rzz);
  EmulatorClient turning(options);
  for (const auto& [angle, fits] : {std::pair{0.0, true}, {1.57, true}, {-0.1, false}, {1.6, false}}) {
    CAPTURE(angle);
    DeviceProgram program{"isa", 2, true, {}, {{DeviceGate::rzz, 0, 1, {angle, {}}}}, {1}};
    const WireReply reply = turning.ibm("POST", "/jobs", ibm_job({pub_of(program, nullptr, 5)}));
    CAPTURE(reply.body);
    CHECK(reply.status == (fits ? 200 : 400));
    if (!fits) CHECK(json_of(reply)["errors"][0]["code"] == 1517);
  }
  const Json configuration = json_of(client.ibm("GET", "/backends/emulated/configuration"));
  CHECK(configuration["n_qubits"] == 4);
  CHECK(configuration["coupling_map"] == Json{{0, 1}, {1, 2}});
  CHECK(configuration["basis_gates"] == Json{"id", "cz", "rz", "sx"});
}

TEST_CASE("The properties of IBM's backend are the noise model's numbers", "[emulator]") {
  EmulatorOptions options = at_once();
  options.target = {"emulated", 3, {DeviceGate::cz, DeviceGate::sx}, {{0, 1}, {1, 2}}};
  // A depolarising channel of p has the average infidelity p (1 - 1 / dim).
  options.noise.gates = {{Gate::rx, {}, {{depolarising(0.02, 1), -1}, {depolarising(0.02, 1), -1}}, 2},
                         {Gate::cz, {}, {{depolarising(0.04, 2), -1}}, 1}};
  options.noise.readout = {0.01, 0.03};
  options.noise.readout_of[1] = {0.1, 0.2};
  EmulatorClient client(options);
  const Json json = json_of(client.ibm("GET", "/backends/emulated/properties"));
  REQUIRE(json["qubits"].size() == 3);
  const auto value = [](const Json& list, const char* name) {
    for (const Json& entry : list)
      if (entry["name"] == name) return entry["value"].get<double>();
    return -1.0;
  };
  CHECK(value(json["qubits"][0], "prob_meas1_prep0") == 0.01);
  CHECK(value(json["qubits"][1], "prob_meas0_prep1") == 0.2);
  for (const Json& gate : json["gates"])
    CHECK(value(gate["parameters"], "gate_error") ==
          Approx(gate["gate"] == "cz" ? 0.04 * 0.75 : 0.02 * 0.5).epsilon(1e-9));
}

TEST_CASE("IBM's sessions take jobs until they are closed", "[emulator]") {
  EmulatorClient client{EmulatorOptions{}};
  const Json session =
      json_of(client.ibm("POST", "/sessions", {{"mode", "dedicated"}, {"backend", "emulated"}}));
  const std::string id = session["id"];
  CHECK(session["backend_name"] == "emulated");
  const std::string first = submit_to(client, small_job({{"session_id", id}}));
  CHECK(json_of(client.ibm("GET", "/jobs?session_id=" + id))["count"] == 1);
  CHECK(client.ibm("PATCH", "/sessions/" + id, {{"accepting_jobs", false}}).status == 200);
  CHECK(client.ibm("POST", "/jobs", small_job({{"session_id", id}})).status == 400);
  CHECK(client.ibm("DELETE", "/sessions/" + id + "/close").status == 204);
  CHECK(json_of(client.ibm("GET", "/jobs/" + first))["status"] == "Cancelled");
}
