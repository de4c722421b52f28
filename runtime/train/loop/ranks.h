// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/any_error.h"
#include "runtime/train/loop/rank_position.h"

namespace qmtl {

struct Reduction;

/// An error that every rank throws with the same message and exit code: only rank 0 prints it.
class SharedError : public Error {
 public:
  using Error::Error;
};

/// Ends the job, while it lives, when a rank stops answering.
class Watch {
 public:
  virtual ~Watch() = default;
};

/// The processes that train together, and all that the training loop asks of them: OneRank where this
/// process is alone, Comm of the room distributed over MPI. All functions but the trivial ones are
/// collective: every rank calls them in the same order.
class Ranks {
 public:
  Ranks() = default;
  virtual ~Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool root() const { return rank_ == 0; }
  int local_ranks() const { return local_ranks_; }   ///< ranks on this node
  const std::string& host() const { return host_; }  ///< this rank's
  /// Where this rank stands, for a watch.
  RankPosition& here() const { return here_; }
  /// What carries the messages, such as "Open MPI v4.1.4".
  virtual std::string transport() const = 0;
  /// Whether several ranks can watch each other here.
  virtual bool can_watch() const = 0;
  /// Watches the ranks: one that has not got on for so many seconds (0: none is watched) is lost. `doing`:
  /// what this rank does until it says otherwise. Null where nobody watches.
  virtual std::unique_ptr<Watch> watch(double seconds, Doing doing = Doing::start) const = 0;

  virtual void barrier() const = 0;
  /// Rank 0's bytes, on every rank.
  virtual std::string broadcast(std::string bytes) const = 0;
  /// Element-wise over ranks, in place. Integers only: sums of floats go through sum_units.
  virtual void max(std::span<std::int64_t> values) const = 0;
  virtual void sum(std::span<std::int64_t> values) const = 0;
  /// Every rank's bytes, in rank order.
  virtual std::vector<std::string> gather(const std::string& bytes) const = 0;
  /// Puts every rank's numbers one after another into `all`, in rank order; counts[r] come from rank r.
  virtual void gather(std::span<const float> mine, std::span<const std::size_t> counts,
                      std::span<float> all) const = 0;
  /// The sum [plan.width] over the units of all ranks in the order of tree.h, on every rank. `rows` holds
  /// this rank's units, a row each, and is overwritten.
  virtual std::vector<double> sum_units(const Reduction& plan, std::vector<double>& rows) const = 0;

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
    } catch (const std::exception& error) {
      failure = any_error(error);
    }
    agree(failure);
  }

  /// Ends all ranks at once with this exit code; for errors that only one rank knows of.
  [[noreturn]] virtual void abort(int code) const = 0;

  /// Throws SharedError naming the ranks whose `value` differs from rank 0's. `what` says what it is and
  /// what to do, e.g. "the configuration".
  void require_equal(const std::string& what, const std::string& value) const;

 protected:
  int rank_ = 0, size_ = 1, local_ranks_ = 1;
  std::string host_;

 private:
  mutable RankPosition here_;
};

/// This process alone.
class OneRank final : public Ranks {
 public:
  OneRank();
  std::string transport() const override { return "one process"; }
  bool can_watch() const override { return false; }
  std::unique_ptr<Watch> watch(double, Doing) const override { return nullptr; }
  void barrier() const override {}
  std::string broadcast(std::string bytes) const override { return bytes; }
  void max(std::span<std::int64_t>) const override {}
  void sum(std::span<std::int64_t>) const override {}
  std::vector<std::string> gather(const std::string& bytes) const override { return {bytes}; }
  void gather(std::span<const float> mine, std::span<const std::size_t> counts,
              std::span<float> all) const override;
  std::vector<double> sum_units(const Reduction& plan, std::vector<double>& rows) const override;
  [[noreturn]] void abort(int code) const override;
};

/// The name of this machine.
std::string host_name();

}  // namespace qmtl
