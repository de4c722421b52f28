// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/schedule.h"

#include <algorithm>

#include "runtime/base/math.h"
#include "runtime/base/names.h"

namespace qmtl {
namespace {

double constant(double full, double) { return full; }
double cosine(double full, double done) { return full * 0.5 * (1.0 + math::cos(math::pi * done)); }

// A new schedule is its enumerator (config.h), its function and its row.
constexpr ScheduleInfo table[] = {
    {ScheduleKind::constant, "constant", constant},
    {ScheduleKind::cosine, "cosine", cosine},
};
static_assert(one_row_each(table, &ScheduleInfo::kind));

}  // namespace

std::span<const ScheduleInfo> schedule_table() { return table; }
std::string_view name(ScheduleKind value) { return schedule_table()[static_cast<std::size_t>(value)].name; }
ScheduleKind parse_schedule(std::string_view text) {
  return row_named(schedule_table(), "schedule", text).kind;
}

double learning_rate(const TrainSpec& train, std::int64_t step, std::int64_t total_steps) {
  const std::int64_t warmup = train.warmup_steps;
  if (step < warmup) return train.learning_rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double done = static_cast<double>(step - warmup);
  const double all = static_cast<double>(std::max<std::int64_t>(total_steps - warmup, 1));
  return table[static_cast<std::size_t>(train.schedule)].rate(train.learning_rate, std::min(done / all, 1.0));
}

double noise_strength(const TrainSpec& train, int epoch) {
  return epoch < train.noise_warmup ? static_cast<double>(epoch) / train.noise_warmup : 1.0;
}

}  // namespace qmtl
