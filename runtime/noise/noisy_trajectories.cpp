// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/noisy_trajectories.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/noise/exact.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/partition.h"
#include "runtime/noise/random.h"
#include "runtime/noise/rotation.h"
#include "runtime/noise/trajectory.h"

namespace qmtl {
namespace {

constexpr double most_bytes = 1 << 30;

SmallMatrix adjoint(const SmallMatrix& m, int arity) {
  const std::size_t dim = std::size_t{1} << arity;
  SmallMatrix result{};
  for (std::size_t row = 0; row < dim; ++row)
    for (std::size_t column = 0; column < dim; ++column)
      result[row * dim + column] = std::conj(m[column * dim + row]);
  return result;
}

void apply(PureState& state, const Step& step, const SmallMatrix& matrix) {
  if (step.place1 < 0)
    state.apply(step.place0, PureState::one(matrix));
  else
    state.apply(step.place0, step.place1, matrix);
}

void apply_pair(PureState& state, const Step& step, Gate gate) {
  if (is_diagonal(gate))
    state.cz(step.place0, step.place1);
  else
    state.cx(step.place0, step.place1);
}

class TrajectoryDevice final : public SampleDevice {
 public:
  TrajectoryDevice(const Circuit& circuit, const NoiseModel& model, bool second_moments, int trajectories,
                   int block)
      : outputs_(static_cast<std::size_t>(circuit.outputs())),
        second_moments_(second_moments),
        trajectories_(trajectories),
        block_(static_cast<std::uint32_t>(block)) {
    check_circuit(circuit);
    const NoiseTable noise(model);
    for (const Channel& channel : noise.channels()) channels_.emplace_back(channel);
    NoisyOptions options;
    options.method = NoisyMethod::trajectories;
    options.bytes = std::int64_t{1} << 62;  // refused below, with this block's number
    std::vector<NoisyRun> parts = make_parts(circuit, noise, options);
    run_ = std::move(parts.front());
    for (const int qubit : run_.program.measured) readout_.push_back(noise.readout(qubit));
    require_memory();
    params_.assign(static_cast<std::size_t>(circuit.params), 0.0);
  }

  void bind(std::span<const double> params) override { params_.assign(params.begin(), params.end()); }

  std::size_t sums_size() const override { return params_.size(); }

  void forward(const SampleKey& key, std::span<const double> angles,
               std::span<double> values) const override {
    std::vector<double> sum(spectrum_size(), 0.0);
    for (int t = 0; t < trajectories_; ++t) add_probabilities(run(key, t, angles, nullptr), sum);
    add_values(spectrum_of(std::move(sum)), values);
  }

  void vjp(const SampleKey& key, std::span<const double> angles, std::span<const double> cotangents,
           std::span<double> values, std::span<double> angle_gradients,
           std::span<double> param_gradients) const override {
    std::fill(angle_gradients.begin(), angle_gradients.end(), 0.0);
    // Each trajectory's final amplitudes are multiplied with what a bitstring's probability counts.
    std::vector<double> slopes(spectrum_size(), 0.0);
    for (const PartString& string : run_.strings)
      slopes[mask_of(string)] +=
          weight_of(string, params_) * cotangents[static_cast<std::size_t>(string.output)] / trajectories_;
    pull_readout(readout_, slopes);
    walsh_hadamard(slopes);
    std::vector<double> sum(spectrum_size(), 0.0);
    for (int t = 0; t < trajectories_; ++t) {
      std::vector<Done> tape;
      PureState ket = run(key, t, angles, &tape);
      add_probabilities(ket, sum);
      go_back(std::move(ket), tape, slopes, angles, angle_gradients, param_gradients);
    }
    const std::vector<double> spectrum = spectrum_of(std::move(sum));
    add_values(spectrum, values);
    for (const PartString& string : run_.strings)
      if (string.weight_param >= 0)
        param_gradients[static_cast<std::size_t>(string.weight_param)] +=
            cotangents[static_cast<std::size_t>(string.output)] * spectrum[mask_of(string)];
  }

 private:
  /// A step as it was taken.
  struct Done {
    const Step* step;
    SmallMatrix matrix{};               ///< channel: the operator
    bool unitary = true;                ///< channel
    bool bit = false;                   ///< drop: the outcome
    double scale = 1.0;                 ///< drop
    std::optional<PureState> before{};  ///< where the step cannot be undone
  };

  std::size_t spectrum_size() const { return std::size_t{1} << readout_.size(); }

  void require_memory() const {
    double kept = 2;
    for (const Step& step : run_.program.steps)
      kept += step.kind == Step::Kind::drop ||
              (step.kind == Step::Kind::channel && !channels_[static_cast<std::size_t>(step.index)].mixture);
    const double bytes = kept * std::ldexp(16.0, run_.about.peak);
    if (bytes > most_bytes)
      throw usage_error("noise in training: block " + std::to_string(block_) + " has a backward cone of " +
                        std::to_string(run_.about.cone) + " qubits, " + std::to_string(run_.about.peak) +
                        " of them alive at once; a trajectory keeps " +
                        std::to_string(static_cast<std::int64_t>(kept)) +
                        " states of them, more than 1 GB: take fewer shared layers, smaller registers, or an "
                        "entangler with smaller cones (cz-line, brickwork-cz)");
  }

