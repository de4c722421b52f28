// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/circuit_elsewhere.h"

#include <algorithm>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

const Circuit& circuit_of(const Learner& learner) {
  if (!learner.circuit())
    throw usage_error("expected a head with a circuit, found the kind '" + learner.spec().head.kind + "'");
  return *learner.circuit();
}

}  // namespace

std::vector<double> circuit_angles(const Learner& learner, std::span<const std::size_t> rows) {
  const auto width = static_cast<std::size_t>(circuit_of(learner).angles);
  const auto outputs = static_cast<std::size_t>(circuit_of(learner).outputs());
  std::vector<double> angles;
  std::vector<float> logits(rows.size() * static_cast<std::size_t>(learner.outputs()));
  learner.predict_with(
      [&](std::span<const std::size_t> samples, const double* given, double* values) {
        angles.insert(angles.end(), given, given + samples.size() * width);
        std::fill(values, values + samples.size() * outputs, 0.0);
      },
      rows, logits.data());
  return angles;
}

std::vector<float> logits_with(const Learner& learner, std::span<const std::size_t> rows,
                               std::span<const double> values) {
  const auto outputs = static_cast<std::size_t>(circuit_of(learner).outputs());
  std::vector<float> logits(rows.size() * static_cast<std::size_t>(learner.outputs()));
  std::size_t done = 0;
  learner.predict_with(
      [&](std::span<const std::size_t> samples, const double*, double* out) {
        std::copy_n(values.data() + done * outputs, samples.size() * outputs, out);
        done += samples.size();
      },
      rows, logits.data());
  return logits;
}

AffineLogits affine_logits(const Learner& learner, std::size_t row, double step) {
  const auto outputs = static_cast<std::size_t>(circuit_of(learner).outputs());
  const auto columns = static_cast<std::size_t>(learner.outputs());
  const std::vector<std::size_t> rows(outputs + 1, row);
  std::vector<double> values((outputs + 1) * outputs, 0.0);
  for (std::size_t o = 0; o < outputs; ++o) values[(o + 1) * outputs + o] = step;
  const std::vector<float> logits = logits_with(learner, rows, values);
  AffineLogits affine{{logits.begin(), logits.begin() + static_cast<std::ptrdiff_t>(columns)},
                      std::vector<double>(columns * outputs)};
  for (std::size_t c = 0; c < columns; ++c)
    for (std::size_t o = 0; o < outputs; ++o)
      affine.slope[c * outputs + o] =
          (static_cast<double>(logits[(o + 1) * columns + c]) - affine.bias[c]) / step;
  return affine;
}

}  // namespace qmtl
