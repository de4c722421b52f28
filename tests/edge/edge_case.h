// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/edge/lower.h"
#include "runtime/train/learner.h"

namespace qmtl::test {

/// A model to be exported: its configuration on a small data set.
struct EdgeCase {
  std::string name;
  bool images = false;  ///< on pictures [2, 7, 6] instead of two flat inputs
  std::function<void(ModelSpec&)> change;
  EdgeMethod method = EdgeMethod::automatic;
};

/// Every kind of head, layer, fusion, angle map, and circuits of every shape by every method.
std::vector<EdgeCase> edge_cases();
const EdgeCase& edge_case(const std::string& name);

/// A case made ready: parameters drawn at random, no training.
struct EdgeTrial {
  Dataset data;
  Config config;
  Statistics statistics;
  std::unique_ptr<Learner> learner;  ///< in double
  std::vector<double> params;
  EdgeModel model;  ///< without samples

  explicit EdgeTrial(const EdgeCase& given);
  /// All inputs of a row, as the runtime takes them.
  std::vector<float> sample(std::size_t row) const;
  std::vector<float> expected(std::size_t row) const;
};

}  // namespace qmtl::test
