// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cstdint>
#include <cstring>

#include "io/sources/array_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

unsigned byte_at(const std::string& bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

/// Bytes of one text of numpy's type such as <U7 (UTF-32, `wide`) or |S7; nothing for other types.
std::size_t text_bytes(const std::string& type, bool& wide) {
  wide = type.starts_with("<U") || type.starts_with("|U") || type.starts_with("=U");
  if (!wide && !type.starts_with("|S") && !type.starts_with("<S")) return 0;
  std::size_t characters = 0;
  const auto parsed = std::from_chars(type.data() + 2, type.data() + type.size(), characters);
  if (parsed.ec != std::errc{} || parsed.ptr != type.data() + type.size() ||
      characters > (std::size_t{1} << 28))
    return 0;
  return characters * (wide ? 4 : 1);
}

/// A character of UTF-32 as UTF-8.
void append_character(std::string& text, std::uint32_t c) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80)
    text += static_cast<char>(c);
  else if (c < 0x800)
    text += static_cast<char>(0xC0 | c >> 6), tail(0);
  else if (c < 0x10000)
    text += static_cast<char>(0xE0 | c >> 12), tail(6), tail(0);
  else
    text += static_cast<char>(0xF0 | (c >> 18 & 7)), tail(12), tail(6), tail(0);
}

/// Texts of numpy are padded with NUL.
std::vector<std::string> npy_texts(const ArrayFile& array, bool wide) {
  const std::size_t each = array.type.bytes;
  std::vector<std::string> texts;
  for (std::size_t at = array.first; at + each <= array.bytes.size(); at += each) {
    std::string text;
    if (!wide) {
      text = array.bytes.substr(at, each);
    } else {
      for (std::size_t i = 0; i < each; i += 4) {
        std::uint32_t c = 0;
        std::memcpy(&c, array.bytes.data() + at + i, 4);
        append_character(text, c);
      }
    }
    text.resize(text.find_last_not_of('\0') + 1);
    texts.push_back(std::move(text));
  }
  return texts;
}

ElementType npy_type(const std::string& type, const std::string& path) {
  const std::string accepted =
      "; expected little-endian f2, f4, f8, u1, u2, u4, u8, i1, i2, i4 or i8: convert them, e.g. with ";
  if (type.find('O') != std::string::npos)
    throw data_error(path + ": its elements are Python objects (type " + type +
                     "); save texts as array.astype(str), numbers as array.astype('float32')");
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
  bool wide = false;
  const std::size_t text = text_bytes(header.type, wide);
  array.type = text > 0 ? ElementType{ElementKind::floating, text, false} : npy_type(header.type, path);
  if (header.fortran)
    throw data_error(path + ": expected rows one after another (C order), found Fortran order; save " +
                     "numpy.ascontiguousarray(array)");
  array.shape = std::move(header.shape);
  array.first = header.first;
  array.bytes = std::move(bytes);
  require_array_bytes(array);
  if (text > 0) {
    array.texts = npy_texts(array, wide);
    array.text_type = header.type;
  }
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
