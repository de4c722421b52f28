// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "hardware/endpoint.h"

namespace qmtl {

/// An endpoint that computes on this machine, free. It keeps nothing: a job's id is its tag, every job is
/// completed, and fetching it executes it.
class ImmediateEndpoint : public Endpoint {
 public:
  /// `basis`: CostEstimate::basis.
  ImmediateEndpoint(EndpointInfo about, std::string basis)
      : info_(std::move(about)), basis_(std::move(basis)) {}

  const EndpointInfo& info() final { return info_; }
  CostEstimate estimate(const DeviceJob& job) final;
  std::string submit(const DeviceJob& job) final;
  std::vector<std::string> find(const std::string& tag) final { return {tag}; }
  JobStatus status(const std::string& id) final;
  JobResult fetch(const std::string& id, const DeviceJob& job) final;
  void cancel(const std::string& id) final;

 protected:
  const DeviceTarget& target() const { return info_.target; }
  /// Why the program cannot be executed; empty: it can.
  virtual std::string problem(const DeviceProgram& program) const = 0;
  /// Counts of every row of the job's sweep of that number.
  virtual std::vector<Counts> execute(const DeviceJob& job, std::size_t sweep) const = 0;

 private:
  EndpointInfo info_;
  std::string basis_;
};

}  // namespace qmtl
