// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace qmtl {

/// Does the text begin as Weka's attribute-relation file format does: comments, then @relation or @attribute?
bool is_arff(std::string_view text);

/// The rows of an ARFF file (dense or sparse) as CSV whose header names the attributes: line N of the one is
/// line N of the other, an unquoted ? is an empty cell. Throws Error (data) with file and line.
/// Source: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
std::string arff_as_csv(std::string_view text, const std::string& path);

}  // namespace qmtl
