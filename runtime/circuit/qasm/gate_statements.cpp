// SPDX-License-Identifier: Apache-2.0
// Gates of an OpenQASM text: their definitions, and their uses, which a definition's body consists of.
#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/circuit/qasm/statements.h"
#include "runtime/circuit/writer.h"

namespace qmtl {
namespace {

constexpr int deepest_definition = 64;

/// Elementary gates that do the same.
std::vector<Op> expanded(const std::vector<GateUse>& gates) {
  Circuit circuit;
  CircuitWriter writer(circuit);
  std::vector<Op> ops;
  for (const GateUse& use : gates) writer.add(ops, use.gate, use.qubits, use.angles);
  return ops;
}

}  // namespace

std::vector<std::string> QasmReader::names(std::string_view end, const char* what) {
  std::vector<std::string> list;
  while (!at_.sign(end)) {
    if (!list.empty()) at_.expect(",");
    list.push_back(at_.identifier(what));
    if (std::count(list.begin(), list.end(), list.back()) > 1)
      at_.refuse("'" + printable(list.back()) + "' stands twice in one gate's names");
  }
  return list;
}

void QasmReader::definition() {
  at_.step();
  const std::string name = at_.identifier("the gate's name");
  if (definitions_.count(name)) at_.refuse("gate " + printable(name) + " is defined twice");
  std::vector<std::string> angles;
  if (at_.skip("(")) {
    angles = names(")", "an angle's name");
    at_.expect(")");
  }
  std::vector<std::string> qubits = names("{", "a qubit's name");
  if (qubits.empty()) at_.refuse("gate " + printable(name) + ": expected at least one qubit");
  at_.expect("{");
  Definition made{std::move(angles), std::move(qubits), at_};
  while (!at_.sign("}")) {
    if (at_.at_end() || at_.sign("{"))
      at_.refuse("gate " + printable(name) + ": expected its end, }, found " + at_.found());
    at_.step();
  }
  at_.step();
  if (const auto known = gate_by_qasm_name(name)) {
    check_definition(*known, name, made);
    return;
  }
  definitions_.emplace(name, std::move(made));
}

void QasmReader::check_definition(Gate gate, const std::string& name, const Definition& definition) {
  const GateInfo& row = info(gate);
  GateUse use{gate, {}, {}};
  for (int q = 0; q < static_cast<int>(definition.qubits.size()); ++q) use.qubits.push_back(q);
  for (int a = 0; a < static_cast<int>(definition.angles.size()); ++a) use.angles.push_back(input_number(a));
  bool same =
      static_cast<int>(use.qubits.size()) == row.arity && static_cast<int>(use.angles.size()) == row.angles;
  if (same) {
    std::vector<GateUse> body;
    std::swap(body, program_.gates);
    call(definition, use.qubits, use.angles);
    std::swap(body, program_.gates);
    same = expanded(body) == expanded({use});
  }
  if (!same)
    at_.refuse("gate " + printable(name) + ": expected the gates that " + std::string(row.name) +
               " is made of everywhere; give a gate of your own another name");
}

std::vector<int> QasmReader::operand(const Call* call) {
  if (!call) return qubit_operand();
  const std::string name = at_.identifier("a qubit of the gate");
  const auto place = std::find(call->gate.qubits.begin(), call->gate.qubits.end(), name);
  if (place == call->gate.qubits.end())
    at_.refuse("expected a qubit of the gate, found '" + printable(name) + "'");
  return {call->qubits[static_cast<std::size_t>(place - call->gate.qubits.begin())]};
}

std::optional<Expression> QasmReader::named(const std::string& name, const Call* call) {
  if (call) {
    const auto place = std::find(call->gate.angles.begin(), call->gate.angles.end(), name);
    if (place == call->gate.angles.end()) return std::nullopt;
    return call->angles[static_cast<std::size_t>(place - call->gate.angles.begin())];
  }
  const auto place = inputs_.find(name);
  if (place == inputs_.end()) return std::nullopt;
  const QasmInput& input = program_.inputs[place->second];
  if (!input.array) return input_number(input.first);
  at_.expect("[");
  const int index = at_.integer(input.size - 1);
  at_.expect("]");
  return input_number(input.first + index);
}

void QasmReader::gate(const Call* call) {
  const QasmCursor start = at_;
  const std::string name = at_.identifier("a gate");
  std::vector<Expression> angles;
  const auto defined = definitions_.find(name);
  const std::optional<Gate> known = gate_by_qasm_name(name);
  const bool identity = name == "id";
  if (defined == definitions_.end() && !known && !identity)
    start.refuse("'" + printable(name) +
                 "' is no gate or statement that is supported: expected a gate of stdgates.inc, or a "
                 "definition of it (gate NAME a, b { ... }) in front");
  const bool own = defined != definitions_.end();
  const std::size_t qubits = own        ? defined->second.qubits.size()
                             : identity ? 1
                                        : static_cast<std::size_t>(info(*known).arity);
  const std::size_t wanted = own        ? defined->second.angles.size()
                             : identity ? 0
                                        : static_cast<std::size_t>(info(*known).angles);
  if (at_.sign("(")) {
    do {
      at_.step();
      if (at_.sign(")")) break;
      angles.push_back(read_qasm_expression(
          at_, [&](const std::string& word) { return named(word, call); }, limits_.degree));
      terms_ += angles.back().terms.size();
      if (terms_ > 4 * limits_.gates) at_.refuse("the angles of all gates hold too many inputs");
    } while (at_.sign(","));
    at_.expect(")");
  }
  if (angles.size() != wanted)
    at_.refuse(name + ": expected " + std::to_string(wanted) + " angles, found " +
               std::to_string(angles.size()));
  std::vector<std::vector<int>> operands;
  do {
    if (!operands.empty()) at_.step();
    operands.push_back(operand(call));
  } while (at_.sign(","));
  if (operands.size() != qubits)
    at_.refuse(name + ": expected " + std::to_string(qubits) + " qubits, found " +
               std::to_string(operands.size()));
  broadcast(operands, [&](const std::vector<int>& on) {
    if (own)
      this->call(defined->second, on, angles);
    else if (!identity)
      program_.gates.push_back({*known, on, angles});
  });
  at_.expect(";");
}

template <class Emit>
void QasmReader::broadcast(const std::vector<std::vector<int>>& operands, const Emit& emit) {
  std::size_t times = 1;
  for (const std::vector<int>& operand : operands)
    if (operand.size() > 1) {
      if (times > 1 && operand.size() != times) at_.refuse("registers of different sizes in one gate");
      times = operand.size();
    }
  for (std::size_t i = 0; i < times; ++i) {
    std::vector<int> qubits;
    for (const std::vector<int>& operand : operands) qubits.push_back(operand[operand.size() > 1 ? i : 0]);
    for (std::size_t a = 0; a < qubits.size(); ++a) {
      if (read_.count(qubits[a]))
        at_.refuse(
            "a gate after the measurement of its qubit is not supported: expected measurements at the end");
      for (std::size_t b = 0; b < a; ++b)
        if (qubits[a] == qubits[b]) at_.refuse("a gate on one qubit twice: expected different qubits");
    }
    // Counts gates that emit nothing too: the text pays for one, a register makes many.
    if (++applied_ > limits_.gates || program_.gates.size() >= limits_.gates)
      at_.refuse("expected at most " + std::to_string(limits_.gates) + " gates");
    emit(qubits);
  }
}

void QasmReader::call(const Definition& gate_of, const std::vector<int>& qubits,
                      const std::vector<Expression>& angles) {
  if (++depth_ > deepest_definition)
    at_.refuse("gate definitions are nested too deeply: expected at most " +
               std::to_string(deepest_definition) + " levels, and no gate that is made of itself");
  const QasmCursor behind = at_;
  at_ = gate_of.body;
  const Call names{gate_of, qubits, angles};
  while (!at_.sign("}")) {
    if (at_.word("barrier")) {
      while (!at_.sign(";") && !at_.at_end()) at_.step();
      at_.expect(";");
      continue;
    }
    gate(&names);
  }
  at_ = behind;
  --depth_;
}

}  // namespace qmtl
