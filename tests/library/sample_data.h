// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "qmtl/qmtl.h"

namespace qmtl::test {

/// 90 points of a plane: which side of a line, which third of a circle, how far from the middle; the last of
/// these is missing for every seventh. Rows 3, 8, 13 ... are for validation, 4, 9, 14 ... for the test.
struct Points {
  std::vector<float> x, y;
  std::vector<std::uint8_t> split;
  std::vector<LabelledTask> tasks{
      {"side"}, {"third", "multiclass", 3, "accuracy"}, {"distance", "regression", 1, "rmse"}};

  Points() {
    for (int i = 0; i < 90; ++i) {
      const auto a = static_cast<float>(i * 37 % 90 - 45) / 45.0f,
                 b = static_cast<float>(i * 53 % 90 - 45) / 45.0f;
      const auto third = std::floor((std::atan2(b, a) + 3.14159265f) / 2.0943952f);
      x.insert(x.end(), {a, b});
      y.insert(y.end(), {a + b > 0 ? 1.0f : 0.0f, std::fmin(third, 2.0f),
                         i % 7 == 0 ? std::numeric_limits<float>::quiet_NaN() : std::hypot(a, b)});
      split.push_back(static_cast<std::uint8_t>(i % 5 < 3 ? 0 : i % 5 - 2));
    }
  }

  Rows inputs() const { return {x, 2}; }
  Samples samples() const { return {.x = {x, 2}, .y = {y, 3}, .tasks = tasks, .split = split}; }
};

/// A small model, quickly trained.
inline constexpr const char* configuration =
    "seed = 3\n[backbone]\nlayers = [{ type = \"dense\", width = 6, activation = \"tanh\" }]\n"
    "[circuit]\nqubits = 5\nlayers = 1\n[block]\nsize = 3\nstride = 1\n"
    "[train]\nepochs = 4\nbatch = 20\n";

inline Model trained(const Points& points) {
  return train(points.samples(), {.configuration = configuration});
}

}  // namespace qmtl::test
