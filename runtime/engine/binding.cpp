// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/binding.h"

#include <algorithm>
#include <bit>

#include "runtime/base/parallel.h"
#include "runtime/engine/phases.h"
#include "runtime/engine/row_blocks.h"

namespace qmtl::engine {
namespace {

/// each(slot, terms, constant, the share of half the gate's angle that the terms are).
template <class Each>
void for_gates(const Program& program, const Each& each) {
  const auto of = [&](const RyLayer& layer) {
    for (std::size_t g = 0; g < layer.gates.size(); ++g)
      each(layer.slot + g, layer.gates[g].terms, layer.gates[g].constant, 0.5);
    for (const Turn& turn : layer.turns)
      each(static_cast<std::size_t>(turn.slot), turn.terms, turn.constant, 1.0);
  };
  for (const RyLayer& layer : program.shared) of(layer);
  for (const BlockProgram& block : program.blocks) {
    for (const RyLayer& layer : block.layers) of(layer);
    if (block.product) of(*block.product);
  }
}

/// The part's cone as it is compiled: equal circuits, of whichever encodings, share their program.
Cone cone_behind(const Part& part) {
  Cone cone = part.cone;
  cone.circuit.encoded.clear();
  if (starts_with_numbers(part)) cone.circuit.shared = gates_behind(part.cone.circuit, *part.start);
  return cone;
}

double sign(std::uint64_t mask, std::uint64_t index) { return std::popcount(mask & index) & 1 ? -1.0 : 1.0; }

}  // namespace

template <class Real>
BoundPart<Real>::BoundPart(const Part& part, int outputs, bool second_moments, Programs& programs,
                           const StepKernels<Real>& step, const CompileOptions& options)
    : step_(step),
      cone_(cone_behind(part)),
      method_(part.method),
      outputs_(outputs),
      second_moments_(second_moments),
      shared_program_(programs.get(cone_.circuit, part.method, options)),
      program_(*shared_program_),
      params_(part.cone.params.size()) {
  bound_.program = &program_;
  if (starts_with_numbers(part)) bound_.start_column = part.start->column;
  bound_.sample_terms.resize(program_.gates);
  for_gates(program_, [&](std::size_t slot, const std::vector<AngleTerm>& terms, double, double) {
    for (const AngleTerm& term : terms)
      if (term.sample) bound_.sample_terms[slot].push_back(cone_.angles[term.index]);
  });
  if (method_ == BlockMethod::branch) return;

  std::vector<std::vector<int>> qubits;
  int output = 0;
  for (const Block& block : cone_.circuit.blocks) {
    const auto found = std::find(qubits.begin(), qubits.end(), block.qubits);
    const std::size_t r = found - qubits.begin();
    if (found == qubits.end()) {
      qubits.push_back(block.qubits);
      operators_.emplace_back();
      bound_.registers.push_back(register_of(block.qubits));
    }
    operators_[r].emplace_back(block, second_moments_, program_.complex, programs, step_);
    for (std::size_t o = 0; o < block.outputs.size(); ++o, ++output) {
      bound_.registers[r].columns.push_back(cone_.outputs[output]);
      if (second_moments_) bound_.registers[r].columns.push_back(cone_.outputs[output] + outputs_);
    }
  }
  for (RegisterOperators<Real>& reg : bound_.registers)
    reg.operators.resize(reg.columns.size() * static_cast<std::size_t>(reg.stride));
}

template <class Real>
RegisterOperators<Real> BoundPart<Real>::register_of(const std::vector<int>& qubits) const {
  RegisterOperators<Real> reg;
  reg.k = static_cast<int>(qubits.size());
  reg.complex = program_.complex;
  const int size = 1 << reg.k;
  reg.entries = reg.complex ? size * size : size * (size + 1) / 2;
  reg.stride = reg.entries + 64 / static_cast<int>(sizeof(Real));
  reg.qubits = qubits;
  reg.split = split_rows(program_.qubits, qubits);
  reg.outer_values = outer_values<Real>(program_.qubits, qubits);
  return reg;
}

template <class Real>
void BoundPart<Real>::bind(std::span<const double> params) {
  for (std::size_t i = 0; i < cone_.params.size(); ++i) params_[i] = params[cone_.params[i]];
  bind_gates();
  bind_tables();
  if (method_ == BlockMethod::operators)
    bind_registers();
  else if (bound_.diagonals.empty() || weights() > 0)  // else they are constants
    bind_diagonals();
}

template <class Real>
void BoundPart<Real>::bind_gates() {
  std::vector<double> half(program_.gates, 0.0), sin(program_.gates), cos(program_.gates);
  for_gates(program_, [&](std::size_t slot, const std::vector<AngleTerm>& terms, double fixed, double share) {
    half[slot] += share * fixed;
    for (const AngleTerm& term : terms)
      if (!term.sample) half[slot] += share * params_[term.index];
  });
  step_.math.sincos(half.data(), sin.data(), cos.data(), half.size());
  bound_.constant.assign(half.begin(), half.end());
  bound_.constant_sin.assign(sin.begin(), sin.end());
  bound_.constant_cos.assign(cos.begin(), cos.end());
}

template <class Real>
bool BoundPart<Real>::has_amplitude_tables() const {
  // Registers as wide as the cut of the sums, for floats and doubles alike; wider ones leave amplitudes to
  // those.
  return cut_sums(program_.qubits) && static_cast<std::size_t>(step_.math.lanes.count) >= lane_values<double>;
}

template <class Real>
void BoundPart<Real>::bind_tables() {
  bound_.tables.resize(program_.tables);
  std::vector<std::uint8_t> done(program_.tables, 0);
  const bool lanes = has_amplitude_tables();
  auto make = [&](const Mix& mix) {
    if (mix.table < 0 || done[mix.table]) return;
    done[mix.table] = 1;
    bind_phases(mix, params_, step_.math, lanes, bound_.tables[mix.table]);
  };
  for (const Mix& mix : program_.mixes) make(mix);
  for (const BlockProgram& block : program_.blocks) {
    make(block.entry);
    for (const Mix& mix : block.mixes) make(mix);
  }
}

template <class Real>
std::vector<double> BoundPart<Real>::diagonal(const std::vector<StringTerm>& terms, int positions) const {
  std::vector<double> d(std::size_t{1} << positions, 0.0);
  for (const StringTerm& term : terms)
    d[term.mask] += term.weight_param >= 0 ? params_[term.weight_param] : term.weight;
  walsh_hadamard(d);
  return d;
}

template <class Real>
void BoundPart<Real>::bind_diagonals() {
  const bool lanes = has_amplitude_tables();
  bound_.diagonals.assign(program_.blocks.size(), {});
  for (std::size_t b = 0; b < program_.blocks.size(); ++b) {
    const BlockProgram& block = program_.blocks[b];
    Diagonals<Real>& out = bound_.diagonals[b];
    for (std::size_t o = 0; o < block.outputs.size(); ++o) {
      const std::vector<double> d = diagonal(block.outputs[o], static_cast<int>(block.readout_qubits.size()));
      const int column = cone_.outputs[block.first_output + o];
      for (int power = 1; power <= (second_moments_ ? 2 : 1); ++power) {
        const int at = power == 2 ? column + outputs_ : column;
        auto& value = out.value.emplace_back();
        for (double x : d) value.push_back(static_cast<Real>(power == 2 ? x * x : x));
        if (lanes && cut_readout(program_.qubits, block.readout_qubits)) to_lanes(value, value.by_lanes);
        out.column.push_back(at);
        for (const StringTerm& term : block.outputs[o]) {
          if (term.weight_param < 0) continue;
          auto& weight = out.weights.emplace_back();
          weight.column = at;
          weight.param = term.weight_param;
          for (std::size_t r = 0; r < d.size(); ++r)
            weight.diagonal.push_back(static_cast<Real>((power == 2 ? 2 * d[r] : 1.0) * sign(term.mask, r)));
          if (lanes && cut_readout(program_.qubits, block.readout_qubits))
            to_lanes(weight.diagonal, weight.diagonal.by_lanes);
        }
      }
    }
  }
}

template <class Real>
template <class Each>
void BoundPart<Real>::for_operators(const Each& each) const {
  struct Place {
    std::size_t reg, block, value;
  };
  std::vector<Place> places;
  for (std::size_t r = 0; r < operators_.size(); ++r) {
    std::size_t value = 0;
    for (std::size_t b = 0; b < operators_[r].size(); ++b) {
      places.push_back({r, b, value});
      value += operators_[r][b].values();
    }
  }
  constexpr std::size_t grain = 8;  // a block takes a few microseconds
  run_parallel(
      places.size(), [&](std::size_t i) { each(i, places[i].reg, places[i].block, places[i].value); }, grain);
}

template <class Real>
void BoundPart<Real>::bind_registers() {
  for_operators([&](std::size_t, std::size_t reg, std::size_t block, std::size_t value) {
    RegisterOperators<Real>& to = bound_.registers[reg];
    operators_[reg][block].bind(params_);
    operators_[reg][block].observables(to.operators.data() + value * to.stride, to.stride);
  });
}

template <class Real>
std::size_t BoundPart<Real>::weights() const {
  std::size_t count = 0;
  for (const auto& diagonals : bound_.diagonals) count += diagonals.weights.size();
  return count;
}

template <class Real>
std::size_t BoundPart<Real>::workspace(const KernelTable<Real>& kernels, bool gradient) const {
  return kernels.workspace(bound_, gradient);
}

template <class Real>
void BoundPart<Real>::run_tile(const KernelTable<Real>& kernels, const TileData<Real>& data,
                               UnitSums<Real>* sums, Real* workspace) const {
  kernels.run_tile(bound_, data, sums, workspace);
}

template <class Real>
bool BoundPart<Real>::uses_amplitudes(const KernelTable<Real>& kernels, std::size_t samples,
                                      LaneUse use) const {
  return kernels.uses_amplitudes(bound_, samples, use);
}

template <class Real>
UnitSums<Real> BoundPart<Real>::unit_sums(const KernelTable<Real>& kernels, std::size_t samples,
                                          LaneUse use) const {
  UnitSums<Real> sums;
  if (samples <= tile && uses_amplitudes(kernels, samples, use)) sums.phase_samples = samples;
  clear(sums, kernels.lanes.count);
  return sums;
}

template <class Real>
void BoundPart<Real>::clear(UnitSums<Real>& sums, int lanes) const {
  sums.gate.assign(program_.gates, 0.0);
  const std::size_t states = sums.phase_samples > 0
                                 ? sums.phase_samples * rows(program_.qubits - lane_qubits<Real>)
                                 : (tile / lanes) * rows(program_.qubits);
  sums.phase.assign(static_cast<std::size_t>(program_.gradient_slots) * states * lanes, Real(0));
  sums.weight.assign(weights(), 0.0);
  sums.operators.resize(bound_.registers.size());
  for (std::size_t r = 0; r < bound_.registers.size(); ++r)
    sums.operators[r].assign(bound_.registers[r].columns.size() * bound_.registers[r].entries, Real(0));
}

template <class Real>
std::size_t BoundPart<Real>::sums_size() const {
  std::size_t count =
      program_.gates + (static_cast<std::size_t>(program_.gradient_slots) << program_.qubits) + weights();
  for (const auto& reg : bound_.registers) count += reg.columns.size() * reg.entries;
  return count;
}

template <class Real>
void BoundPart<Real>::add_sums(const UnitSums<Real>& unit, const Lanes<Real>& lanes, double* sums) const {
  for (const double x : unit.gate) *sums++ += x;
  const std::size_t size = std::size_t{1} << program_.qubits, stride = rows(program_.qubits);
  for (int slot = 0; slot < program_.gradient_slots; ++slot, sums += size)
    if (unit.phase_samples > 0)
      lanes.sum_amplitudes(unit.phase.data() + slot * (unit.phase.size() / program_.gradient_slots),
                           unit.phase_samples, program_.qubits, sums);
    else
      lanes.sum_rows(unit.phase.data() + slot * stride * tile, stride, size, sums);
  for (const double x : unit.weight) *sums++ += x;
  for (const auto& operators : unit.operators)
    for (const Real x : operators) *sums++ += static_cast<double>(x);
}

template <class Real>
void BoundPart<Real>::finish(const double* sums, double* gradients) const {
  const std::vector<double> local = local_gradients(sums);
  for (std::size_t i = 0; i < local.size(); ++i) gradients[cone_.params[i]] += local[i];
}

template <class Real>
std::vector<double> BoundPart<Real>::local_gradients(const double* sums) const {
  std::vector<double> local(params_.size(), 0.0);
  for_gates(program_, [&](std::size_t slot, const std::vector<AngleTerm>& terms, double, double) {
    for (const AngleTerm& term : terms)
      if (!term.sample) local[term.index] += sums[slot];
  });
  sums += program_.gates;
  const std::size_t phases = static_cast<std::size_t>(program_.gradient_slots) << program_.qubits;
  add_phase_gradients(program_, {sums, phases}, local);
  sums += phases;
  for (const auto& diagonals : bound_.diagonals)
    for (const auto& weight : diagonals.weights) local[weight.param] += *sums++;
  // Blocks run in parallel, their gradients add up in order.
  std::vector<const double*> starts;
  std::size_t blocks = 0;
  for (std::size_t r = 0; r < operators_.size(); ++r) {
    starts.push_back(sums);
    sums += bound_.registers[r].columns.size() * bound_.registers[r].entries;
    blocks += operators_[r].size();
  }
  std::vector<std::vector<double>> own(blocks);
  for_operators([&](std::size_t i, std::size_t reg, std::size_t block, std::size_t value) {
    own[i] = operators_[reg][block].gradient(starts[reg] + value * bound_.registers[reg].entries);
  });
  auto next = own.begin();
  for (const auto& reg : operators_)
    for (const BlockOperator<Real>& block : reg) {
      const std::vector<int>& params = block.params();
      for (std::size_t i = 0; i < params.size(); ++i) local[params[i]] += (*next)[i];
      ++next;
    }
  return local;
}

template class BoundPart<float>;
template class BoundPart<double>;

}  // namespace qmtl::engine
