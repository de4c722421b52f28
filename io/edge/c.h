// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "io/edge/model.h"

namespace qmtl {

/// A model as C source: declarations and definitions.
struct EdgeSourceCode {
  std::string header, source;
};

/// C99 (and C++) that computes the same bits as the head file: the kernels it needs, parameters as constant
/// arrays, NAME_run and NAME_selftest. `name` prefixes every symbol. Throws Error (usage) if it is no C
/// identifier.
EdgeSourceCode generate_c(const EdgeModel& model, const std::string& name);

/// Writes `path`.h and `path`.c; the last part of the path is the name.
void write_c(const std::string& path, const EdgeModel& model);

}  // namespace qmtl
