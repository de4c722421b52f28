#include "runtime/engine/engine.h"

#include <algorithm>

#include "hwy/aligned_allocator.h"
#include "runtime/engine/part.h"
#include "runtime/engine/simd.h"
#include "runtime/error.h"

namespace qmtl {
namespace {

using engine::tile;

/// Working memory of the calling thread, grown on demand and kept.
template <class Real>
Real* workspace(std::size_t count) {
  thread_local hwy::AlignedFreeUniquePtr<Real[]> memory;
  thread_local std::size_t capacity = 0;
  if (capacity < count) {
    memory = hwy::AllocateAligned<Real>(count);
    capacity = count;
  }
  return memory.get();
}

/// rows[16][columns] <-> tile[columns][16]; samples from `count` on are zero.
template <class Real>
void to_tile(const Real* rows, std::size_t columns, std::size_t count, Real* out) {
  for (std::size_t c = 0; c < columns; ++c)
    for (std::size_t b = 0; b < tile; ++b) out[c * tile + b] = b < count ? rows[b * columns + c] : Real(0);
}
template <class Real>
void from_tile(const Real* in, std::size_t columns, std::size_t count, Real* rows) {
  for (std::size_t b = 0; b < count; ++b)
    for (std::size_t c = 0; c < columns; ++c) rows[b * columns + c] = in[c * tile + b];
}

constexpr std::size_t aligned(std::size_t columns) { return (columns + 1) * tile; }

}  // namespace

template <class Real>
struct Engine<Real>::Impl {
  Plan plan;
  int angles = 0, params = 0, outputs = 0;
  bool second_moments = false;
  bool bound = false;
  const engine::KernelTable<Real>* kernels = nullptr;
  std::vector<std::unique_ptr<engine::EnginePart<Real>>> parts;

  int values() const { return second_moments ? 2 * outputs : outputs; }

  void make_parts() {
    parts.clear();
    for (const Part& part : plan.parts)
      parts.push_back(engine::make_part<Real>(part, outputs, second_moments));
  }

  std::size_t memory(bool gradient) const {
    std::size_t most = 0;
    for (const auto& part : parts) most = std::max(most, part->workspace(*kernels, gradient));
    return most;
  }

  /// Tile arrays at the front of the workspace, the kernels' memory behind them.
  struct Buffers {
    Real *angles, *values, *cotangents, *angle_gradients, *rows, *kernels;
  };
  Buffers buffers(bool gradient) const {
    const std::size_t a = aligned(angles), v = aligned(values());
    Real* at = workspace<Real>(2 * a + 3 * v + memory(gradient));
    return {at, at + a, at + a + v, at + a + 2 * v, at + 2 * a + 2 * v, at + 2 * a + 3 * v};
  }

  void forward_tile(const Buffers& buffer) const {
    const engine::TileData<Real> data{buffer.angles, buffer.values, nullptr, nullptr};
    for (const auto& part : parts) part->run_tile(*kernels, data, nullptr, buffer.kernels);
  }

  /// `ask` fills the tile's cotangents.
  template <class Ask>
  void run(std::size_t samples, const Real* angle_rows, Real* value_rows, Real* angle_gradients, double* flat,
           const Ask& ask) const {
    check_bound();
    const Buffers buffer = buffers(true);
    const std::size_t a = angles, v = values();
    std::vector<engine::UnitSums<Real>> sums;
    for (const auto& part : parts) sums.push_back(part->unit_sums(kernels->lanes.count));
    const engine::TileData<Real> data{buffer.angles, buffer.values, buffer.cotangents,
                                      buffer.angle_gradients};
    for (std::size_t first = 0; first < samples; first += tile) {
      const std::size_t count = std::min<std::size_t>(tile, samples - first);
      to_tile(angle_rows + first * a, a, count, buffer.angles);
      ask(buffer, first, count);
      std::fill_n(buffer.angle_gradients, a * tile, Real(0));
      for (std::size_t p = 0; p < parts.size(); ++p)
        parts[p]->run_tile(*kernels, data, &sums[p], buffer.kernels);
      from_tile(buffer.values, v, count, value_rows + first * v);
      from_tile(buffer.angle_gradients, a, count, angle_gradients + first * a);
    }
    for (std::size_t p = 0; p < parts.size(); ++p) {
      parts[p]->add_sums(sums[p], kernels->lanes, flat);
      flat += parts[p]->sums_size();
    }
  }

