// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine/engine.h"

#include <algorithm>

#include "hwy/aligned_allocator.h"
#include "runtime/base/error.h"
#include "runtime/engine/far_angle.h"
#include "runtime/engine/part.h"
#include "runtime/engine/simd.h"

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

constexpr std::size_t tile_rows = tile;
/// Registers that hold twice as many samples are ahead again with more than these, unless full tiles have
/// amplitudes as lanes too.
constexpr std::size_t most_amplitude_samples = 8;
constexpr std::size_t aligned(std::size_t columns) { return (columns + 1) * tile; }

}  // namespace

template <class Real>
struct Engine<Real>::Impl {
  Plan plan;
  int angles = 0, params = 0, outputs = 0;  ///< angles: columns
  bool numbers = false;                     ///< take_numbers
  AngleColumns columns;
  bool second_moments = false;
  bool bound = false;
  LaneUse lanes = LaneUse::automatic;
  const engine::KernelTable<Real>* kernels = nullptr;
  /// Of a target whose registers are as wide as amplitudes are laid out in, with the same roundings; null:
  /// none but `kernels`.
  const engine::KernelTable<Real>* amplitude_kernels = nullptr;
  std::vector<std::unique_ptr<engine::EnginePart<Real>>> parts;

  int values() const { return second_moments ? 2 * outputs : outputs; }

  void make_parts() {
    columns = AngleColumns(plan, numbers);
    angles = columns.count();
    parts.clear();
    engine::Programs programs;
    const auto step = engine::step_kernels_for<Real>(kernels->target);
    for (const Part& part : plan.parts)
      parts.push_back(engine::make_part<Real>(columns.placed(part), outputs, second_moments, programs, step));
  }

  /// Those that a call with so many samples runs with. No bit depends on it.
  const engine::KernelTable<Real>& kernels_of(std::size_t samples) const {
    if (!amplitude_kernels || !use_amplitudes(*amplitude_kernels, samples)) return *kernels;
    const bool few = lanes == LaneUse::amplitudes || samples <= most_amplitude_samples;
    return few || use_amplitudes(*amplitude_kernels, tile_rows) ? *amplitude_kernels : *kernels;
  }
  bool use_amplitudes(const engine::KernelTable<Real>& table, std::size_t samples) const {
    return std::all_of(parts.begin(), parts.end(), [&](const auto& part) {
      return part->uses_amplitudes(table, std::min(samples, tile_rows), lanes);
    });
  }

  std::size_t memory(const engine::KernelTable<Real>& table, bool gradient) const {
    std::size_t most = 0;
    for (const auto& part : parts) most = std::max(most, part->workspace(table, gradient));
    return most;
  }

  /// With many parts each runs several tiles in a row, while what it needs is in the caches. No bit depends
  /// on it.
  std::size_t chunk() const { return (parts.size() > 1 ? 8 : 1) * tile; }

  /// Tile arrays of a chunk at the front of the workspace, the kernels' memory behind them.
  class Buffers {
   public:
    Buffers(const Impl& impl, std::size_t samples, const DrawKeys& keys, bool gradient)
        : table_(impl.kernels_of(samples)),
          keys_(keys),
          angles_(aligned(impl.angles)),
          values_(aligned(impl.values())),
          lanes_(impl.lanes) {
      tiles_ = (std::min(samples, impl.chunk()) + tile - 1) / tile;
      start_ = qmtl::workspace<Real>(tiles_ * (2 * angles_ + 2 * values_) + values_ +
                                     impl.memory(table_, gradient));
    }
    /// Angles, values, cotangents, angle gradients of a tile of so many samples from `first`.
    engine::TileData<Real> tile_data(std::size_t t, std::size_t samples = tile_rows,
                                     std::size_t first = 0) const {
      Real* at = start_ + t * (2 * angles_ + 2 * values_);
      return {at, at + 2 * angles_, at + 2 * angles_ + values_, at + angles_, samples, lanes_, keys_, first};
    }
    Real* angles(std::size_t t) const { return start_ + t * (2 * angles_ + 2 * values_); }
    Real* cotangents(std::size_t t) const { return angles(t) + 2 * angles_ + values_; }
    Real* rows() const { return angles(tiles_); }
    Real* workspace() const { return rows() + values_; }
    const engine::KernelTable<Real>& kernels() const { return table_; }

