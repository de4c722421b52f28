// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json_field.h"

namespace qmtl {

/// A tensor of IBM's executor (ibm-quantum-schemas, CompressedTensorModel): elements in C order,
/// little-endian. A bool takes one bit: element i is bit i % 8 of byte i / 8, lowest first.
struct WireTensor {
  std::string dtype;  ///< f16 .. f64, i8 .. i64, u8 .. u64, c64, c128 or bool
  std::vector<std::size_t> shape;
  std::string bytes;

  std::size_t size() const;  ///< elements
  /// Element i of a bool tensor.
  bool bit(std::size_t i) const { return (static_cast<unsigned char>(bytes[i / 8]) >> (i % 8) & 1) != 0; }
};

WireTensor tensor_of_doubles(std::vector<std::size_t> shape, std::span<const double> values);
/// All false.
WireTensor tensor_of_bits(std::vector<std::size_t> shape);
void set_bit(WireTensor& tensor, std::size_t i);

/// Elements of any type but the complex ones as doubles. Throws Error (data) for those.
std::vector<double> doubles(const WireTensor& tensor);

/// base64(zlib(bytes)).
std::string pack_tensor(const WireTensor& tensor);

/// {data, shape, dtype} as it travels.
template <class Json>
Json tensor_json(const WireTensor& tensor) {
  return {{"data", pack_tensor(tensor)}, {"shape", tensor.shape}, {"dtype", tensor.dtype}};
}

/// Reads such an object; its bytes may be `most` at most. Anything else, such as bytes that are not the
/// shape's, is the field's error.
WireTensor read_tensor(const SortedJsonField& field, std::size_t most);

}  // namespace qmtl
