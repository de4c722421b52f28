// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/noise_model.h"

#include <cmath>
#include <utility>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

std::string describe(const GateNoise& entry) {
  std::string text = "noise of " + std::string(info(entry.gate).name);
  for (std::size_t i = 0; i < entry.qubits.size(); ++i)
    text += (i == 0 ? " on qubits " : ", ") + std::to_string(entry.qubits[i]);
  return text;
}

void check_entry(const GateNoise& entry) {
  const std::string where = describe(entry);
  const auto arity = static_cast<std::size_t>(info(entry.gate).arity);
  if (!entry.qubits.empty() && entry.qubits.size() != arity)
    throw usage_error(where + ": expected " + std::to_string(arity) + " qubits, the gate's number, found " +
                      std::to_string(entry.qubits.size()));
  for (int qubit : entry.qubits)
    if (qubit < 0) throw usage_error(where + ": expected qubits from 0, found " + std::to_string(qubit));
  if (entry.qubits.size() == 2 && entry.qubits[0] == entry.qubits[1])
    throw usage_error(where + ": expected two different qubits");
  for (const AppliedChannel& applied : entry.channels) {
    check_channel(applied.channel, where);
    if (applied.channel.arity > static_cast<int>(arity))
      throw usage_error(where + ": '" + applied.channel.name + "' acts on two qubits, the gate has one");
    if (applied.on < -1 || applied.on >= static_cast<int>(arity))
      throw usage_error(where + ": '" + applied.channel.name + "' acts on the gate's qubit number " +
                        std::to_string(applied.on) + ", expected 0 to " + std::to_string(arity - 1));
    if (applied.on >= 0 && applied.channel.arity == 2)
      throw usage_error(where + ": '" + applied.channel.name +
                        "' acts on both qubits; it cannot be put on one");
  }
}

void check_readout(const ReadoutError& error, const std::string& where) {
  for (double p : {error.p1_given_0, error.p0_given_1})
    if (!(p >= 0.0 && p <= 1.0))
      throw usage_error(where + ": expected probabilities from 0 to 1, found " + std::to_string(p));
}

void check_idle(const IdleNoise& idle, const std::string& where) {
  if (!(std::abs(idle.detuning) < 1e9) || !(idle.spread >= 0 && idle.spread < 1e9))
    throw usage_error(where + ": expected a detuning below 1e9 Hz and a spread from 0, found " +
                      std::to_string(idle.detuning) + " and " + std::to_string(idle.spread));
}

std::tuple<Gate, int, int> place_of(const GateNoise& entry) {
  return {entry.gate, entry.qubits.empty() ? -1 : entry.qubits[0],
          entry.qubits.size() < 2 ? -1 : entry.qubits[1]};
}

}  // namespace

void check(const NoiseModel& model) {
  std::map<std::tuple<Gate, int, int>, int> seen;
  for (const GateNoise& entry : model.gates) {
    check_entry(entry);
    auto [gate, q0, q1] = place_of(entry);
    if (is_symmetric(gate) && q0 > q1) std::swap(q0, q1);
    if (seen[{gate, q0, q1}]++)
      throw usage_error(describe(entry) + ": given twice; expected one entry with all its channels");
  }
  for (const GateNoise& entry : model.gates)
    if (!(entry.seconds >= 0 && entry.seconds < 1))
      throw usage_error(describe(entry) + ": expected a length from 0 to 1 second, found " +
                        std::to_string(entry.seconds));
  check_idle(model.idle, "idle");
  for (const auto& [qubit, idle] : model.idle_of) check_idle(idle, "idle of qubit " + std::to_string(qubit));
  check_readout(model.readout, "readout error");
  for (const auto& [qubit, error] : model.readout_of) {
    if (qubit < 0) throw usage_error("readout error: expected qubits from 0, found " + std::to_string(qubit));
    check_readout(error, "readout error of qubit " + std::to_string(qubit));
  }
}

NoiseModel weakened(NoiseModel model, double strength) {
  if (!(strength >= 0.0 && strength <= 1.0))
    throw usage_error("strength of the noise: expected a number from 0 to 1, found " +
                      std::to_string(strength));
  if (strength == 1.0) return model;
  for (GateNoise& entry : model.gates)
    for (AppliedChannel& applied : entry.channels) {
      Channel& channel = applied.channel;
      for (SmallMatrix& matrix : channel.kraus) matrix = scaled(matrix, std::sqrt(strength));
      SmallMatrix nothing{};
      const auto dim = static_cast<std::size_t>(channel.dim());
      for (std::size_t i = 0; i < dim; ++i) nothing[i * dim + i] = std::sqrt(1.0 - strength);
      channel.kraus.push_back(nothing);
    }
  const auto weaken = [&](ReadoutError& error) {
    error.p1_given_0 *= strength;
    error.p0_given_1 *= strength;
  };
  weaken(model.readout);
  for (auto& [qubit, error] : model.readout_of) weaken(error);
  return model;
}

NoiseTable::NoiseTable(NoiseModel model) : model_(std::move(model)) {
  check(model_);
  for (std::size_t e = 0; e < model_.gates.size(); ++e) {
    entry_at_[place_of(model_.gates[e])] = e;
    first_channel_.push_back(static_cast<int>(channels_.size()));
    for (const AppliedChannel& applied : model_.gates[e].channels) channels_.push_back(applied.channel);
  }
}

std::vector<PlacedChannel> NoiseTable::after(const Op& op) const {
  if (op.silent) return {};
  int q0 = op.q0, q1 = op.q1;
  auto found = entry_at_.find({op.gate, q0, q1});
  if (found == entry_at_.end() && is_symmetric(op.gate)) {
    found = entry_at_.find({op.gate, q1, q0});
    if (found != entry_at_.end()) std::swap(q0, q1);  // the entry's first qubit is the channels' first
  }
  if (found == entry_at_.end()) found = entry_at_.find({op.gate, -1, -1});
  std::vector<PlacedChannel> placed;
  if (found == entry_at_.end()) return placed;
  const GateNoise& entry = model_.gates[found->second];
  for (std::size_t c = 0; c < entry.channels.size(); ++c) {
    const AppliedChannel& applied = entry.channels[c];
    const int number = first_channel_[found->second] + static_cast<int>(c);
    if (applied.channel.arity == 2) {
      placed.push_back({number, q0, q1});
      continue;
    }
    if (applied.on != 1) placed.push_back({number, q0, -1});
    if (q1 >= 0 && applied.on != 0) placed.push_back({number, q1, -1});
  }
  return placed;
}

bool has_idle_noise(const NoiseModel& model) {
  if (model.idle != IdleNoise{}) return true;
  for (const auto& [qubit, idle] : model.idle_of)
    if (idle != IdleNoise{}) return true;
  return false;
}

const IdleNoise& NoiseTable::idle(int qubit) const {
  const auto found = model_.idle_of.find(qubit);
  return found == model_.idle_of.end() ? model_.idle : found->second;
}

double NoiseTable::seconds(Gate gate, int q0, int q1) const {
  for (const Place& place : {Place{gate, q0, q1}, Place{gate, q1, q0}, Place{gate, -1, -1}}) {
    if (std::get<1>(place) == q1 && q1 >= 0 && !is_symmetric(gate)) continue;
    const auto found = entry_at_.find(place);
    if (found != entry_at_.end()) return model_.gates[found->second].seconds;
  }
  return 0.0;
}

const ReadoutError& NoiseTable::readout(int qubit) const {
  const auto found = model_.readout_of.find(qubit);
  return found == model_.readout_of.end() ? model_.readout : found->second;
}

}  // namespace qmtl
