// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "distributed/rank_position.h"
#include "runtime/base/error.h"

namespace qmtl {

/// An error that every rank throws with the same message and exit code: only rank 0 prints it.
class SharedError : public Error {
 public:
  using Error::Error;
};

/// The ranks of a job. Started by mpirun or srun it initialises MPI (only the main thread and the watchdog's
/// call it); otherwise it is a single rank and MPI is never touched. One object per program. All functions
/// but the trivial ones are collective: every rank calls them in the same order.
class Comm {
 public:
  Comm();
  struct Alone {};
  /// A single rank whatever the launcher says: for work that only one rank of a job does.
  explicit Comm(Alone);
  ~Comm();
  Comm(const Comm&) = delete;
  Comm& operator=(const Comm&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool root() const { return rank_ == 0; }
  int local_ranks() const { return local_ranks_; }  ///< ranks on this node
  const std::string& host() const { return host_; }
  bool threads() const { return threads_; }  ///< other threads than the main one may call MPI
  /// Where this rank stands, for the watchdog.
  RankPosition& here() const { return here_; }

  void barrier() const;
  /// Rank 0's bytes, on every rank.
  std::string broadcast(std::string bytes) const;
  /// Element-wise over ranks, in place. Integers only: sums of floats go through tree.h.
  void max(std::span<std::int64_t> values) const;
  void sum(std::span<std::int64_t> values) const;
  /// Every rank's bytes, in rank order.
  std::vector<std::string> gather(const std::string& bytes) const;
  /// Puts every rank's numbers one after another into `all`, in rank order; counts[r] come from rank r.
  void gather(std::span<const double> mine, std::span<const std::size_t> counts, std::span<double> all) const;
  void gather(std::span<const float> mine, std::span<const std::size_t> counts, std::span<float> all) const;
  /// Sends numbers to every rank and gets some from every rank: `to[r]` of `mine`, one rank's after the
  /// other's, go to rank r; `from[r]` of `all` came from it.
  void exchange(std::span<const double> mine, std::span<const std::size_t> to,
                std::span<const std::size_t> from, std::span<double> all) const;

  /// Ends all ranks together if any of them has a failure: throws SharedError with the first failing rank's
  /// exit code, its message and, with several ranks, its number (or "all ranks" where all say the same).
  void agree(const std::optional<Error>& failure) const;

  /// Runs `work` on every rank and agrees on its outcome. Work that communicates must not be wrapped: a rank
  /// that throws would leave the others waiting. SharedErrors pass as they are.
  template <class Work>
  void together(Work&& work) const {
    std::optional<Error> failure;
    try {
      std::forward<Work>(work)();
    } catch (const SharedError&) {
      throw;
    } catch (const Error& error) {
      failure = error;
    } catch (const std::exception& error) {
      failure = Error(Exit::data, error.what());
    }
    agree(failure);
  }

  /// Throws SharedError naming the ranks whose `value` differs from rank 0's. `what` says what it is and
  /// what to do, e.g. "the configuration".
  void require_equal(const std::string& what, const std::string& value) const;

  /// Ends all ranks at once with this exit code; for errors that only one rank knows of.
  [[noreturn]] void abort(int code) const;

 private:
  bool initialised_ = false, threads_ = false;
  int rank_ = 0, size_ = 1, local_ranks_ = 1;
  std::string host_;
  mutable RankPosition here_;
};

/// Whether a launcher (mpirun, srun) started this process, from its environment.
bool started_by_launcher();

/// The MPI library's own version line.
std::string mpi_version();

}  // namespace qmtl
