// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "io/config/toml_tools.h"
#include "io/import/first_row.h"
#include "io/import/new_samples.h"

namespace qmtl {

/// Begins messages about the keys that a checkpoint keeps.
constexpr const char* description_origin = "the model's description";

/// What an input is made from.
enum class InputFrom : std::uint8_t { columns, array, pictures };

/// The keys that made a trained model's data set, and which file of new samples each of its inputs is read
/// from. A model without a description reads columns of numbers, by name where they have names.
class SampleKeys {
 public:
  /// Settles the inputs whose files are given by name. Throws Error (data, usage). The arguments outlive it.
  SampleKeys(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning);

  toml::table& all() { return keys_; }
  const toml::table& all() const { return keys_; }
  toml::table& of(const std::string& input) { return *keys_["input"][input].as_table(); }

  /// The file is one array or folder of pictures, of the one input that is still open. Throws Error (usage)
  /// where it cannot be.
  void take(InputFrom from, const std::string& path);
  /// The file is a table: of all inputs that are still open. Throws Error (usage) where one is an array.
  void take_table();
  bool is_array(const std::string& input) const;
  /// The first input that is made from an array.
  std::string first_array() const;
  /// Do the numbers of a row of the table depend on that row alone?
  bool row_by_row() const;

  /// What is known of the table's columns before it is read.
  FirstRow first_row();
  /// Calls the columns of the inputs by their places: the i-th of first.needed is the table's column
  /// order[i].
  void use_places(const FirstRow& first, const std::vector<std::string>& order);

 private:
  void complete(const std::string& input, const std::vector<std::string>& names);
  std::vector<std::string> open_inputs() const;
  std::vector<std::string> needed_columns();

  const NewSamples& given_;
  const ModelSpec& spec_;
  bool described_;
  toml::table keys_;
  std::set<std::string> settled_;  ///< inputs whose files are known
};

/// Is it the number of a column, which then has no name?
bool is_place(const std::string& name);

toml::array toml_texts(const std::vector<std::string>& from);

}  // namespace qmtl
