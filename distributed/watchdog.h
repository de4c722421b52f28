// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "distributed/comm.h"

namespace qmtl {

/// Ends the job with Exit::lost and one message when a rank is lost, instead of letting the others wait for
/// it for ever. On every rank a thread tells the next one (the last tells the first) where its rank stands, a
/// few times in `seconds`, and listens to the one before. A rank that was not heard of for `seconds` is lost:
/// its process or host stopped, or the network to it. A rank whose thread is heard of but which stands at one
/// place for `seconds`, other than to wait for ranks, ends the job itself. Long work that gets on is never an
/// error. Time counts only while the watching thread itself runs, so that a job that was stopped as a whole
/// (Ctrl-Z, a suspended machine) goes on afterwards.
///
/// Costs the steps nothing: a message of 32 bytes a rank and tick. Needs MPI_THREAD_MULTIPLE; without it, and
/// with `seconds` 0, nothing is watched. Collective to make; one in a program at a time.
class Watchdog final : public Watch {
 public:
  /// `doing`: what the rank does until it says otherwise.
  Watchdog(const Comm& comm, double seconds, Doing doing = Doing::start);
  /// This rank has come to its end: it is no longer watched and watches no longer.
  ~Watchdog() override;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

/// Takes what watching threads that have ended left unread, which MPI wants before its end. Collective.
void take_last_messages(const Comm& comm);

}  // namespace qmtl
