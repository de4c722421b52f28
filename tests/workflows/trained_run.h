// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "io/data/dataset.h"
#include "io/runs/checkpoint.h"
#include "runtime/train/loop/trainer.h"
#include "tests/io/common.h"
#include "tests/train/toy.h"

namespace qmtl::test {

/// The one rank of these tests.
inline const Ranks& alone() {
  static const OneRank rank;
  return rank;
}

/// The toy model of tests/train with a circuit, trained for two epochs; its data set and its checkpoint are
/// files in a folder of its own. Rows 2, 5, 8 ... are the test split.
struct TrainedRun {
  TempFolder folder;
  Dataset data;
  Checkpoint checkpoint;
  std::unique_ptr<Learner> learner;  ///< with the trained parameters

  explicit TrainedRun(const std::string& head = "qmtl") {
    Dataset made = toy::dataset(60);
    for (std::size_t row = 2; row < made.split.size(); row += 3)
      made.split[row] = static_cast<std::uint8_t>(Split::test);
    write_dataset(file("data.h5"), made);
    data = read_dataset(file("data.h5"));
    Config config = toy::config(head, data);
    config.data_file = file("data.h5");
    config.train.epochs = 2;
    checkpoint.config = config;
    checkpoint.statistics = standardise(data, config.model, config.standardise);
    learner = make_learner(config.model, config.train, data, checkpoint.statistics);
    checkpoint.state = fresh_state(*learner, config.train.seed);
    train(alone(), *learner, config, data, checkpoint.statistics, checkpoint.state, {});
    learner->bind(checkpoint.state.params);
    checkpoint.params = learner->params();
    checkpoint.data_hash = data.hash;
    write_checkpoint(file("model.h5"), checkpoint);
    checkpoint = read_checkpoint(file("model.h5"));
  }

  std::string file(const std::string& name) const { return folder.file(name); }

  /// The learner's own logits: [rows, outputs].
  std::vector<float> predictions(const std::vector<std::size_t>& rows) const {
    std::vector<float> logits(rows.size() * static_cast<std::size_t>(learner->outputs()));
    learner->predict(rows, logits);
    return logits;
  }
};

}  // namespace qmtl::test
