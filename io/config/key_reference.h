// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

/// What a person must know of one key of a configuration.
struct KeyPage {
  std::string table;    ///< "train", "task.<name>"; "": before the tables
  std::string name;     ///< inside the table
  std::string type;     ///< what a value is: "a number above 0"
  std::string value;    ///< the default in TOML; "" where there is none
  std::string summary;  ///< what it decides
  std::string words;    ///< what other programs call it
  std::string full() const { return table.empty() ? name : table + "." + name; }
};

/// Every key that a training configuration may have, in the order in which configurations are written.
std::vector<KeyPage> key_pages();

/// Those whose name, summary or name elsewhere contains `word`. Throws Error (usage) naming the nearest key
/// if there is none.
std::vector<KeyPage> pages_about(std::string_view word);

/// All of them as a page in Markdown.
std::string key_reference();

}  // namespace qmtl
