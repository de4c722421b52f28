// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "hardware/emulator/server.h"
#include "hardware/endpoint_config.h"
#include "hardware/transpile/transpile.h"
#include "tests/hardware/emulator_client.h"
#include "tests/hardware/endpoint_checks.h"

using namespace qmtl;

namespace {

/// An emulator on a socket and the endpoint that reaches it.
struct IonqCase {
  explicit IonqCase(EmulatorOptions options, std::map<std::string, std::string> settings = {})
      : server(EmulatorClient::with_key(std::move(options)), "127.0.0.1", 0) {
    setenv("QMTL_TEST_IONQ_KEY", EmulatorClient::key, 1);
    settings["url"] = "http://127.0.0.1:" + std::to_string(server.port());
    settings["api_key_env"] = "QMTL_TEST_IONQ_KEY";
    endpoint = make_endpoint({"ionq", EndpointSettings("test", std::move(settings)), {}});
  }

  EmulatorServer server;
  std::unique_ptr<Endpoint> endpoint;
};

EmulatorOptions emulated_ionq(std::initializer_list<const char*> faults = {},
                              IonqResultForm form = IonqResultForm::urls) {
  EmulatorOptions options;
  options.target.qubits = 8;
  options.queue = parse_queue_model("none");
  options.ionq_results = form;
  for (const char* rule : faults) options.faults.push_back(parse_fault(rule));
  return options;
}

/// Reads qubit 2, which is turned by the input, as bit 0, and qubit 0, which is 1, as bit 1.
DeviceJob turned_ionq_job(std::vector<double> angles) {
  DeviceProgram program;
  program.name = "turned";
  program.qubits = 3;
  program.inputs = {"a0"};
  program.ops = {{DeviceGate::x, 0, -1, {}}, {DeviceGate::ry, 2, -1, {0.0, {{0, 1.0}}}}};
  program.measured = {2, 0};
  return {"qmtl-test-1", {{program, angles.size(), angles}}, 4000};
}

}  // namespace

TEST_CASE("IonQ's results of both generations become counts of the program's own bits", "[ionq]") {
  struct Row {
    const char* backend;
    IonqResultForm form;
  };
  for (const Row& row :
       {Row{"simulator", IonqResultForm::urls}, Row{"simulator", IonqResultForm::artifacts},
        Row{"qpu.forte-1", IonqResultForm::urls}, Row{"qpu.forte-1", IonqResultForm::artifacts}}) {
    INFO(row.backend << ", form " << static_cast<int>(row.form));
    IonqCase at(emulated_ionq({}, row.form), {{"backend", row.backend}});
    CHECK(at.endpoint->info().target.qubits == 8);
    CHECK(at.endpoint->info().paid == (std::string(row.backend) != "simulator"));
    const DeviceJob job = turned_ionq_job({0.0, 1.2, M_PI});
    const std::string id = at.endpoint->submit(job);
    CHECK(at.endpoint->find(job.tag) == std::vector<std::string>{id});
    CHECK(at.endpoint->find("another").empty());
    CHECK(at.endpoint->status(id).state == JobState::completed);
    const JobResult result = at.endpoint->fetch(id, job);
    REQUIRE(result.counts.size() == 1);
    REQUIRE(result.counts[0].size() == 3);
    CHECK(share_of(result.counts[0][0], "10") == 1.0);
    CHECK(share_of(result.counts[0][2], "11") == Approx(1.0).margin(1e-12));
    const double expected = std::pow(std::sin(0.6), 2);
    // Five deviations of a share of 4000 shots.
    CHECK(std::abs(share_of(result.counts[0][1], "11") - expected) <
          5 * std::sqrt(expected * (1 - expected) / 4000));
    CHECK(at.endpoint->estimate(job).unit == "USD");
    CHECK((at.endpoint->estimate(job).amount > 0) == at.endpoint->info().paid);
    // Fetching again gives the same counts.
    CHECK(at.endpoint->fetch(id, job).counts == result.counts);
  }
}

