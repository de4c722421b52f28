// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/train/config.h"

namespace qmtl {

/// Reads a configuration file and applies `overrides` ("train.epochs=10": a TOML value; a text that is no
/// TOML value, such as a bare word or a path, counts as a string). A relative data.file of the file is
/// relative to the file's folder and made absolute; run.folder, and a data.file given as an override, are
/// relative to the current folder. Keys that are not given keep the defaults of the headers, except
/// circuit.qubits, block.stride and head.width, which stay 0: "from the number of outputs". Throws Error
/// (usage) that names file, line, key, what was expected and what was found; for an unknown key also the
/// nearest known one.
Config read_config(const std::string& path, const std::vector<std::string>& overrides = {});

/// As read_config on a text, with data.file taken as it is. `name` is the file's name in messages.
Config parse_config(std::string_view text, const std::string& name);

/// Canonical text of everything in `config`, resolved parts included: parse_config(to_toml(c)) equals c (but
/// for Config::file), and equal configurations have equal texts.
std::string to_toml(const Config& config);

/// A circuit's layer as it is written by hand: "[[circuit.layer]]" and its keys, line by line.
std::string written_layer(const CircuitLayer& layer, const std::string& key);

/// The keys whose values differ and which a run that goes on must not change, as "train.learning_rate (0.01
/// when the run began, now 0.1)", joined by semicolons; "" if there are none. Both configurations are
/// resolved. The model as a whole (inputs, branches) is compared by ModelSpec's operator.
std::string changed_keys(const Config& began, const Config& now);

/// Names of all keys of the fixed tables, in the order of to_toml: "seed", "data.file", ...
std::vector<std::string> config_keys();

}  // namespace qmtl
