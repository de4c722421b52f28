// SPDX-License-Identifier: Apache-2.0
#include "io/data/array_file.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "io/data/inflate.h"
#include "io/hdf5/hdf5.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

template <class T>
void keep_bytes(ArrayFile& array, const std::vector<T>& values) {
  static_assert(std::endian::native == std::endian::little);
  array.type.bytes = sizeof(T);
  array.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

ArrayFile read_hdf5(const std::string& path, const std::string& dataset) {
  if (dataset.empty())
    throw data_error(path + ": expected a key dataset = \"/path/in/the/file\" beside file, found none: the " +
                     "file is HDF5");
  const hdf5::File file = hdf5::File::open(path);
  const std::string object = dataset.starts_with('/') ? dataset : "/" + dataset;
  if (!file.exists(object)) throw data_error(path + ": expected the dataset " + object + ", found none");
  const hdf5::Info info = file.info(object);
  ArrayFile array;
  array.file = path + ", " + object;
  array.shape = info.shape;
  if (array.shape.empty())
    throw data_error(array.file + ": expected one entry per sample, found a single value");
  using hdf5::Type;
  if (info.type == Type::string) {
    array.texts = file.read_strings(object);
  } else if (info.type == Type::int8 || info.type == Type::int32 || info.type == Type::int64) {
    array.type.kind = ElementKind::signed_integer;
    if (info.type == Type::int8)
      keep_bytes(array, file.read<std::int8_t>(object));
    else if (info.type == Type::int32)
      keep_bytes(array, file.read<std::int32_t>(object));
    else
      keep_bytes(array, file.read<std::int64_t>(object));
  } else if (info.type == Type::uint8) {
    array.type.kind = ElementKind::unsigned_integer;
    keep_bytes(array, file.read<std::uint8_t>(object));
  } else if (info.type == Type::float64) {
    keep_bytes(array, file.read<double>(object));
  } else {
    keep_bytes(array, file.read<float>(object));
  }
  return array;
}

bool starts_as_hdf5(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[4] = {};
  return file.read(magic, 4) && std::memcmp(magic, "\x89HDF", 4) == 0;
}

}  // namespace

std::size_t ArrayFile::width() const {
  std::size_t product = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) product *= shape[i];
  return product;
}

std::string ArrayFile::text(std::size_t element) const {
  if (!texts.empty()) return texts[element];
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

ArrayFile read_array(const std::string& path, const std::string& dataset) {
  if (starts_as_hdf5(path)) return read_hdf5(path, dataset);
  std::string bytes = inflate_file(path, "an array (NPY, IDX or HDF5)");
  if (!dataset.empty())
    throw data_error(path + ": expected an HDF5 file, because the key dataset is given, found another kind");
  if (bytes.starts_with("\x93NUMPY")) return parse_npy(std::move(bytes), path);
  if (bytes.starts_with("PK\x03\x04"))
    throw data_error(path +
                     ": expected one array, found an archive (.npz or .zip); save each array by itself with "
                     "numpy.save");
  if (bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0) return parse_idx(std::move(bytes), path);
  throw data_error(path + ": expected an array in NPY, IDX or HDF5 format, found " +
                   (bytes.empty() ? "an empty file" : "another kind of file"));
}

}  // namespace qmtl
