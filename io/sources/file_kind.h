// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace qmtl {

/// Is the file HDF5, by its signature, which may stand behind a user block of 512, 1024, ... bytes? False for
/// a file that cannot be read.
bool is_hdf5_file(const std::string& path);

/// Is the file an array: NPY, NPZ or IDX, also gzip-compressed, or HDF5? Told by its first bytes; false for a
/// file that cannot be read.
bool is_array_file(const std::string& path);
/// Is it a PNG, JPEG, PGM or PPM?
bool is_picture_file(const std::string& path);

/// What a file's bytes are where they are no table of texts, and the way out ("a Parquet file; ..."); ""
/// where they may be one.
std::string kind_of_no_table(std::string_view bytes);

}  // namespace qmtl
