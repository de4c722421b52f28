// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "hardware/emulator/server.h"
#include "hardware/endpoint_config.h"
#include "hardware/formats/iqm.h"
#include "hardware/transpile/transpile.h"
#include "tests/hardware/device_oracle.h"
#include "tests/hardware/emulator_client.h"
#include "tests/hardware/endpoint_checks.h"
#include "tests/hardware/random_program.h"

using namespace qmtl;

namespace {

/// An emulator on a socket and the endpoint that reaches it.
struct IqmCase {
  explicit IqmCase(EmulatorOptions options, std::map<std::string, std::string> settings = {})
      : server(EmulatorClient::with_key(std::move(options)), "127.0.0.1", 0) {
    setenv("QMTL_TEST_IQM_KEY", EmulatorClient::key, 1);
    settings.insert({{"url", "http://127.0.0.1:" + std::to_string(server.port())},
                     {"api_key_env", "QMTL_TEST_IQM_KEY"},
                     {"retry_attempts", "1"}});
    endpoint = make_endpoint({"iqm", EndpointSettings("test", std::move(settings)), {}});
  }

  EmulatorServer server;
  std::unique_ptr<Endpoint> endpoint;
};

EmulatorOptions iqm_emulated(std::initializer_list<const char*> faults = {}) {
  EmulatorOptions options;
  options.target.name = "garnet";
  options.target.qubits = 5;
  options.target.coupling = {{0, 1}, {1, 2}, {2, 3}, {3, 4}};
  options.queue = parse_queue_model("none");
  for (const char* rule : faults) options.faults.push_back(parse_fault(rule));
  return options;
}

/// Qubit 3, turned by the input, is bit 0, and qubit 1, which is 1, bit 1.
DeviceJob iqm_turned(std::vector<double> angles) {
  DeviceProgram program;
  program.name = "turned";
  program.qubits = 5;
  program.physical = true;
  program.inputs = {"a0"};
  program.ops = {{DeviceGate::rx, 1, -1, {2 * half_pi, {}}}, {DeviceGate::rx, 3, -1, {0.0, {{0, 1.0}}}}};
  program.measured = {3, 1};
  const std::size_t rows = angles.size();
  return {"qmtl-test-1", {{program, rows, std::move(angles)}}, 4000};
}

/// Probabilities of a program from IQM's instructions alone: dense, with the matrices of the vendor's
/// documentation. Bit c of the index is the reading number c.
std::vector<double> iqm_probabilities(const nlohmann::ordered_json& circuit, std::size_t qubits) {
  using Complex = std::complex<double>;
  const auto number = [](const std::string& name) { return std::stoul(name.substr(2)) - 1; };
  std::vector<Complex> state(std::size_t{1} << qubits);
  state[0] = 1.0;
  std::vector<std::size_t> measured;
  for (const auto& instruction : circuit["instructions"]) {
    const auto& locus = instruction["locus"];
    const std::string name = instruction["name"];
    if (name == "measure") {
      for (const std::string qubit : locus) measured.push_back(number(qubit));
    } else if (name == "cz") {
      const std::size_t both = std::size_t{1} << number(locus[0]) | std::size_t{1} << number(locus[1]);
      for (std::size_t i = 0; i < state.size(); ++i)
        if ((i & both) == both) state[i] = -state[i];
    } else {
      REQUIRE(name == "prx");
      const double angle = instruction["args"]["angle"], phase = instruction["args"]["phase"];
      const std::size_t bit = std::size_t{1} << number(locus[0]);
      const Complex up = Complex(0, -1) * std::polar(std::sin(angle / 2), phase),
                    down = Complex(0, -1) * std::polar(std::sin(angle / 2), -phase);
      for (std::size_t i = 0; i < state.size(); ++i) {
        if (i & bit) continue;
        const Complex zero = state[i], one = state[i | bit];
        state[i] = std::cos(angle / 2) * zero + down * one;
        state[i | bit] = up * zero + std::cos(angle / 2) * one;
      }
    }
  }
  std::vector<double> probabilities(std::size_t{1} << measured.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    std::size_t reading = 0;
    for (std::size_t c = 0; c < measured.size(); ++c) reading |= (i >> measured[c] & 1) << c;
    probabilities[reading] += std::norm(state[i]);
  }
  return probabilities;
}

}  // namespace

