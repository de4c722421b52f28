// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "edge_case.h"
#include "io/edge/file.h"
#include "io/edge/quantise.h"
#include "tests/io/common.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

/// Largest difference from the learner in double, over max(1, value).
double deviation(const EdgeTrial& trial) {
  const EdgeProgram program(edge_words(trial.model), "case");
  std::vector<float> y(trial.model.y);
  double largest = 0.0;
  for (std::size_t row = 0; row < trial.data.samples; ++row) {
    REQUIRE(program.run(trial.sample(row), y) == QMTL_EDGE_OK);
    const std::vector<float> expected = trial.expected(row);
    for (std::size_t c = 0; c < y.size(); ++c)
      largest = std::max(largest, static_cast<double>(std::abs(y[c] - expected[c])) /
                                      std::max(1.0, static_cast<double>(std::abs(expected[c]))));
  }
  return largest;
}

}  // namespace

// A logit is a scale (about 4) over the gain (from 0.3) times an expectation: an error of 2^-24 in each of
// some ten roundings and in the angles becomes about 1e-6 of it; a wrong formula shows as 1e-2 and more. Of a
// bounded output half its range is times such a number's tanh.
TEST_CASE("every kind of model gives the learner's outputs", "[models]") {
  for (const EdgeCase& given : edge_cases()) {
    INFO(given.name);
    const EdgeTrial trial(given);
    double factor = 1.0;
    for (const TaskSpec& task : trial.config.model.tasks)
      if (task.output.bounded()) factor = std::max(factor, (task.output.high() - task.output.low()) / 2);
    CHECK(deviation(trial) < 1e-5 * factor);
  }
}

TEST_CASE("the method that is chosen takes no more multiplications than any other", "[models]") {
  for (const char* name : {"head qmtl", "deep and narrow"}) {
    INFO(name);
    EdgeCase given = edge_case(name);
    const double chosen = edge_work(EdgeTrial(given).model).multiply_adds;
    for (EdgeMethod method : {EdgeMethod::pauli, EdgeMethod::operators, EdgeMethod::state}) {
      given.method = method;
      // Memory counts a little as well: a sixteenth of a multiplication for a byte.
      CHECK(chosen <= 1.2 * edge_work(EdgeTrial(given).model).multiply_adds);
    }
  }
}

TEST_CASE("packed weights keep outputs near those of float weights", "[models]") {
  for (const char* name : {"flat layers", "convolutions and pools", "head mlp"}) {
    const EdgeTrial trial(edge_case(name));
    std::vector<float> x;
    for (std::size_t row = 0; row < 16; ++row)
      for (float value : trial.sample(row)) x.push_back(value);
    const double exact = deviation(trial);
    for (EdgePacking packing : {EdgePacking::int16, EdgePacking::int8}) {
      INFO(name << " with " << (packing == EdgePacking::int8 ? "int8" : "int16"));
      EdgeTrial packed(edge_case(name));
      quantise(packed.model, packing, x);
      const double found = deviation(packed);
      // A step is 1/127 (1/32767) of a row's largest weight, half of it lost at most, in up to six layers
      // whose errors add up and are then multiplied by scale / gain.
      CHECK(found < (packing == EdgePacking::int8 ? 0.5 : 2e-3));
      CHECK(found > exact);
      CHECK(edge_words(packed.model).size() < edge_words(trial.model).size());
    }
  }
}

TEST_CASE("two heads on two arenas can run in turns", "[models]") {
  const EdgeTrial first(edge_case("head qmtl")), second(edge_case("convolutions and pools"));
  const EdgeProgram a(edge_words(first.model), "a"), b(edge_words(second.model), "b"),
      again(edge_words(first.model), "a");
  std::vector<float> alone(first.model.y), mixed(first.model.y), other(second.model.y);
  for (std::size_t row = 0; row < 8; ++row) {
    REQUIRE(a.run(first.sample(row), alone) == QMTL_EDGE_OK);
    REQUIRE(b.run(second.sample(row), other) == QMTL_EDGE_OK);
    REQUIRE(again.run(first.sample(row), mixed) == QMTL_EDGE_OK);
    CHECK(alone == mixed);
  }
}

TEST_CASE("a file says what it holds", "[models]") {
  EdgeTrial trial(edge_case("head qmtl"));
  add_samples(trial.model, trial.sample(1));
  const TempFolder folder;
  const std::string path = folder.file("case.qmh");
  write_edge(path, trial.model);
  const EdgeSummary summary = read_edge(path);
  CHECK(is_edge_file(path));
  CHECK(summary.selftest == 0);
  CHECK(summary.samples == 1);
  CHECK(summary.hash == trial.model.hash);
  CHECK(summary.arena_bytes == 4 * trial.model.arena);
  CHECK(summary.features == edge_features(trial.model));
  REQUIRE(summary.inputs.size() == 2);
  CHECK(summary.inputs[1].name == "b");
  CHECK(summary.inputs[1].first == 3);
  REQUIRE(summary.tasks.size() == 4);
  CHECK(summary.tasks[1].name == "sector");
  CHECK(summary.tasks[1].kind == static_cast<std::uint32_t>(TaskKind::multiclass));
  CHECK(summary.tasks[1].count == 3);
  REQUIRE(summary.ops.size() == trial.model.ops.size());
}
