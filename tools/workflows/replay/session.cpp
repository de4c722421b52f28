// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "hardware/endpoints/offline.h"
#include "hardware/head_outputs.h"
#include "hardware/transpile/avoided_parts.h"
#include "io/config/toml_tools.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/train/loop/evaluate.h"
#include "tools/workflows/replay/endpoint_file.h"

namespace qmtl {
namespace fs = std::filesystem;
namespace {

std::string digest_of_text(const std::string& text) {
  Sha256 hash;
  hash.update_text(text);
  return hash.hex();
}

/// Digest of an endpoint's file and its noise model's; "" for a bare kind, which has no settings.
std::string digest_of_endpoint(const std::string& file) {
  if (!fs::exists(file)) return "";
  Sha256 hash;
  hash.update_text(read_file(file));
  if (const auto noise = parse_toml(read_file(file), file)["noise"].value<std::string>())
    hash.update_text(read_file((fs::path(file).parent_path() / *noise).string()));
  return hash.hex();
}

/// Variance that one shot of each program brings into the logits; those of regression tasks in units of their
/// labels' deviation, so that a task's unit does not matter.
std::vector<double> program_variances(const ReplayModel& model, const std::vector<HeadProgram>& parts) {
  constexpr std::size_t few = 8;
  const Circuit& circuit = model.circuit();
  const auto outputs = static_cast<std::size_t>(circuit.outputs());
  std::vector<double> variances = output_variances(circuit, model.learner->circuit_params(),
                                                   std::min(few, model.rows.size()), model.angles);
  const CircuitReadout& readout = *model.learner->readout();
  std::vector<double> weight(outputs, 0.0);
  for (const ReadoutColumn& column : readout.columns)
    for (std::size_t i = 0; i < column.weights.size(); ++i)
      weight[column.outputs[i]] += std::pow(column.most_slope() * column.weights[i] / readout.divisor, 2);
  std::vector<double> of_program;
  for (const HeadProgram& part : parts) {
    double sum = 0;
    for (const ReadOutput& read : read_outputs(circuit, model.learner->circuit_params(), part))
      sum += weight[static_cast<std::size_t>(read.output)] * variances[static_cast<std::size_t>(read.output)];
    of_program.push_back(sum);
  }
  return of_program;
}

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// A calibration that was measured before and is still good, or "".
std::string known_calibration(const ReplaySession& session, const EndpointInfo& about, std::int64_t age) {
  if (session.cache.empty()) return "";
  const std::string file = session.cache_file("readout");
  const auto text = read_if_there(file);
  if (!text || !session.request.readout) return "";
  const CalibrationRecord record = parse_calibration(*text, file);
  return still_good(record, about.place, about.backend, session.programs.read, {}, now(), age) ? *text : "";
}

ProgramSettings settings_of(const ReplayRequest& request, const ReplayPlan& plan, const NoiseModel* noise) {
  const std::int64_t least = plan.limits.least_shots;
  return {request,
          plan.probe ? std::max(request.probe_shots, least) : 0,
          request.readout && plan.calibration.empty() ? std::max(request.calibration_shots, least) : 0,
          request.seed,
          noise,
          std::max<std::int64_t>(1, least)};
}

void make_programs(ReplaySession& session) { session.programs = programs_on(session, session.plan.target); }

/// What is known is not measured again.
void leave_out_calibration(ReplayPrograms& programs) {
  programs.calibration.clear();
  std::erase_if(programs.all,
                [](const ReplayProgram& program) { return program.phase == ReplayPhase::calibration; });
}

/// The noise that cancellation inverts: the request's file, else what the endpoint's file says of its device.
void find_noise(ReplaySession& session, const EndpointConfig& config) {
  ReplayRequest& request = session.request;
  const bool known = !config.noise.gates.empty() || !config.noise.readout_of.empty() ||
                     config.noise.readout != ReadoutError{};
  if (!request.needs_noise()) {
    // A forecast takes it too.
    if (known) session.noise = config.noise;
    return;
  }
  if (!request.noise.empty()) {
    session.noise = load_noise(request.noise);
    const std::string digest = digest_of_text(read_file(request.noise));
    if (!request.noise_digest.empty() && request.noise_digest != digest)
      throw data_error(request.noise +
                       ": expected the noise model that this replay was planned with, found another; "
                       "begin again with another --name");
    request.noise_digest = digest;
  } else if (known) {
    session.noise = config.noise;
  } else {
    throw usage_error(
        "--noise: expected what is known of the device (a noise model or a backend's properties, "
        "io/FORMATS.md), which pec and decoupling need, found none, in the endpoint's file neither");
  }
}

/// Asks the endpoint what it is and decides what is left open by the request.
void decide(ReplaySession& session, std::int64_t age) {
  const EndpointInfo& about = session.endpoint->info();
  const ReplayRequest& request = session.request;
  session.plan.target = about.target;
  session.plan.target.avoided = avoided_parts(request.qubits, request.avoid, about.target);
  session.plan.limits = about.limits;
  session.plan.paid = about.paid;
  const std::int64_t least = about.limits.least_shots;
  if (request.shots < least)
    throw usage_error("--shots: expected at least " + std::to_string(least) + ", the fewest that " +
                      about.place + " takes with these settings, found " + std::to_string(request.shots));
  const std::size_t count = session.parts.size();
  session.plan.shots = request.allocation == ShotAllocation::even || count == 1
                           ? std::vector<std::int64_t>(count, request.shots)
                           : allocate_shots(program_variances(session.model, session.parts), request.shots,
                                            about.limits.shots);
  for (std::int64_t& shots : session.plan.shots) shots = std::max(shots, least);
  session.plan.probe = !session.cache.empty() && !fs::exists(session.cache_file("probe"));
  make_programs(session);
  session.plan.calibration = known_calibration(session, about, age);
  if (!session.plan.calibration.empty()) leave_out_calibration(session.programs);
}

}  // namespace

ReplayModel load_replay_model(const Ranks& ranks, ReplayRequest& request, SimdTarget simd) {
  ReplayModel model;
  model.checkpoint_path = checkpoint_file(request.checkpoint);
  model.checkpoint = load_checkpoint(ranks, model.checkpoint_path);
  if (request.data.empty()) request.data = model.checkpoint.config.data_file;
  const Split split = parse_split(request.split);
  model.data = load_dataset_for(ranks, model.checkpoint, request.data);
  model.rows = model.data.rows(split);
  if (model.rows.empty())
    throw data_error(request.data + ": expected samples of the split " + request.split +
                     ", found none; choose another --split");
  if (request.samples > 0 && static_cast<std::size_t>(request.samples) < model.rows.size())
    model.rows.resize(static_cast<std::size_t>(request.samples));
  request.samples = static_cast<std::int64_t>(model.rows.size());
  model.learner = restore(ranks, model.checkpoint, model.data, simd);
  if (!model.learner->circuit())
    throw usage_error(model.checkpoint_path + ": expected a head with a circuit, found the kind '" +
                      model.spec().head.kind + "', which runs on no quantum device");
  model.angles = model.learner->circuit_angles(model.rows);
  model.exact_logits.resize(model.rows.size() * static_cast<std::size_t>(model.learner->outputs()));
  model.learner->predict(model.rows, model.exact_logits);
  require_finite(model.exact_logits, model.rows, static_cast<std::size_t>(model.learner->outputs()));
  request.checkpoint_hash = portable_hash(model.checkpoint);
  request.data_hash = model.data.hash;
  return model;
}

ReplayPrograms programs_on(const ReplaySession& session, const DeviceTarget& target) {
  const ReplayModel& model = session.model;
  return make_replay_programs(
      model.circuit(), model.learner->circuit_params(), session.parts, session.plan.shots, model.rows.size(),
      model.angles, target,
      settings_of(session.request, session.plan, session.noise ? &*session.noise : nullptr));
}

std::string ReplaySession::cache_file(const std::string& what) const {
  Sha256 hash;
  for (const std::string& text :
       {request.endpoint_kind, request.endpoint_backend, request.endpoint_place, request.endpoint_digest})
    hash.update_text(text);
  return (fs::path(cache) / (what + "-" + hash.hex().substr(0, 16) + ".json")).string();
}

namespace {

/// What the endpoint says of itself, where the request leaves it open.
void complete_request(ReplaySession& session) {
  ReplayRequest& asked = session.request;
  const EndpointInfo& about = session.endpoint->info();
  asked.endpoint_kind = about.kind;
  asked.endpoint_backend = about.backend;
  asked.endpoint_place = about.place;
  if (!about.paid) asked.endpoint_digest = digest_of_endpoint(asked.endpoint);
  if (asked.max_qubits == 0) asked.max_qubits = about.target.qubits;
  if (asked.name.empty()) asked.name = about.kind;
}

void split_parts(ReplaySession& session) {
  session.parts = split_head(session.model.circuit(), session.model.learner->circuit_params(),
                             session.request.head_split, {}, session.request.max_qubits);
}

/// Decides what is open and makes the jobs of a new replay.
void plan_new(ReplaySession& session, std::int64_t age) {
  complete_request(session);
  split_parts(session);
  decide(session, age);
  session.jobs = pack_jobs(session.programs.all, session.plan.limits);
  session.plan.unit =
      session.endpoint->estimate(device_job(session.jobs.front(), session.programs.all, "unit")).unit;
  session.identity = replay_identity(session.request, replay_plan_text(session.plan));
}

/// Makes the jobs of one that was planned before.
void take_up(ReplaySession& session, const std::string& kept_plan, const std::string& plan_file) {
  session.plan = parse_replay_plan(kept_plan, plan_file);
  split_parts(session);
  if (session.plan.shots.size() != session.parts.size())
    throw data_error(plan_file + ": shots: expected " + std::to_string(session.parts.size()) +
                     " numbers, one for each program of the head, found " +
                     std::to_string(session.plan.shots.size()) +
                     "; the plan is another replay's or was changed: begin again with another --name");
  make_programs(session);
  session.jobs = pack_jobs(session.programs.all, session.plan.limits);
  session.identity = replay_identity(session.request, kept_plan);
}

}  // namespace

ReplaySession plan_session(const Ranks& ranks, ReplayRequest request, EndpointConfig config,
                           SimdTarget simd) {
  ReplaySession session;
  session.request = std::move(request);
  find_noise(session, config);
  session.endpoint = make_endpoint(std::move(config));
  session.model = load_replay_model(ranks, session.request, simd);
  plan_new(session, 0);
  return session;
}

ReplaySession open_session(const Ranks& ranks, ReplayRequest request,
                           const std::optional<std::string>& kept_plan, const std::string& plan_file,
                           const std::string& cache, std::int64_t age, SimdTarget simd, bool offline) {
  ReplaySession session;
  session.request = std::move(request);
  session.cache = cache;
  if (offline && !session.request.needs_noise()) {
    session.endpoint = make_offline_endpoint();
  } else {
    EndpointConfig config = read_endpoint(session.request.endpoint);
    find_noise(session, config);
    session.endpoint = offline ? make_offline_endpoint() : make_endpoint(std::move(config));
  }
  session.model = load_replay_model(ranks, session.request, simd);
  if (kept_plan)
    take_up(session, *kept_plan, plan_file);
  else
    plan_new(session, age);
  return session;
}

}  // namespace qmtl
