// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <filesystem>
#include <vector>

#include "io/hdf5/hdf5_handle.h"
#include "runtime/base/error.h"

namespace qmtl::hdf5 {
namespace {

namespace fs = std::filesystem;

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

void require_filters(hid_t creation, const std::string& path, const std::string& object) {
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

void require_sources(hid_t creation, const std::string& path, const std::string& object) {
  if (H5Pget_layout(creation) != H5D_VIRTUAL) return;
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  if (access < 0 || H5Pset_file_locking(access, false, true) < 0) fail(path, object, "prepare reading");
  std::size_t count = 0;
  if (H5Pget_virtual_count(creation, &count) < 0) fail(path, object, "describe dataset");
  for (std::size_t i = 0; i < count; ++i) {
    const auto text = [&](auto get) {
      const ssize_t size = get(creation, i, nullptr, 0);
      std::string value(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
      if (size > 0) get(creation, i, value.data(), value.size() + 1);
      return value;
    };
    const std::string file = text(H5Pget_virtual_filename), source = text(H5Pget_virtual_dsetname);
    if (file == "." || file.find('%') != std::string::npos) continue;
    const fs::path beside = fs::path(path).parent_path() / file;
    std::error_code error;
    const bool found = fs::exists(beside, error) || (fs::path(file).is_absolute() && fs::exists(file, error));
    const std::string message =
        path + ": dataset " + object + " is virtual, and its source " + source + " in " + file;
    if (!found)
      throw data_error(
          message + " is not there (looked for " + beside.string() +
          "); HDF5 would read fill values instead: put the file there, or copy the data into one file");
    const Handle opened(
        H5Fopen((fs::exists(beside, error) ? beside : fs::path(file)).c_str(), H5F_ACC_RDONLY, access),
        H5Fclose);
    if (opened < 0 || H5Lexists(opened, source.c_str(), H5P_DEFAULT) <= 0) {
      H5Eclear2(H5E_DEFAULT);
      throw data_error(message + (opened < 0 ? " cannot be opened" : " does not exist") +
                       "; HDF5 would read fill values instead: restore it, or copy the data into one file");
    }
  }
}

}  // namespace

void require_readable(hid_t dataset, const std::string& path, const std::string& object) {
  const Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  if (creation < 0) fail(path, object, "describe dataset");
  require_filters(creation, path, object);
  require_sources(creation, path, object);
}

void require_link_target(hid_t file, const std::string& path, const std::string& object) {
  // The first link on the way that leads into another file.
  for (std::size_t at = 1; at != std::string::npos;) {
    at = object.find('/', at + 1);
    const std::string part = object.substr(0, at);
    H5L_info_t info;
    if (H5Lget_info(file, part.c_str(), &info, H5P_DEFAULT) < 0) break;
    if (info.type != H5L_TYPE_EXTERNAL) continue;
    std::vector<char> value(info.u.val_size + 1, '\0');
    const char* target_file = nullptr;
    const char* target = nullptr;
    unsigned flags = 0;
    if (H5Lget_val(file, part.c_str(), value.data(), info.u.val_size, H5P_DEFAULT) < 0 ||
        H5Lunpack_elink_val(value.data(), info.u.val_size, &flags, &target_file, &target) < 0)
      break;
    H5Eclear2(H5E_DEFAULT);
    throw data_error(path + ": " + part + " is a link to " + target + " in " + target_file +
                     ", which is not there (looked for " +
                     (fs::path(path).parent_path() / target_file).string() +
                     "); put that file there, or copy the data into one file");
  }
  H5Eclear2(H5E_DEFAULT);
}

std::string File::described_type(const std::string& dataset) const {
  const Handle data(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), H5Dclose);
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
