// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "backbone_case.h"
#include "runtime/base/error.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

LayerSpec dense(int width, Activation activation = Activation::none) {
  LayerSpec spec;
  spec.width = width;
  spec.activation = activation;
  return spec;
}

ModelSpec inputs(std::vector<std::string> names, std::vector<std::size_t> widths) {
  ModelSpec spec;
  spec.inputs = std::move(names);
  spec.input_widths = std::move(widths);
  return spec;
}

std::vector<std::string> tensors(const ModelSpec& spec) {
  std::vector<std::string> names;
  const Backbone<double> backbone(spec, 2);
  for (const ParamInfo& info : backbone.params()) names.push_back(info.name);
  return names;
}

}  // namespace

TEST_CASE("gated fusion weighs branches by a softmax of a dense layer on all of them", "[model]") {
  ModelSpec spec = inputs({"a", "b", "c"}, {2, 2, 2});
  spec.backbone.fusion = FusionKind::gated;
  const std::vector<Matrix<double>> x{sample_matrix(3, 2, 1), sample_matrix(3, 2, 2), sample_matrix(3, 2, 3)};
  const std::vector<double> params = flat(sample_matrix(1, 6 * 6 + 6, 4));
  const Matrix<double> found = output_of(spec, 2, Pass{}, x, params);
  for (Eigen::Index i = 0; i < 3; ++i) {
    double score[6];
    for (int o = 0; o < 6; ++o) {
      score[o] = params[static_cast<std::size_t>(36 + o)];
      for (int k = 0; k < 6; ++k)
        score[o] +=
            x[static_cast<std::size_t>(k / 2)](i, k % 2) * params[static_cast<std::size_t>(k * 6 + o)];
    }
    for (int j = 0; j < 2; ++j) {
      double above = 0, total = 0;
      for (int b = 0; b < 3; ++b) {
        above += std::exp(score[2 * b + j]) * x[static_cast<std::size_t>(b)](i, j);
        total += std::exp(score[2 * b + j]);
      }
      CHECK(found(i, j) == Approx(above / total).epsilon(1e-14));
    }
  }
  CHECK(tensors(spec) == std::vector<std::string>{"fusion.weight", "fusion.bias", "representation.weight",
                                                  "representation.bias"});
}

TEST_CASE("pairs enter as both, their distance and their product", "[model]") {
  ModelSpec spec = inputs({"u", "a", "b"}, {1, 2, 2});
  spec.backbone.pairs = {{"b", "a"}};  // as the first of them would stand, in the order of the pair
  Matrix<double> u(1, 1), a(1, 2), b(1, 2);
  u << 9;
  a << 1, -2;
  b << 3, 0.5;
  CHECK(flat(output_of(spec, 9, Pass{}, {u, a, b})) == std::vector<double>{9, 3, 0.5, 1, -2, 2, 2.5, 3, -1});
}

TEST_CASE("gradients of fusions agree with central differences", "[model]") {
  struct Row {
    std::string name;
    FusionKind fusion;
    std::vector<std::vector<std::string>> pairs;
    bool branches;
  };
  for (const Row& row :
       {Row{"concat", FusionKind::concat, {}, true}, Row{"gated", FusionKind::gated, {}, true},
        Row{"gated inputs", FusionKind::gated, {}, false},
        Row{"pair", FusionKind::concat, {{"a", "b"}}, true},
        Row{"pair turned round", FusionKind::concat, {{"c", "a"}}, true}}) {
    INFO(row.name);
    ModelSpec spec = inputs({"a", "b", "c"}, {3, 3, 3});
    if (row.branches)
      spec.backbone.branches = {{"a", {dense(4, Activation::tanh)}}, {"b", {dense(4)}}, {"c", {dense(4)}}};
    spec.backbone.fusion = row.fusion;
    spec.backbone.pairs = row.pairs;
    spec.backbone.trunk = {dense(3, Activation::tanh)};
    CHECK(gradient_deviation(spec) < difference_tolerance);
  }
}

TEST_CASE("images of equal shape stay images through gated fusion", "[model]") {
  ModelSpec spec = inputs({"a", "b"}, {12, 12});
  spec.input_shapes = {{3, 4}, {1, 3, 4}};
  spec.backbone.fusion = FusionKind::gated;
  spec.backbone.trunk = {conv(2, 3, 1, 1), global_pool(PoolKind::mean)};
  CHECK(gradient_deviation(spec) < difference_tolerance);
  spec.backbone.fusion = FusionKind::concat;
  CHECK_THROWS_WITH((Backbone<double>(spec, 2)), Catch::Contains("trunk.0.type") && Catch::Contains("[24]"));
}

TEST_CASE("fusions that cannot be are errors that name the key and the branches", "[model]") {
  const auto message = [](const ModelSpec& spec) {
    try {
      Backbone<float>(spec, 2);
    } catch (const Error& error) {
      CHECK(error.code() == Exit::usage);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  using Catch::Contains;
  ModelSpec spec = inputs({"text", "image"}, {3, 2});
  spec.backbone.fusion = FusionKind::gated;
  CHECK_THAT(message(spec), Contains("backbone.fusion") && Contains("text [3]") && Contains("image [2]"));
  spec.backbone.branches = {{"text", {dense(2)}}};
  CHECK(message(spec) == "no error");
  spec.backbone.pairs = {{"text", "image"}};
  CHECK_THAT(message(spec), Contains("backbone.fusion") && Contains("backbone.pairs"));
  spec.backbone.fusion = FusionKind::concat;
  CHECK(message(spec) == "no error");
  spec.backbone.branches.clear();
  CHECK_THAT(message(spec), Contains("backbone.pairs[0]") && Contains("text [3]") && Contains("image [2]"));
  spec.backbone.pairs = {{"text"}};
  CHECK_THAT(message(spec), Contains("backbone.pairs[0]") && Contains("found 1"));
  spec.backbone.pairs = {{"text", "imgae"}};
  CHECK_THAT(message(spec), Contains("imgae") && Contains("text, image"));
  spec.backbone.pairs = {{"text", "text"}};
  CHECK_THAT(message(spec), Contains("text again"));
  spec = inputs({"a", "b", "c"}, {2, 2, 2});
  spec.backbone.pairs = {{"a", "b"}, {"b", "c"}};
  CHECK_THAT(message(spec), Contains("backbone.pairs[1]") && Contains("b again"));
  spec = inputs({"a"}, {2});
  spec.backbone.fusion = FusionKind::gated;
  CHECK_THAT(message(spec), Contains("at least two inputs") && Contains("a [2]"));
}
