// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/phases.h"

#include <cstdint>

#include "runtime/engine/row_blocks.h"

namespace qmtl::engine {
namespace {

/// Bit l of row r: the sign of amplitude r + l * rows. The kernels load a word of bits at a time.
template <class Real>
std::vector<std::uint8_t> lane_signs(const std::vector<std::uint8_t>& negative) {
  const std::size_t rows = negative.size() >> lane_qubits<Real>;
  std::vector<std::uint8_t> signs(rows + sizeof(std::uint64_t), 0);
  for (std::size_t lane = 0; lane < lane_values<Real>; ++lane)
    for (std::size_t r = 0; r < rows; ++r)
      signs[r] |= static_cast<std::uint8_t>(negative[lane * rows + r] << lane);
  return signs;
}

}  // namespace

void walsh_hadamard(std::vector<double>& x) {
  for (std::size_t h = 1; h < x.size(); h *= 2)
    for (std::size_t i = 0; i < x.size(); i += 2 * h)
      for (std::size_t j = i; j < i + h; ++j) {
        const double a = x[j], b = x[j + h];
        x[j] = a + b;
        x[j + h] = a - b;
      }
}

template <class Real>
void to_lanes(const std::vector<Real>& from, std::vector<Real>& to) {
  constexpr std::size_t lanes = lane_values<Real>;
  const std::size_t rows = from.size() / lanes;
  to.resize(from.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t lane = 0; lane < lanes; ++lane) to[r * lanes + lane] = from[lane * rows + r];
}

template <class Real>
void bind_phases(const Mix& mix, std::span<const double> params, const KernelTable<double>& math, bool lanes,
                 PhaseTable<Real>& table) {
  thread_local std::vector<double> phase, sin, cos;
  const std::size_t size = mix.source.size();
  if (mix.phases.empty()) {
    if (!table.re.empty()) return;  // signs are no parameter's
    table.re.resize(size);
    for (std::size_t j = 0; j < size; ++j) table.re[j] = mix.negative[j] ? Real(-1) : Real(1);
    if (lanes) table.lane_signs = lane_signs<Real>(mix.negative);
    return;
  }
  table.re.resize(size);
  phase.assign(size, 0.0);
  sin.resize(size);
  cos.resize(size);
  for (const PhaseTerm& term : mix.phases)
    phase[term.mask] -= 0.5 * (term.param >= 0 ? params[term.param] : term.angle);
  walsh_hadamard(phase);
  math.sincos(phase.data(), sin.data(), cos.data(), size);
  table.im.resize(size);
  for (std::size_t j = 0; j < size; ++j) {
    const std::size_t i = mix.source[j];
    table.re[j] = static_cast<Real>(mix.negative[j] ? -cos[i] : cos[i]);
    table.im[j] = static_cast<Real>(mix.negative[j] ? -sin[i] : sin[i]);
  }
  if (!lanes) return;
  to_lanes(table.re, table.lane_re);
  to_lanes(table.im, table.lane_im);
}

void add_phase_gradients(const Program& program, std::span<const double> sums, std::span<double> gradients) {
  const std::size_t size = std::size_t{1} << program.qubits;
  thread_local std::vector<double> d, tail_sums;
  auto read = [&](const Mix& mix, std::vector<double>& to) {
    const double* from = sums.data() + static_cast<std::size_t>(mix.gradient_slot) * size;
    to.assign(from, from + size);
  };
  auto add = [&](const Mix& mix) {
    walsh_hadamard(d);
    for (const PhaseTerm& term : mix.own) gradients[term.param] -= 0.5 * d[term.mask];
  };
  // A block whose entry has phases of its own keeps its sums apart; the shared stage's last mix needs all of
  // them.
  const Mix& tail = program.mixes.back();
  if (tail.gradient_slot >= 0) read(tail, tail_sums);
  for (const BlockProgram& block : program.blocks) {
    if (block.entry.gradient_slot >= 0) {
      read(block.entry, d);
      if (tail.gradient_slot >= 0)
        for (std::size_t i = 0; i < size; ++i) tail_sums[i] += d[i];
      add(block.entry);
    }
    for (const Mix& mix : block.mixes) {
      if (mix.gradient_slot < 0) continue;
      read(mix, d);
      add(mix);
    }
  }
  for (const Mix& mix : program.mixes) {
    if (mix.gradient_slot < 0) continue;
    if (&mix == &tail)
      d = tail_sums;
    else
      read(mix, d);
    add(mix);
  }
}

template void to_lanes(const std::vector<float>&, std::vector<float>&);
template void to_lanes(const std::vector<double>&, std::vector<double>&);
template void bind_phases(const Mix&, std::span<const double>, const KernelTable<double>&, bool,
                          PhaseTable<float>&);
template void bind_phases(const Mix&, std::span<const double>, const KernelTable<double>&, bool,
                          PhaseTable<double>&);

}  // namespace qmtl::engine
