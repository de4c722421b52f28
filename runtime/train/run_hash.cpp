// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/hash.h"
#include "runtime/train/state.h"

namespace qmtl {
std::string run_hash(const TrainState& state) {
  Sha256 hash;
  hash.update_text("qmtl run 1");
  hash.update_array(state.params);
  hash.update_array(state.moment1);
  hash.update_array(state.moment2);
  hash.update_number(static_cast<std::uint64_t>(state.step));
  hash.update_number(static_cast<std::uint64_t>(state.epoch));
  hash.update_number(static_cast<std::uint64_t>(state.step_in_epoch));
  hash.update_number(state.epoch_loss_sum);
  if (!state.task_weights.empty()) {
    hash.update_array(state.task_weights);
    hash.update_array(state.first_losses);
  }
  return hash.hex();
}

}  // namespace qmtl
