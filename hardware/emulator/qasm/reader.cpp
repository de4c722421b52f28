// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/qasm/reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <vector>

#include "hardware/emulator/qasm/cursor.h"
#include "hardware/emulator/qasm/expression.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

using std::numbers::pi;

constexpr std::size_t terms_per_gate = 4;  ///< inputs in an angle, on average over the most gates

/// A gate as device gates: appends them for the qubits and angles that were written.
using Emit = std::function<void(const std::vector<int>&, const std::vector<Affine>&)>;
struct GateForm {
  int qubits, angles;
  Emit emit;
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& name, const Qasm3Limits& limits)
      : at_(text, name), limits_(limits) {
    known_gates();
  }

  DeviceProgram read() {
    program_.name = "qasm3";
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
      at_.step();
      const std::vector<int> qubits = qubit_operand();
      at_.expect("->");
      measure(qubits, bit_operand());
    } else if (at_.token().kind == QasmToken::Kind::word && bits_.count(std::string(at_.token().text))) {
      const std::vector<int> bits = bit_operand();
      at_.expect("=");
      if (!at_.word("measure")) at_.refuse("expected measure, found " + at_.found());
      at_.step();
      measure(qubit_operand(), bits);
    } else {
      gate();
    }
  }

  void input() {
    const std::string type = at_.identifier("float or angle");
    if (type != "float" && type != "angle")
      at_.refuse("input: expected float or angle, found '" + printable(type) + "'");
    if (at_.skip("[")) {
      at_.integer(64);
      at_.expect("]");
    }
    const std::string name = at_.identifier("the input's name");
    if (qasm_constant(name))
      at_.refuse("input: expected a name that is no constant, found '" + printable(name) + "'");
    if (inputs_.size() >= limits_.inputs) at_.refuse("too many inputs");
    if (!inputs_.emplace(name, static_cast<int>(inputs_.size())).second)
      at_.refuse("input '" + printable(name) + "' is declared twice");
    at_.expect(";");
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
      if (!at_.word("measure")) at_.refuse("expected measure, found " + at_.found());
      at_.step();
      std::vector<int> bits;
      for (int bit = count - size; bit < count; ++bit) bits.push_back(bit);
      measure(qubit_operand(), bits);
      return;
    }
    at_.expect(";");
  }

  /// Only rzz, which stdgates.inc lacks, and only as what it is.
  void definition() {
    at_.step();
    if (!at_.word("rzz")) at_.refuse("gate definitions are not supported, found one of " + at_.found());
    at_.step();
    at_.expect("(");
    const std::string angle = at_.identifier("the angle's name");
    at_.expect(")");
    const std::string first = at_.identifier("a qubit's name");
    at_.expect(",");
    const std::string second = at_.identifier("a qubit's name");
    at_.expect("{");
    const auto words = [&](std::initializer_list<std::string_view> texts) {
      for (std::string_view text : texts) {
        if (at_.token().text != text)
          at_.refuse("gate rzz: expected { cx a, b; rz(angle) b; cx a, b; }, found " + at_.found());
        at_.step();
      }
    };
    words({"cx", first, ",", second, ";"});
    if (!at_.word("rz") && !at_.word("p") && !at_.word("u1")) words({"rz"});
    at_.step();
    words({"(", angle, ")", second, ";", "cx", first, ",", second, ";", "}"});
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
    std::vector<int> numbers;
    for (int i = 0; i < all.size; ++i) numbers.push_back(all.first + i);
    return numbers;
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

  void gate() {
    const std::string name = at_.identifier("a gate");
    const auto form = gates_.find(name);
    if (form == gates_.end())
      at_.refuse("'" + printable(name) + "' is no gate or statement that is supported");
    std::vector<Affine> angles;
    if (at_.sign("(")) {
      do {
        at_.step();
        if (at_.sign(")")) break;
        angles.push_back(read_expression(at_, inputs_));
      } while (at_.sign(","));
      at_.expect(")");
    }
    if (static_cast<int>(angles.size()) != form->second.angles)
      at_.refuse(name + ": expected " + std::to_string(form->second.angles) + " angles, found " +
                 std::to_string(angles.size()));
    std::vector<std::vector<int>> operands;
    do {
      if (!operands.empty()) at_.step();
      operands.push_back(qubit_operand());
    } while (at_.sign(","));
    if (static_cast<int>(operands.size()) != form->second.qubits)
      at_.refuse(name + ": expected " + std::to_string(form->second.qubits) + " qubits, found " +
                 std::to_string(operands.size()));
    broadcast(form->second, operands, angles);
    at_.expect(";");
  }

  /// Registers as operands: the gate on each of their qubits.
  void broadcast(const GateForm& form, const std::vector<std::vector<int>>& operands,
                 const std::vector<Affine>& angles) {
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
        if (read_.count(qubits[a])) at_.refuse("a gate after the measurement of its qubit is not supported");
        for (std::size_t b = 0; b < a; ++b)
          if (qubits[a] == qubits[b]) at_.refuse("a gate on one qubit twice");
      }
      // Counts gates that emit nothing too: the text pays for one, a register makes many.
      if (++applied_ > limits_.gates || program_.ops.size() >= limits_.gates)
        at_.refuse("expected at most " + std::to_string(limits_.gates) + " gates");
      form.emit(qubits, angles);
    }
  }

  AngleSum angle_sum(const Affine& angle) {
    if (!std::isfinite(angle.constant)) at_.refuse("expected a finite angle");
    AngleSum sum{angle.constant, {}};
    for (const auto& [input, coefficient] : angle.terms) {
      if (!std::isfinite(coefficient)) at_.refuse("expected finite numbers in an angle");
      if (coefficient != 0) sum.terms.push_back({input, coefficient});
    }
    terms_ += sum.terms.size();
    if (terms_ > terms_per_gate * limits_.gates) at_.refuse("the angles of all gates hold too many inputs");
    return sum;
  }
  void emit(DeviceGate gate, int q0, int q1 = -1) { program_.ops.push_back({gate, q0, q1, {}}); }
  void rotate(DeviceGate gate, int qubit, const Affine& angle) {
    program_.ops.push_back({gate, qubit, -1, angle_sum(angle)});
  }
  void rotate(DeviceGate gate, int qubit, double angle) { rotate(gate, qubit, Affine{angle, {}}); }

  void one(const char* name, DeviceGate gate, double angle) {
    gates_[name] = {1, 0, [=, this](const auto& q, const auto&) { rotate(gate, q[0], angle); }};
  }
  void known_gates() {
    for (const DeviceGateInfo& row : device_gates) {
      const DeviceGate gate = row.gate;
      gates_[std::string(row.name)] = {
          row.qubits, row.angle ? 1 : 0, [=, this](const auto& q, const auto& a) {
            program_.ops.push_back(
                {gate, q[0], q.size() > 1 ? q[1] : -1, a.empty() ? AngleSum{} : angle_sum(a[0])});
          }};
    }
    one("y", DeviceGate::ry, pi);
    one("z", DeviceGate::rz, pi);
    one("s", DeviceGate::rz, pi / 2);
    one("sdg", DeviceGate::rz, -pi / 2);
    one("t", DeviceGate::rz, pi / 4);
    one("tdg", DeviceGate::rz, -pi / 4);
    one("sxdg", DeviceGate::rx, -pi / 2);
    gates_["id"] = {1, 0, [](const auto&, const auto&) {}};
    gates_["h"] = {1, 0, [this](const auto& q, const auto&) {
                     rotate(DeviceGate::rz, q[0], pi);
                     rotate(DeviceGate::ry, q[0], pi / 2);
                   }};
    for (const char* phase : {"p", "phase", "u1"})
      gates_[phase] = {1, 1, [this](const auto& q, const auto& a) { rotate(DeviceGate::rz, q[0], a[0]); }};
    for (const char* general : {"U", "u3", "u"})
      gates_[general] = {1, 3, [this](const auto& q, const auto& a) {
                           rotate(DeviceGate::rz, q[0], a[2]);
                           rotate(DeviceGate::ry, q[0], a[0]);
                           rotate(DeviceGate::rz, q[0], a[1]);
                         }};
    gates_["CX"] = gates_["cx"];
    gates_["swap"] = {2, 0, [this](const auto& q, const auto&) {
                        emit(DeviceGate::cx, q[0], q[1]);
                        emit(DeviceGate::cx, q[1], q[0]);
                        emit(DeviceGate::cx, q[0], q[1]);
                      }};
  }

  /// Inputs in the order of their names, readings in that of the bits.
  DeviceProgram finish() {
    if (program_.qubits < 1) at_.refuse("expected at least one qubit");
    for (int bit = 0; bit < bit_count_; ++bit) {
      const auto reading = reading_of_.find(bit);
      if (reading == reading_of_.end())
        at_.refuse("classical bit " + std::to_string(bit) + " is never read: expected every bit to be");
      program_.measured.push_back(reading->second);
    }
    std::vector<int> order(inputs_.size());
    for (const auto& [name, number] : inputs_) {  // ascending by name
      order[static_cast<std::size_t>(number)] = static_cast<int>(program_.inputs.size());
      program_.inputs.push_back(name);
    }
    for (DeviceOp& op : program_.ops) {
      for (AngleTerm& term : op.angle.terms) term.input = order[static_cast<std::size_t>(term.input)];
      std::sort(op.angle.terms.begin(), op.angle.terms.end(),
                [](const AngleTerm& a, const AngleTerm& b) { return a.input < b.input; });
    }
    return std::move(program_);
  }

  QasmCursor at_;
  const Qasm3Limits limits_;
  DeviceProgram program_;
  int bit_count_ = 0;
  std::size_t applied_ = 0, terms_ = 0;
  std::map<std::string, Register> qubits_, bits_;
  std::map<std::string, int> inputs_;
  std::map<int, int> reading_of_;  ///< classical bit -> qubit
  std::map<int, bool> read_;
  std::map<std::string, GateForm> gates_;
};

}  // namespace

DeviceProgram read_qasm3(std::string_view text, const std::string& name, const Qasm3Limits& limits) {
  return Reader(text, name, limits).read();
}

}  // namespace qmtl
