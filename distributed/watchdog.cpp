// SPDX-License-Identifier: Apache-2.0
#include "distributed/watchdog.h"

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>

#include "distributed/silence.h"
#include "runtime/base/text.h"
#include "runtime/train/loop/stopwatch.h"

namespace qmtl {
namespace {

/// Where a rank stands; that it has come to its end; that it finds someone lost; that it ends the job for
/// that.
enum Tag { tag_position, tag_end, tag_verdict, tag_ending };

/// How long the launcher may take to end a job, in seconds.
constexpr unsigned launcher_limit = 20;

/// A position as it travels: doing, communicating, step, advances.
using Message = std::array<std::int64_t, 4>;

Message to_message(const Standing& at) {
  return {static_cast<std::int64_t>(at.doing), at.communicating ? 1 : 0, at.step, at.advances};
}

/// What this rank told last: it outlives the thread, for a receiver that never takes it.
Message told{};

/// Watching threads of this process so far, and how many of the watched rank's have said that they end.
int begun = 0, ends_taken = 0;

Standing from_message(const Message& message) {
  return {static_cast<Doing>(message[0]), message[1] != 0, message[2], message[3]};
}

std::string describe(const Standing& at) {
  std::string text(name(at.doing));
  if (counted(at.doing) && at.step > 0) text += " of step " + std::to_string(at.step);
  return text;
}

std::string seconds_text(double seconds) { return significant(seconds, 3) + " s"; }

/// The communicator of the watching threads: their messages must not meet those of the main threads.
MPI_Comm watchers() {
  static const MPI_Comm comm = [] {
    MPI_Comm made = MPI_COMM_NULL;
    MPI_Comm_dup(MPI_COMM_WORLD, &made);
    MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN);
    return made;
  }();
  return comm;
}

/// Ends this process when the launcher has not: where the network is gone it may not be reachable.
void leave_without_launcher() {
  struct sigaction leave {};
  leave.sa_handler = [](int) { _exit(static_cast<int>(Exit::lost)); };
  sigaction(SIGALRM, &leave, nullptr);
  alarm(launcher_limit);
}

}  // namespace

class Watchdog::Thread {
 public:
  Thread(const Comm& comm, double seconds, Doing doing)
      : comm_(comm),
        limit_(seconds),
        tick_(std::min(1.0, seconds / 10)),
        training_(doing != Doing::other),
        others_(comm.size() > 1),
        own_(tick_),
        ward_(tick_) {
    comm.here().enter(doing);
    last_.doing = doing;
    hosts_ = comm.gather(comm.host());
    if (others_) watchers_ = watchers();
    if (others_) ++begun;
    thread_ = std::thread([this] { run(); });
  }

  ~Thread() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  int next() const { return (comm_.rank() + 1) % comm_.size(); }
  int before() const { return (comm_.rank() + comm_.size() - 1) % comm_.size(); }

  void run() {
    if (others_) tell();
    Stopwatch watch;
    while (!pause()) {
      const double passed = watch.lap();
      if (others_) {
        tell();
        listen();
      }
      if (job_ends_) continue;
      look_at_own(passed);
      if (others_ && watching_) look_at_ward(passed);
    }
    if (others_) farewell();
  }

