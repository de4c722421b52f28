// SPDX-License-Identifier: Apache-2.0
#include "io/sources/array_file.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>

#include "io/hdf5/hdf5.h"
#include "io/sources/file_kind.h"
#include "io/sources/inflate.h"
#include "io/sources/npz.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

template <class T>
void keep_bytes(ArrayFile& array, ElementKind kind, const std::vector<T>& values) {
  static_assert(std::endian::native == std::endian::little);
  array.type = {kind, sizeof(T), false};
  array.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

bool starts_as_matlab(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char begin[10] = {};
  return file.read(begin, sizeof begin) && std::string_view(begin, sizeof begin) == "MATLAB 7.3";
}

/// MATLAB writes its arrays, whose first axis runs fastest, with the axes in reverse.
void reverse_axes(ArrayFile& array) {
  if (array.shape.size() < 2 || !array.texts.empty()) return;
  const std::vector<std::size_t> shape(array.shape.rbegin(), array.shape.rend());
  std::size_t elements = 1;
  for (std::size_t extent : shape) elements *= extent;
  std::string bytes(array.bytes.size(), '\0');
  std::vector<std::size_t> index(shape.size(), 0);
  for (std::size_t to = 0; to < elements; ++to) {
    std::size_t from = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) from = from * shape[axis] + index[axis];
    std::memcpy(bytes.data() + to * array.type.bytes, array.bytes.data() + from * array.type.bytes,
                array.type.bytes);
    for (std::size_t axis = shape.size(); axis-- > 0 && ++index[axis] == shape[axis];) index[axis] = 0;
  }
  array.shape = shape;
  array.bytes = std::move(bytes);
  array.note = "a MATLAB file; its axes are in MATLAB's order, " + hdf5::text(shape);
}

ArrayFile read_hdf5(const std::string& path, const std::string& dataset,
                    const std::vector<std::string>& folders) {
  if (dataset.empty())
    throw data_error(path + ": expected a key dataset = \"/path/in/the/file\" beside file, found none: the " +
                     "file is HDF5");
  const hdf5::File file = hdf5::File::open(path, folders);
  const std::string object = dataset.starts_with('/') ? dataset : "/" + dataset;
  if (!file.exists(object)) throw data_error(path + ": expected the dataset " + object + ", found none");
  const hdf5::Info info = file.info(object);
  ArrayFile array;
  array.file = path + ", " + object;
  array.shape = info.shape;
  if (array.shape.empty())
    throw data_error(array.file + ": expected one entry per sample, found a single value");
  using hdf5::Type;
  switch (info.type) {
    case Type::string:
      array.texts = file.read_strings(object);
      break;
    case Type::int8:
      keep_bytes(array, ElementKind::signed_integer, file.read<std::int8_t>(object));
      break;
    case Type::int16:
    case Type::int32:
      keep_bytes(array, ElementKind::signed_integer, file.read<std::int32_t>(object));
      break;
    case Type::int64:
      keep_bytes(array, ElementKind::signed_integer, file.read<std::int64_t>(object));
      break;
    case Type::boolean:
    case Type::uint8:
      keep_bytes(array, ElementKind::unsigned_integer, file.read<std::uint8_t>(object));
      break;
    case Type::uint16:
    case Type::uint32:
      keep_bytes(array, ElementKind::signed_integer, file.read<std::int64_t>(object));
      break;
    case Type::uint64:
      keep_bytes(array, ElementKind::unsigned_integer, file.read<std::uint64_t>(object));
      break;
    case Type::float64:
      keep_bytes(array, ElementKind::floating, file.read<double>(object));
      break;
    case Type::float16:
    case Type::float32:
      keep_bytes(array, ElementKind::floating, file.read<float>(object));
      break;
    case Type::other:
      throw data_error(array.file + ": expected numbers or texts, found " + file.described_type(object));
  }
  if (starts_as_matlab(path)) reverse_axes(array);
  return array;
}

/// A whole number as text, exact whatever its size.
std::string integer_text(const char* at, ElementType type) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < type.bytes; ++i)
    bits = bits << 8 | static_cast<unsigned char>(at[type.big_endian ? i : type.bytes - 1 - i]);
  if (type.kind == ElementKind::unsigned_integer) return std::to_string(bits);
  const auto unused = static_cast<int>(64 - 8 * type.bytes);
  return std::to_string(static_cast<std::int64_t>(bits << unused) >> unused);
}

}  // namespace

std::size_t ArrayFile::width() const {
  std::size_t product = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) product *= shape[i];
  return product;
}

std::string ArrayFile::text(std::size_t element) const {
  if (!texts.empty()) return texts[element];
  // Integers of 64 bits are more exact than a double.
  if (type.kind != ElementKind::floating)
    return integer_text(bytes.data() + first + element * type.bytes, type);
  const double number = value(element);
  if (std::isnan(number)) return "";
  char digits[400];
  const auto end = number == std::floor(number) && std::abs(number) < 9e15
                       ? std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(number)).ptr
                       : std::to_chars(digits, digits + sizeof digits, number).ptr;
  return {digits, end};
}

void require_array_bytes(const ArrayFile& array) {
  const std::size_t held = array.bytes.size() - array.first;
  std::size_t needed = array.type.bytes;
  for (std::size_t extent : array.shape) {
    // More than the file has is wrong already; stopping there keeps the product from overflowing.
    if (extent != 0 && needed > held / extent + 1) {
      needed = held + 1;
      break;
    }
    needed *= extent;
  }
  if (needed != held)
    throw data_error(array.file + ": its header announces the shape " + hdf5::text(array.shape) + " of " +
                     std::to_string(array.type.bytes) + "-byte elements, but " + std::to_string(held) +
                     " bytes follow; the file is truncated or damaged, fetch or save it again");
  if (array.shape.empty())
    throw data_error(array.file + ": expected one entry per sample, found a single value");
}

ArrayFile read_array(const std::string& path, const std::string& dataset,
                     const std::vector<std::string>& folders) {
  if (is_hdf5_file(path)) return read_hdf5(path, dataset, folders);
  std::string bytes = inflate_file(path, "an array (NPY, NPZ, IDX or HDF5)");
  if (!folders.empty())
    throw data_error(
        path + ": expected an HDF5 file, because the key external_folders is given, found another kind");
  if (is_zip(bytes))
    return parse_npy(npz_member(bytes, dataset, path), dataset.empty() ? path : path + ", " + dataset);
  if (!dataset.empty())
    throw data_error(path + ": expected an HDF5 file, because the key dataset is given, found another kind");
  if (bytes.starts_with("\x93NUMPY")) return parse_npy(std::move(bytes), path);
  if (bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0) return parse_idx(std::move(bytes), path);
  throw data_error(path + ": expected an array in NPY, IDX or HDF5 format, found " +
                   (bytes.empty()                     ? "an empty file"
                    : kind_of_no_table(bytes).empty() ? "another kind of file"
                                                      : kind_of_no_table(bytes)));
}

}  // namespace qmtl
