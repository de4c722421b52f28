// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/makers.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

[[noreturn]] void refuse(const EndpointConfig& config) {
  throw usage_error(config.settings.file() + ": kind: expected a build that talks HTTP for '" + config.kind +
                    "', found one without (QMTL_HTTP=OFF): `qmtl replay` of the program goes there with the "
                    "checkpoint that this model is saved as");
}

}  // namespace

std::unique_ptr<Endpoint> make_ibm_endpoint(EndpointConfig config) { refuse(config); }
std::unique_ptr<Endpoint> make_ionq_endpoint(EndpointConfig config) { refuse(config); }
std::unique_ptr<Endpoint> make_iqm_endpoint(EndpointConfig config) { refuse(config); }

}  // namespace qmtl
