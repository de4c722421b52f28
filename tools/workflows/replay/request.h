// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hardware/mitigation/settings.h"
#include "hardware/replay/shots.h"
#include "hardware/split.h"

namespace qmtl {

/// What is to be evaluated, where and how: everything that decides what is measured. request.json of a
/// replay's folder.
struct ReplayRequest : MitigationSettings {
  std::string name;  ///< tells repetitions of one request apart; "" becomes the endpoint's kind
  std::string checkpoint, checkpoint_hash;
  std::string data, data_hash;  ///< data "": that of training
  std::string split = "test";
  std::int64_t samples = 0;  ///< the first of the split, 0: all
  std::string endpoint;      ///< file or kind
  std::string endpoint_kind, endpoint_backend, endpoint_place;
  std::string endpoint_digest;  ///< of the files of endpoints that cost nothing: their seed and noise
  std::string noise;            ///< file of the device's noise, for cancellation; "": the endpoint's
  std::string noise_digest;     ///< of that file
  HeadSplit head_split = HeadSplit::wide;
  int max_qubits = 0;
  std::string qubits, avoid;  ///< of the device, which to use alone and which not (avoided_parts.h); "": all
  std::int64_t shots = 1000;  ///< of a program and row, on average
  ShotAllocation allocation = ShotAllocation::variance;
  std::int64_t probe_shots = 100;
  std::uint64_t seed = 0;  ///< of intervals; also makes other tags
};

nlohmann::ordered_json to_json(const ReplayRequest& request);
/// Throws Error (data) naming file and field.
ReplayRequest parse_replay_request(const std::string& text, const std::string& file);

/// Digest of the request, but for the places of its files (a folder may move), and of the plan's text. Tags
/// come from it.
std::string replay_identity(const ReplayRequest& request, const std::string& plan);

/// Throws Error (usage) naming the first field in which the requests differ.
void require_same_request(const ReplayRequest& kept, const ReplayRequest& given, const std::string& file);

}  // namespace qmtl
