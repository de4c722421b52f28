// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace qmtl {

/// From its making on, this process takes SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGCHLD one at a time by
/// asking, instead of being interrupted by them. One object, made before other threads.
class SignalQueue {
 public:
  SignalQueue();
  /// The next signal; nothing when none came within `seconds`.
  std::optional<int> next(std::optional<double> seconds = std::nullopt);

 private:
  sigset_t set_;
};

/// A program in a process group of its own, with nothing to read. When the object goes, what is left of the
/// group is killed; when this process is killed, a small process that waits for that ends the group.
class ChildProcess {
 public:
  /// Throws Error (usage) when it cannot be started.
  explicit ChildProcess(const std::vector<std::string>& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void send(int signal);
  /// Its exit code, 128 and the signal's number when one has killed it; nothing while it runs.
  std::optional<int> ended();

 private:
  void guard();

  pid_t pid_ = -1;
  pid_t guard_ = -1;
  int alive_ = -1;  ///< the guard's end tells it by its closing that this process is gone
};

}  // namespace qmtl
