// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "backbone_case.h"
#include "runtime/base/error.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

struct Image {
  std::size_t channels, height, width;
  std::size_t size() const { return channels * height * width; }
};

/// The definition of a convolution, with weights [out, in, down, right] and biases.
std::vector<double> direct_conv(const Image& in, const double* x, const LayerSpec& spec, const double* weight,
                                const double* bias, Image& out) {
  const int k = spec.kernel, height = static_cast<int>(in.height), width = static_cast<int>(in.width);
  out = {static_cast<std::size_t>(spec.channels),
         static_cast<std::size_t>((height + 2 * spec.padding - k) / spec.stride + 1),
         static_cast<std::size_t>((width + 2 * spec.padding - k) / spec.stride + 1)};
  std::vector<double> y;
  for (int o = 0; o < spec.channels; ++o)
    for (int i = 0; i < static_cast<int>(out.height); ++i)
      for (int j = 0; j < static_cast<int>(out.width); ++j) {
        double sum = bias[o];
        for (int c = 0; c < static_cast<int>(in.channels); ++c)
          for (int u = 0; u < k; ++u)
            for (int v = 0; v < k; ++v) {
              const int row = i * spec.stride + u - spec.padding, column = j * spec.stride + v - spec.padding;
              if (row >= 0 && row < height && column >= 0 && column < width)
                sum += weight[((o * static_cast<int>(in.channels) + c) * k + u) * k + v] *
                       x[(c * height + row) * width + column];
            }
        y.push_back(sum);
      }
  return y;
}

std::vector<double> direct_pool(const Image& in, const double* x, PoolKind kind, std::size_t height,
                                std::size_t width) {
  std::vector<double> y;
  for (std::size_t c = 0; c < in.channels; ++c)
    for (std::size_t i = 0; i < in.height / height; ++i)
      for (std::size_t j = 0; j < in.width / width; ++j) {
        double largest = -INFINITY, sum = 0.0;
        for (std::size_t u = 0; u < height; ++u)
          for (std::size_t v = 0; v < width; ++v) {
            const double value = x[(c * in.height + i * height + u) * in.width + j * width + v];
            largest = std::max(largest, value);
            sum += value;
          }
        y.push_back(kind == PoolKind::max ? largest : sum / static_cast<double>(height * width));
      }
  return y;
}

Matrix<double> chain_rows(const std::vector<std::vector<double>>& rows) {
  Matrix<double> all(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(rows[0].size()));
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < rows[i].size(); ++j)
      all(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = rows[i][j];
  return all;
}

}  // namespace

TEST_CASE("a convolution is its definition, for any window, step, padding and width", "[model]") {
  struct Row {
    Image in;
    LayerSpec spec;
  };
  // Widths around the 16 lanes and the 256 outputs of a tile, tiles that cross samples, windows wider than
  // the image, steps that leave pixels out.
  const std::vector<Row> rows{
      {{1, 4, 4}, conv(1, 1, 1, 0)},   {{2, 5, 7}, conv(3, 3, 1, 1)}, {{3, 6, 16}, conv(4, 3, 1, 0)},
      {{2, 9, 17}, conv(5, 3, 2, 1)},  {{1, 3, 3}, conv(6, 5, 1, 2)}, {{2, 7, 33}, conv(8, 5, 3, 4)},
      {{1, 3, 270}, conv(2, 3, 1, 1)}, {{4, 1, 9}, conv(2, 1, 2, 0)}, {{1, 2, 2}, conv(3, 4, 2, 3)}};
  for (const Row& row : rows) {
    const ModelSpec spec = image_spec({row.in.channels, row.in.height, row.in.width}, {row.spec});
    const Matrix<double> x = sample_matrix(5, static_cast<Eigen::Index>(row.in.size()), 1);
    const std::size_t weights =
        static_cast<std::size_t>(row.spec.channels * row.spec.kernel * row.spec.kernel) * row.in.channels;
    const std::vector<double> params =
        flat(sample_matrix(1, static_cast<Eigen::Index>(weights) + row.spec.channels, 2));
    std::vector<std::vector<double>> expected;
    Image out{};
    for (Eigen::Index i = 0; i < x.rows(); ++i)
      expected.push_back(direct_conv(row.in, x.data() + i * x.cols(), row.spec, params.data(),
                                     params.data() + weights, out));
    INFO("image [" << row.in.channels << ", " << row.in.height << ", " << row.in.width << "], window "
                   << row.spec.kernel << ", step " << row.spec.stride << ", padding " << row.spec.padding);
    const Matrix<double> found = output_of(spec, out.size(), Pass{}, {x}, params);
    // Sums of at most 101 products below 1, in another order: 101 * 2^-53 * 101 is 1.1e-12.
    CHECK((found - chain_rows(expected)).cwiseAbs().maxCoeff() < 2e-12);
    // A sample's numbers do not depend on which samples share its tiles.
    for (Eigen::Index i = 0; i < x.rows(); ++i)
      CHECK(flat(output_of(spec, out.size(), Pass{}, {x.row(i)}, params)) == flat(found.row(i)));
  }
}

