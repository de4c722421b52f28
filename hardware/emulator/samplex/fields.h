// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hardware/emulator/samplex/samplex.h"
#include "runtime/base/json_field.h"

namespace qmtl {

/// An array of a samplex: {data: base64, shape, dtype} as a text of JSON.
struct SamplexArray {
  std::vector<std::size_t> shape;
  std::vector<std::int64_t> numbers;
  std::vector<std::complex<double>> values;  ///< of complex arrays
};

/// JSON that stands as a text in JSON.
SortedJsonField inner_json(const SortedJsonField& text);
SamplexArray samplex_array(const SortedJsonField& text);
/// A whole number that may be written as a text.
std::int64_t samplex_integer(const SortedJsonField& field, std::int64_t most);
SamplexType samplex_type(const SortedJsonField& field);
/// A register of fixed elements: {id: V0 .. V2, array}.
SamplexRegister fixed_register(const SortedJsonField& field);

/// What nodes share while they are read.
class SamplexNames {
 public:
  SamplexNames(Samplex& samplex, std::map<std::string, SamplexArray> tables)
      : samplex_(samplex), tables_(std::move(tables)) {}

  /// The register of that name, a new one where there is none.
  std::size_t of_register(const SortedJsonField& name);
  std::size_t of_input(const SortedJsonField& name) const;
  std::size_t of_flips(const SortedJsonField& name) const;
  const SamplexArray& table(const std::string& node, const SortedJsonField& operation) const;
  Samplex& samplex() { return samplex_; }
  /// Counts what a draw handles.
  void pay(std::size_t elements, const SortedJsonField& where);

 private:
  Samplex& samplex_;
  std::map<std::string, SamplexArray> tables_;
  std::map<std::string, std::size_t> registers_;
};

/// Makes a node's function; `number` tells its random numbers from those of others.
Samplex::Node read_samplex_node(const SortedJsonField& node, std::uint32_t number, SamplexNames& names);

}  // namespace qmtl
