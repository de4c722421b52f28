#include "hardware/formats/qasm3_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "hardware/formats/qasm_lexer.h"
#include "hardware/formats/shown.h"
#include "runtime/error.h"

namespace qmtl {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr int deepest_expression = 64;
constexpr std::size_t terms_per_gate = 4;  ///< inputs in an angle, on average over the most gates

std::optional<double> constant_named(std::string_view name) {
  if (name == "pi" || name == "π") return pi;
  if (name == "tau" || name == "τ") return 2 * pi;
  return std::nullopt;
}

/// Linear combinations of inputs by their number of declaration.
struct Affine {
  double constant = 0;
  std::map<int, double> terms;

  bool plain() const { return terms.empty(); }
  void add(const Affine& other, double factor) {
    constant += factor * other.constant;
    for (const auto& [input, coefficient] : other.terms) terms[input] += factor * coefficient;
  }
  void scale(double factor) {
    constant *= factor;
    for (auto& term : terms) term.second *= factor;
  }
};

/// A gate as device gates: appends them for the qubits and angles that were written.
using Emit = std::function<void(const std::vector<int>&, const std::vector<Affine>&)>;
struct GateForm {
  int qubits, angles;
  Emit emit;
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& name, const Qasm3Limits& limits)
      : lexer_(text, name), name_(name), limits_(limits) {
    known_gates();
    step();
  }

