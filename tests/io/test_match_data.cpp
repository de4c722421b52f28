// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

#include "common.h"
#include "io/data/match_data.h"
#include "tests/run_length.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

/// A model with a task of each kind and an input of five named columns.
ModelSpec pets() {
  ModelSpec spec;
  spec.inputs = {"body"};
  spec.input_widths = {5};
  spec.tasks = {{"species", "multiclass", 4, 4, "", 1.0, {}},
                {"tame", "binary", 1, 2, "", 1.0, {}},
                {"marks", "multilabel", 3, 2, "", 1.0, {}},
                {"age", "regression", 1, 2, "", 1.0, {}}};
  return spec;
}

Meaning pets_meaning() {
  return {{{"body", {"height", "weight", "tail", "job=a", "job=b"}, {"cm", "kg", "", "", ""}, {}}},
          {{"age", {}, "years"},
           {"marks", {"striped", "spotted", "plain"}, ""},
           {"species", {"bird", "cat", "dog", "newt"}, ""},
           {"tame", {"no", "yes"}, ""}},
          ""};
}

template <class Value>
std::vector<Value> shuffled(std::vector<Value> values, std::mt19937& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random() % i]);
  return values;
}

std::size_t place_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// Samples by name: what a cell and a label mean, whatever the order.
struct Named {
  std::vector<std::string> columns, species, marks, tame;
  std::vector<std::vector<float>> cells;         ///< of each sample, by place in the model
  std::vector<std::string> kind, tameness;       ///< "" for none
  std::vector<std::vector<std::string>> marked;  ///< the marks that are 1
};

/// The same samples as a data set with the names in the given orders.
Dataset written(const Named& named, const Meaning& meaning) {
  Dataset data;
  data.samples = named.cells.size();
  Input body{"body", {named.columns.size()}, named.columns.size(), {}, {}, {}, named.columns, {}};
  for (const std::string& column : named.columns)
    body.units.push_back(meaning.inputs[0].units[place_of(meaning.inputs[0].columns, column)]);
  Task species{"species", TaskKind::multiclass, static_cast<int>(named.species.size()), "", 1,
               {},        named.species};
  Task tame{"tame", TaskKind::binary, 2, "", 1, {}, named.tame};
  Task marks{"marks", TaskKind::multilabel, 2, "", named.marks.size(), {}, named.marks};
  Task age{"age", TaskKind::regression, 2, "", 1, {}, {}, "years"};
  for (std::size_t i = 0; i < data.samples; ++i) {
    for (const std::string& column : named.columns)
      body.values.push_back(named.cells[i][place_of(meaning.inputs[0].columns, column)]);
    const auto label = [](const std::vector<std::string>& names, const std::string& name) {
      return name.empty() ? missing : static_cast<float>(place_of(names, name));
    };
    species.labels.push_back(label(named.species, named.kind[i]));
    tame.labels.push_back(label(named.tame, named.tameness[i]));
    for (const std::string& mark : named.marks) {
      const auto& on = named.marked[i];
      marks.labels.push_back(std::find(on.begin(), on.end(), mark) != on.end() ? 1.0f : 0.0f);
    }
    age.labels.push_back(static_cast<float>(i));
  }
  data.inputs = {body};
  data.tasks = {age, marks, species, tame};
  return data;
}

bool equal_labels(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return (std::isnan(x) && std::isnan(y)) || x == y; });
}

Named random_samples(std::mt19937& random, const Meaning& meaning) {
  Named named{meaning.inputs[0].columns,
              meaning.tasks[2].classes,
              meaning.tasks[1].classes,
              meaning.tasks[3].classes,
              {},
              {},
              {},
              {}};
  for (std::size_t i = 0; i < 6; ++i) {
    std::vector<float> cells(5);
    for (float& cell : cells) cell = static_cast<float>(random() % 1000) / 8.0f;
    named.cells.push_back(cells);
    const std::size_t kind = random() % 5;
    named.kind.push_back(kind == 4 ? "" : named.species[kind]);
    named.tameness.push_back(random() % 3 == 0 ? "" : named.tame[random() % 2]);
    named.marked.emplace_back();
    for (const std::string& mark : named.marks)
      if (random() % 2 == 0) named.marked.back().push_back(mark);
  }
  return named;
}

}  // namespace