   private:
    const engine::KernelTable<Real>& table_;
    DrawKeys keys_;
    std::size_t angles_, values_, tiles_;
    LaneUse lanes_;
    Real* start_;
  };

  /// Calls run(first tile's sample, tiles) for every chunk.
  template <class Run>
  void for_chunks(std::size_t samples, const Run& run) const {
    for (std::size_t first = 0; first < samples; first += chunk())
      run(first, (std::min(chunk(), samples - first) + tile - 1) / tile);
  }
  static std::size_t count(std::size_t samples, std::size_t first) {
    return std::min(tile_rows, samples - first);
  }

  void load_angles(const Buffers& buffers, std::size_t samples, std::size_t first, std::size_t tiles,
                   const Real* rows) const {
    const std::size_t a = angles, turning = columns.angles().size();
    for (std::size_t t = 0; t < tiles; ++t, first += tile) {
      buffers.kernels().rows_to_tile(rows + first * a, a, count(samples, first), buffers.angles(t));
      if (!buffers.kernels().all_below(buffers.angles(t), turning, Real(engine::far_angle)))
        engine::take_near(std::span(buffers.angles(t), turning * tile));
    }
  }

  /// kept: a gradient follows, and no part or tile is run in between.
  void forward_chunk(const Buffers& buffers, std::size_t samples, std::size_t first, std::size_t tiles,
                     bool kept = false) const {
    for (const auto& part : parts)
      for (std::size_t t = 0; t < tiles; ++t) {
        engine::TileData<Real> data =
            buffers.tile_data(t, count(samples, first + t * tile), first + t * tile);
        data.cotangents = nullptr;
        data.angle_gradients = nullptr;
        data.kept = kept;
        part->run_tile(buffers.kernels(), data, nullptr, buffers.workspace());
      }
  }

  void store_values(const Buffers& buffers, std::size_t samples, std::size_t first, std::size_t tiles,
                    Real* rows) const {
    const std::size_t v = values();
    for (std::size_t t = 0; t < tiles; ++t, first += tile)
      buffers.kernels().tile_to_rows(buffers.tile_data(t).values, v, count(samples, first), rows + first * v);
  }

