// SPDX-License-Identifier: Apache-2.0
// Declarations and measurements of an OpenQASM text, and the way from statement to statement.
#include "runtime/circuit/qasm/statements.h"

#include <algorithm>
#include <charconv>

#include "runtime/base/text.h"

namespace qmtl {

QasmReader::QasmReader(std::string_view text, const std::string& name, const QasmLimits& limits,
                       const QasmScope& scope)
    : at_(text, name), limits_(limits) {
  if (scope.qubits > 0) {
    qubits_["q"] = {0, scope.qubits};
    program_.qubits = scope.qubits;
  }
  for (const QasmInput& input : scope.inputs) {
    inputs_[input.name] = program_.inputs.size();
    program_.inputs.push_back(input);
  }
}

QasmProgram QasmReader::read() {
  if (at_.word("OPENQASM")) {
    at_.step();
    if (at_.token().kind != QasmToken::Kind::number || !at_.token().text.starts_with("3"))
      at_.refuse("expected OPENQASM 3, found " + at_.found());
    at_.step();
    at_.expect(";");
  }
  while (!at_.at_end()) statement();
  return finish();
}

void QasmReader::statement() {
  if (at_.word("include")) {
    at_.step();
    if (at_.token().kind != QasmToken::Kind::text) at_.refuse("expected a file name, found " + at_.found());
    at_.step();
    at_.expect(";");
  } else if (at_.word("input")) {
    at_.step();
    input();
  } else if (at_.word("qubit") || at_.word("bit")) {
    declare();
  } else if (at_.word("gate")) {
    definition();
  } else if (at_.word("barrier")) {
    while (!at_.sign(";") && !at_.at_end()) at_.step();
    at_.expect(";");
  } else if (limits_.delays && at_.word("delay")) {
    delay();
  } else if (at_.word("measure")) {
    begin_measure();
    const std::vector<int> qubits = qubit_operand();
    at_.expect("->");
    measure(qubits, bit_operand());
  } else if (at_.token().kind == QasmToken::Kind::word && bits_.count(std::string(at_.token().text))) {
    const std::vector<int> bits = bit_operand();
    at_.expect("=");
    begin_measure();
    measure(qubit_operand(), bits);
  } else {
    for (const char* word : {"for", "while", "if", "def", "reset", "let", "switch", "box", "delay", "return",
                             "cal", "defcal", "const", "output", "extern", "ctrl", "negctrl", "inv", "pow"})
      if (at_.word(word))
        at_.refuse("'" + std::string(word) +
                   "' is not supported: expected a straight line of gates; write loops, "
                   "modifiers and constants out");
    gate(nullptr);
  }
}

void QasmReader::delay() {
  at_.step();
  at_.expect("[");
  double seconds = at_.number();
  const std::string unit = at_.identifier("a unit of time: ns, us, ms or s");
  if (unit == "ns")
    seconds *= 1e-9;
  else if (unit == "us")
    seconds *= 1e-6;
  else if (unit == "ms")
    seconds *= 1e-3;
  else if (unit != "s")
    at_.refuse("delay: expected ns, us, ms or s, found '" + printable(unit) + "'");
  if (!(seconds >= 0 && seconds < 1)) at_.refuse("delay: expected 0 to 1 second");
  at_.expect("]");
  if (program_.delays.size() >= limits_.gates) at_.refuse("too many delays");
  do {
    for (int qubit : qubit_operand()) program_.delays.push_back({program_.gates.size(), qubit, seconds});
  } while (at_.skip(","));
  at_.expect(";");
}

void QasmReader::type(const std::string& name) {
  if (name != "float" && name != "angle")
    at_.refuse("input: expected float or angle, found '" + printable(name) + "'");
  if (at_.skip("[")) {
    at_.integer(64);
    at_.expect("]");
  }
}

void QasmReader::input() {
  std::string word = at_.identifier("float or angle");
  int size = 0;
  if (word == "array") {
    at_.expect("[");
    type(at_.identifier("float or angle"));
    at_.expect(",");
    size = at_.integer(static_cast<int>(limits_.inputs));
    at_.expect("]");
  } else {
    type(word);
  }
  const std::string name = at_.identifier("the input's name");
  if (qasm_constant(name))
    at_.refuse("input: expected a name that is no constant, found '" + printable(name) + "'");
  bool array = size > 0;
  if (!array && at_.skip("[")) {
    size = at_.integer(static_cast<int>(limits_.inputs));
    at_.expect("]");
    array = true;
  }
  if (array && size < 1) at_.refuse("input '" + printable(name) + "': expected at least one number");
  const int first = numbers();
  size = std::max(size, 1);
  if (static_cast<std::size_t>(first) + static_cast<std::size_t>(size) > limits_.inputs)
    at_.refuse("too many inputs");
  if (!inputs_.emplace(name, program_.inputs.size()).second)
    at_.refuse("input '" + printable(name) + "' is declared twice");
  program_.inputs.push_back({name, first, size, array});
  at_.expect(";");
}

int QasmReader::numbers() const {
  return program_.inputs.empty() ? 0 : program_.inputs.back().first + program_.inputs.back().size;
}

void QasmReader::declare() {
  const bool qubit = at_.word("qubit");
  at_.step();
  int size = 1;
  if (at_.skip("[")) {
    size = at_.integer(limits_.qubits);
    at_.expect("]");
  }
  const std::string name = at_.identifier("the register's name");
  if (size < 1) at_.refuse("register '" + printable(name) + "': expected at least one");
  int& count = qubit ? program_.qubits : bit_count_;
  if (count + size > limits_.qubits)
    at_.refuse("expected at most " + std::to_string(limits_.qubits) + (qubit ? " qubits" : " bits"));
  if (qubit && program_.physical) at_.refuse("declared qubits and $n may not be mixed");
  if (qubits_.count(name) || bits_.count(name)) at_.refuse("'" + printable(name) + "' is declared twice");
  (qubit ? qubits_ : bits_)[name] = {count, size};
  count += size;
  if (!qubit) program_.registers.push_back({name, size});
  if (!qubit && at_.sign("=")) {
    at_.step();
    begin_measure();
    std::vector<int> bits;
    for (int bit = count - size; bit < count; ++bit) bits.push_back(bit);
    measure(qubit_operand(), bits);
    return;
  }
  at_.expect(";");
}

std::vector<int> QasmReader::indexed(const std::map<std::string, Register>& registers, const char* what) {
  const std::string name = at_.identifier(what);
  const auto place = registers.find(name);
  if (place == registers.end())
    at_.refuse(std::string("expected ") + what + ", found '" + printable(name) + "'");
  const Register& all = place->second;
  if (at_.skip("[")) {
    const int index = at_.integer(all.size - 1);
    at_.expect("]");
    return {all.first + index};
  }
  std::vector<int> list;
  for (int i = 0; i < all.size; ++i) list.push_back(all.first + i);
  return list;
}

std::vector<int> QasmReader::bit_operand() { return indexed(bits_, "a bit or register of bits"); }

std::vector<int> QasmReader::qubit_operand() {
  if (at_.token().kind != QasmToken::Kind::qubit) return indexed(qubits_, "a qubit or register of qubits");
  if (!qubits_.empty()) at_.refuse("declared qubits and $n may not be mixed");
  int number = -1;
  std::from_chars(at_.token().text.data() + 1, at_.token().text.data() + at_.token().text.size(), number);
  if (number < 0 || number >= limits_.qubits)
    at_.refuse("expected a qubit from $0 to $" + std::to_string(limits_.qubits - 1) + ", found " +
               at_.found());
  at_.step();
  program_.physical = true;
  program_.qubits = std::max(program_.qubits, number + 1);
  return {number};
}

void QasmReader::begin_measure() {
  if (!at_.word("measure")) at_.refuse("expected measure, found " + at_.found());
  if (!limits_.measurements)
    at_.refuse(
        "a measurement is not supported in a stage or block: remove it, and say what is read by "
        "observables "
        "(qmtl export --to circuit writes a model's parts without)");
  at_.step();
}

void QasmReader::measure(const std::vector<int>& qubits, const std::vector<int>& bits) {
  if (qubits.size() != bits.size())
    at_.refuse("measure: expected as many bits as qubits, found " + std::to_string(bits.size()) + " and " +
               std::to_string(qubits.size()));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (!reading_of_.emplace(bits[i], qubits[i]).second) at_.refuse("a bit is read twice");
    if (!read_.emplace(qubits[i], true).second) at_.refuse("a qubit is measured twice");
  }
  at_.expect(";");
}

QasmProgram QasmReader::finish() {
  if (program_.qubits < 1) at_.refuse("expected at least one qubit");
  for (int bit = 0; bit < bit_count_; ++bit) {
    const auto reading = reading_of_.find(bit);
    if (reading == reading_of_.end())
      at_.refuse("classical bit " + std::to_string(bit) + " is never read: expected every bit to be");
    program_.measured.push_back(reading->second);
  }
  return std::move(program_);
}

QasmProgram read_qasm(std::string_view text, const std::string& name, const QasmLimits& limits,
                      const QasmScope& scope) {
  return QasmReader(text, name, limits, scope).read();
}

}  // namespace qmtl
