// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fstream>

#include "hardware/formats/packed_array.h"
#include "runtime/base/philox.h"
#include "tests/hardware/emulator_jobs.h"

using namespace qmtl;
using Json = nlohmann::json;

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
  const std::string id = submit_to(client, small_job());
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
  const std::string plain = submit_to(client, ibm_job({pub, pub}));
  const auto samples = [&] { return json_of(client.ibm("GET", "/jobs/" + plain + "/results"))["results"]; };
  CHECK(counts_of(samples()[0]["data"]["c"]["samples"][0], 3) == Counts{{"100", 9}});
  CHECK(counts_of(samples()[0]["data"]["c"]["samples"][0], 3) == Counts{{"001", 8}});
  CHECK(samples().size() == 1);
  const std::string tagged = submit_to(client, ibm_job({pub}, {{"params", {{"support_qiskit", true}}}}));
  const Json result = json_of(client.ibm("GET", "/jobs/" + tagged + "/results"));
  const Json array = result["__value__"]["pub_results"][0]["__value__"]["data"]["__value__"]["fields"]["c"]
                           ["__value__"]["array"]["__value__"];
  CHECK_THROWS_AS(unpack_array(array.get<std::string>(), 10000, "array"), Error);
  const std::string failed = submit_to(client, ibm_job({pub}));
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
  const EmulatorFolder folder("log");
  EmulatorOptions options = with_faults({"POST /jobs:2=drop-before", "POST /jobs:3=drop-after"});
  options.log = (folder.path / "requests.jsonl").string();
  EmulatorClient client(options);
  const std::string id = submit_to(client, small_job());
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
  const EmulatorFolder folder("state");
  EmulatorOptions options = at_once();
  options.state = folder.path.string();
  std::string ibm, ionq, before, before_ionq;
  {
    EmulatorClient client(options);
    ibm = submit_to(client, small_job());
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

TEST_CASE("A kept job whose id is no file of the state folder is refused", "[emulator]") {
  const EmulatorFolder folder("state");
  const std::filesystem::path beside = folder.path.string() + "-beside.json";
  EmulatorOptions options = at_once();
  options.state = folder.path.string();
  nlohmann::json kept;
  {
    EmulatorClient client(options);
    const std::string id = submit_to(client, small_job());
    std::ifstream(folder.path / (id + ".json")) >> kept;
    std::filesystem::remove(folder.path / (id + ".json"));
  }
  const std::string good = kept["id"];
  for (const std::string& id :
       {"../" + folder.path.filename().string() + "-beside", std::string("a/b"), std::string(),
        std::string("."), std::string(good.size(), 'z'), "0" + good.substr(1) + "\n",
        std::string("01234567-0123-0123-0123-01234567890g")}) {
    INFO(id);
    kept["id"] = id;
    std::ofstream(folder.path / "kept.json") << kept.dump();
    CHECK_THROWS_WITH(EmulatorClient(options), Catch::Contains("kept.json") && Catch::Contains("id"));
    CHECK_FALSE(std::filesystem::exists(beside));
    // Nor under a name that is not its own.
    kept["id"] = good;
    std::ofstream(folder.path / "kept.json") << kept.dump();
    CHECK_THROWS_AS(EmulatorClient(options), Error);
  }
  std::filesystem::rename(folder.path / "kept.json", folder.path / (good + ".json"));
  EmulatorClient client(options);
  CHECK(json_of(client.ibm("GET", "/jobs"))["count"] == 1);
  for (const char* asked : {"/jobs/..", "/jobs/../x", "/jobs/%2e%2e%2fx", "/jobs/a%00b"}) {
    INFO(asked);
    CHECK(client.ibm("GET", asked).status == 404);
    CHECK(client.ibm("DELETE", asked).status == 404);
    CHECK(client.ionq("DELETE", asked).status == 404);
  }
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
  const std::string id = submit_to(client, ibm_job({pub_of(program, nullptr, 5)}));
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
