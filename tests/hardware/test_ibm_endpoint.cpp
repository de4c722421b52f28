// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "hardware/emulator/server.h"
#include "hardware/endpoint_config.h"
#include "hardware/transpile/topologies.h"
#include "hardware/transpile/transpile.h"
#include "tests/hardware/device_oracle.h"
#include "tests/hardware/emulator_client.h"
#include "tests/hardware/endpoint_checks.h"

using namespace qmtl;

namespace {

/// An emulator on a socket and the endpoint that reaches it.
struct IbmCase {
  explicit IbmCase(EmulatorOptions options, std::map<std::string, std::string> settings = {})
      : server(EmulatorClient::with_key(std::move(options)), "127.0.0.1", 0) {
    setenv("QMTL_TEST_IBM_KEY", EmulatorClient::key, 1);
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    settings.insert({{"url", url + "/api/v1"},
                     {"iam_url", url},
                     {"crn", EmulatorClient::crn},
                     {"backend", "emulated"},
                     {"api_key_env", "QMTL_TEST_IBM_KEY"}});
    endpoint = make_endpoint({"ibm", EndpointSettings("test", std::move(settings)), {}});
  }

  EmulatorServer server;
  std::unique_ptr<Endpoint> endpoint;
};

EmulatorOptions emulated(std::initializer_list<const char*> faults = {}) {
  EmulatorOptions options;
  options.target.name = "emulated";
  options.target.qubits = 5;
  options.target.basis = {DeviceGate::cz, DeviceGate::rz, DeviceGate::sx, DeviceGate::x, DeviceGate::rx};
  options.target.coupling = {{0, 1}, {1, 0}, {1, 2}, {2, 1}, {2, 3}, {3, 2}, {3, 4}, {4, 3}};
  options.queue = parse_queue_model("none");
  for (const char* rule : faults) options.faults.push_back(parse_fault(rule));
  return options;
}

/// Reads qubit 3, which is turned by the inputs' sum, as bit 0, and qubit 1, which is 1, as bit 1.
DeviceJob turned(std::vector<double> angles) {
  DeviceProgram program;
  program.name = "turned";
  program.qubits = 5;
  program.physical = true;
  program.inputs = {"a0000", "a0001"};
  program.ops = {{DeviceGate::x, 1, -1, {}}, {DeviceGate::rx, 3, -1, {0.25, {{0, 1.0}, {1, 2.0}}}}};
  program.measured = {3, 1};
  DeviceProgram fixed = program;
  fixed.name = "fixed";
  fixed.inputs.clear();
  fixed.ops.pop_back();
  return {"qmtl-test-1", {{program, angles.size() / 2, angles}, {fixed, 1, {}}}, 4000};
}

}  // namespace

/// The forms in which jobs are sent and results come back.
using Form = std::map<std::string, std::string>;
const std::vector<Form> forms{{}, {{"results", "samples"}}, {{"results", "packed"}, {"parameters", "lists"}}};

TEST_CASE("A whole sweep goes to IBM in one item or PUB and comes back the same in every encoding", "[ibm]") {
  std::vector<std::vector<Counts>> first;
  for (const Form& form : forms) {
    INFO((form.empty() ? "executor" : form.at("results")));
    IbmCase at(emulated(), form);
    CHECK(at.endpoint->info().target.qubits == 5);
    CHECK(at.endpoint->info().target.coupling.size() == 8);
    const DeviceJob job = turned({-0.25, 0.0, 0.45, 0.25, M_PI - 0.25, 0.0});
    const std::string id = at.endpoint->submit(job);
    CHECK(at.endpoint->find(job.tag) == std::vector<std::string>{id});
    CHECK(at.endpoint->find("another").empty());
    CHECK(at.endpoint->status(id).state == JobState::completed);
    const JobResult result = at.endpoint->fetch(id, job);
    REQUIRE(result.counts.size() == 2);
    REQUIRE(result.counts[0].size() == 3);
    CHECK(share_of(result.counts[0][0], "10") == 1.0);
    CHECK(share_of(result.counts[0][2], "11") == 1.0);
    CHECK(share_of(result.counts[1][0], "10") == 1.0);
    const double expected = std::pow(std::sin(0.6), 2);
    // Five deviations of a share of 4000 shots.
    CHECK(std::abs(share_of(result.counts[0][1], "11") - expected) <
          5 * std::sqrt(expected * (1 - expected) / 4000));
    if (first.empty()) first = result.counts;
    CHECK(result.counts == first);
    CHECK(result.cost.has_value());
    CHECK(at.endpoint->estimate(job).seconds > 0);
  }
}

