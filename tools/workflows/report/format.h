// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace qmtl::report {

// Numbers as the report shows them. NaN and infinity are "–": undefined.

std::string number(double value);       ///< four significant digits, thousands separated: "0.01234", "12,340"
std::string count(std::int64_t value);  ///< "12,345"
std::string fixed(double value, int decimals);  ///< with so many decimals
std::string score(double value);                ///< a metric: four decimals below 10, fewer above
/// "0.9312 ± 0.0041"; without a deviation (one run, NaN) the mean alone.
std::string score_with_deviation(double mean, double deviation);
std::string signed_score(double value);  ///< score() with its sign: "+0.0123"
std::string probability(double p);       ///< "0.031", "< 0.001"
std::string duration(double seconds);    ///< "3.2 ms", "12.3 s", "4 min 10 s"
std::string moment(double since_1970);   ///< seconds: "2025-01-31 12:00:05 UTC"
std::string bytes(double value);         ///< "1.5 MB", powers of 1000

}  // namespace qmtl::report
