// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/tune.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "hardware/replay/programs.h"
#include "hardware/transpile/avoided_parts.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/philox.h"
#include "tools/workflows/replay/device_json.h"
#include "tools/workflows/replay/endpoint_file.h"
#include "tools/workflows/replay/tune_rounds.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

/// What is done against errors; "" for nothing, as before there was anything.
std::string mitigation_digest(const TuneRequest& request) {
  const MitigationSettings& settings = request.model.mitigation;
  std::string text = mitigation_names(settings, MitigationOption::mitigate) + ";" +
                     mitigation_names(settings, MitigationOption::suppress);
  if (text == "none;none") return "";
  for (double factor : settings.factors) text += fmt::format(";{}", factor);
  text += fmt::format(";{};{};{};{};{};{};", name(settings.fold), name(settings.extrapolation),
                      settings.calibration_shots, settings.pec_bias, settings.pec_circuits,
                      settings.randomisations);
  return text + read_if_there(request.noise).value_or("");
}

/// What is known of the device that is tuned on.
TuneDevice device_of(const TuneRequest& request, const EndpointInfo& info, const NoiseModel& of_endpoint) {
  TuneDevice device{info.target, std::nullopt, std::max<std::int64_t>(1, info.limits.least_shots)};
  if (!request.model.mitigation.needs_noise()) return device;
  device.noise = request.noise.empty() ? of_endpoint : load_noise(request.noise);
  if (device.noise->gates.empty())
    throw usage_error(
        "--noise: expected what is known of the device, which pec and decoupling need, found none, in "
        "the endpoint's file neither");
  return device;
}

/// Of everything that decides what is executed, but for the number of steps.
std::string identity_of(const Checkpoint& checkpoint, const Dataset& data, const EndpointInfo& info,
                        const TuneRequest& request) {
  Sha256 hash;
  // The settings of an endpoint that costs nothing decide what it measures: its seed and noise.
  if (!info.paid) hash.update_text(read_if_there(request.endpoint).value_or(""));
  for (const std::string& text :
       {std::string("tune"), portable_hash(checkpoint), data.hash, info.kind, info.backend, info.place,
        std::string(name(request.model.optimiser)), std::string(name(request.model.split))})
    hash.update_text(text);
  if (!request.qubits.empty()) hash.update_text("--qubits " + request.qubits);
  if (!request.avoid.empty()) hash.update_text("--avoid " + request.avoid);
  const TuneOptions& model = request.model;
  for (double number : {model.rate, model.perturbation})
    hash.update_number(std::bit_cast<std::uint64_t>(number));
  for (auto number :
       {static_cast<std::int64_t>(model.rule), static_cast<std::int64_t>(model.batch), model.shots,
        static_cast<std::int64_t>(model.seed), static_cast<std::int64_t>(model.max_qubits),
        static_cast<std::int64_t>(request.validation)})
    hash.update_number(static_cast<std::uint64_t>(number));
  if (!(mitigation_digest(request).empty())) hash.update_text(mitigation_digest(request));
  return hash.hex();
}

