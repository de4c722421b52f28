// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/forecast.h"

#include <algorithm>
#include <numeric>

#include "hardware/head_outputs.h"
#include "tools/workflows/replay/expectations.h"

namespace qmtl {
namespace {

/// Qubits that the program acts on.
int used_qubits(const DeviceProgram& program) {
  std::vector<bool> used(static_cast<std::size_t>(program.qubits));
  for (const DeviceOp& op : program.ops) {
    used[static_cast<std::size_t>(op.q0)] = true;
    if (op.q1 >= 0) used[static_cast<std::size_t>(op.q1)] = true;
  }
  return static_cast<int>(std::count(used.begin(), used.end(), true));
}

/// From eight samples of the ideal circuit, and what is known of the readings by now.
MitigationForecast mitigation_of(const ReplaySession& session) {
  const ReplayModel& model = session.model;
  const auto params = model.learner->circuit_params();
  std::vector<std::size_t> few(std::min<std::size_t>(8, model.rows.size()));
  std::iota(few.begin(), few.end(), std::size_t{0});
  const std::vector<double> variances = output_variances(model.circuit(), params, few.size(), model.angles),
                            exact = exact_outputs(model, few);
  const std::size_t width = variances.size();
  std::vector<ForecastPart> parts(session.parts.size());
  for (const ReplayProgram& program : session.programs.all)
    if (program.phase == ReplayPhase::work)
      parts[static_cast<std::size_t>(program.part)].measured = program.sweep.program.measured;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    ForecastPart& part = parts[p];
    part.shots = session.plan.shots[p];
    part.outputs = read_outputs(model.circuit(), params, session.parts[p]);
    if (!session.programs.cancellations.empty()) part.cancellation = &session.programs.cancellations[p];
    for (const ReadOutput& output : part.outputs) {
      const auto o = static_cast<std::size_t>(output.output);
      part.variances.push_back(variances[o]);
      double squares = 0;
      for (std::size_t i = 0; i < few.size(); ++i) squares += exact[i * width + o] * exact[i * width + o];
      part.squares.push_back(squares / static_cast<double>(few.size()));
    }
  }
  std::optional<ReadoutCalibration> calibration;
  if (!session.plan.calibration.empty())
    calibration = parse_calibration(session.plan.calibration, "plan.json: calibration").calibration;
  else if (session.noise)
    calibration = known_readout(*session.noise, session.programs.read);
  if (calibration) set_aside_unusable(*calibration);
  return forecast_mitigation(session.request, parts, calibration);
}

}  // namespace

ReplayForecast forecast_replay(const ReplaySession& session, const std::string& folder) {
  const ReplayPrograms& programs = session.programs;
  ReplayForecast forecast;
  forecast.folder = folder;
  forecast.identity = session.identity;
  forecast.endpoint_kind = session.request.endpoint_kind;
  forecast.endpoint_backend = session.request.endpoint_backend;
  forecast.endpoint_place = session.request.endpoint_place;
  forecast.samples = session.model.rows.size();
  forecast.programs = session.parts.size();
  forecast.shots = session.plan.shots;
  forecast.gates = programs.gates;
  forecast.two_qubit_gates = programs.two_qubit_gates;
  forecast.depth = programs.depth;
  forecast.calibrated = session.plan.target.properties.known();
  forecast.success = programs.success;
  forecast.remarks = programs.remarks;
  forecast.paid = session.plan.paid;
  for (const ReplayProgram& program : programs.all)
    forecast.qubits = std::max(forecast.qubits, used_qubits(program.sweep.program));

  forecast.mitigation = mitigation_of(session);
  CostEstimate& total = forecast.total;
  for (std::size_t j = 0; j < session.jobs.size(); ++j) {
    const DeviceJob job =
        device_job(session.jobs[j], programs.all, job_tag(session.identity, static_cast<int>(j), 1));
    const CostEstimate estimate = session.endpoint->estimate(job);
    std::size_t rows = 0;
    for (const Sweep& sweep : job.sweeps) rows += sweep.rows;
    forecast.jobs.push_back({session.jobs[j].phase, job.sweeps.size(), rows, job.shots, job.executions(),
                             estimate.amount, estimate.seconds});
    forecast.executions += job.executions();
    total.amount += estimate.amount;
    total.seconds += estimate.seconds;
    if (estimate.wait_seconds)
      total.wait_seconds = std::max(total.wait_seconds.value_or(0), *estimate.wait_seconds);
    if (estimate.queue) total.queue = std::max(total.queue.value_or(0), *estimate.queue);
    total.basis = estimate.basis;
  }
  total.unit = session.plan.unit;
  return forecast;
}

}  // namespace qmtl
