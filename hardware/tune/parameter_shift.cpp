// SPDX-License-Identifier: Apache-2.0
#include "hardware/tune/parameter_shift.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "runtime/base/error.h"
#include "runtime/base/philox.h"

namespace qmtl {
namespace {

/// Where a parameter is used as an angle.
struct Use {
  int block = 0;
  double shift = 0.0;
  int times = 0;
};

/// In the blocks of one program: another that reads the same block in another basis executes its own shifts.
std::map<int, Use> uses_in_blocks(const Circuit& circuit, const HeadProgram& program) {
  std::map<int, Use> uses;
  for (const Op& op : circuit.shared)
    if (op.source == Source::param) ++uses[op.index].times;
  for (const int b : program.blocks)
    for (const Op& op : circuit.blocks[static_cast<std::size_t>(b)].ops)
      if (op.source == Source::param) {
        Use& use = uses[op.index];
        use.block = b;
        use.shift = parameter_shift;
        ++use.times;
      }
  return uses;
}

}  // namespace

ParameterShift::ParameterShift(const Circuit& circuit, const HeadProgram& program) {
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b)
    block_of_.insert(block_of_.end(), circuit.blocks[b].outputs.size(), static_cast<int>(b));
  const std::map<int, Use> uses = uses_in_blocks(circuit, program);
  std::map<int, std::size_t> next;  // of each block, the pair that its next parameter goes to
  for (int param : program.params) {
    const Use& use = uses.at(param);
    if (use.times != 1)
      throw usage_error("parameter shift: parameter " + std::to_string(param) + " is the angle of " +
                        std::to_string(use.times) + " gates, expected one; use spsa");
    const std::size_t pair = next[use.block]++;
    if (pair == pairs_.size()) pairs_.emplace_back();
    pairs_[pair].push_back({param, use.block, use.shift});
  }
}

std::vector<std::vector<double>> ParameterShift::points(std::span<const double> params) const {
  std::vector<std::vector<double>> points{{params.begin(), params.end()}};
  for (const std::vector<Shifted>& pair : pairs_)
    for (double sign : {1.0, -1.0}) {
      points.push_back(points[0]);
      for (const Shifted& shifted : pair)
        points.back()[static_cast<std::size_t>(shifted.param)] += sign * shifted.shift;
    }
  return points;
}

void ParameterShift::add_gradient(std::span<const ReadOutput> outputs, std::size_t samples,
                                  std::span<const double> values, std::span<const double> cotangents,
                                  std::span<double> gradient) const {
  const std::size_t points = 1 + 2 * pairs_.size();
  for (std::size_t s = 0; s < samples; ++s)
    for (std::size_t pair = 0; pair < pairs_.size(); ++pair) {
      const double* up = values.data() + (s * points + 1 + 2 * pair) * outputs.size();
      const double* down = up + outputs.size();
      for (const Shifted& shifted : pairs_[pair])
        for (std::size_t o = 0; o < outputs.size(); ++o) {
          const auto number = static_cast<std::size_t>(outputs[o].output);
          if (block_of_[number] == shifted.block)
            gradient[static_cast<std::size_t>(shifted.param)] += cotangents[s * block_of_.size() + number] *
                                                                 (up[o] - down[o]) /
                                                                 (2.0 * std::sin(shifted.shift));
        }
    }
}

Perturbation::Perturbation(std::span<const int> chosen, double size, std::uint64_t seed, std::int64_t step)
    : chosen_(chosen.begin(), chosen.end()), size_(size) {
  const RandomStream random(seed, Purpose::perturbation);
  for (int param : chosen_)
    signs_.push_back(
        random.bits({static_cast<std::uint32_t>(step), 0, 0, static_cast<std::uint32_t>(param)})[0] & 1u
            ? 1.0
            : -1.0);
}

std::vector<std::vector<double>> Perturbation::points(std::span<const double> params) const {
  std::vector<std::vector<double>> points(2, {params.begin(), params.end()});
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    points[0][static_cast<std::size_t>(chosen_[i])] += size_ * signs_[i];
    points[1][static_cast<std::size_t>(chosen_[i])] -= size_ * signs_[i];
  }
  return points;
}

void Perturbation::add_gradient(double loss_up, double loss_down, std::span<double> gradient) const {
  for (std::size_t i = 0; i < chosen_.size(); ++i)
    gradient[static_cast<std::size_t>(chosen_[i])] += (loss_up - loss_down) / (2.0 * size_ * signs_[i]);
}

std::vector<int> block_params(std::span<const HeadProgram> programs) {
  std::vector<int> params;
  for (const HeadProgram& program : programs)
    params.insert(params.end(), program.params.begin(), program.params.end());
  std::sort(params.begin(), params.end());
  params.erase(std::unique(params.begin(), params.end()), params.end());
  return params;
}

Sweep point_sweep(const HeadProgram& head, const DeviceProgram& device,
                  std::span<const std::vector<double>> points, std::size_t samples,
                  std::span<const double> angles, std::size_t circuit_angles) {
  Sweep sweep{device, samples * points.size(), {}};
  for (std::size_t s = 0; s < samples; ++s)
    for (const std::vector<double>& params : points) {
      const std::vector<double> row =
          input_values(head, params, 1, angles.subspan(s * circuit_angles, circuit_angles), circuit_angles);
      sweep.values.insert(sweep.values.end(), row.begin(), row.end());
    }
  return sweep;
}

}  // namespace qmtl
