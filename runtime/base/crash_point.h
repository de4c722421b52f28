// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

namespace qmtl {

/// A place where tests let the program die. With QMTL_CRASH_AT=PLACE:N in the environment the process gets
/// SIGKILL when it comes to PLACE for the N-th time, or the signal whose number QMTL_CRASH_SIGNAL is. Any
/// thread may call it. Under mpirun a shell around the program chooses the rank that has the variable.
inline void crash_point(std::string_view place) {
  struct Wanted {
    std::string place;
    std::atomic<int> left = 0;
    int signal = SIGKILL;
    Wanted() {
      const char* at = std::getenv("QMTL_CRASH_AT");
      if (!at) return;
      place = at;
      const std::size_t colon = place.rfind(':');
      if (colon == std::string::npos) return;
      left = std::atoi(place.c_str() + colon + 1);
      place.resize(colon);
      if (const char* number = std::getenv("QMTL_CRASH_SIGNAL")) signal = std::atoi(number);
    }
  };
  static Wanted wanted;
  if (place == wanted.place && --wanted.left == 0) std::raise(wanted.signal);
}

}  // namespace qmtl
