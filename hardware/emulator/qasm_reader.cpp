// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/qasm_reader.h"

#include <algorithm>
#include <map>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/circuit/writer.h"

namespace qmtl {
namespace {

class Converter {
 public:
  Converter(QasmProgram program, const std::string& name) : from_(std::move(program)), name_(name) {
    made_.name = "qasm3";
    made_.qubits = from_.qubits;
    made_.physical = from_.physical;
    made_.measured = from_.measured;
    // Inputs in the order of their names.
    std::map<std::string, int> names;
    for (const QasmInput& input : from_.inputs) {
      if (input.array)
        throw data_error(name_ + ": input '" + printable(input.name) +
                         "': expected single numbers as inputs of a job, found an array");
      names[input.name] = input.first;
    }
    order_.resize(names.size());
    for (const auto& [word, number] : names) {
      order_[static_cast<std::size_t>(number)] = static_cast<int>(made_.inputs.size());
      made_.inputs.push_back(word);
    }
  }

  DeviceProgram run() && {
    auto delay = from_.delays.begin();
    const auto delays_before = [&](std::size_t gate) {
      for (; delay != from_.delays.end() && delay->before <= gate; ++delay)
        made_.delays.push_back({made_.ops.size(), delay->qubit, delay->seconds});
    };
    for (std::size_t i = 0; i < from_.gates.size(); ++i) {
      const GateUse& use = from_.gates[i];
      delays_before(i);
      if (const auto device = device_gate_by_name(info(use.gate).name)) {
        made_.ops.push_back({*device, use.qubits[0], use.qubits.size() > 1 ? use.qubits[1] : -1,
                             use.angles.empty() ? AngleSum{} : sum_of(use.angles[0])});
        continue;
      }
      Circuit circuit;
      std::vector<Op> ops;
      CircuitWriter(circuit).add(ops, use.gate, use.qubits, use.angles);
      for (const Op& op : ops) {
        AngleSum angle{op.angle, {}};
        if (op.source == Source::angle) angle = sum_of(circuit.angle_of[static_cast<std::size_t>(op.index)]);
        made_.ops.push_back({device_gate(op.gate), op.q0, op.q1, std::move(angle)});
      }
    }
    delays_before(from_.gates.size());
    return std::move(made_);
  }

 private:
  AngleSum sum_of(const Expression& expression) const {
    AngleSum sum{expression.constant, {}};
    for (const Monomial& term : expression.terms)
      sum.terms.push_back({order_[static_cast<std::size_t>(term.inputs[0])], term.factor});
    std::sort(sum.terms.begin(), sum.terms.end(),
              [](const AngleTerm& a, const AngleTerm& b) { return a.input < b.input; });
    return sum;
  }

  QasmProgram from_;
  const std::string& name_;
  DeviceProgram made_;
  std::vector<int> order_;  ///< input as declared -> input by name
};

}  // namespace

DeviceProgram device_program(QasmProgram program, const std::string& name) {
  return Converter(std::move(program), name).run();
}

ReadCircuit read_qasm3_circuit(std::string_view text, const std::string& name, const QasmLimits& limits) {
  QasmLimits affine = limits;
  affine.degree = 1;
  affine.delays = true;
  QasmProgram program = read_qasm(text, name, affine);
  std::vector<QasmRegister> registers = std::move(program.registers);
  return {device_program(std::move(program), name), std::move(registers)};
}

DeviceProgram read_qasm3(std::string_view text, const std::string& name, const QasmLimits& limits) {
  return read_qasm3_circuit(text, name, limits).program;
}

}  // namespace qmtl
