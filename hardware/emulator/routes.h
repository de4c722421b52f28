// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// One row of a service's table: which requests a function answers.
template <class Service>
struct EmulatorRoute {
  const char* method;
  const char* pattern;  ///< "/jobs/{}/results"
  bool open;            ///< for everybody; else only for those whom Service::authorise lets in
  WireReply (Service::*handle)(EmulatorCall&);
};

/// Answers a request by its row. Throws WireRefusal 404 where no row has the path, 405 where none of those
/// has the method.
template <class Service, std::size_t rows>
WireReply route(Service& service, const std::array<EmulatorRoute<Service>, rows>& table,
                const std::vector<std::string>& segments, EmulatorCall& call) {
  bool known = false;
  for (const EmulatorRoute<Service>& row : table) {
    if (!path_fits(segments, row.pattern, call.holes)) continue;
    known = true;
    if (call.request.method != row.method) continue;
    if (!row.open) service.authorise(call);
    return (service.*row.handle)(call);
  }
  throw known ? WireRefusal{405, 0, "method " + call.request.method + " is not allowed here", {}}
              : WireRefusal{404, 0, "no such path", {}};
}

inline WireReply json_reply(int status, const nlohmann::ordered_json& body) {
  WireReply reply;
  reply.status = status;
  reply.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return reply;
}

inline WireReply empty_reply(int status) {
  WireReply reply;
  reply.status = status;
  return reply;
}

}  // namespace qmtl
