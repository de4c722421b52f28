// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/error.h"
#include "runtime/model/layers/layer_kinds.h"
#include "runtime/model/layers/random_each.h"

namespace qmtl {
namespace {

/// Changes training samples at random: mirrors half of them left to right, shifts each by up to `shift`
/// pixels up or down and left or right with zeros moving in, and adds N(0, noise) to every number. What
/// happens to a sample depends on seed, step, layer and sample alone.
template <class Real>
class Augment final : public Layer<Real> {
 public:
  Augment(const LayerSpec& spec, const Shape& shape, std::uint32_t number)
      : shape_(shape), shift_(spec.shift), flip_(spec.flip), noise_(spec.noise), number_(number) {}
  Shape shape() const override { return shape_; }

  void forward(const Pass& pass, const Matrix<Real>& x, Matrix<Real>& y,
               LayerCache<Real>& cache) const override {
    cache.picks.clear();
    y = x;
    if (!pass.training) return;
    const RandomStream random(pass.seed, Purpose::augmentation);
    const auto samples = static_cast<std::size_t>(x.rows());
    std::vector<double> noise;
    for (std::size_t s = 0; s < samples; ++s) {
      Position at{static_cast<std::uint32_t>(pass.step), number_, static_cast<std::uint32_t>(pass.samples[s]),
                  0};
      Real* sample = y.data() + s * shape_.size();
      if (moves()) {
        const Move move = draw(random.bits(at));
        cache.picks.insert(cache.picks.end(), {move.down, move.right, move.flip});
        const Real* from = x.data() + s * shape_.size();
        std::fill_n(sample, shape_.size(), Real(0));
        for_each_kept(move, [&](std::size_t source, std::size_t target) { sample[target] = from[source]; });
      }
      if (noise_ == 0.0) continue;
      at.index = 1;
      noise.resize(shape_.size());
      normal_each(random, at, noise);
      for (std::size_t i = 0; i < shape_.size(); ++i) sample[i] += static_cast<Real>(noise_ * noise[i]);
    }
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double>) const override {
    if (dx == nullptr) return;
    *dx = dy;
    for (std::size_t s = 0; s < cache.picks.size() / 3; ++s) {
      const Move move{cache.picks[3 * s], cache.picks[3 * s + 1], cache.picks[3 * s + 2]};
      const Real* from = dy.data() + s * shape_.size();
      Real* sample = dx->data() + s * shape_.size();
      std::fill_n(sample, shape_.size(), Real(0));
      for_each_kept(move, [&](std::size_t source, std::size_t target) { sample[source] = from[target]; });
    }
  }

 private:
  /// `down` and `right` count from -shift.
  struct Move {
    std::uint32_t down, right, flip;
  };

  bool moves() const { return shift_ > 0 || flip_; }
  Move draw(const std::array<std::uint32_t, 4>& bits) const {
    const auto below = [](std::uint32_t word, std::uint64_t choices) {
      return static_cast<std::uint32_t>(word * choices >> 32);
    };
    const auto choices = 2 * static_cast<std::uint64_t>(shift_) + 1;
    return {below(bits[0], choices), below(bits[1], choices), flip_ ? bits[2] >> 31 : 0u};
  }
  /// action(source, target) for every pixel that is still inside after the move.
  template <class Action>
  void for_each_kept(const Move& move, Action action) const {
    const auto shift = static_cast<std::size_t>(shift_);
    const std::size_t height = shape_.height, width = shape_.width;
    for (std::size_t c = 0; c < shape_.channels; ++c)
      for (std::size_t i = 0; i < height; ++i) {
        const std::size_t row = i + move.down;  // shift below zero is outside
        if (row < shift || row - shift >= height) continue;
        const std::size_t from = (c * height + i) * width, to = (c * height + row - shift) * width;
        for (std::size_t j = 0; j < width; ++j) {
          const std::size_t column = (move.flip ? width - 1 - j : j) + move.right;
          if (column >= shift && column - shift < width) action(from + j, to + column - shift);
        }
      }
  }

  Shape shape_;
  int shift_;
  bool flip_;
  double noise_;
  std::uint32_t number_;
};

template <class Real>
LayerPointer<Real> make_augment_layer(const LayerSetup& setup) {
  const auto& [spec, input, number, making, where] = setup;
  if (!(spec.noise >= 0.0))
    throw usage_error(where + ".noise: expected a deviation of at least 0, found " +
                      std::to_string(spec.noise));
  if (spec.shift < 0)
    throw usage_error(where + ".shift: expected a shift of at least 0 pixels, found " +
                      std::to_string(spec.shift));
  if (!input.image && (spec.shift != 0 || spec.flip))
    throw usage_error(where + (spec.shift != 0 ? ".shift" : ".flip") +
                      ": only images can be shifted or flipped, found the shape " + input.text() +
                      "; flat inputs take noise alone");
  return std::make_unique<Augment<Real>>(spec, input, number);
}

constexpr LayerKey augment_keys[] = {
    {"shift",
     &LayerSpec::shift,
     {0, 1e3},
     false,
     "most pixels that an image is moved by, both ways, zeros moving in"},
    {"flip", &LayerSpec::flip, {}, false, "whether half of the images are mirrored left to right"},
    {"noise", &LayerSpec::noise, {0, 1e3}, false, "deviation of the normal noise that is added"}};

}  // namespace

constinit const LayerInfo augment_layer{
    LayerKind::augment,         "augment", augment_keys, make_augment_layer<float>,
    make_augment_layer<double>, nullptr};

}  // namespace qmtl
