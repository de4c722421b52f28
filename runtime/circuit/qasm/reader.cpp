// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/qasm/reader.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "runtime/base/text.h"
#include "runtime/circuit/qasm/expression.h"
#include "runtime/circuit/writer.h"

namespace qmtl {
namespace {

constexpr int deepest_definition = 64;

/// A gate that the text defines: its body is read again at each use.
struct Definition {
  std::vector<std::string> angles, qubits;
  QasmCursor body;  ///< behind the opening brace
};

class QasmReader {
 public:
  QasmReader(std::string_view text, const std::string& name, const QasmLimits& limits, const QasmScope& scope)
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

  QasmProgram read() {
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

 private:
  struct Register {
    int first, size;
  };
  /// What the names of a definition's body stand for.
  struct Call {
    const Definition& gate;
    const std::vector<int>& qubits;
    const std::vector<Expression>& angles;
  };

  void statement() {
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
      for (const char* word :
           {"for", "while", "if", "def", "reset", "let", "switch", "box", "delay", "return", "cal", "defcal",
            "const", "output", "extern", "ctrl", "negctrl", "inv", "pow"})
        if (at_.word(word))
          at_.refuse("'" + std::string(word) +
                     "' is not supported: expected a straight line of gates; write loops, "
                     "modifiers and constants out");
      gate(nullptr);
    }
  }

  void type(const std::string& name) {
    if (name != "float" && name != "angle")
      at_.refuse("input: expected float or angle, found '" + printable(name) + "'");
    if (at_.skip("[")) {
      at_.integer(64);
      at_.expect("]");
    }
  }

  /// input float[64] name; input float name[n]; input array[float[64], n] name;
  void input() {
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
  int numbers() const {
    return program_.inputs.empty() ? 0 : program_.inputs.back().first + program_.inputs.back().size;
  }

  void declare() {
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

  std::vector<std::string> names(std::string_view end, const char* what) {
    std::vector<std::string> list;
    while (!at_.sign(end)) {
      if (!list.empty()) at_.expect(",");
      list.push_back(at_.identifier(what));
      if (std::count(list.begin(), list.end(), list.back()) > 1)
        at_.refuse("'" + printable(list.back()) + "' stands twice in one gate's names");
    }
    return list;
  }

  void definition() {
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

  /// Elementary gates that do the same.
  static std::vector<Op> expanded(const std::vector<GateUse>& gates) {
    Circuit circuit;
    CircuitWriter writer(circuit);
    std::vector<Op> ops;
    for (const GateUse& use : gates) writer.add(ops, use.gate, use.qubits, use.angles);
    return ops;
  }

  /// A known gate's definition must make the gates that it is here.
  void check_definition(Gate gate, const std::string& name, const Definition& definition) {
    const GateInfo& row = info(gate);
    GateUse use{gate, {}, {}};
    for (int q = 0; q < static_cast<int>(definition.qubits.size()); ++q) use.qubits.push_back(q);
    for (int a = 0; a < static_cast<int>(definition.angles.size()); ++a)
      use.angles.push_back(input_number(a));
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

  std::vector<int> indexed(const std::map<std::string, Register>& registers, const char* what) {
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
  std::vector<int> bit_operand() { return indexed(bits_, "a bit or register of bits"); }
  std::vector<int> qubit_operand() {
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

  void begin_measure() {
    if (!at_.word("measure")) at_.refuse("expected measure, found " + at_.found());
    if (!limits_.measurements)
      at_.refuse(
          "a measurement is not supported in a stage or block: remove it, and say what is read by "
          "observables "
          "(qmtl export --to circuit writes a model's parts without)");
    at_.step();
  }

  void measure(const std::vector<int>& qubits, const std::vector<int>& bits) {
    if (qubits.size() != bits.size())
      at_.refuse("measure: expected as many bits as qubits, found " + std::to_string(bits.size()) + " and " +
                 std::to_string(qubits.size()));
    for (std::size_t i = 0; i < bits.size(); ++i) {
      if (!reading_of_.emplace(bits[i], qubits[i]).second) at_.refuse("a bit is read twice");
      if (!read_.emplace(qubits[i], true).second) at_.refuse("a qubit is measured twice");
    }
    at_.expect(";");
  }

  std::vector<int> operand(const Call* call) {
    if (!call) return qubit_operand();
    const std::string name = at_.identifier("a qubit of the gate");
    const auto place = std::find(call->gate.qubits.begin(), call->gate.qubits.end(), name);
    if (place == call->gate.qubits.end())
      at_.refuse("expected a qubit of the gate, found '" + printable(name) + "'");
    return {call->qubits[static_cast<std::size_t>(place - call->gate.qubits.begin())]};
  }

  std::optional<Expression> named(const std::string& name, const Call* call) {
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

  /// One use of a gate; in a definition's body the names are those of `call`.
  void gate(const Call* call) {
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

  /// Registers as operands: the gate on each of their qubits.
  template <class Emit>
  void broadcast(const std::vector<std::vector<int>>& operands, const Emit& emit) {
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

  /// Reads the body with its names bound; then goes on where it was.
  void call(const Definition& gate_of, const std::vector<int>& qubits,
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

  QasmProgram finish() {
    if (program_.qubits < 1) at_.refuse("expected at least one qubit");
    for (int bit = 0; bit < bit_count_; ++bit) {
      const auto reading = reading_of_.find(bit);
      if (reading == reading_of_.end())
        at_.refuse("classical bit " + std::to_string(bit) + " is never read: expected every bit to be");
      program_.measured.push_back(reading->second);
    }
    return std::move(program_);
  }

  QasmProgram program_;
  QasmCursor at_;
  const QasmLimits limits_;
  int bit_count_ = 0, depth_ = 0;
  std::size_t applied_ = 0, terms_ = 0;
  std::map<std::string, Register> qubits_, bits_;
  std::map<std::string, std::size_t> inputs_;  ///< name -> place in the program's list
  std::map<int, int> reading_of_;              ///< classical bit -> qubit
  std::map<int, bool> read_;
  std::map<std::string, Definition> definitions_;
};

}  // namespace

QasmProgram read_qasm(std::string_view text, const std::string& name, const QasmLimits& limits,
                      const QasmScope& scope) {
  return QasmReader(text, name, limits, scope).read();
}

}  // namespace qmtl
