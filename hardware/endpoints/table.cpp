// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "hardware/endpoint_config.h"
#include "hardware/endpoints/makers.h"

namespace qmtl {
namespace {

constexpr std::array endpoint_rows{
    EndpointKind{"exact", "simulated on this machine without noise", make_exact_endpoint},
    EndpointKind{"noisy", "simulated on this machine with a noise model", make_noisy_endpoint},
    EndpointKind{"ibm", "IBM's Qiskit Runtime REST API: sampler V2", make_ibm_endpoint},
    EndpointKind{"ionq", "IonQ's REST API v0.4", make_ionq_endpoint},
    EndpointKind{"qdmi", "a QDMI device library", make_qdmi_endpoint},
};

}  // namespace

std::span<const EndpointKind> endpoint_table() { return endpoint_rows; }

std::unique_ptr<Endpoint> make_endpoint(EndpointConfig config) {
  std::string known;
  for (const EndpointKind& row : endpoint_rows) {
    if (row.name == config.kind) return row.make(std::move(config));
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw usage_error(config.settings.file() + ": kind: expected " + known + ", found '" + config.kind + "'");
}

}  // namespace qmtl
