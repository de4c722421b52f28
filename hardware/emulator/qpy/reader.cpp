// SPDX-License-Identifier: Apache-2.0
// The format: qiskit.qpy's documentation, "QPY format", with its changes up to version 18.
#include "hardware/emulator/qpy/reader.h"

#include <algorithm>
#include <set>

#include "hardware/emulator/qpy/parameters.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

constexpr int oldest = 13, newest = 18;

/// The gate of a class of Qiskit's library: RZGate is rz.
std::optional<Gate> gate_of_class(std::string_view name) {
  if (name == "PhaseGate") return gate_by_name("p");
  if (name == "CPhaseGate") return gate_by_name("cp");
  if (!name.ends_with("Gate")) return std::nullopt;
  std::string lower(name.substr(0, name.size() - 4));
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return gate_by_qasm_name(lower);
}

class QpyCircuitReader {
 public:
  QpyCircuitReader(QpyCursor at, int version, const QasmLimits& limits)
      : at_(at), version_(version), limits_(limits), parameters_(version, limits) {}

  ReadCircuit read() {
    header();
    for (std::uint32_t r = 0; r < registers_; ++r) read_register();
    if (version_ >= 15) annotations();
    if (version_ >= 18) parameters_.read_vectors(at_);
    if (at_.u64() != 0)
      at_.refuse("the circuit has gates of its own: transpile it for the backend before it is sent");
    for (std::uint64_t i = 0; i < instructions_; ++i) instruction();
    return finish();
  }

 private:
  void header() {
    const std::uint16_t name = at_.u16();
    at_.letter();
    const std::uint16_t phase = at_.u16();
    const std::uint32_t qubits = at_.u32(), bits = at_.u32();
    const std::uint64_t metadata = at_.u64();
    registers_ = at_.u32();
    instructions_ = at_.u64();
    const std::uint32_t variables = at_.u32();
    const auto most = static_cast<std::uint32_t>(limits_.qubits);
    if (qubits < 1 || qubits > most || bits > most)
      at_.refuse("expected at least one qubit and at most " + std::to_string(most) + " qubits and bits");
    if (variables > 0) at_.refuse("classical variables are not supported");
    made_.qubits = static_cast<int>(qubits);
    made_.physical = true;
    qubit_of_bit_.assign(bits, -1);
    at_.take(name);
    at_.take(phase);
    at_.take(metadata);
  }

  /// The bits of a classical register; those of qubits say nothing that is needed.
  void read_register() {
    constexpr std::uint32_t nowhere = 0xffffffff;
    const char type = at_.letter();
    at_.byte();
    const std::uint32_t size = at_.u32();
    const std::uint16_t name_size = at_.u16();
    const bool in_circuit = at_.byte() != 0;
    const bool contiguous = version_ >= 18 && at_.byte() == 1;
    const std::string name(at_.take(name_size));
    std::uint32_t index = contiguous ? at_.u32() : 0;
    std::vector<std::size_t> bits;
    if (size > qubit_of_bit_.size() + static_cast<std::size_t>(limits_.qubits))
      at_.refuse("a register has too many bits");
    for (std::uint32_t i = 0; i < size; ++i, ++index) {
      if (!contiguous) {
        const std::uint64_t given = version_ >= 18 ? at_.u32() : at_.u64();
        index = given > nowhere ? nowhere : static_cast<std::uint32_t>(given);
      }
      if (type == 'c' && in_circuit) {
        if (index >= qubit_of_bit_.size())
          at_.refuse("register '" + printable(name) + "': expected bits of the circuit");
        bits.push_back(index);
      }
    }
    if (type != 'c' || !in_circuit) return;
    total_ += bits.size();
    if (total_ > static_cast<std::size_t>(limits_.qubits)) at_.refuse("too many bits in registers");
    names_.push_back(name);
    bits_of_register_.push_back(std::move(bits));
  }

