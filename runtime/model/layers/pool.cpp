// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/error.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

/// Windows side by side over every channel; rows and columns that fill no window are left out.
class Pooling {
 public:
  Pooling(const Shape& input, const Shape& output, std::size_t height, std::size_t width)
      : in_(input), out_(output), height_(height), width_(width) {}

  const Shape& in() const { return in_; }
  const Shape& out() const { return out_; }
  std::size_t window() const { return height_ * width_; }

  /// action(place of an output, place of its window's first number) in order, both within a sample.
  template <class Action>
  void for_each_window(Action action) const {
    const std::size_t rows = in_.height / height_, columns = in_.width / width_;
    std::size_t output = 0;
    for (std::size_t c = 0; c < in_.channels; ++c)
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
          action(output++, (c * in_.height + i * height_) * in_.width + j * width_);
  }
  std::size_t height() const { return height_; }
  std::size_t width() const { return width_; }
  /// action(place of the first output, outputs, place of the first window) for every row of outputs.
  template <class Action>
  void for_each_row(Action action) const {
    const std::size_t rows = in_.height / height_, columns = in_.width / width_;
    for (std::size_t c = 0; c < in_.channels; ++c)
      for (std::size_t i = 0; i < rows; ++i)
        action((c * rows + i) * columns, columns, (c * in_.height + i * height_) * in_.width);
  }
  /// action(place) for the numbers of a window in reading order.
  template <class Action>
  void for_each_member(std::size_t first, Action action) const {
    for (std::size_t i = 0; i < height_; ++i)
      for (std::size_t j = 0; j < width_; ++j) action(first + i * in_.width + j);
  }

 private:
  Shape in_, out_;
  std::size_t height_, width_;
};

template <class Real>
class Pool : public Layer<Real> {
 public:
  explicit Pool(const Pooling& pooling) : pooling_(pooling) {}
  Shape shape() const override { return pooling_.out(); }

 protected:
  std::size_t in_size() const { return pooling_.in().size(); }
  std::size_t out_size() const { return pooling_.out().size(); }
  Eigen::Index columns() const { return static_cast<Eigen::Index>(out_size()); }
  static std::size_t rows(const Matrix<Real>& x) { return static_cast<std::size_t>(x.rows()); }

  Pooling pooling_;
};

// Windows of two by two, by far the most common, four at a time.
typedef float Four __attribute__((vector_size(16)));
typedef float FourStored __attribute__((vector_size(16), aligned(alignof(float)), may_alias));
typedef std::int32_t FourPlaces __attribute__((vector_size(16)));
typedef std::uint32_t FourPicks __attribute__((vector_size(16), aligned(alignof(std::uint32_t)), may_alias));

/// The largest of the windows at x and x + width, the first of which is number `place` of its sample, and
/// their places. Returns how many it did of `count`.
std::size_t largest_of_pairs(std::size_t count, const float* x, std::size_t width, std::size_t place,
                             float* largest, std::uint32_t* picks) {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const auto at = static_cast<std::int32_t>(place + 2 * i), below = at + static_cast<std::int32_t>(width);
    const FourPlaces steps{0, 2, 4, 6};
    const auto load = [&](std::size_t from) -> Four {
      return *reinterpret_cast<const FourStored*>(x + from);
    };
    const Four a = load(2 * i), b = load(2 * i + 4), c = load(width + 2 * i), d = load(width + 2 * i + 4);
    Four most = __builtin_shufflevector(a, b, 0, 2, 4, 6);
    FourPlaces best = steps + at;
    const auto take = [&](const Four& value, const FourPlaces& where) {
      const FourPlaces more = value > most;
      best = more ? where : best;
      most = more ? value : most;
    };
    take(__builtin_shufflevector(a, b, 1, 3, 5, 7), steps + (at + 1));
    take(__builtin_shufflevector(c, d, 0, 2, 4, 6), steps + below);
    take(__builtin_shufflevector(c, d, 1, 3, 5, 7), steps + (below + 1));
    *reinterpret_cast<FourStored*>(largest + i) = most;
    *reinterpret_cast<FourPicks*>(picks + i) = (FourPicks)best;
  }
  return i;
}
std::size_t largest_of_pairs(std::size_t, const double*, std::size_t, std::size_t, double*, std::uint32_t*) {
  return 0;
}

