// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "runtime/base/error.h"
#include "runtime/train/resplit.h"
#include "toy.h"

using namespace qmtl;

namespace {

std::map<int, std::size_t> sizes(const NamedSplit& split) {
  std::map<int, std::size_t> count;
  for (const auto part : split.split) ++count[part];
  return count;
}

SplitsSpec random_splits(int count) {
  SplitsSpec spec;
  spec.kind = SplitKind::resplits;
  spec.count = count;
  return spec;
}

}  // namespace

TEST_CASE("each fold is the test part once, the next one validation", "[resplit]") {
  Dataset data = toy::dataset(50);
  for (std::size_t i = 0; i < 50; ++i) data.fold.push_back(static_cast<std::int8_t>(i % 5));
  SplitsSpec spec;
  spec.kind = SplitKind::folds;
  const auto splits = make_splits(data, spec);
  REQUIRE(splits.size() == 5);
  for (int f = 0; f < 5; ++f) {
    CHECK(splits[static_cast<std::size_t>(f)].name == "fold" + std::to_string(f));
    for (std::size_t i = 0; i < 50; ++i) {
      const int fold = data.fold[i];
      CHECK(splits[static_cast<std::size_t>(f)].split[i] == (fold == f ? 2 : fold == (f + 1) % 5 ? 1 : 0));
    }
  }
}

TEST_CASE("resplits differ, are the same when made again, and have the shares that were asked for",
          "[resplit]") {
  const Dataset data = toy::dataset(400);
  const auto splits = make_splits(data, random_splits(3)), again = make_splits(data, random_splits(3));
  std::set<std::string> different;
  for (std::size_t s = 0; s < 3; ++s) {
    CHECK(splits[s].split == again[s].split);
    different.emplace(splits[s].split.begin(), splits[s].split.end());
    // Every stratum (there are at most 2^4 patterns of labels) is cut to within one row a border.
    const auto count = sizes(splits[s]);
    CHECK(std::abs(static_cast<double>(count.at(0)) - 280) <= 16);
    CHECK(std::abs(static_cast<double>(count.at(2)) - 60) <= 16);
  }
  CHECK(different.size() == 3);
  SplitsSpec other = random_splits(1);
  other.seed = 2;
  CHECK(make_splits(data, other)[0].split != splits[0].split);
}

TEST_CASE("rows of one group and rows with equal inputs stay in one part", "[resplit]") {
  Dataset data = toy::dataset(200);
  for (std::size_t i = 0; i < 200; ++i) data.groups.push_back(static_cast<std::int32_t>(i / 4));
  for (Input& input : data.inputs)  // row 199 repeats row 0: two groups become one
    std::copy_n(input.values.begin(), input.width,
                input.values.end() - static_cast<std::ptrdiff_t>(input.width));
  for (const NamedSplit& split : make_splits(data, random_splits(4))) {
    for (std::size_t i = 0; i < 200; ++i) CHECK(split.split[i] == split.split[i / 4 * 4]);
    CHECK(split.split[0] == split.split[199]);
  }
}

TEST_CASE("a stratified task has its labels in like shares", "[resplit]") {
  Dataset data = toy::dataset(600);
  SplitsSpec spec = random_splits(2);
  spec.stratify = "sector";
  for (const NamedSplit& split : make_splits(data, spec))
    for (const float label : {0.0f, 1.0f, 2.0f}) {
      double all = 0, test = 0;
      for (std::size_t i = 0; i < 600; ++i) {
        if (data.tasks[1].labels[i] != label) continue;
        ++all;
        test += split.split[i] == 2;
      }
      // One row a stratum at most beside 15 %; a label has up to 8 strata.
      CHECK(std::abs(test - 0.15 * all) <= 8);
    }
}

TEST_CASE("splits that make no sense are refused by name", "[resplit]") {
  const Dataset data = toy::dataset(50);
  SplitsSpec spec;
  spec.kind = SplitKind::folds;
  CHECK_THROWS_WITH(make_splits(data, spec), Catch::Contains("no folds"));
  spec = random_splits(2);
  spec.fractions = {0.5, 0.6, 0.2};
  CHECK_THROWS_WITH(make_splits(data, spec), Catch::Contains("whose sum is 1"));
  spec = random_splits(2);
  spec.stratify = "nothing";
  CHECK_THROWS_WITH(make_splits(data, spec), Catch::Contains("no task 'nothing'"));
}
