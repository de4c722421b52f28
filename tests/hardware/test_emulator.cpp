#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "hardware/formats/ionq.h"
#include "hardware/formats/npy.h"
#include "hardware/formats/qasm_writer.h"
#include "hardware/http/text_codes.h"
#include "runtime/model/philox.h"
#include "tests/hardware/emulator_client.h"

using namespace qmtl;
using Json = nlohmann::json;

namespace {

/// Three qubits, two inputs; bit 0 reads qubit 2.
DeviceProgram small_program() {
  DeviceProgram program;
  program.name = "small";
  program.qubits = 3;
  program.inputs = {"a0", "a1"};
  program.ops = {{DeviceGate::ry, 0, -1, {0.0, {{0, 1.0}}}},
                 {DeviceGate::ry, 1, -1, {0.5, {{1, -2.0}}}},
                 {DeviceGate::cz, 0, 1, {}},
                 {DeviceGate::x, 2, -1, {}}};
  program.measured = {2, 0, 1};
  return program;
}

Json pub_of(const DeviceProgram& program, const Json& values, std::int64_t shots) {
  return Json::array({write_qasm3(program), values, shots});
}

Json ibm_job(const std::vector<Json>& pubs, const Json& more = Json::object()) {
  Json job{
      {"program_id", "sampler"},
      {"backend", "emulated"},
      {"tags", {"a-tag"}},
      {"params", {{"pubs", pubs}, {"version", 2}, {"support_qiskit", false}, {"options", Json::object()}}}};
  job.merge_patch(more);
  return job;
}

/// [[values]].
Json one_row(const std::vector<Json>& values) { return Json::array({Json(values)}); }

Json small_job(const Json& more = Json::object()) {
  return ibm_job({pub_of(small_program(), {{0.3, 1.1}, {0.7, -0.4}}, 50)}, more);
}

Json ionq_job(const Json& more = Json::object()) {
  Json job{
      {"type", "ionq.circuit.v1"},
      {"backend", "simulator"},
      {"name", "a-name"},
      {"shots", 100},
      {"input",
       {{"qubits", 2},
        {"gateset", "qis"},
        {"circuit", {{{"gate", "h"}, {"target", 0}}, {{"gate", "cnot"}, {"control", 0}, {"target", 1}}}}}}};
  job.merge_patch(more);
  return job;
}

EmulatorOptions at_once() {
  EmulatorOptions options;
  options.queue = parse_queue_model("none");
  options.seed = 7;
  return options;
}

EmulatorOptions with_faults(std::initializer_list<const char*> rules) {
  EmulatorOptions options = at_once();
  for (const char* rule : rules) options.faults.push_back(parse_fault(rule));
  return options;
}

std::string submitted(EmulatorClient& client, const Json& job) {
  const WireReply reply = client.ibm("POST", "/jobs", job);
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  return json_of(reply)["id"];
}

/// Counts of plain samples.
Counts counts_of(const Json& samples, int bits) {
  Counts counts;
  for (const Json& sample : samples) {
    const auto value = std::stoul(sample.get<std::string>(), nullptr, 16);
    std::string text;
    for (int bit = bits; bit-- > 0;) text += value >> bit & 1 ? '1' : '0';
    ++counts[text];
  }
  return counts;
}

struct Folder {
  std::filesystem::path path;
  explicit Folder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / ("qmtl-" + name + random_hex(8))) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

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
      {"estimator", "POST", "/jobs", small_job({{"program_id", "estimator"}}), 400, 1337},
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
  const std::string id = submitted(client, small_job());
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

  const std::string second = submitted(client, small_job());
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
  const std::string id = submitted(client, small_job());
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
    ids.push_back(submitted(client, small_job({{"tags", {"all", "number-" + std::to_string(i)}}})));
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
    const std::string id = submitted(client, ibm_job({pub_of(program, row.values, 50)}));
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
      submitted(client, ibm_job({pub_of(wide, nullptr, 20)}, {{"params", {{"support_qiskit", true}}}}));
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
  const std::string id = submitted(client, ibm_job({Json::array({text, nullptr, 4})}));
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
  const std::string first = submitted(client, small_job({{"session_id", id}}));
  CHECK(json_of(client.ibm("GET", "/jobs?session_id=" + id))["count"] == 1);
  CHECK(client.ibm("PATCH", "/sessions/" + id, {{"accepting_jobs", false}}).status == 200);
  CHECK(client.ibm("POST", "/jobs", small_job({{"session_id", id}})).status == 400);
  CHECK(client.ibm("DELETE", "/sessions/" + id + "/close").status == 204);
  CHECK(json_of(client.ibm("GET", "/jobs/" + first))["status"] == "Cancelled");
}

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

