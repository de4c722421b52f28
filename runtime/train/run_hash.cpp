#include "runtime/hash.h"
#include "runtime/train/state.h"

namespace qmtl {
namespace {

void add(Sha256& hash, const std::vector<double>& values) {
  hash.update_number(static_cast<std::uint64_t>(values.size()));
  for (double value : values) hash.update_number(value);
}

}  // namespace

std::string run_hash(const TrainState& state) {
  Sha256 hash;
  hash.update_text("qmtl run 1");
  add(hash, state.params);
  add(hash, state.moment1);
  add(hash, state.moment2);
  hash.update_number(static_cast<std::uint64_t>(state.step));
  hash.update_number(static_cast<std::uint64_t>(state.epoch));
  hash.update_number(static_cast<std::uint64_t>(state.step_in_epoch));
  hash.update_number(state.epoch_loss_sum);
  return hash.hex();
}

}  // namespace qmtl
