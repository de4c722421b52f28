// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "runtime/noise/backend_properties.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

/// Reads a noise model: a description in TOML, or the properties of an IBM backend where the name ends with
/// .json; FORMATS.md describes both. Throws Error (data) if the file cannot be read, Error (usage) naming
/// file, line and key, what was expected and what was found.
NoiseModel read_noise(const std::string& path);

/// The same from a text; `name` is the file's name, in messages too.
NoiseModel parse_noise(std::string_view text, const std::string& name);
/// The text of either kind that train.noise holds.
NoiseModel parse_training_noise(std::string_view text);
/// Of one kind each.
NoiseModel parse_noise_toml(std::string_view text, const std::string& name);
NoiseModel parse_ibm_properties(std::string_view text, const std::string& name);

/// The properties of an IBM backend, and the noise that they mean; `name` as above. Throw Error (usage).
BackendProperties parse_listed_properties(std::string_view text, const std::string& name);
NoiseModel noise_of_properties(BackendProperties listed, const std::string& name);

}  // namespace qmtl
