// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/circuit_start.h"

#include <algorithm>
#include <optional>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/math.h"

namespace qmtl {
namespace {

/// One stage of trainable layers: the shared stage, or a block.
struct Stage {
  const std::vector<Op>& ops;
  const std::vector<Gate>& rotations;
  Entangler entangler;
  std::size_t qubits;
  int layers;

  std::size_t per_layer() const { return rotations.size() * qubits; }
  bool entangled() const { return info(entangler).entangles() && qubits > 1 && layers > 0; }
  /// Diagonal gates commute with each other and with rz.
  bool diagonal() const { return is_diagonal(info(entangler).gate); }
};

Stage shared_stage(const AnsatzSpec& spec, const Circuit& circuit) {
  return {circuit.shared, spec.rotations, spec.entangler, static_cast<std::size_t>(spec.qubits), spec.layers};
}

Stage block_stage(const AnsatzSpec& spec, const Block& block) {
  return {block.ops, spec.block_rotations, spec.block_entangler, block.qubits.size(), spec.block_layers};
}

/// First layer of each run of layers without an upload in between, and the number of layers at the end.
std::vector<int> runs_of_layers(const Stage& stage) {
  std::vector<int> begin{0};
  std::size_t seen = 0;
  for (const Op& op : stage.ops) {
    if (op.source == Source::param) ++seen;
    const int layer = static_cast<int>(seen / stage.per_layer());
    if (op.source == Source::angle && layer > begin.back()) begin.push_back(layer);
  }
  begin.push_back(stage.layers);
  return begin;
}

/// The rotations that may be random in an identity: they commute with the entangler and each other.
std::optional<Gate> free_rotation(const Stage& stage) {
  if (!stage.entangled()) return stage.rotations.front();
  const auto found = std::find_if(stage.rotations.begin(), stage.rotations.end(), is_diagonal);
  if (!stage.diagonal() || found == stage.rotations.end()) return std::nullopt;
  return *found;
}

/// Makes the identity of a stage whose angles are random.
void start_as_identity(const Stage& stage, std::span<double> values) {
  if (stage.layers == 0) return;
  const std::vector<int> runs = runs_of_layers(stage);
  const std::optional<Gate> random = free_rotation(stage);
  std::size_t seen = 0;
  for (const Op& op : stage.ops) {
    if (op.source != Source::param) continue;
    const int layer = static_cast<int>(seen++ / stage.per_layer());
    const auto next = std::upper_bound(runs.begin(), runs.end(), layer);
    const int first = *(next - 1);
    const auto index = static_cast<std::size_t>(op.index);
    if (op.gate != random)
      values[index] = 0.0;
    else if ((layer - first) % 2 == 1)
      values[index] = -values[index - stage.per_layer()];
    else if (layer + 1 == *next)
      values[index] = 0.0;
  }
}

std::string diagonal_entanglers() {
  std::string listed;
  for (const EntanglerInfo& row : entangler_table())
    if (is_diagonal(row.gate)) listed.append(row.name).append(", ");
  return listed;
}

/// Whether the stage's gates on two qubits cancel when all angles are 0, or are diagonal, which readouts do
/// not see.
bool entanglers_cancel(const Stage& stage) {
  if (stage.diagonal() || !stage.entangled()) return true;
  const std::vector<int> runs = runs_of_layers(stage);
  const bool even =
      std::all_of(runs.begin(), runs.end(), [&](int begin) { return (begin - runs.front()) % 2 == 0; });
  return stage.qubits == 2 && even;
}

void check_stage(const Stage& stage, const std::string& key) {
  if (entanglers_cancel(stage)) return;
  throw usage_error(key + " = \"identity\": entangler \"" + std::string(name(stage.entangler)) + "\" on " +
                    std::to_string(stage.qubits) + " qubits in " + std::to_string(stage.layers) +
                    (stage.layers == 1 ? " layer" : " layers") +
                    " does not cancel, so no angles make it the identity; use " + diagonal_entanglers() +
                    "or " + key + " = \"normal\"");
}

}  // namespace

void start_circuit(const HeadSpec& head, const AnsatzSpec& ansatz, const Circuit& circuit,
                   const ParamLayout& layout, const InitialValues& random, std::uint32_t tensor,
                   std::span<double> values) {
  const double shared_deviation = head.shared_deviation >= 0 ? head.shared_deviation : head.start_deviation;
  for (std::size_t i = 0; i < layout.trained.size(); ++i) {
    const TrainedNumber& number = layout.trained[i];
    const bool in_block = static_cast<int>(i) >= layout.shared;
    const auto key = static_cast<std::uint32_t>(i);
    if (number.role == TrainedRole::weight || number.role == TrainedRole::readout) {
      values[i] = number.start;
      continue;
    }
    values[i] = (in_block ? head.start_deviation : shared_deviation) * random.normal(tensor, key);
    if (in_block && number.role == TrainedRole::angle && number.gate == rotation_about("Y") &&
        head.start == BlockStart::signs && random.coin(tensor, key))
      values[i] += math::pi;
  }
  if (head.shared_start == SharedStart::identity) start_as_identity(shared_stage(ansatz, circuit), values);
  if (head.start == BlockStart::identity)
    for (const Block& block : circuit.blocks) start_as_identity(block_stage(ansatz, block), values);
}

void check_start(const HeadSpec& head, const AnsatzSpec& ansatz) {
  if (head.shared_start != SharedStart::identity && head.start != BlockStart::identity) return;
  if (!ansatz.is_short())
    throw usage_error(
        "head.start, head.shared_start = \"identity\": expected a circuit in the short form, found layers or "
        "observables by hand, which need not cancel; use \"normal\"");
  const Circuit circuit = build(ansatz);
  if (head.shared_start == SharedStart::identity)
    check_stage(shared_stage(ansatz, circuit), "head.shared_start");
  if (head.start == BlockStart::identity)
    for (const Block& block : circuit.blocks) check_stage(block_stage(ansatz, block), "head.start");
}

}  // namespace qmtl
