// SPDX-License-Identifier: Apache-2.0
#include "qmtl/rows.h"

#include <string>

#include "runtime/base/error.h"

namespace qmtl {

std::size_t Rows::count() const {
  if (columns == 0 || values.size() % columns != 0)
    throw usage_error("expected rows of " + std::to_string(columns) + " columns, found " +
                      std::to_string(values.size()) + " numbers in all");
  return values.size() / columns;
}

}  // namespace qmtl
