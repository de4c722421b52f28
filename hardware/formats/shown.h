// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace qmtl {

/// A text from outside as messages may repeat it: its first 40 bytes, those that are not printable ASCII as
/// '?', so that a message is always valid UTF-8 and one line.
inline std::string shown(std::string_view text) {
  std::string result(text.substr(0, 40));
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return result;
}

}  // namespace qmtl
