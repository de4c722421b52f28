// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoint_config.h"
#include "hardware/endpoints/makers.h"
#include "runtime/base/nearest.h"

namespace qmtl {
std::span<const EndpointKind> endpoint_table() { return endpoint_rows; }

std::unique_ptr<Endpoint> make_endpoint(EndpointConfig config) {
  std::vector<std::string> known;
  for (const EndpointKind& row : endpoint_rows) {
    if (row.name == config.kind) return row.make(std::move(config));
    known.emplace_back(row.name);
  }
  throw usage_error(config.settings.file() + ": kind: expected " + one_of(known, config.kind) + ", found '" +
                    config.kind + "'");
}

}  // namespace qmtl
