// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/programs.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>

#include "hardware/head_outputs.h"
#include "hardware/mitigation/probe.h"
#include "hardware/program_stats.h"
#include "hardware/transpile/transpile.h"
#include "runtime/noise/noisy.h"

namespace qmtl {
namespace {

Sweep one_row(DeviceProgram program) { return {std::move(program), 1, {}}; }

void add_work(ReplayPrograms& made, std::vector<ReplayProgram> programs) {
  for (ReplayProgram& program : programs) {
    made.depth = std::max(made.depth, depth(program.sweep.program));
    made.gates += static_cast<std::int64_t>(program.sweep.program.ops.size());
    made.two_qubit_gates += two_qubit_gates(program.sweep.program);
    made.all.push_back(std::move(program));
  }
}

}  // namespace

std::vector<ReplayProgram> work_programs(int part, const Sweep& sweep, std::int64_t shots,
                                         std::span<const ReadOutput> outputs, const DeviceTarget& target,
                                         const ProgramSettings& settings, int group,
                                         CancellationPlan* cancellation) {
  const VariantRequest request{settings.mitigation,
                               target,
                               settings.seed,
                               static_cast<std::uint32_t>(part),
                               shots,
                               outputs,
                               sweep.rows,
                               sweep.values,
                               settings.noise,
                               cancellation};
  std::vector<ReplayProgram> programs;
  std::vector<double> factors;
  for (Variant& variant : make_variants(sweep.program, request)) {
    const auto factor = std::find(factors.begin(), factors.end(), variant.factor);
    const int number = group + static_cast<int>(factor - factors.begin());
    if (factor == factors.end()) factors.push_back(variant.factor);
    const std::int64_t own = std::max<std::int64_t>(settings.least_shots,
                                                    std::llround(variant.share * static_cast<double>(shots)));
    programs.push_back(
        {ReplayPhase::work,
         part,
         variant.factor,
         own,
         {std::move(variant.program), sweep.rows, sweep.values},
         {number, variant.stratum, variant.factor, std::move(variant.weights), std::move(variant.flipped)}});
  }
  return programs;
}

ReplayProgram replay_probe(std::span<const int> read, std::int64_t shots, const DeviceTarget& target) {
  constexpr std::size_t most = 5;
  std::vector<int> qubits(read.begin(), read.end());
  const auto& known = target.properties.qubits;
  const auto error = [&](int qubit) {
    const auto q = static_cast<std::size_t>(qubit);
    return q < known.size() && known[q].readout_error ? *known[q].readout_error : 0.5;
  };
  if (target.properties.known())
    std::stable_sort(qubits.begin(), qubits.end(), [&](int a, int b) { return error(a) < error(b); });
  qubits.resize(std::min(most, qubits.size()));
  return {ReplayPhase::probe, 0, 1.0, shots, one_row(probe_program(qubits, target))};
}

ReplayPrograms make_replay_programs(const Circuit& circuit, std::span<const double> params,
                                    std::span<const HeadProgram> parts, std::span<const std::int64_t> shots,
                                    std::size_t samples, std::span<const double> angles,
                                    const DeviceTarget& target, const ProgramSettings& settings) {
  ReplayPrograms made;
  std::vector<DeviceProgram> programs;
  std::set<int> read;
  for (const HeadProgram& part : parts) {
    TranspileResult result = transpile(part.program, target);
    made.success.push_back(result.success);
    for (std::string& remark : result.remarks)
      if (std::find(made.remarks.begin(), made.remarks.end(), remark) == made.remarks.end())
        made.remarks.push_back(std::move(remark));
    programs.push_back(std::move(result.program));
    read.insert(programs.back().measured.begin(), programs.back().measured.end());
  }
  made.read.assign(read.begin(), read.end());
  if (settings.probe_shots > 0 && made.read.size() > 1) {
    made.all.push_back(replay_probe(made.read, settings.probe_shots, target));
    made.probed = true;
  }
  if (settings.calibration_shots > 0) {
    made.calibration = calibration_programs(made.read, {}, target);
    for (std::size_t c = 0; c < made.calibration.size(); ++c)
      made.all.push_back({ReplayPhase::calibration, static_cast<int>(c), 1.0, settings.calibration_shots,
                          one_row(made.calibration[c].program)});
  }
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const Sweep sweep{
        programs[p], samples,
        input_values(parts[p], params, samples, angles, static_cast<std::size_t>(circuit.angles))};
    CancellationPlan cancellation;
    const int number = static_cast<int>(p), factors = static_cast<int>(settings.mitigation.factors.size());
    add_work(made, work_programs(number, sweep, shots[p], read_outputs(circuit, params, parts[p]), target,
                                 settings, number * factors, &cancellation));
    if (settings.mitigation.cancellation != CancellationKind::none)
      made.cancellations.push_back(std::move(cancellation));
  }
  return made;
}

namespace {

/// Above this many qubits of a register its distribution is not worked out.
constexpr std::size_t most_exact_qubits = 12;

/// Sum of the readout's Z-strings for one bitstring of the block's register.
double reading(const Block& block, const Readout& readout, std::span<const double> params, std::size_t bits) {
  double sum = 0;
  for (const ZString& string : readout.strings) {
    std::size_t mask = 0;
    for (std::size_t j = 0; j < block.qubits.size(); ++j)
      if (std::find(string.qubits.begin(), string.qubits.end(), block.qubits[j]) != string.qubits.end())
        mask |= std::size_t{1} << j;
    const double weight = weight_of(string, params);
    sum += std::popcount(bits & mask) % 2 ? -weight : weight;
  }
  return sum;
}

double bound(const Readout& readout, std::span<const double> params) {
  double sum = 0;
  for (const ZString& string : readout.strings) sum += std::abs(weight_of(string, params));
  return sum * sum;
}

}  // namespace

std::vector<double> output_variances(const Circuit& circuit, std::span<const double> params,
                                     std::size_t samples, std::span<const double> angles) {
  std::vector<double> variances;
  std::size_t widest = 0;
  for (const Block& block : circuit.blocks) {
    widest = std::max(widest, block.qubits.size());
    for (const Readout& readout : block.outputs) variances.push_back(bound(readout, params));
  }
  if (widest > most_exact_qubits) return variances;
  NoisyOptions options;
  options.joint = true;
  options.trajectories = 200;  // of wide cones; a rough number is enough to share shots by
  NoisySimulator simulator(circuit, NoiseModel{}, options);
  simulator.bind(params);
  std::vector<std::uint32_t> keys(samples);
  std::iota(keys.begin(), keys.end(), 0u);
  const auto probabilities = simulator.probabilities(keys, angles);
  std::fill(variances.begin(), variances.end(), 0.0);
  for (std::size_t i = 0; i < samples; ++i) {
    std::size_t output = 0;
    for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
      const std::vector<double>& p = probabilities[i * circuit.blocks.size() + b];
      for (const Readout& readout : circuit.blocks[b].outputs) {
        double mean = 0, square = 0;
        for (std::size_t bits = 0; bits < p.size(); ++bits) {
          const double value = reading(circuit.blocks[b], readout, params, bits);
          mean += p[bits] * value;
          square += p[bits] * value * value;
        }
        variances[output++] += std::max(0.0, square - mean * mean) / static_cast<double>(samples);
      }
    }
  }
  return variances;
}

}  // namespace qmtl
