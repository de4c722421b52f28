// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

enum class ElementKind : std::uint8_t { signed_integer, unsigned_integer, floating };

/// How one number of an array lies in memory.
struct ElementType {
  ElementKind kind = ElementKind::floating;
  std::size_t bytes = 0;  ///< 1, 2, 4 or 8; 2, 4 or 8 of a floating number (IEEE 754)
  bool big_endian = false;
  bool operator==(const ElementType&) const = default;
};

/// The number whose first byte is at `at`; 64-bit integers are exact up to 2^53.
double element_value(const char* at, ElementType type);

/// The numbers that numpy's names mean: a byte order out of < > | = and f2, f4, f8, u1, u2, u4, u8, i1, i2,
/// i4, i8 or b1. Nothing for all others.
std::optional<ElementType> npy_element(std::string_view type);

/// What stands before the elements of a .npy file, versions 1 to 3 (numpy.lib.format).
struct NpyHeader {
  std::string type;  ///< numpy's: "<f8", "|u1", ...
  bool fortran = false;
  std::vector<std::size_t> shape;
  std::size_t first = 0;  ///< where the elements begin
};
/// Reads no byte beyond `bytes` and does not look at the elements. `name` stands in messages. Throws Error
/// (data) for other bytes, a header that is cut or damaged, and elements that are structures.
NpyHeader read_npy_header(std::string_view bytes, const std::string& name);

/// A numpy array: elements in C order, little-endian.
struct NpyArray {
  std::string type;  ///< numpy's
  std::vector<std::size_t> shape;
  std::string bytes;

  std::size_t size() const;  ///< elements
};

NpyArray npy_doubles(std::vector<std::size_t> shape, std::span<const double> values);
/// Elements of any type as doubles.
std::vector<double> doubles(const NpyArray& array);

/// The array as a .npy file, version 1.0.
std::string write_npy(const NpyArray& array);
/// Reads one, C or Fortran order. Throws Error (data) if the bytes are not exactly one array of little-endian
/// numbers.
NpyArray read_npy(std::string_view bytes, const std::string& name);

}  // namespace qmtl