  /// `ask(buffers, first, tiles)` fills a chunk's cotangents
  /// and says whether it left the chunk's only tile and part behind a forward run.
  template <class Ask>
  void run(std::size_t samples, const Real* angle_rows, Real* value_rows, Real* angle_gradients, double* flat,
           const DrawKeys& keys, const Ask& ask) const {
    check_bound();
    const Buffers buffers(*this, samples, keys, true);
    const std::size_t a = angles;
    std::vector<engine::UnitSums<Real>> sums;
    const engine::KernelTable<Real>& table = buffers.kernels();
    for (const auto& part : parts) sums.push_back(part->unit_sums(table, samples, lanes));
    for_chunks(samples, [&](std::size_t first, std::size_t tiles) {
      load_angles(buffers, samples, first, tiles, angle_rows);
      const bool kept = ask(buffers, first, tiles);
      for (std::size_t t = 0; t < tiles; ++t)
        std::fill_n(buffers.tile_data(t).angle_gradients, a * tile, Real(0));
      for (std::size_t p = 0; p < parts.size(); ++p)
        for (std::size_t t = 0; t < tiles; ++t) {
          engine::TileData<Real> data =
              buffers.tile_data(t, count(samples, first + t * tile), first + t * tile);
          data.kept = kept;
          parts[p]->run_tile(table, data, &sums[p], buffers.workspace());
        }
      store_values(buffers, samples, first, tiles, value_rows);
      for (std::size_t t = 0; t < tiles; ++t, first += tile)
        table.tile_to_rows(buffers.tile_data(t).angle_gradients, a, count(samples, first),
                           angle_gradients + first * a);
    });
    for (std::size_t p = 0; p < parts.size(); ++p) {
      parts[p]->add_sums(sums[p], table.lanes, flat);
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
  const std::vector<SimdTarget> here = available_targets();
  if (impl_->kernels->target == SimdTarget::avx512 &&
      std::find(here.begin(), here.end(), SimdTarget::avx2) != here.end())
    impl_->amplitude_kernels = &engine::kernels_for<Real>(SimdTarget::avx2);
  impl_->plan = std::move(plan);
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
  return impl_->kernels->target;
}

template <class Real>
void Engine<Real>::set_second_moments(bool on) {
  if (impl_->second_moments == on) return;
  impl_->second_moments = on;
  impl_->bound = false;
  impl_->make_parts();
}

template <class Real>
void Engine<Real>::take_numbers() {
  impl_->numbers = true;
  impl_->bound = false;
  impl_->make_parts();
}

template <class Real>
const AngleColumns& Engine<Real>::columns() const {
  return impl_->columns;
}

template <class Real>
void Engine<Real>::set_lanes(LaneUse use) {
  impl_->lanes = use;
}

template <class Real>
bool Engine<Real>::amplitude_lanes(std::size_t samples) const {
  return impl_->use_amplitudes(impl_->kernels_of(samples), samples);
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
void Engine<Real>::forward(std::size_t samples, const Real* angles, Real* values,
                           const DrawKeys& keys) const {
  impl_->check_bound();
  const typename Impl::Buffers buffers(*impl_, samples, keys, false);
  impl_->for_chunks(samples, [&](std::size_t first, std::size_t tiles) {
    impl_->load_angles(buffers, samples, first, tiles, angles);
    impl_->forward_chunk(buffers, samples, first, tiles);
    impl_->store_values(buffers, samples, first, tiles, values);
  });
}

template <class Real>
std::size_t Engine<Real>::sums_size() const {
  std::size_t count = 0;
  for (const auto& part : impl_->parts) count += part->sums_size();
  return count;
}

template <class Real>
void Engine<Real>::vjp_sums(std::size_t samples, const Real* angles, const Cotangents& cotangents,
                            Real* values, Real* angle_gradients, double* sums, const DrawKeys& keys) const {
  // The loss may need outputs of several parts: all parts run forward before any runs back.
  const std::size_t v = impl_->values();
  impl_->run(samples, angles, values, angle_gradients, sums, keys,
             [&](const typename Impl::Buffers& buffers, std::size_t first, std::size_t tiles) {
               const bool kept = impl_->parts.size() == 1 && tiles == 1;
               impl_->forward_chunk(buffers, samples, first, tiles, kept);
               impl_->store_values(buffers, samples, first, tiles, values);
               for (std::size_t t = 0; t < tiles; ++t, first += tile) {
                 const std::size_t count = Impl::count(samples, first);
                 std::fill_n(buffers.rows(), count * v, Real(0));
                 cotangents(first, count, values + first * v, buffers.rows());
                 buffers.kernels().rows_to_tile(buffers.rows(), v, count, buffers.cotangents(t));
               }
               return kept;
             });
}

template <class Real>
void Engine<Real>::vjp_sums(std::size_t samples, const Real* angles, const Real* cotangents, Real* values,
                            Real* angle_gradients, double* sums, const DrawKeys& keys) const {
  const std::size_t v = impl_->values();
  impl_->run(samples, angles, values, angle_gradients, sums, keys,
             [&](const typename Impl::Buffers& buffers, std::size_t first, std::size_t tiles) {
               for (std::size_t t = 0; t < tiles; ++t, first += tile)
                 buffers.kernels().rows_to_tile(cotangents + first * v, v, Impl::count(samples, first),
                                                buffers.cotangents(t));
               return false;
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
                       Real* angle_gradients, double* param_gradients, const DrawKeys& keys) const {
  std::vector<double> sums(sums_size(), 0.0);
  vjp_sums(samples, angles, cotangents, values, angle_gradients, sums.data(), keys);
  gradients(sums, param_gradients);
}

template <class Real>
void Engine<Real>::vjp(std::size_t samples, const Real* angles, const Real* cotangents, Real* values,
                       Real* angle_gradients, double* param_gradients, const DrawKeys& keys) const {
  std::vector<double> sums(sums_size(), 0.0);
  vjp_sums(samples, angles, cotangents, values, angle_gradients, sums.data(), keys);
  gradients(sums, param_gradients);
}

template class Engine<float>;
template class Engine<double>;

}  // namespace qmtl
