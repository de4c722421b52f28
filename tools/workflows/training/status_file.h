// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "io/runs/run_status.h"

namespace qmtl {

/// Keeps RUN/status.json: written when something has changed, at most once a second, and otherwise every few
/// seconds as a sign of life, by a thread of its own. When it cannot be written there is one warning and
/// another try later.
class StatusFile {
 public:
  /// Without a path nothing is ever written.
  StatusFile(std::string path, RunStatus status);
  ~StatusFile();
  StatusFile(const StatusFile&) = delete;
  StatusFile& operator=(const StatusFile&) = delete;

  /// What the run is at now; with `at_once` it is written whenever the last time was.
  void change(const std::function<void(RunStatus&)>& change, bool at_once);

 private:
  void beat();
  void write();

  std::string path_;
  RunStatus status_;
  std::chrono::steady_clock::time_point written_{};
  bool warned_ = false, ending_ = false;
  std::mutex mutex_;  ///< of all above
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace qmtl
