// SPDX-License-Identifier: Apache-2.0
// Readers of a device's properties must take any bytes: they return properties by which a small program is
// laid out on parts that may be used, or refuse with an Error of one short line.
#include <cmath>

#include "hardware/transpile/device_quality.h"
#include "hardware/transpile/properties_json.h"
#include "hardware/transpile/target_json.h"
#include "hardware/transpile/transpile.h"
#include "runtime/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace qmtl {
namespace {

/// A line of three qubits, all read.
DeviceProgram small_program() {
  const DeviceGate turn = device_rotation("Y"), pair = device_gate(controlled_gate('Z'));
  DeviceProgram program;
  program.name = "small";
  program.qubits = 3;
  for (int q = 0; q < 3; ++q) program.ops.push_back({turn, q, -1, {0.3 + q, {}}});
  program.ops.push_back({pair, 0, 1, {}});
  program.ops.push_back({pair, 1, 2, {}});
  program.measured = {0, 1, 2};
  return program;
}

void check_layout(const DeviceTarget& target) {
  TranspileResult result;
  try {
    result = transpile(small_program(), target);
  } catch (const Error& error) {
    return require(error.code() == Exit::usage, "what does not fit is the request's fault");
  }
  const DeviceQuality quality(target, result.program.qubits, DeviceQuality::Avoid::dead);
  for (const DeviceOp& op : result.program.ops)
    require(op.q1 < 0 ? quality.usable(op.q0) : quality.usable(op.gate, op.q0, op.q1),
            "no dead part is used");
  const double product = result.success.product();
  require(std::isfinite(product) && product >= 0 && product <= 1, "the estimate is a probability");
}

}  // namespace

void fuzz_one(std::string_view input) {
  DeviceTarget target;
  DeviceProperties properties;
  try {
    properties = parse_properties(input, "input");
    target = target_of_properties(input, "input");
  } catch (const Error& error) {
    check_refusal(error, 400);
  }
  if (target.qubits > 0 && !target.basis.empty() && !target.coupling.empty()) check_layout(target);
  if (!properties.known()) return;
  DeviceTarget line{"line", 4, {}, {{0, 1}, {1, 2}, {2, 3}}};
  set_basis(line, "cz,rz,sx,x");
  line.properties = properties;
  check_layout(line);
}

std::vector<std::string> fuzz_seeds() {
  const std::string time = R"("unit":"us","value":)";
  const std::string qubit = R"([{"name":"T1",)" + time + R"(150.5},{"name":"T2",)" + time +
                            R"(80},{"name":"readout_error","unit":"","value":0.02},)"
                            R"({"name":"prob_meas0_prep1","value":0.03},{"name":"operational","value":1}])";
  std::string gates;
  for (int q = 0; q < 4; ++q)
    gates +=
        R"({"gate":"sx","qubits":[)" + std::to_string(q) +
        R"(],"parameters":[{"name":"gate_error","value":0.0003},{"name":"gate_length","unit":"ns","value":32}]},)"
        R"({"gate":"rz","qubits":[)" +
        std::to_string(q) + R"(],"parameters":[]},)";
  for (int q = 0; q < 3; ++q)
    gates += std::string(q > 0 ? "," : "") + R"({"gate":"cz","qubits":[)" + std::to_string(q) + "," +
             std::to_string(q + 1) + R"(],"parameters":[{"name":"gate_error","value":)" +
             (q == 1 ? "null" : "0.004") + R"(},{"name":"gate_length","unit":"ns","value":68}]})";
  return {
      R"({"backend_name":"b","qubits":[)" + qubit + "," + qubit + "," + qubit + "," + qubit +
          R"(],"gates":[)" + gates + "]}",
      R"({"observations":[{"dut_field":"metrics.irb.cz.crf.QB1__QB2.fidelity:par=d2","value":0.99,"invalid":false},)"
      R"({"dut_field":"metrics.rb.prx.drag.QB2.fidelity","value":0.999},)"
      R"({"dut_field":"metrics.ssro.measure.constant.QB1.error_0_to_1","value":0.01},)"
      R"({"dut_field":"metrics.ssro.measure.constant.QB3.fidelity","value":0.97},)"
      R"({"dut_field":"characterization.model.QB1.t1_time","value":4e-5},)"
      R"({"dut_field":"gates.cz.crf.QB1__QB2.duration","value":4e-8}]})"};
}

}  // namespace qmtl
