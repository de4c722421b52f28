// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/supervise/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <ctime>

#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

constexpr int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD};

}  // namespace

SignalQueue::SignalQueue() {
  sigemptyset(&set_);
  for (int signal : taken) sigaddset(&set_, signal);
  sigprocmask(SIG_BLOCK, &set_, nullptr);
}

std::optional<int> SignalQueue::next(std::optional<double> seconds) {
  int signal = -1;
  do {
    if (!seconds) {
      signal = sigwaitinfo(&set_, nullptr);
    } else {
      timespec time{};
      time.tv_sec = static_cast<time_t>(*seconds);
      time.tv_nsec = static_cast<long>((*seconds - std::floor(*seconds)) * 1e9);
      signal = sigtimedwait(&set_, nullptr, &time);
    }
  } while (signal < 0 && errno == EINTR);
  if (signal < 0) return std::nullopt;
  return signal;
}

ChildProcess::ChildProcess(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETSIGDEF));
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (int ignored : {SIGXFSZ, SIGPIPE}) sigaddset(&usual, ignored);  // by main
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  const int error = posix_spawnp(&pid_, arguments[0], &files, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    pid_ = -1;
    throw usage_error(command[0] + ": expected a program that can be started, found: " + system_error(error));
  }
  guard();
}

// Between fork and its end the guard calls only what is allowed there.
void ChildProcess::guard() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  guard_ = fork();
  if (guard_ != 0) {
    close(ends[0]);
    alive_ = ends[1];
    return;
  }
  // Neither signals to a group nor open pipes of others keep it.
  setsid();
  dup2(ends[0], 0);
  close_range(1, ~0U, 0);
  char word = 0;
  ssize_t got = 0;
  while ((got = read(0, &word, 1)) < 0 && errno == EINTR) {
  }
  if (got != 0) _exit(0);
  kill(-pid_, SIGTERM);
  constexpr int tries = 50;
  const timespec pause{0, 100'000'000};
  for (int i = 0; i < tries && kill(-pid_, 0) == 0; ++i) nanosleep(&pause, nullptr);
  kill(-pid_, SIGKILL);
  _exit(0);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) kill(-pid_, SIGKILL);
  if (alive_ < 0) return;
  [[maybe_unused]] const ssize_t told = write(alive_, "", 1);
  close(alive_);
  if (guard_ > 0) waitpid(guard_, nullptr, 0);
}

void ChildProcess::send(int signal) { kill(-pid_, signal); }

std::optional<int> ChildProcess::ended() {
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace qmtl
