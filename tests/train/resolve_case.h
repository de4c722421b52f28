// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/model/data.h"
#include "runtime/train/config.h"

/// A small data set and a configuration that says next to nothing, for tests of what follows from both.
namespace qmtl {

/// `count` binary tasks on one input.
inline Dataset binary_tasks(int count) {
  Dataset data;
  data.samples = 4;
  data.inputs = {{"x", {64}, 64, std::vector<float>(256, 0.5f)}};
  for (int t = 0; t < count; ++t)
    data.tasks.push_back({"task" + std::to_string(t), TaskKind::binary, 2, "f1", 1, {0, 1, 0, 1}});
  data.split = {0, 0, 1, 2};
  return data;
}

inline Config blank(const std::string& head = "qmtl") {
  Config config;
  config.file = "run.toml";
  config.model.head.kind = head;
  config.model.head.ansatz.register_size = 0;
  return config;
}

}  // namespace qmtl
