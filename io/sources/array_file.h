// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/base/npy.h"

namespace qmtl {

/// An array from a file, its elements as they were stored.
struct ArrayFile {
  std::string file;
  std::vector<std::size_t> shape;  ///< row-major; at least one extent, the first counts samples
  ElementType type;
  std::string bytes;  ///< the elements begin at `first`
  std::size_t first = 0;
  std::vector<std::string> texts;  ///< instead of the elements where the file holds strings
  std::string text_type;           ///< numpy's type of these
  std::string note;                ///< what was done to the file's array

  std::size_t samples() const { return shape[0]; }
  std::size_t width() const;  ///< elements of one sample
  double value(std::size_t element) const {
    return element_value(bytes.data() + first + element * type.bytes, type);
  }
  /// An element as text: whole numbers without a point, NaN as the empty text.
  std::string text(std::size_t element) const;
};

/// Reads an array that the content of the file tells: NPY (version 1 to 3, little-endian, C order), IDX, the
/// array `dataset` of an NPZ archive (not needed where there is one), or the HDF5 dataset `dataset`; NPY and
/// IDX may be gzip-compressed. A MATLAB 7.3 file has its axes in MATLAB's order. `folders` are those from
/// which an HDF5 file's external and virtual data may be read besides its own. Throws Error (data) that names
/// the file, what was expected, what was found and the way out.
ArrayFile read_array(const std::string& path, const std::string& dataset,
                     const std::vector<std::string>& folders = {});

/// The two formats of one array, from a file's bytes. `path` is for messages.
ArrayFile parse_npy(std::string bytes, const std::string& path);
ArrayFile parse_idx(std::string bytes, const std::string& path);

/// Checks that as many bytes follow `array.first` as the shape needs. Throws Error (data).
void require_array_bytes(const ArrayFile& array);

}  // namespace qmtl