TEST_CASE("pooling takes the largest or the mean of windows and leaves the rest out", "[model]") {
  const Image in{2, 7, 9};
  const Matrix<double> x = sample_matrix(3, static_cast<Eigen::Index>(in.size()), 3);
  for (PoolKind kind : {PoolKind::max, PoolKind::mean})
    for (int size : {1, 2, 3, 7}) {
      const auto window = static_cast<std::size_t>(size);
      const ModelSpec spec = image_spec({2, 7, 9}, {pool(kind, size)});
      std::vector<std::vector<double>> expected;
      for (Eigen::Index i = 0; i < x.rows(); ++i)
        expected.push_back(direct_pool(in, x.data() + i * x.cols(), kind, window, window));
      INFO(name(kind) << " of " << size);
      // A mean multiplies by the rounded reciprocal: two roundings of a value below 1.
      CHECK((output_of(spec, expected[0].size(), Pass{}, {x}) - chain_rows(expected)).cwiseAbs().maxCoeff() <
            5e-16);
    }
  for (PoolKind kind : {PoolKind::max, PoolKind::mean}) {
    const ModelSpec spec = image_spec({2, 7, 9}, {global_pool(kind)});
    std::vector<std::vector<double>> expected;
    for (Eigen::Index i = 0; i < x.rows(); ++i)
      expected.push_back(direct_pool(in, x.data() + i * x.cols(), kind, 7, 9));
    CHECK((output_of(spec, 2, Pass{}, {x}) - chain_rows(expected)).cwiseAbs().maxCoeff() < 5e-16);
  }
}

TEST_CASE("the first of equal numbers gets the gradient of a max pool", "[model]") {
  // A convolution that copies, so that the gradient below the pool is seen in its bias and weight.
  ModelSpec spec = image_spec({1, 2, 2}, {conv(1, 1, 1, 0), pool(PoolKind::max, 2)});
  Backbone<double> backbone(spec, 1);
  backbone.bind(std::vector<double>{1, 0, 1, 0});
  Matrix<double> x(2, 4), z;
  x << 5, 7, 7, 1, 3, 3, 3, 3;
  Backbone<double>::Cache cache;
  std::vector<Matrix<double>> inputs{x};
  backbone.forward(Pass{}, inputs, z, cache);
  CHECK(flat(z) == std::vector<double>{7, 3});
  CHECK(cache.trunk[1].picks == std::vector<std::uint32_t>{1, 0});
  std::vector<double> gradient(4, 0.0);
  backbone.backward(cache, Matrix<double>::Constant(2, 1, 1.0), gradient);
  CHECK(gradient == std::vector<double>{10, 2, 10, 2});
}

