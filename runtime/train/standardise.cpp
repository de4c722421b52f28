// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/train/learner.h"

namespace qmtl {
namespace {

/// A spread below this share of the mean is rounding, not signal.
constexpr double constant_share = 1e-12;

struct Moments {
  double mean, deviation;
};

/// Over the values that are there (labels may be missing) in columns first .. first + count - 1 of the rows,
/// each plus `shift`.
Moments moments(const std::vector<float>& values, std::size_t stride, std::size_t first, std::size_t count,
                const std::vector<std::size_t>& rows, double shift = 0.0) {
  double sum = 0.0, present = 0.0;
  const auto for_each_value = [&](auto action) {
    for (std::size_t row : rows)
      for (std::size_t column = first; column < first + count; ++column)
        if (const float value = values[row * stride + column]; !std::isnan(value))
          action(static_cast<double>(value));
  };
  for_each_value([&](double value) {
    sum += value;
    present += 1.0;
  });
  if (present == 0.0) return {0.0, 1.0};
  const double mean = sum / present;
  double squares = 0.0;
  for_each_value([&](double value) { squares += (value - mean) * (value - mean); });
  const double deviation = std::sqrt(squares / present);
  const double shifted = mean + shift;
  return {shifted, deviation > constant_share * std::abs(shifted) && deviation > 0.0 ? deviation : 1.0};
}

/// Columns that share their statistics: the pixels of a channel where samples are images [H, W] or [C, H, W],
/// as a pixel that is almost always dark would be blown up by its own deviation; else each column for itself.
std::size_t shared_columns(const Input& input) {
  if (input.shape.size() < 2) return 1;
  return input.shape.size() == 2 ? input.width : input.width / input.shape[0];
}

}  // namespace

Statistics standardise(const Dataset& data, const ModelSpec& spec, bool inputs) {
  const std::vector<std::size_t> rows = data.rows(Split::train);
  if (rows.empty())
    throw data_error("the data set has no training samples (split = 0) to take statistics from");
  Statistics all;
  for (const Input* input : bind_inputs(data, spec)) {
    if (!inputs) break;
    Standardisation entry{input->name, {}, {}};
    const std::size_t share = shared_columns(*input);
    for (std::size_t first = 0; first < input->width; first += share) {
      const Moments found = moments(input->values, input->width, first, share, rows,
                                    input->shift.empty() ? 0.0 : input->shift[first]);
      entry.mean.insert(entry.mean.end(), share, found.mean);
      entry.deviation.insert(entry.deviation.end(), share, found.deviation);
    }
    all.inputs.push_back(std::move(entry));
  }
  for (const Task* task : bind_tasks(data, spec)) {
    if (task->kind != TaskKind::regression) continue;
    const Moments found = moments(task->labels, 1, 0, 1, rows);
    all.labels.push_back({task->name, found.mean, found.deviation});
  }
  return all;
}

}  // namespace qmtl