TEST_CASE("Programs in native gates of IonQ give the same counts, in those that the backend has", "[ionq]") {
  struct Row {
    const char *backend, *noise_model, *gateset, *entangler;
    IonqResultForm form;
  };
  for (const Row& row : {Row{"simulator", "ideal", "native", "zz", IonqResultForm::urls},
                         Row{"simulator", "aria-1", "native", "ms", IonqResultForm::artifacts},
                         Row{"simulator", "ideal", "ms", "ms", IonqResultForm::urls},
                         Row{"qpu.forte-1", "", "native", "zz", IonqResultForm::artifacts},
                         Row{"qpu.aria-1", "", "native", "ms", IonqResultForm::urls}}) {
    INFO(row.backend << " " << row.gateset);
    std::map<std::string, std::string> settings{{"backend", row.backend}, {"gateset", row.gateset}};
    if (*row.noise_model) settings["noise_model"] = row.noise_model;
    IonqCase at(emulated_ionq({}, row.form), settings);
    DeviceJob job = turned_ionq_job({0.0, 1.2, M_PI});
    Sweep& sweep = job.sweeps[0];
    sweep.program.ops.push_back({DeviceGate::cx, 2, 1, {}});
    sweep.program.measured = {2, 1, 0};
    sweep.program = transpile(sweep.program, at.endpoint->info().target).program;
    const JobResult result = at.endpoint->fetch(at.endpoint->submit(job), job);
    CHECK(share_of(result.counts[0][0], "100") == 1.0);
    CHECK(share_of(result.counts[0][2], "111") == Approx(1.0).margin(1e-12));
    const double expected = std::pow(std::sin(0.6), 2);
    // Five deviations of a share of 4000 shots.
    CHECK(std::abs(share_of(result.counts[0][1], "111") - expected) <
          5 * std::sqrt(expected * (1 - expected) / 4000));
  }
  // What the other system has is refused by the service.
  IonqCase wrong(emulated_ionq(), {{"backend", "qpu.forte-1"}, {"gateset", "ms"}});
  DeviceJob job = turned_ionq_job({0.3});
  job.sweeps[0].program.ops.push_back({DeviceGate::cx, 2, 0, {}});
  job.sweeps[0].program = transpile(job.sweeps[0].program, wrong.endpoint->info().target).program;
  CHECK_THROWS_WITH(wrong.endpoint->submit(job), Catch::Contains("'ms'"));
  CHECK_THROWS_WITH(IonqCase(emulated_ionq(), {{"gateset", "rigetti"}}),
                    Catch::Contains("gateset: expected qis, native, ms or zz, found 'rigetti'"));
}

TEST_CASE("Shots that leaked are dropped and circuits that failed are named", "[ionq]") {
  const DeviceJob job = turned_ionq_job({0.3, 0.9});
  IonqCase leaking(emulated_ionq({"GET /jobs/*/artifacts/*:*=leakage"}, IonqResultForm::artifacts),
                   {{"backend", "qpu.forte-1"}});
  const JobResult leaked = leaking.endpoint->fetch(leaking.endpoint->submit(job), job);
  CHECK(leaked.dropped == 2);

  IonqCase failing(emulated_ionq({"POST /jobs:1=partial-failure"}), {{"backend", "qpu.forte-1"}});
  const JobResult partial = failing.endpoint->fetch(failing.endpoint->submit(job), job);
  REQUIRE(partial.missing.size() == 1);
  CHECK(partial.missing[0].find("row 1") != std::string::npos);
  CHECK(partial.counts[0][1].empty());
  CHECK_FALSE(partial.counts[0][0].empty());
}

TEST_CASE("A submit whose answer is lost is uncertain, and its job is found by the tag", "[ionq]") {
  for (const char* rule :
       {"POST /jobs:1=drop-before", "POST /jobs:1=drop-during", "POST /jobs:1=drop-after"}) {
    INFO(rule);
    IonqCase at(emulated_ionq({rule}));
    const DeviceJob job = turned_ionq_job({0.3});
    CHECK(fault_of([&] { at.endpoint->submit(job); }) == EndpointFault::uncertain);
    CHECK(at.endpoint->find(job.tag).size() == (std::string(rule).ends_with("before") ? 0 : 1));
  }
}

TEST_CASE("Answers of IonQ that make no sense are malformed, late ones not ready", "[ionq]") {
  struct Row {
    const char* rule;
    EndpointFault fault;
    IonqResultForm form = IonqResultForm::urls;
  };
  for (const Row& row :
       {Row{"GET probabilities:*=truncate-json", EndpointFault::malformed},
        Row{"GET probabilities:*=not-json", EndpointFault::malformed},
        Row{"GET probabilities:*=results-late", EndpointFault::not_ready},
        Row{"GET /jobs/*/artifacts/*:*=wrong-sum", EndpointFault::malformed, IonqResultForm::artifacts}}) {
    INFO(row.rule);
    IonqCase at(emulated_ionq({row.rule}, row.form), {{"backend", "qpu.forte-1"}});
    const DeviceJob job = turned_ionq_job({0.3});
    const std::string id = at.endpoint->submit(job);
    CHECK(fault_of([&] { at.endpoint->fetch(id, job); }, EmulatorClient::key) == row.fault);
  }
}

TEST_CASE("A wrong key and an unknown backend of IonQ are refused", "[ionq]") {
  IonqCase at(emulated_ionq(), {{"backend", "qpu.nothing"}});
  CHECK_THROWS_WITH(at.endpoint->info(), Catch::Contains("qpu.nothing"));
  setenv("QMTL_TEST_IONQ_WRONG", "another-key", 1);
  const auto wrong = make_endpoint(
      {"ionq",
       EndpointSettings("test", {{"url", "http://127.0.0.1:" + std::to_string(at.server.port())},
                                 {"api_key_env", "QMTL_TEST_IONQ_WRONG"}}),
       {}});
  CHECK(fault_of([&] { wrong->submit(turned_ionq_job({0.1})); }, "another-key") == EndpointFault::refused);
}
