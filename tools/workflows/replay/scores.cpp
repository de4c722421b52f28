// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/scores.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "hardware/executor.h"
#include "hardware/head_outputs.h"
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "runtime/model/metrics.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

/// Whether a program is what would be executed without mitigation: no noise amplified, nothing inserted.
bool counts_as_measured(const ReplayProgram& program) {
  return program.factor == 1 && program.place.stratum == 0;
}

/// With `mitigated` as the request says, else as the device read them.
MeasuredValues values_of(const ReplaySession& session, const ReplayPrograms& programs,
                         const ProgramCounts& counts, const std::optional<ReadoutCalibration>& calibration,
                         bool mitigated) {
  const Circuit& circuit = session.model.circuit();
  const ReplayRequest& request = session.request;
  const auto params = session.model.learner->circuit_params();
  MeasuredValues values(
      session.model.rows.size(), circuit.outputs(),
      mitigated && request.extrapolates() ? std::optional(request.extrapolation) : std::nullopt);
  std::map<int, int> as_measured;  // programs of each group that count without mitigation
  for (const ReplayProgram& program : programs.all)
    if (program.phase == ReplayPhase::work && counts_as_measured(program)) ++as_measured[program.place.group];
  for (std::size_t p = 0; p < programs.all.size(); ++p) {
    const ReplayProgram& program = programs.all[p];
    if (program.phase != ReplayPhase::work || (!mitigated && !counts_as_measured(program))) continue;
    // Amplified noise is for the extrapolation alone.
    if (!request.extrapolates() && program.factor != 1) continue;
    const auto outputs = with_flips_undone(
        read_outputs(circuit, params, session.parts[static_cast<std::size_t>(program.part)]),
        program.place.flipped);
    const std::vector<int>& measured = program.sweep.program.measured;
    const RowReader reader =
        make_reader(outputs, mitigated ? calibration : std::nullopt, request.m3, measured);
    ProgramPlace place = program.place;
    if (!mitigated)
      place.weights.assign(outputs.size(), 1.0 / static_cast<double>(as_measured.at(place.group)));
    values.add(outputs, place, counts.rows[p], reader);
  }
  return values;
}

std::vector<std::size_t> rows_of(const ReplayModel& model, const std::vector<std::size_t>& samples) {
  std::vector<std::size_t> rows;
  for (std::size_t i : samples) rows.push_back(model.rows[i]);
  return rows;
}

}  // namespace

RehearsedScore summary(const std::vector<double>& values) {
  RehearsedScore score;
  const auto n = static_cast<double>(values.size());
  for (double value : values) score.mean += value;
  score.mean /= n;
  for (double value : values) score.deviation += std::pow(value - score.mean, 2);
  score.deviation = values.size() > 1 ? std::sqrt(score.deviation / (n - 1)) : std::nan("");
  return score;
}

ProgramCounts simulate_counts(const ReplaySession& session, const NoiseModel& noise, std::uint64_t seed,
                              const WorkProgress& working) {
  const Executor executor(noise, seed);
  ProgramCounts counts;
  for (std::size_t p = 0; p < session.programs.all.size(); ++p) {
    const ReplayProgram& program = session.programs.all[p];
    if (working) working("rehearsal: simulating program", p, session.programs.all.size());
    counts.rows.push_back(executor.run(program.sweep, program.shots, p));
  }
  return counts;
}

std::optional<ReadoutCalibration> calibration_of(const ReplaySession& session, const ReplayPrograms& programs,
                                                 const ProgramCounts& counts) {
  if (!session.request.readout) return std::nullopt;
  if (!session.plan.calibration.empty())
    return parse_calibration(session.plan.calibration, "plan.json: calibration").calibration;
  std::vector<Counts> measured;
  for (std::size_t p = 0; p < programs.all.size(); ++p)
    if (programs.all[p].phase == ReplayPhase::calibration) measured.push_back(counts.rows[p].front());
  if (std::any_of(measured.begin(), measured.end(), [](const Counts& c) { return c.empty(); }))
    return std::nullopt;
  return estimate_readout(programs.calibration, measured, {});
}

