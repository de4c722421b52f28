// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/ansatz/ansatz_check.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "runtime/base/error.h"
#include "runtime/base/nearest.h"
#include "runtime/circuit/ansatz/presets.h"

namespace qmtl {
namespace {

using std::to_string;

constexpr int max_qubits = 1 << 20;
constexpr int max_layers = 1 << 16;
// What can be planned within seconds.
constexpr double most_gates = 2e6, most_outputs = 1 << 14;

std::string at(const std::string& key, std::size_t index) { return key + "[" + to_string(index) + "]"; }

void check_range(const std::string& key, long long value, long long low, long long high) {
  if (value < low || value > high)
    throw usage_error(key + " = " + to_string(value) + ": expected a whole number from " + to_string(low) +
                      " to " + to_string(high));
}

void check_rotations(const std::string& key, const std::vector<Gate>& rotations, int layers) {
  if (rotations.empty() && layers > 0)
    throw usage_error(key + " is empty: expected at least one of " + listed_gates(is_qubit_rotation) +
                      " (for no rotations at all set the layers to 0)");
  for (std::size_t i = 0; i < rotations.size(); ++i)
    if (!is_qubit_rotation(rotations[i]))
      throw usage_error(at(key, i) + " = \"" + std::string(info(rotations[i]).name) +
                        "\": expected a rotation of one qubit, one of " + listed_gates(is_qubit_rotation));
}

/// Whether it makes |0> of a qubit another state, so that it can carry a sample's number there.
constexpr bool turns_zero(Gate gate) { return is_qubit_rotation(gate) && !is_diagonal(gate); }

/// Every number in 0..count-1 and none twice; `noun` says what a number is.
void check_numbers(const std::string& key, const std::vector<int>& numbers, int count,
                   const std::string& noun) {
  if (numbers.empty()) throw usage_error(key + " is empty: expected at least one " + noun);
  std::unordered_set<int> seen;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] < 0 || numbers[i] >= count)
      throw usage_error(at(key, i) + " = " + to_string(numbers[i]) + " is not a " + noun + " 0.." +
                        to_string(count - 1));
    if (!seen.insert(numbers[i]).second)
      throw usage_error(at(key, i) + " = " + to_string(numbers[i]) + " occurs twice: expected each " + noun +
                        " at most once");
  }
}

/// Blocks with registers of their own; whether all have one.
bool check_own_registers(const AnsatzSpec& spec) {
  if (spec.blocks.empty()) return false;
  if (spec.blocks.size() != spec.block_outputs.size())
    throw usage_error("the circuit has " + to_string(spec.block_outputs.size()) + " blocks, but " +
                      to_string(spec.blocks.size()) + " are described: expected one for each");
  bool all = true;
  for (const BlockSpec& block : spec.blocks) {
    if (block.qubits.empty())
      all = false;
    else
      check_numbers(block.key + ".register", block.qubits, spec.qubits, "qubit");
  }
  return all;
}

void check_registers(const AnsatzSpec& spec) {
  const std::size_t blocks = spec.block_outputs.size();
  if (check_own_registers(spec)) return;
  if (spec.registers.empty()) {
    if (spec.placement == Placement::global) return;
    if (spec.register_size < 1 || spec.register_size > spec.qubits)
      throw usage_error("block.size = " + to_string(spec.register_size) + ": expected 1.." +
                        to_string(spec.qubits) + ", as circuit.qubits = " + to_string(spec.qubits));
    check_range("block.stride", spec.stride, 0, max_qubits);
    return;
  }
  if (spec.placement == Placement::global)
    throw usage_error(
        "block.registers is given but block.placement = \"global\" puts every block on all qubits: "
        "remove block.registers or set block.placement = \"local\"");
  if (spec.registers.size() != blocks)
    throw usage_error("block.registers has " + to_string(spec.registers.size()) + " registers: expected " +
                      to_string(blocks) + ", one per task block");
  for (std::size_t b = 0; b < blocks; ++b)
    check_numbers(at("block.registers", b), spec.registers[b], spec.qubits, "qubit");
}

int smallest_register(const AnsatzSpec& spec) {
  if (!spec.blocks.empty()) {
    std::size_t smallest = static_cast<std::size_t>(spec.qubits);
    for (std::size_t b = 0; b < spec.blocks.size(); ++b)
      smallest = std::min(smallest, register_of(spec, b).size());
    return static_cast<int>(smallest);
  }
  if (spec.placement == Placement::global) return spec.qubits;
  if (spec.registers.empty()) return spec.register_size;
  std::size_t smallest = spec.registers.front().size();
  for (const auto& qubits : spec.registers) smallest = std::min(smallest, qubits.size());
  return static_cast<int>(smallest);
}

void check_strings(const AnsatzSpec& spec) {
  if (spec.readout != ReadoutKind::strings) {
    if (!spec.strings.empty())
      throw usage_error("block.strings is given but block.readout = \"" + std::string(name(spec.readout)) +
                        "\" does not use it: remove block.strings or set block.readout = \"strings\"");
    return;
  }
  if (spec.strings.empty())
    throw usage_error(
        "block.strings is empty: block.readout = \"strings\" expects lists of register positions, "
        "e.g. [[0], [0, 1]]");
  for (std::size_t i = 0; i < spec.strings.size(); ++i)
    check_numbers(at("block.strings", i), spec.strings[i], smallest_register(spec), "register position");
}

