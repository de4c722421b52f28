// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/noisy_operators.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/noise/exact.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/program.h"
#include "runtime/noise/schedule.h"

namespace qmtl {
namespace {

/// The operations on each qubit, in order.
std::map<int, std::vector<Op>> by_qubit(const std::vector<Timed>& timed) {
  std::map<int, std::vector<Op>> lists;
  for (const Timed& entry : timed)
    for (const int q : {entry.op.q0, entry.op.q1})
      if (q >= 0) lists[q].push_back(entry.op);
  return lists;
}

std::vector<int> sorted(std::vector<int> qubits) {
  std::sort(qubits.begin(), qubits.end());
  return qubits;
}

/// A block's operations on the register's places, as a program that goes on from its state.
Program block_program(const Circuit& circuit, const Block& block, const Program& shared,
                      const NoiseTable& noise) {
  Program program;
  program.measured = shared.measured;
  program.places = shared.places;
  const auto place = [&](int qubit) {
    if (qubit < 0) return -1;
    const auto at =
        std::find(shared.measured.begin(), shared.measured.end(), qubit) - shared.measured.begin();
    return shared.places[static_cast<std::size_t>(at)];
  };
  for (const Timed& entry : schedule(block.ops, circuit.qubits)) {
    program.steps.push_back(
        {Step::Kind::gate, place(entry.op.q0), place(entry.op.q1), static_cast<int>(program.ops.size()), 0});
    program.ops.push_back(entry.op);
    for (const PlacedChannel& placed : noise.after(entry.op))
      program.steps.push_back({Step::Kind::channel, place(placed.q0), place(placed.q1), placed.channel, 0});
  }
  return program;
}

class OperatorDevice final : public SampleDevice {
 public:
  OperatorDevice(const Circuit& circuit, const NoiseModel& model, bool second_moments)
      : circuit_(circuit),
        second_moments_(second_moments),
        noise_(model),
        transfers_(noise_),
        register_(sorted(circuit.blocks.front().qubits)),
        outputs_(static_cast<std::size_t>(circuit.outputs())),
        size_(std::size_t{1} << (2 * register_.size())) {
    check_circuit(circuit_);
    const Program shared =
        make_program(schedule(circuit_.shared, circuit_.qubits), circuit_.qubits, register_, noise_, false);
    shared_.emplace(shared, noise_, transfers_);
    for (const Block& block : circuit_.blocks)
      blocks_.emplace_back(block_program(circuit_, block, shared, noise_), noise_, transfers_,
                           static_cast<int>(register_.size()));
    bind(std::vector<double>(static_cast<std::size_t>(circuit_.params), 0.0));
  }

  void bind(std::span<const double> params) override {
    params_.assign(params.begin(), params.end());
    shared_->bind(params_);
    operators_.clear();
    for (const bool square : {false, true}) {
      if (square && !second_moments_) continue;
      for (std::size_t b = 0; b < blocks_.size(); ++b) {
        blocks_[b].bind(params_);
        for (const Readout& readout : circuit_.blocks[b].outputs)
          operators_.push_back(blocks_[b].pull(blocks_[b].unread(observable(readout, square)), {}).values());
      }
    }
  }

  std::size_t sums_size() const override { return params_.size() + outputs_ * size_; }

  void forward(const SampleKey&, std::span<const double> angles, std::span<double> values) const override {
    apply(shared_->run({}, angles), values);
  }

  void vjp(const SampleKey&, std::span<const double> angles, std::span<const double> cotangents,
           std::span<double> values, std::span<double> angle_gradients,
           std::span<double> sums) const override {
    ExactProgram::Tape tape;
    const PauliVector state = shared_->run({}, angles, &tape);
    apply(state, values);
    PauliVector back = PauliVector::zero(static_cast<int>(register_.size()));
    double* of_output = sums.data() + params_.size();
    for (std::size_t o = 0; o < outputs_; ++o, of_output += size_)
      for (std::size_t i = 0; i < size_; ++i) {
        back[i] += cotangents[o] * operators_[o][i];
        of_output[i] += cotangents[o] * state.values()[i];
      }
    std::fill(angle_gradients.begin(), angle_gradients.end(), 0.0);
    shared_->pull(std::move(back), angles, tape, angle_gradients, sums.first(params_.size()));
  }

