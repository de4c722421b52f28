// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "runtime/base/philox.h"

namespace qmtl::toy {

using Vector = std::vector<double>;

inline double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Yu et al. 2020, algorithm 1, on whole vectors as it is written there.
inline Vector gradient_surgery(const std::vector<Vector>& gradients, std::uint64_t seed, std::int64_t step) {
  Vector sum(gradients.front().size(), 0.0);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    Vector own = gradients[i];
    const auto order =
        RandomStream(seed, Purpose::projection_order)
            .permutation(gradients.size(), static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(i));
    for (const std::size_t j : order) {
      if (j == i) continue;
      const double along = dot(own, gradients[j]);
      if (along >= 0) continue;
      const double square = dot(gradients[j], gradients[j]);
      for (std::size_t k = 0; k < own.size(); ++k) own[k] -= along / square * gradients[j][k];
    }
    for (std::size_t k = 0; k < own.size(); ++k) sum[k] += own[k];
  }
  return sum;
}

/// Chen et al. 2018, algorithm 1: the loss of the weights, of which the step takes a numerical derivative.
struct NormBalance {
  Vector weights, first;
  double alpha, rate;

  void step(const Vector& norms, const Vector& losses, const std::vector<bool>& present) {
    const std::size_t tasks = weights.size();
    double count = 0, mean_norm = 0, mean_ratio = 0, before = 0, after = 0;
    Vector ratio(tasks);
    for (std::size_t t = 0; t < tasks; ++t) {
      if (!present[t]) continue;
      if (first[t] < 0) first[t] = losses[t];
      ratio[t] = losses[t] / first[t];
      count += 1, mean_norm += weights[t] * norms[t], mean_ratio += ratio[t], before += weights[t];
    }
    mean_norm /= count, mean_ratio /= count;
    const auto loss_of = [&](std::size_t t, double weight) {
      return std::abs(weight * norms[t] - mean_norm * std::pow(ratio[t] / mean_ratio, alpha));
    };
    for (std::size_t t = 0; t < tasks; ++t) {
      if (!present[t]) continue;
      const double h = 1e-6;
      const double slope = (loss_of(t, weights[t] + h) - loss_of(t, weights[t] - h)) / (2 * h);
      weights[t] -= rate * slope / mean_norm;
      after += weights[t];
    }
    for (std::size_t t = 0; t < tasks; ++t)
      if (present[t]) weights[t] *= before / after;
  }
};

}  // namespace qmtl::toy
