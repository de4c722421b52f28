// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/queue_model.h"

#include <charconv>
#include <cmath>

#include "runtime/base/error.h"

namespace qmtl {

QueueModel parse_queue_model(const std::string& text) {
  if (text == "none") return {true, 0};
  const std::size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  double step = -1;
  if (colon != std::string::npos) {
    const auto parsed = std::from_chars(text.data() + colon + 1, text.data() + text.size(), step);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) step = -1;
  }
  const bool polls = kind == "polls";
  if ((!polls && kind != "seconds") || !(step >= 0 && step <= 1e9) || (polls && step != std::floor(step)))
    throw usage_error("queue: expected polls:NUMBER, seconds:NUMBER or none, found '" + text + "'");
  return {polls, step};
}

JobState queue_state(const QueueModel& model, std::int64_t polls, double seconds) {
  if (model.step == 0) return JobState::completed;
  const double steps = std::floor((model.by_polls ? static_cast<double>(polls) : seconds) / model.step);
  return steps < 1 ? JobState::queued : steps < 2 ? JobState::running : JobState::completed;
}

}  // namespace qmtl
