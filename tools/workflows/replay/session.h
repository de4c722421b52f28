// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hardware/endpoint_config.h"
#include "hardware/mitigation/calibration_text.h"
#include "hardware/replay/analysis.h"
#include "hardware/replay/programs.h"
#include "tools/workflows/replay/folder.h"
#include "tools/workflows/replay/request.h"
#include "tools/workflows/training/load.h"

namespace qmtl {

/// The model that is evaluated, on the samples of the request.
struct ReplayModel {
  Checkpoint checkpoint;
  std::string checkpoint_path;
  Dataset data;
  std::unique_ptr<Learner> learner;
  std::vector<std::size_t> rows;    ///< of the data set
  std::vector<double> angles;       ///< [rows, circuit.angles]
  std::vector<float> exact_logits;  ///< [rows, outputs]

  const Circuit& circuit() const { return *learner->circuit(); }
  const ModelSpec& spec() const { return learner->spec(); }
};

/// Reads checkpoint and data and completes the request's digests. Throws Error (usage) for heads without a
/// circuit, (data) for a split without samples.
ReplayModel load_replay_model(const Ranks& ranks, ReplayRequest& request, SimdTarget simd);

/// What was found out when a replay began and holds until its end, whatever the service says later:
/// plan.json.
struct ReplayPlan {
  DeviceTarget target;
  EndpointLimits limits;
  bool paid = false;
  std::string unit;                 ///< of costs
  std::vector<std::int64_t> shots;  ///< of each of the head's programs
  bool probe = true;                ///< else the order of bits was known already
  std::string calibration;          ///< text of a calibration that was measured before (calibration_text.h)
};
std::string replay_plan_text(const ReplayPlan& plan);
/// Throws Error (data) naming file and field.
ReplayPlan parse_replay_plan(const std::string& text, const std::string& file);

/// Everything of a replay but its journal.
struct ReplaySession {
  ReplayRequest request;
  std::string identity;
  ReplayModel model;
  std::unique_ptr<Endpoint> endpoint;
  std::optional<NoiseModel> noise;  ///< what is known of the device
  ReplayPlan plan;
  std::vector<HeadProgram> parts;
  ReplayPrograms programs;
  std::vector<ReplayJob> jobs;
  std::string
      cache;  ///< folder of what is known of endpoints; "": nothing is, and no order of bits is in doubt

  std::string cache_file(const std::string& what) const;
};

/// The session's programs for another target, or for the same as it is on another day.
ReplayPrograms programs_on(const ReplaySession& session, const DeviceTarget& target);

/// A new replay on that endpoint, planned, with nothing known from before: for what is simulated.
ReplaySession plan_session(const Ranks& ranks, ReplayRequest request, EndpointConfig config, SimdTarget simd);

/// A new replay, planned (`kept`: as it was planned when it began). `age`: seconds for which a calibration
/// holds. `offline`: one that was kept, without its endpoint.
ReplaySession open_session(const Ranks& ranks, ReplayRequest request,
                           const std::optional<std::string>& kept_plan, const std::string& plan_file,
                           const std::string& cache, std::int64_t age, SimdTarget simd, bool offline = false);

}  // namespace qmtl
