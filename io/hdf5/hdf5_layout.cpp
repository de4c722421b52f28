// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <vector>

#include "io/hdf5/hdf5_handle.h"
#include "runtime/base/error.h"

namespace qmtl::hdf5 {
namespace {

/// Registered filters that libraries without plugins lack
/// (https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md).
std::string filter_name(H5Z_filter_t filter, const std::string& own) {
  switch (filter) {
    case H5Z_FILTER_SZIP:
      return "szip";
    case 307:
      return "bzip2";
    case 32000:
      return "lzf";
    case 32001:
      return "blosc";
    case 32004:
      return "lz4";
    case 32008:
      return "bitshuffle";
    case 32013:
      return "zfp";
    case 32015:
      return "zstd";
    case 32026:
      return "blosc2";
    default:
      return own.empty() ? "number " + std::to_string(filter) : own;
  }
}

}  // namespace

void require_filters(hid_t dataset, const std::string& path, const std::string& object) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  if (creation < 0) fail(path, object, "describe dataset");
  const int filters = H5Pget_nfilters(creation);
  for (int i = 0; i < filters; ++i) {
    std::array<char, 64> own{};
    unsigned flags = 0, config = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values, nullptr,
                                               own.size() - 1, own.data(), &config);
    if (filter < 0 || H5Zfilter_avail(filter) > 0) continue;
    throw data_error(
        path + ": dataset " + object + " is compressed with the filter " + filter_name(filter, own.data()) +
        ", which this program's HDF5 library does not have; repack it " +
        "with gzip where it was made: file.create_dataset(name, data=array, compression='gzip') in h5py, " +
        "or h5repack -f GZIP=4 FILE NEW");
  }
}

std::string File::described_type(const std::string& dataset) const {
  const Place at = need(dataset, "a dataset");
  if (at.file != this) return at.file->described_type(at.object);
  const Handle data(open_dataset(at.object), H5Dclose);
  if (data < 0) fail(path_, dataset, "open dataset");
  const Handle type(H5Dget_type(data), H5Tclose);
  if (type < 0) fail(path_, dataset, "describe dataset");
  const std::string bits = std::to_string(8 * H5Tget_size(type)) + " bits";
  switch (H5Tget_class(type)) {
    case H5T_COMPOUND: {
      std::string members;
      const int count = H5Tget_nmembers(type);
      for (int i = 0; i < count && i < 20; ++i) {
        char* const member = H5Tget_member_name(type, static_cast<unsigned>(i));
        members += (i ? ", " : "") + std::string(member ? member : "?");
        H5free_memory(member);
      }
      return members == "r, i" ? "complex numbers; save real and imaginary part as arrays of their own"
                               : "a compound of " + members + "; save each member as an array of its own";
    }
    case H5T_ENUM:
      return "an enumeration; save its numbers, e.g. with array.astype('int32')";
    case H5T_REFERENCE:
      return "references (a cell array of MATLAB?); save the arrays themselves";
    case H5T_VLEN:
      return "rows of different lengths; save an array of one shape";
    case H5T_ARRAY:
      return "an array in each element; save it as one array with more axes";
    case H5T_BITFIELD:
      return "a bit field of " + bits + "; save it as integers";
    case H5T_OPAQUE:
      return "opaque bytes (dates?) of " + bits + "; save them as numbers or texts";
    case H5T_TIME:
      return "times; save them as numbers or texts";
    case H5T_FLOAT:
      return "floating numbers of " + bits + "; save them with array.astype('float64')";
    default:
      return "elements of another type, of " + bits + "; save them with array.astype('float64')";
  }
}

}  // namespace qmtl::hdf5
