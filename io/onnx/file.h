// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "io/runs/checkpoint.h"

namespace qmtl {

/// What a written ONNX file holds.
struct OnnxSummary {
  struct Value {
    std::string name;
    std::vector<std::size_t> shape;  ///< of a sample
  };
  std::vector<Value> inputs, outputs;
  std::size_t nodes = 0;
  std::size_t constant_bytes = 0;
  std::size_t file_bytes = 0;
};

inline constexpr int onnx_ir_version = 8, onnx_opset = 13;

/// Throws Error (usage) for a model that write_onnx refuses; it need not be trained.
void check_onnx(const TrainedModel& model);

/// Saves the whole model as an ONNX graph of plain operators (io/FORMATS.md): one input per named input, one
/// output per task, a free batch. The file is read back and has passed ONNX's own checker and strict shape
/// inference before it takes its name. Throws Error (usage) for a circuit that is too large, Error (data) if
/// the file cannot be written.
OnnxSummary write_onnx(const std::string& path, const Checkpoint& checkpoint);

}  // namespace qmtl
