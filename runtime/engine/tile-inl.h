// SPDX-License-Identifier: Apache-2.0
// How one tile of 16 samples runs through a program, compiled once per instruction set.
#if defined(QMTL_ENGINE_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_TILE_INL_H_
#undef QMTL_ENGINE_TILE_INL_H_
#else
#define QMTL_ENGINE_TILE_INL_H_
#endif

#include <algorithm>

#include "runtime/engine/sample_lanes-inl.h"
#include "runtime/engine/tile_layout-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// One sub-tile (the samples of one SIMD register) of a tile. Mode: what the lanes of its states are.
template <class Real, class Mode = SampleLanes<Real>>
class SubTile {
 public:
  SubTile(const Bound<Real>& bound, const TileData<Real>& data, UnitSums<Real>* sums, Layout<Real>& layout,
          int sub, const Real* own_cotangents = nullptr)
      : bound_(bound),
        program_(*bound.program),
        data_(data),
        sums_(sums),
        layout_(layout),
        sub_(sub),
        offset_(Mode::amplitudes ? 0 : sub * lanes<Real>),
        own_cotangents_(own_cotangents) {}

  void run() {
    if (!layout_.kept) forward_shared();
    bool first = true;
    if (program_.products) first = !run_products();
    for (std::size_t b = 0; b < program_.blocks.size(); ++b) {
      if (program_.blocks[b].product) continue;
      run_block(b, first);
      first = false;
    }
    if (!bound_.registers.empty()) run_registers();
    if (sums_) backward_shared();
  }

  /// The state after the last shared layer (for block matrices: the columns that the block acts on).
  State<Real> last_shared() const { return in_use(program_.shared.back(), layout_.shared.back()); }

  /// Runs a block's layers from last_shared(); its last mix is left to the readouts.
  State<Real> forward_block(const BlockProgram& block) {
    State<Real> ket = last_shared();
    for (std::size_t l = 0; l < block.layers.size(); ++l) {
      const Mix& mix = l == 0 ? block.entry : block.mixes[l - 1];
      const State<Real> out = in_use(block.layers[l], layout_.block[l]);
      forward_layer(block.layers[l], mix, ket, out);
      ket = out;
    }
    return ket;
  }

  /// From the bra at the block's output (in the layout's bra_block) back to the shared stage, whose bra is
  /// written (first) or added to. At least one layer.
  void backward_block(const BlockProgram& block, State<Real> bra, bool first) {
    State<Real> other = layout_.scratch;
    for (std::size_t l = block.layers.size(); l-- > 0;) {
      backward_layer(block.layers[l], bra, in_use(block.layers[l], layout_.block[l]));
      if (l > 0) {
        const Mix& mix = block.mixes[l - 1];
        const State<Real> ket = in_use(block.layers[l - 1], layout_.block[l - 1]);
        const State<Real> before = with_parts(other, ket.im != nullptr);
        Mode::template unmix<false>(mix, bound_.tables[mix.table], bra, before, ket, phase_sums(mix));
        other = bra.re == layout_.bra_block.re ? layout_.bra_block : layout_.scratch;
        bra = before;
      } else {
        Real* phases = phase_sums(block.entry.gradient_slot >= 0 ? block.entry : program_.mixes.back());
        const PhaseTable<Real>& table = bound_.tables[block.entry.table];
        if (first)
          Mode::template unmix<false>(block.entry, table, bra, shared_bra(), last_shared(), phases);
        else
          Mode::template unmix<true>(block.entry, table, bra, shared_bra(), last_shared(), phases);
      }
    }
  }

 private:
  const Real* tangents() const { return layout_.prepared.tangents + offset_; }
  const Real* scales() const { return layout_.prepared.scales + offset_; }
  Real* gradients() const { return layout_.prepared.gradients + offset_; }

  void forward_shared() {
    const Prepared<Real>& p = layout_.prepared;
    Mode::first_state(program_, start_of(data_.angles), p.product_sin + offset_, p.product_cos + offset_,
                      layout_.prefix, layout_.shared[0].re);
    turn(program_.shared[0], in_use(program_.shared[0], layout_.shared[0]));
    for (std::size_t l = 1; l < program_.shared.size(); ++l) {
      const Mix& mix = program_.mixes[l - 1];
      forward_layer(program_.shared[l], mix, in_use(program_.shared[l - 1], layout_.shared[l - 1]),
                    in_use(program_.shared[l], layout_.shared[l]));
    }
  }

  /// The sub-tile's numbers that the state starts with, or their gradients, in arrays of angles.
  template <class T>
  T* start_of(T* angles) const {
    return program_.start_qubits > 0 ? angles + bound_.start_column * tile + offset_ : nullptr;
  }

