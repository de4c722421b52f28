// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace qmtl {

/// Are the cells of a table's first row names of columns?
enum class CsvHeader : std::uint8_t {
  no,
  yes,
  assumed,  ///< yes, because nothing was said: doubtful where all its cells are numbers
  guess,    ///< CsvDialect::is_header decides
};

}  // namespace qmtl
