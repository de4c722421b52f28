// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace qmtl {

/// Takes over what std::cout and printf write: names and messages of files and services arrive as `visible`
/// text (runtime/base/text.h), and what cannot be written is remembered. Keeps the numbers of standard
/// streams that are closed from going to the next file that is opened. Called once, before anything else.
void take_standard_output();

/// Makes sure that all that was printed so far has been written. Throws Error (data) with the reason where it
/// has not: a full disk, a reader that has gone, an output that is closed.
void finish_standard_output();

/// For a terminal: the text as it is, with control characters of the program's own.
void write_to_terminal(std::string_view text);

}  // namespace qmtl