TEST_CASE("columns and classes in any order become the model's", "[io]") {
  const Meaning meaning = pets_meaning();
  const int cases = test::long_run() ? 20000 : 200;
  std::mt19937 random(7);
  for (int seed = 0; seed < cases; ++seed) {
    INFO("case " << seed);
    Named named = random_samples(random, meaning);
    const Dataset expected = written(named, meaning);
    named.columns = shuffled(named.columns, random);
    named.species = shuffled(named.species, random);
    named.tame = shuffled(named.tame, random);
    named.marks = shuffled(named.marks, random);
    // A class that no sample has need not be there, and one that is there need not be known without a sample.
    const std::string spare = named.species.back();
    if (std::find(named.kind.begin(), named.kind.end(), spare) == named.kind.end()) {
      if (seed % 2)
        named.species.pop_back();
      else
        named.species.insert(named.species.begin() + seed % 4, "unicorn");
    }
    Dataset data = written(named, meaning);
    const MatchReport report = match_data(data, pets(), meaning, "new.h5");
    CHECK(report.doubts.empty());
    CHECK(data.inputs[0].values == expected.inputs[0].values);
    CHECK(data.inputs[0].column_names == expected.inputs[0].column_names);
    CHECK(data.inputs[0].units == expected.inputs[0].units);
    for (std::size_t t = 0; t < data.tasks.size(); ++t) {
      INFO(data.tasks[t].name);
      CHECK(equal_labels(data.tasks[t].labels, expected.tasks[t].labels));
      CHECK(data.tasks[t].class_names == expected.tasks[t].class_names);
      CHECK(data.tasks[t].outputs() == expected.tasks[t].outputs());
    }
  }
}

TEST_CASE("what one side has no names for is taken by its place, with a word", "[io]") {
  std::mt19937 random(1);
  const Meaning meaning = pets_meaning();
  const Dataset whole = written(random_samples(random, meaning), meaning);
  Dataset data = whole;
  data.inputs[0].column_names.clear();
  data.tasks[2].class_names.clear();
  const MatchReport report = match_data(data, pets(), meaning, "new.h5");
  REQUIRE(report.doubts.size() == 2);
  CHECK_THAT(report.doubts[0], Catch::Contains("input body") && Catch::Contains("height, weight, tail"));
  CHECK_THAT(report.doubts[1], Catch::Contains("task species") && Catch::Contains("bird, cat, dog, newt"));
  CHECK(data.inputs[0].values == whole.inputs[0].values);
  CHECK(data.tasks[2].class_names == whole.tasks[2].class_names);
  Dataset unnamed = whole;
  CHECK(match_data(unnamed, pets(), {}, "new.h5").doubts.empty());
}

TEST_CASE("a model takes no other columns, classes, labels and units than its own", "[io]") {
  const Meaning meaning = pets_meaning();
  struct Case {
    std::function<void(Dataset&)> change;
    std::vector<std::string> says;
  };
  const std::vector<Case> cases{
      {[](Dataset& d) { d.inputs[0].column_names[2] = "girth"; },
       {"new.h5: input body", "expected the columns height, weight, tail, job=a, job=b",
        "found height, weight, girth, job=a, job=b", "missing: tail", "not known to the model: girth"}},
      {[](Dataset& d) { d.inputs[0].column_names[2] = "height"; }, {"missing: tail", "there twice: height"}},
      {[](Dataset& d) {
         d.tasks[2].class_names[0] = "emu";
         d.tasks[2].labels[0] = 0;
       },
       {"task species", "expected the classes bird, cat, dog, newt of the model, found emu, cat, dog, newt",
        "does not know \"emu\""}},
      {[](Dataset& d) {
         d.tasks[3].class_names = {"maybe", "yes"};
         d.tasks[3].labels[0] = 0;
       },
       {"task tame", "\"maybe\""}},
      {[](Dataset& d) { d.tasks[1].class_names[1] = "dotted"; }, {"task marks", "labels", "\"dotted\""}},
      {[](Dataset& d) { d.inputs[0].units[0] = "m"; }, {"column height", "numbers in cm", "found m"}},
      {[](Dataset& d) { d.tasks[0].unit = "days"; }, {"task age", "labels in years", "found days"}},
  };
  for (const Case& one : cases) {
    INFO(one.says[0]);
    std::mt19937 random(1);
    Dataset data = written(random_samples(random, meaning), meaning);
    one.change(data);
    const Failure found = failure([&] { match_data(data, pets(), meaning, "new.h5"); });
    CHECK(found.code == 3);
    for (const std::string& part : one.says) CHECK_THAT(found.message, Catch::Contains(part));
  }
}

TEST_CASE("classes are matched as texts, then as numbers, and \"not x\" is every other", "[io]") {
  using Names = std::vector<std::string>;
  struct Case {
    Names known, found;
    TaskKind kind;
    std::vector<int> match;
  };
  const TaskKind multi = TaskKind::multiclass, two = TaskKind::binary;
  const std::vector<Case> cases{
      {{"1", "2", "3"}, {"3.0", "1.0"}, multi, {2, 0}}, {{"1.1", "1.10"}, {"1.10", "1.1"}, multi, {1, 0}},
      {{"1.1", "1.10"}, {"1.100"}, multi, {-1}},        {{"1", "2"}, {"1.0", "1"}, multi, {-1, 0}},
      {{"a", "b"}, {"A", "b "}, multi, {-1, -1}},       {{"not 7", "7"}, {"3", "7"}, two, {0, 1}},
      {{"not 7", "7"}, {"7", "3"}, two, {1, 0}},        {{"not 7", "7"}, {"not 7", "7.0"}, two, {0, 1}},
      {{"3", "7"}, {"not 7", "7"}, two, {-1, 1}},
  };
  for (const Case& one : cases) {
    INFO(one.known[0] << " .. " << one.found[0]);
    CHECK(match_classes(one.known, one.found, one.kind) == one.match);
  }
}