  /// A layer without gates only mixes before its turns.
  void forward_layer(const RyLayer& layer, const Mix& mix, State<Real> in, State<Real> out) {
    const State<Real> rotated = with_parts(out, out.im && !layer.turned_complex);
    const PhaseTable<Real>& table = bound_.tables[mix.table];
    if (layer.gates.empty())
      Mode::apply(mix, table, in, rotated);
    else
      Mode::forward(layer, mix, table, in, rotated, tangents(), scales(), layout_.prepared.scaled);
    turn(layer, out);
  }

  void backward_layer(const RyLayer& layer, State<Real> bra, State<Real> ket) {
    unturn(layer, bra, ket);
    if (!layer.gates.empty())
      Mode::backward(layer, bra, ket, tangents(), scales(), layout_.prepared.scaled, gradients());
  }

  void turn(const RyLayer& layer, State<Real> state) {
    if constexpr (!Mode::amplitudes)  // no turns in states so large
      ApplyTurns(layer, state, tangents(), turn_cosines());
  }
  void unturn(const RyLayer& layer, State<Real> bra, State<Real> ket) {
    if constexpr (!Mode::amplitudes) UndoTurns(layer, bra, ket, tangents(), turn_cosines(), gradients());
  }
  const Real* turn_cosines() const { return layout_.prepared.turn_cosines + offset_; }

  /// A buffer with the parts that the state after `layer` has.
  State<Real> in_use(const RyLayer& layer, State<Real> buffer) const {
    return {buffer.re, layer.complex ? buffer.im : nullptr};
  }
  State<Real> with_parts(State<Real> buffer, bool complex) const {
    return {buffer.re, complex ? buffer.im : nullptr};
  }

  void run_block(std::size_t b, bool first) {
    const BlockProgram& block = program_.blocks[b];
    // Blocks that follow each other share their memory.
    const bool kept = layout_.kept && program_.blocks.size() == 1;
    const State<Real> ket = kept ? last_of(block) : forward_block(block);
    const Diagonals<Real>& diagonals = bound_.diagonals[b];
    const Tag<Real> d;
    if (!kept) {
      Mode::probabilities(program_.qubits, block, ket, layout_.probability);
      Mode::diagonal_values(program_.qubits, block, diagonals, layout_.probability, data_.values + offset_);
    }
    if (!sums_) return;

    for (const auto& weight : diagonals.weights) {
      const Vec<Real> g = hn::Load(d, data_.cotangents + weight.column * tile + offset_);
      HWY_ALIGN Real terms[lanes<Real>];
      hn::Store(hn::Mul(g, dot(block, weight.diagonal)), d, terms);
      for (std::size_t i = 0; i < (Mode::amplitudes ? 1 : lanes<Real>); ++i)
        sums_->weight[weight_offset_] += terms[i];
      ++weight_offset_;
    }
    const State<Real> bra =
        block.layers.empty() ? shared_bra() : with_parts(layout_.bra_block, ket.im != nullptr);
    Mode::fold(program_.qubits, block, diagonals, data_.cotangents + offset_, ket, bra,
               block.layers.empty() && !first);
    if (!block.layers.empty()) backward_block(block, bra, first);
  }

  Vec<Real> dot(const BlockProgram& block, const typename Diagonals<Real>::Diagonal& diagonal) const {
    return Mode::diagonal_dot(program_.qubits, block, diagonal, layout_.probability);
  }

  /// The state after the block's last layer, where it was run with every layer's state kept.
  State<Real> last_of(const BlockProgram& block) const {
    if (block.layers.empty()) return last_shared();
    return in_use(block.layers.back(), layout_.block[block.layers.size() - 1]);
  }

  State<Real> shared_bra() const { return with_parts(layout_.bra, program_.shared.back().complex); }

  Real* phase_sums(const Mix& mix) const {
    if (mix.gradient_slot < 0) return nullptr;
    const std::size_t states = Mode::amplitudes ? sums_->phase_samples : tile / lanes<Real>,
                      size = rows(program_.qubits - (Mode::amplitudes ? lane_qubits<Real> : 0));
    return sums_->phase.data() +
           (static_cast<std::size_t>(mix.gradient_slot) * states + sub_) * size * lanes<Real>;
  }

