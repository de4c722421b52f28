// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common.h"
#include "io/files/atomic_file.h"
#include "io/import/first_row.h"
#include "io/import/new_samples.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

using Cells = std::vector<std::string>;

/// Two inputs of 2 and 1 numbers.
ModelSpec two_inputs() {
  ModelSpec spec;
  spec.inputs = {"a", "b"};
  spec.input_widths = {2, 1};
  return spec;
}

}  // namespace

TEST_CASE("a first row is names, data, or refused", "[io]") {
  const FirstRow named{"t.csv", {"height", "job"}, {}, {"job"}, true, true};
  FirstRow bare{"t.csv", {"p0", "p1"}, {"p0", "p1", "digit"}, {}, true, false};
  const FirstRow places{"t.csv", {"1", "2"}, {}, {}, false, false};
  const FirstRow one{"t.csv", {"1"}, {}, {}, false, false};
  const FirstRow numbers{"t.csv", {"0", "1"}, {}, {}, true, true};
  enum Kind { names, data, doubt };
  const std::vector<std::tuple<const FirstRow*, Cells, Kind>> cases{
      {&named, {"job", "height"}, names},
      {&named, {"girth", "height", "x"}, names},
      {&named, {"1.5", "cook"}, doubt},
      {&named, {"Height", "Job"}, doubt},
      {&named, {"0", "1"}, doubt},
      {&numbers, {"1", "0"}, names},
      {&numbers, {"0.5", "2"}, doubt},
      {&bare, {"0", "3"}, data},
      {&bare, {"0", "1", "2"}, data},
      {&bare, {"p1", "p0"}, names},
      {&bare, {"x", "y"}, names},
      {&bare, {"x", "3"}, doubt},
      {&bare, {"NA", "NA"}, doubt},
      {&bare, {"", "3"}, data},
      {&places, {"0.5", "7"}, data},
      {&places, {"7", ""}, data},
      {&places, {"x", "y"}, names},
      {&places, {"id", "x", "y"}, names},
      {&places, {"0", "1"}, doubt},
      {&places, {"1", "2"}, doubt},
      {&places, {"x", "1"}, doubt},
      {&places, {"NA", "?"}, doubt},
      {&one, {"0"}, doubt},
      {&one, {"1"}, data},
      {&one, {"NA"}, doubt},
      {&one, {"x"}, names},
  };
  for (const auto& [row, cells, kind] : cases) {
    INFO(row->needed[0] << ": " << cells[0] << " ...");
    bool found = false;
    const Failure refused = failure([&, r = row, c = cells] { found = r->is_header(c); });
    CHECK((refused.code == 3 ? doubt : found ? names : data) == kind);
    if (refused.code != 0) CHECK(refused.says("--no-header"));
  }
}

TEST_CASE("a model without names reads columns one after another", "[io]") {
  TempFolder folder;
  const ModelSpec spec = two_inputs();
  const std::string path = folder.file("p.csv");
  for (const auto& [text, ids] :
       {std::pair{"1,2.5,3\n4,5,6\n", false}, std::pair{"x,y,z\n1,2.5,3\n4,5,6\n", false},
        std::pair{"id,x,y,z\nr1,1,2.5,3\nr2,4,5,6\n", true}}) {
    INFO(text);
    write_file(path, text);
    const Dataset data = read_new_samples({path}, spec, {}, {}).data;
    CHECK(data.samples == 2);
    REQUIRE(data.inputs.size() == 2);
    CHECK(data.inputs[0].values == std::vector<float>{1, 2.5f, 4, 5});
    CHECK(data.inputs[1].values == std::vector<float>{3, 6});
    CHECK(data.ids == (ids ? Cells{"r1", "r2"} : Cells{}));
    CHECK(data.split == std::vector<std::uint8_t>{2, 2});
  }
  const auto refused = [&](const std::string& text) {
    write_file(path, text);
    return failure([&] { read_new_samples({path}, spec, {}, {}); });
  };
  CHECK(refused("1.5,2\n").says("expected 3 columns"));
  CHECK(refused("1.5,2\n").says("found 2"));
  CHECK(refused("1.5,2,3,4\n").says("found 4"));
  CHECK(refused("x,y,z\n1,2,\n").says("p.csv:2, column"));
  CHECK(refused("").says("at least one row"));
}

TEST_CASE("a model with names alone reads columns by them", "[io]") {
  TempFolder folder;
  const Meaning meaning{{{"a", {"height", "job=x"}, {}, {}}, {"b", {"tail"}, {}, {}}}, {}, ""};
  const std::string path = folder.file("p.csv");
  write_file(path, "job=x,tail,note,height,id\n1,2,n,3,r\n");
  const FoundSamples found = read_new_samples({path}, two_inputs(), meaning, {});
  CHECK(found.data.inputs[0].values == std::vector<float>{3, 1});
  CHECK(found.data.inputs[1].values == std::vector<float>{2});
  CHECK(found.data.ids == Cells{"r"});
  REQUIRE(found.uses.size() == 4);
  CHECK(found.uses[0].use == "input a");
  CHECK(found.uses[0].columns == Cells{"height", "job=x"});
  CHECK(found.uses[3].use == "not used");
  CHECK(found.uses[3].columns == Cells{"note"});
}
