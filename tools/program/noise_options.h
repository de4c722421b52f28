// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tools/program/options.h"
#include "tools/workflows/training/noise_request.h"

namespace qmtl {

/// Adds --noise, --method, --shots, --trajectories and --seed.
void add_noise_options(boost::program_options::options_description& options);

/// Reads them, and the noise model's file. Throws Error (usage) naming the option, or file and key.
NoiseRequest read_noise_request(const Options& options);

}  // namespace qmtl
