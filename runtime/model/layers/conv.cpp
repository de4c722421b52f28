// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/model/layers/layer_kinds.h"
#include "runtime/model/layers/windows.h"

namespace qmtl {
namespace {

/// Outputs of a channel in one matrix product: its columns stay in the cache while all rows run over them.
constexpr std::size_t tile_outputs = 256;

/// Convolution as products with matrices whose columns are windows. The bias is the weight of one more number
/// of every window that is always 1.
template <class Real>
class Conv final : public Layer<Real> {
 public:
  Conv(const Windows& windows, std::size_t channels, bool before_relu)
      : windows_(windows), channels_(channels), size_(windows.size()), before_relu_(before_relu) {}

  Shape shape() const override { return {channels_, windows_.out.height, windows_.out.width}; }
  double cost() const override {
    return 6.0 * static_cast<double>(shape().size()) * static_cast<double>(size_ + 1);
  }
  void append_params(const std::string& prefix, std::vector<ParamInfo>& params) const override {
    append_param(params, prefix + ".weight",
                 {channels_, windows_.in.channels, windows_.kernel, windows_.kernel}, false, true);
    append_param(params, prefix + ".bias", {channels_}, false, false);
  }
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    // Glorot & Bengio 2010, He et al. 2015; a window is what reaches an output.
    const double fan_in = static_cast<double>(size_);
    const double fan_out = static_cast<double>(channels_ * windows_.kernel * windows_.kernel);
    const double limit = std::sqrt(before_relu_ ? 6.0 / fan_in : 6.0 / (fan_in + fan_out));
    random.uniform(tensor, limit, values.first(channels_ * size_));
    for (double& bias : values.subspan(channels_ * size_)) bias = 0.0;
  }
  void bind(std::span<const double> params) override {
    weight_.resize(static_cast<Eigen::Index>(channels_), static_cast<Eigen::Index>(size_ + 1));
    for (std::size_t c = 0; c < channels_; ++c) {
      for (std::size_t i = 0; i < size_; ++i)
        weight_.data()[c * (size_ + 1) + i] = static_cast<Real>(params[c * size_ + i]);
      weight_.data()[c * (size_ + 1) + size_] = static_cast<Real>(params[channels_ * size_ + c]);
    }
    transposed_ = weight_.leftCols(static_cast<Eigen::Index>(size_)).transpose();
  }

  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>&) const override {
    y.resize(x.rows(), static_cast<Eigen::Index>(shape().size()));
    std::vector<Real> columns = make_columns(), product(channels_ * most_columns());
    for_each_tile(x.rows(), [&](const Windows::Tile& tile) {
      windows_.gather(tile, x.data(), columns.data());
      set_ones(tile, columns);
      multiply(channels_, size_ + 1, tile.columns, weight_.data(), columns.data(), product.data());
      for_each_output_row(tile, [&](std::size_t in_tile, std::size_t in_samples) {
        copy_row(product.data() + in_tile, y.data() + in_samples);
      });
    });
  }

  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double> gradient) const override {
    if (dx != nullptr) dx->setZero(cache.input.rows(), cache.input.cols());
    std::vector<Real> columns = make_columns(), given(channels_ * most_columns(), Real(0));
    std::vector<Real> weights(channels_ * (size_ + 1)), below(dx != nullptr ? size_ * most_columns() : 0);
    for_each_tile(dy.rows(), [&](const Windows::Tile& tile) {
      // Columns beyond the tile's outputs must not count.
      for (std::size_t c = 0; c < channels_; ++c)
        std::fill(
            given.begin() + static_cast<std::ptrdiff_t>(c * tile.columns + tile.rows * windows_.out.width),
            given.begin() + static_cast<std::ptrdiff_t>((c + 1) * tile.columns), Real(0));
      for_each_output_row(tile, [&](std::size_t in_tile, std::size_t in_samples) {
        copy_row(dy.data() + in_samples, given.data() + in_tile);
      });
      windows_.gather(tile, cache.input.data(), columns.data());
      set_ones(tile, columns);
      multiply_rows(channels_, tile.columns, size_ + 1, given.data(), columns.data(), weights.data());
      for (std::size_t c = 0; c < channels_; ++c) {
        for (std::size_t i = 0; i < size_; ++i) gradient[c * size_ + i] += weights[c * (size_ + 1) + i];
        gradient[channels_ * size_ + c] += weights[c * (size_ + 1) + size_];
      }
      if (dx == nullptr) return;
      multiply(size_, channels_, tile.columns, transposed_.data(), given.data(), below.data());
      windows_.scatter(tile, below.data(), dx->data());
    });
  }

 private:
  void copy_row(const Real* __restrict from, Real* __restrict to) const {
    for (std::size_t i = 0; i < windows_.out.width; ++i) to[i] = from[i];
  }
  std::size_t tile_rows() const { return std::max<std::size_t>(1, tile_outputs / windows_.out.width); }
  std::size_t padded(std::size_t outputs) const { return (outputs + sum_lanes - 1) / sum_lanes * sum_lanes; }
  std::size_t most_columns() const { return padded(tile_rows() * windows_.out.width); }
  std::vector<Real> make_columns() const { return std::vector<Real>((size_ + 1) * most_columns(), Real(0)); }
  void set_ones(const Windows::Tile& tile, std::vector<Real>& columns) const {
    std::fill_n(columns.begin() + static_cast<std::ptrdiff_t>(size_ * tile.columns), tile.columns, Real(1));
  }

  template <class Action>
  void for_each_tile(Eigen::Index samples, Action action) const {
    const std::size_t all = static_cast<std::size_t>(samples) * windows_.out.height;
    for (std::size_t first = 0; first < all; first += tile_rows()) {
      const std::size_t rows = std::min(tile_rows(), all - first);
      action(Windows::Tile{first, rows, padded(rows * windows_.out.width)});
    }
  }

  /// action(place in a matrix [channels, tile.columns], place in [samples, channels, height, width]) for
  /// every row of every output channel.
  template <class Action>
  void for_each_output_row(const Windows::Tile& tile, Action action) const {
    const std::size_t height = windows_.out.height, width = windows_.out.width;
    for (std::size_t r = 0; r < tile.rows; ++r) {
      const std::size_t sample = (tile.first + r) / height, row = (tile.first + r) % height;
      for (std::size_t c = 0; c < channels_; ++c)
        action(c * tile.columns + r * width, ((sample * channels_ + c) * height + row) * width);
    }
  }

  Windows windows_;
  std::size_t channels_, size_;  ///< output channels; numbers of a window
  bool before_relu_;
  Matrix<Real> weight_, transposed_;  ///< [channels, size + 1] with the bias; [size, channels] without
};