  DeviceProgram read() {
    program_.name = "qasm3";
    if (word("OPENQASM")) {
      step();
      if (token_.kind != QasmToken::Kind::number || !token_.text.starts_with("3"))
        refuse("expected OPENQASM 3, found " + found());
      step();
      expect(";");
    }
    while (token_.kind != QasmToken::Kind::end) statement();
    return finish();
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw data_error(name_ + ":" + std::to_string(token_.line) + ": " + what);
  }
  std::string found() const {
    return token_.kind == QasmToken::Kind::end ? "the end" : "'" + shown(token_.text) + "'";
  }
  void step() { token_ = lexer_.next(); }
  bool word(std::string_view text) const {
    return token_.kind == QasmToken::Kind::word && token_.text == text;
  }
  bool sign(std::string_view text) const {
    return token_.kind == QasmToken::Kind::sign && token_.text == text;
  }
  void expect(std::string_view text) {
    if (token_.text != text) refuse("expected '" + std::string(text) + "', found " + found());
    step();
  }
  std::string identifier(const char* what) {
    if (token_.kind != QasmToken::Kind::word) refuse(std::string("expected ") + what + ", found " + found());
    std::string text(token_.text);
    if (!constant_named(text) &&
        std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }))
      refuse(std::string("expected ") + what + " of ASCII letters, found " + found());
    step();
    return text;
  }
  int integer(int most) {
    int value = 0;
    const auto result = std::from_chars(token_.text.data(), token_.text.data() + token_.text.size(), value);
    if (token_.kind != QasmToken::Kind::number || result.ec != std::errc{} ||
        result.ptr != token_.text.data() + token_.text.size() || value > most)
      refuse("expected a whole number up to " + std::to_string(most) + ", found " + found());
    step();
    return value;
  }

  struct Register {
    int first, size;
  };

  void statement() {
    if (word("include")) {
      step();
      if (token_.kind != QasmToken::Kind::text) refuse("expected a file name, found " + found());
      step();
      expect(";");
    } else if (word("input")) {
      step();
      input();
    } else if (word("qubit") || word("bit")) {
      declare();
    } else if (word("gate")) {
      definition();
    } else if (word("barrier")) {
      while (!sign(";") && token_.kind != QasmToken::Kind::end) step();
      expect(";");
    } else if (word("measure")) {
      step();
      const std::vector<int> qubits = qubit_operand();
      expect("->");
      measure(qubits, bit_operand());
    } else if (token_.kind == QasmToken::Kind::word && bits_.count(std::string(token_.text))) {
      const std::vector<int> bits = bit_operand();
      expect("=");
      if (!word("measure")) refuse("expected measure, found " + found());
      step();
      measure(qubit_operand(), bits);
    } else {
      gate();
    }
  }

  void input() {
    const std::string type = identifier("float or angle");
    if (type != "float" && type != "angle")
      refuse("input: expected float or angle, found '" + shown(type) + "'");
    if (sign("[")) {
      step();
      integer(64);
      expect("]");
    }
    const std::string name = identifier("the input's name");
    if (constant_named(name))
      refuse("input: expected a name that is no constant, found '" + shown(name) + "'");
    if (inputs_.size() >= limits_.inputs) refuse("too many inputs");
    if (!inputs_.emplace(name, static_cast<int>(inputs_.size())).second)
      refuse("input '" + shown(name) + "' is declared twice");
    expect(";");
  }

  void declare() {
    const bool qubit = word("qubit");
    step();
    int size = 1;
    if (sign("[")) {
      step();
      size = integer(limits_.qubits);
      expect("]");
    }
    const std::string name = identifier("the register's name");
    if (size < 1) refuse("register '" + shown(name) + "': expected at least one");
    int& count = qubit ? program_.qubits : bit_count_;
    if (count + size > limits_.qubits)
      refuse("expected at most " + std::to_string(limits_.qubits) + (qubit ? " qubits" : " bits"));
    if (qubit && program_.physical) refuse("declared qubits and $n may not be mixed");
    if (qubits_.count(name) || bits_.count(name)) refuse("'" + shown(name) + "' is declared twice");
    (qubit ? qubits_ : bits_)[name] = {count, size};
    count += size;
    if (!qubit && sign("=")) {
      step();
      if (!word("measure")) refuse("expected measure, found " + found());
      step();
      std::vector<int> bits;
      for (int bit = count - size; bit < count; ++bit) bits.push_back(bit);
      measure(qubit_operand(), bits);
      return;
    }
    expect(";");
  }

  /// Only rzz, which stdgates.inc lacks, and only as what it is.
  void definition() {
    step();
    if (!word("rzz")) refuse("gate definitions are not supported, found one of " + found());
    step();
    expect("(");
    const std::string angle = identifier("the angle's name");
    expect(")");
    const std::string first = identifier("a qubit's name");
    expect(",");
    const std::string second = identifier("a qubit's name");
    expect("{");
    const auto words = [&](std::initializer_list<std::string_view> texts) {
      for (std::string_view text : texts) {
        if (token_.text != text)
          refuse("gate rzz: expected { cx a, b; rz(angle) b; cx a, b; }, found " + found());
        step();
      }
    };
    words({"cx", first, ",", second, ";"});
    if (!word("rz") && !word("p") && !word("u1")) words({"rz"});
    step();
    words({"(", angle, ")", second, ";", "cx", first, ",", second, ";", "}"});
  }

  std::vector<int> indexed(const std::map<std::string, Register>& registers, const char* what) {
    const std::string name = identifier(what);
    const auto place = registers.find(name);
    if (place == registers.end()) refuse(std::string("expected ") + what + ", found '" + shown(name) + "'");
    const Register& all = place->second;
    if (sign("[")) {
      step();
      const int index = integer(all.size - 1);
      expect("]");
      return {all.first + index};
    }
    std::vector<int> numbers;
    for (int i = 0; i < all.size; ++i) numbers.push_back(all.first + i);
    return numbers;
  }
  std::vector<int> bit_operand() { return indexed(bits_, "a bit or register of bits"); }
  std::vector<int> qubit_operand() {
    if (token_.kind != QasmToken::Kind::qubit) return indexed(qubits_, "a qubit or register of qubits");
    if (!qubits_.empty()) refuse("declared qubits and $n may not be mixed");
    int number = -1;
    std::from_chars(token_.text.data() + 1, token_.text.data() + token_.text.size(), number);
    if (number < 0 || number >= limits_.qubits)
      refuse("expected a qubit from $0 to $" + std::to_string(limits_.qubits - 1) + ", found " + found());
    step();
    program_.physical = true;
    program_.qubits = std::max(program_.qubits, number + 1);
    return {number};
  }

  void measure(const std::vector<int>& qubits, const std::vector<int>& bits) {
    if (qubits.size() != bits.size())
      refuse("measure: expected as many bits as qubits, found " + std::to_string(bits.size()) + " and " +
             std::to_string(qubits.size()));
    for (std::size_t i = 0; i < bits.size(); ++i) {
      if (!reading_of_.emplace(bits[i], qubits[i]).second) refuse("a bit is read twice");
      if (!read_.emplace(qubits[i], true).second) refuse("a qubit is measured twice");
    }
    expect(";");
  }

  void gate() {
    const std::string name = identifier("a gate");
    const auto form = gates_.find(name);
    if (form == gates_.end()) refuse("'" + shown(name) + "' is no gate or statement that is supported");
    std::vector<Affine> angles;
    if (sign("(")) {
      do {
        step();
        if (sign(")")) break;
        angles.push_back(sum(0));
      } while (sign(","));
      expect(")");
    }
    if (static_cast<int>(angles.size()) != form->second.angles)
      refuse(name + ": expected " + std::to_string(form->second.angles) + " angles, found " +
             std::to_string(angles.size()));
    std::vector<std::vector<int>> operands;
    do {
      if (!operands.empty()) step();
      operands.push_back(qubit_operand());
    } while (sign(","));
    if (static_cast<int>(operands.size()) != form->second.qubits)
      refuse(name + ": expected " + std::to_string(form->second.qubits) + " qubits, found " +
             std::to_string(operands.size()));
    broadcast(form->second, operands, angles);
    expect(";");
  }

  /// Registers as operands: the gate on each of their qubits.
  void broadcast(const GateForm& form, const std::vector<std::vector<int>>& operands,
                 const std::vector<Affine>& angles) {
    std::size_t times = 1;
    for (const std::vector<int>& operand : operands)
      if (operand.size() > 1) {
        if (times > 1 && operand.size() != times) refuse("registers of different sizes in one gate");
        times = operand.size();
      }
    for (std::size_t i = 0; i < times; ++i) {
      std::vector<int> qubits;
      for (const std::vector<int>& operand : operands) qubits.push_back(operand[operand.size() > 1 ? i : 0]);
      for (std::size_t a = 0; a < qubits.size(); ++a) {
        if (read_.count(qubits[a])) refuse("a gate after the measurement of its qubit is not supported");
        for (std::size_t b = 0; b < a; ++b)
          if (qubits[a] == qubits[b]) refuse("a gate on one qubit twice");
      }
      // Counts gates that emit nothing too: the text pays for one, a register makes many.
      if (++applied_ > limits_.gates || program_.ops.size() >= limits_.gates)
        refuse("expected at most " + std::to_string(limits_.gates) + " gates");
      form.emit(qubits, angles);
    }
  }

  Affine sum(int depth) {
    if (depth > deepest_expression) refuse("an expression is nested too deeply");
    Affine total = product(depth);
    while (sign("+") || sign("-")) {
      const double factor = sign("+") ? 1 : -1;
      step();
      total.add(product(depth), factor);
    }
    return total;
  }
  Affine product(int depth) {
    Affine total = factor(depth);
    while (sign("*") || sign("/")) {
      const bool divide = sign("/");
      step();
      const Affine next = factor(depth);
      if (divide) {
        if (!next.plain() || next.constant == 0) refuse("expected a number that is not zero to divide by");
        total.scale(1 / next.constant);
      } else if (next.plain()) {
        total.scale(next.constant);
      } else if (total.plain()) {
        Affine scaled = next;
        scaled.scale(total.constant);
        total = scaled;
      } else {
        refuse("a product of inputs is not supported");
      }
    }
    return total;
  }
  Affine factor(int depth) {
    if (depth > deepest_expression) refuse("an expression is nested too deeply");
    if (sign("-") || sign("+")) {
      const double sign_of = sign("-") ? -1 : 1;
      step();
      Affine value = factor(depth + 1);
      value.scale(sign_of);
      return value;
    }
    if (sign("(")) {
      step();
      Affine value = sum(depth + 1);
      expect(")");
      return value;
    }
    if (token_.kind == QasmToken::Kind::number) {
      double value = 0;
      const auto result = std::from_chars(token_.text.data(), token_.text.data() + token_.text.size(), value);
      if (result.ec != std::errc{} || result.ptr != token_.text.data() + token_.text.size())
        refuse("expected a number, found " + found());
      step();
      return {value, {}};
    }
    const std::string name = identifier("a number, pi or an input");
    if (const auto constant = constant_named(name)) return {*constant, {}};
    const auto place = inputs_.find(name);
    if (place == inputs_.end()) refuse("expected pi or a declared input, found '" + shown(name) + "'");
    return {0, {{place->second, 1.0}}};
  }

  AngleSum angle_sum(const Affine& angle) {
    if (!std::isfinite(angle.constant)) refuse("expected a finite angle");
    AngleSum sum{angle.constant, {}};
    for (const auto& [input, coefficient] : angle.terms) {
      if (!std::isfinite(coefficient)) refuse("expected finite numbers in an angle");
      if (coefficient != 0) sum.terms.push_back({input, coefficient});
    }
    terms_ += sum.terms.size();
    if (terms_ > terms_per_gate * limits_.gates) refuse("the angles of all gates hold too many inputs");
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
    if (program_.qubits < 1) refuse("expected at least one qubit");
    for (int bit = 0; bit < bit_count_; ++bit) {
      const auto reading = reading_of_.find(bit);
      if (reading == reading_of_.end())
        refuse("classical bit " + std::to_string(bit) + " is never read: expected every bit to be");
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

  QasmLexer lexer_;
  const std::string& name_;
  const Qasm3Limits limits_;
  QasmToken token_;
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