TEST_CASE("gradients of convolutions, pools, residuals and augmentation agree with central differences",
          "[model]") {
  struct Row {
    std::string name;
    std::vector<std::size_t> shape;
    std::vector<LayerSpec> layers;
  };
  LayerSpec norm, dropout, dense;
  norm.kind = LayerKind::layer_norm;
  dropout.kind = LayerKind::dropout;
  dropout.rate = 0.3;
  dense.width = 6;
  dense.activation = Activation::tanh;
  // The first convolution makes the gradient that the layers pass down count.
  const LayerSpec below = conv(2, 3, 1, 1, Activation::tanh);
  const std::vector<Row> rows{
      {"conv", {2, 5, 6}, {conv(3, 3, 1, 1)}},
      {"conv on [height, width]", {5, 6}, {conv(3, 2, 1, 0)}},
      {"conv with relu on conv", {5, 6}, {below, conv(3, 3, 1, 1, Activation::relu)}},
      {"conv with steps", {7, 6}, {below, conv(5, 3, 2, 1)}},
      {"conv with a wide padding", {3, 3}, {below, conv(2, 2, 3, 3)}},
      {"max pool", {5, 6}, {below, pool(PoolKind::max, 2)}},
      {"mean pool", {5, 7}, {below, pool(PoolKind::mean, 2)}},
      {"global max", {5, 6}, {below, global_pool(PoolKind::max)}},
      {"global mean", {5, 6}, {below, global_pool(PoolKind::mean)}},
      {"layer-norm of images", {4, 4}, {below, norm}},
      {"dropout of images", {4, 4}, {below, dropout}},
      {"residual", {4, 5}, {below, residual({norm, conv(2, 3, 1, 1, Activation::gelu), dropout})}},
      {"residual in a residual", {3, 4}, {below, residual({residual({conv(2, 3, 1, 1)}), conv(2, 1, 1, 0)})}},
      {"augment", {5, 6}, {below, augment(2, true, 0.1)}},
      {"dense after images",
       {5, 6},
       {augment(1, true, 0.2), below, pool(PoolKind::max, 2), dense, residual({dense})}},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(gradient_deviation(image_spec(row.shape, row.layers)) < difference_tolerance);
  }
}

TEST_CASE("a residual adds its input to what its layers make of it", "[model]") {
  LayerSpec dense;
  dense.width = 3;
  ModelSpec plain;
  plain.inputs = {"x"};
  plain.input_widths = {3};
  ModelSpec spec = plain;
  plain.backbone.trunk = {dense};
  spec.backbone.trunk = {residual({dense})};
  const std::vector<double> params = flat(sample_matrix(1, 12, 6));
  const Matrix<double> x = sample_matrix(2, 3, 7);
  const Matrix<double> expected = output_of(plain, 3, Pass{}, {x}, params) + x;
  CHECK(flat(output_of(spec, 3, Pass{}, {x}, params)) == flat(expected));
  std::vector<std::string> names;
  const Backbone<double> backbone(spec, 1);
  for (const ParamInfo& info : backbone.params()) names.push_back(info.name);
  CHECK(names == std::vector<std::string>{"trunk.0.0.weight", "trunk.0.0.bias", "representation.weight",
                                          "representation.bias"});
}

TEST_CASE("convolutions start within the limits of Glorot and He, by what reaches an output", "[model]") {
  for (bool relu : {false, true}) {
    const ModelSpec spec =
        image_spec({3, 8, 8}, {conv(5, 3, 1, 1, relu ? Activation::relu : Activation::tanh)});
    Backbone<double> backbone(spec, 1);
    std::vector<double> params(count_params(backbone.params()));
    backbone.initial(InitialValues(1), params);
    CHECK(backbone.params()[0].shape == std::vector<std::size_t>{5, 3, 3, 3});
    CHECK(backbone.params()[0].decay);
    CHECK_FALSE(backbone.params()[1].decay);
    const double limit = relu ? std::sqrt(6.0 / 27.0) : std::sqrt(6.0 / (27.0 + 45.0));
    double largest = 0.0;
    for (std::size_t i = 0; i < 135; ++i) largest = std::max(largest, std::abs(params[i]));
    CHECK(largest <= limit);
    CHECK(largest > 0.9 * limit);  // all of 135 uniform draws below: 0.9^135 = 7e-7, fixed seed
    for (std::size_t i = 135; i < 140; ++i) CHECK(params[i] == 0.0);
  }
}

