// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/request.h"

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/json_field.h"

namespace qmtl {
using Json = nlohmann::ordered_json;
namespace {

/// Fields that say where files are, not what they are.
constexpr const char* places[] = {"checkpoint", "data", "endpoint"};

}  // namespace

Json to_json(const ReplayRequest& request) {
  Json json{{"format", "qmtl-replay-request"},
            {"version", 1},
            {"name", request.name},
            {"checkpoint", request.checkpoint},
            {"checkpoint_hash", request.checkpoint_hash},
            {"data", request.data},
            {"data_hash", request.data_hash},
            {"split", request.split},
            {"samples", request.samples},
            {"endpoint", request.endpoint},
            {"endpoint_kind", request.endpoint_kind},
            {"endpoint_backend", request.endpoint_backend},
            {"endpoint_place", request.endpoint_place},
            {"endpoint_digest", request.endpoint_digest},
            {"head_split", name(request.head_split)},
            {"max_qubits", request.max_qubits},
            {"shots", request.shots},
            {"allocation", name(request.allocation)},
            {"readout", request.readout},
            {"noise_factors", request.factors},
            {"fold", name(request.fold)},
            {"extrapolation", name(request.extrapolation)},
            {"calibration_shots", request.calibration_shots},
            {"probe_shots", request.probe_shots},
            {"seed", request.seed}};
  // Only where they are given: requests of older versions have the same identity.
  if (!request.qubits.empty()) json["qubits"] = request.qubits;
  if (!request.avoid.empty()) json["avoid"] = request.avoid;
  return json;
}

ReplayRequest parse_replay_request(const std::string& text, const std::string& file) {
  const Json json = parse_json(text, file);
  const JsonField root(json, file);
  require_json_format(root, "qmtl-replay-request", 1);
  const auto words = [&](const char* key) { return root.at(key).text(); };
  ReplayRequest request;
  request.name = words("name");
  request.checkpoint = words("checkpoint");
  request.checkpoint_hash = words("checkpoint_hash");
  request.data = words("data");
  request.data_hash = words("data_hash");
  request.split = words("split");
  request.samples = root.at("samples").count();
  request.endpoint = words("endpoint");
  request.endpoint_kind = words("endpoint_kind");
  request.endpoint_backend = words("endpoint_backend");
  request.endpoint_place = words("endpoint_place");
  request.endpoint_digest = words("endpoint_digest");
  request.head_split = parse_head_split(words("head_split"));
  request.max_qubits = static_cast<int>(root.at("max_qubits").count());
  if (const auto qubits = root.find("qubits")) request.qubits = qubits->text();
  if (const auto avoid = root.find("avoid")) request.avoid = avoid->text();
  request.shots = root.at("shots").count();
  request.allocation = parse_shot_allocation(words("allocation"));
  request.readout = root.at("readout").boolean();
  request.factors.clear();
  for (const JsonField& factor : root.at("noise_factors").list()) request.factors.push_back(factor.number());
  request.fold = parse_fold_kind(words("fold"));
  request.extrapolation = parse_extrapolation(words("extrapolation"));
  request.calibration_shots = root.at("calibration_shots").count();
  request.probe_shots = root.at("probe_shots").count();
  request.seed = static_cast<std::uint64_t>(root.at("seed").count());
  return request;
}

std::string replay_identity(const ReplayRequest& request, const std::string& plan) {
  Json json = to_json(request);
  for (const char* place : places) json.erase(place);
  Sha256 hash;
  hash.update_text(json.dump());
  hash.update_text(plan);
  return hash.hex();
}

void require_same_request(const ReplayRequest& kept, const ReplayRequest& given, const std::string& file) {
  Json before = to_json(kept), now = to_json(given);
  for (const char* place : places) before.erase(place), now.erase(place);
  for (const char* key : {"qubits", "avoid"})
    if (now.contains(key) && !before.contains(key)) before[key] = nullptr;
  for (const auto& [key, value] : before.items())
    if (now[key] != value)
      throw usage_error(file + ": " + key + ": expected " + value.dump() +
                        ", what this replay was begun with, found " + now[key].dump() +
                        "; use another --folder or --name for another replay");
}

}  // namespace qmtl
