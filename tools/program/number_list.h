// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace qmtl {

/// The numbers from `least` to `most` of an option like 64,256,1024, in their order, one at least. Throws
/// Error (usage) naming the option and the part that is none.
template <class Number>
std::vector<Number> number_list(const std::string& option, const std::string& text, double least,
                                double most) {
  std::vector<Number> numbers;
  for (const std::string& part : split(text, ',')) {
    std::istringstream one(part);
    double value = 0;
    if (!(one >> value) || !one.eof() || !(value >= least && value <= most) ||
        value != static_cast<double>(static_cast<Number>(value)))
      throw usage_error("--" + option + ": expected numbers from " + significant(least, 6) + " to " +
                        significant(most, 6) + " with commas between them, found '" + part + "'");
    numbers.push_back(static_cast<Number>(value));
  }
  return numbers;
}

}  // namespace qmtl
