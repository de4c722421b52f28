// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"

namespace qmtl::test {

/// The message of the usage error that build() ends with.
inline std::string message_of(const AnsatzSpec& spec) {
  try {
    build(spec);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
  return "no error";
}

}  // namespace qmtl::test