namespace {

/// What counts say with the request's mitigation, and on what it rests.
struct Mitigated {
  std::optional<ReadoutCalibration> calibration;
  std::vector<int> unmitigated;  ///< as of CountedScores
  MeasuredValues values;
  std::vector<std::size_t> samples;  ///< that have all their programs
};

Mitigated mitigated(const ReplaySession& session, const ReplayPrograms& programs,
                    const ProgramCounts& counts) {
  auto calibration = calibration_of(session, programs, counts);
  std::vector<int> unmitigated;
  if (calibration) unmitigated = set_aside_unusable(*calibration);
  if (session.request.readout && !calibration)
    throw EndpointError(
        EndpointFault::not_ready,
        "the calibration of readings has no results, so that no readout error can be undone; "
        "fetch again, send it again with `qmtl replay submit FOLDER --retry`, or score what was "
        "read as it is with `qmtl replay fetch FOLDER --mitigate none`");
  Mitigated made{
      calibration, std::move(unmitigated), values_of(session, programs, counts, calibration, true), {}};
  for (std::size_t i = 0; i < session.model.rows.size(); ++i)
    if (made.values.complete(i)) made.samples.push_back(i);
  if (made.samples.empty())
    throw EndpointError(
        EndpointFault::not_ready,
        "no sample has the results of all its programs; `qmtl replay status FOLDER` shows "
        "where they are, and `qmtl replay run FOLDER --retry` sends again what came without results");
  return made;
}

ScoreRequest score_request(const ReplaySession& session, const std::vector<std::size_t>& samples,
                           std::size_t replicates) {
  const ReplayModel& model = session.model;
  return {model.data,
          model.spec(),
          rows_of(model, samples),
          samples,
          [&](std::span<const double> values) { return model.learner->logits_of(values); },
          replicates,
          session.request.seed};
}

}  // namespace

ReplayScores mitigated_scores(const ReplaySession& session, const ReplayPrograms& programs,
                              const ProgramCounts& counts) {
  const Mitigated found = mitigated(session, programs, counts);
  return score_measured(found.values, score_request(session, found.samples, 0));
}

CountedScores score_counts(const ReplaySession& session, const ProgramCounts& counts,
                           std::size_t replicates) {
  Mitigated found = mitigated(session, session.programs, counts);
  CountedScores scores;
  scores.unmitigated = std::move(found.unmitigated);
  scores.samples = std::move(found.samples);
  ScoreRequest request = score_request(session, scores.samples, replicates);
  scores.logits = request.logits(found.values.values(scores.samples));
  scores.measured = score_measured(found.values, request);
  request.replicates = 0;
  const MeasuredValues raw = values_of(session, session.programs, counts, std::nullopt, false);
  scores.raw = score_measured(raw, request);
  scores.outputs = {raw.estimates(scores.samples), found.values.estimates(scores.samples),
                    std::move(found.calibration)};
  return scores;
}

