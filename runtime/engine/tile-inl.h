// How one tile of 16 samples runs through a program, compiled once per instruction set.
#if defined(QMTL_ENGINE_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QMTL_ENGINE_TILE_INL_H_
#undef QMTL_ENGINE_TILE_INL_H_
#else
#define QMTL_ENGINE_TILE_INL_H_
#endif

#include <algorithm>

#include "runtime/engine/readout-inl.h"

HWY_BEFORE_NAMESPACE();
namespace qmtl::engine::HWY_NAMESPACE {

/// Angles of one tile in the form the passes use, and where a tile's data lies in the workspace.
template <class Real>
struct Prepared {
  Real *tangents, *scales;          ///< [gates][16], [passes][16]
  Real *product_sin, *product_cos;  ///< [qubits][16] of layer 0
  Real* gradients;                  ///< [gates][16]
  Real* product_gradients;          ///< [qubits][16]
  std::uint8_t* scaled;             ///< [passes]
};

constexpr std::size_t spare = 16 * tile;  // keeps arrays of equal length off the same cache sets

/// Hands out aligned parts of the workspace; with a null start it only counts.
template <class Real>
struct Arena {
  Real* start;
  std::size_t used = 0;
  Real* take(std::size_t count) {
    Real* at = start ? start + used : nullptr;
    used += (count + tile - 1) / tile * tile + spare;
    return at;
  }
};

template <class Real>
State<Real> TakeState(Arena<Real>& arena, std::size_t reals, bool complex) {
  State<Real> s;
  s.re = arena.take(reals);
  if (complex) s.im = arena.take(reals);
  return s;
}

template <class Real>
struct Layout {
  Prepared<Real> prepared;
  std::vector<State<Real>> shared, block;
  State<Real> bra, bra_block, scratch, mixed, product, product_bra;
  Real *prefix, *probability, *weights, *rho, *matrix, *transposed;
};

template <class Real>
std::size_t MakeLayout(const Bound<Real>& bound, bool gradient, Real* start, Layout<Real>& layout) {
  const Program& program = *bound.program;
  constexpr std::size_t n = lanes<Real>;
  const std::size_t state = rows(program.qubits) * n;
  Arena<Real> arena{start};
  Prepared<Real>& p = layout.prepared;
  p.tangents = arena.take(program.gates * tile);
  p.scales = arena.take(program.passes * tile);
  p.product_sin = arena.take(program.qubits * tile);
  p.product_cos = arena.take(program.qubits * tile);
  p.gradients = arena.take(program.gates * tile);
  p.product_gradients = arena.take(program.qubits * tile);
  p.scaled = reinterpret_cast<std::uint8_t*>(arena.take(program.passes));
  layout.shared.clear();
  layout.block.clear();
  // Forward alone needs two states in turn; the gradient keeps every layer's.
  for (std::size_t l = 0; l < program.shared.size(); ++l) {
    if (gradient || l < 2)
      layout.shared.push_back(
          TakeState(arena, state, gradient ? program.shared[l].complex : program.complex));
    else
      layout.shared.push_back(layout.shared[l - 2]);
  }
  for (int l = 0; l < program.block_layers; ++l) {
    if (gradient || l < 2)
      layout.block.push_back(TakeState(arena, state, program.complex));
    else
      layout.block.push_back(layout.block[l - 2]);
  }
  layout.prefix = arena.take((std::size_t{1} << program.qubits) * n);
  layout.probability = arena.take((std::size_t{1} << program.qubits) * n);
  if (gradient) {
    layout.bra = TakeState(arena, state, program.complex);
    layout.bra_block = TakeState(arena, state, program.complex);
    layout.scratch = TakeState(arena, state, program.complex);
  }
  if (program.products) {
    layout.product = TakeState(arena, state, program.complex);
    if (gradient) layout.product_bra = TakeState(arena, state, program.complex);
  }
  if (program.products || !bound.registers.empty()) layout.mixed = TakeState(arena, state, program.complex);
  if (!bound.registers.empty()) {
    std::size_t entries = 0, square = 0;
    for (const RegisterOperators<Real>& reg : bound.registers) {
      entries = std::max<std::size_t>(entries, reg.entries);
      square = std::max(square, std::size_t{2} << (2 * reg.k));
    }
    layout.rho = arena.take(entries * n * bound.registers.size());
    layout.weights = arena.take(entries * n);
    layout.matrix = arena.take(square * n);
    layout.transposed = arena.take((entries + n) * n);
  }
  return arena.used;
}

/// The tangent form leaves the product of the cosines to be multiplied in. The last pass of a layer does it;
/// before that a pass scales by a power of two (exact, so that no bit depends on whether it was needed) when
/// the numbers would leave the range of Real.
template <class Real>
void PrepareScales(const RyLayer& layer, const std::vector<Pass>& passes, std::size_t slot,
                   const Real* cosines, Prepared<Real>& p) {
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  const Vec<Real> low = hn::Set(d, sizeof(Real) == 4 ? Real(1e-30) : Real(1e-250));
  std::fill_n(p.scaled + slot, passes.size(), std::uint8_t{0});
  for (std::size_t b = 0; b < tile; b += n) {
    Vec<Real> run = hn::Set(d, Real(1));
    for (std::size_t i = 0; i < passes.size(); ++i) {
      auto product = [&](Vec<Real> x) HWY_ATTR {
        for (int g = 0; g < passes[i].k; ++g)
          x = hn::Mul(x, hn::Load(d, cosines + (layer.slot + passes[i].first_gate + g) * tile + b));
        return x;
      };
      Vec<Real> next = product(run);
      if (i > 0 && !hn::AllFalse(d, hn::Lt(hn::Abs(next), low))) {
        HWY_ALIGN Real x[n];
        hn::Store(run, d, x);
        Real* scale = p.scales + (slot + i - 1) * tile;
        if (!p.scaled[slot + i - 1]) std::fill_n(scale, tile, Real(1));
        p.scaled[slot + i - 1] = 1;
        for (std::size_t lane = 0; lane < n; ++lane) {
          int exponent = 0;
          std::frexp(x[lane], &exponent);
          scale[b + lane] = std::ldexp(Real(1), exponent);
          x[lane] = std::ldexp(x[lane], -exponent);
        }
        run = hn::Load(d, x);
        next = product(run);
      }
      run = next;
    }
    if (!passes.empty()) hn::Store(run, d, p.scales + (slot + passes.size() - 1) * tile + b);
  }
  if (!passes.empty()) p.scaled[slot + passes.size() - 1] = 1;
}

template <class Real>
void Prepare(const Bound<Real>& bound, const TileData<Real>& data, Layout<Real>& layout) {
  const Program& program = *bound.program;
  const Tag<Real> d;
  constexpr std::size_t n = lanes<Real>;
  Prepared<Real>& p = layout.prepared;
  Real* cosines = p.gradients;  // not in use yet
  const Vec<Real> half = hn::Set(d, Real(0.5));
  const Vec<Real> least = hn::Set(d, sizeof(Real) == 4 ? Real(1e-8) : Real(1e-30));
  for (std::size_t i = 0; i < static_cast<std::size_t>(program.qubits); ++i)
    for (std::size_t b = 0; b < tile; b += n) {
      hn::Store(hn::Zero(d), d, p.product_sin + i * tile + b);
      hn::Store(hn::Set(d, Real(1)), d, p.product_cos + i * tile + b);
    }
  const std::size_t product_gates = program.shared.front().gates.size();
  for (std::size_t g = 0; g < static_cast<std::size_t>(program.gates); ++g) {
    const std::vector<int>& terms = bound.sample_terms[g];
    for (std::size_t b = 0; b < tile; b += n) {
      Vec<Real> s, c;
      if (terms.empty()) {
        s = hn::Set(d, bound.constant_sin[g]);
        c = hn::Set(d, bound.constant_cos[g]);
      } else {
        Vec<Real> x = hn::Load(d, data.angles + terms[0] * tile + b);
        for (std::size_t i = 1; i < terms.size(); ++i)
          x = hn::Add(x, hn::Load(d, data.angles + terms[i] * tile + b));
        SinCos(hn::MulAdd(half, x, hn::Set(d, bound.constant[g])), s, c);
      }
      if (g < product_gates) {
        const std::size_t q = program.shared.front().gates[g].qubit;
        hn::Store(s, d, p.product_sin + q * tile + b);
        hn::Store(c, d, p.product_cos + q * tile + b);
      } else {
        c = hn::IfThenElse(hn::Lt(hn::Abs(c), least), hn::CopySign(least, c), c);
        hn::Store(c, d, cosines + g * tile + b);
        hn::Store(hn::Div(s, c), d, p.tangents + g * tile + b);
      }
    }
  }
  for (const BlockProgram& block : program.blocks) {
    if (!block.product) continue;
    const RyLayer& layer = *block.product;
    for (std::size_t at = layer.slot * tile; at < (layer.slot + layer.gates.size()) * tile; at += n) {
      // From t and c of the half angle: cos a = c^2 (1 - t^2), sin a = 2 t c^2.
      const Vec<Real> t = hn::Load(d, p.tangents + at), half_cos = hn::Load(d, cosines + at);
      const Vec<Real> half_sin = hn::Mul(t, half_cos);
      Vec<Real> c = hn::Mul(hn::Add(half_cos, half_sin), hn::Sub(half_cos, half_sin));
      c = hn::IfThenElse(hn::Lt(hn::Abs(c), least), hn::CopySign(least, c), c);
      hn::Store(c, d, cosines + at);
      hn::Store(hn::Div(hn::Mul(hn::Add(half_sin, half_sin), half_cos), c), d, p.tangents + at);
    }
    PrepareScales(layer, layer.in_place, layer.in_place_slot, cosines, p);
  }
  for (std::size_t l = 1; l < program.shared.size(); ++l) {
    const RyLayer& layer = program.shared[l];
    PrepareScales(layer, layer.rotate, layer.rotate_slot, cosines, p);
    PrepareScales(layer, layer.in_place, layer.in_place_slot, cosines, p);
  }
  for (const BlockProgram& block : program.blocks)
    for (const RyLayer& layer : block.layers) {
      PrepareScales(layer, layer.rotate, layer.rotate_slot, cosines, p);
      PrepareScales(layer, layer.in_place, layer.in_place_slot, cosines, p);
    }
}

/// One sub-tile (the samples of one SIMD register) of a tile.
template <class Real>
class SubTile {
 public:
  SubTile(const Bound<Real>& bound, const TileData<Real>& data, UnitSums<Real>* sums, Layout<Real>& layout,
          int sub)
      : bound_(bound),
        program_(*bound.program),
        data_(data),
        sums_(sums),
        layout_(layout),
        sub_(sub),
        offset_(sub * lanes<Real>) {}

