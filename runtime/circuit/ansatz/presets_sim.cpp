// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/ansatz/preset_layers.h"

namespace qmtl::presets {
namespace {

// Patterns from the last qubit up, control first.

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

constexpr std::string_view sim = "Sim, Johnson, Aspuru-Guzik 2019 (arXiv:1905.10876)";

constexpr Preset sim_table[] = {
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
};

}  // namespace

std::span<const Preset> sim_circuits() { return sim_table; }

}  // namespace qmtl::presets
