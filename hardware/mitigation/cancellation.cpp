// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/cancellation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <tuple>

#include "hardware/device_circuit.h"
#include "hardware/mitigation/draws.h"
#include "runtime/base/error.h"
#include "runtime/noise/channel.h"

namespace qmtl {
namespace {

/// Whether two strings of `qubits` Paulis, numbered with the first qubit's as the lower digit, anticommute.
bool anticommute(std::size_t a, std::size_t b, int qubits) {
  bool odd = false;
  for (int q = 0; q < qubits; ++q, a /= 4, b /= 4) odd ^= a % 4 != 0 && b % 4 != 0 && a % 4 != b % 4;
  return odd;
}

/// A channel on `qubits` qubits by its transfer matrix, row-major.
using Transfer = std::vector<double>;

Transfer identity(std::size_t size) {
  Transfer one(size * size, 0.0);
  for (std::size_t i = 0; i < size; ++i) one[i * size + i] = 1.0;
  return one;
}

/// `later` after `earlier`.
Transfer product(const Transfer& later, const Transfer& earlier, std::size_t size) {
  Transfer result(size * size, 0.0);
  for (std::size_t i = 0; i < size; ++i)
    for (std::size_t k = 0; k < size; ++k)
      for (std::size_t j = 0; j < size; ++j)
        result[i * size + j] += later[i * size + k] * earlier[k * size + j];
  return result;
}

/// A channel's transfer matrix on the qubits of an operation.
Transfer on_operation(const Channel& channel, const PlacedChannel& placed, const DeviceOp& op) {
  const std::vector<double> own = transfer_matrix(channel);
  if (op.q1 < 0) return own;
  Transfer whole(256, 0.0);
  for (std::size_t row = 0; row < 16; ++row)
    for (std::size_t column = 0; column < 16; ++column) {
      const std::array<std::size_t, 2> r{row % 4, row / 4}, c{column % 4, column / 4};
      double& entry = whole[row * 16 + column];
      if (channel.arity == 2) {
        const bool same = placed.q0 == op.q0;
        entry = own[(r[same ? 0 : 1] + 4 * r[same ? 1 : 0]) * 16 + c[same ? 0 : 1] + 4 * c[same ? 1 : 0]];
      } else {
        const std::size_t on = placed.q0 == op.q0 ? 0 : 1;
        entry = r[1 - on] == c[1 - on] ? own[r[on] * 4 + c[on]] : 0.0;
      }
    }
  return whole;
}

/// Of an operation alone, numbered as those of one gate.
std::vector<ErrorGenerator> generators_of(const DeviceProgram& program, const DeviceOp& op,
                                          const NoiseModel& noise, const NoiseTable& table) {
  DeviceProgram alone;
  alone.name = program.name;
  alone.qubits = program.qubits;
  alone.inputs = program.inputs;
  alone.ops = {op};
  const int qubits = op.q1 < 0 ? 1 : 2;
  const std::size_t size = qubits == 1 ? 4 : 16;
  Transfer all = identity(size);
  for (const Op& part : DeviceCircuit(alone, noise).circuit.shared)
    for (const PlacedChannel& placed : table.after(part))
      all = product(on_operation(table.channels()[static_cast<std::size_t>(placed.channel)], placed, op), all,
                    size);
  std::vector<ErrorGenerator> found;
  for (std::size_t b = 0; b < size; ++b)
    if (!(all[b * size + b] > 1e-3))
      throw usage_error("program " + program.name + ": the noise of " + std::string(info(op.gate).name) +
                        " on qubit " + std::to_string(op.q0) +
                        (op.q1 < 0 ? "" : " and " + std::to_string(op.q1)) +
                        " leaves nothing to cancel its errors with; leave out pec, or those qubits");
  for (std::size_t k = 1; k < size; ++k) {
    double rate = 0;
    for (std::size_t b = 0; b < size; ++b)
      rate += (anticommute(k, b, qubits) ? -1 : 1) * std::log(all[b * size + b]) / static_cast<double>(size);
    // Rounding of the logarithms.
    if (std::abs(rate) < 1e-14) continue;
    const int first = static_cast<int>(k % 4), second = static_cast<int>(k / 4);
    found.push_back({0, op.q0, op.q1, first, second, rate});
  }
  return found;
}

double insertion_probability(double rate) { return (1 - std::exp(-2 * std::abs(rate))) / 2; }

/// Leaves out for an output what matters least: the price of a generator is 2 rate in log gamma, and what
/// leaving it out changes at most (1 - exp(-2 rate)) times its influence, so the influence decides.
void shade(const std::vector<ErrorGenerator>& generators, const std::vector<double>& influence, double bias,
           OutputCancellation& output) {
  std::vector<std::size_t> order(generators.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return influence[a] < influence[b]; });
  double changed = 0;
  for (std::size_t g : order) {
    // Twice: another output's insertions may double the error.
    changed += 2 * std::abs(1 - std::exp(-2 * generators[g].rate)) * influence[g];
    if (changed > bias) break;
    output.cancelled[g] = false;
  }
}

/// Most that the sum of an output's terms can be.
double norm_of(const ReadOutput& output) {
  double norm = 0;
  for (const BitTerm& term : output.terms) norm += std::abs(term.weight);
  return norm;
}

}  // namespace

