// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace qmtl {

/// The HDF5 library that runs, e.g. "HDF5 1.10.8".
std::string hdf5_version();

}  // namespace qmtl
