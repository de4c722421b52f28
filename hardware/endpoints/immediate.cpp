// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/immediate.h"

namespace qmtl {

CostEstimate ImmediateEndpoint::estimate(const DeviceJob&) {
  CostEstimate cost;
  cost.unit = "USD";
  cost.basis = basis_;
  return cost;
}

std::string ImmediateEndpoint::submit(const DeviceJob& job) {
  for (const Sweep& sweep : job.sweeps)
    if (const std::string found = problem(sweep.program); !found.empty())
      throw EndpointError(EndpointFault::refused,
                          info_.place + ": program " + sweep.program.name + ": " + found);
  return job.tag;
}

JobStatus ImmediateEndpoint::status(const std::string&) {
  JobStatus status;
  status.state = JobState::completed;
  status.cost = 0.0;
  return status;
}

JobResult ImmediateEndpoint::fetch(const std::string& id, const DeviceJob& job) {
  if (id != job.tag)
    throw EndpointError(EndpointFault::refused,
                        info_.place + ": expected the job " + job.tag + ", found the id " + id);
  JobResult result;
  for (std::size_t s = 0; s < job.sweeps.size(); ++s) result.counts.push_back(execute(job, s));
  result.cost = 0.0;
  return result;
}

void ImmediateEndpoint::cancel(const std::string& id) {
  throw EndpointError(EndpointFault::refused, info_.place + ": job " + id + " only runs when it is fetched");
}

}  // namespace qmtl