std::vector<ErrorGenerator> error_generators(const DeviceProgram& program, const NoiseModel& noise) {
  const NoiseModel own = noise_for(program, noise);
  const NoiseTable table(own);
  std::map<std::tuple<DeviceGate, int, int>, std::vector<ErrorGenerator>> known;
  std::vector<ErrorGenerator> all;
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const DeviceOp& op = program.ops[i];
    auto [at, fresh] = known.try_emplace({op.gate, op.q0, op.q1});
    if (fresh) at->second = generators_of(program, op, own, table);
    for (ErrorGenerator generator : at->second) {
      generator.after = i;
      all.push_back(generator);
    }
  }
  return all;
}

CancellationPlan plan_cancellation(const DeviceProgram& program, const NoiseModel& noise,
                                   const VariantRequest& request, bool shaded, double bias) {
  CancellationPlan plan;
  plan.generators = error_generators(program, noise);
  std::vector<std::vector<double>> influence;
  for (const ReadOutput& output : request.outputs) {
    OutputCancellation& own = plan.outputs.emplace_back();
    own.cancelled.assign(plan.generators.size(), true);
    influence.push_back(influences(program, output, request.rows, request.values, plan.generators));
    if (shaded) shade(plan.generators, influence.back(), bias, own);
  }
  double insertions = 0;
  for (std::size_t g = 0; g < plan.generators.size(); ++g) {
    const double rate = plan.generators[g].rate;
    const bool any = std::any_of(plan.outputs.begin(), plan.outputs.end(),
                                 [&](const OutputCancellation& output) { return output.cancelled[g]; });
    plan.probability.push_back(any ? insertion_probability(rate) : 0.0);
    plan.untouched *= 1 - plan.probability.back();
    insertions += plan.probability.back();
    for (std::size_t o = 0; o < plan.outputs.size(); ++o) {
      OutputCancellation& output = plan.outputs[o];
      if (!output.cancelled[g]) {
        output.bias += (any ? 2 : 1) * std::abs(1 - std::exp(-2 * rate)) * influence[o][g];
      } else if (rate > 0) {
        output.gamma *= std::exp(2 * rate);
        const double norm = norm_of(request.outputs[o]);
        output.same += plan.probability[g] * (norm > 0 ? std::max(0.0, 1 - influence[o][g] / norm) : 1.0);
      }
    }
  }
  for (OutputCancellation& output : plan.outputs) output.same /= std::max(insertions, 1e-300);
  return plan;
}

