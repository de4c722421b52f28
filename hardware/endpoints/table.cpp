// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoint_config.h"
#include "hardware/endpoints/makers.h"
#include "runtime/base/nearest.h"

namespace qmtl {
std::span<const EndpointKind> endpoint_table() { return endpoint_rows; }

std::unique_ptr<Endpoint> make_endpoint(EndpointConfig config) {
  std::vector<std::string> known;
  for (const EndpointKind& row : endpoint_rows) {
    known.emplace_back(row.name);
    if (row.name != config.kind) continue;
    if (config.properties && !row.takes_properties)
      throw usage_error(config.settings.file() + ": properties: expected none for kind " + config.kind +
                        ", whose service chooses qubits itself; leave it out");
    return row.make(std::move(config));
  }
  throw usage_error(config.settings.file() + ": kind: expected " + one_of(known, config.kind) + ", found '" +
                    config.kind + "'");
}

}  // namespace qmtl
