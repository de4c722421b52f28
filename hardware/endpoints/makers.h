#pragma once

#include <memory>

#include "hardware/endpoint.h"
#include "hardware/endpoint_config.h"

namespace qmtl {

// What makes each kind of endpoint; table.cpp holds their rows.
std::unique_ptr<Endpoint> make_exact_endpoint(EndpointConfig config);
std::unique_ptr<Endpoint> make_noisy_endpoint(EndpointConfig config);
std::unique_ptr<Endpoint> make_ibm_endpoint(EndpointConfig config);
std::unique_ptr<Endpoint> make_ionq_endpoint(EndpointConfig config);

}  // namespace qmtl
