// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "hardware/emulator/ionq_reader.h"
#include "hardware/emulator/qasm_reader.h"
#include "runtime/base/error.h"
#include "tests/hardware/format_texts.h"

using namespace qmtl;

TEST_CASE("What OpenQASM 3 can say and devices here cannot do is refused with its line", "[formats]") {
  const std::pair<const char*, const char*> cases[] = {
      {"ccx q[0], q[1], q[0];", "twice"},
      {"ctrl @ x q[0], q[1];", "ctrl"},
      {"for int i in [0:3] { x q[0]; }", "for"},
      {"if (c[0]) x q[0];", "if"},
      {"reset q[0];", "reset"},
      {"gphase(0.3);", "gphase"},
      {"gate mine a { x a; } mine q[0], q[1];", "mine: expected 1 qubits"},
      {"gate mine a { mine a; } mine q[0];", "nested too deeply"},
      {"gate mine a { x b; } mine q[0];", "a qubit of the gate"},
      {"gate mine(t) a { rx(s) a; } mine(1) q[0];", "declared input"},
      {"gate mine a { x a;", "its end"},
      {"gate rzz(t) a, b { cx a, b; rz(t) a; cx a, b; }", "gate rzz"},
      {"gate rzz(t) a, b { }", "gate rzz"},
      {"x q[2];", "whole number up to 1"},
      {"x q[99999999999];", "whole number"},
      {"cx q[0], q[0];", "twice"},
      {"cx q, q;", "twice"},
      {"rx q[0];", "1 angles"},
      {"rx(0.1, 0.2) q[0];", "1 angles"},
      {"rx(1/0) q[0];", "not zero"},
      {"rx(1e999) q[0];", "number"},
      {"rx(1e308*10) q[0];", "finite"},
      {"rx(sin(1)) q[0];", "sin"},
      {"x $0;", "mixed"},
      {"c[0] = measure q[0]; x q[0];", "after the measurement"},
      {"c[0] = measure q[0]; c[0] = measure q[1];", "read twice"},
      {"c[0] = measure q[0]; c[1] = measure q[0];", "measured twice"},
      {"\"text\";", "a gate"},
      {"x q[0]", "expected ';'"},
  };
  for (const auto& [gate, fragment] : cases) {
    INFO(gate);
    CHECK_THROWS_WITH(read_qasm3(in_qasm3(gate), "file.qasm"),
                      Catch::Contains(fragment) && Catch::StartsWith("file.qasm:"));
  }
  CHECK_THROWS_WITH(read_qasm3("OPENQASM 2.0;", "f"), Catch::Contains("OPENQASM 3"));
  CHECK_THROWS_WITH(read_qasm3("OPENQASM 3; input float[64] a; qubit q; rx(a*a) q;", "f"),
                    Catch::Contains("product"));
  CHECK_THROWS_WITH(read_qasm3("input float pi; qubit q; rx(pi) q;", "f"), Catch::Contains("constant"));
  CHECK_THROWS_WITH(read_qasm3("OPENQASM 3; qubit q; bit[2] c; c[0] = measure q;", "f"),
                    Catch::Contains("never read"));
}

