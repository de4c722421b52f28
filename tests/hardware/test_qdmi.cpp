// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

#include "hardware/endpoint_config.h"
#include "hardware/endpoints/makers.h"
#include "hardware/executor.h"
#include "hardware/mitigation/probe.h"
#include "tests/hardware/endpoint_checks.h"
#include "tests/hardware/random_program.h"

using namespace qmtl;

namespace {

using Values = std::map<std::string, std::string>;

std::unique_ptr<Endpoint> open(Values values) {
  return make_qdmi_endpoint({"qdmi", EndpointSettings("qdmi.toml", std::move(values)), {}});
}

/// The fake device library of a version; `mode` is what it shall do wrong.
Values fake(bool lists, const std::string& mode = "") {
  Values values{{"library", lists ? QMTL_FAKE_QDMI_14 : QMTL_FAKE_QDMI_13},
                {"prefix", lists ? "FAKE14" : "FAKE13"},
                {"format", "qasm2"}};
  if (!mode.empty()) values["custom1"] = mode;
  return values;
}

/// Rows of inputs; qubit 0 reads 1 where the first input is beyond a right angle, qubit 2 likewise the
/// second.
DeviceJob turning_job(std::vector<double> values) {
  DeviceProgram program;
  program.name = "turning";
  program.qubits = 3;
  program.physical = true;
  program.inputs = {"a0", "a1"};
  program.ops = {{DeviceGate::ry, 0, -1, {0.0, {{0, 1.0}}}}, {DeviceGate::ry, 2, -1, {0.0, {{1, 1.0}}}}};
  program.measured = {0, 1, 2};
  const std::size_t rows = values.size() / 2;
  return {"tag", {{program, rows, std::move(values)}}, 100};
}

}  // namespace

TEST_CASE("A QDMI library of either version executes a sweep row by row", "[qdmi]") {
  for (bool lists : {false, true}) {
    INFO("lists of programs: " << lists);
    const auto endpoint = open(fake(lists));
    CHECK(endpoint->info().backend == "fake device");
    CHECK(endpoint->info().target.qubits == 3);
    CHECK(endpoint->info().target.basis == std::vector{DeviceGate::ry, DeviceGate::cz});
    CHECK(endpoint->info().target.coupling == std::vector<std::pair<int, int>>{{0, 1}, {1, 2}});
    CHECK_FALSE(endpoint->info().paid);
    const DeviceJob job = turning_job({3.0, 0.0, 0.0, 3.0, 0.1, 0.1});
    const std::string id = endpoint->submit(job);
    CHECK(endpoint->find("tag") == std::vector{id});
    CHECK(endpoint->status(id).state == JobState::completed);
    const JobResult result = endpoint->fetch(id, job);
    REQUIRE(result.counts.size() == 1);
    CHECK(result.counts[0] ==
          std::vector<Counts>{{{"001", 99}, {"000", 1}}, {{"100", 99}, {"000", 1}}, {{"000", 100}}});
    // It is repeated when it is fetched again: the process that submitted may have ended.
    CHECK(open(fake(lists, "no-operations"))->info().target.basis.empty());
  }
}

TEST_CASE("The probe finds a QDMI device's reversed bits, and a setting turns them round", "[qdmi]") {
  for (const auto& [setting, finding] :
       {std::pair{"false", ProbeFinding::reversed}, {"true", ProbeFinding::ok}}) {
    Values values = fake(true, "reversed");
    values["reversed_bits"] = setting;
    const auto endpoint = open(values);
    const std::vector<int> qubits{0, 1, 2};
    const DeviceJob job{"probe", {{probe_program(qubits, endpoint->info().target), 1, {}}}, 100};
    CHECK(check_probe(endpoint->fetch(endpoint->submit(job), job).counts[0][0], 3) == finding);
  }
}

