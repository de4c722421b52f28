// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

#include "hardware/http/text_codes.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are copied as they are");

template <class T>
double element(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

struct NpyType {
  std::string_view name;
  std::size_t bytes;
  double (*read)(const char*);
};

constexpr std::array<NpyType, 11> npy_types{{{"<f4", 4, element<float>},
                                             {"<f8", 8, element<double>},
                                             {"|u1", 1, element<std::uint8_t>},
                                             {"<u2", 2, element<std::uint16_t>},
                                             {"<u4", 4, element<std::uint32_t>},
                                             {"<u8", 8, element<std::uint64_t>},
                                             {"|i1", 1, element<std::int8_t>},
                                             {"<i2", 2, element<std::int16_t>},
                                             {"<i4", 4, element<std::int32_t>},
                                             {"<i8", 8, element<std::int64_t>},
                                             {"|b1", 1, element<std::uint8_t>}}};

const NpyType* find_type(std::string_view name) {
  for (const NpyType& type : npy_types)
    if (type.name == name) return &type;
  return nullptr;
}

const NpyType& type_of(const NpyArray& array) {
  const NpyType* type = find_type(array.type);
  if (!type) throw data_error("numpy array: expected a number's type such as <f8, found " + array.type);
  return *type;
}

/// The product, or nothing where it does not fit.
std::optional<std::size_t> product_of(const std::vector<std::size_t>& extents, std::size_t times) {
  std::size_t total = times;
  for (std::size_t extent : extents)
    if (__builtin_mul_overflow(total, extent, &total)) return std::nullopt;
  return total;
}

/// The dictionary of a header: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }.
class NpyDictionary {
 public:
  NpyDictionary(std::string_view text, const std::string& name) : text_(text), name_(name) {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr")
        type = quoted();
      else if (key == "fortran_order")
        fortran = truth();
      else if (key == "shape")
        shape = tuple();
      else
        refuse("the key " + key);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (at_ != text_.size() || !type || !fortran || !shape) refuse("an incomplete header");
  }

  std::optional<std::string> type;
  std::optional<bool> fortran;
  std::optional<std::vector<std::size_t>> shape;

 private:
  [[noreturn]] void refuse(const std::string& found) const {
    throw data_error(name_ + ": expected a numpy header of descr, fortran_order and shape, found " + found);
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) refuse("no '" + std::string(1, c) + "' at byte " + std::to_string(at_));
  }
  std::string quoted() {
    expect('\'');
    const std::size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos) refuse("a text without end");
    const std::string text(text_.substr(at_, end - at_));
    at_ = end + 1;
    return text;
  }
  bool truth() {
    skip();
    for (bool value : {false, true})
      if (const std::string_view word = value ? "True" : "False"; text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    refuse("neither True nor False");
  }
  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> extents;
    expect('(');
    while (!accept(')')) {
      skip();
      std::size_t extent = 0;
      const char* const end = text_.data() + text_.size();
      const auto parsed = std::from_chars(text_.data() + at_, end, extent);
      if (parsed.ec != std::errc{}) refuse("a shape that is no tuple of numbers");
      extents.push_back(extent);
      at_ = static_cast<std::size_t>(parsed.ptr - text_.data());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return extents;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
};

/// Elements whose first index runs fastest, in the order whose last one does.
std::string from_fortran(std::string_view bytes, const std::vector<std::size_t>& shape, std::size_t width) {
  std::vector<std::size_t> stride(shape.size(), width);
  for (std::size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * shape[d - 1];
  std::string ordered;
  ordered.reserve(bytes.size());
  std::vector<std::size_t> index(shape.size(), 0);
  while (ordered.size() < bytes.size()) {
    std::size_t from = 0;
    for (std::size_t d = 0; d < shape.size(); ++d) from += index[d] * stride[d];
    ordered.append(bytes.substr(from, width));
    for (std::size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];) index[d] = 0;
  }
  return ordered;
}

}  // namespace

std::size_t NpyArray::size() const { return bytes.size() / type_of(*this).bytes; }

NpyArray npy_doubles(std::vector<std::size_t> shape, std::span<const double> values) {
  return {"<f8", std::move(shape),
          std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double))};
}

std::vector<double> doubles(const NpyArray& array) {
  const NpyType& type = type_of(array);
  std::vector<double> values(array.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = type.read(array.bytes.data() + i * type.bytes);
  return values;
}

std::string write_npy(const NpyArray& array) {
  std::string header = "{'descr': '" + array.type + "', 'fortran_order': False, 'shape': (";
  for (std::size_t extent : array.shape) header += std::to_string(extent) + ", ";
  header += "), }";
  constexpr std::size_t prefix = 10, alignment = 64;
  header.append((alignment - (prefix + header.size() + 1) % alignment) % alignment, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  return file + header + array.bytes;
}

NpyArray read_npy(std::string_view bytes, const std::string& name) {
  constexpr std::string_view magic("\x93NUMPY", 6);
  if (!bytes.starts_with(magic)) throw data_error(name + ": expected a numpy array, found other bytes");
  const auto byte = [&](std::size_t at) -> std::size_t { return static_cast<unsigned char>(bytes[at]); };
  const auto cut = [&] { return data_error(name + ": expected a whole numpy array, found its beginning"); };
  if (bytes.size() < 12) throw cut();
  if (byte(6) < 1 || byte(6) > 3)
    throw data_error(name + ": expected numpy's format 1 to 3, found " + std::to_string(byte(6)));
  std::size_t length = byte(8) + (byte(9) << 8), begin = 10;
  if (byte(6) > 1) length += (byte(10) << 16) + (byte(11) << 24), begin = 12;
  if (length > bytes.size() - begin) throw cut();
  const NpyDictionary header(bytes.substr(begin, length), name);
  const NpyType* type = find_type(*header.type);
  if (!type) throw data_error(name + ": expected a number's type such as <f8 or |u1, found " + *header.type);
  const std::string_view data = bytes.substr(begin + length);
  if (product_of(*header.shape, type->bytes) != data.size())
    throw data_error(name + ": expected as many elements as the shape says, found " +
                     std::to_string(data.size()) + " bytes");
  return {*header.type, *header.shape,
          *header.fortran ? from_fortran(data, *header.shape, type->bytes) : std::string(data)};
}

std::string pack_array(const NpyArray& array) { return base64_encoded(zlib_encoded(write_npy(array))); }

NpyArray unpack_array(std::string_view text, std::size_t most, const std::string& name) {
  // The header of an array is short; its bytes are the shape's.
  constexpr std::size_t header = 1024;
  const auto packed = base64_decoded(text);
  if (!packed) throw data_error(name + ": expected base64, found other characters or a text that was cut");
  const auto bytes = zlib_decoded(*packed, most + header);
  if (!bytes)
    throw data_error(name + ": expected a zlib stream of at most " + std::to_string(most) +
                     " bytes, found a damaged or longer one");
  return read_npy(*bytes, name);
}

}  // namespace qmtl