  /// One trajectory; `tape` unless null gets its steps.
  PureState run(const SampleKey& key, int trajectory, std::span<const double> angles,
                std::vector<Done>* tape) const {
    const NoiseRandom random(key.seed);
    const NoiseRandom::At at{static_cast<std::uint32_t>(key.sample), block_,
                             static_cast<std::uint32_t>(key.step * trajectories_ + trajectory)};
    PureState state;
    for (const Step& step : run_.program.steps) {
      Done done{.step = &step};
      switch (step.kind) {
        case Step::Kind::add:
          state.add();
          break;
        case Step::Kind::gate: {
          const Op& op = run_.program.ops[static_cast<std::size_t>(step.index)];
          if (op.q1 >= 0)
            apply_pair(state, step, op.gate);
          else
            state.apply(step.place0, PureState::one(matrix(op.gate, turned_by(op, angles, params_))));
          break;
        }
        case Step::Kind::channel: {
          const Unravelling& channel = channels_[static_cast<std::size_t>(step.index)];
          const double u = random.uniform(NoiseRandom::Purpose::channel, at, step.position);
          const std::optional<SmallMatrix> drawn = draw(channel, step, u, state);
          if (!drawn) continue;
          done.matrix = *drawn;
          done.unitary = channel.mixture;
          if (tape && !done.unitary) done.before = state;
          apply(state, step, done.matrix);
          break;
        }
        case Step::Kind::drop: {
          const double u = random.uniform(NoiseRandom::Purpose::measure, at, step.position);
          const auto rho = state.reduced(step.place0);
          done.bit = draw_outcome(rho, u);
          done.scale = 1.0 / std::sqrt(done.bit ? rho.p1 : rho.p0);
          if (tape) done.before = state;
          state.keep(step.place0, done.bit, done.scale);
          break;
        }
      }
      if (tape) tape->push_back(std::move(done));
    }
    return state;
  }

  void add_probabilities(const PureState& state, std::span<double> sum) const {
    for (std::size_t index = 0; index < state.size(); ++index)
      sum[bits_of(index)] += state.probability(index);
  }
  /// What is measured in a basis state.
  std::size_t bits_of(std::size_t index) const {
    std::size_t bits = 0;
    for (std::size_t i = 0; i < run_.program.places.size(); ++i)
      bits |= (index >> run_.program.places[i] & 1) << i;
    return bits;
  }
  std::vector<double> spectrum_of(std::vector<double> sum) const {
    for (double& value : sum) value /= trajectories_;
    walsh_hadamard(sum);
    apply_readout(readout_, sum);
    return sum;
  }

  void add_values(std::span<const double> spectrum, std::span<double> values) const {
    std::fill(values.begin(), values.end(), 0.0);
    for (const PartString& string : run_.strings) {
      const auto output = static_cast<std::size_t>(string.output);
      values[output] += weight_of(string, params_) * spectrum[mask_of(string)];
      if (!second_moments_) continue;
      for (const PartString& other : run_.strings)
        if (other.output == string.output)
          values[outputs_ + output] += weight_of(string, params_) * weight_of(other, params_) *
                                       spectrum[mask_of(string) ^ mask_of(other)];
    }
  }

  /// The adjoint pass: bra = d loss / d ket, conjugated.
  void go_back(PureState ket, std::vector<Done>& tape, std::span<const double> diagonal,
               std::span<const double> angles, std::span<double> angle_gradients,
               std::span<double> param_gradients) const {
    PureState bra = ket;
    bra.scale([&](std::size_t index) { return diagonal[bits_of(index)]; });
    for (auto done = tape.rbegin(); done != tape.rend(); ++done) {
      const Step& step = *done->step;
      switch (step.kind) {
        case Step::Kind::add:
          ket.keep(step.place0, false, 1.0);
          bra.keep(step.place0, false, 1.0);
          break;
        case Step::Kind::gate: {
          const Op& op = run_.program.ops[static_cast<std::size_t>(step.index)];
          if (op.q1 >= 0) {
            apply_pair(ket, step, op.gate);
            apply_pair(bra, step, op.gate);
            break;
          }
          if (op.source != Source::none) {
            // d exp(-i a P / 2) psi = -i / 2 P psi'.
            auto& gradients = op.source == Source::angle ? angle_gradients : param_gradients;
            gradients[static_cast<std::size_t>(op.index)] +=
                bra.overlap(ket, step.place0, axis(op.gate, 0)).imag();
          }
          const PureState::One back = PureState::one(matrix(op.gate, -turned_by(op, angles, params_)));
          ket.apply(step.place0, back);
          bra.apply(step.place0, back);
          break;
        }
        case Step::Kind::channel: {
          const SmallMatrix back = adjoint(done->matrix, step.place1 < 0 ? 1 : 2);
          apply(bra, step, back);
          if (done->unitary)
            apply(ket, step, back);
          else
            ket = std::move(*done->before);
          break;
        }
        case Step::Kind::drop:
          bra.insert(step.place0, done->bit, done->scale);
          ket = std::move(*done->before);
          break;
      }
    }
  }

  std::size_t outputs_;
  bool second_moments_;
  int trajectories_;
  std::uint32_t block_;
  std::vector<Unravelling> channels_;
  NoisyRun run_;
  std::vector<ReadoutError> readout_;  ///< of the measured qubits
  std::vector<double> params_;
};

}  // namespace

std::unique_ptr<SampleDevice> make_trajectory_device(const Circuit& circuit, const NoiseModel& model,
                                                     bool second_moments, int trajectories, int block) {
  return std::make_unique<TrajectoryDevice>(circuit, model, second_moments, trajectories, block);
}

}  // namespace qmtl
