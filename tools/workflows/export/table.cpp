// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <filesystem>

#include "runtime/base/error.h"
#include "tools/workflows/export/format.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

constexpr std::array<std::string_view, 3> program_options{"split", "max-qubits", "bound"};
constexpr std::array<std::string_view, 5> device_options{"split", "max-qubits", "bound", "target", "basis"};
constexpr std::array<std::string_view, 2> bound_options{"split", "max-qubits"};
constexpr std::array<std::string_view, 5> edge_options{"quantise", "method", "core", "goldens", "names"};
constexpr std::array<std::string_view, 4> c_options{"quantise", "method", "core", "goldens"};

constexpr std::array format_rows{
    ExportFormat{"qasm3", "OpenQASM 3: the head's circuit, its angles as inputs or bound", program_options,
                 export_qasm3},
    ExportFormat{"isa", "OpenQASM 3 for a device's coupling map and basis gates", device_options, export_isa},
    ExportFormat{"qasm2", "OpenQASM 2: the head's circuit for each sample", bound_options, export_qasm2},
    ExportFormat{"ionq", "IonQ JSON (API v0.4): the head's circuit for each sample", bound_options,
                 export_ionq},
    ExportFormat{
        "circuit",
        "OpenQASM 3 with the sample's and the trained numbers open, and a configuration that trains it",
        {},
        export_by_hand},
    ExportFormat{"edge", "head file (.qmh) for the C99 runtime in runtime/edge", edge_options, export_edge},
    ExportFormat{"c", "C99 source (PATH.h, PATH.c) with the parameters in it", c_options, export_c},
#ifdef QMTL_ONNX
    ExportFormat{
        "onnx", "the whole model as an ONNX graph (IR 8, opset 13) for servers and phones", {}, export_onnx},
#endif
};

}  // namespace

std::span<const ExportFormat> export_formats() { return format_rows; }

const ExportFormat& export_format(std::string_view name) {
  std::string known;
  for (const ExportFormat& format : format_rows) {
    if (format.name == name) return format;
    known += (known.empty() ? "" : ", ") + std::string(format.name);
  }
  throw usage_error("--to: expected one of " + known + ", found '" + std::string(name) + "'");
}

namespace {

/// Refuses before files are read what can be seen to be wrong.
void check_request(const ExportRequest& request) {
  export_format(request.format);
  if (std::filesystem::exists(request.out) && !request.overwrite)
    throw usage_error(request.out + ": expected nothing of that name; use --overwrite or another --out");
  if (request.samples < 1) throw usage_error("--samples: expected at least 1, found 0");
}

}  // namespace

nlohmann::ordered_json export_model(const Ranks& ranks, const ExportRequest& request) {
  check_request(request);
  const Checkpoint checkpoint = load_checkpoint(ranks, request.checkpoint);
  const Dataset data =
      load_dataset_for(ranks, checkpoint, request.data.empty() ? checkpoint.config.data_file : request.data);
  return export_checkpoint(ranks, checkpoint, data, request);
}

nlohmann::ordered_json export_checkpoint(const Ranks& ranks, const Checkpoint& checkpoint,
                                         const Dataset& data, const ExportRequest& request) {
  check_request(request);
  const auto learner = restore(ranks, checkpoint, data, request.simd);
  auto rows = data.rows(Split::test);
  if (rows.empty()) rows = data.rows(Split::train);
  rows.resize(std::min(rows.size(), request.samples));
  return export_format(request.format).write({checkpoint, *learner, data, rows, request});
}

}  // namespace qmtl
