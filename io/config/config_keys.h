// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/config/toml_tools.h"
#include "runtime/base/keys.h"
#include "runtime/train/config.h"

namespace qmtl {

/// Where a value stands, for messages: the file and the key's full name.
struct KeyPlace {
  const std::string& file;
  const std::string& key;
};

/// What a value must satisfy beyond its type; every element, for arrays.
struct KeyRule : KeyRange {
  int multiple = 1;                                    ///< integers: must be a multiple of this
  std::function<void(const std::string&)> check = {};  ///< strings: throws Error with the reason
};

/// One key of a table whose values live in an Object: the single description that both reading and writing
/// use.
template <class Object>
struct Key {
  std::string name;
  std::function<void(Object&, const toml::node&, const KeyPlace&)> read;
  std::function<std::string(const Object&)> write;       ///< TOML text of the value
  std::function<bool(const Object&)> present = nullptr;  ///< written only if this holds (always, if absent)
  std::string type = {};                                 ///< what a value is, in words: "a number above 0"
  std::string summary = {};                              ///< what it decides, a phrase
  std::string words = {};  ///< what other programs call it, blanks between: unknown keys are looked up here
  /// Whether a run that goes on may have another value: nothing that was computed before depends on it. Every
  /// other key is fixed when a run begins.
  std::function<bool(const Object&)> free = nullptr;
};

/// The keys of the fixed tables ("train.epochs"), in the order in which they are written.
const std::vector<Key<Config>>& fixed_keys();
/// The key of a fixed table that other programs call so ("early_stopping": train.patience); "" if there is
/// none.
std::string key_called(std::string_view word);
/// The keys of [task.<name>].
const std::vector<Key<TaskSpec>>& task_keys();
/// The keys of a circuit's layer: [[circuit.layer]], [[block.layer]], [[task.<name>.layer]] and, in a
/// backbone's layer of type circuit, [[backbone.layers.layer]].
const std::vector<Key<CircuitLayer>>& circuit_layer_keys();
/// Those of a backbone's layer of that type, besides `type`.
std::vector<Key<LayerSpec>> layer_keys(LayerKind kind);
/// The keys of [branch.<input>].
const std::vector<Key<BranchSpec>>& branch_keys();
/// What [input.<name>] says: entries of ModelSpec::input_widths and input_shapes.
struct InputSize {
  std::size_t width = 0;
  std::vector<std::size_t> shape;
};
/// The keys of [input.<name>].
const std::vector<Key<InputSize>>& input_keys();

}  // namespace qmtl
