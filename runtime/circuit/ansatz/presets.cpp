// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/ansatz/presets.h"

#include <algorithm>
#include <iterator>

#include "runtime/base/names.h"
#include "runtime/circuit/ansatz/preset_layers.h"

namespace qmtl::presets {
namespace {

// ---- Qiskit's circuit library: rotations, an entangler, rotations once more at the end.

template <PairPattern pattern>
Layers efficient_su2(int n, int index) {
  return with_entangler({Gate::ry, Gate::rz}, Gate::cx, pattern, n, index);
}
Layers last_su2(int) { return {turn({Gate::ry, Gate::rz})}; }
template <PairPattern pattern>
Layers real_amplitudes(int n, int index) {
  return with_entangler({Gate::ry}, Gate::cx, pattern, n, index);
}
Layers last_ry(int) { return {turn({Gate::ry})}; }
template <PairPattern pattern>
Layers two_local(int, int) {
  return with_entangler({Gate::ry}, Gate::cz, pattern);
}
template <PairPattern pattern>
Layers zz_map(int, int) {
  return {turn({Gate::h}), upload(Gate::p, 2.0), upload_pairs(Gate::rzz, pattern, 2.0, true)};
}
Layers z_map(int, int) { return {turn({Gate::h}), upload(Gate::p, 2.0)}; }

// ---- PennyLane's templates.

Layers strongly_entangling(int n, int index) {
  if (n < 2) return {turn({Gate::rz, Gate::ry, Gate::rz})};
  return with_entangler({Gate::rz, Gate::ry, Gate::rz}, Gate::cx, PairPattern::step, index % (n - 1) + 1);
}
template <Gate gate>
Layers basic_entangler(int, int) {
  return with_entangler({gate}, Gate::cx, PairPattern::ring);
}
/// RY once, then in every repetition CZ and RY on the pairs (0, 1), (2, 3), ..., then on (1, 2), ...
Layers two_design_layer(int n, int index) {
  Layers layers;
  if (index == 0) layers.push_back(turn({Gate::ry}));
  for (int first : {0, 1}) {
    PairLists pairs;
    std::vector<int> qubits;
    for (int i = first; i + 1 < n; i += 2) {
      pairs.push_back({i, i + 1});
      qubits.push_back(i);
      qubits.push_back(i + 1);
    }
    if (pairs.empty()) continue;
    layers.push_back(entangle(Gate::cz, pairs));
    layers.push_back(turn({Gate::ry}, qubits));
  }
  return layers;
}
Layers iqp(int, int) {
  return {turn({Gate::h}), upload(Gate::rz), upload_pairs(Gate::rzz, PairPattern::full, 1.0, false)};
}
Layers qaoa_embedding(int n, int) {
  Layers layers{upload(Gate::rx)};
  if (n > 1) layers.push_back(entangle(Gate::rzz, PairPattern::ring));
  layers.push_back(turn({Gate::ry}));
  return layers;
}
Layers qaoa_last(int) { return {upload(Gate::rx)}; }

/// The numbers as amplitudes, then strongly entangling repetitions.
Layers circuit_centric(int n, int index) {
  Layers layers;
  if (index == 0) {
    layers.emplace_back();
    layers.back().encode = LayerEncoding::amplitude;
  }
  for (CircuitLayer& layer : strongly_entangling(n, index)) layers.push_back(std::move(layer));
  return layers;
}

// ---- Circuits of papers on data encoding and multi-task learning.

CircuitLayer upload_everywhere(Gate gate, int n, int input) {
  CircuitLayer layer;
  layer.upload = gate;
  layer.inputs.assign(static_cast<std::size_t>(n), {input});
  return layer;
}
CircuitLayer trained_upload(Gate gate, int n, int input) {
  CircuitLayer layer = upload_everywhere(gate, n, input);
  layer.train_weights = layer.train_offsets = true;
  return layer;
}
/// Neighbours (0, 1), (2, 3), ... and (1, 2), ..., (0, last) in turns.
PairLists in_turns(int n, int index) {
  PairLists pairs;
  const int first = n > 2 ? index % 2 : 0;
  for (int i = first; i + 1 < n; i += 2) pairs.push_back({i, i + 1});
  if (first == 1 && n % 2 == 0) pairs.push_back({0, n - 1});
  return pairs;
}
/// Any rotation of a qubit has three angles, each w x + b with an input of its own; every qubit carries all
/// three inputs. CZ stands between repetitions, not behind the last.
Layers reupload(int n, int index) {
  return {index > 0 ? entangle(Gate::cz, in_turns(n, index - 1)) : CircuitLayer{},
          trained_upload(Gate::rz, n, 2), trained_upload(Gate::ry, n, 0), trained_upload(Gate::rz, n, 1)};
}
/// One input on every qubit, three times: qubit-efficient loading. Each repetition loads the same three.
Layers hqsl(int n, int) {
  Layers layers;
  const Gate rotations[] = {Gate::rz, Gate::ry, Gate::rz};
  for (int i = 0; i < 3; ++i) {
    CircuitLayer layer = upload_everywhere(Gate::rx, n, i);
    layer.gates = {rotations[i]};
    if (i < 2 && n > 1) {
      layer.entangler = Gate::cz;
      layer.pattern = PairPattern::line;
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}
Layers glue9(int n, int) {
  CircuitLayer layer;
  layer.upload = Gate::rx;
  layer.gates = {Gate::rz};
  if (n > 1) {
    layer.entangler = Gate::cz;
    layer.pattern = PairPattern::line;
  }
  return {layer};
}
Layers qfnn(int n, int) {
  CircuitLayer layer = upload(Gate::rx);
  if (n > 1) {
    layer.entangler = Gate::cx;
    layer.pattern = PairPattern::ring;
  }
  return {layer};
}
/// A transverse-field Ising Hamiltonian in turns: one angle for all couplings, one for all fields.
Layers ising(int n, int) {
  Layers layers;
  if (n > 1) {
    layers.push_back(entangle(Gate::rzz, PairPattern::ring));
    layers.back().shared_angles = true;
  }
  CircuitLayer fields;
  for (int q = 0; q < n; ++q) fields.ops.push_back({Gate::rx, {q}, {trainable_number(0)}});
  layers.push_back(std::move(fields));
  return layers;
}
/// exp(-i a (XX + YY) / 2) on every pair: both halves turn by one angle.
Layers excitation_preserving(int n, int) {
  CircuitLayer pairs;
  int number = 0;
  for (const auto& [a, b] : pattern_pairs(PairPattern::full, 1, n, 0)) {
    const Expression angle = trainable_number(number++);
    pairs.ops.push_back({Gate::rxx, {a, b}, {angle}});
    pairs.ops.push_back({Gate::ryy, {a, b}, {angle}});
  }
  return {turn({Gate::rz}), pairs};
}
Layers last_rz(int) { return {turn({Gate::rz})}; }

/// RY on both qubits of a pair and a CX: the block of the tree networks.
void tree_block(int a, int b, Layers& layers) {
  layers.push_back(turn({Gate::ry}, {a, b}));
  layers.push_back(entangle(Gate::cx, {{a, b}}));
}
Layers matrix_product(int n, int) {
  Layers layers;
  for (int i = 0; i + 1 < n; ++i) tree_block(i, i + 1, layers);
  return layers;
}
/// The second qubit of each pair goes on to the next level; so does one without a partner.
Layers tree_tensor(int n, int) {
  Layers layers;
  std::vector<int> alive;
  for (int i = 0; i < n; ++i) alive.push_back(i);
  while (alive.size() > 1) {
    std::vector<int> kept;
    for (std::size_t i = 1; i < alive.size(); i += 2) {
      tree_block(alive[i - 1], alive[i], layers);
      kept.push_back(alive[i]);
    }
    if (alive.size() % 2) kept.push_back(alive.back());
    alive = std::move(kept);
  }
  return layers;
}
/// The tree's root, which is read, turns once more.
Layers tree_root(int n) { return {turn({Gate::ry}, {n - 1})}; }
/// Any two-qubit unitary, by its fifteen angles: numbers 0 to 14 of the layer.
void convolve(int a, int b, CircuitLayer& layer) {
  const auto number = [](int i) { return trainable_number(i); };
  const auto any = [&](int qubit, int first) {
    layer.ops.push_back({Gate::u, {qubit}, {number(first), number(first + 1), number(first + 2)}});
  };
  any(a, 0);
  any(b, 3);
  layer.ops.push_back({Gate::cx, {a, b}, {}});
  layer.ops.push_back({Gate::ry, {a}, {number(6)}});
  layer.ops.push_back({Gate::rz, {b}, {number(7)}});
  layer.ops.push_back({Gate::cx, {b, a}, {}});
  layer.ops.push_back({Gate::ry, {a}, {number(8)}});
  layer.ops.push_back({Gate::cx, {a, b}, {}});
  any(a, 9);
  any(b, 12);
}
/// What the dropped qubit would be measured as (measurement deferred) chooses between two rotations of the
/// kept one: numbers 15 and 16.
void pool(int dropped, int kept, CircuitLayer& layer) {
  layer.ops.push_back({Gate::crz, {dropped, kept}, {trainable_number(15)}});
  layer.ops.push_back({Gate::x, {dropped}, {}});
  layer.ops.push_back({Gate::crx, {dropped, kept}, {trainable_number(16)}});
}
/// Stages of one convolution on the ring of qubits that are left, the same on all pairs, and pooling onto
/// every second of them. The last pair's second qubit is read.
Layers qcnn(int n, int) {
  Layers layers;
  std::vector<int> alive;
  for (int i = 0; i < n; ++i) alive.push_back(i);
  while (alive.size() > 1) {
    CircuitLayer stage;
    std::vector<int> kept;
    if (alive.size() > 2) convolve(alive.front(), alive.back(), stage);
    for (std::size_t first : {0u, 1u})
      for (std::size_t i = first; i + 1 < alive.size(); i += 2) convolve(alive[i], alive[i + 1], stage);
    if (alive.size() == 2) std::swap(alive[0], alive[1]);
    for (std::size_t i = 0; i < alive.size(); i += 2) {
      if (i + 1 < alive.size()) pool(alive[i + 1], alive[i], stage);
      kept.push_back(alive[i]);
    }
    layers.push_back(std::move(stage));
    alive = std::move(kept);
  }
  return layers;
}

constexpr std::string_view qiskit = "Qiskit's circuit library";
constexpr std::string_view pennylane = "PennyLane's templates";

// A new preset is its layers and its row.
constexpr Preset table[] = {
    {"strongly-entangling", "Schuld et al. 2018 (arXiv:1804.00633)", strongly_entangling},
    {"basic-entangler", pennylane, basic_entangler<Gate::rx>},
    {"basic-entangler-ry", pennylane, basic_entangler<Gate::ry>},
    {"simplified-two-design", "Cerezo et al. 2021 (arXiv:2001.00550)", two_design_layer},
    {"two-local", qiskit, two_local<PairPattern::full>, last_ry},
    {"two-local-linear", qiskit, two_local<PairPattern::line>, last_ry},
    {"efficient-su2", qiskit, efficient_su2<PairPattern::reverse_line>, last_su2},
    {"efficient-su2-linear", qiskit, efficient_su2<PairPattern::line>, last_su2},
    {"efficient-su2-circular", qiskit, efficient_su2<PairPattern::circular>, last_su2},
    {"efficient-su2-full", qiskit, efficient_su2<PairPattern::full>, last_su2},
    {"efficient-su2-sca", qiskit, efficient_su2<PairPattern::sca>, last_su2},
    {"efficient-su2-pairwise", qiskit, efficient_su2<PairPattern::pairwise>, last_su2},
    {"real-amplitudes", qiskit, real_amplitudes<PairPattern::reverse_line>, last_ry},
    {"real-amplitudes-linear", qiskit, real_amplitudes<PairPattern::line>, last_ry},
    {"real-amplitudes-circular", qiskit, real_amplitudes<PairPattern::circular>, last_ry},
    {"real-amplitudes-full", qiskit, real_amplitudes<PairPattern::full>, last_ry},
    {"real-amplitudes-sca", qiskit, real_amplitudes<PairPattern::sca>, last_ry},
    {"real-amplitudes-pairwise", qiskit, real_amplitudes<PairPattern::pairwise>, last_ry},
    {"excitation-preserving", qiskit, excitation_preserving, last_rz},
    {"ising", "Wecker, Hastings, Troyer 2015 (arXiv:1507.08969)", ising},
    {"matrix-product", "Huggins et al. 2019 (arXiv:1803.11537)", matrix_product},
    {"tree-tensor", "Grant et al. 2018 (arXiv:1804.03680)", tree_tensor, tree_root},
    {"qcnn", "Hur, Kim, Park 2022 (arXiv:2108.00661), after Cong, Choi, Lukin 2019", qcnn},
    {"z-map", "Havlicek et al. 2019 (arXiv:1804.11326)", z_map, nullptr, true},
    {"zz-map", "Havlicek et al. 2019 (arXiv:1804.11326)", zz_map<PairPattern::full>, nullptr, true},
    {"zz-map-linear", qiskit, zz_map<PairPattern::line>, nullptr, true},
    {"iqp", "PennyLane's IQPEmbedding; Havlicek et al. 2019", iqp, nullptr, true},
    {"qaoa-embedding", "Lloyd et al. 2020 (arXiv:2001.03622)", qaoa_embedding, qaoa_last, true},
    {"circuit-centric", "Schuld et al. 2018 (arXiv:1804.00633), with its amplitude encoding", circuit_centric,
     nullptr, true},
    {"reupload", "Perez-Salinas et al. 2020 (arXiv:1907.02085)", reupload, nullptr, true},
    {"hqsl", "hybrid quantum split learning (arXiv:2409.16593)", hqsl, nullptr, true},
    {"glue9", "quantum multi-task learning on GLUE (arXiv:2604.13560)", glue9, nullptr, true},
    {"qfnn", "quantum fuzzy neural network for sarcasm and humour", qfnn, nullptr, true},
};

}  // namespace
}  // namespace qmtl::presets

namespace qmtl {

std::span<const Preset> preset_table() {
  static const std::vector<Preset> all = [] {
    std::vector<Preset> rows(std::begin(presets::table), std::end(presets::table));
    rows.insert(rows.end(), presets::sim_circuits().begin(), presets::sim_circuits().end());
    return rows;
  }();
  return all;
}

const Preset& preset_named(std::string_view name) { return row_named(preset_table(), "preset", name); }

std::vector<CircuitLayer> expand(const Preset& preset, int qubits, int layers, Gate gate, int uploads,
                                 bool repeat_uploads) {
  std::vector<CircuitLayer> all;
  int done = 0;
  const auto upload_before = [&](int layer) {
    for (; !preset.uploads && done < uploads && static_cast<long long>(done) * layers / uploads <= layer;
         ++done)
      all.push_back(presets::upload(gate, 1.0, repeat_uploads ? 0 : -1));
  };
  for (int l = 0; l < layers; ++l) {
    upload_before(l);
    for (CircuitLayer& layer : preset.layer(qubits, l))
      if (layer != CircuitLayer{}) all.push_back(std::move(layer));
  }
  upload_before(layers);
  if (preset.last)
    for (CircuitLayer& layer : preset.last(qubits)) all.push_back(std::move(layer));
  return all;
}

}  // namespace qmtl
