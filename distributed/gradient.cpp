#include "distributed/gradient.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <cmath>

#include "distributed/stopwatch.h"
#include "distributed/tree.h"
#include "runtime/crash_point.h"

namespace qmtl {
namespace {

/// What is not finite in an accumulator, with the place, or nothing. Losses are looked at first: they name
/// the task.
std::optional<Error> find_not_finite(const Learner& learner, std::span<const double> sum,
                                     const StepBatch& batch) {
  const auto complaint = [&](const std::string& what, double value) {
    return data_error(
        "expected a finite " + what + " in step " + std::to_string(batch.step + 1) + ", found " +
        (std::isnan(value) ? "nan"
         : value > 0       ? "inf"
                           : "-inf") +
        "; lower train.learning_rate or set train.clip, then go on with --resume: the last checkpoint "
        "is untouched");
  };
  const auto& tasks = learner.spec().tasks;
  const std::size_t losses = sum.size() - tasks.size();
  for (std::size_t t = 0; t < tasks.size(); ++t)
    if (!std::isfinite(sum[losses + t]))
      return complaint("loss of task '" + tasks[t].name + "'", sum[losses + t]);
  for (const ParamInfo& param : learner.params())
    for (std::size_t i = param.offset; i < param.offset + param.size; ++i)
      if (!std::isfinite(sum[i])) return complaint("gradient of parameter '" + param.name + "'", sum[i]);
  return std::nullopt;
}

/// Accumulators of the units in `own`, one row each.
std::vector<double> run_units(const Learner& learner, const StepBatch& batch, Range own) {
  const std::size_t width = learner.accumulator_size();
  std::vector<double> rows(own.size() * width, 0.0);
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(own.begin, own.end, 1),
      [&](const auto& units) {
        for (std::size_t unit = units.begin(); unit < units.end(); ++unit)
          learner.run_unit(unit, batch, std::span(rows).subspan((unit - own.begin) * width, width));
      },
      tbb::simple_partitioner());
  return rows;
}

std::vector<double> unit_costs(const Learner& learner, std::size_t units, std::size_t rows) {
  std::vector<double> costs(units);
  for (std::size_t unit = 0; unit < units; ++unit) costs[unit] = learner.unit_cost(unit, rows);
  return costs;
}

}  // namespace

StepSum batch_gradient(const Comm& comm, const Learner& learner, const StepBatch& batch, bool stop) {
  const std::size_t units = learner.units(batch.rows.size());
  const std::size_t width = learner.accumulator_size();
  const auto ranges = cut_by_cost(integer_costs(unit_costs(learner, units, batch.rows.size())), comm.size());
  const Range own = ranges[static_cast<std::size_t>(comm.rank())];

  StepSum result;
  Stopwatch watch;
  std::vector<double> rows;
  std::optional<Error> failure;
  try {
    rows = run_units(learner, batch, own);
    for (std::size_t unit = 0; unit < own.size() && !failure; ++unit)
      failure = find_not_finite(learner, std::span(rows).subspan(unit * width, width), batch);
  } catch (const Error& error) {
    failure = error;
  } catch (const std::exception& error) {
    failure = data_error("step " + std::to_string(batch.step + 1) + ": " + error.what());
  }
  result.times.compute = watch.lap();
  // One small exchange settles both: whether to stop, and whether all ranks got this far.
  std::array<std::int64_t, 2> flags{stop ? 1 : 0, failure ? 1 : 0};
  comm.max(flags);
  result.times.wait = watch.lap();
  if (flags[1] != 0) comm.agree(failure);

  std::vector<Range> nodes;
  std::vector<std::size_t> counts;
  std::vector<double> mine;
  for (const Range& range : ranges) {
    const auto part = aligned_nodes(range, units);
    counts.push_back(part.size() * width);
    nodes.insert(nodes.end(), part.begin(), part.end());
  }
  for (const Range& node : aligned_nodes(own, units)) {
    reduce_node(rows, width, own.begin, node, units);
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>((node.begin - own.begin) * width);
    mine.insert(mine.end(), first, first + static_cast<std::ptrdiff_t>(width));
  }
  result.stop = flags[0] != 0;
  result.sum.resize(nodes.size() * width);
  crash_point("reduce");
  comm.gather(mine, counts, result.sum);
  finish_tree(result.sum, width, nodes, units);
  result.sum.resize(width);
  // Finite units can overflow in their sum; every rank has the same sum and so the same verdict.
  if (const auto overflow = find_not_finite(learner, result.sum, batch))
    throw SharedError(overflow->code(), overflow->what());
  result.times.reduce = watch.lap();
  return result;
}

}  // namespace qmtl
