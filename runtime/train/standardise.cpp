#include <cmath>

#include "runtime/error.h"
#include "runtime/model/bind_tasks.h"
#include "runtime/train/learner.h"
#include "runtime/train/validation.h"

namespace qmtl {
namespace {

/// A spread below this share of the mean is rounding, not signal.
constexpr double constant_share = 1e-12;

/// Statistics of one column over the rows where it has a value.
void add_column(const std::vector<float>& values, std::size_t stride, std::size_t column,
                const std::vector<std::size_t>& rows, Standardisation& result) {
  double sum = 0.0, count = 0.0;
  for (std::size_t row : rows) {
    const float value = values[row * stride + column];
    if (std::isnan(value)) continue;
    sum += static_cast<double>(value);
    count += 1.0;
  }
  const double mean = count > 0.0 ? sum / count : 0.0;
  double squares = 0.0;
  for (std::size_t row : rows) {
    const float value = values[row * stride + column];
    if (!std::isnan(value))
      squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  }
  const double deviation = count > 0.0 ? std::sqrt(squares / count) : 0.0;
  result.mean.push_back(mean);
  result.deviation.push_back(deviation > constant_share * std::abs(mean) && deviation > 0.0 ? deviation
                                                                                            : 1.0);
}

}  // namespace

std::vector<Standardisation> standardise(const Dataset& data, const ModelSpec& spec) {
  const std::vector<std::size_t> rows = data.rows(Split::train);
  if (rows.empty())
    throw data_error("the data set has no training samples (split = 0) to take statistics from");
  std::vector<Standardisation> all;
  for (const Input* input : bind_inputs(data, spec)) {
    Standardisation entry{input->name, {}, {}};
    for (std::size_t column = 0; column < input->width; ++column)
      add_column(input->values, input->width, column, rows, entry);
    all.push_back(std::move(entry));
  }
  for (const Task* task : bind_tasks(data, spec)) {
    if (task->kind != TaskKind::regression) continue;
    Standardisation entry{label_statistics_name(task->name), {}, {}};
    add_column(task->labels, 1, 0, rows, entry);
    all.push_back(std::move(entry));
  }
  return all;
}

}  // namespace qmtl
