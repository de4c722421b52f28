// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "hardware/replay/driver.h"
#include "runtime/train/loop/ranks.h"
#include "tools/workflows/replay/tune_model.h"

namespace qmtl {

/// Angles of a trained model's task blocks are to be tuned on a device.
struct TuneRequest {
  std::string checkpoint;         ///< file or run folder
  std::string data;               ///< "": that of training
  std::string endpoint;           ///< file or kind
  std::string noise;              ///< file of what is known of the device; "": the endpoint's
  std::string folder;             ///< journals, results and the tuned checkpoint
  std::string qubits, avoid;      ///< of the device, which to use alone and which not (avoided_parts.h)
  TuneOptions model;              ///< max_qubits 0: the device's
  int steps = 10;                 ///< of the optimiser; a larger number goes on from a smaller
  int validation = 100;           ///< validation samples that are executed before and after
  std::optional<double> ceiling;  ///< most that may be spent, in the endpoint's unit
  bool retry = false;             ///< failed jobs are sent again
  int in_flight = 1;              ///< paid jobs at once
  SimdTarget simd = SimdTarget::best;
  std::function<bool()> stop = {};  ///< whether a stop was asked for; empty: never
  WorkProgress working = {};        ///< is told of steps that may take long; empty: nobody is
};

/// Costs and executions that are ahead.
struct TuneForecast {
  std::size_t angles = 0, programs = 0, samples = 0;
  std::int64_t evaluation_executions = 0, step_executions = 0;
  double total = 0, step = 0;  ///< estimated costs
  std::string unit;
};

struct TuneOutcome {
  TuneForecast forecast;
  ModelSpec spec;
  std::string checkpoint, run_hash;  ///< FOLDER/tuned.h5
  std::int64_t steps = 0;            ///< that were taken
  std::string stopped;               ///< why before the last step; empty: it was not
  double spent = 0;
  std::int64_t executions = 0;
  TuneModel::Evaluation before;
  std::optional<TuneModel::Evaluation> after;  ///< nothing where it did not fit under the ceiling
};

/// Sends nothing. Throws Error (usage) for heads without block angles and for a paid endpoint without a
/// ceiling.
TuneForecast forecast_tuning(const Ranks& ranks, const TuneRequest& request);

/// Steps on the angles, from executions alone; writes the tuned checkpoint. Rounds that are in the folder are
/// not executed again, and the result has the same bits however often it was interrupted. Throws Error
/// (interrupted) after a stop, (usage) for a ceiling that is too low to begin, and EndpointError.
TuneOutcome tune(const Ranks& ranks, const TuneRequest& request);

}  // namespace qmtl
