// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/train/loop/trainer.h"
#include "tests/train/toy.h"

namespace qmtl::toy {

/// The run hash of three epochs of the toy model with a circuit, in float precision and without fused
/// multiply-adds, so that it is the same on every processor.
inline constexpr const char* run_hash_of_three_epochs =
    "89da68c6619d7ff89204a2867728b96e73b86abf29009ee1adbc4c6a20caf953";

/// That run, over the ranks.
inline std::string run_hash_on(const Ranks& ranks) {
  const Dataset data = dataset(200);
  Config config = toy::config("qmtl", data);
  config.model.precision = "float";
  config.train.epochs = 3;
  config.train.task_groups = 2;
  const auto statistics = standardise(data, config.model);
  const auto learner = make_learner(config.model, config.train, data, statistics, SimdTarget::scalar);
  TrainState state = fresh_state(*learner, config.train.seed);
  train(ranks, *learner, config, data, statistics, state, {});
  return run_hash(state);
}

}  // namespace qmtl::toy
