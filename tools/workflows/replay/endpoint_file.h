// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hardware/endpoint_config.h"

namespace qmtl {

/// What a user wrote about an endpoint: the TOML file in `text` (io/FORMATS.md), or the bare name of a kind.
/// The noise model and the properties that the file names are read too, relative to the file. Throws Error
/// (usage) naming file, line and key.
EndpointConfig read_endpoint(const std::string& text);

/// A file with the properties of a device (io/FORMATS.md). Throws Error (data) naming file, place and qubit.
DeviceProperties load_properties(const std::string& file);

}  // namespace qmtl
