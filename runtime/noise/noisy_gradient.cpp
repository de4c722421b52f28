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

class NoisyDevice final : public TrainingDevice {
 public:
  NoisyDevice(const Circuit& circuit, const NoiseModel& model, bool second_moments)
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

  void vjp(std::span<const double> angles, const Cotangents& cotangents, std::span<double> angle_gradients,
           std::span<double> param_gradients) const override {
    const auto outputs = static_cast<std::size_t>(circuit_.outputs());
    std::vector<double> values(outputs * (second_moments_ ? 2 : 1), 0.0), given(outputs);
    std::vector<ExactProgram::Tape> tapes(parts_.size());
    std::vector<std::vector<double>> spectra;
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      spectra.push_back(programs_[p].spectrum(angles, &tapes[p]));
      for (const PartString& string : parts_[p].strings) {
        const auto output = static_cast<std::size_t>(string.output);
        values[output] += weight_of(string, params_) * spectra[p][mask_of(string)];
        if (second_moments_)
          for (const PartString& other : parts_[p].strings)
            if (other.output == string.output)
              values[outputs + output] += weight_of(string, params_) * weight_of(other, params_) *
                                          spectra[p][mask_of(string) ^ mask_of(other)];
      }
    }
    cotangents(values.data(), given.data());
    std::fill(angle_gradients.begin(), angle_gradients.end(), 0.0);
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      std::vector<double> slopes(spectra[p].size(), 0.0);
      for (const PartString& string : parts_[p].strings) {
        const double g = given[static_cast<std::size_t>(string.output)];
        slopes[mask_of(string)] += weight_of(string, params_) * g;
        if (string.weight_param >= 0)
          param_gradients[static_cast<std::size_t>(string.weight_param)] += g * spectra[p][mask_of(string)];
      }
      programs_[p].add_gradient(angles, tapes[p], std::move(slopes), angle_gradients, param_gradients);
    }
  }

 private:
  Circuit circuit_;
  bool second_moments_;
  NoiseTable noise_;
  Transfers transfers_;
  std::vector<NoisyRun> parts_;
  std::vector<ExactProgram> programs_;  ///< by part
  std::vector<double> params_;
};

}  // namespace

std::unique_ptr<TrainingDevice> make_noisy_device(const Circuit& circuit, const NoiseModel& model,
                                                  bool second_moments) {
  return std::make_unique<NoisyDevice>(circuit, model, second_moments);
}

}  // namespace qmtl
