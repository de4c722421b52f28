// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <string_view>

namespace qmtl::test {

/// Whether QMTL_LONG=1 asks for the full matrices of cases.
inline bool long_run() {
  const char* const asked = std::getenv("QMTL_LONG");
  return asked != nullptr && std::string_view(asked) == "1";
}

/// A sanitizer sees every access of a run, ten times as slowly: what is run to compare numbers takes a share.
#ifdef QMTL_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace qmtl::test
