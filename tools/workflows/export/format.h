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

// What writes each form; table.cpp holds their rows.
nlohmann::ordered_json export_qasm3(const ExportSource& source);
nlohmann::ordered_json export_isa(const ExportSource& source);
nlohmann::ordered_json export_qasm2(const ExportSource& source);
nlohmann::ordered_json export_ionq(const ExportSource& source);
nlohmann::ordered_json export_by_hand(const ExportSource& source);
nlohmann::ordered_json export_edge(const ExportSource& source);
nlohmann::ordered_json export_c(const ExportSource& source);
nlohmann::ordered_json export_onnx(const ExportSource& source);

}  // namespace qmtl
