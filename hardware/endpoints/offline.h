// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "hardware/endpoint.h"

namespace qmtl {

/// Stands where a device would be when only results that are here are looked at: every call but info() throws
/// EndpointError (refused), nothing is sent and no key is needed.
std::unique_ptr<Endpoint> make_offline_endpoint();

}  // namespace qmtl
