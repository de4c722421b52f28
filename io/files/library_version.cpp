// SPDX-License-Identifier: Apache-2.0
#include "io/files/library_version.h"

#include <hdf5.h>

namespace qmtl {

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  if (H5get_libversion(&major, &minor, &release) < 0) return "HDF5 of unknown version";
  return "HDF5 " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
}

}  // namespace qmtl