/// Validation samples, the same for every step.
std::vector<std::size_t> chosen_rows(const Dataset& data, int count, std::uint64_t seed) {
  const std::vector<std::size_t> all = data.rows(Split::validation);
  if (all.empty()) throw data_error("expected validation samples in the data set, found none");
  std::vector<std::size_t> rows;
  for (std::size_t i : RandomStream(seed, Purpose::permutation).permutation(all.size(), 0xffffffff))
    if (rows.size() < static_cast<std::size_t>(count)) rows.push_back(all[i]);
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// The probe on qubits that the first program reads, in front of work.
std::vector<ReplayProgram> with_probe(std::vector<ReplayProgram> work, const DeviceProgram& first,
                                      const EndpointInfo& info, std::int64_t shots) {
  shots = std::max({shots, std::int64_t{200}, info.limits.least_shots});
  if (info.limits.shots > 0) shots = std::min(shots, info.limits.shots);
  work.insert(work.begin(), replay_probe(first.measured, shots, info.target));
  return work;
}

std::string step_name(std::int64_t step) { return fmt::format("step-{:04}", step); }

std::int64_t executions_of(std::span<const ReplayProgram> programs) {
  std::int64_t sum = 0;
  for (const ReplayProgram& program : programs)
    sum += static_cast<std::int64_t>(program.sweep.rows) * program.shots;
  return sum;
}

TuneOptions on_device(TuneOptions options, const DeviceTarget& target) {
  if (options.max_qubits == 0) options.max_qubits = target.qubits;
  return options;
}

/// Model, data and device of a tuning.
class Tuning {
 public:
  Tuning(const Ranks& ranks, const TuneRequest& request)
      : request_(request),
        checkpoint_(load_checkpoint(ranks, request.checkpoint)),
        data_(load_dataset_for(ranks, checkpoint_,
                               request.data.empty() ? checkpoint_.config.data_file : request.data)) {
    learner_ = restore(ranks, checkpoint_, data_, request.simd);
    EndpointConfig config = read_endpoint(request.endpoint);
    const NoiseModel noise = config.noise;
    endpoint_ = make_endpoint(std::move(config));
    info_ = endpoint_->info();
    if (request.model.shots < info_.limits.least_shots)
      throw usage_error("--shots: expected at least " + std::to_string(info_.limits.least_shots) +
                        ", the fewest that " + info_.place + " takes with these settings, found " +
                        std::to_string(request.model.shots));
    info_.target.avoided = avoided_parts(request.qubits, request.avoid, info_.target);
    info_.target = kept_device(request.folder, info_.target);
    model_.emplace(checkpoint_, data_, *learner_, device_of(request, info_, noise),
                   on_device(request.model, info_.target));
    rows_ = chosen_rows(data_, request.validation, request.model.seed);
    rounds_.emplace(*endpoint_, RoundsOptions{request.folder, identity_of(checkpoint_, data_, info_, request),
                                              request.ceiling, request.retry, request.in_flight, request.stop,
                                              request.working});
  }

  TuneForecast forecast() {
    const auto evaluation = model_->evaluation_programs(rows_), step = model_->step_programs();
    TuneForecast forecast;
    forecast.angles = model_->tuned();
    forecast.programs = model_->programs().size();
    forecast.samples = rows_.size();
    forecast.evaluation_executions = executions_of(evaluation);
    forecast.step_executions = executions_of(step);
    forecast.step = rounds_->cost(step);
    forecast.total =
        rounds_->cost(first_programs()) + request_.steps * forecast.step + rounds_->cost(evaluation);
    forecast.unit = rounds_->unit();
    return forecast;
  }

  TuneOutcome run() {
    TuneOutcome outcome;
    outcome.forecast = forecast();
    outcome.spec = learner_->spec();
    spdlog::info(
        "{} angles in {} programs, {} executions a step; estimated {:.6g} {} for {} steps and {} samples "
        "before and after",
        outcome.forecast.angles, outcome.forecast.programs, outcome.forecast.step_executions,
        outcome.forecast.total, outcome.forecast.unit, request_.steps, rows_.size());
    keep_device(request_.folder, info_.target);
    steps(outcome);
    outcome.steps = model_->steps();
    outcome.checkpoint = (std::filesystem::path(request_.folder) / "tuned.h5").string();
    checkpoint_.state.params = model_->params();
    write_checkpoint(outcome.checkpoint, checkpoint_);
    outcome.run_hash = run_hash(checkpoint_.state);
    outcome.spent = rounds_->spent();
    outcome.executions = rounds_->executions();
    return outcome;
  }

 private:
  std::vector<ReplayProgram> first_programs() const {
    std::vector<ReplayProgram> programs = model_->calibration_programs();
    for (ReplayProgram& program : model_->evaluation_programs(rows_)) programs.push_back(std::move(program));
    return with_probe(std::move(programs), model_->device_programs()[0], info_, request_.model.shots);
  }

  void steps(TuneOutcome& outcome) {
    const double evaluation_cost = rounds_->cost(model_->evaluation_programs(rows_));
    const auto before = rounds_->execute("before", first_programs(), evaluation_cost);
    if (!before)
      throw usage_error("--max-cost: expected enough for the samples before and after the steps (" +
                        std::to_string(2 * evaluation_cost) + " " + rounds_->unit() + "), found " +
                        std::to_string(*request_.ceiling) + "; nothing was sent");
    const auto calibrated =
        before->begin() + 1 + static_cast<std::ptrdiff_t>(model_->calibration_programs().size());
    model_->calibrate({before->begin() + 1, calibrated});
    outcome.before = model_->evaluate(rows_, {calibrated, before->end()});
    while (model_->steps() < request_.steps) {
      const auto counts =
          rounds_->execute(step_name(model_->steps() + 1), model_->step_programs(), evaluation_cost);
      if (!counts) {
        outcome.stopped = "the next step and the evaluation after it do not fit under --max-cost";
        break;
      }
      model_->take_step(*counts);
      spdlog::info("step {} of {}: loss {:.4f} on its batch, {:.6g} {} spent", model_->steps(),
                   request_.steps, model_->last_loss(), rounds_->spent(), rounds_->unit());
    }
    const auto after =
        rounds_->execute("after-" + step_name(model_->steps()), model_->evaluation_programs(rows_), 0.0);
    if (after) outcome.after = model_->evaluate(rows_, *after);
  }

  const TuneRequest& request_;
  Checkpoint checkpoint_;
  Dataset data_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<Endpoint> endpoint_;
  EndpointInfo info_;
  std::optional<TuneModel> model_;
  std::vector<std::size_t> rows_;
  std::optional<TuneRounds> rounds_;
};

}  // namespace

TuneForecast forecast_tuning(const Ranks& ranks, const TuneRequest& request) {
  return Tuning(ranks, request).forecast();
}

TuneOutcome tune(const Ranks& ranks, const TuneRequest& request) { return Tuning(ranks, request).run(); }

}  // namespace qmtl
