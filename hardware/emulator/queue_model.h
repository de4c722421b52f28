// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "hardware/endpoint.h"

namespace qmtl {

/// How a job gets from queued over running to completed: by one state after every `step` looks at its status,
/// or every `step` seconds. 0: it is completed at once.
struct QueueModel {
  bool by_polls = true;
  double step = 1;
};

/// "polls:N", "seconds:X" or "none". Throws Error (usage).
QueueModel parse_queue_model(const std::string& text);

/// The state of a job that nothing has ended, after looks at its status and seconds since it was made.
JobState queue_state(const QueueModel& model, std::int64_t polls, double seconds);

}  // namespace qmtl
