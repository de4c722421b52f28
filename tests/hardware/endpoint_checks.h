// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "hardware/endpoint.h"

/// The fault of a call that must fail; its message must say something, and must not hold `secret`.
template <typename Call>
qmtl::EndpointFault fault_of(Call call, const std::string& secret = "") {
  try {
    call();
  } catch (const qmtl::EndpointError& error) {
    INFO(error.what());
    CHECK(error.what()[0] != '\0');
    if (!secret.empty()) CHECK(std::string(error.what()).find(secret) == std::string::npos);
    return error.fault();
  }
  FAIL("expected an EndpointError");
  return qmtl::EndpointFault::refused;
}

/// How many of the shots read these bits, 0 to 1.
inline double share_of(const qmtl::Counts& counts, const std::string& bits) {
  std::uint64_t all = 0;
  for (const auto& [text, count] : counts) all += count;
  const auto found = counts.find(bits);
  return found == counts.end() ? 0.0 : static_cast<double>(found->second) / static_cast<double>(all);
}