/// The largest number of each window, the first of equal ones.
template <class Real>
class MaxPool final : public Pool<Real> {
 public:
  using Pool<Real>::Pool;
  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>& cache) const override {
    y.resize(x.rows(), this->columns());
    cache.picks.resize(static_cast<std::size_t>(y.size()));
    for (std::size_t s = 0; s < this->rows(x); ++s) {
      const Real* sample = x.data() + s * this->in_size();
      Real* to = y.data() + s * this->out_size();
      std::uint32_t* picks = cache.picks.data() + s * this->out_size();
      this->pooling_.for_each_row([&](std::size_t row, std::size_t count, std::size_t place) {
        std::size_t done = 0;
        if (this->pooling_.height() == 2 && this->pooling_.width() == 2)
          done = largest_of_pairs(count, sample + place, this->pooling_.in().width, place, to + row,
                                  picks + row);
        for (; done < count; ++done) {
          const std::size_t first = place + done * this->pooling_.width();
          std::size_t best = first;
          Real largest = sample[first];
          this->pooling_.for_each_member(first, [&](std::size_t at) {
            const bool more = sample[at] > largest;
            best = more ? at : best;
            largest = more ? sample[at] : largest;
          });
          to[row + done] = largest;
          picks[row + done] = static_cast<std::uint32_t>(best);
        }
      });
    }
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double>) const override {
    if (dx == nullptr) return;
    dx->setZero(dy.rows(), static_cast<Eigen::Index>(this->in_size()));
    for (std::size_t s = 0; s < this->rows(dy); ++s)
      for (std::size_t output = 0; output < this->out_size(); ++output) {
        const std::size_t place = s * this->out_size() + output;
        dx->data()[s * this->in_size() + cache.picks[place]] += dy.data()[place];
      }
  }
};

template <class Real>
class MeanPool final : public Pool<Real> {
 public:
  using Pool<Real>::Pool;
  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>&) const override {
    y.resize(x.rows(), this->columns());
    for (std::size_t s = 0; s < this->rows(x); ++s) {
      const Real* sample = x.data() + s * this->in_size();
      Real* to = y.data() + s * this->out_size();
      this->pooling_.for_each_window([&](std::size_t output, std::size_t first) {
        double sum = 0.0;
        this->pooling_.for_each_member(first, [&](std::size_t at) { sum += sample[at]; });
        to[output] = static_cast<Real>(sum * share());
      });
    }
  }
  void backward(const LayerCache<Real>&, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double>) const override {
    if (dx == nullptr) return;
    dx->setZero(dy.rows(), static_cast<Eigen::Index>(this->in_size()));
    for (std::size_t s = 0; s < this->rows(dy); ++s) {
      Real* sample = dx->data() + s * this->in_size();
      const Real* from = dy.data() + s * this->out_size();
      this->pooling_.for_each_window([&](std::size_t output, std::size_t first) {
        const Real part = static_cast<Real>(from[output] * share());
        this->pooling_.for_each_member(first, [&](std::size_t at) { sample[at] = part; });
      });
    }
  }

 private:
  double share() const { return 1.0 / static_cast<double>(this->pooling_.window()); }
};

Pooling pooling_of(const LayerSpec& spec, const Shape& input, const std::string& where) {
  if (spec.kind == LayerKind::global_pool) return {input, input.channels, input.height, input.width};
  const auto size = static_cast<std::size_t>(std::max(spec.size, 0));
  if (size < 1 || size > input.height || size > input.width)
    throw usage_error(where + ".size: expected a window that fits images of shape " + input.text() +
                      ", found " + std::to_string(spec.size));
  return {input, Shape(input.channels, input.height / size, input.width / size), size, size};
}

template <class Real>
LayerPointer<Real> make_pool_layer(const LayerSetup& setup) {
  require_image(setup);
  const Pooling pooling = pooling_of(setup.spec, setup.input, setup.where);
  if (setup.spec.pool == PoolKind::max) return std::make_unique<MaxPool<Real>>(pooling);
  return std::make_unique<MeanPool<Real>>(pooling);
}

std::size_t list_pool_layer(const LayerListing& to) {
  const Shape image = to.list[to.from].shape;
  const auto size = static_cast<std::size_t>(to.spec.size);
  return to.list.add(ops::Pool{to.spec.pool, size, size}, {to.from},
                     Shape(image.channels, image.height / size, image.width / size));
}
std::size_t list_global_pool_layer(const LayerListing& to) {
  const Shape image = to.list[to.from].shape;
  return to.list.add(ops::Pool{to.spec.pool, image.height, image.width}, {to.from}, Shape(image.channels));
}

constexpr LayerKey pool_keys[] = {
    {"kind", &LayerSpec::pool, {}, true, "what a window becomes"},
    {"size", &LayerSpec::size, {1, 1e4}, false, "height and width of the windows, which stand side by side"}};
constexpr LayerKey global_keys[] = {{"kind", &LayerSpec::pool, {}, true, "what a channel becomes"}};

}  // namespace

constinit const LayerInfo pool_layer{
    LayerKind::pool, "pool", pool_keys, make_pool_layer<float>, make_pool_layer<double>, list_pool_layer};
constinit const LayerInfo global_pool_layer{
    LayerKind::global_pool, "global-pool",           global_keys,
    make_pool_layer<float>, make_pool_layer<double>, list_global_pool_layer};

}  // namespace qmtl