TEST_CASE("Faults come when and where they are asked for", "[emulator]") {
  EmulatorClient client(with_faults(
      {"POST /jobs:1=429,retry-after=3", "POST /jobs:2-3=503", "GET /jobs/*/results:1=results-late",
       "GET status:*=500", "GET /backends:2=expire-token", "GET /versions:1=truncate-json",
       "GET /versions:2=not-json", "GET /versions:3=slow,seconds=2", "GET /versions:4=huge-body,bytes=5000",
       "GET /versions:5=drop-before", "GET /versions:6=drop-during", "GET /versions:7=drop-after"}));
  const WireReply first = client.ibm("POST", "/jobs", small_job());
  CHECK(first.status == 429);
  REQUIRE(first.headers.size() == 1);
  CHECK(first.headers[0] == std::pair<std::string, std::string>{"Retry-After", "3"});
  CHECK(client.ibm("POST", "/jobs", small_job()).status == 503);
  CHECK(client.ibm("POST", "/jobs", small_job()).status == 503);
  CHECK(json_of(client.ibm("GET", "/jobs"))["count"] == 0);
  const std::string id = submitted(client, small_job());
  CHECK(client.ibm("GET", "/jobs/" + id + "/results").status == 204);
  CHECK(client.ibm("GET", "/jobs/" + id + "/results").status == 200);
  CHECK(client.ibm("GET", "/backends/emulated/status").status == 500);
  CHECK(client.ibm("GET", "/backends").status == 200);
  CHECK(client.ibm("GET", "/backends").status == 401);
  client.bearer.clear();
  CHECK(client.ibm("GET", "/backends").status == 200);
  CHECK_THROWS(json_of(client.ibm("GET", "/versions")));
  CHECK(client.ibm("GET", "/versions").type == "text/html");
  CHECK(client.ibm("GET", "/versions").delay == 2);
  CHECK(client.ibm("GET", "/versions").blanks == 5000);
  CHECK(client.ibm("GET", "/versions").cut == WireCut::unanswered);
  CHECK(client.ibm("GET", "/versions").cut == WireCut::halfway);
  CHECK(client.ibm("GET", "/versions").cut == WireCut::unanswered);
  CHECK(client.ibm("GET", "/versions").cut == WireCut::none);
}

TEST_CASE("Faults in results: bits reversed, shots and programs missing, damaged arrays", "[emulator]") {
  EmulatorClient client(
      with_faults({"GET results:1=reverse-bits", "GET results:2=wrong-sum", "GET results:3=partial-failure",
                   "GET results:4=bad-zlib", "POST /jobs:3=fail-job"}));
  const Json pub = pub_of(small_program(), one_row({0.0, 0.25}), 9);  // bit 0 is 1 and the others 0
  const std::string plain = submitted(client, ibm_job({pub, pub}));
  const auto samples = [&] { return json_of(client.ibm("GET", "/jobs/" + plain + "/results"))["results"]; };
  CHECK(counts_of(samples()[0]["data"]["c"]["samples"][0], 3) == Counts{{"100", 9}});
  CHECK(counts_of(samples()[0]["data"]["c"]["samples"][0], 3) == Counts{{"001", 8}});
  CHECK(samples().size() == 1);
  const std::string tagged = submitted(client, ibm_job({pub}, {{"params", {{"support_qiskit", true}}}}));
  const Json result = json_of(client.ibm("GET", "/jobs/" + tagged + "/results"));
  const Json array = result["__value__"]["pub_results"][0]["__value__"]["data"]["__value__"]["fields"]["c"]
                           ["__value__"]["array"]["__value__"];
  CHECK_THROWS_AS(unpack_array(array.get<std::string>(), 10000, "array"), Error);
  const std::string failed = submitted(client, ibm_job({pub}));
  CHECK(json_of(client.ibm("GET", "/jobs/" + failed))["state"]["status"] == "Failed");

  EmulatorClient partial(with_faults({"POST /jobs:1=partial-failure"}));
  Json circuits = Json::array();
  for (int i = 0; i < 2; ++i)
    circuits.push_back({{"circuit", Json::array({{{"gate", "x"}, {"target", 0}}})}});
  const std::string id =
      json_of(partial.ionq("POST", "/jobs",
                           {{"type", "ionq.multi-circuit.v1"},
                            {"backend", "simulator"},
                            {"input", {{"qubits", 1}, {"gateset", "qis"}, {"circuits", circuits}}}}))["id"];
  const Json about = json_of(partial.ionq("GET", "/jobs/" + id));
  CHECK(json_of(partial.ionq("GET", "/jobs/" + id + "/results/probabilities")).size() == 1);
  CHECK(json_of(partial.ionq("GET", "/jobs/" + about["child_job_ids"][1].get<std::string>()))["status"] ==
        "failed");
}