TEST_CASE("What IonQ's JSON must not hold is refused with the gate's number", "[formats]") {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"gate":"gpi","target":0,"phase":0.1})", "gpi"},
      {R"({"gate":"h","target":0,"control":1})", "controls"},
      {R"({"gate":"rx","target":0,"rotation":0.1,"controls":[1]})", "controls"},
      {R"({"gate":"x"})", "expected a qubit as target"},
      {R"({"gate":"x","targets":[]})", "expected a qubit"},
      {R"({"gate":"x","targets":[0,1,0]})", "every qubit once"},
      {R"({"gate":"x","target":2})", "from 0 to 1"},
      {R"({"gate":"x","target":-1})", "from 0 to 1"},
      {R"({"gate":"x","target":0.5})", "from 0 to 1"},
      {R"({"gate":"x","target":1e300})", "from 0 to 1"},
      {R"({"gate":"rx","target":0})", "rotation"},
      {R"({"gate":"rx","target":0,"rotation":"pi"})", "rotation"},
      {R"({"gate":"cnot","control":0,"target":0})", "not the control"},
      {R"({"gate":"xx","targets":[1,1],"rotation":1})", "two different"},
      {R"({"target":0})", "circuit[6].gate"},
      {R"("x")", "object"},
  };
  for (const auto& [gate, fragment] : cases) {
    INFO(gate);
    CHECK_THROWS_WITH(read_ionq(in_ionq(gate), "job"), Catch::Contains(fragment) &&
                                                           Catch::StartsWith("job: ") &&
                                                           Catch::Contains("circuit[6]"));
  }
  for (const char* input :
       {"[]", "{}", R"({"qubits":0,"circuit":[]})", R"({"qubits":2,"circuit":{}})",
        R"({"qubits":99999,"circuit":[]})", R"({"qubits":1,"gateset":"rigetti","circuit":[]})"})
    CHECK_THROWS_AS(read_ionq(nlohmann::json::parse(input), "job"), Error);
  const std::pair<const char*, const char*> native[] = {
      {R"({"gate":"x","target":0})", "a gate of the set native"},
      {R"({"gate":"gpi","target":0})", "phase"},
      {R"({"gate":"gpi2","target":0,"phase":1.5})", "turns from -1"},
      {R"({"gate":"gpi2","target":2,"phase":0})", "from 0 to 1"},
      {R"({"gate":"ms","targets":[0,1],"phases":[0.1]})", "two phases"},
      {R"({"gate":"ms","targets":[0,1],"phases":[0.1,0.2],"angle":0.3})", "turns from 0"},
      {R"({"gate":"ms","targets":[0],"phases":[0.1,0.2]})", "two different targets"},
      {R"({"gate":"zz","targets":[0,1]})", "angle"},
      {R"({"gate":"zz","targets":[0,1],"angle":0.1,"control":0})", "controls"},
  };
  for (const auto& [gate, fragment] : native) {
    INFO(gate);
    CHECK_THROWS_WITH(read_ionq(in_native_ionq(gate), "job"),
                      Catch::Contains(fragment) && Catch::Contains("circuit[3]"));
  }
}

TEST_CASE("Readers end soon and orderly whatever they are given", "[formats]") {
  const auto hostile = [](const std::string& text) { return read_qasm3(text, "hostile"); };
  const std::string many_inputs = [] {
    std::string text = "OPENQASM 3; qubit[4000] q;", sum = "0";
    for (int i = 0; i < 5000; ++i) {
      text += "input float a" + std::to_string(i) + ";";
      sum += "+a" + std::to_string(i);
    }
    return text + "rx(" + sum + ") q;";
  }();
  CHECK_THROWS_WITH(hostile(many_inputs), Catch::Contains("too many inputs"));
  std::string idle = "OPENQASM 3; qubit[4000] q;";
  for (int i = 0; i < 300; ++i) idle += "id q;";
  CHECK_THROWS_WITH(hostile(idle), Catch::Contains("at most 1000000 gates"));
  CHECK_THROWS_WITH(hostile("qubit q; rx(" + std::string(1'000'000, '(')), Catch::Contains("too deeply"));
  CHECK_THROWS_WITH(hostile("qubit q; rx(" + std::string(1'000'000, '-')), Catch::Contains("too deeply"));
  CHECK_THROWS_AS(hostile("bit[4097] c; qubit q;"), Error);
  CHECK_THROWS_AS(hostile(std::string("\0\xff\xfe", 3)), Error);
  // Messages go into JSON, which takes valid UTF-8 only.
  try {
    hostile("qubit q; \xc3\xa9\xc3\xa9 q;");
    FAIL("expected a refusal");
  } catch (const Error& error) {
    CHECK_NOTHROW(nlohmann::json(error.what()).dump());
  }
}
