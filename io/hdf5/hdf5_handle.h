// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <utility>

#include "io/hdf5/hdf5.h"

/// Internals shared by the sources that call the HDF5 library.
namespace qmtl::hdf5 {

static_assert(sizeof(hid_t) == sizeof(std::int64_t));

/// Owns one library identifier. `closed()` closes it and checks; the destructor only releases.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }
  bool closed() { return close_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// The library's error stack as one line, outermost call first; empties the stack.
std::string error_stack();

/// Throws Error (data): "<path>: cannot <action> <object>: ...", with the error stack.
[[noreturn]] void fail(const std::string& path, const std::string& object, const std::string& action);

/// Makes files of these access properties write to `file`, which outlives them.
void write_through(std::int64_t access, GrowingFile& file, const std::string& label);

Type classify(hid_t type);

/// Throws Error (data) where a dataset has a filter that this library lacks, with its name.
void require_filters(hid_t dataset, const std::string& path, const std::string& object);

/// A fixed-length UTF-8 text type, or -1.
hid_t text_type(std::size_t length);

/// Fixed-length text up to its first NUL, without trailing spaces if those are the padding.
std::string fixed_text(const char* data, std::size_t size, H5T_str_t padding);

/// The library's type for a C++ type, in memory and in files.
template <class T>
struct Native;
template <>
struct Native<float> {
  static hid_t memory() { return H5T_NATIVE_FLOAT; }
  static hid_t file() { return H5T_IEEE_F32LE; }
};
template <>
struct Native<double> {
  static hid_t memory() { return H5T_NATIVE_DOUBLE; }
  static hid_t file() { return H5T_IEEE_F64LE; }
};
template <>
struct Native<std::uint8_t> {
  static hid_t memory() { return H5T_NATIVE_UINT8; }
  static hid_t file() { return H5T_STD_U8LE; }
};
template <>
struct Native<std::int8_t> {
  static hid_t memory() { return H5T_NATIVE_INT8; }
  static hid_t file() { return H5T_STD_I8LE; }
};
template <>
struct Native<std::int32_t> {
  static hid_t memory() { return H5T_NATIVE_INT32; }
  static hid_t file() { return H5T_STD_I32LE; }
};
template <>
struct Native<std::uint64_t> {
  static hid_t memory() { return H5T_NATIVE_UINT64; }
  static hid_t file() { return H5T_STD_U64LE; }
};
template <>
struct Native<std::int64_t> {
  static hid_t memory() { return H5T_NATIVE_INT64; }
  static hid_t file() { return H5T_STD_I64LE; }
};

}  // namespace qmtl::hdf5
