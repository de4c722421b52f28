// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// The ranks of a job. Started by mpirun or srun it initialises MPI (only the main thread and the watchdog's
/// call it); otherwise it is a single rank and MPI is never touched. One object per program.
class Comm final : public Ranks {
 public:
  Comm();
  struct Alone {};
  /// A single rank whatever the launcher says: for work that only one rank of a job does.
  explicit Comm(Alone);
  ~Comm() override;

  std::string transport() const override;
  /// Whether other threads than the main one may call MPI.
  bool can_watch() const override { return threads_; }
  std::unique_ptr<Watch> watch(double seconds, Doing doing) const override;

  void barrier() const override;
  std::string broadcast(std::string bytes) const override;
  void max(std::span<std::int64_t> values) const override;
  void sum(std::span<std::int64_t> values) const override;
  std::vector<std::string> gather(const std::string& bytes) const override;
  void gather(std::span<const float> mine, std::span<const std::size_t> counts,
              std::span<float> all) const override;
  std::vector<double> sum_units(const Reduction& plan, std::vector<double>& rows) const override;

  void gather(std::span<const double> mine, std::span<const std::size_t> counts, std::span<double> all) const;
  /// Sends numbers to every rank and gets some from every rank: `to[r]` of `mine`, one rank's after the
  /// other's, go to rank r; `from[r]` of `all` came from it.
  void exchange(std::span<const double> mine, std::span<const std::size_t> to,
                std::span<const std::size_t> from, std::span<double> all) const;

  [[noreturn]] void abort(int code) const override;

 private:
  bool initialised_ = false, threads_ = false;
};

/// The MPI library's own version line.
std::string mpi_version();

}  // namespace qmtl
