// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/tune_model.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "hardware/head_outputs.h"
#include "hardware/replay/measured_values.h"
#include "hardware/replay/programs.h"
#include "hardware/transpile/transpile.h"
#include "hardware/tune/parameter_shift.h"
#include "runtime/base/error.h"
#include "runtime/model/metrics.h"
#include "runtime/train/optimiser.h"

namespace qmtl {
namespace {

constexpr std::array<std::pair<std::string_view, TuneRule>, 2> tune_rules{
    {{"shift", TuneRule::shift}, {"spsa", TuneRule::spsa}}};

TrainSpec train_spec(const TuneOptions& options) {
  TrainSpec train;
  train.seed = options.seed;
  train.batch = options.batch;
  train.optimiser = options.optimiser;
  train.learning_rate = options.rate;
  return train;
}

/// Physical qubits that programs read, ascending.
std::vector<int> qubits_read(const std::vector<DeviceProgram>& programs) {
  std::set<int> qubits;
  for (const DeviceProgram& program : programs)
    qubits.insert(program.measured.begin(), program.measured.end());
  return {qubits.begin(), qubits.end()};
}

}  // namespace

TuneRule parse_tune_rule(const std::string& text) {
  for (const auto& [name, rule] : tune_rules)
    if (name == text) return rule;
  throw usage_error("--rule: expected shift or spsa, found '" + text + "'");
}

TuneModel::TuneModel(const Checkpoint& checkpoint, const Dataset& data, Learner& learner, TuneDevice device,
                     const TuneOptions& options)
    : data_(data),
      learner_(learner),
      options_(options),
      train_(train_spec(options)),
      batches_(data, learner.spec(), train_),
      objective_(learner, data, checkpoint.statistics, checkpoint.state.params),
      place_(std::move(device)) {
  state_.params = checkpoint.state.params;
  for (const ParamInfo& info : learner.params())
    if (info.part == ParamPart::blocks) block_infos_.push_back(info);
  heads_ =
      split_head(*learner.circuit(), learner.circuit_params(), options.split, {true}, options.max_qubits);
  for (const HeadProgram& head : heads_) device_.push_back(transpile(head.program, place_.target).program);
  chosen_ = block_params(heads_);
  if (chosen_.empty() || block_infos_.empty())
    throw usage_error("expected blocks with angles to tune, found none");
  training_rows_ = training_rows(data, learner.spec());
}

std::vector<double> TuneModel::circuit_params() const {
  const auto begin = state_.params.begin() + static_cast<std::ptrdiff_t>(learner_.circuit_begin());
  const std::vector<double> trained(begin, begin + learner_.circuit()->trainable_numbers());
  return bound_params(*learner_.circuit(), trained);
}

/// points[program]: the circuit's numbers at which each sample of the next step is executed.
std::vector<std::vector<std::vector<double>>> TuneModel::points() const {
  const std::vector<double> params = circuit_params();
  std::vector<std::vector<std::vector<double>>> points;
  for (const HeadProgram& head : heads_)
    points.push_back(
        options_.rule == TuneRule::shift
            ? ParameterShift(*learner_.circuit(), head).points(params)
            : Perturbation(chosen_, options_.perturbation, options_.seed, state_.step).points(params));
  return points;
}

std::vector<ReplayProgram> TuneModel::sweeps(const std::vector<std::vector<std::vector<double>>>& points,
                                             const std::vector<std::size_t>& rows) const {
  const std::vector<double> angles = learner_.circuit_angles(rows);
  const ProgramSettings settings{
      options_.mitigation, 0, 0, options_.seed, place_.noise ? &*place_.noise : nullptr, place_.least_shots};
  const auto factors = static_cast<int>(options_.mitigation.factors.size());
  std::vector<ReplayProgram> programs;
  for (std::size_t p = 0; p < heads_.size(); ++p) {
    const int part = static_cast<int>(p);
    const Sweep sweep = point_sweep(heads_[p], device_[p], points[p], rows.size(), angles,
                                    static_cast<std::size_t>(learner_.circuit()->angles));
    for (ReplayProgram& program : work_programs(
             part, sweep, options_.shots, read_outputs(*learner_.circuit(), circuit_params(), heads_[p]),
             place_.target, settings, part * factors))
      programs.push_back(std::move(program));
  }
  return programs;
}

std::vector<ReplayProgram> TuneModel::calibration_programs() const {
  std::vector<ReplayProgram> programs;
  if (!options_.mitigation.readout) return programs;
  for (const CalibrationProgram& program :
       qmtl::calibration_programs(qubits_read(device_), {}, place_.target))
    programs.push_back({ReplayPhase::calibration,
                        static_cast<int>(programs.size()),
                        1.0,
                        std::max(options_.mitigation.calibration_shots, place_.least_shots),
                        {program.program, 1, {}}});
  return programs;
}

void TuneModel::calibrate(std::span<const std::vector<Counts>> counts) {
  if (!options_.mitigation.readout) return;
  std::vector<Counts> measured;
  for (const std::vector<Counts>& rows : counts) measured.push_back(rows.front());
  calibration_ =
      estimate_readout(qmtl::calibration_programs(qubits_read(device_), {}, place_.target), measured, {});
  set_aside_unusable(*calibration_);
}

/// Values of the heads' outputs, mitigated: [head][row, outputs].
std::vector<std::vector<double>> TuneModel::values_of(const std::vector<ReplayProgram>& programs,
                                                      const std::vector<std::vector<Counts>>& counts,
                                                      std::span<const double> params) const {
  const MitigationSettings& settings = options_.mitigation;
  std::vector<std::vector<double>> values;
  for (std::size_t p = 0; p < heads_.size(); ++p) {
    std::vector<ReadOutput> own = read_outputs(*learner_.circuit(), params, heads_[p]);
    for (std::size_t o = 0; o < own.size(); ++o) own[o].output = static_cast<int>(o);
    std::optional<MeasuredValues> measured;
    for (std::size_t i = 0; i < programs.size(); ++i) {
      const ReplayProgram& program = programs[i];
      if (program.part != static_cast<int>(p)) continue;
      if (!measured)
        measured.emplace(program.sweep.rows, static_cast<int>(own.size()),
                         settings.extrapolates() ? std::optional(settings.extrapolation) : std::nullopt);
      const auto outputs = with_flips_undone(own, program.place.flipped);
      measured->add(outputs, program.place, counts[i],
                    make_reader(outputs, calibration_, settings.m3, program.sweep.program.measured));
    }
    std::vector<std::size_t> rows(programs.front().sweep.rows);
    for (const ReplayProgram& program : programs)
      if (program.part == static_cast<int>(p)) rows.resize(program.sweep.rows);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    values.push_back(measured->values(rows));
  }
  return values;
}

/// The circuit's outputs at one point of every program, from values[program][sample, point, its outputs].
std::vector<double> TuneModel::outputs_at(std::size_t point, const std::vector<std::vector<double>>& values,
                                          const std::vector<std::vector<std::vector<double>>>& points,
                                          std::size_t samples) const {
  const auto outputs = static_cast<std::size_t>(learner_.circuit()->outputs());
  std::vector<double> all(samples * outputs);
  for (std::size_t p = 0; p < heads_.size(); ++p) {
    const std::vector<ReadOutput> own = read_outputs(*learner_.circuit(), points[p][point], heads_[p]);
    for (std::size_t s = 0; s < samples; ++s)
      for (std::size_t o = 0; o < own.size(); ++o)
        all[s * outputs + static_cast<std::size_t>(own[o].output)] =
            values[p][(s * points[p].size() + point) * own.size() + o];
  }
  return all;
}

StepBatch TuneModel::batch_of(std::int64_t step) const {
  const std::int64_t steps = steps_per_epoch(training_rows_.size(), options_.batch);
  const auto order = epoch_order(training_rows_, options_.seed, static_cast<int>(step / steps));
  return batches_.make(order, static_cast<int>(step % steps), step);
}

std::vector<ReplayProgram> TuneModel::step_programs() { return sweeps(points(), batch_of(state_.step).rows); }

void TuneModel::take_step(const std::vector<std::vector<Counts>>& counts) {
  const StepBatch batch = batch_of(state_.step);
  const std::size_t samples = batch.rows.size();
  const std::vector<double> params = circuit_params();
  const auto at = points();
  std::vector<std::vector<ReadOutput>> outputs;
  for (const HeadProgram& head : heads_) outputs.push_back(read_outputs(*learner_.circuit(), params, head));
  const std::vector<std::vector<double>> values = values_of(sweeps(at, batch.rows), counts, params);

  std::vector<double> gradient(state_.params.size(), 0.0);
  std::vector<double> circuit_gradient(params.size(), 0.0);
  if (options_.rule == TuneRule::shift) {
    std::vector<double> cotangents(samples * static_cast<std::size_t>(learner_.circuit()->outputs()));
    last_loss_ = objective_(batch, outputs_at(0, values, at, samples), cotangents);
    for (std::size_t p = 0; p < heads_.size(); ++p)
      ParameterShift(*learner_.circuit(), heads_[p])
          .add_gradient(outputs[p], samples, values[p], cotangents, circuit_gradient);
  } else {
    const double up = objective_(batch, outputs_at(0, values, at, samples));
    const double down = objective_(batch, outputs_at(1, values, at, samples));
    Perturbation(chosen_, options_.perturbation, options_.seed, state_.step)
        .add_gradient(up, down, circuit_gradient);
    last_loss_ = 0.5 * (up + down);
  }
  const Circuit& circuit = *learner_.circuit();
  const std::size_t begin = learner_.circuit_begin(),
                    count = static_cast<std::size_t>(circuit.trainable_numbers());
  for (std::size_t i = 0; i < circuit_gradient.size(); ++i)
    add_trained_gradient(circuit, static_cast<int>(i), circuit_gradient[i],
                         std::span(state_.params).subspan(begin, count),
                         std::span(gradient).subspan(begin, count));
  // Factors of the sample's numbers stay as they are: what they bring there is not measured.
  for (const Expression& angle : circuit.angle_of)
    for (const Monomial& term : angle.terms)
      if (term.param >= 0) gradient[begin + static_cast<std::size_t>(term.param)] = 0.0;
  optimiser_step(train_, block_infos_, options_.rate, gradient, state_);
  learner_.bind(state_.params);
}

std::vector<ReplayProgram> TuneModel::evaluation_programs(const std::vector<std::size_t>& rows) const {
  return sweeps({heads_.size(), {circuit_params()}}, rows);
}

TuneModel::Evaluation TuneModel::evaluate(const std::vector<std::size_t>& rows,
                                          const std::vector<std::vector<Counts>>& counts) {
  const std::vector<double> params = circuit_params();
  const std::vector<std::vector<double>> values = values_of(evaluation_programs(rows), counts, params);
  const std::vector<double> measured = outputs_at(0, values, {heads_.size(), {params}}, rows.size());

  StepBatch batch;
  batch.rows = rows;
  batch.label_counts = count_labels(data_, learner_.spec(), rows);
  Evaluation evaluation;
  evaluation.loss = objective_(batch, measured);
  const std::vector<float> logits = learner_.logits_of(measured);
  evaluation.scores.tasks = qmtl::evaluate(data_, learner_.spec(), rows, logits);
  evaluation.scores.mean = mean_score(learner_.spec(), evaluation.scores.tasks);
  evaluation.scores.argmax_accuracy = argmax_accuracy(data_, learner_.spec(), rows, logits);
  return evaluation;
}

}  // namespace qmtl