TEST_CASE("Rules of faults that make no sense are refused", "[emulator]") {
  for (const char* text : {"", "POST", "POST /jobs", "POST /jobs:1", "POST /jobs:0=429", "POST /jobs:3-2=429",
                           "POST /jobs:x=429", "POST /jobs:1=magic", "POST /jobs:1=99",
                           "POST /jobs:1=slow,seconds", "POST /jobs:1=slow,colour=1", " /jobs:1=429"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_fault(text), Error);
  }
}

TEST_CASE("Faults are set while the emulator runs, by those who know the key", "[emulator]") {
  EmulatorClient client(at_once());
  const std::map<std::string, std::string> headers{{"authorization", "Bearer " + std::string(client.key)}};
  const std::string rules = R"({"faults": ["GET /versions:1=503"]})";
  CHECK(client.send("PUT", "/_emulator/faults", rules).status == 401);
  CHECK(client.ibm("GET", "/versions").status == 200);
  CHECK(client.send("PUT", "/_emulator/faults", R"({"faults": ["no"]})", headers).status == 400);
  CHECK(client.send("PUT", "/_emulator/faults", "{", headers).status == 400);
  CHECK(client.send("PUT", "/_emulator/faults", rules, headers).status == 200);
  CHECK(client.ibm("GET", "/versions").status == 503);
  CHECK(json_of(client.send("GET", "/_emulator/faults", "", headers))["faults"].size() == 1);
  CHECK(json_of(client.send("DELETE", "/_emulator/faults", "", headers))["faults"].empty());
}

TEST_CASE("The log has a line for every request, with job and tag, and no secrets", "[emulator]") {
  const Folder folder("log");
  EmulatorOptions options = with_faults({"POST /jobs:2=drop-before", "POST /jobs:3=drop-after"});
  options.log = (folder.path / "requests.jsonl").string();
  EmulatorClient client(options);
  const std::string id = submitted(client, small_job());
  client.ibm("POST", "/jobs", small_job({{"tags", {"second"}}}));
  client.ibm("POST", "/jobs", small_job({{"tags", {"third"}}}));
  client.ibm("GET", "/jobs?tags=third");
  client.ibm("GET", "/jobs/" + id);
  std::ifstream stream(options.log);
  std::string line, all;
  std::vector<Json> posts, lines;
  while (std::getline(stream, line)) {
    all += line;
    lines.push_back(Json::parse(line));
    if (lines.back()["method"] == "POST" && lines.back()["path"] == "/api/v1/jobs")
      posts.push_back(lines.back());
  }
  CHECK(lines.size() == 6);  // a token, three submits, a list, a look
  REQUIRE(posts.size() == 3);
  CHECK(posts[0]["job"] == id);
  CHECK(posts[0]["tag"] == "a-tag");
  CHECK(posts[0]["status"] == 200);
  CHECK(posts[1]["status"] == 0);
  CHECK_FALSE(posts[1].contains("job"));
  CHECK(posts[2]["tag"] == "third");
  CHECK(posts[2]["fault"] == "POST /jobs:3=drop-after");
  CHECK(lines[4]["tag"] == "third");
  CHECK(lines[5]["job"] == id);
  CHECK(all.find(client.key) == std::string::npos);
  CHECK(all.find(client.bearer) == std::string::npos);
}

