// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hardware/replay/mitigation_forecast.h"
#include "tools/workflows/replay/score_forecast.h"
#include "tools/workflows/replay/session.h"

namespace qmtl {

/// What would be sent and what it costs, by the endpoint's own estimates.
struct ReplayForecast {
  struct Job {
    ReplayPhase phase = ReplayPhase::work;
    std::size_t programs = 0, rows = 0;
    std::int64_t shots = 0, executions = 0;
    double cost = 0, seconds = 0;
  };

  std::string folder, identity;
  std::string endpoint_kind, endpoint_backend, endpoint_place;
  std::size_t samples = 0, programs = 0;
  std::vector<std::int64_t> shots;  ///< of each of the head's programs
  std::int64_t gates = 0, two_qubit_gates = 0;
  int depth = 0, qubits = 0;             ///< of the deepest and of the widest program
  bool calibrated = false;               ///< the device says how well its parts work
  std::vector<SuccessEstimate> success;  ///< then of each of the head's programs
  std::vector<std::string> remarks;      ///< what of the device is avoided, and why
  std::vector<Job> jobs;
  MitigationForecast mitigation;
  std::int64_t executions = 0;
  CostEstimate total;  ///< of all jobs; wait and queue are the longest
  bool paid = false;
  std::optional<ForeseenScores> scores;  ///< of plan_replay, where it was asked for them
  std::vector<TaskSpec> tasks;           ///< that they are of
};

/// Asks the session's endpoint after every job; sends nothing.
ReplayForecast forecast_replay(const ReplaySession& session, const std::string& folder);

}  // namespace qmtl