  void run() {
    forward_shared();
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
      ForwardLayer(block.layers[l], mix, bound_.tables[mix.table], ket, out, tangents(), scales(),
                   layout_.prepared.scaled);
      ket = out;
    }
    return ket;
  }

  /// From the bra at the block's output (in the layout's bra_block) back to the shared stage, whose bra is
  /// written (first) or added to. At least one layer.
  void backward_block(const BlockProgram& block, State<Real> bra, bool first) {
    State<Real> other = layout_.scratch;
    for (std::size_t l = block.layers.size(); l-- > 0;) {
      BackwardLayer(block.layers[l], bra, in_use(block.layers[l], layout_.block[l]), tangents(), scales(),
                    layout_.prepared.scaled, gradients());
      if (l > 0) {
        const Mix& mix = block.mixes[l - 1];
        const State<Real> ket = in_use(block.layers[l - 1], layout_.block[l - 1]);
        const State<Real> before = with_parts(other, ket.im != nullptr);
        Unmix<false>(mix, bound_.tables[mix.table], bra, before, ket, phase_sums(mix));
        other = bra.re == layout_.bra_block.re ? layout_.bra_block : layout_.scratch;
        bra = before;
      } else {
        Real* phases = phase_sums(block.entry.gradient_slot >= 0 ? block.entry : program_.mixes.back());
        const PhaseTable<Real>& table = bound_.tables[block.entry.table];
        if (first)
          Unmix<false>(block.entry, table, bra, shared_bra(), last_shared(), phases);
        else
          Unmix<true>(block.entry, table, bra, shared_bra(), last_shared(), phases);
      }
    }
  }

