// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "io/config/config.h"
#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"

using namespace qmtl;

namespace {

std::string message_of(const std::string& text) {
  try {
    const Config config = parse_config(text, "c.toml");
    AnsatzSpec ansatz = config.model.head.ansatz;
    ansatz.qubits = 4;
    ansatz.stride = 1;
    ansatz.register_size = 2;
    build(ansatz);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
  return "no error";
}

std::string layer(const std::string& keys) {
  return "[circuit]\nqubits = 4\n[[circuit.layer]]\n" + keys + "\n";
}

}  // namespace

TEST_CASE("layers of a circuit read back from the text that they are written as", "[config][circuit]") {
  const Config config = parse_config(R"(
[circuit]
qubits = 4
[[circuit.layer]]
encode = "amplitude"
numbers = 13
[[circuit.layer]]
repeat = 3
upload = "rx"
gates = ["rz", "u", "h"]
entangler = "crx"
pattern = "line"
[[circuit.layer]]
upload = "rzz"
pattern = "full"
factor = 2.0
offset = 0.25
reflect = true
trained = "both"
[[circuit.layer]]
upload = "ry"
qubits = [3, 1]
inputs = [0, [1, 2]]
[[circuit.layer]]
entangler = "ccx"
pairs = [[0, 1, 2]]
[[circuit.layer]]
qasm = """
// a comment
cry(w[0]) q[0], q[1]; rx(0.5 * z[3] * z[1] + w[1] - pi) q[2];
"""
[[block.layer]]
gates = ["ry"]
[block]
observables = ["Z0"]
[task.a]
qubits = 2
observables = ["Z0", "X0 X1"]
scale = 1.0
bias = 0.0
[[task.a.layer]]
repeat = 2
gates = ["ry"]
[task.b]
output = "tanh"
range = [0.0, 5.0]
bias = 0.5
[task.c]
output = "raw"
)",
                                     "c.toml");
  const std::vector<CircuitLayer>& stage = config.model.head.ansatz.stage;
  REQUIRE(stage.size() == 6);
  CHECK(stage[0].encode == LayerEncoding::amplitude);
  CHECK(stage[0].numbers == 13);
  CHECK(stage[1].repeat == 3);
  CHECK(stage[1].upload == Gate::rx);
  CHECK(stage[1].gates == std::vector<Gate>{Gate::rz, Gate::u, Gate::h});
  CHECK(stage[2].reflect);
  CHECK((stage[2].train_weights && stage[2].train_offsets));
  CHECK(stage[3].inputs == std::vector<std::vector<int>>{{0}, {1, 2}});
  CHECK(stage[4].pairs == std::vector<std::vector<int>>{{0, 1, 2}});
  REQUIRE(stage[5].ops.size() == 2);
  CHECK(stage[5].ops[1].angles[0] == simplified({-2 * half_pi, {{0.5, -1, {1, 3}}, {1.0, 1, {}}}}));
  REQUIRE(config.model.tasks.size() == 3);
  CHECK(config.model.tasks[0].own_qubits == 2);
  CHECK_FALSE(config.model.tasks[0].output.train_scale);
  const OutputMap &bounded = config.model.tasks[1].output, &raw = config.model.tasks[2].output;
  CHECK((bounded.bounded() && bounded.low() == 0.0 && bounded.high() == 5.0));
  CHECK((bounded.trains_scale() && !bounded.trains_bias() && bounded.fixed_bias() == 0.5));
  CHECK((!raw.trains_scale() && !raw.trains_bias() && raw.fixed_scale() == 1.0 && raw.fixed_bias() == 0.0));
  const Config again = parse_config(to_toml(config), "c.toml");
  CHECK(again.model == config.model);
  CHECK(to_toml(again) == to_toml(config));
}

TEST_CASE("what no layer can be is refused with file, key and what was expected", "[config][circuit]") {
  for (const auto& [text, fragment] : std::vector<std::pair<std::string, std::string>>{
           {layer("gates = [\"rzz\"]"), "circuit.layer[0].gates[0]: expected "},
           {layer("gates = [\"hadamard\"]"), "found \"hadamard\""},
           {layer("upload = \"h\""), "circuit.layer[0].upload: expected "},
           {layer("entangler = \"rx\""), "circuit.layer[0].entangler: expected "},
           {layer("entangler = \"cz\"\npattern = \"rung\""), "circuit.layer[0].pattern"},
           {layer("entangler = \"cz\"\npairs = [[0, 4]]"),
            "circuit.layer[0].pairs[0][1] = 4: expected a position from 0 to 3"},
           {layer("entangler = \"cz\"\npairs = [[0, 0]]"), "twice"},
           {layer("entangler = \"ccx\""), "pairs = [[0, 1, 2], ...]"},
           {layer("upload = \"rx\"\ninputs = [0, 1]"), "expected 4 entries"},
           {layer("qubits = [4]\ngates = [\"ry\"]"), "circuit.layer[0].qubits[0] = 4"},
           {layer("qbits = [4]"), "qubits"},
           {layer("qasm = \"rx(z[0]) q[7];\""), "circuit.layer[0].qasm: qubit of gate 1 (rx) = 7"},
           {layer("qasm = \"foo q[0];\""), "circuit.layer[0].qasm:1:1: 'foo' is no gate"},
           {layer("qasm = \"for int i in [0:3] { h q[i]; }\""), "'for' is not supported"},
           {layer("qasm = \"qubit[2] q; bit[2] c; h q; c = measure q;\""),
            "circuit.layer[0].qasm:1:32: a measurement is not supported"},
           {layer("qasm = \"rx(w[0] + w[2]) q[0];\""), "the trained number w[1] is read by no gate"},
           {layer("qasm = \"input float a; input float b; qubit q; rx(a) q;\""), "trained number b"},
           {layer("qasm = \"rx(w[0] * w[1]) q[0];\""), "two trained numbers"},
           {layer("qasm = \"cx q[0];\""), "cx: expected 2 qubits, found 1"},
           {layer("encode = \"angles\""), "circuit.layer[0].encode"},
           {layer("encode = \"amplitude\"\nnumbers = 17"),
            "circuit.layer[0].numbers: expected at most 16 numbers as amplitudes of 4 qubits, found 17"},
           {layer("gates = [\"h\"]\n[[circuit.layer]]\nencode = \"amplitude\""),
            "circuit.layer[1].encode: amplitudes are prepared from |0...0>"},
           {"[circuit]\npreset = \"sim-20\"\n", "sim-2"},
           {"[circuit]\npreset = \"sim-2\"\n[[circuit.layer]]\ngates = [\"ry\"]\n", "expected one of them"},
           {"[block]\nobservables = [\"Z7\"]\n", "block.observables[0] = \"Z7\""},
           {"[task.a]\nscale = \"fixed\"\n", "task.a.scale: expected \"trained\" or a number"},
           {"[task.a]\noutput = \"sigmoid\"\n", "c.toml:2: task.a.output"},
           {"[task.a]\nscale = \"trained\"\noutput = \"raw\"\n",
            "task.a.output = \"raw\": the logit is the expectation"},
           {"[task.a]\noutput = \"raw\"\nbias = 0.5\n",
            "task.a.output = \"raw\": the logit is the expectation"}}) {
    CAPTURE(text);
    CHECK_THAT(message_of(text), Catch::Contains(fragment));
  }
}
