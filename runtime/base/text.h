// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace qmtl {

/// A text from outside as messages may repeat it: its first `most` bytes, those that are not printable ASCII
/// as '?', so that a message is always valid UTF-8 and one line.
std::string printable(std::string_view text, std::size_t most = 40);

}  // namespace qmtl
