// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "hardware/formats/qasm_writer.h"
#include "hardware/http/text_codes.h"
#include "tests/hardware/emulator_client.h"

// Programs, jobs and emulators that the emulator's tests share.

/// Three qubits, two inputs; bit 0 reads qubit 2.
inline qmtl::DeviceProgram small_program() {
  qmtl::DeviceProgram program;
  program.name = "small";
  program.qubits = 3;
  program.inputs = {"a0", "a1"};
  program.ops = {{qmtl::DeviceGate::ry, 0, -1, {0.0, {{0, 1.0}}}},
                 {qmtl::DeviceGate::ry, 1, -1, {0.5, {{1, -2.0}}}},
                 {qmtl::DeviceGate::cz, 0, 1, {}},
                 {qmtl::DeviceGate::x, 2, -1, {}}};
  program.measured = {2, 0, 1};
  return program;
}

inline nlohmann::json pub_of(const qmtl::DeviceProgram& program, const nlohmann::json& values,
                             std::int64_t shots) {
  return nlohmann::json::array({qmtl::write_qasm3(program), values, shots});
}

inline nlohmann::json ibm_job(const std::vector<nlohmann::json>& pubs,
                              const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json job{
      {"program_id", "sampler"},
      {"backend", "emulated"},
      {"tags", {"a-tag"}},
      {"params",
       {{"pubs", pubs}, {"version", 2}, {"support_qiskit", false}, {"options", nlohmann::json::object()}}}};
  job.merge_patch(more);
  return job;
}

/// [[values]].
inline nlohmann::json one_row(const std::vector<nlohmann::json>& values) {
  return nlohmann::json::array({nlohmann::json(values)});
}

inline nlohmann::json small_job(const nlohmann::json& more = nlohmann::json::object()) {
  return ibm_job({pub_of(small_program(), {{0.3, 1.1}, {0.7, -0.4}}, 50)}, more);
}

inline nlohmann::json ionq_job(const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json job{
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

inline qmtl::EmulatorOptions at_once() {
  qmtl::EmulatorOptions options;
  options.queue = qmtl::parse_queue_model("none");
  options.seed = 7;
  return options;
}

inline qmtl::EmulatorOptions with_faults(std::initializer_list<const char*> rules) {
  qmtl::EmulatorOptions options = at_once();
  for (const char* rule : rules) options.faults.push_back(qmtl::parse_fault(rule));
  return options;
}

inline std::string submit_to(EmulatorClient& client, const nlohmann::json& job) {
  const qmtl::WireReply reply = client.ibm("POST", "/jobs", job);
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  return json_of(reply)["id"];
}

/// Counts of plain samples.
inline qmtl::Counts counts_of(const nlohmann::json& samples, int bits) {
  qmtl::Counts counts;
  for (const nlohmann::json& sample : samples) {
    const auto value = std::stoul(sample.get<std::string>(), nullptr, 16);
    std::string text;
    for (int bit = bits; bit-- > 0;) text += value >> bit & 1 ? '1' : '0';
    ++counts[text];
  }
  return counts;
}

struct EmulatorFolder {
  std::filesystem::path path;
  explicit EmulatorFolder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / ("qmtl-" + name + qmtl::random_hex(8))) {
    std::filesystem::create_directories(path);
  }
  ~EmulatorFolder() { std::filesystem::remove_all(path); }
};
