// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hardware/formats/ionq.h"
#include "hardware/split.h"
#include "io/edge/circuit.h"
#include "io/edge/quantise.h"
#include "io/runs/checkpoint.h"
#include "runtime/engine/engine.h"
#include "runtime/model/data.h"
#include "runtime/model/trained_model.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// What the formats can be asked for; a format's row says which of these it takes, the others do not matter
/// to it.
struct ExportOptions {
  HeadSplit split = HeadSplit::wide;
  int max_qubits = 0;      ///< of a program; 0: no limit
  bool bound = false;      ///< a program for each sample instead of inputs for their angles
  std::string target;      ///< file of a backend's configuration, or line-N, ring-N, grid-RxC, heavy-hex-D
  std::string basis;       ///< the device's gates; "": those of the target, else cz,rz,sx,x
  std::string properties;  ///< file that says how well the device works; "": as the target says itself
  IonqGates gates = IonqGates::qis;
  std::string qubits, avoid;  ///< of the device, which to use alone and which not (avoided_parts.h)
  EdgePacking packing = EdgePacking::none;
  EdgeMethod method = EdgeMethod::automatic;
  std::string core = "cortex-m4f";  ///< processor for the expected cycles
  std::size_t goldens = 2;          ///< samples kept for the self test
  bool class_names = true;          ///< kept in a head file
  bool column_names = false;        ///< likewise
};

/// An option by name, for callers that have text: a row sets one field.
struct ExportOption {
  std::string_view name;
  std::string_view argument;  ///< what its text is, for the help; "": a switch
  std::string_view help;
  /// Throws Error (usage) that names the option.
  void (*set)(ExportOptions& options, const std::string& text);
};
std::span<const ExportOption> export_options();

/// A trained model is to be written in another form.
struct ExportRequest {
  std::string checkpoint;    ///< file or run folder
  std::string data;          ///< "": that of training
  std::string format;        ///< a row's name
  std::string out;           ///< file or folder
  std::size_t samples = 16;  ///< of the test split: bound programs are made for them, and checks use them
  bool overwrite = false;    ///< replace what is there
  ExportOptions options = {};
  SimdTarget simd = SimdTarget::best;
};

struct ExportSource;

/// One row per form.
struct ExportFormat {
  std::string_view name;
  std::string_view summary;
  std::span<const std::string_view> options;  ///< names of those it takes
  /// Writes and returns what to tell (tools/REFERENCE.md).
  nlohmann::ordered_json (*write)(const ExportSource& source);
  /// Throws Error (usage) for models that the form cannot hold, as `write` does, before they are trained.
  void (*check)(const TrainedModel& model);
};
std::span<const ExportFormat* const> export_formats();
/// Throws Error (usage) listing the forms.
const ExportFormat& export_format(std::string_view name);

/// What a form cannot hold of a model; "": nothing.
struct ExportObstacle {
  std::string_view form;
  std::string reason;
};
/// Of every form, for a model that need not be trained. Nothing is written.
std::vector<ExportObstacle> export_obstacles(const TrainedModel& model);
struct ModelPlan;
/// The same of what is planned, {form: reason}; {} where it is too large to try.
nlohmann::ordered_json exports_json(const ModelPlan& found);

/// The options of a form from text, by name. Throws Error (usage) for those that the form does not take and
/// for wrong values.
ExportOptions read_export_options(const ExportFormat& format,
                                  const std::map<std::string, std::string>& given);

/// Writes a model and checks what was written; returns what to tell of it. Throws Error: (usage) for an
/// unknown form, what is there already, and models that the form cannot hold; (data) for files that cannot be
/// read or written and for a result that does not reproduce the checkpoint. Collective.
nlohmann::ordered_json export_model(const Ranks& ranks, const ExportRequest& request);
/// The same for a model and samples in memory; the request's checkpoint and data are names for messages.
nlohmann::ordered_json export_checkpoint(const Ranks& ranks, const Checkpoint& checkpoint,
                                         const Dataset& data, const ExportRequest& request);

}  // namespace qmtl