  void finish(std::span<const double> sums, std::span<double> param_gradients) const override {
    for (std::size_t i = 0; i < params_.size(); ++i) param_gradients[i] += sums[i];
    const double* of_output = sums.data() + params_.size();
    for (std::size_t b = 0; b < blocks_.size(); ++b)
      for (const Readout& readout : circuit_.blocks[b].outputs) {
        PauliVector sum = PauliVector::zero(static_cast<int>(register_.size()));
        for (std::size_t i = 0; i < size_; ++i) sum[i] = of_output[i];
        of_output += size_;
        ExactProgram::Tape tape;
        const std::vector<double> spectrum = blocks_[b].read(blocks_[b].run(std::move(sum), {}, &tape));
        for (const ZString& string : readout.strings)
          if (string.weight_param >= 0)
            param_gradients[static_cast<std::size_t>(string.weight_param)] += spectrum[mask(string)];
        blocks_[b].pull(blocks_[b].unread(observable(readout, false)), {}, tape, {}, param_gradients);
      }
  }

 private:
  std::size_t mask(const ZString& string) const {
    std::size_t bits = 0;
    for (const int qubit : string.qubits)
      bits ^=
          std::size_t{1} << (std::lower_bound(register_.begin(), register_.end(), qubit) - register_.begin());
    return bits;
  }

  /// A readout, or its square, as weights of the spectrum.
  std::vector<double> observable(const Readout& readout, bool square) const {
    std::vector<double> weights(std::size_t{1} << register_.size(), 0.0);
    for (const ZString& string : readout.strings) {
      if (!square) {
        weights[mask(string)] += weight_of(string, params_);
        continue;
      }
      for (const ZString& other : readout.strings)
        weights[mask(string) ^ mask(other)] += weight_of(string, params_) * weight_of(other, params_);
    }
    return weights;
  }

  void apply(const PauliVector& state, std::span<double> values) const {
    for (std::size_t v = 0; v < values.size(); ++v)
      values[v] = std::inner_product(operators_[v].begin(), operators_[v].end(), state.values().begin(), 0.0);
  }

  Circuit circuit_;
  bool second_moments_;
  NoiseTable noise_;
  Transfers transfers_;
  std::vector<int> register_;
  std::size_t outputs_, size_;  ///< size: of the register's state
  std::optional<ExactProgram> shared_;
  std::vector<ExactProgram> blocks_;  ///< that go on from its state
  std::vector<double> params_;
  std::vector<std::vector<double>> operators_;  ///< of each value, on the register in front of the block
};

}  // namespace

bool can_be_operators(const Circuit& circuit) {
  const std::vector<int> qubits = sorted(circuit.blocks.front().qubits);
  if (qubits.size() > static_cast<std::size_t>(noisy_operator_qubits)) return false;
  const auto shared = by_qubit(schedule(circuit.shared, circuit.qubits));
  for (const Block& block : circuit.blocks) {
    if (sorted(block.qubits) != qubits) return false;
    for (const Op& op : block.ops)
      if (op.source == Source::angle) return false;
    std::vector<Op> ops = circuit.shared;
    ops.insert(ops.end(), block.ops.begin(), block.ops.end());
    auto joined = shared;
    for (const auto& [qubit, list] : by_qubit(schedule(block.ops, circuit.qubits)))
      joined[qubit].insert(joined[qubit].end(), list.begin(), list.end());
    if (by_qubit(schedule(ops, circuit.qubits)) != joined) return false;
  }
  return true;
}

std::unique_ptr<SampleDevice> make_operator_device(const Circuit& circuit, const NoiseModel& model,
                                                   bool second_moments) {
  return std::make_unique<OperatorDevice>(circuit, model, second_moments);
}

}  // namespace qmtl
