// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/npy.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// The bits of an IEEE half as a double.
double from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  double value = 0;
  if (exponent == 31)
    value = fraction ? std::nan("") : INFINITY;
  else
    value = exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
  return bits >> 15 ? -value : value;
}

ElementType element_of(const NpyArray& array) {
  const auto type = npy_element(array.type);
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
        type = type_name();
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
    if (!type) refuse("no descr");
    if (!fortran) refuse("no fortran_order");
    if (!shape) refuse("no shape");
    if (at_ != text_.size()) refuse("more behind the dictionary");
  }

  std::optional<std::string> type;
  std::optional<bool> fortran;
  std::optional<std::vector<std::size_t>> shape;

 private:
  [[noreturn]] void refuse(const std::string& found) const {
    throw data_error(name_ + ": the header of the NPY array is damaged: expected descr, fortran_order and " +
                     "shape, found " + found + "; save the array again");
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
  std::string type_name() {
    skip();
    if (text_.substr(at_).starts_with('['))
      throw data_error(name_ + ": its elements have the type " + std::string(text_.substr(at_, 20)) +
                       "; expected numbers: save each field as an array of its own");
    return quoted();
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

double element_value(const char* at, ElementType type) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < type.bytes; ++i)
    bits |= std::uint64_t{static_cast<unsigned char>(at[i])}
            << 8 * (type.big_endian ? type.bytes - 1 - i : i);
  if (type.kind == ElementKind::unsigned_integer) return static_cast<double>(bits);
  if (type.kind == ElementKind::signed_integer) {
    const auto unused = static_cast<int>(64 - 8 * type.bytes);
    return static_cast<double>(static_cast<std::int64_t>(bits << unused) >> unused);
  }
  if (type.bytes == 2) return from_half(static_cast<std::uint16_t>(bits));
  if (type.bytes == 4) return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  return std::bit_cast<double>(bits);
}

std::optional<ElementType> npy_element(std::string_view type) {
  constexpr std::string_view known[] = {"f2", "f4", "f8", "u1", "u2", "u4",
                                        "u8", "i1", "i2", "i4", "i8", "b1"};
  if (type.size() != 3 || std::string_view("<>|=").find(type[0]) == std::string_view::npos) return {};
  for (std::string_view name : known) {
    if (type.substr(1) != name) continue;
    const ElementKind kind = name[0] == 'f'   ? ElementKind::floating
                             : name[0] == 'i' ? ElementKind::signed_integer
                                              : ElementKind::unsigned_integer;
    const auto bytes = static_cast<std::size_t>(name[1] - '0');
    return ElementType{kind, bytes, type[0] == '>' && bytes > 1};
  }
  return {};
}

std::size_t NpyArray::size() const { return bytes.size() / element_of(*this).bytes; }

NpyArray npy_doubles(std::vector<std::size_t> shape, std::span<const double> values) {
  static_assert(std::endian::native == std::endian::little, "elements are copied as they are");
  return {"<f8", std::move(shape),
          std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double))};
}

std::vector<double> doubles(const NpyArray& array) {
  const ElementType type = element_of(array);
  std::vector<double> values(array.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = element_value(array.bytes.data() + i * type.bytes, type);
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

NpyHeader read_npy_header(std::string_view bytes, const std::string& name) {
  constexpr std::string_view magic("\x93NUMPY", 6);
  if (!bytes.starts_with(magic)) throw data_error(name + ": expected a numpy array, found other bytes");
  const auto byte = [&](std::size_t at) -> std::size_t { return static_cast<unsigned char>(bytes[at]); };
  const auto cut = [&] {
    return data_error(name + ": the NPY array ends within its header; it is truncated, save it again");
  };
  if (bytes.size() < 12) throw cut();
  const std::size_t version = byte(6);
  if (version < 1 || version > 3)
    throw data_error(name + ": expected NPY version 1 to 3, found " + std::to_string(version));
  std::size_t length = byte(8) + (byte(9) << 8), begin = 10;
  if (version > 1) length += (byte(10) << 16) + (byte(11) << 24), begin = 12;
  if (length > bytes.size() - begin) throw cut();
  NpyDictionary header(bytes.substr(begin, length), name);
  return {std::move(*header.type), *header.fortran, std::move(*header.shape), begin + length};
}

NpyArray read_npy(std::string_view bytes, const std::string& name) {
  NpyHeader header = read_npy_header(bytes, name);
  const auto type = npy_element(header.type);
  if (!type || type->big_endian)
    throw data_error(name + ": expected a number's type such as <f8 or |u1, found " + header.type);
  const std::string_view data = bytes.substr(header.first);
  if (product_of(header.shape, type->bytes) != data.size())
    throw data_error(name + ": expected as many elements as the shape says, found " +
                     std::to_string(data.size()) + " bytes");
  std::string ordered = header.fortran ? from_fortran(data, header.shape, type->bytes) : std::string(data);
  return {std::move(header.type), std::move(header.shape), std::move(ordered)};
}

}  // namespace qmtl