TEST_CASE("Jobs of a QDMI device elsewhere are found again by their id", "[qdmi]") {
  for (bool lists : {false, true}) {
    Values values = fake(lists, "slow");
    values["remote"] = "true";
    const DeviceJob job = turning_job({3.0, 0.0});
    std::string id;
    {
      const auto endpoint = open(values);
      CHECK(endpoint->info().paid);
      CHECK(endpoint->info().limits.rows == 1);
      CHECK(endpoint->estimate(job).amount == 100.0);
      id = endpoint->submit(job);
      CHECK(endpoint->status(id).state == JobState::queued);
    }
    const auto later = open(values);  // another session, as of another process
    CHECK(fault_of([&] { later->fetch(id, job); }) == EndpointFault::not_ready);
    CHECK(later->status(id).state == JobState::completed);
    CHECK(later->fetch(id, job).counts[0][0] == Counts{{"001", 99}, {"000", 1}});
    CHECK(fault_of([&] { later->status("job-99999"); }) == EndpointFault::refused);
    CHECK(fault_of([&] { later->find("tag"); }) == EndpointFault::refused);
    Values looked = values;
    looked["lost_are_absent"] = "true";
    CHECK(open(looked)->find("tag").empty());
    CHECK(fault_of([&] { later->submit(turning_job({3.0, 0.0, 0.0, 0.0})); }) == EndpointFault::refused);
    const std::string second = later->submit(job);
    later->cancel(second);
    CHECK(later->status(second).state == JobState::cancelled);
    CHECK(fault_of([&] { later->fetch(second, job); }) == EndpointFault::refused);
  }
}

TEST_CASE("What a QDMI library does wrong becomes the right kind of error", "[qdmi]") {
  const DeviceJob job = turning_job({3.0, 0.0});
  struct Wrong {
    const char* mode;
    bool remote;
    EndpointFault fault;
  };
  for (bool lists : {false, true})
    for (const Wrong& wrong : {Wrong{"refuse-submit", true, EndpointFault::refused},
                               {"lose-submit", true, EndpointFault::uncertain},
                               {"lose-submit", false, EndpointFault::refused},
                               {"fail-job", true, EndpointFault::refused},
                               {"fail-job", false, EndpointFault::refused},
                               {"hang", false, EndpointFault::transient},
                               {"wrong-bits", false, EndpointFault::malformed},
                               {"lost-shots", false, EndpointFault::malformed},
                               {"fewer-values", false, EndpointFault::malformed}}) {
      INFO(wrong.mode << ", remote " << wrong.remote << ", lists " << lists);
      Values values = fake(lists, wrong.mode);
      values["remote"] = wrong.remote ? "true" : "false";
      const auto endpoint = open(values);
      CHECK(fault_of([&] { endpoint->fetch(endpoint->submit(job), job); }) == wrong.fault);
    }
  CHECK(fault_of([] { open(fake(true, "old")); }) == EndpointFault::refused);
  CHECK(fault_of([] { open(fake(true, "strange-gates")); }) == EndpointFault::refused);
  CHECK(fault_of([] { open(fake(true, "needs-token")); }) == EndpointFault::refused);
  CHECK_NOTHROW(open(fake(true)));  // the failures left nothing behind
}

TEST_CASE("A QDMI device gets the token that the settings name", "[qdmi]") {
  Values values = fake(true, "needs-token");
  values["api_key_env"] = "QMTL_TEST_QDMI_TOKEN";
  values["remote"] = "true";
  setenv("QMTL_TEST_QDMI_TOKEN", "right", 1);
  CHECK_NOTHROW(open(values));
  setenv("QMTL_TEST_QDMI_TOKEN", "secretbutwrong", 1);
  try {
    open(values);
    FAIL("expected an error");
  } catch (const EndpointError& error) {
    CHECK(std::string(error.what()).find("PERMISSIONDENIED") != std::string::npos);
    CHECK(std::string(error.what()).find("secretbutwrong") == std::string::npos);
  }
  unsetenv("QMTL_TEST_QDMI_TOKEN");
}

