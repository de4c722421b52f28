// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <numeric>
#include <string>

#include "backbone_case.h"
#include "runtime/base/error.h"
#include "runtime/model/matrix.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

LayerSpec layer(LayerKind kind, int width = 0, Activation activation = Activation::none, double rate = 0.0) {
  LayerSpec spec;
  spec.kind = kind;
  spec.width = width;
  spec.activation = activation;
  spec.rate = rate;
  return spec;
}

struct Case {
  std::string name;
  std::vector<LayerSpec> specs;
};

const std::vector<Case> layer_cases{
    {"dense", {layer(LayerKind::dense, 3)}},
    {"dense with tanh", {layer(LayerKind::dense, 3, Activation::tanh)}},
    {"tanh", {layer(LayerKind::activation, 0, Activation::tanh)}},
    {"relu", {layer(LayerKind::activation, 0, Activation::relu)}},
    {"gelu", {layer(LayerKind::activation, 0, Activation::gelu)}},
    {"layer-norm", {layer(LayerKind::layer_norm)}},
    {"dropout", {layer(LayerKind::dropout, 0, Activation::none, 0.4)}},
    {"chain",
     {layer(LayerKind::dense, 6, Activation::gelu), layer(LayerKind::layer_norm),
      layer(LayerKind::dropout, 0, Activation::none, 0.3), layer(LayerKind::dense, 3, Activation::tanh)}},
};

ModelSpec two_inputs() {
  ModelSpec spec;
  spec.inputs = {"text", "image"};
  spec.input_widths = {3, 2};
  spec.backbone.branches = {{"text", {layer(LayerKind::dense, 4, Activation::tanh)}}, {"image", {}}};
  spec.backbone.trunk = {layer(LayerKind::dense, 5, Activation::relu), layer(LayerKind::layer_norm)};
  return spec;
}

}  // namespace

TEST_CASE("every layer's gradient agrees with central differences", "[model]") {
  for (const Case& c : layer_cases) {
    INFO(c.name);
    ModelSpec spec;
    spec.inputs = {"x"};
    spec.input_widths = {5};
    spec.backbone.branches = {
        {"x", {layer(LayerKind::dense, 5)}}};  // makes the layers' own input gradients matter
    spec.backbone.trunk = c.specs;
    CHECK(gradient_deviation(spec) < difference_tolerance);
  }
}

TEST_CASE("branches and trunk are named, initialised and differentiated as configured", "[model]") {
  Backbone<double> backbone(two_inputs(), 3);
  std::vector<std::string> names;
  for (const ParamInfo& info : backbone.params()) names.push_back(info.name);
  CHECK(names == std::vector<std::string>{"branch.text.0.weight", "branch.text.0.bias", "trunk.0.weight",
                                          "trunk.0.bias", "trunk.1.gain", "trunk.1.bias",
                                          "representation.weight", "representation.bias"});
  CHECK(count_params(backbone.params()) == 3 * 4 + 4 + 6 * 5 + 5 + 5 + 5 + 5 * 3 + 3);
  std::vector<double> params(count_params(backbone.params()));
  backbone.initial(InitialValues(1), params);
  const double glorot = std::sqrt(6.0 / 7.0), he = std::sqrt(6.0 / 6.0);
  for (std::size_t i = 0; i < 12; ++i) CHECK(std::abs(params[i]) <= glorot);
  for (std::size_t i = 12; i < 16; ++i) CHECK(params[i] == 0.0);
  double largest = 0.0;
  for (std::size_t i = 16; i < 46; ++i) largest = std::max(largest, std::abs(params[i]));
  CHECK(largest <= he);
  CHECK(largest >
        0.75 * he);  // 30 uniform draws all below three quarters: probability 0.75^30 = 2e-4, fixed seed
  std::vector<double> again(params.size()), other(params.size());
  backbone.initial(InitialValues(1), again);
  backbone.initial(InitialValues(2), other);
  CHECK(params == again);
  CHECK(params != other);

  const std::vector<Matrix<double>> inputs{sample_matrix(3, 3, 4), sample_matrix(3, 2, 5)};
  const Matrix<double> cotangent = sample_matrix(3, 3, 6);
  const auto loss = [&](const std::vector<double>& at) {
    backbone.bind(at);
    Matrix<double> z;
    Backbone<double>::Cache cache;
    std::vector<Matrix<double>> taken = inputs;
    backbone.forward(Pass{}, taken, z, cache);
    double sum = 0.0;
    for (Eigen::Index i = 0; i < z.size(); ++i) sum += z.data()[i] * cotangent.data()[i];
    return sum;
  };
  const std::vector<double> expected = differences(loss, params);
  backbone.bind(params);
  Matrix<double> z;
  Backbone<double>::Cache cache;
  std::vector<Matrix<double>> taken = inputs;
  backbone.forward(Pass{}, taken, z, cache);
  std::vector<double> gradient(params.size(), 0.0);
  backbone.backward(cache, cotangent, gradient);
  CHECK(largest_deviation(gradient, expected) < difference_tolerance);
}

