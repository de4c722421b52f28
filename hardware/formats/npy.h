// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

/// A numpy array: elements in C order, little-endian.
struct NpyArray {
  std::string type;  ///< numpy's: "<f8", "|u1", ...
  std::vector<std::size_t> shape;
  std::string bytes;

  std::size_t size() const;  ///< elements
};

/// Types that are read and written: f4, f8, u1, u2, u4, u8, i1, i2, i4, i8, b1.
NpyArray npy_doubles(std::vector<std::size_t> shape, std::span<const double> values);
/// Elements of any type as doubles (of 64-bit integers exactly up to 2^53).
std::vector<double> doubles(const NpyArray& array);

/// The array as a .npy file, version 1.0.
std::string write_npy(const NpyArray& array);
/// Reads one, versions 1 to 3, C or Fortran order. `name` stands in messages; throws Error (data) if the
/// bytes are not exactly one array of a known type.
NpyArray read_npy(std::string_view bytes, const std::string& name);

/// base64(zlib(npy)): how arrays travel in the JSON of IBM's runtime, {"__type__": "ndarray"}.
std::string pack_array(const NpyArray& array);
/// Throws Error (data); the array may take at most `most` bytes.
NpyArray unpack_array(std::string_view text, std::size_t most, const std::string& name);

}  // namespace qmtl
