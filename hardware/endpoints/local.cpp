#include "hardware/endpoint_config.h"
#include "hardware/endpoints/makers.h"
#include "hardware/executor.h"

namespace qmtl {
namespace {

/// The executor as an endpoint. It keeps nothing: a job's id is its tag, and fetching it executes it, with
/// the same result each time.
class LocalEndpoint final : public Endpoint {
 public:
  LocalEndpoint(EndpointInfo about, NoiseModel noise, std::uint64_t seed)
      : info_(std::move(about)), executor_(std::move(noise), seed) {}

  const EndpointInfo& info() override { return info_; }

  CostEstimate estimate(const DeviceJob&) override {
    CostEstimate cost;
    cost.unit = "USD";
    cost.basis = "simulated on this machine: free";
    return cost;
  }

  std::string submit(const DeviceJob& job) override {
    for (const Sweep& sweep : job.sweeps)
      if (info_.target.qubits > 0 && sweep.program.qubits > info_.target.qubits)
        throw EndpointError(EndpointFault::refused, info_.kind + ": program " + sweep.program.name + " has " +
                                                        std::to_string(sweep.program.qubits) +
                                                        " qubits, expected at most " +
                                                        std::to_string(info_.target.qubits));
    return job.tag;
  }

  std::vector<std::string> find(const std::string& tag) override { return {tag}; }

  JobStatus status(const std::string&) override {
    JobStatus status;
    status.state = JobState::completed;
    status.cost = 0.0;
    return status;
  }

  JobResult fetch(const std::string& id, const DeviceJob& job) override {
    if (id != job.tag)
      throw EndpointError(EndpointFault::refused,
                          info_.kind + ": expected the job " + job.tag + ", found the id " + id);
    JobResult result;
    for (std::size_t s = 0; s < job.sweeps.size(); ++s)
      result.counts.push_back(executor_.run(job.sweeps[s], job.shots, sweep_key(job.tag, s)));
    result.cost = 0.0;
    return result;
  }

  void cancel(const std::string& id) override {
    throw EndpointError(EndpointFault::refused, info_.kind + ": job " + id + " is completed already");
  }

 private:
  EndpointInfo info_;
  Executor executor_;
};

std::unique_ptr<Endpoint> make_local(EndpointConfig config, bool noisy) {
  EndpointInfo about;
  about.kind = noisy ? "noisy" : "exact";
  about.backend = about.kind;
  about.place = "this machine";
  about.target.name = about.kind;
  about.target.qubits = static_cast<int>(config.settings.integer("qubits", 0));
  const std::int64_t seed = config.settings.integer("seed", 0);
  if (seed < 0)
    throw usage_error(config.settings.file() + ": seed: expected 0 or more, found " + std::to_string(seed));
  if (about.target.qubits < 0)
    throw usage_error(config.settings.file() + ": qubits: expected 0 (no limit) or more, found " +
                      std::to_string(about.target.qubits));
  config.settings.finish();
  return std::make_unique<LocalEndpoint>(std::move(about), noisy ? std::move(config.noise) : NoiseModel{},
                                         static_cast<std::uint64_t>(seed));
}

}  // namespace

std::unique_ptr<Endpoint> make_exact_endpoint(EndpointConfig config) {
  return make_local(std::move(config), false);
}
std::unique_ptr<Endpoint> make_noisy_endpoint(EndpointConfig config) {
  return make_local(std::move(config), true);
}

}  // namespace qmtl
