// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace qmtl {

/// Exit codes of the program; an Error carries the one it ends with.
enum class Exit : int { ok = 0, usage = 2, data = 3, endpoint = 4, interrupted = 75, lost = 76 };

/// The one error type of the project. The message says what was expected, what was found, where (file, key,
/// line, rank) and what to do.
class Error : public std::runtime_error {
 public:
  /// With the code that the program ends with.
  Error(Exit code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Exit code() const { return code_; }  ///< what the program ends with

 private:
  Exit code_;
};

/// Wrong usage or configuration (exit code 2).
inline Error usage_error(const std::string& message) { return Error(Exit::usage, message); }
/// Bad data or file (exit code 3).
inline Error data_error(const std::string& message) { return Error(Exit::data, message); }

}  // namespace qmtl