void check(const std::string& key, int found, int least, const std::string& what) {
  if (found < least)
    throw usage_error(key + ": expected " + what + " of at least " + std::to_string(least) + ", found " +
                      std::to_string(found));
}

template <class Real>
LayerPointer<Real> make_conv_layer(const LayerSetup& setup) {
  const auto& [spec, input, number, making, where] = setup;
  require_image(setup);
  check(where + ".channels", spec.channels, 1, "a number of channels");
  check(where + ".kernel", spec.kernel, 1, "a window");
  check(where + ".stride", spec.stride, 1, "a step");
  check(where + ".padding", spec.padding, 0, "a padding");
  const auto kernel = static_cast<std::size_t>(spec.kernel), padding = static_cast<std::size_t>(spec.padding);
  if (kernel > input.height + 2 * padding || kernel > input.width + 2 * padding)
    throw usage_error(where + ".kernel: a window of " + std::to_string(spec.kernel) +
                      " does not fit images of shape " + input.text() + " with padding " +
                      std::to_string(spec.padding));
  const Windows windows(input, kernel, static_cast<std::size_t>(spec.stride), padding);
  return std::make_unique<Conv<Real>>(windows, static_cast<std::size_t>(spec.channels),
                                      spec.activation == Activation::relu);
}

std::size_t list_conv_layer(const LayerListing& to) {
  const auto kernel = static_cast<std::size_t>(to.spec.kernel),
             stride = static_cast<std::size_t>(to.spec.stride),
             padding = static_cast<std::size_t>(to.spec.padding);
  const Shape& image = to.list[to.from].shape;
  const auto windows = [&](std::size_t pixels) { return (pixels + 2 * padding - kernel) / stride + 1; };
  const Shape shape(static_cast<std::size_t>(to.spec.channels), windows(image.height), windows(image.width));
  return to.list.add(ops::Conv{to.model.tensor(to.name + ".weight"), to.model.tensor(to.name + ".bias"),
                               kernel, stride, padding, to.name},
                     {to.from}, shape);
}

constexpr LayerKey conv_keys[] = {
    {"channels", &LayerSpec::channels, {1, 1e4}, true, "of its output"},
    {"kernel", &LayerSpec::kernel, {1, 1e3}, true, "height and width of the window"},
    {"stride", &LayerSpec::stride, {1, 1e3}, false, "the window's step"},
    {"padding", &LayerSpec::padding, {0, 1e3}, false, "zeros around the image"},
    {"activation", &LayerSpec::activation, {}, false, "the function behind it"}};

}  // namespace

constinit const LayerInfo conv_layer{
    LayerKind::conv, "conv", conv_keys, make_conv_layer<float>, make_conv_layer<double>, list_conv_layer};

}  // namespace qmtl