std::vector<std::size_t> drawn_insertions(const CancellationPlan& plan, std::uint64_t seed,
                                          std::uint32_t part, std::uint32_t circuit) {
  const Draws random(seed, DrawPurpose::cancellation);
  // The first insertion by its distribution given that there is one, those behind it by their own.
  const double level = random.uniform({circuit, part, 0, 0}) * (1 - plan.untouched);
  std::vector<std::size_t> inserted;
  double before = 1, reached = 0;
  for (std::size_t g = 0; g < plan.generators.size(); ++g) {
    const double p = plan.probability[g];
    if (p == 0) continue;
    if (inserted.empty()) {
      reached += before * p;
      before *= 1 - p;
      if (level < reached) inserted.push_back(g);
    } else if (random.uniform({circuit, part, 1, static_cast<std::uint32_t>(g)}) < p) {
      inserted.push_back(g);
    }
  }
  if (inserted.empty())  // rounding of the sum
    for (std::size_t g = plan.generators.size(); g-- > 0 && inserted.empty();)
      if (plan.probability[g] > 0) inserted.push_back(g);
  return inserted;
}

double insertion_sign(const CancellationPlan& plan, std::size_t output,
                      std::span<const std::size_t> inserted) {
  double sign = 1;
  for (std::size_t g : inserted)
    if (plan.outputs[output].cancelled[g] && plan.generators[g].rate > 0) sign = -sign;
  return sign;
}

namespace {

/// The program with the generators' Paulis behind their operations.
DeviceProgram with_insertions(const DeviceProgram& program, const CancellationPlan& plan,
                              const std::vector<std::size_t>& inserted, std::span<const DeviceGate> basis) {
  std::vector<std::vector<DeviceOp>> behind(program.ops.size());
  for (std::size_t g : inserted) {
    const ErrorGenerator& generator = plan.generators[g];
    std::vector<DeviceOp>& ops = behind[generator.after];
    for (const DeviceOp& op : pauli_ops(generator.pauli0, generator.q0, basis)) ops.push_back(op);
    if (generator.q1 < 0) continue;
    for (const DeviceOp& op : pauli_ops(generator.pauli1, generator.q1, basis)) ops.push_back(op);
  }
  DeviceProgram made = program;
  made.ops.clear();
  std::vector<bool> in;
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    made.ops.push_back(program.ops[i]);
    in.push_back(false);
    for (const DeviceOp& op : behind[i]) {
      made.ops.push_back(op);
      in.push_back(true);
    }
  }
  return with_runs_merged(made, in, basis);
}

}  // namespace

void cancel_variants(std::vector<Variant>& variants, const VariantRequest& request) {
  const MitigationSettings& settings = request.settings;
  if (!request.noise)
    throw usage_error(
        "pec: expected the noise of the device that is to be cancelled, found none; give --noise, or "
        "noise in the endpoint's file");
  std::vector<Variant> all;
  for (const Variant& variant : variants) {
    CancellationPlan plan =
        plan_cancellation(variant.program, *request.noise, request,
                          settings.cancellation == CancellationKind::shaded, settings.pec_bias);
    const double touched = 1 - plan.untouched;
    const double shots = static_cast<double>(request.shots) * variant.share * touched;
    // Where insertions are rare their programs are few, but as many as show how far they lie apart.
    if (touched > 0)
      plan.circuits =
          std::max<int>(fewest_clusters, static_cast<int>(std::min<double>(settings.pec_circuits, shots)));
    Variant& plain = all.emplace_back(variant);
    plain.share *= touched > 0 ? plan.untouched : 1.0;
    for (std::size_t o = 0; o < plain.weights.size(); ++o)
      plain.weights[o] *= plan.outputs[o].gamma * plan.untouched;
    for (int c = 0; c < plan.circuits; ++c) {
      const auto circuit = static_cast<std::uint32_t>(c);
      const std::vector<std::size_t> inserted = drawn_insertions(plan, request.seed, request.part, circuit);
      Variant& drawn = all.emplace_back(variant);
      drawn.program = with_insertions(variant.program, plan, inserted, request.target.basis);
      drawn.program.name += "_pec" + std::to_string(c);
      drawn.stratum = variant.stratum + 1;
      drawn.random = true;
      drawn.circuit = circuit;
      drawn.share *= touched / plan.circuits;
      for (std::size_t o = 0; o < drawn.weights.size(); ++o)
        drawn.weights[o] *=
            plan.outputs[o].gamma * touched / plan.circuits * insertion_sign(plan, o, inserted);
    }
    if (request.cancellation) *request.cancellation = std::move(plan);
  }
  variants = std::move(all);
}

}  // namespace qmtl
