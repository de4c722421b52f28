// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cstring>

#include "io/data/array_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// Reads the Python dictionary of an NPY header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class NpyHeader {
 public:
  NpyHeader(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  /// What stands after 'key': without leading blanks.
  std::string_view after(const std::string& key) const {
    const std::size_t at = text_.find("'" + key + "'");
    if (at == std::string_view::npos) damaged("no " + key);
    std::string_view rest = text_.substr(at + key.size() + 2);
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(": ")));
    return rest;
  }

  std::string text(const std::string& key) const {
    const std::string_view rest = after(key);
    const std::size_t end = rest.find('\'', 1);
    // Structured arrays have a list here.
    if (!rest.starts_with('\'') || end == std::string_view::npos) return std::string(rest.substr(0, 20));
    return std::string(rest.substr(1, end - 1));
  }

  std::vector<std::size_t> shape() const {
    std::string_view rest = after("shape");
    const std::size_t end = rest.find(')');
    if (!rest.starts_with('(') || end == std::string_view::npos) damaged("no shape");
    rest = rest.substr(1, end - 1);
    std::vector<std::size_t> extents;
    while (!rest.empty()) {
      if (rest.front() == ' ' || rest.front() == ',') {
        rest.remove_prefix(1);
        continue;
      }
      std::size_t extent = 0;
      const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), extent);
      if (parsed.ec != std::errc{}) damaged("a shape that is no list of numbers");
      extents.push_back(extent);
      rest.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest.data()));
    }
    return extents;
  }

  [[noreturn]] void damaged(const std::string& found) const {
    throw data_error(path_ + ": the header of the NPY file is damaged (" + found + "); save the array again");
  }

 private:
  std::string_view text_;
  const std::string& path_;
};

unsigned byte_at(const std::string& bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

void set_npy_type(ArrayFile& array, const std::string& type) {
  const std::string accepted = "; expected little-endian f2, f4, f8, u1, i1, i2, i4 or i8";
  if (type.size() != 3 || std::strchr("<>|=", type[0]) == nullptr)
    throw data_error(array.file + ": its elements have the type " + type + accepted +
                     ": convert them, e.g. with array.astype('float32')");
  const std::string kind = type.substr(1);
  if (type[0] == '>' && kind[1] != '1')
    throw data_error(array.file + ": its elements are big-endian (" + type + ")" + accepted +
                     ": save array.astype('<" + kind + "')");
  if (kind == "f2" || kind == "f4" || kind == "f8")
    array.kind = ElementKind::floating;
  else if (kind == "u1" || kind == "b1")
    array.kind = ElementKind::unsigned_integer;
  else if (kind == "i1" || kind == "i2" || kind == "i4" || kind == "i8")
    array.kind = ElementKind::signed_integer;
  else
    throw data_error(array.file + ": its elements have the type " + type + accepted +
                     ": convert them, e.g. with array.astype('float32')");
  array.element_bytes = static_cast<std::size_t>(kind[1] - '0');
}

}  // namespace

ArrayFile parse_npy(std::string bytes, const std::string& path) {
  ArrayFile array;
  array.file = path;
  const std::string truncated =
      path + ": the NPY file ends within its header; it is truncated, save it again";
  if (bytes.size() < 12) throw data_error(truncated);
  const unsigned version = byte_at(bytes, 6);
  if (version < 1 || version > 3)
    throw data_error(path + ": expected NPY version 1 to 3, found " + std::to_string(version));
  std::size_t length = byte_at(bytes, 8) + (byte_at(bytes, 9) << 8), begin = 10;
  if (version > 1) {
    length += (std::size_t{byte_at(bytes, 10)} << 16) + (std::size_t{byte_at(bytes, 11)} << 24);
    begin = 12;
  }
  if (length > bytes.size() - begin) throw data_error(truncated);
  const NpyHeader header(std::string_view(bytes).substr(begin, length), path);
  set_npy_type(array, header.text("descr"));
  if (!header.after("fortran_order").starts_with("False"))
    throw data_error(path + ": expected rows one after another (C order), found Fortran order; save " +
                     "numpy.ascontiguousarray(array)");
  array.shape = header.shape();
  array.first = begin + length;
  array.bytes = std::move(bytes);
  require_array_bytes(array);
  return array;
}

ArrayFile parse_idx(std::string bytes, const std::string& path) {
  ArrayFile array;
  array.file = path;
  array.big_endian = true;
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
    if (type.code == byte_at(bytes, 2)) array.kind = type.kind, array.element_bytes = type.bytes;
  const std::size_t rank = byte_at(bytes, 3);
  if (array.element_bytes == 0 || rank == 0 || rank > 8)
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
