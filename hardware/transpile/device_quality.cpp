// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/device_quality.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "hardware/transpile/index.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using QubitPair = std::pair<int, int>;

double middle(std::vector<double> values, double otherwise) {
  if (values.empty()) return otherwise;
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

/// A gate that leaves nothing of the state: fully depolarising.
bool is_useless(double error, int qubits) {
  const double dim = qubits == 1 ? 2 : 4;
  return error >= dim / (dim + 1);
}

/// "0-5, 9": three in a row or more are a range.
std::string in_ranges(const std::set<int>& numbers) {
  std::string text;
  for (auto first = numbers.begin(); first != numbers.end();) {
    auto last = first;
    while (std::next(last) != numbers.end() && *std::next(last) == *last + 1) ++last;
    if (*last < *first + 2) last = first;
    text += (text.empty() ? "" : ", ") + std::to_string(*first);
    if (last != first) text += "-" + std::to_string(*last);
    first = std::next(last);
  }
  return text;
}

}  // namespace

/// Qubits and couplers by why they are avoided; ascending.
struct DeviceQuality::Reasons {
  std::map<std::string, std::set<int>> qubits;
  std::map<std::string, std::set<QubitPair>> couplers;
};

double error_cost(double error) {
  constexpr double least = 1e-12;
  return -std::log(std::max(1 - error, least));
}

DeviceQuality::DeviceQuality(const DeviceTarget& target, int qubits, Avoid avoid)
    : known_(target.properties.known()),
      usable_(at(qubits), true),
      readout_(at(qubits), 0.0),
      t1_(at(qubits), INFINITY),
      t2_(at(qubits), INFINITY) {
  for (bool angle : {false, true})
    for (const DeviceGateInfo& row : device_gates)
      if (row.qubits == 2 && row.angle == angle &&
          (target.basis.empty() ||
           std::find(target.basis.begin(), target.basis.end(), row.gate) != target.basis.end()))
        entanglers_.push_back(row.gate);
  Reasons reasons;
  avoid_given(target, reasons);
  if (known_) {
    read_qubits(target, avoid, reasons);
    read_gates(target, avoid, reasons);
    read_couplers(target, avoid, reasons);
  }
  for (const auto& [reason, list] : reasons.qubits) {
    remarks_.push_back("avoids qubits " + in_ranges(list) + ": " + reason);
  }
  for (const auto& [reason, list] : reasons.couplers) {
    std::string text;
    for (const auto& [a, b] : list)
      text += (text.empty() ? "" : ", ") + std::to_string(a) + ":" + std::to_string(b);
    remarks_.push_back("avoids couplers " + text + ": " + reason);
  }
}

void DeviceQuality::avoid_given(const DeviceTarget& target, Reasons& reasons) {
  const auto has = [&](int qubit) { return qubit >= 0 && at(qubit) < usable_.size(); };
  const auto refuse = [&](const std::string& what) {
    throw usage_error("device " + target.name + ": " + what + " is to be avoided; expected qubits below " +
                      std::to_string(usable_.size()) + " and coupled pairs of them");
  };
  for (int qubit : target.avoided.qubits) {
    if (!has(qubit)) refuse("qubit " + std::to_string(qubit));
    usable_[at(qubit)] = false;
    reasons.qubits["as asked for"].insert(qubit);
  }
  for (const auto& [a, b] : target.avoided.couplers) {
    const auto same = [&](const QubitPair& pair) {
      return std::minmax(pair.first, pair.second) == std::minmax(a, b);
    };
    if (!has(a) || !has(b) || a == b ||
        (!target.coupling.empty() && std::none_of(target.coupling.begin(), target.coupling.end(), same)))
      refuse("coupler " + std::to_string(a) + ":" + std::to_string(b));
    avoided_couplers_.push_back(std::minmax(a, b));
    reasons.couplers["as asked for"].insert(std::minmax(a, b));
  }
  std::sort(avoided_couplers_.begin(), avoided_couplers_.end());
}

void DeviceQuality::read_qubits(const DeviceTarget& target, Avoid avoid, Reasons& reasons) {
  const auto& given = target.properties.qubits;
  const auto values_of = [&](std::optional<double> QubitProperties::*member) {
    std::vector<double> values;
    for (const QubitProperties& qubit : given)
      if (qubit.*member) values.push_back(*(qubit.*member));
    return values;
  };
  const std::vector<double> t1 = values_of(&QubitProperties::t1), t2 = values_of(&QubitProperties::t2),
                            readout = values_of(&QubitProperties::readout_error);
  std::vector<double> working;
  std::copy_if(readout.begin(), readout.end(), std::back_inserter(working), [](double e) { return e < 0.5; });
  const auto drop = [&](int qubit, const std::string& reason) {
    if (!usable_[at(qubit)]) return;
    usable_[at(qubit)] = false;
    reasons.qubits[reason].insert(qubit);
  };
  for (int q = 0; at(q) < usable_.size(); ++q) {
    const QubitProperties qubit = at(q) < given.size() ? given[at(q)] : QubitProperties{};
    t1_[at(q)] = qubit.t1.value_or(middle(t1, INFINITY));
    t2_[at(q)] = std::min(qubit.t2.value_or(middle(t2, INFINITY)), 2 * t1_[at(q)]);
    readout_[at(q)] = qubit.readout_error.value_or(
        working.empty() ? 0.0 : *std::max_element(working.begin(), working.end()));
    if (!qubit.operational) drop(q, "not operational");
    if (qubit.readout_error && *qubit.readout_error >= 0.5) drop(q, "their readings say nothing");
    const bool lacks = (!qubit.t1 && !t1.empty()) || (!qubit.t2 && !t2.empty()) ||
                       (!qubit.readout_error && !readout.empty());
    if (lacks && avoid == Avoid::uncalibrated) drop(q, "not calibrated");
  }
}

