// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/score_forecast.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

#include "hardware/group_sampler.h"
#include "hardware/head_outputs.h"
#include "hardware/transpile/properties_json.h"
#include "io/config/noise_file.h"
#include "io/sources/inflate.h"
#include "runtime/base/error.h"
#include "runtime/base/parallel.h"
#include "runtime/model/metrics.h"
#include "runtime/model/statistics.h"
#include "runtime/noise/drawn_properties.h"

namespace qmtl {
namespace {

/// Shots of a program where the average is `shots` of the `most` that it was planned with; one at least.
std::int64_t scaled_shots(const ReplayProgram& program, std::int64_t shots, std::int64_t most) {
  if (program.phase != ReplayPhase::work) return program.shots;
  return std::max<std::int64_t>(1, program.shots * shots / most);
}

/// A session's programs on one device that is drawn: any shots of theirs, scored.
class DrawnDevice {
 public:
  DrawnDevice(const ReplaySession& session, const CalibratedDevice& device, const ForesightSettings& settings,
              std::uint32_t draw)
      : session_(session), seed_(sweep_key("device " + std::to_string(settings.seed), draw)) {
    const BackendProperties drawn =
        drawn_properties(device.listed, settings.uncertainty, settings.seed, draw);
    noise_ = noise_of_properties(drawn, device.file);
    if (settings.relayout) {
      DeviceTarget target = session.plan.target;
      target.properties = device_properties(drawn);
      chosen_anew_ = programs_on(session, target);
    }
    const Circuit& circuit = session.model.circuit();
    for (const ReplayProgram& program : programs().all) {
      std::vector<ReadOutput> outputs;
      if (program.phase == ReplayPhase::work)
        outputs = read_outputs(circuit, session.model.learner->circuit_params(),
                               session.parts[static_cast<std::size_t>(program.part)]);
      samplers_.push_back(GroupSampler::make(program.sweep, noise_,
                                             read_together(outputs, program.sweep.program.measured.size())));
    }
  }

  /// The tasks' scores, then their mean, of the shots from `begin` to `end` of the average that was planned;
  /// a calibration is measured with all of its own.
  std::vector<double> scores(std::int64_t begin, std::int64_t end) const {
    const ReplayScores measured = mitigated_scores(session_, programs(), counts(begin, end));
    std::vector<double> values;
    for (const ScoreInterval& task : measured.tasks) values.push_back(task.value);
    values.push_back(measured.mean.value);
    return values;
  }

 private:
  ProgramCounts counts(std::int64_t begin, std::int64_t end) const {
    ProgramCounts counts;
    for (std::size_t p = 0; p < samplers_.size(); ++p) {
      const ReplayProgram& program = programs().all[p];
      std::int64_t first = 0, last = program.shots;
      if (program.phase == ReplayPhase::work) {
        first = begin == 0 ? 0 : scaled_shots(program, begin, session_.request.shots);
        last = std::max(first + 1, scaled_shots(program, end, session_.request.shots));
      }
      const std::uint64_t key = sweep_key("shots from " + std::to_string(first), p);
      counts.rows.push_back(samplers_[p] ? samplers_[p]->counts(first, last, seed_ ^ sweep_key("shots", p))
                                         : Executor(noise_, seed_).run(program.sweep, last - first, key));
    }
    return counts;
  }

  const ReplayPrograms& programs() const { return chosen_anew_ ? *chosen_anew_ : session_.programs; }

