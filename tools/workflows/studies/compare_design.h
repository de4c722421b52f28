// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "io/config/compare_file.h"

namespace qmtl {

/// Everything of a comparison that decides its results and their reading: data (by hash), configuration,
/// splits, seeds, grid, variants, tasks left out, questions. Places of files are not in it, nor how the file
/// is written. `splits`: how many of them are used.
nlohmann::ordered_json design_json(const CompareSpec& spec, const Config& config,
                                   const std::string& data_hash, std::size_t splits);

/// SHA-256 of a design, 64 hexadecimal digits.
std::string design_hash(const nlohmann::ordered_json& design);

/// Whether the design was fixed beforehand.
struct Registration {
  bool confirmatory = false;
  std::string reason;  ///< why it is not; else where the hash stands ("PREREGISTERED.md:31")
};

/// Looks for the hash in the text that the comparison names. Throws Error where that cannot be read.
Registration find_registration(const CompareSpec& spec, const std::string& hash);

}  // namespace qmtl