TEST_CASE("An access token that is no longer valid is replaced once", "[ibm]") {
  IbmCase at(emulated({"GET status:1=expire-token"}));
  const DeviceJob job = turned({0.1, 0.1});
  at.endpoint->info();
  at.endpoint->estimate(job);  // its answer lets the tokens expire
  const std::string id = at.endpoint->submit(job);
  CHECK(at.endpoint->find(job.tag) == std::vector<std::string>{id});
}

TEST_CASE("IBM's refusals, lost answers, late and damaged results have their own faults", "[ibm]") {
  const DeviceJob job = turned({0.1, 0.1});
  for (const char* rule :
       {"POST /jobs:1=drop-before", "POST /jobs:1=drop-during", "POST /jobs:1=drop-after"}) {
    INFO(rule);
    IbmCase at(emulated({rule}));
    CHECK(fault_of([&] { at.endpoint->submit(job); }, EmulatorClient::key) == EndpointFault::uncertain);
    CHECK(at.endpoint->find(job.tag).size() == (std::string(rule).ends_with("before") ? 0 : 1));
  }
  struct Row {
    const char* rule;
    Form form;
    EndpointFault fault;
  };
  const Form executor, samples{{"results", "samples"}}, packed{{"results", "packed"}};
  for (const Row& row : {Row{"GET results:*=results-late", executor, EndpointFault::not_ready},
                         Row{"GET results:*=truncate-json", executor, EndpointFault::malformed},
                         Row{"GET results:*=wrong-sum", executor, EndpointFault::malformed},
                         Row{"GET results:*=bad-zlib", executor, EndpointFault::malformed},
                         Row{"GET results:*=results-late", samples, EndpointFault::not_ready},
                         Row{"GET results:*=truncate-json", samples, EndpointFault::malformed},
                         Row{"GET results:*=not-json", samples, EndpointFault::malformed},
                         Row{"GET results:*=wrong-sum", samples, EndpointFault::malformed},
                         Row{"GET results:*=wrong-sum", packed, EndpointFault::malformed},
                         Row{"GET results:*=bad-zlib", packed, EndpointFault::malformed},
                         Row{"POST /jobs:1=fail-job", samples, EndpointFault::refused}}) {
    INFO(row.rule << ", " << (row.form.empty() ? "executor" : row.form.at("results")));
    IbmCase at(emulated({row.rule}), row.form);
    const std::string id = at.endpoint->submit(job);
    CHECK(fault_of([&] { at.endpoint->fetch(id, job); }, EmulatorClient::key) == row.fault);
  }
  IbmCase busy(emulated({"POST /jobs:1=429,retry-after=1"}));
  CHECK(fault_of([&] { busy.endpoint->submit(job); }, EmulatorClient::key) == EndpointFault::transient);
  DeviceJob wrong = job;
  wrong.sweeps[0].program.ops.push_back({DeviceGate::cz, 0, 4, {}});
  IbmCase at(emulated());
  CHECK(fault_of([&] { at.endpoint->submit(wrong); }, EmulatorClient::key) == EndpointFault::refused);
}

TEST_CASE("Bits of a device that reverses them come back reversed", "[ibm]") {
  // What the probe of a replay must see.
  IbmCase at(emulated({"GET results:*=reverse-bits"}));
  const DeviceJob job = turned({-0.25, 0.0});
  const std::string id = at.endpoint->submit(job);
  CHECK(share_of(at.endpoint->fetch(id, job).counts[0][0], "01") == 1.0);
}

