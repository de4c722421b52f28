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

namespace {

/// All samples, read in blocks of at most so many.
FoundSamples in_blocks(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning,
                       std::size_t most, std::size_t& blocks) {
  NewSampleBlocks reader(given, spec, meaning, {});
  FoundSamples all, block;
  blocks = 0;
  while (reader.next(block, most)) {
    CHECK(block.data.samples <= most);
    if (blocks++ == 0) {
      all = block;
      continue;
    }
    all.data.samples += block.data.samples;
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(all.data.ids, block.data.ids);
    append(all.data.split, block.data.split);
    append(all.notes, block.notes);
    for (std::size_t i = 0; i < all.data.inputs.size(); ++i)
      append(all.data.inputs[i].values, block.data.inputs[i].values);
    CHECK(block.uses.size() == all.uses.size());
  }
  CHECK_FALSE(reader.next(block, most));
  return all;
}

}  // namespace

TEST_CASE("samples in blocks are the samples of the whole file", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("p.csv");
  const Meaning described{
      {{"a", {"height", "job"}, {}, {}}, {"b", {"tail"}, {}, {1e9}}},
      {},
      "file = \"t.csv\"\nheader = true\nid = \"name\"\n[input.a]\ncolumns = [\"height\", \"job\"]\nordinal = "
      "[\"job\"]\nunseen = \"zero\"\n[input.a.categories]\njob = [\"x\", \"y\"]\n[input.b]\ncolumns = "
      "[\"tail\"]\n"};
  std::string text = "tail,note,name,job,height\n";
  for (int row = 0; row < 23; ++row)
    text += std::to_string(1000000000 + row) + (row % 5 ? ",n" : ",\"two\nlines\"") + ",r" +
            std::to_string(row) + "," + "xyz"[row % 3] + "," + std::to_string(0.1 * row) + ",\n";
  write_file(path, text);
  const FoundSamples whole = read_new_samples({path}, two_inputs(), described, {});
  REQUIRE(whole.data.samples == 23);
  CHECK(whole.data.inputs[1].values[22] == 22);
  CHECK(whole.notes.size() == 1);  // that lines end with a delimiter more
  for (const std::size_t most : {1, 4, 22, 23, 1000}) {
    std::size_t blocks = 0;
    const FoundSamples parts = in_blocks({path}, two_inputs(), described, most, blocks);
    INFO("blocks of " << most);
    CHECK(blocks == (23 + most - 1) / most);
    CHECK(dataset_hash(parts.data) == whole.data.hash);
    CHECK(parts.notes == whole.notes);
    CHECK(parts.uses.size() == whole.uses.size());
  }
  // A fault is named by its line wherever it lies, and no row behind it is read.
  write_file(path, text + "1,n,last,x,,\n");
  std::size_t blocks = 0;
  const Failure failed = failure([&] { in_blocks({path}, two_inputs(), described, 4, blocks); });
  CHECK(failed.says("p.csv:30, column height"));  // five rows have two lines
  CHECK(blocks == 5);
}

TEST_CASE("what only all rows of a table decide is read as one block", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("p.csv");
  write_file(path, "x,y,z\n1,2,1600000001\n3,4,1600000002\n5,6,1600000003\n");
  // A model that knows of its numbers only their statistics: the whole column is kept relative to its mean.
  const std::vector<Standardisation> statistics{{"b", {1.6e9}, {1}}};
  const NewSamples given{path};
  const ModelSpec spec = two_inputs();
  const Meaning meaning;
  NewSampleBlocks reader(given, spec, meaning, statistics);
  FoundSamples found;
  REQUIRE(reader.next(found, 1));
  CHECK(found.data.samples == 3);
  CHECK(found.data.inputs[1].values == std::vector<float>{1, 2, 3});
  CHECK_FALSE(reader.next(found, 1));
}