  void check_bound() const {
    if (!bound) throw usage_error("engine: bind() must come before forward() and vjp()");
  }
};

template <class Real>
Engine<Real>::Engine(Plan plan, SimdTarget target) : impl_(std::make_unique<Impl>()) {
  impl_->kernels = &engine::kernels_for<Real>(target);
  impl_->plan = std::move(plan);
  impl_->angles = impl_->plan.angles;
  impl_->params = impl_->plan.params;
  impl_->outputs = impl_->plan.outputs;
  impl_->make_parts();
}

template <class Real>
Engine<Real>::~Engine() = default;
template <class Real>
Engine<Real>::Engine(Engine&&) noexcept = default;
template <class Real>
Engine<Real>& Engine<Real>::operator=(Engine&&) noexcept = default;

template <class Real>
int Engine<Real>::angles() const {
  return impl_->angles;
}
template <class Real>
int Engine<Real>::params() const {
  return impl_->params;
}
template <class Real>
int Engine<Real>::outputs() const {
  return impl_->outputs;
}
template <class Real>
int Engine<Real>::values() const {
  return impl_->values();
}
template <class Real>
const Plan& Engine<Real>::plan() const {
  return impl_->plan;
}
template <class Real>
SimdTarget Engine<Real>::target() const {
  return engine::target_of(impl_->kernels->target);
}

template <class Real>
void Engine<Real>::set_second_moments(bool on) {
  if (impl_->second_moments == on) return;
  impl_->second_moments = on;
  impl_->bound = false;
  impl_->make_parts();
}

template <class Real>
void Engine<Real>::bind(std::span<const double> params) {
  if (static_cast<int>(params.size()) != impl_->params)
    throw usage_error("engine: expected " + std::to_string(impl_->params) + " parameters, found " +
                      std::to_string(params.size()));
  for (auto& part : impl_->parts) part->bind(params);
  impl_->bound = true;
}

template <class Real>
void Engine<Real>::forward(std::size_t samples, const Real* angles, Real* values) const {
  impl_->check_bound();
  const auto buffer = impl_->buffers(false);
  const std::size_t a = impl_->angles, v = impl_->values();
  for (std::size_t first = 0; first < samples; first += tile) {
    const std::size_t count = std::min<std::size_t>(tile, samples - first);
    to_tile(angles + first * a, a, count, buffer.angles);
    impl_->forward_tile(buffer);
    from_tile(buffer.values, v, count, values + first * v);
  }
}

template <class Real>
std::size_t Engine<Real>::sums_size() const {
  std::size_t count = 0;
  for (const auto& part : impl_->parts) count += part->sums_size();
  return count;
}

template <class Real>
void Engine<Real>::vjp_sums(std::size_t samples, const Real* angles, const Cotangents& cotangents,
                            Real* values, Real* angle_gradients, double* sums) const {
  // The loss may need outputs of several parts: all parts run forward before any runs back.
  const std::size_t v = impl_->values();
  impl_->run(samples, angles, values, angle_gradients, sums,
             [&](const typename Impl::Buffers& buffer, std::size_t first, std::size_t count) {
               impl_->forward_tile(buffer);
               from_tile(buffer.values, v, count, values + first * v);
               std::fill_n(buffer.rows, count * v, Real(0));
               cotangents(first, count, values + first * v, buffer.rows);
               to_tile(buffer.rows, v, count, buffer.cotangents);
             });
}

template <class Real>
void Engine<Real>::vjp_sums(std::size_t samples, const Real* angles, const Real* cotangents, Real* values,
                            Real* angle_gradients, double* sums) const {
  const std::size_t v = impl_->values();
  impl_->run(samples, angles, values, angle_gradients, sums,
             [&](const typename Impl::Buffers& buffer, std::size_t first, std::size_t count) {
               to_tile(cotangents + first * v, v, count, buffer.cotangents);
             });
}

template <class Real>
void Engine<Real>::gradients(std::span<const double> sums, double* param_gradients) const {
  if (sums.size() != sums_size())
    throw usage_error("engine: expected " + std::to_string(sums_size()) + " sums, found " +
                      std::to_string(sums.size()));
  const double* from = sums.data();
  for (const auto& part : impl_->parts) {
    part->finish(from, param_gradients);
    from += part->sums_size();
  }
}

template <class Real>
void Engine<Real>::vjp(std::size_t samples, const Real* angles, const Cotangents& cotangents, Real* values,
                       Real* angle_gradients, double* param_gradients) const {
  std::vector<double> sums(sums_size(), 0.0);
  vjp_sums(samples, angles, cotangents, values, angle_gradients, sums.data());
  gradients(sums, param_gradients);
}

template <class Real>
void Engine<Real>::vjp(std::size_t samples, const Real* angles, const Real* cotangents, Real* values,
                       Real* angle_gradients, double* param_gradients) const {
  std::vector<double> sums(sums_size(), 0.0);
  vjp_sums(samples, angles, cotangents, values, angle_gradients, sums.data());
  gradients(sums, param_gradients);
}

template class Engine<float>;
template class Engine<double>;

}  // namespace qmtl
