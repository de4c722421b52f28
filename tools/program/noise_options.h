// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "io/config/noise_file.h"
#include "runtime/noise/noisy.h"
#include "tools/program/options.h"

namespace qmtl {

/// What eval and noise share on the command line.
struct NoiseRequest {
  bool given = false;  ///< any of the options that ask for a noisy device
  std::string file;    ///< "" for none: ideal gates
  NoiseModel model;
  NoisyOptions options;
};

/// Adds --noise, --method, --shots, --trajectories and --seed.
void add_noise_options(boost::program_options::options_description& options);

/// Reads them, and the noise model's file. Throws Error (usage) naming the option, or file and key.
NoiseRequest read_noise_request(const Options& options);

/// {file, method, shots, trajectories, seed, qubits_alive, cone}: what was run, the largest of all parts. The
/// method is "mixed" where parts differ.
nlohmann::ordered_json describe(const NoiseRequest& request, const NoisySimulator& simulator);

}  // namespace qmtl
