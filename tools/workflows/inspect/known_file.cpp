// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/inspect/known_file.h"

#include "io/data/dataset.h"
#include "io/hdf5/hdf5.h"
#include "runtime/base/error.h"
#include "tools/workflows/training/load.h"

namespace qmtl {

KnownFile read_known_file(const std::string& path) {
  if (is_edge_file(path)) return {path, read_edge(path)};
  const std::string file = checkpoint_file(path);
  // The root attribute that tells the project's files apart.
  const std::string format = hdf5::File::open(file).string_attribute("/", "format").value_or("");
  if (format == "qmtl-dataset") return {file, read_dataset(file)};
  if (format == "qmtl-checkpoint") return {file, read_checkpoint(file)};
  throw data_error(file +
                   ": expected the root attribute format = \"qmtl-dataset\" or \"qmtl-checkpoint\", found " +
                   (format.empty() ? "none" : "\"" + format + "\"") + "; `qmtl import` makes data sets");
}

}  // namespace qmtl