/// Repetition by repetition, so that no more than one is held at a time; a count above most_gates need not be
/// finished.
double gates_of_preset(std::string_view named, int qubits, int repetitions, double uploads) {
  const Preset& preset = preset_named(named);
  // A repetition on more qubits has no fewer gates for each of them than one on few has; but for a tree's
  // last pair.
  constexpr int few = 64;
  if (qubits > few) {
    const double least = gates_of(preset.layer(few, 0), few) / few * 0.9 * qubits * repetitions;
    if (least > most_gates) return least;
  }
  double gates = preset.uploads ? 0.0 : uploads * qubits;
  for (int l = 0; l < repetitions && gates <= most_gates; ++l)
    gates += gates_of(preset.layer(qubits, l), qubits);
  if (preset.last) gates += gates_of(preset.last(qubits), qubits);
  return gates;
}

void check_total(const AnsatzSpec& spec) {
  const double qubits = spec.qubits;
  double gates =
      !spec.preset.empty() ? gates_of_preset(spec.preset, spec.qubits, spec.layers, spec.uploads)
      : spec.stage.empty()
          ? qubits * spec.uploads + qubits * spec.layers * (1.0 + static_cast<double>(spec.rotations.size()))
          : gates_of(spec.stage, qubits);
  const double per_qubit = spec.block_layers * (1.0 + static_cast<double>(spec.block_rotations.size()));
  for (std::size_t b = 0; b < spec.block_outputs.size(); ++b) {
    const BlockSpec* own = spec.blocks.empty() ? nullptr : &spec.blocks[b];
    const double size = own && !own->qubits.empty()           ? static_cast<double>(own->qubits.size())
                        : !spec.registers.empty()             ? static_cast<double>(spec.registers[b].size())
                        : spec.placement == Placement::global ? qubits
                                                              : spec.register_size;
    gates += size * spec.block_outputs[b];
    if (own && !own->layers.empty())
      gates += gates_of(own->layers, size);
    else if (!spec.block_preset.empty())
      gates += gates_of_preset(spec.block_preset, static_cast<int>(size), spec.block_layers, 0.0);
    else if (!spec.block_stage.empty())
      gates += gates_of(spec.block_stage, size);
    else
      gates += size * per_qubit;
  }
  const double outputs = std::accumulate(spec.block_outputs.begin(), spec.block_outputs.end(), 0.0);
  if (outputs > most_outputs)
    throw usage_error("the circuit would have " + to_string(static_cast<long long>(outputs)) +
                      " outputs: expected at most " + to_string(static_cast<long long>(most_outputs)) +
                      "; learn fewer tasks or classes at once, or take head.kind = \"linear\" or \"mlp\"");
  if (gates > most_gates)
    throw usage_error(
        "the circuit would have about " + to_string(static_cast<long long>(gates)) +
        " gates and readout terms: expected at most " + to_string(static_cast<long long>(most_gates)) +
        "; reduce circuit.qubits, circuit.layers, block.layers or the number of outputs, or take local "
        "blocks");
}

}  // namespace

void check(const AnsatzSpec& spec) {
  check_range("circuit.qubits", spec.qubits, 1, max_qubits);
  check_range("circuit.uploads", spec.uploads, 1, max_layers);
  check_range("circuit.layers", spec.layers, 0, max_layers);
  if (!spec.preset.empty() && !spec.stage.empty())
    throw usage_error(
        "circuit.preset and circuit.layer both say what the shared stage is: expected one of them");
  if (!spec.block_preset.empty() && !spec.block_stage.empty())
    throw usage_error("block.preset and block.layer both say what a block is: expected one of them");
  if (!spec.preset.empty()) preset_named(spec.preset);
  if (!spec.block_preset.empty()) preset_named(spec.block_preset);
  if (spec.stage.empty()) {
    if (const std::string upload(info(spec.upload).name); !turns_zero(spec.upload))
      throw usage_error(
          "circuit.upload = \"" + upload + "\": expected " + one_of(gate_names(turns_zero), upload) +
          (is_qubit_rotation(spec.upload) ? "; " + upload + " leaves the state |0...0> unchanged" : ""));
    check_rotations("circuit.rotations", spec.rotations, spec.layers);
  }
  check_range("block.layers", spec.block_layers, 0, max_layers);
  check_rotations("block.rotations", spec.block_rotations, spec.block_layers);
  if (spec.block_outputs.empty())
    throw usage_error("the circuit has no task block: expected at least one task with an output");
  for (std::size_t b = 0; b < spec.block_outputs.size(); ++b)
    check_range("outputs of block " + to_string(b), spec.block_outputs[b], 1, max_qubits);
  check_registers(spec);
  check_strings(spec);
  check_total(spec);
}

}  // namespace qmtl
