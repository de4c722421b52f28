// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

/// What a person must know of one key of a configuration.
struct KeyPage {
  std::string table;    ///< "train", "task.<name>", "backbone.layers[dense]"; "": before the tables
  std::string name;     ///< inside the table
  std::string type;     ///< what a value is: "a number above 0"
  std::string value;    ///< the default in TOML; "" where there is none
  std::string summary;  ///< what it decides
  std::string words;    ///< what other programs call it
  std::vector<std::string> also = {};  ///< other tables that have the same key
  std::string full() const { return table.empty() ? name : table + "." + name; }
};

/// Every key that a training configuration may have, in the order in which configurations are written. A
/// layer's type stands in brackets behind the list that it is in.
std::vector<KeyPage> key_pages();

/// Those whose name, summary or name elsewhere contains `word`; numbers in brackets, as messages have them,
/// are left out. Throws Error (usage) naming the nearest key if there is none.
std::vector<KeyPage> pages_about(std::string_view word);

/// All of them as a page in Markdown.
std::string key_reference();

}  // namespace qmtl
