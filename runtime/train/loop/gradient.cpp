// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/loop/gradient.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "runtime/base/crash_point.h"
#include "runtime/base/parallel.h"
#include "runtime/model/layers/elementwise.h"
#include "runtime/model/params.h"
#include "runtime/train/loop/stopwatch.h"

namespace qmtl {
namespace {

/// What is not finite in an accumulator, with the place, or nothing. Losses are looked at first: they name
/// the task.
std::optional<Error> find_not_finite(const Learner& learner, std::span<const double> sum,
                                     const StepBatch& batch) {
  if (all_finite(sum)) return std::nullopt;
  const auto complaint = [&](const std::string& what, double value) {
    return data_error("expected a finite " + what + " in step " + std::to_string(batch.step + 1) +
                      ", found " +
                      (std::isnan(value) ? "nan"
                       : value > 0       ? "inf"
                                         : "-inf") +
                      "; lower train.learning_rate or set train.clip and train again, into another "
                      "run.folder: the last checkpoint "
                      "is untouched");
  };
  const auto& tasks = learner.spec().tasks;
  const std::size_t losses = count_params(learner.params());
  for (std::size_t t = 0; t < tasks.size(); ++t)
    if (!std::isfinite(sum[losses + t]))
      return complaint("loss of task '" + tasks[t].name + "'", sum[losses + t]);
  for (const ParamInfo& param : learner.params())
    for (std::size_t i = param.offset; i < param.offset + param.size; ++i)
      if (!std::isfinite(sum[i])) return complaint("gradient of parameter '" + param.name + "'", sum[i]);
  // Where tasks are weighed by their gradients these follow.
  const auto by_task = sum.subspan(losses + tasks.size());
  for (std::size_t i = 0; i < by_task.size(); ++i)
    if (!std::isfinite(by_task[i]))
      return complaint("gradient of task '" + tasks[i / (by_task.size() / tasks.size())].name + "'",
                       by_task[i]);
  return std::nullopt;
}

void run_units(const Ranks& ranks, const Learner& learner, const StepBatch& batch, Range own,
               StepMemory& memory) {
  const std::size_t width = learner.accumulator_size();
  // The last batch of an epoch is shorter: shrunk and grown again, its numbers would be cleared twice.
  if (memory.rows.size() < own.size() * width) memory.rows.resize(own.size() * width);
  memory.seconds.assign(own.size(), 0.0);
  run_parallel<tbb::simple_partitioner>(own.size(), [&](std::size_t unit) {
    Stopwatch watch;
    const auto row = std::span(memory.rows).subspan(unit * width, width);
    std::fill(row.begin(), row.end(), 0.0);
    learner.run_unit(own.begin + unit, batch, row);
    memory.seconds[unit] = watch.lap();
    ranks.here().advance();
  });
}

/// Throws for a sum that is not finite: with the unit's task or parameter and its rank if a unit is to blame,
/// else the units overflowed only in their sum. The sum has taken the units' place, so they are run again.
[[noreturn]] void explain(const Ranks& ranks, const Learner& learner, const StepBatch& batch, Range own,
                          const Error& sum_failed) {
  StepMemory units;
  run_units(ranks, learner, batch, own, units);
  const std::size_t width = learner.accumulator_size();
  std::optional<Error> failure;
  for (std::size_t unit = 0; unit < own.size() && !failure; ++unit)
    failure = find_not_finite(learner, std::span(units.rows).subspan(unit * width, width), batch);
  ranks.agree(failure);
  throw SharedError(sum_failed.code(), sum_failed.what());
}

}  // namespace

StepSum batch_gradient(const Ranks& ranks, const Learner& learner, const StepBatch& batch, bool stop,
                       Balance& balance, StepMemory& memory) {
  ranks.here().enter(Doing::compute, batch.step + 1);
  const Reduction& plan = balance.cut(batch.rows.size());
  const Range own = plan.ranges[static_cast<std::size_t>(ranks.rank())];
  StepSum result;
  Stopwatch watch;
  std::optional<Error> failure;
  try {
    run_units(ranks, learner, batch, own, memory);
  } catch (const Error& error) {
    failure = error;
  } catch (const std::exception& error) {
    failure = data_error("step " + std::to_string(batch.step + 1) + ": " + error.what());
  }
  result.times.compute = watch.lap();
  ranks.here().enter(Doing::wait);
  // One small exchange settles both: whether to stop, and whether all ranks got this far.
  std::array<std::int64_t, 2> flags{stop ? 1 : 0, failure ? 1 : 0};
  ranks.max(flags);
  result.times.wait = watch.lap();
  if (flags[1] != 0) ranks.agree(failure);
  result.stop = flags[0] != 0;

  ranks.here().enter(Doing::reduce);
  crash_point("reduce");
  result.sum = ranks.sum_units(plan, memory.rows);
  // A sum is finite only if all its units are; every rank has the same sum and so the same verdict.
  if (const auto failed = find_not_finite(learner, result.sum, batch))
    explain(ranks, learner, batch, own, *failed);
  balance.measured(batch.rows.size(), memory.seconds, result.times.compute);
  result.times.reduce = watch.lap();
  return result;
}

}  // namespace qmtl