TEST_CASE("Programs in prx and cz read what they should, after transpilation for a line of qubits", "[iqm]") {
  DeviceTarget target;
  target.name = "line";
  target.qubits = 5;
  target.basis.assign(std::begin(iqm_basis), std::end(iqm_basis));
  target.coupling = {{0, 1}, {1, 0}, {1, 2}, {2, 1}, {2, 3}, {3, 2}, {3, 4}, {4, 3}};
  std::vector<std::string> names;
  for (int q = 1; q <= 5; ++q) names.push_back("QB" + std::to_string(q));
  for (unsigned seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    const DeviceProgram program = random_program(seed, 4, 30);
    const DeviceProgram native = transpile(program, target).program;
    const auto circuit = iqm_circuit(native, names);
    const std::vector<double> found = iqm_probabilities(circuit, 5);
    const std::vector<double> expected = oracle::device_probabilities(program, std::vector<double>{});
    REQUIRE(found.size() == expected.size());
    // Rounding of some hundred products.
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-10);
    for (const auto& instruction : circuit["instructions"]) {
      if (instruction["name"] != "cz") continue;
      const int a = instruction["locus"][0].get<std::string>()[2],
                b = instruction["locus"][1].get<std::string>()[2];
      CHECK(std::abs(a - b) == 1);
    }
  }
}

TEST_CASE("A sweep goes to IQM's server as a batch of circuits and comes back in order", "[iqm]") {
  IqmCase at(iqm_emulated());
  const EndpointInfo& info = at.endpoint->info();
  CHECK(info.backend == "garnet");
  CHECK(info.paid);
  CHECK(info.target.qubits == 5);
  CHECK(info.target.coupling.size() == 8);
  const DeviceJob job = iqm_turned({0.0, 2 * half_pi, 1.2});
  CHECK(at.endpoint->estimate(job).amount == 12000);
  const std::string id = at.endpoint->submit(job);
  CHECK(at.endpoint->status(id).state == JobState::completed);
  const JobResult result = at.endpoint->fetch(id, job);
  REQUIRE(result.counts.size() == 1);
  REQUIRE(result.counts[0].size() == 3);
  CHECK(share_of(result.counts[0][0], "10") == 1.0);
  CHECK(share_of(result.counts[0][1], "11") == 1.0);
  const double expected = std::pow(std::sin(0.6), 2);
  // Five deviations of a share of 4000 shots.
  CHECK(std::abs(share_of(result.counts[0][2], "11") - expected) <
        5 * std::sqrt(expected * (1 - expected) / 4000));
}

