// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "io/runs/checkpoint.h"
#include "runtime/model/data.h"
#include "runtime/train/learner.h"
#include "tools/workflows/export/export.h"

namespace qmtl {

/// A trained model that is to be written in another form.
struct ExportSource {
  const Checkpoint& checkpoint;
  const Learner& learner;  ///< with the checkpoint's parameters bound, on `data`
  const Dataset& data;
  std::vector<std::size_t> rows;  ///< samples for checks and bound programs
  const ExportRequest& asked;
};

/// The rows, each in the file with what writes it. A new form is its file and its name in these two lists.
extern const ExportFormat qasm3_format, isa_format, qasm2_format, ionq_format, circuit_format, edge_format,
    c_format, onnx_format;
inline constexpr const ExportFormat* format_table[] = {
    &qasm3_format, &isa_format, &qasm2_format, &ionq_format, &circuit_format, &edge_format, &c_format,
#ifdef QMTL_ONNX
    &onnx_format,
#endif
};

}  // namespace qmtl
