// SPDX-License-Identifier: Apache-2.0
#include "io/onnx/file.h"
#include "tools/workflows/export/format.h"

namespace qmtl {
namespace {

nlohmann::ordered_json shapes(const std::vector<OnnxSummary::Value>& values) {
  nlohmann::ordered_json json;
  for (const OnnxSummary::Value& value : values) {
    nlohmann::ordered_json shape{"batch"};
    for (std::size_t extent : value.shape) shape.push_back(extent);
    json[value.name] = shape;
  }
  return json;
}

nlohmann::ordered_json export_onnx(const ExportSource& source) {
  const OnnxSummary summary = write_onnx(source.asked.out, source.checkpoint);
  nlohmann::ordered_json json;
  json["file"] = source.asked.out;
  json["ir_version"] = onnx_ir_version;
  json["opset"] = onnx_opset;
  json["nodes"] = summary.nodes;
  json["constant_bytes"] = summary.constant_bytes;
  json["file_bytes"] = summary.file_bytes;
  json["inputs"] = shapes(summary.inputs);
  json["outputs"] = shapes(summary.outputs);
  json["check"] = "read back; ONNX checker and strict shape inference passed";
  return json;
}

}  // namespace

const ExportFormat onnx_format{"onnx",
                               "the whole model as an ONNX graph (IR 8, opset 13) for servers and phones",
                               {},
                               export_onnx,
                               check_onnx};

}  // namespace qmtl