  const ReplaySession& session_;
  NoiseModel noise_;
  std::optional<ReplayPrograms> chosen_anew_;  ///< on the qubits that are best on this device
  std::uint64_t seed_;
  std::vector<std::optional<GroupSampler>> samplers_;  ///< of each program; nothing: shots of its own
};

/// `shot_variance`: what the shots alone bring in. Not cut to what the metric can be.
ForeseenScore foreseen(double exact, const std::vector<double>& values, double shot_variance) {
  const RehearsedScore drawn = summary(values);
  const double variance = drawn.deviation * drawn.deviation, draws = static_cast<double>(values.size());
  const double reach = student_95(values.size() - 1) * std::sqrt(variance * (1 + 1 / draws));
  // Scores of few samples move in steps and are no normal numbers: what was drawn can be.
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return {exact,
          {drawn.mean, std::min(drawn.mean - reach, *least), std::max(drawn.mean + reach, *most)},
          std::sqrt(shot_variance),
          std::sqrt(std::max(0.0, variance - shot_variance))};
}

}  // namespace

CalibratedDevice load_calibrated(const std::string& file) {
  if (!file.ends_with(".json"))
    throw usage_error(
        "--target: expected the properties of a device with its calibration data, a .json file "
        "(io/FORMATS.md), found '" +
        file + "'");
  CalibratedDevice device{file, inflate_file(file, "the properties of an IBM backend"), {}};
  device.listed = parse_listed_properties(device.text, file);
  return device;
}

std::int64_t executions_with(const ReplaySession& session, std::int64_t shots) {
  std::int64_t sum = 0;
  for (const ReplayProgram& program : session.programs.all)
    sum +=
        scaled_shots(program, shots, session.request.shots) * static_cast<std::int64_t>(program.sweep.rows);
  return sum;
}

std::vector<ForeseenScores> foresee_scores(const ReplaySession& session, const CalibratedDevice& device,
                                           std::vector<std::int64_t> shots, const ForesightSettings& settings,
                                           const WorkProgress& working) {
  if (settings.draws < 2)
    throw usage_error("--draws: expected 2 or more, found " + std::to_string(settings.draws));
  std::sort(shots.begin(), shots.end());
  shots.erase(std::unique(shots.begin(), shots.end()), shots.end());
  const std::int64_t most = session.request.shots;
  if (shots.empty() || shots.front() < 1 || shots.back() > most)
    throw usage_error("--shots: expected numbers from 1 to " + std::to_string(most));
  const ModelSpec& spec = session.model.spec();
  const std::size_t count = spec.tasks.size() + 1;
  const auto draws = static_cast<std::size_t>(settings.draws);
  const std::vector<double> none(draws);
  // [shots][score][draw]; of_halves[score][draw]: squared differences of disjoint halves of the shots.
  std::vector<std::vector<std::vector<double>>> values(shots.size(), {count, none});
  std::vector<std::vector<double>> of_halves(count, none);
  std::mutex mutex;
  std::size_t done = 0;
  if (working) working("forecast: simulating devices", 0, draws);
  run_parallel(draws, [&](std::size_t draw) {
    const DrawnDevice drawn(session, device, settings, static_cast<std::uint32_t>(draw));
    for (std::size_t k = 0; k < shots.size(); ++k) {
      const std::vector<double> found = drawn.scores(0, shots[k]);
      for (std::size_t s = 0; s < count; ++s) values[k][s][draw] = found[s];
    }
    const std::vector<double> one = drawn.scores(0, (most + 1) / 2), other = drawn.scores(most / 2, most);
    for (std::size_t s = 0; s < count; ++s) of_halves[s][draw] = std::pow(one[s] - other[s], 2);
    const std::lock_guard lock(mutex);
    if (working) working("forecast: simulating devices", ++done, draws);
  });
  if (working) working("", 0, 0);
  std::vector<std::size_t> samples(session.model.rows.size());
  std::iota(samples.begin(), samples.end(), std::size_t{0});
  const std::vector<double> exact = exact_scores(session.model, samples);
  std::vector<ForeseenScores> made;
  for (std::size_t k = 0; k < shots.size(); ++k) {
    ForeseenScores& scores = made.emplace_back();
    scores.shots = shots[k];
    scores.executions = executions_with(session, shots[k]);
    // Two halves differ by twice a half's variance, which is twice that of all shots.
    const auto score = [&](std::size_t number) {
      const double of_shots =
          summary(of_halves[number]).mean * static_cast<double>(most) / static_cast<double>(shots[k]) / 4;
      return foreseen(exact[number], values[k][number], of_shots);
    };
    for (std::size_t t = 0; t + 1 < count; ++t) {
      scores.tasks.push_back(score(t));
      ScoreInterval& interval = scores.tasks.back().interval;
      interval = cut_to_metric(interval, metric_info(spec.tasks[t].metric).higher_is_better);
    }
    scores.mean = score(count - 1);
    scores.mean.interval = cut_to_mean(scores.mean.interval, spec);
  }
  return made;
}

}  // namespace qmtl
