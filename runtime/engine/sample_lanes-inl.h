// SPDX-License-Identifier: Apache-2.0
// What the lanes of a sub-tile's states are, by name: samples. Compiled once per instruction set.
#if defined(QMTL_ENGINE_SAMPLE_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_SAMPLE_LANES_INL_H_
#undef QMTL_ENGINE_SAMPLE_LANES_INL_H_
#else
#define QMTL_ENGINE_SAMPLE_LANES_INL_H_
#endif

#include "runtime/engine/product_state-inl.h"
#include "runtime/engine/readout-inl.h"
#include "runtime/engine/registers-inl.h"
#include "runtime/engine/start-inl.h"
#include "runtime/engine/turns-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// The lanes are samples: every number is the sample's own.
template <class Real>
struct SampleLanes {
  static constexpr bool amplitudes = false;

  /// numbers: of the sub-tile, where the program starts with them.
  static void first_state(const Program& program, const Real* numbers, const Real* sin, const Real* cos,
                          Real* prefix, Real* out) {
    if (program.start_qubits > 0)
      StartState(program, numbers, sin, cos, prefix, out);
    else
      ProductState(program.qubits, sin, cos, prefix, out);
  }
  /// number_gradients: added to.
  static void first_gradient(const Program& program, const Real* numbers, const Real* sin, const Real* cos,
                             const Real* prefix, Real* bra, Real* scratch, Real* gradient,
                             Real* number_gradients) {
    if (program.start_qubits > 0)
      StartGradient(program, numbers, sin, cos, prefix, bra, scratch, gradient, number_gradients);
    else
      ProductGradient(program.qubits, sin, cos, prefix, bra, scratch, gradient);
  }
  static void forward(const RyLayer& layer, const Mix& mix, const PhaseTable<Real>& table, State<Real> in,
                      State<Real> out, const Real* tangents, const Real* scales, const std::uint8_t* scaled) {
    ForwardLayer(layer, mix, table, in, out, tangents, scales, scaled);
  }
  static void backward(const RyLayer& layer, State<Real> bra, State<Real> ket, const Real* tangents,
                       const Real* scales, const std::uint8_t* scaled, Real* gradients) {
    BackwardLayer(layer, bra, ket, tangents, scales, scaled, gradients);
  }
  static void gradients(const RyLayer& layer, State<Real> bra, State<Real> ket, Real* to) {
    LayerGradients(layer, bra, ket, to);
  }
  static void apply(const Mix& mix, const PhaseTable<Real>& table, State<Real> in, State<Real> out) {
    ApplyMix(mix, table, in, out);
  }
  template <bool Add>
  static void unmix(const Mix& mix, const PhaseTable<Real>& table, State<Real> after, State<Real> before,
                    State<Real> ket, Real* phase_gradient) {
    Unmix<Add>(mix, table, after, before, ket, phase_gradient);
  }
  static void reflect(const RyLayer& layer, State<Real> ket, State<Real> phi, const Real* tangents,
                      const Real* scales, const std::uint8_t* scaled) {
    ReflectLayer(layer, ket, phi, tangents, scales, scaled);
  }
  static Vec<Real> dot(int qubits, State<Real> a, State<Real> b) { return Dot(qubits, a, b); }
  static void add_scaled(int qubits, Vec<Real> factor, State<Real> state, State<Real> bra, bool add) {
    AddScaledRows(std::uint32_t{1} << qubits, factor, state, bra, add);
  }
  static void probabilities(int qubits, const BlockProgram& block, State<Real> state, Real* probability) {
    Probabilities(qubits, block, state, probability);
  }
  static Vec<Real> diagonal_dot(int qubits, const BlockProgram& block,
                                const typename Diagonals<Real>::Diagonal& diagonal, const Real* probability) {
    return DiagonalDot(qubits, block, diagonal, probability);
  }
  static void diagonal_values(int qubits, const BlockProgram& block, const Diagonals<Real>& diagonals,
                              const Real* probability, Real* values) {
    DiagonalValues(qubits, block, diagonals, probability, values);
  }
  static void fold(int qubits, const BlockProgram& block, const Diagonals<Real>& diagonals,
                   const Real* cotangents, State<Real> ket, State<Real> bra, bool add) {
    FoldCotangents(qubits, block, diagonals, cotangents, ket, bra, add);
  }
  static void density(const RegisterOperators<Real>& reg, int, State<Real> ket, Real* rho) {
    reg.complex ? ReducedDensity<true>(reg, ket, rho) : ReducedDensity<false>(reg, ket, rho);
  }
  static void hermitian(const RegisterOperators<Real>& reg, int, const Real* weights, Real* matrix,
                        State<Real> ket, State<Real> bra, bool add) {
    reg.complex ? ApplyHermitian<true>(reg, weights, matrix, ket, bra, add)
                : ApplyHermitian<false>(reg, weights, matrix, ket, bra, add);
  }
};

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
