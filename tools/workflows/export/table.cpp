// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "runtime/base/error.h"
#include "tools/workflows/export/format.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/model_plan.h"

namespace qmtl {
std::span<const ExportFormat* const> export_formats() { return format_table; }

const ExportFormat& export_format(std::string_view name) {
  std::string known;
  for (const ExportFormat* format : format_table) {
    if (format->name == name) return *format;
    known += (known.empty() ? "" : ", ") + std::string(format->name);
  }
  throw usage_error("--to: expected one of " + known + ", found '" + std::string(name) + "'");
}

std::vector<ExportObstacle> export_obstacles(const TrainedModel& model) {
  std::vector<ExportObstacle> found;
  for (const ExportFormat* format : format_table) {
    found.push_back({format->name, ""});
    try {
      format->check(model);
    } catch (const Error& error) {
      found.back().reason = error.what();
    }
  }
  return found;
}

nlohmann::ordered_json exports_json(const ModelPlan& found) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!found.model) return json;
  for (const ExportObstacle& obstacle : export_obstacles(*found.model))
    json[std::string(obstacle.form)] = obstacle.reason;
  return json;
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
