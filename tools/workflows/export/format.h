// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "io/runs/checkpoint.h"
#include "runtime/model/data.h"
#include "runtime/train/learner.h"
#include "tools/program/options.h"

namespace qmtl {

/// A trained model that is to be written in another form.
struct ExportRequest {
  const Checkpoint& checkpoint;
  const Learner& learner;  ///< with the checkpoint's parameters bound, on `data`
  const Dataset& data;
  std::vector<std::size_t> rows;  ///< samples for checks and bound programs
  const Options& options;
  std::string out;  ///< file or folder
};

/// One row per value of --to.
struct ExportFormat {
  const char* name;
  const char* summary;
  /// Adds the format's own options; may be null.
  void (*add_options)(boost::program_options::options_description&);
  /// Writes and returns what to tell: with --json as it is, else as lines "key: value".
  nlohmann::ordered_json (*write)(const ExportRequest&);
};

std::span<const ExportFormat> export_formats();

// The formats, each in its file tools/export_*.cpp; export.cpp holds the table.
extern const ExportFormat qasm3_format, isa_format, qasm2_format, ionq_format;
ExportFormat edge_format();
ExportFormat c_format();
ExportFormat onnx_format();

}  // namespace qmtl