TEST_CASE("dropout depends on seed, step and sample alone, and is off outside training", "[model]") {
  ModelSpec spec;
  spec.inputs = {"x"};
  spec.input_widths = {40};
  spec.backbone.trunk = {layer(LayerKind::dropout, 0, Activation::none, 0.5)};
  Backbone<double> backbone(spec, 6);
  std::vector<double> params(count_params(backbone.params()));
  backbone.initial(InitialValues(3), params);
  backbone.bind(params);
  const auto run = [&](std::uint64_t seed, std::int64_t step, std::vector<std::size_t> samples,
                       bool training) {
    // The same values for every sample: what differs is the mask.
    const Matrix<double> x = Matrix<double>::Constant(static_cast<Eigen::Index>(samples.size()), 40, 1.0);
    std::vector<Matrix<double>> inputs{x};
    Matrix<double> z;
    Backbone<double>::Cache cache;
    backbone.forward(Pass{training, seed, step, samples}, inputs, z, cache);
    return z;
  };
  const Matrix<double> both = run(1, 5, {10, 20}, true);
  CHECK(flat(run(1, 5, {20}, true)) == flat(both.row(1)));
  CHECK(flat(run(1, 5, {20, 10}, true).row(1)) == flat(both.row(0)));
  CHECK(flat(both.row(0)) != flat(both.row(1)));
  CHECK(flat(run(2, 5, {10}, true)) != flat(both.row(0)));
  CHECK(flat(run(1, 6, {10}, true)) != flat(both.row(0)));
  const Matrix<double> off = run(1, 5, {10, 20}, false);
  CHECK(flat(off.row(0)) == flat(off.row(1)));
}

TEST_CASE("layers that cannot be are errors that name their place", "[model]") {
  ModelSpec spec = two_inputs();
  spec.backbone.trunk[0].width = 0;
  CHECK_THROWS_WITH((Backbone<float>(spec, 3)),
                    Catch::Contains("trunk.0.width") && Catch::Contains("found 0"));
  spec = two_inputs();
  spec.backbone.branches[0].layers.push_back(layer(LayerKind::dropout, 0, Activation::none, 1.0));
  CHECK_THROWS_WITH((Backbone<float>(spec, 3)), Catch::Contains("branch.text.1.rate"));
  spec = two_inputs();
  spec.backbone.trunk.push_back(layer(LayerKind::activation));
  CHECK_THROWS_WITH((Backbone<float>(spec, 3)), Catch::Contains("trunk.2.activation"));
}

TEMPLATE_TEST_CASE("a row of a matrix product depends on that row alone, summed in order", "[model]", float,
                   double) {
  using Numbers = Matrix<TestType>;
  for (Eigen::Index columns = 1; columns <= 40; ++columns) {
    const Numbers a = sample_matrix(13, 29, 7).cast<TestType>(),
                  b = sample_matrix(29, columns, 8).cast<TestType>(),
                  row = sample_matrix(1, columns, 9).cast<TestType>(),
                  behind = sample_matrix(13, columns, 10).cast<TestType>();
    Numbers all, with_row, one;
    multiply(a, b, all);
    multiply(a, b, row, with_row);
    std::vector<double> outer(static_cast<std::size_t>(29 * columns), 0.5);
    add_outer(a, behind, outer);
    for (Eigen::Index j = 0; j < columns; ++j) {
      for (Eigen::Index i = 0; i < a.rows(); ++i) {
        multiply(Numbers(a.row(i)), b, one);
        INFO("row " << i << " column " << j << " of " << columns);
        REQUIRE(one(0, j) == all(i, j));
        TestType expected = 0;
        for (Eigen::Index p = 0; p < a.cols(); ++p) expected += a(i, p) * b(p, j);
        REQUIRE(all(i, j) == expected);
        REQUIRE(with_row(i, j) == expected + row(0, j));
      }
      for (Eigen::Index p = 0; p < a.cols(); ++p) {
        TestType expected = 0;
        for (Eigen::Index i = 0; i < a.rows(); ++i) expected += a(i, p) * behind(i, j);
        INFO("of the outer product: row " << p << " column " << j << " of " << columns);
        REQUIRE(outer[static_cast<std::size_t>(p * columns + j)] == 0.5 + static_cast<double>(expected));
      }
    }
  }
}

TEST_CASE("a product of rows with rows is summed in lanes that halve", "[model]") {
  for (std::size_t k : {16u, 48u, 128u}) {
    const Matrix<float> a = sample_matrix(5, static_cast<Eigen::Index>(k), 7).cast<float>(),
                        b = sample_matrix(3, static_cast<Eigen::Index>(k), 8).cast<float>();
    float c[15];
    multiply_rows(5, k, 3, a.data(), b.data(), c);
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t j = 0; j < 3; ++j) {
        float lanes[sum_lanes] = {};
        for (std::size_t p = 0; p < k; ++p) lanes[p % sum_lanes] += a.data()[i * k + p] * b.data()[j * k + p];
        for (std::size_t half : {8u, 4u, 2u, 1u})
          for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
        INFO("row " << i << " with row " << j << " of length " << k);
        CHECK(c[i * 3 + j] == lanes[0]);
      }
  }
}
