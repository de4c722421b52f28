// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/presets.h"

#include <algorithm>

#include "runtime/base/names.h"

namespace qmtl {
namespace {

using Layers = std::vector<CircuitLayer>;
using PairLists = std::vector<std::vector<int>>;

CircuitLayer turn(std::vector<Gate> gates, std::vector<int> qubits = {}) {
  CircuitLayer layer;
  layer.gates = std::move(gates);
  layer.qubits = std::move(qubits);
  return layer;
}

CircuitLayer entangle(Gate gate, PairPattern pattern, int range = 1) {
  CircuitLayer layer;
  layer.entangler = gate;
  layer.pattern = pattern;
  layer.range = range;
  return layer;
}

/// No pairs: no gates.
CircuitLayer entangle(Gate gate, PairLists pairs) {
  CircuitLayer layer;
  if (pairs.empty()) return layer;
  layer.entangler = gate;
  layer.pairs = std::move(pairs);
  return layer;
}

CircuitLayer upload(Gate gate, double factor = 1.0, int first_input = 0) {
  CircuitLayer layer;
  layer.upload = gate;
  layer.factor = factor;
  layer.first_input = first_input;
  return layer;
}

CircuitLayer upload_pairs(Gate gate, PairPattern pattern, double factor, bool reflect) {
  CircuitLayer layer = upload(gate, factor);
  layer.pattern = pattern;
  layer.reflect = reflect;
  return layer;
}

Layers with_entangler(std::vector<Gate> gates, Gate gate, PairPattern pattern, int range = 1) {
  CircuitLayer layer = entangle(gate, pattern, range);
  layer.gates = std::move(gates);
  return {layer};
}

/// The same with the pattern's pairs of repetition `index`: a layer's own number would also count the uploads
/// that stand in front.
Layers with_entangler(std::vector<Gate> gates, Gate gate, PairPattern pattern, int n, int index) {
  PairLists pairs;
  for (const auto& [a, b] : pattern_pairs(pattern, 1, n, index)) pairs.push_back({a, b});
  CircuitLayer layer = entangle(gate, std::move(pairs));
  layer.gates = std::move(gates);
  return {layer};
}

// ---- Patterns of Sim, Johnson and Aspuru-Guzik 2019: from the last qubit up, control first.

PairLists upward(int n) {
  PairLists pairs;
  for (int i = n - 1; i >= 1; --i) pairs.push_back({i, i - 1});
  return pairs;
}
PairLists upward_ring(int n) {
  PairLists pairs = upward(n);
  if (n > 2) pairs.push_back({0, n - 1});
  return pairs;
}
PairLists every_second(int n, int first) {
  PairLists pairs;
  for (int i = first; i + 1 < n; i += 2) pairs.push_back({i + 1, i});
  return pairs;
}
PairLists ring_down(int n) {
  PairLists pairs;
  if (n > 1) pairs.push_back({n - 1, 0});
  for (int i = n - 2; i >= 0 && n > 2; --i) pairs.push_back({i, i + 1});
  return pairs;
}
/// The other ring of circuits 13 to 15: each qubit controls the one before it, from the last qubit on.
PairLists ring_back(int n) {
  PairLists pairs;
  for (int step = 0; step < n && n > 1; ++step) {
    const int control = (n - 1 + step) % n;
    pairs.push_back({control, (control + n - 1) % n});
    if (n == 2) break;
  }
  return pairs;
}
std::vector<int> inner(int n) {
  std::vector<int> qubits;
  for (int i = 1; i + 1 < n; ++i) qubits.push_back(i);
  return qubits;
}
CircuitLayer turn_inner(std::vector<Gate> gates, int n) {
  return n > 2 ? turn(std::move(gates), inner(n)) : CircuitLayer{};
}

Layers sim1(int, int) { return {turn({Gate::rx, Gate::rz})}; }
template <Gate gate>
Layers sim_chain(int n, int) {
  return {turn({Gate::rx, Gate::rz}), entangle(gate, upward(n))};
}
template <Gate gate>
Layers sim_all(int n, int) {
  Layers layers{turn({Gate::rx, Gate::rz}), entangle(gate, PairPattern::all_to_all),
                turn({Gate::rx, Gate::rz})};
  if (n < 2) layers.erase(layers.begin() + 1);
  return layers;
}
template <Gate gate>
Layers sim_pairs(int n, int) {
  return {turn({Gate::rx, Gate::rz}), entangle(gate, every_second(n, 0)), turn({Gate::rx, Gate::rz}),
          entangle(gate, every_second(n, 1))};
}
Layers sim9(int n, int) { return {turn({Gate::h}), entangle(Gate::cz, upward(n)), turn({Gate::rx})}; }
/// The box that is repeated begins behind the first rotations.
Layers sim10(int n, int index) {
  return {index == 0 ? turn({Gate::ry}) : CircuitLayer{}, entangle(Gate::cz, upward_ring(n)),
          turn({Gate::ry})};
}
template <Gate gate>
Layers sim_inner(int n, int) {
  return {turn({Gate::ry, Gate::rz}), entangle(gate, every_second(n, 0)), turn_inner({Gate::ry, Gate::rz}, n),
          entangle(gate, every_second(n, 1))};
}
template <Gate gate>
Layers sim_rings(int n, int) {
  return {turn({Gate::ry}), entangle(gate, ring_down(n)), turn({Gate::ry}), entangle(gate, ring_back(n))};
}
template <Gate gate>
Layers sim_two_pairs(int n, int) {
  return {turn({Gate::rx, Gate::rz}), entangle(gate, every_second(n, 0)), entangle(gate, every_second(n, 1))};
}
template <Gate gate>
Layers sim_ring(int n, int) {
  return {turn({Gate::rx, Gate::rz}), entangle(gate, ring_down(n))};
}

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

constexpr std::string_view sim = "Sim, Johnson, Aspuru-Guzik 2019 (arXiv:1905.10876)";
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
    {"sim-1", sim, sim1},
    {"sim-2", sim, sim_chain<Gate::cx>},
    {"sim-3", sim, sim_chain<Gate::crz>},
    {"sim-4", sim, sim_chain<Gate::crx>},
    {"sim-5", sim, sim_all<Gate::crz>},
    {"sim-6", sim, sim_all<Gate::crx>},
    {"sim-7", sim, sim_pairs<Gate::crz>},
    {"sim-8", sim, sim_pairs<Gate::crx>},
    {"sim-9", sim, sim9},
    {"sim-10", sim, sim10},
    {"sim-11", sim, sim_inner<Gate::cx>},
    {"sim-12", sim, sim_inner<Gate::cz>},
    {"sim-13", sim, sim_rings<Gate::crz>},
    {"sim-14", sim, sim_rings<Gate::crx>},
    {"sim-15", sim, sim_rings<Gate::cx>},
    {"sim-16", sim, sim_two_pairs<Gate::crz>},
    {"sim-17", sim, sim_two_pairs<Gate::crx>},
    {"sim-18", sim, sim_ring<Gate::crz>},
    {"sim-19", sim, sim_ring<Gate::crx>},
    {"ising", "Wecker, Hastings, Troyer 2015 (arXiv:1507.08969)", ising},
    {"matrix-product", "Huggins et al. 2019 (arXiv:1803.11537)", matrix_product},
    {"tree-tensor", "Grant et al. 2018 (arXiv:1804.03680)", tree_tensor, tree_root},
    {"qcnn", "Hur, Kim, Park 2022 (arXiv:2108.00661), after Cong, Choi, Lukin 2019", qcnn},
    {"z-map", "Havlicek et al. 2019 (arXiv:1804.11326)", z_map, nullptr, true},
    {"zz-map", "Havlicek et al. 2019 (arXiv:1804.11326)", zz_map<PairPattern::full>, nullptr, true},
    {"zz-map-linear", qiskit, zz_map<PairPattern::line>, nullptr, true},
    {"iqp", "PennyLane's IQPEmbedding; Havlicek et al. 2019", iqp, nullptr, true},
    {"qaoa-embedding", "Lloyd et al. 2020 (arXiv:2001.03622)", qaoa_embedding, qaoa_last, true},
    {"reupload", "Perez-Salinas et al. 2020 (arXiv:1907.02085)", reupload, nullptr, true},
    {"hqsl", "hybrid quantum split learning (arXiv:2409.16593)", hqsl, nullptr, true},
    {"glue9", "quantum multi-task learning on GLUE (arXiv:2604.13560)", glue9, nullptr, true},
    {"qfnn", "quantum fuzzy neural network for sarcasm and humour", qfnn, nullptr, true},
};

}  // namespace

std::span<const Preset> preset_table() { return table; }

const Preset& preset_named(std::string_view name) { return row_named(preset_table(), "preset", name); }

std::vector<CircuitLayer> expand(const Preset& preset, int qubits, int layers, Gate gate, int uploads,
                                 bool repeat_uploads) {
  Layers all;
  int done = 0;
  const auto upload_before = [&](int layer) {
    for (; !preset.uploads && done < uploads && static_cast<long long>(done) * layers / uploads <= layer;
         ++done)
      all.push_back(upload(gate, 1.0, repeat_uploads ? 0 : -1));
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