TEST_CASE("A job's cap is in its request, and the service ends a job there", "[ibm]") {
  for (const auto& [price, most_cost, seconds] :
       {std::tuple{"", 7.9, 7}, {"1.6", 16.0, 10}, {"", 1.0, 1}, {"", 1e9, 10800}}) {
    CAPTURE(price, most_cost);
    IbmCase at(emulated(), std::string(price).empty()
                               ? std::map<std::string, std::string>{}
                               : std::map<std::string, std::string>{{"price_per_second", price}});
    DeviceJob job = turned({0.1, 0.1});
    job.most_cost = most_cost;
    const std::string id = at.endpoint->submit(job);
    const JobStatus status = at.endpoint->status(id);
    // The emulated device takes 1 s and 0.25 ms for each of 8000 executions.
    CHECK(status.state == (seconds < 3 ? JobState::cancelled : JobState::completed));
    const double unit = std::string(price).empty() ? 1.0 : 1.6;
    REQUIRE(status.cost);
    CHECK(*status.cost == Approx(unit * std::min(3.0, static_cast<double>(seconds))));
    if (seconds < 3) CHECK(status.detail.find("1305") != std::string::npos);
  }
}

TEST_CASE("A charge that is pending is none, and one that was told may grow", "[ibm]") {
  IbmCase at(emulated({"POST /jobs:1=late-charge,polls=2", "POST /jobs:2=double-charge"}));
  DeviceJob job = turned({0.1, 0.1});
  const std::string late = at.endpoint->submit(job);
  CHECK_FALSE(at.endpoint->status(late).cost);
  CHECK_FALSE(at.endpoint->status(late).cost);
  CHECK(at.endpoint->status(late).cost == 3.0);
  job.tag = "qmtl-test-2";
  const std::string twice = at.endpoint->submit(job);
  CHECK(at.endpoint->status(twice).cost == 3.0);
  CHECK(at.endpoint->status(twice).cost == 6.0);
}

TEST_CASE("A dedicated session counts from its first job until it is closed", "[ibm]") {
  double clock = 1e9;
  EmulatorOptions options = emulated();
  options.clock = [&clock] { return clock; };
  IbmCase at(options, {{"session", "dedicated"}});
  const std::string id = at.endpoint->open_session(500.0);
  at.endpoint->use_session(id);
  clock += 100;  // nothing runs yet
  CHECK(at.endpoint->session(id).cost == 0.0);
  at.endpoint->submit(turned({0.1, 0.1}));
  clock += 60;
  CHECK(at.endpoint->session(id).cost == 60.0);
  CHECK(at.endpoint->session(id).accepts);
  at.endpoint->close_session(id);
  clock += 100;
  const DeviceSession closed = at.endpoint->session(id);
  CHECK(closed.ended);
  CHECK(closed.cost == 60.0);
}

TEST_CASE("Results in the form of another program are read all the same", "[ibm]") {
  // A job that was sent before its endpoint file changed.
  EmulatorServer server(EmulatorClient::with_key(emulated()), "127.0.0.1", 0);
  const auto endpoint = [&](const Form& form) {
    setenv("QMTL_TEST_IBM_KEY", EmulatorClient::key, 1);
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port());
    Form settings{{"url", url},
                  {"iam_url", url},
                  {"crn", EmulatorClient::crn},
                  {"backend", "emulated"},
                  {"api_key_env", "QMTL_TEST_IBM_KEY"}};
    settings.insert(form.begin(), form.end());
    return make_endpoint({"ibm", EndpointSettings("test", std::move(settings)), {}});
  };
  const DeviceJob job = turned({0.1, 0.1});
  for (const Form& sent : forms)
    for (const Form& fetched : forms)
      CHECK(endpoint(fetched)->fetch(endpoint(sent)->submit(job), job).counts.size() == 2);
  CHECK_THROWS_WITH(endpoint({{"program", "estimator"}}), Catch::Contains("executor or sampler"));
  CHECK_THROWS_WITH(endpoint({{"program", "executor"}, {"results", "packed"}}), Catch::Contains("sampler"));
}

