// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "qmtl/data.h"
#include "qmtl/model.h"

namespace qmtl {

/// Where and how a model is measured.
struct ReplayOptions {
  /// Where the circuits run: "exact" (the simulator), or the TOML file of an endpoint (io/FORMATS.md).
  std::string endpoint = "exact";
  std::int64_t shots = 1000;  ///< of a circuit and sample, on average
  /// Most that may be spent, in the endpoint's unit; paid endpoints refuse to work without it.
  double max_cost = std::numeric_limits<double>::infinity();
  int replicates = 1000;  ///< of the bootstrap of intervals, 0: none
  /// Asked between requests; true ends the call, and the same call later goes on.
  std::function<bool()> stop = {};
};

/// A metric of predictions that were measured.
struct MeasuredScore {
  double value = 0;  ///< of the measured samples
  double low = 0;    ///< lower end of the 95 % interval for what infinitely many shots would give
  double high = 0;   ///< its upper end
  double exact = 0;  ///< the model's own of the same samples
};

/// What a replay has found.
struct Replay {
  bool done = false;  ///< else it was stopped, or the service takes no more jobs now: call again
  std::vector<MeasuredScore> tasks;  ///< in task order, each by its metric
  MeasuredScore mean;                ///< higher is better
  std::vector<std::size_t> rows;     ///< of the samples that were measured
  Table logits;                      ///< of those rows, as measured
  std::string report;                ///< everything, as JSON: replay.json
};

/// Evaluates a model on a quantum device or simulator: every sample's circuits are run there, and what was
/// counted becomes logits and scores. `folder` holds the model, the samples and a journal which makes sure
/// that nothing is paid twice and no result is lost, whenever this process, the network or the service fails:
/// the same call with the same folder goes on. All samples take part, whatever their split. Throws Error:
/// (usage) for heads without a circuit, options that differ from those the folder began with and a ceiling
/// that is too low; (data) for damaged files; (endpoint) for what a service refuses; (usage) in a library
/// built without the room hardware (QMTL_HARDWARE=OFF).
Replay replay(const Model& model, const Samples& samples, const std::string& folder,
              const ReplayOptions& options = {});

}  // namespace qmtl
