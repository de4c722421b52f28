// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/emulation.h"

#include <algorithm>
#include <chrono>

#include "runtime/base/hash.h"

namespace qmtl {

namespace {

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

EmulatorOptions completed(EmulatorOptions options) {
  if (options.token.size() < 8)
    throw usage_error("emulate: expected a token of at least 8 characters that clients must know, found " +
                      std::to_string(options.token.size()));
  if (!options.clock) options.clock = system_seconds;
  if (options.target.name.empty()) options.target.name = "emulated";
  if (options.target.qubits == 0) options.target.qubits = 156;
  return options;
}

}  // namespace

Emulation::Emulation(EmulatorOptions options)
    : options_(completed(std::move(options))),
      tokens_(options_.token_lifetime),
      noisy_(options_.noise, options_.seed),
      ideal_(NoiseModel{}, options_.seed) {
  if (!options_.state.empty()) restore();
}

std::shared_ptr<EmulatedJob> Emulation::add(std::shared_ptr<EmulatedJob> job) {
  job->created = now();
  job->key = job->tag.empty() ? "job " + std::to_string(made_) : job->tag;
  ++made_;
  jobs_.push_back(job);
  save(*job);
  return job;
}

std::shared_ptr<EmulatedJob> Emulation::find(const std::string& service, const std::string& id) const {
  for (const auto& job : jobs_)
    if (job->service == service && job->id == id) return job;
  return nullptr;
}

std::vector<std::shared_ptr<EmulatedJob>> Emulation::list(const std::string& service) const {
  std::vector<std::shared_ptr<EmulatedJob>> found;
  for (const auto& job : jobs_)
    if (job->service == service) found.push_back(job);
  return found;
}

JobState Emulation::state(const EmulatedJob& job) const {
  const JobState state = job.ended ? *job.ended : queue_state(options_.queue, job.polls, now() - job.created);
  return state == JobState::completed && job.too_long ? JobState::cancelled : state;
}

const std::vector<std::vector<Counts>>& Emulation::execute(EmulatedJob& job,
                                                           std::unique_lock<std::mutex>& lock) const {
  std::string problem;
  lock.unlock();
  std::call_once(job.executed, [&] {
    try {
      for (std::size_t r = 0; r < job.runs.size(); ++r) {
        const EmulatedRun& run = job.runs[r];
        job.counts.push_back((job.ideal ? ideal_ : noisy_).run(run.sweep, run.shots, sweep_key(job.key, r)));
      }
    } catch (const Error& error) {
      problem = error.what();
    }
  });
  lock.lock();
  if (!problem.empty()) {
    job.ended = JobState::failed;
    job.reason = problem;
    job.reason_code = job.service == "ionq" ? "SimulationError" : "1000";
    save(job);
  }
  if (job.ended) throw WireRefusal{404, 0, "job " + job.id + " failed: " + job.reason, {}};
  return job.counts;
}

std::optional<std::vector<double>> Emulation::exact(const EmulatedRun& run) const {
  constexpr int most_qubits = 16;
  if (run.sweep.program.qubits > most_qubits || run.sweep.rows != 1) return std::nullopt;
  return ideal_.probabilities(run.sweep)[0];
}

std::string uuid_of(const std::string& text) {
  Sha256 hash;
  hash.update(text);
  std::string id = hash.hex().substr(0, 32);
  for (std::size_t at : {8, 13, 18, 23}) id.insert(at, "-");
  return id;
}

Counts distorted(const Counts& counts, const FaultSet& faults) {
  Counts changed;
  for (const auto& [bits, count] : counts)
    changed[faults.has(FaultAction::reverse_bits) ? std::string(bits.rbegin(), bits.rend()) : bits] += count;
  if (faults.has(FaultAction::wrong_sum) && !changed.empty() && --changed.begin()->second == 0)
    changed.erase(changed.begin());
  return changed;
}

void set_charges(EmulatedJob& job, const FaultSet& faults) {
  if (const Fault* fault = faults.find(FaultAction::overcharge))
    job.charge_factor = fault->value("factor", 2);
  if (const Fault* fault = faults.find(FaultAction::late_charge))
    job.charge_after = static_cast<std::int64_t>(fault->value("polls", 3));
  job.charged_twice = faults.has(FaultAction::double_charge);
}

std::optional<double> charge_of(EmulatedJob& job, double usual) {
  const std::int64_t told = job.charge_looks++ - job.charge_after;
  if (told < 0) return std::nullopt;
  return usual * job.charge_factor * (job.charged_twice && told > 0 ? 2 : 1);
}

double device_seconds(const EmulatedJob& job) {
  // A quarter of a millisecond is what superconducting devices wait between shots by default.
  constexpr double per_shot = 250e-6, overhead = 1.0;
  double shots = 0;
  for (const EmulatedRun& run : job.runs)
    shots += static_cast<double>(run.sweep.rows) * static_cast<double>(run.shots);
  return overhead + per_shot * shots;
}

}  // namespace qmtl
