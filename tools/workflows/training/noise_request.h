// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/noise/noise_model.h"
#include "runtime/noise/noisy.h"

namespace qmtl {

/// A noisy device that was asked for.
struct NoiseRequest {
  bool given = false;  ///< else there is none
  std::string file;    ///< "" for none: ideal gates
  NoiseModel model;
  NoisyOptions options;
};

/// {file, method, shots, trajectories, seed, qubits_alive, cone}: what was run, the largest of all parts. The
/// method is "mixed" where parts differ.
nlohmann::ordered_json describe(const NoiseRequest& request, const NoisySimulator& simulator);

}  // namespace qmtl
