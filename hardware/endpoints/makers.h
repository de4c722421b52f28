// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "hardware/endpoint.h"
#include "hardware/endpoint_config.h"

namespace qmtl {

// What makes each kind of endpoint, and their rows. A new one is its file, its maker and its row.
std::unique_ptr<Endpoint> make_exact_endpoint(EndpointConfig config);
std::unique_ptr<Endpoint> make_noisy_endpoint(EndpointConfig config);
/// QDMI device libraries. Settings: library, prefix, format (qasm3 or qasm2), api_key_env or api_key_file,
/// base_url, auth_file, auth_url, custom1 .. custom5; `remote = true` for libraries whose jobs outlive the
/// process (else jobs run when they are fetched), `timeout` in seconds of a local program, `reversed_bits`,
/// `lost_are_absent = true` to send jobs again whose submit was interrupted.
std::unique_ptr<Endpoint> make_qdmi_endpoint(EndpointConfig config);
std::unique_ptr<Endpoint> make_ibm_endpoint(EndpointConfig config);
std::unique_ptr<Endpoint> make_ionq_endpoint(EndpointConfig config);
std::unique_ptr<Endpoint> make_iqm_endpoint(EndpointConfig config);

inline constexpr EndpointKind endpoint_rows[] = {
    {"exact", "simulated on this machine without noise", make_exact_endpoint},
    {"noisy", "simulated on this machine with a noise model", make_noisy_endpoint},
    {"ibm", "IBM's Qiskit Runtime REST API: executor, sampler V2", make_ibm_endpoint},
    {"ionq", "IonQ's REST API v0.4", make_ionq_endpoint, false},
    {"iqm", "IQM Server's REST API v1: prx and cz", make_iqm_endpoint},
    {"qdmi", "a QDMI device library", make_qdmi_endpoint, false},
};

}  // namespace qmtl
