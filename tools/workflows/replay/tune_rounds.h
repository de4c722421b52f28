// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hardware/replay/jobs.h"
#include "tools/workflows/replay/folder.h"

namespace qmtl {

/// How rounds are executed.
struct RoundsOptions {
  std::string folder;
  std::string identity;             ///< hexadecimal: of everything that decides the rounds' programs
  std::optional<double> ceiling;    ///< of all rounds together, in the endpoint's unit
  bool retry = false;               ///< plan failed jobs again
  int in_flight = 1;                ///< ReplayPatience::in_flight
  std::function<bool()> stop = {};  ///< whether a stop was asked for; empty: never
  WorkProgress working = {};        ///< is told of steps that may take long; empty: nobody is
};

/// Executes rounds of programs on an endpoint, one folder with a journal each (FOLDER/ROUND), so that a round
/// is paid once however often the program is ended and started again: its results come from the folder.
class TuneRounds {
 public:
  /// Throws Error (usage) for an endpoint that costs money without a ceiling.
  TuneRounds(Endpoint& endpoint, RoundsOptions options);

  /// Estimated cost of programs.
  double cost(std::span<const ReplayProgram> programs);
  /// What the rounds executed so far have cost, and the executions of all of them.
  double spent() const;
  std::int64_t executions() const { return executions_; }
  /// Of costs, once some have been estimated.
  const std::string& unit() const { return unit_; }

  /// counts[program][row], empty for a probe; nothing if the round and after it `reserve` would not fit under
  /// the ceiling: then nothing more was sent. A probe among the programs is judged before work is sent.
  /// Throws Error (interrupted) after a signal, and EndpointError for jobs that failed or that the service
  /// does not take.
  std::optional<std::vector<std::vector<Counts>>> execute(const std::string& round,
                                                          const std::vector<ReplayProgram>& programs,
                                                          double reserve);

 private:
  Endpoint& endpoint_;
  RoundsOptions options_;
  void open_folder();
  std::optional<ReplayFolder> folder_;      ///< of all rounds, once one is executed
  std::optional<ReplaySessions> sessions_;  ///< last longer than a round
  double spent_ = 0;                        ///< by jobs
  std::int64_t executions_ = 0;
  std::string unit_;
};

}  // namespace qmtl
