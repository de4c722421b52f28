// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/noisy_scores.h"

#include "distributed/evaluate.h"
#include "runtime/base/error.h"

namespace qmtl {

NoisyLogits predict_noisy(const Comm& comm, const Learner& learner, const std::vector<std::size_t>& rows,
                          const NoiseModel& model, const NoisyOptions& options) {
  NoisyLogits noisy;
  comm.together([&] {
    if (!learner.circuit())
      throw usage_error("--noise: expected a head with a circuit, found the kind '" +
                        learner.spec().head.kind + "', which runs on no quantum device");
    noisy.simulator = std::make_unique<NoisySimulator>(*learner.circuit(), model, options);
    noisy.simulator->bind(learner.circuit_params());
  });
  const CircuitValues values = [&](std::span<const std::size_t> samples, const double* angles, double* out) {
    const std::vector<std::uint32_t> keys(samples.begin(), samples.end());
    noisy.simulator->values(keys, angles, out);
  };
  noisy.logits = predict_rows(comm, static_cast<std::size_t>(learner.outputs()), rows,
                              [&](std::span<const std::size_t> part, float* part_logits) {
                                learner.predict_with(values, part, part_logits);
                              });
  return noisy;
}

}  // namespace qmtl
