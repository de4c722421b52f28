// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/status_file.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "io/runs/live_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr std::chrono::seconds between_writes{1}, between_signs_of_life{3};

}  // namespace

StatusFile::StatusFile(std::string path, RunStatus status)
    : path_(std::move(path)), status_(std::move(status)) {
  if (path_.empty()) return;
  change([](RunStatus&) {}, true);
  thread_ = std::thread([this] { beat(); });
}

StatusFile::~StatusFile() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StatusFile::change(const std::function<void(RunStatus&)>& change, bool at_once) {
  if (path_.empty()) return;
  const std::lock_guard lock(mutex_);
  change(status_);
  status_.updated = wall_clock();
  if (at_once || std::chrono::steady_clock::now() - written_ > between_writes) write();
}

void StatusFile::beat() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, between_signs_of_life, [this] { return ending_; }))
    if (status_.state == "running") write();
}

/// With the mutex held.
void StatusFile::write() {
  status_.alive = wall_clock();
  written_ = std::chrono::steady_clock::now();
  try {
    replace_live(path_, to_json(status_));
  } catch (const Error& error) {
    if (!std::exchange(warned_, true))
      spdlog::warn("{}; `qmtl watch` sees no news until that is mended", error.what());
  }
}

}  // namespace qmtl