  /// All blocks with product readouts, on the state behind the shared stage's last mix, and their bra back
  /// through that mix. Returns whether it wrote the shared bra.
  bool run_products() {
    const Tag<Real> d;
    const Mix& tail = program_.mixes.back();
    bool first = true;
    // Of the state behind the mix: other blocks may have imaginary parts where this has none to write.
    const bool complex = last_shared().im != nullptr || !tail.phases.empty();
    const State<Real> ket = with_parts(layout_.mixed, complex),
                      bra = with_parts(layout_.product_bra, complex);
    Mode::apply(tail, bound_.tables[tail.table], last_shared(), ket);
    for (std::size_t b = 0; b < program_.blocks.size(); ++b) {
      const BlockProgram& block = program_.blocks[b];
      if (!block.product) continue;
      const RyLayer& layer = *block.product;
      const State<Real> phi = with_parts(layout_.product, complex);
      Mode::reflect(layer, ket, phi, tangents(), scales(), layout_.prepared.scaled);
      const int column = bound_.diagonals[b].column[0];
      const Vec<Real> weight = hn::Set(d, static_cast<Real>(block.outputs[0][0].weight));
      hn::Store(hn::Mul(weight, Mode::dot(program_.qubits, phi, ket)), d,
                data_.values + column * tile + offset_);
      if (!sums_) continue;
      const Vec<Real> factor =
          hn::Mul(hn::Add(weight, weight), hn::Load(d, data_.cotangents + column * tile + offset_));
      Mode::gradients(layer, phi, ket, gradients() + layer.slot * tile);
      for (std::size_t g = 0; g < layer.gates.size(); ++g) {
        Real* gradient = gradients() + (layer.slot + g) * tile;
        hn::Store(hn::Mul(factor, hn::Load(d, gradient)), d, gradient);
      }
      Mode::add_scaled(program_.qubits, factor, phi, bra, !first);
      first = false;
    }
    if (!sums_) return false;
    Mode::template unmix<false>(tail, bound_.tables[tail.table], bra, shared_bra(), last_shared(),
                                phase_sums(tail));
    return true;
  }

  void run_registers() {
    const Mix& tail = program_.mixes.back();
    const State<Real> ket = with_parts(layout_.mixed, program_.complex);
    if (!layout_.kept) Mode::apply(tail, bound_.tables[tail.table], last_shared(), ket);
    const State<Real> bra = with_parts(layout_.bra_block, program_.complex);
    const std::size_t n = lanes<Real>;
    std::size_t most = 0;
    for (const RegisterOperators<Real>& reg : bound_.registers)
      most = std::max<std::size_t>(most, reg.entries);
    for (std::size_t r = 0; r < bound_.registers.size(); ++r) {
      const RegisterOperators<Real>& reg = bound_.registers[r];
      Real* rho = layout_.rho + r * most * n;
      if (!layout_.kept) {
        Mode::density(reg, program_.qubits, ket, rho);
        OperatorValues(reg, rho, data_.values + offset_);
      }
      if (!sums_) continue;
      OperatorSums(reg, Mode::amplitudes ? own_cotangents_ : data_.cotangents + offset_, rho,
                   layout_.transposed, sums_->operators[r].data());
      OperatorWeights(reg, data_.cotangents + offset_, layout_.weights);
      Mode::hermitian(reg, program_.qubits, layout_.weights, layout_.matrix, ket, bra, r > 0);
    }
    if (!sums_) return;
    Mode::template unmix<false>(tail, bound_.tables[tail.table], bra, shared_bra(), last_shared(),
                                phase_sums(tail));
  }

  void backward_shared() {
    State<Real> bra = shared_bra(), other = layout_.scratch;
    for (std::size_t l = program_.shared.size() - 1; l > 0; --l) {
      backward_layer(program_.shared[l], bra, in_use(program_.shared[l], layout_.shared[l]));
      const State<Real> ket = in_use(program_.shared[l - 1], layout_.shared[l - 1]);
      const State<Real> before = with_parts(other, ket.im != nullptr);
      const Mix& mix = program_.mixes[l - 1];
      Mode::template unmix<false>(mix, bound_.tables[mix.table], bra, before, ket, phase_sums(mix));
      other = bra.re == layout_.bra.re ? layout_.bra : layout_.scratch;
      bra = before;
    }
    const Prepared<Real>& p = layout_.prepared;
    unturn(program_.shared[0], bra, in_use(program_.shared[0], layout_.shared[0]));
    Mode::first_gradient(program_, start_of(data_.angles), p.product_sin + offset_, p.product_cos + offset_,
                         layout_.prefix, bra.re, layout_.probability, p.product_gradients + offset_,
                         start_of(data_.angle_gradients));
  }

  const Bound<Real>& bound_;
  const Program& program_;
  const TileData<Real>& data_;
  UnitSums<Real>* sums_;
  Layout<Real>& layout_;
  int sub_;
  std::size_t offset_;          ///< of the sub-tile's samples in rows of 16
  const Real* own_cotangents_;  ///< amplitudes as lanes: the sample's cotangents in the first lane alone
  std::size_t weight_offset_ = 0;
};

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