  void annotations() {
    const std::uint32_t count = at_.u32();
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t name = at_.u32();
      const std::uint64_t state = at_.u64();
      at_.take(name);
      at_.take(state);
    }
  }

  struct Value {
    char type;
    QpyCursor bytes;
  };

  std::vector<int> operands(std::uint32_t count, char type, std::size_t below) {
    std::vector<int> numbers;
    if (count > below) at_.refuse("an instruction has too many operands");
    for (std::uint32_t i = 0; i < count; ++i) {
      if (at_.letter() != type) at_.refuse("expected qubits, then classical bits");
      const std::uint32_t number = at_.u32();
      if (number >= below) at_.refuse("expected a qubit or bit of the circuit");
      numbers.push_back(static_cast<int>(number));
    }
    return numbers;
  }

  void instruction() {
    const std::uint16_t name_size = at_.u16(), label = at_.u16(), values = at_.u16();
    const std::uint32_t qubit_count = at_.u32(), bit_count = at_.u32();
    const std::uint8_t extras = at_.byte();
    const std::uint16_t condition = at_.u16();
    at_.u64();
    const std::uint32_t controls = at_.u32(), state = at_.u32();
    const std::string_view name = at_.take(name_size);
    at_.take(label);
    at_.take(condition);
    if ((extras & 3) != 0) at_.refuse("a condition is not supported: expected a straight line of gates");
    const std::vector<int> qubits = operands(qubit_count, 'q', static_cast<std::size_t>(made_.qubits));
    const std::vector<int> bits = operands(bit_count, 'c', qubit_of_bit_.size());
    std::vector<Value> given;
    for (std::uint16_t v = 0; v < values; ++v) {
      const char type = at_.letter();
      given.push_back({type, at_.part(at_.u64())});
    }
    if ((extras & 0x80) != 0)
      for (std::uint32_t left = at_.u32(); left > 0; --left) {
        at_.u32();
        at_.take(at_.u64());
      }
    if (controls > 0 && controls < 32 && state != (1u << controls) - 1)
      at_.refuse(printable(name) + ": expected a gate that acts where its controls are 1");
    apply(name, qubits, bits, given);
  }

  void apply(std::string_view name, const std::vector<int>& qubits, const std::vector<int>& bits,
             const std::vector<Value>& values) {
    if (name == "Barrier" || name == "Delay") return;
    if (name == "Measure") {
      if (qubits.size() != 1 || bits.size() != 1) at_.refuse("Measure: expected a qubit and a bit");
      if (!read_.insert(qubits[0]).second) at_.refuse("a qubit is measured twice");
      int& qubit = qubit_of_bit_[static_cast<std::size_t>(bits[0])];
      if (qubit >= 0) at_.refuse("a bit is read twice");
      qubit = qubits[0];
      return;
    }
    for (std::size_t a = 0; a < qubits.size(); ++a) {
      if (read_.count(qubits[a]) != 0)
        at_.refuse("a gate after the measurement of its qubit is not supported");
      if (std::count(qubits.begin(), qubits.end(), qubits[a]) > 1) at_.refuse("a gate on one qubit twice");
    }
    if (name == "IGate") return;
    const auto gate = gate_of_class(name);
    if (!gate)
      at_.refuse(
          "'" + printable(name.substr(0, 60)) +
          "' is not supported: expected a straight line of gates; transpile the circuit for the backend");
    if (info(*gate).arity != static_cast<int>(qubits.size()) || !bits.empty() ||
        static_cast<std::size_t>(info(*gate).angles) != values.size())
      at_.refuse(printable(name) + ": expected " + std::to_string(info(*gate).arity) + " qubits and " +
                 std::to_string(info(*gate).angles) + " angles");
    if (made_.gates.size() >= limits_.gates)
      at_.refuse("expected at most " + std::to_string(limits_.gates) + " gates");
    GateUse use{*gate, qubits, {}};
    for (const Value& value : values) use.angles.push_back(parameters_.angle(value.type, value.bytes));
    made_.gates.push_back(std::move(use));
  }

  ReadCircuit finish() {
    ReadCircuit circuit;
    std::vector<int> reading(qubit_of_bit_.size(), -1);
    for (std::size_t bit = 0; bit < qubit_of_bit_.size(); ++bit) {
      if (qubit_of_bit_[bit] < 0) continue;
      reading[bit] = static_cast<int>(made_.measured.size());
      made_.measured.push_back(qubit_of_bit_[bit]);
    }
    for (std::size_t r = 0; r < names_.size(); ++r) {
      circuit.registers.push_back({names_[r], static_cast<int>(bits_of_register_[r].size())});
      for (std::size_t bit : bits_of_register_[r]) circuit.readings.push_back(reading[bit]);
    }
    made_.inputs = parameters_.inputs();
    circuit.program = device_program(std::move(made_), "circuit");
    return circuit;
  }

  QpyCursor at_;
  int version_;
  const QasmLimits& limits_;
  QpyParameters parameters_;
  QasmProgram made_;
  std::uint32_t registers_ = 0;
  std::uint64_t instructions_ = 0;
  std::size_t total_ = 0;          ///< bits of all classical registers
  std::vector<int> qubit_of_bit_;  ///< -1: never read
  std::set<int> read_;             ///< qubits
  std::vector<std::string> names_;
  std::vector<std::vector<std::size_t>> bits_of_register_;
};

}  // namespace

std::vector<ReadCircuit> read_qpy(std::string_view bytes, const QasmLimits& limits) {
  QpyCursor at(bytes);
  if (at.take(6) != "QISKIT") at.refuse("expected a file that begins with QISKIT");
  const int version = at.byte();
  if (version < oldest || version > newest)
    at.refuse("expected version " + std::to_string(oldest) + " to " + std::to_string(newest) +
              " of the format, found " + std::to_string(version));
  at.take(3);
  const std::uint64_t count = at.u64();
  at.letter();
  if (at.letter() != 'q') at.refuse("expected circuits");
  std::vector<std::uint64_t> starts;
  if (version >= 16) {
    for (std::uint64_t i = 0; i < count; ++i) starts.push_back(at.u64());
  } else {
    if (count != 1) at.refuse("expected one circuit in a file of a version below 16");
    starts.push_back(bytes.size() - at.left());
  }
  starts.push_back(bytes.size());
  std::vector<ReadCircuit> circuits;
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    if (starts[i] >= starts[i + 1] || starts[i + 1] > bytes.size() || starts[i] < bytes.size() - at.left())
      at.refuse("expected circuits that follow each other");
    const auto first = static_cast<std::size_t>(starts[i]);
    circuits.push_back(
        QpyCircuitReader(
            QpyCursor(bytes.substr(first, static_cast<std::size_t>(starts[i + 1] - starts[i])), first),
            version, limits)
            .read());
  }
  return circuits;
}

}  // namespace qmtl
