// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "hardware/endpoint_config.h"
#include "hardware/endpoints/immediate.h"
#include "hardware/endpoints/makers.h"
#include "hardware/executor.h"
#include "hardware/isa.h"
#include "hardware/transpile/target_json.h"
#include "runtime/base/hash.h"

namespace qmtl {
namespace {

/// The executor as an endpoint: fetching a job again gives the same result.
class LocalEndpoint final : public ImmediateEndpoint {
 public:
  LocalEndpoint(EndpointInfo about, NoiseModel noise, std::uint64_t seed)
      : ImmediateEndpoint(std::move(about), "simulated on this machine: free"),
        executor_(std::move(noise), seed) {}

 private:
  std::string problem(const DeviceProgram& program) const override { return isa_problem(program, target()); }

  std::vector<Counts> execute(const DeviceJob& job, std::size_t sweep) const override {
    return executor_.run(job.sweeps[sweep], job.shots, sweep_key(job.tag, sweep));
  }

  Executor executor_;
};

/// Digits that tell noise models apart: what was measured on one must not be taken for another.
std::string noise_digits(const NoiseModel& noise) {
  Sha256 hash;
  for (const GateNoise& entry : noise.gates) {
    hash.update_text(info(entry.gate).name);
    for (int qubit : entry.qubits) hash.update_number(static_cast<std::uint64_t>(qubit));
    for (const AppliedChannel& applied : entry.channels) {
      hash.update_number(static_cast<std::uint64_t>(applied.on + 1));
      for (const SmallMatrix& matrix : applied.channel.kraus)
        for (const std::complex<double>& number : matrix) {
          hash.update_number(number.real());
          hash.update_number(number.imag());
        }
    }
  }
  const auto add = [&](int qubit, const ReadoutError& error) {
    hash.update_number(static_cast<std::uint64_t>(qubit + 1));
    hash.update_number(error.p1_given_0);
    hash.update_number(error.p0_given_1);
  };
  for (const GateNoise& entry : noise.gates)
    if (entry.seconds > 0) hash.update_number(entry.seconds);
  const auto add_idle = [&](int qubit, const IdleNoise& idle) {
    if (idle == IdleNoise{}) return;
    hash.update_number(static_cast<std::uint64_t>(qubit + 1));
    hash.update_number(idle.detuning);
    hash.update_number(idle.spread);
  };
  add_idle(-1, noise.idle);
  for (const auto& [qubit, idle] : noise.idle_of) add_idle(qubit, idle);
  add(-1, noise.readout);
  for (const auto& [qubit, error] : noise.readout_of) add(qubit, error);
  return hash.hex().substr(0, 12);
}

bool is_noiseless(const NoiseModel& noise) {
  return std::all_of(noise.gates.begin(), noise.gates.end(),
                     [](const GateNoise& entry) { return entry.channels.empty(); }) &&
         noise.readout == ReadoutError{} &&
         std::all_of(noise.readout_of.begin(), noise.readout_of.end(),
                     [](const auto& entry) { return entry.second == ReadoutError{}; });
}

std::unique_ptr<Endpoint> make_local(EndpointConfig config, bool noisy) {
  EndpointSettings& settings = config.settings;
  if (!noisy) config.noise = {};
  if (noisy && is_noiseless(config.noise))
    throw usage_error(
        settings.file() +
        ": expected a key noise with the file of a noise model or a backend's "
        "properties, found none or one without any error; the kind exact is for a device without "
        "noise");
  EndpointInfo about;
  about.kind = noisy ? "noisy" : "exact";
  about.backend = about.kind;
  about.place = "this machine" + (noisy ? ", noise " + noise_digits(config.noise) : "");
  if (settings.has("target")) about.target = find_target(settings.text("target"));
  if (config.properties) about.target.properties = *config.properties;
  if (settings.has("basis")) set_basis(about.target, settings.text("basis"));
  if (about.target.name.empty()) about.target.name = about.kind;
  const std::int64_t seed = settings.integer("seed", 0),
                     qubits = settings.integer("qubits", about.target.qubits);
  if (seed < 0)
    throw usage_error(settings.file() + ": seed: expected 0 or more, found " + std::to_string(seed));
  if (qubits < about.target.qubits || qubits > 4096)
    throw usage_error(settings.file() + ": qubits: expected " + std::to_string(about.target.qubits) +
                      " to 4096 (0: no limit), found " + std::to_string(qubits));
  about.target.qubits = static_cast<int>(qubits);
  settings.finish();
  return std::make_unique<LocalEndpoint>(std::move(about), std::move(config.noise),
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
