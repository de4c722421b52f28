#include "runtime/train/stopping.h"

#include <cmath>

namespace qmtl {

bool record_epoch(TrainState& state, const EpochRecord& record) {
  state.history.push_back(record);
  const bool best = state.best_epoch == 0 || record.validation_mean > state.best_score ||
                    (std::isnan(state.best_score) && !std::isnan(record.validation_mean));
  if (best) {
    state.best_score = record.validation_mean;
    state.best_epoch = record.epoch;
  }
  return best;
}

bool training_finished(const TrainState& state, const TrainSpec& train) {
  if (state.epoch >= train.epochs) return true;
  return train.patience > 0 && state.best_epoch > 0 && state.epoch - state.best_epoch >= train.patience;
}

}  // namespace qmtl
