// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/class_weights.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"

namespace qmtl {

std::vector<double> balanced_class_weights(const Task& task, std::span<const std::size_t> rows) {
  if (task.kind == TaskKind::regression)
    throw usage_error("task." + task.name +
                      ".class_weights: a regression task has no classes to balance; leave the key out");
  std::vector<double> counts(task.kind == TaskKind::multiclass ? static_cast<std::size_t>(task.classes) : 2,
                             0.0);
  double labels = 0.0;
  for (std::size_t row : rows)
    for (std::size_t c = 0; c < task.columns; ++c) {
      const float label = task.labels[row * task.columns + c];
      const auto known = static_cast<float>(counts.size());
      if (!(label >= 0.0f && label < known)) continue;  // missing; what is no class is reported elsewhere
      counts[static_cast<std::size_t>(label)] += 1.0;
      labels += 1.0;
    }
  const auto occurring = static_cast<double>(
      std::count_if(counts.begin(), counts.end(), [](double count) { return count > 0.0; }));
  std::vector<double> weights;
  for (double count : counts) weights.push_back(count > 0.0 ? labels / (occurring * count) : 1.0);
  return weights;
}

}  // namespace qmtl
