// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

/// A text from outside as messages may repeat it: its first `most` bytes, those that are not printable ASCII
/// as '?', so that a message is always valid UTF-8 and one line.
std::string printable(std::string_view text, std::size_t most = 40);

/// A number in so many significant digits, without zeros at the end: 0.25, 1e-09 (printf's %g).
std::string significant(double value, int digits);
/// A number in the fewest digits that are read back as it was.
std::string shortest(double value);
/// A number with so many digits behind the point (printf's %f).
std::string fixed(double value, int decimals);

/// The parts of a list like "a,b": as many as there are separators and one more, none trimmed.
std::vector<std::string> split(std::string_view text, char separator);

/// Rows of cells as lines of text, each column as wide as its widest cell and two blanks; the last column is
/// not padded. Every row has as many cells as the first.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

/// A text as a terminal may show it: line ends and tabs stay; other control characters (also C1 and those
/// that turn the direction of text), which a terminal obeys, become \u001b and the like, as JSON writes them;
/// what is no UTF-8 becomes U+FFFD. All else stays as it is.
std::string visible(std::string_view text);

}  // namespace qmtl
