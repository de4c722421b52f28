// SPDX-License-Identifier: Apache-2.0
#include "io/runs/evaluation_file.h"

#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"

namespace qmtl {

DecisionThresholds read_thresholds(const std::string& path, const std::string& run_hash) {
  JsonSource source;
  source.name = path;
  const JsonField root = JsonField::parse(read_file(path), source);
  require_json_format(root, "qmtl-eval", 1);
  const std::string& found = root.at("run_hash").text();
  if (found != run_hash)
    throw data_error(path + ": expected thresholds of the model with the run hash " + run_hash.substr(0, 12) +
                     ", found those of " + found.substr(0, 12) +
                     "; choose them again: qmtl eval CHECKPOINT --threshold METRIC --out FILE");
  DecisionThresholds thresholds;
  for (const auto& [name, task] : root.at("tasks").members())
    if (const auto chosen = task.find("threshold"))
      for (const JsonField& output : chosen->at("outputs").list())
        thresholds[name].push_back(output.at("logit").number());
  if (thresholds.empty())
    throw data_error(path + ": expected thresholds, found none; make it with qmtl eval CHECKPOINT " +
                     "--threshold METRIC --out FILE");
  return thresholds;
}

}  // namespace qmtl
