// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/noisy_gradient.h"

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/noise/exact.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/partition.h"

namespace qmtl {
namespace {

class DensityDevice final : public SampleDevice {
 public:
  DensityDevice(const Circuit& circuit, const NoiseModel& model, bool second_moments)
      : circuit_(circuit), second_moments_(second_moments), noise_(model), transfers_(noise_) {
    check_circuit(circuit_);
    NoisyOptions options;
    options.density_qubits = noisy_gradient_qubits;
    options.joint = second_moments;  // products of an output's strings are read from its whole register
    parts_ = make_parts(circuit_, noise_, options);
    for (const NoisyRun& part : parts_) {
      if (part.about.method != NoisyMethod::density)
        throw usage_error("noise in training: block " + std::to_string(part.about.block) +
                          " has a backward cone of " + std::to_string(part.about.cone) + " qubits, " +
                          std::to_string(part.about.peak) + " of them alive at once, expected at most " +
                          std::to_string(noisy_gradient_qubits) +
                          ": take fewer shared layers, smaller registers, or an entangler with smaller "
                          "cones (cz-line, brickwork-cz)");
      programs_.emplace_back(part.program, noise_, transfers_);
    }
    bind(std::vector<double>(static_cast<std::size_t>(circuit_.params), 0.0));
  }

  void bind(std::span<const double> params) override {
    params_.assign(params.begin(), params.end());
    for (ExactProgram& program : programs_) program.bind(params_);
  }

  std::size_t sums_size() const override { return params_.size(); }

  void forward(const SampleKey&, std::span<const double> angles, std::span<double> values) const override {
    std::fill(values.begin(), values.end(), 0.0);
    for (std::size_t p = 0; p < parts_.size(); ++p) add_values(p, programs_[p].spectrum(angles), values);
  }

  void vjp(const SampleKey&, std::span<const double> angles, std::span<const double> cotangents,
           std::span<double> values, std::span<double> angle_gradients,
           std::span<double> param_gradients) const override {
    std::fill(values.begin(), values.end(), 0.0);
    std::fill(angle_gradients.begin(), angle_gradients.end(), 0.0);
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      ExactProgram::Tape tape;
      const std::vector<double> spectrum = programs_[p].spectrum(angles, &tape);
      add_values(p, spectrum, values);
      std::vector<double> slopes(spectrum.size(), 0.0);
      for (const PartString& string : parts_[p].strings) {
        const double g = cotangents[static_cast<std::size_t>(string.output)];
        slopes[mask_of(string)] += weight_of(string, params_) * g;
        if (string.weight_param >= 0)
          param_gradients[static_cast<std::size_t>(string.weight_param)] += g * spectrum[mask_of(string)];
      }
      programs_[p].add_gradient(angles, tape, std::move(slopes), angle_gradients, param_gradients);
    }
  }

 private:
  /// What a part brings to the outputs, and behind them to their second moments.
  void add_values(std::size_t p, std::span<const double> spectrum, std::span<double> values) const {
    const auto outputs = static_cast<std::size_t>(circuit_.outputs());
    for (const PartString& string : parts_[p].strings) {
      const auto output = static_cast<std::size_t>(string.output);
      values[output] += weight_of(string, params_) * spectrum[mask_of(string)];
      if (!second_moments_) continue;
      for (const PartString& other : parts_[p].strings)
        if (other.output == string.output)
          values[outputs + output] += weight_of(string, params_) * weight_of(other, params_) *
                                      spectrum[mask_of(string) ^ mask_of(other)];
    }
  }

  Circuit circuit_;
  bool second_moments_;
  NoiseTable noise_;
  Transfers transfers_;
  std::vector<NoisyRun> parts_;
  std::vector<ExactProgram> programs_;  ///< by part
  std::vector<double> params_;
};

}  // namespace

std::unique_ptr<SampleDevice> make_density_device(const Circuit& circuit, const NoiseModel& model,
                                                  bool second_moments) {
  return std::make_unique<DensityDevice>(circuit, model, second_moments);
}

}  // namespace qmtl
