// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "io/sources/import_report.h"

namespace qmtl {

/// Appends the next piece of a text in UTF-8, whole characters, and says whether there was one.
using NextPiece = std::function<bool(std::string& text)>;

/// The text of a file, plain or gzip-compressed, piece by piece, so that a table larger than the memory can
/// be read. `encoding` is a description's key (any name that iconv knows), "" where it is not said: then
/// UTF-16 is told by its byte order mark, and everything else must be UTF-8. The report hears how much is
/// read. Throws Error (data), now or later, with file, line and byte, for a missing or damaged file, one that
/// is no text (kind_of_no_table), and bytes that are not of the encoding; Error (usage) for an unknown one.
NextPiece open_text(const std::string& path, const std::string& encoding, ImportReport& report);

/// A text in memory as one piece.
NextPiece one_piece(std::string text);

}  // namespace qmtl
