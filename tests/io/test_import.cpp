// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <catch2/catch.hpp>

#include "common.h"
#include "io/files/atomic_file.h"
#include "io/import/import.h"
#include "io/sources/csv.h"
#include "runtime/base/hash.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

const std::string table =
    "name,x1,x2,x3,colour,score,part,a,b\r\n"
    "\"one, \"\"1\"\"\",1,2.5,-3,red,0.5,train,0,1\r\n"
    "two, 4 ,5,6e1,blue,NA,validation,1,1\r\n"
    "\r\n"
    "three,7,8,9,NA,1.5,test,1,\r\n";

const std::string description = R"(title = "T"
file = "t.csv"
id = "name"
[input.x]
columns = ["x1..x3"]
[input.one]
columns = [2]
[task.red]
column = "colour"
kind = "binary"
positive = ["red"]
missing = ["NA"]
[task.colour]
column = "colour"
kind = "multiclass"
missing = ["NA"]
metric = "accuracy"
[task.score]
column = "score"
kind = "regression"
missing = ["NA"]
[task.both]
columns = ["a", "b"]
kind = "multilabel"
[split]
column = "part"
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

bool equal(const std::vector<float>& a, const std::vector<float>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

TEST_CASE("a table with header, quotes, missing labels and every kind of task is imported", "[io]") {
  TempFolder folder;
  write_file(folder.file("t.csv"), table);
  write_file(folder.file("t.toml"), description);
  const Dataset data = import_description(folder.file("t.toml"));
  CHECK(data.samples == 3);
  CHECK(data.ids == std::vector<std::string>{"one, \"1\"", "two", "three"});
  REQUIRE(data.inputs.size() == 2);
  CHECK(data.inputs[0].values == std::vector<float>{1, 2.5f, -3, 4, 5, 60, 7, 8, 9});
  CHECK(data.inputs[1].values == std::vector<float>{1, 4, 7});
  REQUIRE(data.tasks.size() == 4);
  CHECK(data.tasks[0].name == "red");
  CHECK(equal(data.tasks[0].labels, {1, 0, missing}));
  CHECK(data.tasks[1].classes == 2);  // blue, red: sorted
  CHECK(data.tasks[1].metric == "accuracy");
  CHECK(equal(data.tasks[1].labels, {1, 0, missing}));
  CHECK(equal(data.tasks[2].labels, {0.5f, missing, 1.5f}));
  CHECK(data.tasks[3].outputs() == 2);
  CHECK(equal(data.tasks[3].labels, {0, 1, 1, 1, 1, missing}));
  CHECK(data.split == std::vector<std::uint8_t>{0, 1, 2});
  write_dataset(folder.file("t.h5"), data);
  CHECK(read_dataset(folder.file("t.h5")).hash == data.hash);
}

TEST_CASE("a gzip-compressed table is imported, and a cut one is refused", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("t.csv.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  REQUIRE(gzwrite(file, table.data(), static_cast<unsigned>(table.size())) > 0);
  REQUIRE(gzclose(file) == Z_OK);
  write_file(folder.file("t.toml"), replaced(description, "t.csv", "t.csv.gz"));
  CHECK(import_description(folder.file("t.toml")).samples == 3);
  const std::string bytes = read_file(path);
  write_file(path, bytes.substr(0, bytes.size() - 12));
  const Failure failed = failure([&] { import_description(folder.file("t.toml")); });
  CHECK(failed.code == 3);
  CHECK(failed.says("t.csv.gz"));
  CHECK(failed.says("truncated or damaged"));
}

TEST_CASE("errors of an import name file, line, column and the text found", "[io]") {
  struct Case {
    std::string what, from, to;
    bool in_table;
    int code;
    std::vector<std::string> says;
  };
  const std::vector<Case> cases{
      {"a text as input", "6e1", "six", true, 3, {"t.csv:3", "column x3", "\"six\""}},
      {"an empty input", " 4 ", "", true, 3, {"t.csv:3", "column x1", "empty cell"}},
      {"a NaN input", "6e1", "nan", true, 3, {"t.csv:3", "column x3", "\"nan\""}},
      {"a number too large", "6e1", "1e99", true, 3, {"t.csv:3", "1e99"}},
      {"a text as value",
       "NA,validation",
       "high,validation",
       true,
       3,
       {"t.csv:3", "column score", "\"high\""}},
      {"a split of another name",
       "validation",
       "dev",
       true,
       3,
       {"t.csv:3", "column part", "\"dev\"", "train"}},
      {"a label that is not 0 or 1", "test,1,", "test,2,", true, 3, {"t.csv:5", "column a", "\"2\""}},
      {"a short row", "train,0,1", "train,0", true, 3, {"t.csv:2", "expected 9 cells", "found 8"}},
      {"an open quote", "\"one, \"\"1\"\"\"", "\"one", true, 3, {"t.csv:2", "quoted cell"}},
      {"two columns of one name", "x2", "x1", true, 3, {"two columns", "x1"}},
      {"no such column",
       "column = \"score\"",
       "column = \"scroe\"",
       false,
       2,
       {"t.toml:19", "task.score.column", "\"scroe\"", "\"score\""}},
      {"a range that ends nowhere", "x1..x3", "x1..x4", false, 2, {"t.toml:5", "input.x.columns", "x4"}},
      {"a range backwards", "x1..x3", "x3..x1", false, 2, {"t.toml:5", "x3..x1"}},
      {"a number out of range", "columns = [2]", "columns = [10]", false, 2, {"t.toml:7", "1 to 9"}},
      {"a shape of another size",
       "columns = [2]",
       "columns = [2]\nshape = [1, 2]",
       false,
       2,
       {"t.toml:8", "input.one.shape", "product is the number of columns, 1"}},
      {"an unknown kind",
       "\"regression\"",
       "\"regresion\"",
       false,
       2,
       {"t.toml:20", "task.score.kind", "regresion"}},
      {"an unknown key",
       "positive",
       "positve",
       false,
       2,
       {"t.toml:11", "unknown key task.red.positve", "task.red.positive"}},
      {"an unknown root key", "id = ", "ids = ", false, 2, {"t.toml:3", "unknown key ids"}},
      {"no split", "[split]\ncolumn = \"part\"\n", "", false, 2, {"t.toml", "[split]"}},
      {"no file", "t.csv", "none.csv", false, 3, {"none.csv", "no such file"}},
      {"bad TOML", "title = \"T\"", "title = T", false, 2, {"t.toml:1", "not valid TOML"}},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    TempFolder folder;
    write_file(folder.file("t.csv"), c.in_table ? replaced(table, c.from, c.to) : table);
    write_file(folder.file("t.toml"), c.in_table ? description : replaced(description, c.from, c.to));
    const Failure failed = failure([&] { import_description(folder.file("t.toml")); });
    INFO(failed.message);
    CHECK(failed.code == c.code);
    for (const std::string& part : c.says) CHECK(failed.says(part));
  }
}

TEST_CASE("fractions split every stratum alike, by the seed and the row alone", "[io]") {
  TempFolder folder;
  std::string rows;
  for (int i = 0; i < 200; ++i) rows += std::to_string(i) + ";" + (i % 4 == 0 ? "10" : "9") + "\n";
  write_file(folder.file("t.csv"), rows);
  const std::string text = R"(file = "t.csv"
delimiter = ";"
header = false
columns = ["x", "y"]
[input.x]
columns = ["x"]
[tasks]
one_vs_rest = { column = "y", prefix = "is", metric = "f1" }
[split]
fractions = [0.6, 0.2, 0.2]
seed = 3
stratify = "y"
)";
  write_file(folder.file("t.toml"), text);
  const Dataset data = import_description(folder.file("t.toml"));
  REQUIRE(data.tasks.size() == 2);
  CHECK(data.tasks[0].name == "is9");  // numbers sort by value
  CHECK(data.tasks[1].name == "is10");
  int counts[2][3] = {};
  for (std::size_t i = 0; i < 200; ++i) ++counts[data.tasks[1].labels[i] == 1][data.split[i]];
  CHECK(counts[1][0] == 30);
  CHECK(counts[1][1] == 10);
  CHECK(counts[1][2] == 10);
  CHECK(counts[0][0] == 90);
  CHECK(counts[0][1] == 30);
  CHECK(counts[0][2] == 30);
  CHECK(import_description(folder.file("t.toml")).split == data.split);
  write_file(folder.file("t.toml"), replaced(text, "seed = 3", "seed = 4"));
  CHECK(import_description(folder.file("t.toml")).split != data.split);
  write_file(folder.file("t.toml"), replaced(text, "0.6", "0.7"));
  CHECK(failure([&] { import_description(folder.file("t.toml")); }).says("split.fractions"));
}

TEST_CASE("the digits are 1797 samples with one positive task each", "[io]") {
  const Dataset data = import_description(QMTL_SOURCE_DIR "/benchmarks/digits/import.toml");
  CHECK(data.samples == 1797);
  REQUIRE(data.inputs.size() == 1);
  CHECK(data.inputs[0].width == 64);
  CHECK(data.inputs[0].shape == std::vector<std::size_t>{8, 8});
  REQUIRE(data.tasks.size() == 10);
  for (std::size_t i = 0; i < data.samples; ++i) {
    float positive = 0;
    for (const Task& task : data.tasks) positive += task.labels[i];
    if (positive != 1) FAIL("sample " << i << " belongs to " << positive << " digits");
  }
  CHECK(data.tasks[7].name == "digit7");
  CHECK(data.tasks[7].metric == "f1");
  CHECK(data.rows(Split::train).size() == 1258);
  CHECK(data.rows(Split::validation).size() == 270);
  CHECK(data.rows(Split::test).size() == 269);
  // Every published figure of the digits hangs on this split.
  Sha256 split;
  split.update(data.split.data(), data.split.size());
  CHECK(split.hex() == "a77c814a19c7b92444c4761e0cde51f6157b8e220d5225e6ad3bb4c17cd8ea7f");
}
