// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace qmtl {

/// status.json of a run folder: where the run is now. Rewritten about once a second.
struct RunStatus {
  std::string state = {};            ///< running, finished, stopped (a signal) or failed
  std::string message = {};          ///< why it failed
  std::string host = {};             ///< of rank 0
  std::int64_t process = 0;          ///< of rank 0 on that host
  int ranks = 0, threads = 0;        ///< threads: of a rank
  int epoch = 0, epochs = 0;         ///< running epoch, 1-based
  std::int64_t step = 0, steps = 0;  ///< completed, and in all if no early stopping comes
  double loss = 0;                   ///< mean of the running epoch's steps
  double samples_per_second = 0, seconds_left = 0;
  double started = 0, updated = 0;  ///< seconds since 1970; updated: at the last news
  double alive = 0;                 ///< the same: rank 0 was there, whether or not there was news
};

/// Seconds since 1970.
double wall_clock();

std::string to_json(const RunStatus& status);

/// Of a file's text. Throws Error (data) that names file and field.
RunStatus parse_status(const std::string& text, const std::string& path);
RunStatus read_status(const std::string& path);

}  // namespace qmtl