 private:
  const Real* tangents() const { return layout_.prepared.tangents + offset_; }
  const Real* scales() const { return layout_.prepared.scales + offset_; }
  Real* gradients() const { return layout_.prepared.gradients + offset_; }

  void forward_shared() {
    const Prepared<Real>& p = layout_.prepared;
    ProductState(program_.qubits, p.product_sin + offset_, p.product_cos + offset_, layout_.prefix,
                 layout_.shared[0].re);
    for (std::size_t l = 1; l < program_.shared.size(); ++l) {
      const Mix& mix = program_.mixes[l - 1];
      ForwardLayer(program_.shared[l], mix, bound_.tables[mix.table],
                   in_use(program_.shared[l - 1], layout_.shared[l - 1]),
                   in_use(program_.shared[l], layout_.shared[l]), tangents(), scales(), p.scaled);
    }
  }

  /// A buffer with the parts that the state after `layer` has.
  State<Real> in_use(const RyLayer& layer, State<Real> buffer) const {
    return {buffer.re, layer.complex ? buffer.im : nullptr};
  }
  State<Real> with_parts(State<Real> buffer, bool complex) const {
    return {buffer.re, complex ? buffer.im : nullptr};
  }

  void run_block(std::size_t b, bool first) {
    const BlockProgram& block = program_.blocks[b];
    const State<Real> ket = forward_block(block);
    const Diagonals<Real>& diagonals = bound_.diagonals[b];
    Probabilities(block, ket, layout_.probability);
    const Tag<Real> d;
    for (std::size_t v = 0; v < diagonals.value.size(); ++v)
      hn::Store(DiagonalDot(diagonals.value[v], layout_.probability), d,
                data_.values + diagonals.column[v] * tile + offset_);
    if (!sums_) return;

    for (const auto& weight : diagonals.weights) {
      const Vec<Real> g = hn::Load(d, data_.cotangents + weight.column * tile + offset_);
      HWY_ALIGN Real terms[lanes<Real>];
      hn::Store(hn::Mul(g, DiagonalDot(weight.diagonal, layout_.probability)), d, terms);
      for (const Real term : terms) sums_->weight[weight_offset_] += term;
      ++weight_offset_;
    }
    const State<Real> bra =
        block.layers.empty() ? shared_bra() : with_parts(layout_.bra_block, ket.im != nullptr);
    FoldCotangents(block, diagonals, data_.cotangents + offset_, ket, bra, block.layers.empty() && !first);
    if (!block.layers.empty()) backward_block(block, bra, first);
  }

