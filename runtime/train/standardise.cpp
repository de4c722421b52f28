// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/input_rows.h"
#include "runtime/train/label_scale.h"
#include "runtime/train/learner.h"

namespace qmtl {
namespace {

/// A spread below this share of the mean is rounding, not signal.
constexpr double constant_share = 1e-12;

struct Moments {
  double mean, deviation;
};

/// Of every group of `share` columns, over the values that are there (labels may be missing), group g plus
/// shift(g). `visit(each)` calls each(values of a row) for all rows; it is called twice. A group's sums take
/// its values in order of rows, then columns.
template <class Visit, class Shift>
std::vector<Moments> moments(std::size_t columns, std::size_t share, Visit visit, Shift shift) {
  const std::size_t groups = columns / share;
  std::vector<double> sums(groups, 0.0), present(groups, 0.0), squares(groups, 0.0);
  visit([&](const float* row) {
    for (std::size_t g = 0; g < groups; ++g)
      for (std::size_t c = g * share; c < (g + 1) * share; ++c) {
        if (std::isnan(row[c])) continue;
        sums[g] += static_cast<double>(row[c]);
        present[g] += 1.0;
      }
  });
  for (std::size_t g = 0; g < groups; ++g)
    if (present[g] > 0.0) sums[g] /= present[g];  // means from here on
  visit([&](const float* row) {
    for (std::size_t g = 0; g < groups; ++g)
      for (std::size_t c = g * share; c < (g + 1) * share; ++c) {
        if (std::isnan(row[c])) continue;
        const double difference = static_cast<double>(row[c]) - sums[g];
        squares[g] += difference * difference;
      }
  });
  std::vector<Moments> found;
  for (std::size_t g = 0; g < groups; ++g) {
    if (present[g] == 0.0) {
      found.push_back({0.0, 1.0});
      continue;
    }
    const double deviation = std::sqrt(squares[g] / present[g]), shifted = sums[g] + shift(g);
    found.push_back(
        {shifted, deviation > constant_share * std::abs(shifted) && deviation > 0.0 ? deviation : 1.0});
  }
  return found;
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
    const auto all_rows = [&](auto each) {
      for_each_row(*input, rows, [&](std::size_t, const float* row) { each(row); });
    };
    const auto shift = [&](std::size_t group) {
      return input->shift.empty() ? 0.0 : input->shift[group * share];
    };
    for (const Moments& found : moments(input->width, share, all_rows, shift)) {
      entry.mean.insert(entry.mean.end(), share, found.mean);
      entry.deviation.insert(entry.deviation.end(), share, found.deviation);
    }
    all.inputs.push_back(std::move(entry));
  }
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Task* task = tasks[t];
    if (task->kind != TaskKind::regression) continue;
    // What a bounded output reaches is said in the label's own unit.
    if (bounds_labels(spec, t)) {
      all.labels.push_back({task->name, 0.0, 1.0});
      continue;
    }
    const auto labels = [&](auto each) {
      for (std::size_t row : rows) each(task->labels.data() + row);
    };
    const Moments found = moments(1, 1, labels, [](std::size_t) { return 0.0; }).front();
    all.labels.push_back({task->name, found.mean, found.deviation});
  }
  return all;
}

}  // namespace qmtl
