// SPDX-License-Identifier: Apache-2.0
#include "io/config/key_reference.h"

#include <algorithm>

#include "io/config/config_keys.h"
#include "runtime/base/error.h"
#include "runtime/base/nearest.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

template <class Object>
void add_pages(std::vector<KeyPage>& pages, const std::string& table, const std::vector<Key<Object>>& keys,
               const std::vector<std::string>& also = {}, const Object& unset = {}) {
  for (const Key<Object>& key : keys) {
    const std::size_t dot = table.empty() ? key.name.find('.') : std::string::npos;
    KeyPage page{table, key.name, key.type, key.write(unset), key.summary, key.words, also};
    if (key.free) page.summary += "; may change when a run is resumed";
    if (dot != std::string::npos) {
      page.table = key.name.substr(0, dot);
      page.name = key.name.substr(dot + 1);
    }
    if (page.value == "\"\"" || (key.present && !key.present(unset))) page.value.clear();
    pages.push_back(std::move(page));
  }
}

/// The keys of the layers that a list may have, type by type.
void add_layers(std::vector<KeyPage>& pages) {
  for (const LayerInfo* row : layer_table) {
    const std::string type = "[" + std::string(row->name) + "]";
    LayerSpec unset;
    unset.kind = row->kind;
    add_pages(pages, "backbone.layers" + type, layer_keys(row->kind), {"branch.<input>.layers" + type},
              unset);
  }
}

/// The text without brackets that hold nothing but characters of `which`, and them.
std::string without_brackets(std::string_view text, const char* which) {
  std::string left;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t end = text[at] == '[' ? text.find_first_not_of(which, at + 1) : text.npos;
    if (end != text.npos && text[end] == ']')
      at = end;
    else
      left += text[at];
  }
  return left;
}

/// "[train]"; "[[circuit.layer]], [[block.layer]]" for lists of tables.
std::string heading(const KeyPage& page) {
  if (page.also.empty()) return "[" + page.table + "]";
  constexpr const char* type = "abcdefghijklmnopqrstuvwxyz-";
  const std::string list = without_brackets(page.table, type);
  std::string text = "[[" + list + "]]";
  for (const std::string& table : page.also) text += ", [[" + without_brackets(table, type) + "]]";
  if (list != page.table)  // behind it stands the type in brackets
    text +=
        " with type = \"" + page.table.substr(list.size() + 1, page.table.size() - list.size() - 2) + "\"";
  return text;
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
  add_pages(pages, "circuit.layer", circuit_layer_keys(),
            {"block.layer", "task.<name>.layer", "backbone.layers[circuit].layer"});
  add_pages(pages, "task.<name>", task_keys());
  add_layers(pages);
  add_pages(pages, "branch.<input>", branch_keys());
  add_pages(pages, "input.<name>", input_keys());
  return pages;
}

std::vector<KeyPage> pages_about(std::string_view asked) {
  const std::string word = without_brackets(asked, "0123456789");
  std::vector<KeyPage> found = key_pages();
  std::vector<std::string> names;
  names.reserve(found.size());
  for (const KeyPage& page : found) names.push_back(page.name);
  std::erase_if(found, [&](const KeyPage& page) {
    std::string text = page.full() + "\n" + page.summary + "\n" + page.words;
    for (const std::string& table : page.also) text.append("\n").append(table).append(".").append(page.name);
    return text.find(word) == std::string::npos;
  });
  if (found.empty()) {
    const std::vector<KeyPage> all = key_pages();
    const std::string close = nearest(std::string_view(word).substr(word.rfind('.') + 1), names);
    const auto meant =
        std::find_if(all.begin(), all.end(), [&](const KeyPage& page) { return page.name == close; });
    throw usage_error("expected a key or a word of one, found '" + std::string(asked) +
                      "'; the nearest key is " + meant->full());
  }
  return found;
}

std::string key_reference() {
  std::string text, table = "none";
  for (const KeyPage& page : key_pages()) {
    if (page.table != table) {
      table = page.table;
      text += (table.empty() ? "\n## Before the tables\n" : "\n## " + heading(page) + "\n");
      text += "\n| key | value | default | meaning |\n|---|---|---|---|\n";
    }
    text += "| `" + page.name + "` | " + cell(page.type) + " | " +
            (page.value.empty() ? "" : "`" + cell(page.value) + "`") + " | " + cell(page.summary) + " |\n";
  }
  return text;
}

}  // namespace qmtl