std::vector<double> exact_scores(const ReplayModel& model, const std::vector<std::size_t>& samples) {
  const auto width = static_cast<std::size_t>(model.learner->outputs());
  std::vector<float> logits;
  for (std::size_t i : samples) {
    const auto begin = model.exact_logits.begin() + static_cast<std::ptrdiff_t>(i * width);
    logits.insert(logits.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
  }
  std::vector<double> scores = evaluate(model.data, model.spec(), rows_of(model, samples), logits);
  scores.push_back(mean_score(model.spec(), scores));
  return scores;
}

void check_rehearsal(const ReplaySession& session, const std::string& file, const WorkProgress& working) {
  if (file.empty()) return;
  if (working) working("looking whether the rehearsal can be", 0, 0);
  const Executor executor(load_noise(file), 0);
  for (const ReplayProgram& program : session.programs.all) {
    Sweep first = program.sweep;
    first.rows = 1;
    first.values.resize(first.program.inputs.size());
    executor.run(first, 1, 0);
  }
  if (working) working("", 0, 0);
}

Rehearsal rehearse(const ReplaySession& session, const std::string& file, int runs,
                   const WorkProgress& working) {
  const NoiseModel noise = load_noise(file);
  const std::size_t tasks = session.model.spec().tasks.size();
  std::vector<std::vector<double>> found(tasks + 1);
  for (int run = 0; run < runs; ++run) {
    const ProgramCounts counts = simulate_counts(session, noise, static_cast<std::uint64_t>(run), working);
    const ReplayScores scores = mitigated_scores(session, session.programs, counts);
    for (std::size_t t = 0; t < tasks; ++t) found[t].push_back(scores.tasks[t].value);
    found[tasks].push_back(scores.mean.value);
  }
  Rehearsal rehearsal{file, runs, {}, summary(found[tasks])};
  for (std::size_t t = 0; t < tasks; ++t) rehearsal.tasks.push_back(summary(found[t]));
  return rehearsal;
}

namespace {

Json score_json(const ScoreInterval& measured, double raw, double exact,
                const std::optional<RehearsedScore>& rehearsed) {
  Json json{{"exact", json_number(exact)}};
  if (rehearsed)
    json["rehearsed"] = {{"mean", json_number(rehearsed->mean)}, {"sd", json_number(rehearsed->deviation)}};
  json["raw"] = json_number(raw);
  json["value"] = json_number(measured.value);
  json["low"] = json_number(measured.low);
  json["high"] = json_number(measured.high);
  return json;
}

Json mitigation_json(const ReplaySession& session, const CountedScores& scores) {
  const MitigationSettings& settings = session.request;
  Json json{{"mitigate", mitigation_names(settings, MitigationOption::mitigate)},
            {"suppress", mitigation_names(settings, MitigationOption::suppress)},
            {"readout",
             session.request.readout ? (session.plan.calibration.empty() ? "measured" : "kept") : "none"},
            {"noise_factors", session.request.factors}};
  if (!scores.unmitigated.empty()) json["unmitigated_qubits"] = scores.unmitigated;
  if (session.request.extrapolates()) {
    json["fold"] = name(session.request.fold);
    json["extrapolation"] = name(session.request.extrapolation);
  }
  return json;
}

}  // namespace

Json replay_json(const ReplaySession& session, const ReplayJournal& journal, double spent,
                 const ProgramCounts& counts, const CountedScores& scores,
                 const std::optional<Rehearsal>& rehearsal) {
  const ReplayRequest& request = session.request;
  const ModelSpec& spec = session.model.spec();
  const std::vector<double> exact = exact_scores(session.model, scores.samples);
  std::int64_t executions = 0, estimated = 0;
  for (const JobRecord& job : journal.jobs()) {
    executions += job.last.executions;
    estimated += !job.last.cost;
  }
  Json json{{"format", "qmtl-replay"},
            {"version", 1},
            {"name", request.name},
            {"identity", session.identity},
            {"checkpoint", session.model.checkpoint_path},
            {"run_hash", session.model.checkpoint.run_hash},
            {"data", request.data},
            {"split", request.split},
            {"samples", session.model.rows.size()},
            {"complete", scores.samples.size()},
            {"endpoint",
             {{"kind", request.endpoint_kind},
              {"backend", request.endpoint_backend},
              {"place", request.endpoint_place}}},
            {"head_split", name(request.head_split)},
            {"programs", session.parts.size()},
            {"depth", session.programs.depth},
            {"shots", session.plan.shots},
            {"mitigation", mitigation_json(session, scores)},
            {"jobs", journal.jobs().size()},
            {"executions", executions},
            {"dropped", counts.dropped},
            {"cost", {{"amount", spent}, {"unit", session.plan.unit}, {"estimated", estimated > 0}}}};
  if (rehearsal) json["rehearsal"] = {{"noise", rehearsal->noise}, {"runs", rehearsal->runs}};
  auto& tasks = json["tasks"] = Json::object();
  for (std::size_t t = 0; t < spec.tasks.size(); ++t) {
    Json task{{"metric", spec.tasks[t].metric}};
    const TaskMeaning& meaning = session.model.checkpoint.meaning.task(spec.tasks[t].name);
    if (!meaning.classes.empty()) task["classes"] = meaning.classes;
    if (!meaning.unit.empty()) task["unit"] = meaning.unit;
    task.update(score_json(scores.measured.tasks[t], scores.raw.tasks[t].value, exact[t],
                           rehearsal ? std::optional(rehearsal->tasks[t]) : std::nullopt));
    tasks[spec.tasks[t].name] = task;
  }
  json["mean"] = score_json(scores.measured.mean, scores.raw.mean.value, exact.back(),
                            rehearsal ? std::optional(rehearsal->mean) : std::nullopt);
  json["expectations"] = expectations_summary(session.model, scores.samples, scores.outputs);
  json["missing"] = counts.missing;
  return json;
}

}  // namespace qmtl
