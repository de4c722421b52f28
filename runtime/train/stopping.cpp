// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/stopping.h"

#include <algorithm>
#include <cmath>

namespace qmtl {

bool record_epoch(TrainState& state, const EpochRecord& record) {
  state.history.push_back(record);
  const bool best =
      state.best_epoch == 0 || record.validation_mean >= state.best_score || std::isnan(state.best_score);
  if (best) {
    state.best_score = record.validation_mean;
    state.best_epoch = record.epoch;
  }
  return best;
}

bool training_finished(const TrainState& state, const TrainSpec& train) {
  if (state.epoch >= train.epochs) return true;
  if (train.patience == 0 || state.best_epoch == 0) return false;
  // Waiting counts from the first epoch that reached the best score: ties are no progress.
  const auto reached =
      std::find_if(state.history.begin(), state.history.end(), [&](const EpochRecord& record) {
        return record.epoch == state.best_epoch || record.validation_mean == state.best_score;
      });
  const int since = reached == state.history.end() ? state.best_epoch : reached->epoch;
  return state.epoch - since >= train.patience;
}

}  // namespace qmtl
