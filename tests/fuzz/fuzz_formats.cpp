// SPDX-License-Identifier: Apache-2.0
// Readers of circuits from strangers must take any bytes: they return a program that holds, or refuse with an
// Error of one short line that JSON can carry.

#include "hardware/emulator/ionq_reader.h"
#include "hardware/emulator/qasm_reader.h"
#include "hardware/formats/qasm_writer.h"
#include "runtime/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace qmtl {
namespace {

DeviceProgram read(std::string_view input) {
  if (!input.starts_with("{")) return read_qasm3(input, "input", {64, 10'000, 100});
  const auto json = nlohmann::json::parse(input, nullptr, false);
  if (json.is_discarded()) throw data_error("input: no JSON");
  return read_ionq(json, "input", 0, {64, 10'000});
}

}  // namespace

void fuzz_one(std::string_view input) {
  DeviceProgram program;
  try {
    program = read(input);
  } catch (const Error& error) {
    return check_refusal(error, 300);
  }
  try {
    require(!write_qasm3(program).empty(), "programs can be written again");
  } catch (const Error& error) {
    require(false, error.what());
  }
}

std::vector<std::string> fuzz_seeds() {
  return {
      "OPENQASM 3.0;\ninclude \"stdgates.inc\";\ngate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }\n"
      "input float[64] a0000;\ninput angle a0001;\nqubit[3] q;\nbit[2] c;\n"
      "ry(a0000 + 0.5 * a0001 - 1.25e-3) q[0];\nrzz(-(pi/2 - a0001)) q[0], q[1];\ncx q[1], q[2];\nh q;\n"
      "barrier q;\nc[0] = measure q[2];\nmeasure q[0] -> c[1];\n",
      "OPENQASM 3;\nbit[1] c;\nrz(0.1) $3;\nsx $3;\ncz $3, $0; // native\nu3(1, 2, 3) $0;\nc[0] = measure "
      "$3;\n",
      R"({"qubits":3,"gateset":"qis","circuit":[{"gate":"h","target":0},{"gate":"cnot","control":0,"target":1},)"
      R"({"gate":"rx","targets":[2],"rotation":0.25},{"gate":"xx","targets":[0,2],"rotation":-1.5},)"
      R"({"gate":"x","targets":[0,1,2]},{"gate":"swap","targets":[1,2]}]})",
  };
}

}  // namespace qmtl
