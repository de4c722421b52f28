// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <utility>

namespace qmtl {

/// Does one piece of work at a time on a thread of its own. The destructor waits for it. Used by one thread.
class Background {
 public:
  /// Waits for the work before; throws what that threw; else begins.
  void start(std::function<void()> work) {
    finish();
    running_ = std::async(std::launch::async, std::move(work));
  }

  /// Waits for the work and throws what it threw.
  void finish() {
    if (running_.valid()) running_.get();
  }

  /// Whether no work is going on; what ended with an error has yet to be asked for.
  bool idle() const {
    return !running_.valid() || running_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  /// As finish if the work has ended; else nothing.
  void check() {
    if (idle()) finish();
  }

 private:
  std::future<void> running_;
};

}  // namespace qmtl
