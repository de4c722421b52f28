// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "io/edge/file.h"
#include "io/runs/checkpoint.h"
#include "runtime/model/data.h"

namespace qmtl {

/// A file of the project's, verified as a whole.
struct KnownFile {
  std::string path;  ///< of a run folder its best checkpoint
  std::variant<Dataset, Checkpoint, EdgeSummary> content;
};

/// Reads a data set, a checkpoint, a run folder's best checkpoint or a head file. Throws Error (data) for
/// anything else and for damage.
KnownFile read_known_file(const std::string& path);

}  // namespace qmtl
