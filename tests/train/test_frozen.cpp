// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/train/frozen.h"
#include "runtime/train/optimiser.h"

using namespace qmtl;

namespace {

/// A matrix [2, 3], a vector [4] and a scalar: 11 numbers.
std::vector<ParamInfo> tensors() {
  return {{"trunk.0.weight", {2, 3}, 0, 6, false, true},
          {"head.block", {4}, 6, 4, true, false},
          {"head.gain", {}, 10, 1, true, false}};
}

/// The flat indices that are trained.
std::vector<std::size_t> trained(const std::vector<std::string>& frozen) {
  std::vector<std::size_t> indices;
  for (const ParamInfo& param : trained_params(tensors(), frozen))
    for (std::size_t i = 0; i < param.size; ++i) indices.push_back(param.offset + i);
  return indices;
}

}  // namespace

TEST_CASE("patterns freeze tensors by name, by the beginning of names and in part", "[train]") {
  using Indices = std::vector<std::size_t>;
  CHECK(trained_params(tensors(), {}) == tensors());
  CHECK(trained({"trunk"}) == Indices{6, 7, 8, 9, 10});
  CHECK(trained({"trunk.0", "head.gain"}) == Indices{6, 7, 8, 9});
  CHECK(trained({"head"}) == Indices{0, 1, 2, 3, 4, 5});
  CHECK(trained({"head.block[1:3]"}) == Indices{0, 1, 2, 3, 4, 5, 6, 9, 10});
  CHECK(trained({"trunk.0.weight[0:2]", "head"}) == Indices{2, 5});  // the last column of a matrix
  CHECK(trained({"head.block[0:1]", "head.block[1:4]", "trunk"}) == Indices{10});
  CHECK(count_numbers(trained_params(tensors(), {"head"})) == 6);
  const auto pieces = trained_params(tensors(), {"trunk", "head.block[0:3]"});
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0] == ParamInfo{"head.block", {1}, 9, 1, true, false});
}

TEST_CASE("a pattern that names nothing, or everything, is refused by its place in the list", "[train]") {
  CHECK_THROWS_WITH(trained({"head", "trnk"}), Catch::Contains("train.frozen[1]") &&
                                                   Catch::Contains("trnk") &&
                                                   Catch::Contains("trunk.0.weight, head.block, head.gain"));
  CHECK_THROWS_WITH(trained({"head.blo"}), Catch::Contains("train.frozen[0]"));
  CHECK_THROWS_WITH(trained({"head.block[2:5]"}), Catch::Contains("inside 0:4"));
  CHECK_THROWS_WITH(trained({"head.block[2:2]"}), Catch::Contains("inside 0:4"));
  CHECK_THROWS_WITH(trained({"head[0:1]"}), Catch::Contains("no parameter") || Catch::Contains("expected"));
  CHECK_THROWS_WITH(trained({"head", "trunk"}), Catch::Contains("nothing left to train"));
}

TEST_CASE("frozen parameters keep their bits and moments stay zero, whatever the optimiser", "[train]") {
  for (OptimiserKind kind : {OptimiserKind::adam, OptimiserKind::adamw, OptimiserKind::sgd}) {
    INFO(name(kind));
    TrainSpec train;
    train.optimiser = kind;
    train.weight_decay = 0.1;
    train.momentum = 0.5;
    train.clip = 1.0;
    const auto pieces = trained_params(tensors(), {"trunk.0.weight[1:3]", "head.block[0:3]"});
    TrainState state;
    for (std::size_t i = 0; i < 11; ++i) state.params.push_back(0.1 * static_cast<double>(i) - 0.3);
    const std::vector<double> start = state.params;
    for (int step = 0; step < 3; ++step) {
      std::vector<double> gradient(11, 100.0);  // what is frozen does not count for clipping
      for (std::size_t i : {0u, 3u, 9u, 10u}) gradient[i] = 0.25;
      CHECK(optimiser_step(train, pieces, 0.01, gradient, state) == 0.5);
    }
    for (std::size_t i = 0; i < 11; ++i) {
      INFO("number " << i);
      const bool moves = i == 0 || i == 3 || i == 9 || i == 10;
      CHECK((state.params[i] != start[i]) == moves);
      CHECK((state.moment1[i] != 0.0) == moves);
      if (!state.moment2.empty()) CHECK((state.moment2[i] != 0.0) == moves);
    }
  }
}
