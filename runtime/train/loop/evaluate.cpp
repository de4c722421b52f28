// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/loop/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/base/crash_point.h"
#include "runtime/base/parallel.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/train/loop/units.h"

namespace qmtl {
namespace {

constexpr std::size_t rows_per_shard = 64;

}  // namespace

std::vector<float> predict_rows(const Ranks& ranks, const Learner& learner,
                                const std::vector<std::size_t>& rows) {
  return predict_rows(
      ranks, static_cast<std::size_t>(learner.outputs()), rows,
      [&](std::span<const std::size_t> part, std::span<float> logits) { learner.predict(part, logits); });
}

std::vector<float> predict_rows_on_device(const Ranks& ranks, const Learner& learner,
                                          const std::vector<std::size_t>& rows) {
  return predict_rows(ranks, static_cast<std::size_t>(learner.outputs()), rows,
                      [&](std::span<const std::size_t> part, std::span<float> logits) {
                        learner.predict_on_device(part, logits);
                      });
}

std::vector<float> predict_samples(const Ranks& ranks, const Predictor& predictor, const Dataset& data,
                                   std::size_t first) {
  const std::vector<const Input*> inputs = bind_inputs(data, predictor.spec());
  std::vector<std::size_t> rows(data.samples);
  std::iota(rows.begin(), rows.end(), first);
  return predict_rows(
      ranks, predictor.outputs(), rows, [&](std::span<const std::size_t> part, std::span<float> logits) {
        std::vector<std::span<const float>> values;  // of consecutive rows
        std::vector<std::span<const double>> shifts;
        for (const Input* input : inputs) {
          values.push_back(std::span(input->values)
                               .subspan((part.front() - first) * input->width, part.size() * input->width));
          shifts.push_back(input->shift);
        }
        predictor.predict(part.size(), values, logits, shifts);
      });
}

void require_finite(std::span<const float> logits, std::span<const std::size_t> rows, std::size_t outputs) {
  const auto wrong =
      std::find_if(logits.begin(), logits.end(), [](float logit) { return !std::isfinite(logit); });
  if (wrong == logits.end()) return;
  const auto at = static_cast<std::size_t>(wrong - logits.begin());
  throw SharedError(Exit::data, "row " + std::to_string(rows[at / outputs]) + ": output " +
                                    std::to_string(at % outputs) +
                                    " of the model is not finite; its parameters have run away: train again "
                                    "with a smaller train.learning_rate, or use an older checkpoint");
}

std::vector<float> predict_rows(const Ranks& ranks, std::size_t outputs, const std::vector<std::size_t>& rows,
                                const PredictRows& predict) {
  crash_point("predict");
  const std::size_t shards = (rows.size() + rows_per_shard - 1) / rows_per_shard;
  const auto row_of = [&](std::size_t shard) { return std::min(shard * rows_per_shard, rows.size()); };
  const auto ranges = cut_evenly(shards, ranks.size());
  std::vector<std::size_t> counts;
  for (const Range& range : ranges) counts.push_back((row_of(range.end) - row_of(range.begin)) * outputs);

  const Range own = ranges[static_cast<std::size_t>(ranks.rank())];
  const std::size_t first = row_of(own.begin);
  std::vector<float> mine(counts[static_cast<std::size_t>(ranks.rank())]);
  ranks.together([&] {
    run_parallel(own.size(), [&](std::size_t i) {
      const std::size_t shard = own.begin + i, begin = row_of(shard), count = row_of(shard + 1) - begin;
      predict(std::span(rows).subspan(begin, count),
              std::span(mine).subspan((begin - first) * outputs, count * outputs));
      ranks.here().advance();
    });
  });
  std::vector<float> all(rows.size() * outputs);
  ranks.gather(mine, counts, all);
  require_finite(all, rows, outputs);
  return all;
}

}  // namespace qmtl