TEST_CASE("Where a QDMI library's settings lead elsewhere, whether its jobs cost must be said", "[qdmi]") {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"base_url", "https://centre.example", "base_url"},
      {"auth_url", "https://centre.example/token", "auth_url"},
      {"auth_file", "/home/me/tokens.json", "auth_file"},
      {"api_key_env", "QMTL_TEST_QDMI_TOKEN", "an API key"},
      {"custom2", "s3://bucket/folder", "an address"},
      {"custom3", "arn:aws:braket:::device/quantum-simulator/amazon/sv1", "an ARN"},
      {"base_url", "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1", "an ARN"}};
  setenv("QMTL_TEST_QDMI_TOKEN", "right", 1);
  for (const auto& [key, value, words] : cases) {
    INFO(key << " = " << value);
    Values values = fake(true);
    values[key] = value;
    CHECK_THROWS_WITH(open(values), Catch::Contains("remote: expected true") && Catch::Contains(words));
    values["remote"] = "true";
    // Beyond this refusal it is the library's business what it takes.
    std::unique_ptr<Endpoint> opened;
    try {
      opened = open(values);
    } catch (const Error& error) {
      CHECK_THAT(error.what(), !Catch::Contains("remote: expected"));
    }
    if (opened) CHECK(opened->info().paid);
  }
  Values device = fake(true);
  device["custom1"] = "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1";
  device["remote"] = "false";
  CHECK_THROWS_WITH(open(device), Catch::Contains("found false"));
  unsetenv("QMTL_TEST_QDMI_TOKEN");
}

TEST_CASE("Settings of a QDMI endpoint that are wrong are refused by their name", "[qdmi]") {
  const auto with = [](const std::string& key, const std::string& value) {
    Values values = fake(true);
    values[key] = value;
    return values;
  };
  CHECK_THROWS_WITH(open(with("library", "/nowhere/device.so")), Catch::Contains("/nowhere/device.so"));
  CHECK_THROWS_WITH(open(with("prefix", "OTHER")), Catch::Contains("OTHER_QDMI_device_initialize"));
  CHECK_THROWS_WITH(open(with("format", "qir")), Catch::Contains("format"));
  CHECK_THROWS_WITH(open(with("remote", "yes")), Catch::Contains("remote"));
  CHECK_THROWS_WITH(open(with("timeout", "0")), Catch::Contains("timeout"));
  CHECK_THROWS_WITH(open(with("shots", "7")), Catch::Contains("shots"));
  Values elsewhere = with("auth_url", "http://a");
  elsewhere["remote"] = "true";
  CHECK_THROWS_WITH(open(elsewhere), Catch::Contains("AUTHURL"));
}

TEST_CASE("An independent QDMI device agrees with the exact distribution", "[qdmi]") {
  const char* library = std::getenv("QMTL_QDMI_LIBRARY");
  if (library == nullptr) {
    WARN("skipped: QMTL_QDMI_LIBRARY names no device library (prefix in QMTL_QDMI_PREFIX)");
    return;
  }
  const char* prefix = std::getenv("QMTL_QDMI_PREFIX");
  for (const char* format : {"qasm2", "qasm3"}) {
    const auto endpoint = open(
        {{"library", library}, {"prefix", prefix != nullptr ? prefix : "MQT_DDSIM"}, {"format", format}});
    const std::vector<int> qubits{0, 1, 2};
    const DeviceJob probe{"probe", {{probe_program(qubits, endpoint->info().target), 1, {}}}, 200};
    CHECK_NOTHROW(
        require_probe(endpoint->fetch(endpoint->submit(probe), probe).counts[0][0], 3, endpoint->info()));

    DeviceJob job{"work", {}, 4000};
    for (unsigned seed = 0; seed < 5; ++seed) job.sweeps.push_back({random_program(seed, 4, 20), 1, {}});
    const JobResult result = endpoint->fetch(endpoint->submit(job), job);
    for (std::size_t s = 0; s < job.sweeps.size(); ++s) {
      const std::vector<double> p = Executor({}, 1).probabilities(job.sweeps[s])[0];
      double distance = 0.0;
      for (std::size_t bits = 0; bits < p.size(); ++bits) {
        std::string read;
        for (std::size_t c = 0; c < 4; ++c) read.insert(read.begin(), (bits >> c & 1) != 0 ? '1' : '0');
        const auto found = result.counts[s][0].find(read);
        const double seen = found == result.counts[s][0].end() ? 0.0 : static_cast<double>(found->second);
        const double expected = 4000.0 * p[bits];
        if (expected < 1e-9) CHECK(seen == 0.0);
        if (expected >= 5.0) distance += (seen - expected) * (seen - expected) / expected;
      }
      INFO(format << ", program " << s);
      // Chi square with at most 15 degrees of freedom passes 50 once in 100000 times.
      CHECK(distance < 50.0);
    }
  }
}
