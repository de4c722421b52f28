// SPDX-License-Identifier: Apache-2.0
#include "io/data/array_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

unsigned byte_at(const std::string& bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

ElementType npy_type(const std::string& type, const std::string& path) {
  const std::string accepted =
      "; expected little-endian f2, f4, f8, u1, u2, u4, u8, i1, i2, i4 or i8: convert them, e.g. with ";
  const auto element = npy_element(type);
  if (!element)
    throw data_error(path + ": its elements have the type " + type + accepted + "array.astype('float32')");
  if (element->big_endian)
    throw data_error(path + ": its elements are big-endian (" + type + ")" + accepted + "array.astype('<" +
                     type.substr(1) + "')");
  return *element;
}

}  // namespace

ArrayFile parse_npy(std::string bytes, const std::string& path) {
  NpyHeader header = read_npy_header(bytes, path);
  ArrayFile array;
  array.file = path;
  array.type = npy_type(header.type, path);
  if (header.fortran)
    throw data_error(path + ": expected rows one after another (C order), found Fortran order; save " +
                     "numpy.ascontiguousarray(array)");
  array.shape = std::move(header.shape);
  array.first = header.first;
  array.bytes = std::move(bytes);
  require_array_bytes(array);
  return array;
}

ArrayFile parse_idx(std::string bytes, const std::string& path) {
  ArrayFile array;
  array.file = path;
  struct Type {
    unsigned code;
    ElementKind kind;
    std::size_t bytes;
  };
  static constexpr Type types[] = {
      {0x08, ElementKind::unsigned_integer, 1}, {0x09, ElementKind::signed_integer, 1},
      {0x0B, ElementKind::signed_integer, 2},   {0x0C, ElementKind::signed_integer, 4},
      {0x0D, ElementKind::floating, 4},         {0x0E, ElementKind::floating, 8}};
  for (const Type& type : types)
    if (type.code == byte_at(bytes, 2)) array.type = {type.kind, type.bytes, true};
  const std::size_t rank = byte_at(bytes, 3);
  if (array.type.bytes == 0 || rank == 0 || rank > 8)
    throw data_error(path + ": expected an IDX file (type 8, 9, 11 to 14; 1 to 8 dimensions), found type " +
                     std::to_string(byte_at(bytes, 2)) + " and " + std::to_string(rank) + " dimensions");
  array.first = 4 + 4 * rank;
  if (bytes.size() < array.first)
    throw data_error(path + ": the IDX file ends within its header; it is truncated, fetch it again");
  for (std::size_t i = 0; i < rank; ++i) {
    std::size_t extent = 0;
    for (std::size_t b = 0; b < 4; ++b) extent = extent << 8 | byte_at(bytes, 4 + 4 * i + b);
    array.shape.push_back(extent);
  }
  array.bytes = std::move(bytes);
  require_array_bytes(array);
  return array;
}

}  // namespace qmtl