DeviceQuality::Place DeviceQuality::place(DeviceGate gate, int a, int b) const {
  return is_symmetric(gate) ? Place(std::minmax(a, b)) : Place(a, b);
}

void DeviceQuality::read_gates(const DeviceTarget& target, Avoid avoid, Reasons& reasons) {
  const auto in_basis = [&](DeviceGate gate) {
    return target.basis.empty() ||
           std::find(target.basis.begin(), target.basis.end(), gate) != target.basis.end();
  };
  for (const DeviceGateInfo& row : device_gates) {
    std::vector<double> errors, lengths;
    for (const GateProperties& given : target.properties.gates) {
      if (given.gate != row.gate) continue;
      if (given.error && !is_useless(*given.error, row.qubits)) errors.push_back(*given.error);
      if (given.length) lengths.push_back(*given.length);
    }
    const std::size_t number = static_cast<std::size_t>(row.gate);
    typical_[number] = {middle(errors, 0.0), middle(lengths, 0.0), avoid == Avoid::dead};
    const double worst = errors.empty() ? 0.0 : *std::max_element(errors.begin(), errors.end());
    Table& table = gates_[number];
    for (const GateProperties& given : target.properties.gates) {
      if (given.gate != row.gate) continue;
      Entry entry{given.error.value_or(worst), given.length.value_or(typical_[number].length), true};
      if (!given.operational || (given.error && is_useless(*given.error, row.qubits)))
        entry.usable = false, entry.error = 1.0;
      if (!given.error && avoid == Avoid::uncalibrated && !errors.empty()) entry.usable = false;
      // Of a gate that is the same either way round the worse of both entries counts.
      const auto [old, fresh] = table.try_emplace(place(given.gate, given.q0, given.q1), entry);
      if (!fresh) {
        old->second.error = std::max(old->second.error, entry.error);
        old->second.length = std::max(old->second.length, entry.length);
        old->second.usable = old->second.usable && entry.usable;
      }
    }
    if (!table.empty()) typical_[number].error = worst;
    if (row.qubits != 1 || !takes_time(row.gate) || !in_basis(row.gate) || table.empty()) continue;
    for (int q = 0; at(q) < usable_.size(); ++q) {
      const auto entry = table.find({q, -1});
      const bool there = entry != table.end();
      if (!usable_[at(q)] || (there ? entry->second.usable : typical_[number].usable)) continue;
      usable_[at(q)] = false;
      reasons
          .qubits[there && entry->second.error >= 1 ? "their gates do not work (gate_error 1)"
                                                    : "not calibrated"]
          .insert(q);
    }
  }
}

/// The entries that hold for a gate: its own, else those of another that is made by the same pulses.
const DeviceQuality::Table* DeviceQuality::table(DeviceGate gate) const {
  const DeviceGateInfo& row = info(gate);
  if (!takes_time(gate)) return nullptr;
  if (const Table& own = gates_[static_cast<std::size_t>(gate)]; !own.empty()) return &own;
  for (const DeviceGateInfo& other : device_gates)
    if (const Table& table = gates_[static_cast<std::size_t>(other.gate)];
        other.qubits == row.qubits && takes_time(other.gate) && !table.empty())
      return &table;
  return nullptr;
}

DeviceQuality::Entry DeviceQuality::find(DeviceGate gate, int a, int b) const {
  const Table* entries = table(gate);
  if (!entries) return {};
  const DeviceGate as = static_cast<DeviceGate>(entries - gates_.data());
  auto entry = entries->find(place(as, a, b));
  // An entangling pulse makes the gate of either direction.
  if (entry == entries->end()) entry = entries->find(place(as, b, a));
  return entry == entries->end() ? typical_[static_cast<std::size_t>(as)] : entry->second;
}

double DeviceQuality::typical_length(DeviceGate gate) const {
  const Table* entries = table(gate);
  return entries ? typical_[static_cast<std::size_t>(entries - gates_.data())].length : 0.0;
}

bool DeviceQuality::usable(DeviceGate gate, int a, int b) const {
  if (!usable(a) || !usable(b)) return false;
  if (std::binary_search(avoided_couplers_.begin(), avoided_couplers_.end(), Place(std::minmax(a, b))))
    return false;
  return find(gate, a, b).usable;
}

bool DeviceQuality::coupled(int a, int b) const {
  // What has no gate on two qubits has no programs that need one.
  if (entanglers_.empty()) return usable(a) && usable(b);
  return usable(entanglers_.front(), a, b);
}

void DeviceQuality::read_couplers(const DeviceTarget& target, Avoid, Reasons& reasons) {
  if (entanglers_.empty()) return;
  for (const auto& [a, b] : target.coupling) {
    if (a < 0 || b < 0 || at(std::max(a, b)) >= usable_.size() || !usable(a) || !usable(b)) continue;
    const Entry entry = find(entanglers_.front(), a, b);
    if (entry.usable) continue;
    reasons.couplers[entry.error >= 1 ? "their gate does not work (gate_error 1)" : "not calibrated"].insert(
        std::minmax(a, b));
  }
}

double DeviceQuality::waiting_error(int qubit, double seconds) const {
  return 0.5 - std::exp(-seconds / t1_[at(qubit)]) / 6 - std::exp(-seconds / t2_[at(qubit)]) / 3;
}

}  // namespace qmtl
