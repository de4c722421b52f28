// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/request.h"

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/json_field.h"

namespace qmtl {
using Json = nlohmann::ordered_json;
namespace {

/// Fields that say where files are, not what they are.
constexpr const char* places[] = {"checkpoint", "data", "endpoint", "noise"};

/// Fields that are there where something is chosen.
void read_further(const JsonField& root, ReplayRequest& request) {
  if (const auto m3 = root.find("m3")) request.m3 = m3->boolean();
  const auto choose = [&](const JsonField& field, MitigationOption option) {
    try {
      choose_mitigation(request, option, field.text());
    } catch (const Error& error) {
      field.wrong("kinds of this program", field.text());
    }
  };
  if (const auto kinds = root.find("pec")) {
    choose(*kinds, MitigationOption::mitigate);
    request.pec_bias = root.at("pec_bias").number();
    request.pec_circuits = static_cast<int>(root.at("pec_circuits").count());
  }
  if (const auto kinds = root.find("suppress")) {
    choose(*kinds, MitigationOption::suppress);
    request.randomisations = static_cast<int>(root.at("randomisations").count());
  }
  if (!request.needs_noise()) return;
  request.noise = root.at("noise").text();
  request.noise_digest = root.at("noise_digest").text();
}

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
  // Left out where nothing is chosen: what a replay without them is called does not change.
  if (request.m3) json["m3"] = true;
  if (request.cancellation != CancellationKind::none) {
    json["pec"] = mitigation_names(request, MitigationOption::mitigate);
    json["pec_bias"] = request.pec_bias;
    json["pec_circuits"] = request.pec_circuits;
  }
  if (request.needs_noise()) {
    json["noise"] = request.noise;
    json["noise_digest"] = request.noise_digest;
  }
  if (const std::string suppressed = mitigation_names(request, MitigationOption::suppress);
      suppressed != "none") {
    json["suppress"] = suppressed;
    json["randomisations"] = request.randomisations;
  }
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
  read_further(root, request);
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
  for (const auto& [key, value] : now.items())
    if (!before.contains(key)) before[key] = nullptr;
  for (const auto& [key, value] : before.items()) {
    const Json given_value = now.contains(key) ? now[key] : Json();
    if (given_value != value)
      throw usage_error(file + ": " + key + ": expected " + value.dump() +
                        ", what this replay was begun with, found " + given_value.dump() +
                        "; use another --folder or --name for another replay");
  }
}

}  // namespace qmtl
