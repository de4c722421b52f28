// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/wire_tensor.h"

#include <array>
#include <bit>
#include <optional>

#include "hardware/http/text_codes.h"
#include "runtime/base/error.h"
#include "runtime/base/npy.h"

namespace qmtl {
namespace {

struct TensorType {
  std::string_view name;
  std::size_t bits;      ///< of one element
  std::string_view npy;  ///< numpy's name of it, "" if an element is no single number
};
constexpr std::array<TensorType, 14> tensor_types{{{"bool", 1, ""},
                                                   {"f16", 16, "<f2"},
                                                   {"f32", 32, "<f4"},
                                                   {"f64", 64, "<f8"},
                                                   {"i8", 8, "|i1"},
                                                   {"i16", 16, "<i2"},
                                                   {"i32", 32, "<i4"},
                                                   {"i64", 64, "<i8"},
                                                   {"u8", 8, "|u1"},
                                                   {"u16", 16, "<u2"},
                                                   {"u32", 32, "<u4"},
                                                   {"u64", 64, "<u8"},
                                                   {"c64", 64, ""},
                                                   {"c128", 128, ""}}};
static_assert(std::endian::native == std::endian::little, "tensors are little-endian");

const TensorType* type_named(std::string_view name) {
  for (const TensorType& type : tensor_types)
    if (type.name == name) return &type;
  return nullptr;
}

std::size_t bytes_of(std::size_t elements, const TensorType& type) { return (elements * type.bits + 7) / 8; }

std::vector<std::size_t> read_shape(const SortedJsonField& field, std::size_t most_elements) {
  constexpr std::size_t most_axes = 32;  // numpy's
  const auto entries = field.list();
  if (entries.size() > most_axes) field.wrong("at most 32 axes");
  std::vector<std::size_t> shape;
  std::size_t elements = 1;
  for (const SortedJsonField& entry : entries) {
    shape.push_back(static_cast<std::size_t>(entry.integer(0, static_cast<std::int64_t>(most_elements))));
    // An axis of no elements hides those beside it from this product: each alone is bounded above.
    if (shape.back() != 0 && elements > most_elements / shape.back())
      field.wrong("a tensor of at most " + std::to_string(most_elements) + " elements", "more");
    elements *= shape.back();
  }
  return shape;
}

}  // namespace

std::size_t WireTensor::size() const {
  std::size_t elements = 1;
  for (std::size_t axis : shape) elements *= axis;
  return elements;
}

WireTensor tensor_of_doubles(std::vector<std::size_t> shape, std::span<const double> values) {
  NpyArray array = npy_doubles(std::move(shape), values);
  return {"f64", std::move(array.shape), std::move(array.bytes)};
}

WireTensor tensor_of_bits(std::vector<std::size_t> shape) {
  WireTensor tensor{"bool", std::move(shape), {}};
  tensor.bytes.assign((tensor.size() + 7) / 8, '\0');
  return tensor;
}

void set_bit(WireTensor& tensor, std::size_t i) {
  char& byte = tensor.bytes[i / 8];
  byte = static_cast<char>(static_cast<unsigned char>(byte) | 1u << (i % 8));
}

std::vector<double> doubles(const WireTensor& tensor) {
  std::vector<double> values(tensor.size());
  const TensorType* const type = type_named(tensor.dtype);
  if (tensor.dtype == "bool") {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = tensor.bit(i) ? 1.0 : 0.0;
    return values;
  }
  const auto element = type ? npy_element(type->npy) : std::nullopt;
  if (!element) throw data_error("expected a tensor of real numbers, found the type " + tensor.dtype);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = element_value(tensor.bytes.data() + i * element->bytes, *element);
  return values;
}

std::string pack_tensor(const WireTensor& tensor) { return base64_encoded(zlib_encoded(tensor.bytes)); }

WireTensor read_tensor(const SortedJsonField& field, std::size_t most) {
  const SortedJsonField data = field.at("data"), dtype = field.at("dtype");
  const TensorType* const type = type_named(dtype.text());
  if (!type) dtype.wrong("bool, f64 or another type of tensors");
  WireTensor tensor{std::string(type->name), read_shape(field.at("shape"), most * 8 / type->bits), {}};
  const std::size_t expected = bytes_of(tensor.size(), *type);
  const auto packed = base64_decoded(data.text());
  if (!packed) data.wrong("base64", "other characters or a text that was cut");
  auto bytes = zlib_decoded(*packed, expected);
  if (!bytes || bytes->size() != expected)
    data.wrong("a zlib stream of the shape's " + std::to_string(expected) + " bytes",
               bytes ? std::to_string(bytes->size()) : "a damaged or longer one");
  tensor.bytes = std::move(*bytes);
  return tensor;
}

}  // namespace qmtl