  State<Real> shared_bra() const { return with_parts(layout_.bra, program_.shared.back().complex); }

  Real* phase_sums(const Mix& mix) const {
    if (mix.gradient_slot < 0) return nullptr;
    return sums_->phase.data() + (static_cast<std::size_t>(mix.gradient_slot) * (tile / lanes<Real>)+sub_) *
                                     rows(program_.qubits) * lanes<Real>;
  }

  /// All blocks with product readouts, on the state behind the shared stage's last mix, and their bra back
  /// through that mix. Returns whether it wrote the shared bra.
  bool run_products() {
    const Tag<Real> d;
    const Mix& tail = program_.mixes.back();
    const std::size_t count = std::size_t{1} << program_.qubits;
    bool first = true;
    const bool complex = program_.complex;
    const State<Real> ket = with_parts(layout_.mixed, complex),
                      bra = with_parts(layout_.product_bra, complex);
    ApplyMix(tail, bound_.tables[tail.table], last_shared(), ket);
    for (std::size_t b = 0; b < program_.blocks.size(); ++b) {
      const BlockProgram& block = program_.blocks[b];
      if (!block.product) continue;
      const RyLayer& layer = *block.product;
      const State<Real> phi = with_parts(layout_.product, complex);
      RunPasses(layer, layer.in_place, [&](std::size_t i, std::size_t, Groups groups) HWY_ATTR {
        const Pass& pass = layer.in_place[i];
        const std::size_t slot = layer.in_place_slot + i;
        Reflect(pass, groups, i == 0 ? ket : phi, phi, tangents() + (layer.slot + pass.first_gate) * tile,
                layout_.prepared.scaled[slot] ? scales() + slot * tile : nullptr);
      });
      const int column = bound_.diagonals[b].column[0];
      const Vec<Real> weight = hn::Set(d, static_cast<Real>(block.outputs[0][0].weight));
      hn::Store(hn::Mul(weight, Dot(count, phi, ket)), d, data_.values + column * tile + offset_);
      if (!sums_) continue;
      const Vec<Real> factor =
          hn::Mul(hn::Add(weight, weight), hn::Load(d, data_.cotangents + column * tile + offset_));
      LayerGradients(layer, phi, ket, gradients() + layer.slot * tile);
      for (std::size_t g = 0; g < layer.gates.size(); ++g) {
        Real* gradient = gradients() + (layer.slot + g) * tile;
        hn::Store(hn::Mul(factor, hn::Load(d, gradient)), d, gradient);
      }
      AddScaled(count, factor, phi, bra, !first);
      first = false;
    }
    if (!sums_) return false;
    Unmix<false>(tail, bound_.tables[tail.table], bra, shared_bra(), last_shared(), phase_sums(tail));
    return true;
  }

