// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/forecast.h"

#include <algorithm>

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
