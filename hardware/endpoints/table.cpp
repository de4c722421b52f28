// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoint_config.h"
#include "hardware/endpoints/makers.h"
#include "runtime/base/nearest.h"

namespace qmtl {
std::span<const EndpointKind> endpoint_table() { return endpoint_rows; }

std::unique_ptr<Endpoint> make_endpoint(EndpointConfig config) {
  // Services that choose qubits themselves have no use for what is known of them.
  if (config.properties && (config.kind == "ionq" || config.kind == "qdmi"))
    throw usage_error(config.settings.file() + ": properties: expected none for kind " + config.kind +
                      ", whose service chooses qubits itself; leave it out");
  std::vector<std::string> known;
  for (const EndpointKind& row : endpoint_rows) {
    if (row.name == config.kind) return row.make(std::move(config));
    known.emplace_back(row.name);
  }
  throw usage_error(config.settings.file() + ": kind: expected " + one_of(known, config.kind) + ", found '" +
                    config.kind + "'");
}

}  // namespace qmtl
