// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/noisy_circuits.h"

#include "runtime/base/error.h"
#include "runtime/noise/schedule.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

/// The gates that one block is for one sample.
std::vector<BlockRun::Step> steps_of(const NoisyCircuit& work, const Block& block,
                                     std::span<const double> angles) {
  std::vector<Op> ops = work.circuit.shared;
  ops.insert(ops.end(), block.ops.begin(), block.ops.end());
  std::vector<BlockRun::Step> steps;
  for (const Timed& entry : schedule(ops, work.circuit.qubits)) {
    const Op& op = entry.op;
    BlockRun::Step step{entry.moment, op.gate, {op.q0}, std::nullopt};
    if (op.q1 >= 0) step.qubits.push_back(op.q1);
    if (op.source == Source::angle) step.angle = angles[static_cast<std::size_t>(op.index)];
    if (op.source != Source::angle && is_rotation(op.gate)) step.angle = fixed_angle(op, work.params);
    steps.push_back(std::move(step));
  }
  return steps;
}

/// The simulator; what it refuses gets the circuit's place.
NoisySimulator make_simulator(const NoisyCircuit& work, const NoiseRequest& request) {
  try {
    return NoisySimulator(work.circuit, request.model, request.options);
  } catch (const Error& error) {
    throw Error(error.code(), work.place + ": " + error.what());
  }
}

}  // namespace

NoisyCircuit head_circuit(const Ranks& ranks, const std::string& file, const std::string& data_file,
                          std::size_t samples, SimdTarget simd) {
  const Checkpoint checkpoint = load_checkpoint(ranks, file);
  const Dataset data =
      load_dataset_for(ranks, checkpoint, data_file.empty() ? checkpoint.config.data_file : data_file);
  const auto learner = restore(ranks, checkpoint, data, simd);
  if (!learner->circuit()) throw usage_error("--checkpoint: expected a head with a circuit, found none");
  auto rows = data.rows(Split::test);
  if (samples < 1 || samples > rows.size())
    throw usage_error("--samples: expected 1 to " + std::to_string(rows.size()) + ", found " +
                      std::to_string(samples));
  rows.resize(samples);
  const auto params = learner->circuit_params();
  return {file,
          *learner->circuit(),
          {params.begin(), params.end()},
          learner->circuit_angles(rows),
          {rows.begin(), rows.end()}};
}

std::vector<BlockRun> run_noisy(const NoisyCircuit& work, const NoiseRequest& request) {
  NoisySimulator simulator = make_simulator(work, request);
  simulator.bind(work.params);
  std::vector<Counts> counts;
  std::vector<std::vector<double>> probabilities;
  if (request.options.shots > 0)
    counts = simulator.counts(work.keys, work.angles);
  else
    probabilities = simulator.probabilities(work.keys, work.angles);
  const std::size_t blocks = work.circuit.blocks.size(),
                    width = static_cast<std::size_t>(work.circuit.angles);
  std::vector<BlockRun> runs;
  for (std::size_t s = 0; s < work.keys.size(); ++s)
    for (std::size_t b = 0; b < blocks; ++b) {
      BlockRun run{work.keys[s],
                   b,
                   work.circuit.qubits,
                   simulator.parts()[b],
                   steps_of(work, work.circuit.blocks[b], std::span(work.angles).subspan(s * width, width)),
                   {},
                   {}};
      if (counts.empty())
        run.probabilities = std::move(probabilities[s * blocks + b]);
      else
        run.counts = std::move(counts[s * blocks + b]);
      runs.push_back(std::move(run));
    }
  return runs;
}

}  // namespace qmtl
