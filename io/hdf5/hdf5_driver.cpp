// SPDX-License-Identifier: Apache-2.0
// HDF5 writing to a file of ours. Its own drivers report a full disk unreliably (a close can succeed although
// the data never arrived) and crash where closing fails; this one fails never: the file keeps its first
// failure, and write_file throws it.
#include <hdf5.h>
#if __has_include(<H5FDdevelop.h>)
#include <H5FDdevelop.h>
#endif

#include <cstddef>
#include <span>

#include "io/files/atomic_file.h"
#include "io/hdf5/hdf5_handle.h"

namespace qmtl::hdf5 {
namespace {

/// What the library knows of an open file: its own fields first.
struct Driven {
  H5FD_t library;
  GrowingFile* file;
  haddr_t allocated, end;
};

Driven& driven(H5FD_t* file) { return *reinterpret_cast<Driven*>(file); }
const Driven& driven(const H5FD_t* file) { return *reinterpret_cast<const Driven*>(file); }

H5FD_t* open_file(const char*, unsigned, hid_t access, haddr_t) {
  GrowingFile* const* file = static_cast<GrowingFile* const*>(H5Pget_driver_info(access));
  return file ? reinterpret_cast<H5FD_t*>(new Driven{{}, *file, 0, 0}) : nullptr;
}

herr_t close_file(H5FD_t* file) {
  delete &driven(file);
  return 0;
}

herr_t query(const H5FD_t*, unsigned long* flags) {
  if (flags)
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t allocated(const H5FD_t* file, H5FD_mem_t) { return driven(file).allocated; }
haddr_t end(const H5FD_t* file, H5FD_mem_t) { return driven(file).end; }

herr_t set_allocated(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  driven(file).allocated = address;
  return 0;
}

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, std::size_t size, void* bytes) {
  driven(file).file->read(at, {static_cast<std::byte*>(bytes), size});
  return 0;
}

herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, std::size_t size, const void* bytes) {
  Driven& to = driven(file);
  to.file->write(at, {static_cast<const std::byte*>(bytes), size});
  if (at + size > to.end) to.end = at + size;
  return 0;
}

herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
  Driven& to = driven(file);
  if (to.end != to.allocated) to.file->resize(to.allocated);
  to.end = to.allocated;
  return 0;
}

hid_t driver() {
  static const hid_t registered = [] {
    H5FD_class_t own{};
#if H5_VERSION_GE(1, 13, 0)
    own.version = H5FD_CLASS_VERSION;
    own.value = static_cast<H5FD_class_value_t>(600);  // from the range for own use
#endif
    own.name = "growing file";
    own.maxaddr = HADDR_MAX >> 1;
    own.fc_degree = H5F_CLOSE_WEAK;
    own.fapl_size = sizeof(GrowingFile*);
    own.open = open_file;
    own.close = close_file;
    own.query = query;
    own.get_eoa = allocated;
    own.set_eoa = set_allocated;
    own.get_eof = end;
    own.read = read;
    own.write = write;
    own.truncate = truncate;
    const H5FD_mem_t lists[] = H5FD_FLMAP_DICHOTOMY;
    for (std::size_t i = 0; i < std::size(lists); ++i) own.fl_map[i] = lists[i];
    return H5FDregister(&own);
  }();
  return registered;
}

}  // namespace

void write_through(std::int64_t access, GrowingFile& file, const std::string& label) {
  GrowingFile* pointer = &file;
  if (driver() < 0 || H5Pset_driver(access, driver(), &pointer) < 0) fail(label, "", "prepare writing");
}

}  // namespace qmtl::hdf5