TEST_CASE("a convolution costs its multiplications, a dense layer its parameters", "[model]") {
  LayerSpec dense;
  dense.width = 7;
  ModelSpec spec = image_spec({3, 8, 8}, {dense});
  Backbone<double> flat_backbone(spec, 2);
  CHECK(flat_backbone.cost() == 6.0 * static_cast<double>(count_params(flat_backbone.params())));
  spec.backbone.trunk = {conv(5, 3, 1, 1), global_pool(PoolKind::mean)};
  CHECK(Backbone<double>(spec, 2).cost() == 6.0 * (5 * 64 * 28 + 5 * 2 + 2));
  spec.backbone.trunk = {residual({conv(3, 3, 1, 1)}), global_pool(PoolKind::mean)};
  CHECK(Backbone<double>(spec, 2).cost() == 6.0 * (3 * 64 * 28 + 3 * 2 + 2));
}

TEST_CASE("layers of images that cannot be are errors that name place, key and shapes", "[model]") {
  const auto message = [](std::vector<std::size_t> shape, std::vector<LayerSpec> layers) {
    try {
      Backbone<float>(image_spec(std::move(shape), std::move(layers)), 2);
    } catch (const Error& error) {
      CHECK(error.code() == Exit::usage);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  using Catch::Contains;
  LayerSpec dense;
  dense.width = 4;
  CHECK(message({4, 4}, {conv(2, 3, 1, 1), dense}) == "no error");
  CHECK_THAT(message({4, 4}, {dense, conv(2, 3, 1, 1)}),
             Contains("trunk.1.type") && Contains("conv") && Contains("[4]") && Contains("shape ="));
  CHECK_THAT(message({4, 4}, {dense, pool(PoolKind::max, 2)}), Contains("trunk.1.type"));
  CHECK_THAT(message({4, 4}, {conv(2, 5, 1, 0)}), Contains("trunk.0.kernel") && Contains("[1, 4, 4]"));
  CHECK_THAT(message({4, 4}, {conv(0, 3, 1, 0)}), Contains("trunk.0.channels") && Contains("found 0"));
  CHECK_THAT(message({4, 4}, {conv(1, 3, 0, 0)}), Contains("trunk.0.stride"));
  CHECK_THAT(message({4, 4}, {pool(PoolKind::max, 5)}), Contains("trunk.0.size") && Contains("found 5"));
  CHECK_THAT(message({2, 4, 4}, {residual({conv(3, 3, 1, 0)})}),
             Contains("trunk.0.layers") && Contains("[2, 4, 4]") && Contains("[3, 2, 2]"));
  CHECK_THAT(message({4, 4}, {residual({})}), Contains("trunk.0.layers") && Contains("at least one"));
  CHECK_THAT(message({4, 4}, {residual({residual({dense, conv(1, 1, 1, 0)})})}),
             Contains("trunk.0.0.1.type"));
  CHECK_THAT(message({4, 4}, {dense, augment(1, false, 0)}), Contains("trunk.1.shift") && Contains("[4]"));
  CHECK_THAT(message({4, 4}, {dense, augment(0, true, 0)}), Contains("trunk.1.flip"));
  CHECK(message({4, 4}, {dense, augment(0, false, 0.5)}) == "no error");
  CHECK_THAT(message({16}, {}), Contains("input.x.shape") && Contains("[16]"));
  ModelSpec other = image_spec({4, 4}, {});
  other.input_widths = {15};
  CHECK_THROWS_WITH((Backbone<float>(other, 2)),
                    Contains("input.x.shape") && Contains("15") && Contains("[4, 4]"));
}
