// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/noisy_scores.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/train/loop/evaluate.h"

namespace qmtl {

NoisyLogits predict_noisy(const Ranks& ranks, const Learner& learner, const std::vector<std::size_t>& rows,
                          const NoiseModel& model, const NoisyOptions& options) {
  NoisyLogits noisy;
  ranks.together([&] {
    if (!learner.circuit())
      throw usage_error("--noise: expected a head with a circuit, found the kind '" +
                        learner.spec().head.kind + "', which runs on no quantum device");
    noisy.simulator = std::make_unique<NoisySimulator>(*learner.circuit(), model, options);
    noisy.simulator->bind(learner.circuit_params());
  });
  const auto outputs = static_cast<std::size_t>(learner.circuit()->outputs());
  noisy.logits = predict_rows(ranks, static_cast<std::size_t>(learner.outputs()), rows,
                              [&](std::span<const std::size_t> part, std::span<float> part_logits) {
                                const std::vector<std::uint32_t> keys(part.begin(), part.end());
                                std::vector<double> values(part.size() * outputs);
                                noisy.simulator->values(keys, learner.circuit_angles(part), values);
                                std::ranges::copy(learner.logits_of(values), part_logits.begin());
                              });
  return noisy;
}

}  // namespace qmtl