  /// A tick; true when this rank has come to its end.
  bool pause() {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, std::chrono::duration<double>(tick_), [this] { return ending_; });
  }

  /// A message that the receiver has not taken yet is enough.
  void tell() {
    int done = 1;
    if (sending_ != MPI_REQUEST_NULL) MPI_Test(&sending_, &done, MPI_STATUS_IGNORE);
    if (!done) return;
    told = to_message(comm_.here().standing());
    MPI_Isend(told.data(), static_cast<int>(told.size()), MPI_INT64_T, next(), tag_position, watchers_,
              &sending_);
  }

  /// An empty message, whether or not it is ever taken.
  void signal(int rank, Tag tag) {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Isend(nullptr, 0, MPI_INT64_T, rank, tag, watchers_, &request);
    if (request != MPI_REQUEST_NULL) MPI_Request_free(&request);
  }

  void signal_others(Tag tag) {
    for (int rank = 0; rank < comm_.size(); ++rank)
      if (rank != comm_.rank()) signal(rank, tag);
  }

  /// Takes all that has come.
  void listen() {
    while (true) {
      int found = 0;
      MPI_Status status;
      if (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, watchers_, &found, &status) != MPI_SUCCESS || !found)
        return;
      Message message{};
      MPI_Recv(message.data(), static_cast<int>(message.size()), MPI_INT64_T, status.MPI_SOURCE,
               status.MPI_TAG, watchers_, MPI_STATUS_IGNORE);
      if (status.MPI_TAG == tag_verdict) {
        if (status.MPI_SOURCE < comm_.rank()) outranked_ = true;
      } else if (status.MPI_TAG == tag_ending) {
        // That rank now waits for the launcher and is silent itself.
        if (!std::exchange(job_ends_, true)) leave_without_launcher();
      } else if (status.MPI_TAG == tag_end) {
        watching_ = false;
        ++ends_taken;
      } else {
        last_ = from_message(message);
        ward_.reset();
      }
    }
  }

  /// Work that has no pieces to count, such as reading data, may take its time.
  void look_at_own(double passed) {
    const Standing at = comm_.here().standing();
    own_.look(at.advances, passed);
    if (at.communicating || !counted(at.doing)) own_.reset();
    if (own_.seconds() >= limit_)
      end("rank " + std::to_string(comm_.rank()) + " on " + comm_.host() + " has stood still for " +
          seconds_text(limit_) + " in " + describe(at));
  }

  void look_at_ward(double passed) {
    ward_.look(0, passed);
    if (ward_.seconds() < limit_) return;
    const auto rank = static_cast<std::size_t>(before());
    end("rank " + std::to_string(rank) + " on " + hosts_[rank] + " has not answered for " +
        seconds_text(limit_) + "; it was last in " + describe(last_));
  }

  /// Says so and ends all ranks; of several ranks that find someone lost at the same time, the lowest.
  void end(const std::string& what) {
    own_.reset();
    ward_.reset();
    if (others_) {
      signal_others(tag_verdict);
      if (pause()) return;
      listen();
      if (std::exchange(outranked_, false) || job_ends_) return;
      signal_others(tag_ending);
    }
    std::fprintf(
        stderr,
        "qmtl: error: %s; all ranks end. %s, or raise distributed.watchdog if the rank was only slow\n",
        what.c_str(),
        training_ ? "The last checkpoint is untouched: look at that host, then go on with --resume"
                  : "Look at that host, then start the same command again");
    std::fflush(stderr);
    leave_without_launcher();
    comm_.abort(static_cast<int>(Exit::lost));
  }

  void farewell() {
    signal(next(), tag_end);
    if (sending_ != MPI_REQUEST_NULL) MPI_Request_free(&sending_);
  }

  const Comm& comm_;
  double limit_, tick_;
  bool training_, others_, watching_ = true, outranked_ = false, job_ends_ = false, ending_ = false;
  std::vector<std::string> hosts_;
  MPI_Comm watchers_ = MPI_COMM_NULL;
  Silence own_, ward_;
  Standing last_;  ///< of the watched rank
  MPI_Request sending_ = MPI_REQUEST_NULL;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

void take_last_messages(const Comm& comm) {
  if (begun == 0) return;
  MPI_Barrier(watchers());  // by now everybody's last message is on its way
  while (ends_taken < begun) {
    Message message{};
    MPI_Status status;
    const int before = (comm.rank() + comm.size() - 1) % comm.size();
    if (MPI_Recv(message.data(), static_cast<int>(message.size()), MPI_INT64_T, before, MPI_ANY_TAG,
                 watchers(), &status) != MPI_SUCCESS)
      return;
    if (status.MPI_TAG == tag_end) ++ends_taken;
  }
}

Watchdog::Watchdog(const Comm& comm, double seconds, Doing doing) {
  if (seconds > 0 && (comm.size() == 1 || comm.can_watch()))
    thread_ = std::make_unique<Thread>(comm, seconds, doing);
}

Watchdog::~Watchdog() = default;

}  // namespace qmtl