TEST_CASE("IQM's refusals, lost answers, late and damaged results have their own faults", "[iqm]") {
  const DeviceJob job = iqm_turned({0.1});
  for (const char* rule : {"POST circuit:1=drop-before", "POST circuit:1=drop-after", "POST circuit:1=500"}) {
    INFO(rule);
    IqmCase at(iqm_emulated({rule}));
    at.endpoint->info();
    CHECK(fault_of([&] { at.endpoint->submit(job); }, EmulatorClient::key) == EndpointFault::uncertain);
    // No name of ours is known there: somebody must look.
    CHECK(fault_of([&] { at.endpoint->find(job.tag); }, EmulatorClient::key) == EndpointFault::refused);
  }
  struct Row {
    const char* rule;
    EndpointFault fault;
  };
  for (const Row& row : {Row{"GET measurement_counts:*=results-late", EndpointFault::not_ready},
                         Row{"GET measurement_counts:*=truncate-json", EndpointFault::malformed},
                         Row{"GET measurement_counts:*=not-json", EndpointFault::malformed},
                         Row{"GET measurement_counts:*=wrong-sum", EndpointFault::malformed},
                         Row{"GET measurement_counts:*=partial-failure", EndpointFault::malformed},
                         Row{"POST circuit:1=fail-job", EndpointFault::refused}}) {
    INFO(row.rule);
    IqmCase at(iqm_emulated({row.rule}));
    const std::string id = at.endpoint->submit(job);
    CHECK(fault_of([&] { at.endpoint->fetch(id, job); }, EmulatorClient::key) == row.fault);
  }
  IqmCase busy(iqm_emulated({"POST circuit:1=429,retry-after=1"}));
  CHECK(fault_of([&] { busy.endpoint->submit(job); }, EmulatorClient::key) == EndpointFault::transient);
  IqmCase at(iqm_emulated());
  DeviceJob wrong = job;
  wrong.sweeps[0].program.ops.push_back({DeviceGate::cz, 0, 4, {}});
  CHECK(fault_of([&] { at.endpoint->submit(wrong); }, EmulatorClient::key) == EndpointFault::refused);
  IqmCase other(iqm_emulated(), {{"quantum_computer", "emerald"}});
  CHECK(fault_of([&] { other.endpoint->info(); }, EmulatorClient::key) == EndpointFault::refused);
  IqmCase mine(iqm_emulated(), {{"lost_are_absent", "true"}});
  CHECK(mine.endpoint->find(job.tag).empty());
}

TEST_CASE("Reversed bits of an IQM server come back reversed, and waiting jobs are cancelled", "[iqm]") {
  IqmCase reversed(iqm_emulated({"GET measurement_counts:*=reverse-bits"}));
  const DeviceJob job = iqm_turned({0.0});
  CHECK(share_of(reversed.endpoint->fetch(reversed.endpoint->submit(job), job).counts[0][0], "01") == 1.0);
  EmulatorOptions options = iqm_emulated();
  options.queue = parse_queue_model("polls:5");
  IqmCase at(options);
  const std::string id = at.endpoint->submit(job);
  CHECK(at.endpoint->status(id).state == JobState::queued);
  CHECK(fault_of([&] { at.endpoint->fetch(id, job); }, EmulatorClient::key) == EndpointFault::not_ready);
  at.endpoint->cancel(id);
  CHECK(at.endpoint->status(id).state == JobState::cancelled);
}

TEST_CASE("What IQM's server says of its qubits and gates is read, unless a file says it", "[iqm]") {
  EmulatorOptions options = iqm_emulated();
  options.noise.gates = {{Gate::rx, {}, {{depolarising(0.02, 1), -1}}, 1},
                         {Gate::cz, {}, {{depolarising(0.04, 2), -1}}, 1}};
  options.noise.readout = {0.01, 0.03};
  options.noise.readout_of[1] = {0.1, 0.2};
  const IqmCase at(options);
  const DeviceProperties& known = at.endpoint->info().target.properties;
  REQUIRE(known.qubits.size() == 5);
  CHECK(known.qubits[0].readout_error.value() == Approx(0.02));
  CHECK(known.qubits[1].readout_error.value() == Approx(0.15));
  int pulses = 0, pairs = 0;
  for (const GateProperties& gate : known.gates) {
    ++(gate.q1 < 0 ? pulses : pairs);
    CHECK(gate.error.value() == Approx(gate.q1 < 0 ? 0.02 / 2 : 0.04 * 3 / 4).epsilon(1e-9));
  }
  CHECK(pulses == 5);
  CHECK(pairs == 4);

  const EndpointSettings settings("test", {{"url", "http://127.0.0.1:" + std::to_string(at.server.port())},
                                           {"api_key_env", "QMTL_TEST_IQM_KEY"}});
  DeviceProperties given;
  given.qubits.resize(5);
  given.qubits[2].readout_error = 0.25;
  CHECK(make_endpoint({"iqm", settings, {}, given})->info().target.properties == given);
}
