// SPDX-License-Identifier: Apache-2.0
#include "io/hdf5/hdf5_handle.h"

#include <algorithm>
#include <new>
#include <vector>

#include "runtime/base/error.h"

namespace qmtl::hdf5 {

std::string error_stack() {
  std::vector<std::string> lines;
  const auto collect = [](unsigned, const H5E_error2_t* error, void* data) -> herr_t {
    auto& found = *static_cast<std::vector<std::string>*>(data);
    std::string line =
        std::string(error->func_name ? error->func_name : "?") + ": " + (error->desc ? error->desc : "?");
    std::replace(line.begin(), line.end(), '\n', ' ');
    found.push_back(std::move(line));
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, collect, &lines);
  H5Eclear2(H5E_DEFAULT);
  if (lines.empty()) return "no detail from the HDF5 library";
  std::string joined;
  for (const std::string& line : lines) joined += (joined.empty() ? "" : " < ") + line;
  return joined;
}

[[noreturn]] void fail(const std::string& path, const std::string& object, const std::string& action) {
  const std::string stack = error_stack();
  // Of the file's image, which is kept in memory until it is written; damaged files may claim sizes too.
  if (stack.find("unable to allocate memory block") != std::string::npos) throw std::bad_alloc();
  const bool damaged =
      stack.find("letcher32") != std::string::npos || stack.find("hecksum") != std::string::npos;
  throw data_error(
      path + ": cannot " + action + (object.empty() ? "" : " " + object) +
      (damaged ? ": a checksum does not match, so the file is damaged; restore it from a copy or make "
                 "it again"
               : ": the file is damaged or not of the expected form") +
      " (HDF5: " + stack + ")");
}

namespace {

/// An enumeration FALSE = 0, TRUE = 1 of bytes: numpy's bool as h5py writes it.
bool is_boolean(hid_t type) {
  signed char value = -1;
  const auto is = [&](const char* member, signed char number) {
    return H5Tenum_valueof(type, member, &value) >= 0 && value == number;
  };
  return H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2 && is("FALSE", 0) && is("TRUE", 1);
}

}  // namespace

Type classify(hid_t type) {
  const std::size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return size == 2 ? Type::float16 : size == 4 ? Type::float32 : size == 8 ? Type::float64 : Type::other;
    case H5T_INTEGER: {
      const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
      if (size == 1) return is_signed ? Type::int8 : Type::uint8;
      if (size == 2) return is_signed ? Type::int16 : Type::uint16;
      if (size == 4) return is_signed ? Type::int32 : Type::uint32;
      if (size == 8) return is_signed ? Type::int64 : Type::uint64;
      return Type::other;
    }
    case H5T_ENUM:
      return is_boolean(type) ? Type::boolean : Type::other;
    case H5T_STRING:
      return Type::string;
    default:
      return Type::other;
  }
}

/// Fixed-length text up to its first NUL (null-terminated and null-padded) without padding spaces of the
/// third kind.
std::string fixed_text(const char* data, std::size_t size, H5T_str_t padding) {
  std::size_t length = static_cast<std::size_t>(std::find(data, data + size, '\0') - data);
  if (padding == H5T_STR_SPACEPAD)
    while (length > 0 && data[length - 1] == ' ') --length;
  return std::string(data, length);
}

hid_t text_type(std::size_t length) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  if (type >= 0 && H5Tset_size(type, std::max<std::size_t>(1, length)) >= 0 &&
      H5Tset_cset(type, H5T_CSET_UTF8) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0)
    return type;
  if (type >= 0) H5Tclose(type);
  return -1;
}

}  // namespace qmtl::hdf5
