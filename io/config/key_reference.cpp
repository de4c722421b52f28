// SPDX-License-Identifier: Apache-2.0
#include "io/config/key_reference.h"

#include <algorithm>

#include "io/config/config_keys.h"
#include "runtime/base/error.h"
#include "runtime/base/nearest.h"

namespace qmtl {
namespace {

template <class Object>
void add_pages(std::vector<KeyPage>& pages, const std::string& table, const std::vector<Key<Object>>& keys) {
  const Object unset{};
  for (const Key<Object>& key : keys) {
    const std::size_t dot = table.empty() ? key.name.find('.') : std::string::npos;
    KeyPage page{table, key.name, key.type, key.write(unset), key.summary, key.words};
    if (key.free) page.summary += "; may change when a run is resumed";
    if (dot != std::string::npos) {
      page.table = key.name.substr(0, dot);
      page.name = key.name.substr(dot + 1);
    }
    if (page.value == "\"\"" || (key.present && !key.present(unset))) page.value.clear();
    pages.push_back(std::move(page));
  }
}

/// Text of a cell: a bar would end it.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

}  // namespace

std::vector<KeyPage> key_pages() {
  std::vector<KeyPage> pages;
  add_pages(pages, "", fixed_keys());
  add_pages(pages, "circuit.layer", circuit_layer_keys());
  add_pages(pages, "task.<name>", task_keys());
  add_pages(pages, "branch.<input>", branch_keys());
  add_pages(pages, "input.<name>", input_keys());
  return pages;
}

std::vector<KeyPage> pages_about(std::string_view word) {
  std::vector<KeyPage> found = key_pages();
  std::vector<std::string> names;
  names.reserve(found.size());
  for (const KeyPage& page : found) names.push_back(page.name);
  std::erase_if(found, [word](const KeyPage& page) {
    return (page.full() + "\n" + page.summary + "\n" + page.words).find(word) == std::string::npos;
  });
  if (found.empty()) {
    const std::vector<KeyPage> all = key_pages();
    const std::string close = nearest(word.substr(word.rfind('.') + 1), names);
    const auto meant =
        std::find_if(all.begin(), all.end(), [&](const KeyPage& page) { return page.name == close; });
    throw usage_error("expected a key or a word of one, found '" + std::string(word) +
                      "'; the nearest key is " + meant->full());
  }
  return found;
}

std::string key_reference() {
  std::string text, table = "none";
  for (const KeyPage& page : key_pages()) {
    if (page.table != table) {
      table = page.table;
      text += (table.empty() ? "\n## Before the tables\n" : "\n## [" + table + "]\n");
      text += "\n| key | value | default | meaning |\n|---|---|---|---|\n";
    }
    text += "| `" + page.name + "` | " + cell(page.type) + " | " +
            (page.value.empty() ? "" : "`" + cell(page.value) + "`") + " | " + cell(page.summary) + " |\n";
  }
  return text;
}

}  // namespace qmtl
