// SPDX-License-Identifier: Apache-2.0
// A layer of a backbone as a value of a configuration: { type = "dense", width = 64 }.
#include <algorithm>
#include <variant>

#include "io/config/config_keys.h"
#include "io/config/config_values.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

/// A row's key as a key of the table that is read and written.
Key<LayerSpec> layer_key(const LayerKey& row) {
  return std::visit(
      [&](auto member) {
        return key<LayerSpec>(
            std::string(row.name), [member](auto& layer) -> auto& { return owner_of(layer, member).*member; },
            {row.range}, std::string(row.summary));
      },
      row.member);
}

}  // namespace

std::vector<Key<LayerSpec>> layer_keys(LayerKind kind) {
  std::vector<Key<LayerSpec>> keys;
  for (const LayerKey& row : info(kind).keys) {
    keys.push_back(layer_key(row));
    if (!row.required) continue;
    keys.back().summary += "; needed";
    keys.back().present = [](const LayerSpec&) { return false; };
  }
  return keys;
}

void read_value(LayerSpec& layer, const toml::node& node, const KeyPlace& at, const KeyRule&) {
  if (!node.is_table())
    wrong_value(node, at.file, at.key, "a layer such as { type = \"dense\", width = 64 }");
  const toml::table& table = *node.as_table();
  const std::string type_key = at.key + ".type";
  const toml::node* type = table.get("type");
  if (!type) throw usage_error(where(node, at.file) + ": " + at.key + ": expected a key type, found none");
  LayerSpec found;
  read_value(found.kind, *type, {at.file, type_key}, {});

  std::vector<std::string> known{type_key};
  for (const LayerKey& row : info(found.kind).keys) {
    const Key<LayerSpec> key = layer_key(row);
    const std::string full = at.key + "." + key.name;
    known.push_back(full);
    if (const toml::node* value = table.get(key.name))
      key.read(found, *value, {at.file, full});
    else if (row.required)
      throw usage_error(where(node, at.file) + ": " + at.key + ": a layer of type " +
                        std::string(name(found.kind)) + " needs a key " + key.name + ", found none");
  }
  for (const Entry& entry : in_file_order(table)) {
    const std::string full = at.key + "." + std::string(entry.key->str());
    if (std::find(known.begin(), known.end(), full) == known.end())
      unknown_key(*entry.key, at.file, full, known);
  }
  layer = found;
}

std::string write_value(const LayerSpec& layer) {
  std::string text = "{ type = " + toml_string(name(layer.kind));
  for (const LayerKey& row : info(layer.kind).keys) {
    const Key<LayerSpec> key = layer_key(row);
    const std::string value = key.write(layer);
    if (value != "[]" && value != "\"\"") text += ", " + key.name + " = " + value;
  }
  return text + " }";
}

}  // namespace qmtl