TEST_CASE("Jobs are there again after a restart, with the same results", "[emulator]") {
  const Folder folder("state");
  EmulatorOptions options = at_once();
  options.state = folder.path.string();
  std::string ibm, ionq, before, before_ionq;
  {
    EmulatorClient client(options);
    ibm = submitted(client, small_job());
    ionq = json_of(client.ionq("POST", "/jobs", ionq_job({{"backend", "qpu.forte-1"}})))["id"];
    before = client.ibm("GET", "/jobs/" + ibm + "/results").body;
    before_ionq = client.ionq("GET", "/jobs/" + ionq + "/results/probabilities").body;
    client.ibm("POST", "/jobs", small_job({{"tags", {"gone"}}}));
    const std::string gone = json_of(client.ibm("GET", "/jobs?tags=gone"))["jobs"][0]["id"];
    CHECK(client.ibm("DELETE", "/jobs/" + gone).status == 204);
  }
  EmulatorClient client(options);
  CHECK(client.ibm("GET", "/jobs/" + ibm + "/results").body == before);
  CHECK(client.ionq("GET", "/jobs/" + ionq + "/results/probabilities").body == before_ionq);
  CHECK(json_of(client.ibm("GET", "/jobs"))["count"] == 1);
  std::ofstream(folder.path / "damaged.json") << "{";
  CHECK_THROWS_AS(EmulatorClient(options), Error);
}

TEST_CASE("Damaged requests are refused and never break the emulator", "[emulator]") {
  EmulatorOptions options = at_once();
  options.target.qubits = 20;
  EmulatorClient client(options);
  const std::string ibm = small_job().dump(), ionq = ionq_job().dump();
  const auto headers = client.ibm_headers();
  const int cases = 3000;
  for (std::uint32_t which = 0; which < cases; ++which) {
    const bool first = which % 2 == 0;
    std::string body = first ? ibm : ionq;
    const auto random = philox({which, 0, 0, 0}, {1, 2});
    // A byte changed, a piece taken out, doubled or moved to the end.
    const std::size_t at = random[0] % body.size(),
                      length = std::min<std::size_t>(random[1] % 20, body.size() - at);
    switch (random[2] % 4) {
      case 0:
        body[at] = static_cast<char>(random[3]);
        break;
      case 1:
        body.erase(at, length);
        break;
      case 2:
        body.insert(at, body.substr(at, length));
        break;
      default:
        body = body.substr(0, at);
    }
    INFO("case " << which << ": " << body);
    const WireReply reply = first ? client.send("POST", "/api/v1/jobs", body, headers)
                                  : client.send("POST", "/v0.4/jobs", body,
                                                {{"authorization", "apiKey " + std::string(client.key)}});
    // A change may leave a request that is as good as before.
    CHECK(reply.status < 500);
  }
}

TEST_CASE("A job that is too large to simulate fails, and the emulator goes on", "[emulator]") {
  // Every pair of 40 qubits is entangled: no order of execution keeps few of them alive.
  DeviceProgram program;
  program.name = "large";
  program.qubits = 40;
  for (int round = 0; round < 2; ++round)
    for (int a = 0; a < 40; ++a) {
      program.ops.push_back({DeviceGate::ry, a, -1, {0.3, {}}});
      for (int b = a + 1; b < 40; ++b) program.ops.push_back({DeviceGate::cx, a, b, {}});
    }
  for (int q = 0; q < 40; ++q) program.measured.push_back(q);
  EmulatorClient client(at_once());
  const std::string id = submitted(client, ibm_job({pub_of(program, nullptr, 5)}));
  CHECK(client.ibm("GET", "/jobs/" + id + "/results").status == 404);
  const Json about = json_of(client.ibm("GET", "/jobs/" + id));
  CHECK(about["state"]["status"] == "Failed");
  CHECK(about["state"]["reason"].get<std::string>().find("alive at once") != std::string::npos);
  CHECK(client.ibm("GET", "/backends").status == 200);
}

TEST_CASE("There is no emulator without a token", "[emulator]") {
  EmulatorOptions options;
  CHECK_THROWS_AS(Emulator(options), Error);
  options.token = "short";
  CHECK_THROWS_AS(Emulator(options), Error);
}