  void run_registers() {
    const Mix& tail = program_.mixes.back();
    const State<Real> ket = with_parts(layout_.mixed, program_.complex);
    ApplyMix(tail, bound_.tables[tail.table], last_shared(), ket);
    const State<Real> bra = with_parts(layout_.bra_block, program_.complex);
    const std::size_t n = lanes<Real>;
    std::size_t most = 0;
    for (const RegisterOperators<Real>& reg : bound_.registers)
      most = std::max<std::size_t>(most, reg.entries);
    for (std::size_t r = 0; r < bound_.registers.size(); ++r) {
      const RegisterOperators<Real>& reg = bound_.registers[r];
      Real* rho = layout_.rho + r * most * n;
      reg.complex ? ReducedDensity<true>(reg, ket, rho) : ReducedDensity<false>(reg, ket, rho);
      OperatorValues(reg, rho, data_.values + offset_);
      if (!sums_) continue;
      OperatorSums(reg, data_.cotangents + offset_, rho, layout_.transposed, sums_->operators[r].data());
      OperatorWeights(reg, data_.cotangents + offset_, layout_.weights);
      if (reg.complex)
        ApplyHermitian<true>(reg, layout_.weights, layout_.matrix, ket, bra, r > 0);
      else
        ApplyHermitian<false>(reg, layout_.weights, layout_.matrix, ket, bra, r > 0);
    }
    if (!sums_) return;
    Unmix<false>(tail, bound_.tables[tail.table], bra, shared_bra(), last_shared(), phase_sums(tail));
  }

  void backward_shared() {
    State<Real> bra = shared_bra(), other = layout_.scratch;
    for (std::size_t l = program_.shared.size() - 1; l > 0; --l) {
      BackwardLayer(program_.shared[l], bra, in_use(program_.shared[l], layout_.shared[l]), tangents(),
                    scales(), layout_.prepared.scaled, gradients());
      const State<Real> ket = in_use(program_.shared[l - 1], layout_.shared[l - 1]);
      const State<Real> before = with_parts(other, ket.im != nullptr);
      const Mix& mix = program_.mixes[l - 1];
      Unmix<false>(mix, bound_.tables[mix.table], bra, before, ket, phase_sums(mix));
      other = bra.re == layout_.bra.re ? layout_.bra : layout_.scratch;
      bra = before;
    }
    const Prepared<Real>& p = layout_.prepared;
    ProductGradient(program_.qubits, p.product_sin + offset_, p.product_cos + offset_, layout_.prefix, bra.re,
                    layout_.probability, p.product_gradients + offset_);
  }

  const Bound<Real>& bound_;
  const Program& program_;
  const TileData<Real>& data_;
  UnitSums<Real>* sums_;
  Layout<Real>& layout_;
  int sub_;
  std::size_t offset_;
  std::size_t weight_offset_ = 0;
};

}  // namespace qmtl::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