TEST_CASE("QRMI's variables are the default configuration", "[ibm]") {
  IbmCase at(emulated());
  DeviceJob job = turned({0.1, 0.1});
  job.tag = "qmtl-test-2";
  at.endpoint->submit(job);
  const std::string url = "http://127.0.0.1:" + std::to_string(at.server.port());
  for (const auto& [variable, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"QRMI_JOB_QPU_RESOURCES", "emulated"},
           {"emulated_QRMI_IBM_QCS_ENDPOINT", url + "/api"},
           {"emulated_QRMI_IBM_QCS_IAM_ENDPOINT", url},
           {"emulated_QRMI_IBM_QCS_IAM_APIKEY", EmulatorClient::key},
           {"emulated_QRMI_IBM_QCS_SERVICE_CRN", EmulatorClient::crn}})
    setenv(variable, value.c_str(), 1);
  const auto configured = make_endpoint({"ibm", EndpointSettings("test", {}), {}});
  CHECK(configured->find("qmtl-test-2").size() == 1);
  unsetenv("QRMI_JOB_QPU_RESOURCES");
}

TEST_CASE("A turn of a pair is one rzz on a backend that lists it, unless fractional gates are not wanted",
          "[ibm]") {
  // cx rz cx between rotations that a sample turns, which no device may have as angles of rzz.
  DeviceProgram logical;
  logical.name = "pair";
  logical.qubits = 2;
  logical.inputs = {"a0", "a1"};
  logical.ops = {{DeviceGate::ry, 0, -1, {0.0, {{0, 1.0}}}},
                 {DeviceGate::ry, 1, -1, {0.3, {{1, 1.0}}}},
                 {DeviceGate::cx, 0, 1, {}},
                 {DeviceGate::rz, 1, -1, {0.7, {}}},
                 {DeviceGate::cx, 0, 1, {}},
                 {DeviceGate::rx, 0, -1, {1.2, {}}},
                 {DeviceGate::ry, 1, -1, {-0.8, {}}}};
  logical.measured = {0, 1};
  const std::vector<double> angles{0.9, 0.4};
  const std::vector<double> expected = oracle::device_probabilities(logical, angles);
  EmulatorOptions options = emulated();
  options.target.basis.push_back(DeviceGate::rzz);
  for (const bool fractional : {true, false}) {
    CAPTURE(fractional);
    IbmCase at(options, fractional ? std::map<std::string, std::string>{}
                                   : std::map<std::string, std::string>{{"fractional_gates", "false"}});
    const DeviceProgram program = transpile(logical, at.endpoint->info().target).program;
    std::vector<DeviceGate> pairs;
    for (const DeviceOp& op : program.ops)
      if (op.q1 >= 0) pairs.push_back(op.gate);
    CHECK(pairs == (fractional ? std::vector{DeviceGate::rzz} : std::vector{DeviceGate::cz, DeviceGate::cz}));
    const DeviceJob job{"qmtl-test-pair", {{program, 1, angles}}, 4000};
    const Counts counts = at.endpoint->fetch(at.endpoint->submit(job), job).counts[0][0];
    for (const auto& [bits, reading] : {std::pair{"00", 0}, {"01", 1}, {"10", 2}, {"11", 3}}) {
      const double p = expected[static_cast<std::size_t>(reading)];
      // Five deviations of a share of 4000 shots.
      CHECK(std::abs(share_of(counts, bits) - p) < 5 * std::sqrt(p * (1 - p) / 4000));
    }
  }
}

TEST_CASE("How well a backend works comes with its target, unless what the service says makes no sense",
          "[ibm]") {
  EmulatorOptions options = emulated();
  options.properties = R"({"qubits": [[{"name": "T1", "unit": "us", "value": 90}], []], "gates": [
      {"gate": "cz", "qubits": [0, 1], "parameters": [{"name": "gate_error", "value": 0.01}]}]})";
  const DeviceProperties found = IbmCase(options).endpoint->info().target.properties;
  REQUIRE(found.qubits.size() == 2);
  CHECK(*found.qubits[0].t1 == Approx(90e-6));
  CHECK_FALSE(found.qubits[1].t1);
  REQUIRE(found.gates.size() == 1);
  CHECK(found.gates[0].error == 0.01);
  options.properties = R"({"qubits": [[{"name": "T1", "value": 90}]], "gates": []})";
  IbmCase wrong(options);
  CHECK_THROWS_WITH(wrong.endpoint->info(), Catch::Contains("/properties") &&
                                                Catch::Contains("T1 of qubit 0") && Catch::Contains("none"));
}
