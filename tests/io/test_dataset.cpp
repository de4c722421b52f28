// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

#include "common.h"
#include "io/files/atomic_file.h"
#include "io/hdf5/hdf5.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// A valid file to which one thing is then done.
void build_foreign(const std::string& path, const std::function<void(hdf5::File&)>& change,
                   bool labels = true) {
  hdf5::File file = hdf5::File::build(path);
  file.set_attribute("/", "format", std::string_view("qmtl-dataset"));
  file.set_attribute("/", "version", std::int64_t{1});
  file.write<float>("/inputs/x", {2, 2}, std::vector<float>{1, 2, 3, 4});
  file.write<std::uint8_t>("/split", {2}, std::vector<std::uint8_t>{0, 1});
  if (labels) {
    file.write<float>("/tasks/t/labels", {2}, std::vector<float>{0, 1});
    file.set_attribute("/tasks/t/labels", "kind", std::string_view("binary"));
  }
  change(file);
  write_file(path, file.image());
}

}  // namespace

TEST_CASE("rows left in a file are those of the data set in memory", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("d.h5");
  write_dataset(path, small_dataset());
  const Dataset whole = read_dataset(path);
  CHECK(input_bytes(path) == sizeof(float) * (whole.inputs[0].values.size() + whole.inputs[1].values.size()));
  std::vector<Dataset> found;
  found.push_back(read_dataset_in_place(path));
  {
    RowFile rows = RowFile::create(folder.file(""));
    found.push_back(read_dataset_rows(path, rows, true));
    RowFile same = RowFile::open(rows.path());
    found.push_back(read_dataset_rows(path, same, false));
    rows.forget();
  }
  for (const Dataset& data : found) {
    CHECK(data.hash == whole.hash);
    for (std::size_t i = 0; i < whole.inputs.size(); ++i) {
      const Input& input = data.inputs[i];
      CHECK(input.values.empty());
      std::vector<float> read((whole.samples - 1) * input.width);
      input.rows->read(1, whole.samples - 1, read.data());
      CHECK(same_bits(read, {whole.inputs[i].values.begin() + static_cast<std::ptrdiff_t>(input.width),
                             whole.inputs[i].values.end()}));
      const Failure beyond = failure(
          [&] { input.rows->read(whole.samples, 1000, std::vector<float>(1000 * input.width).data()); });
      CHECK(beyond.code == 3);
      CHECK(beyond.says(&data == &found[0] ? path : "cannot be read"));
    }
  }
  build_foreign(folder.file("nan.h5"), [](hdf5::File& file) {
    file.write<float>("/inputs/y", {2, 1}, std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()});
  });
  RowFile rows = RowFile::create(folder.file(""));
  for (const Failure& failed : {failure([&] { read_dataset_rows(folder.file("nan.h5"), rows, true); }),
                                failure([&] { read_dataset_in_place(folder.file("nan.h5")); })}) {
    CHECK(failed.says("input y, sample 1, column 0"));
    CHECK(failed.says("NaN"));
  }
  build_foreign(folder.file("hash.h5"),
                [](hdf5::File& file) { file.set_attribute("/", "hash", std::string_view("00")); });
  CHECK(failure([&] {
          read_dataset_in_place(folder.file("hash.h5"));
        }).says("the content hash does not match"));
}

TEST_CASE("a data set reads back as it was written", "[io]") {
  TempFolder folder;
  const Dataset data = small_dataset();
  write_dataset(folder.file("d.h5"), data);
  const Dataset read = read_dataset(folder.file("d.h5"));
  CHECK(read.title == data.title);
  CHECK(read.source == data.source);
  CHECK(read.licence == data.licence);
  CHECK(read.samples == 5);
  REQUIRE(read.inputs.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(read.inputs[i].name == data.inputs[i].name);
    CHECK(read.inputs[i].shape == data.inputs[i].shape);
    CHECK(read.inputs[i].width == data.inputs[i].width);
    CHECK(same_bits(read.inputs[i].values, data.inputs[i].values));
  }
  REQUIRE(read.tasks.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    INFO(data.tasks[i].name);
    CHECK(read.tasks[i].name == data.tasks[i].name);
    CHECK(read.tasks[i].kind == data.tasks[i].kind);
    CHECK(read.tasks[i].metric == data.tasks[i].metric);
    CHECK(read.tasks[i].outputs() == data.tasks[i].outputs());
    CHECK(same_bits(read.tasks[i].labels, data.tasks[i].labels));
  }
  CHECK(read.split == data.split);
  CHECK(read.fold == data.fold);
  CHECK(read.groups == data.groups);
  CHECK(read.ids == data.ids);
  CHECK(read.hash == data.hash);
}

TEST_CASE("the hash of a data set sees every part but titles, and no order of inputs", "[io]") {
  const Dataset data = small_dataset();
  const auto changed = [&](const std::function<void(Dataset&)>& change) {
    Dataset copy = small_dataset();
    change(copy);
    return dataset_hash(copy) != data.hash;
  };
  CHECK(changed([](Dataset& d) { d.inputs[0].values[7] += 1; }));
  CHECK(changed([](Dataset& d) { d.tasks[0].labels[3] = 0; }));
  CHECK(changed([](Dataset& d) { d.tasks[0].classes = 4; }));
  CHECK(changed([](Dataset& d) { d.split[0] = 1; }));
  CHECK(changed([](Dataset& d) { d.fold[0] = 1; }));
  CHECK(changed([](Dataset& d) { d.groups[0] = 1; }));
  CHECK(changed([](Dataset& d) { d.ids[0] = std::string("z"); }));
  CHECK_FALSE(changed([](Dataset& d) { d.title = std::string("other"); }));
  CHECK_FALSE(changed([](Dataset& d) { std::swap(d.inputs[0], d.inputs[1]); }));
}

TEST_CASE("bad values in a data set are named by place", "[io]") {
  struct Case {
    std::string what;
    std::function<void(Dataset&)> change;
    std::vector<std::string> says;
  };
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<Case> cases{
      {"NaN input",
       [](Dataset& d) { d.inputs[1].values[3 * 2 + 1] = missing; },
       {"input text", "sample 2", "column 1", "NaN"}},
      {"infinite input",
       [=](Dataset& d) { d.inputs[0].values[0] = infinity; },
       {"input image", "sample 0", "column 0", "infinity"}},
      {"class too large",
       [](Dataset& d) { d.tasks[0].labels[1] = 3; },
       {"task choice", "sample 1", "0 to 2", "3.0"}},
      {"negative class", [](Dataset& d) { d.tasks[3].labels[0] = -1; }, {"task yes", "sample 0", "0 to 1"}},
      {"broken class", [](Dataset& d) { d.tasks[3].labels[4] = 0.5f; }, {"task yes", "sample 4", "0.5"}},
      {"broken label column",
       [](Dataset& d) { d.tasks[1].labels[3] = 2; },
       {"task labels", "sample 1", "column 1"}},
      {"infinite value",
       [=](Dataset& d) { d.tasks[2].labels[1] = -infinity; },
       {"task level", "sample 1", "finite"}},
      {"split", [](Dataset& d) { d.split[4] = 3; }, {"split", "sample 4", "found 3"}},
      {"short split", [](Dataset& d) { d.split.pop_back(); }, {"expected 5", "found 4"}},
      {"short ids", [](Dataset& d) { d.ids.pop_back(); }, {"ids", "found 4"}},
      {"twice the same task",
       [](Dataset& d) { d.tasks[1].name = std::string("yes"); },
       {"two tasks are named yes"}},
      {"a name with a slash", [](Dataset& d) { d.tasks[1].name = std::string("a/b"); }, {"a/b"}},
      {"no input", [](Dataset& d) { d.inputs.clear(); }, {"at least one input"}},
      {"no task", [](Dataset& d) { d.tasks.clear(); }, {"at least one task"}},
  };
  TempFolder folder;
  for (const Case& c : cases) {
    INFO(c.what);
    Dataset data = small_dataset();
    c.change(data);
    const Failure failed = failure([&] { write_dataset(folder.file("bad.h5"), data); });
    INFO(failed.message);
    CHECK(failed.code == 3);
    CHECK(failed.says("bad.h5"));
    for (const std::string& part : c.says) CHECK(failed.says(part));
    CHECK_FALSE(std::filesystem::exists(folder.file("bad.h5")));
  }
}

TEST_CASE("files that are not data sets of this form are refused by name and object", "[io]") {
  struct Case {
    std::string what;
    std::function<void(hdf5::File&)> change;
    std::vector<std::string> says;
    bool labels = true;
  };
  const std::vector<Case> cases{
      {"rows disagree",
       [](hdf5::File& f) {
         f.write<float>("/inputs/y", {3, 1}, std::vector<float>{1, 2, 3});
       },
       {"/inputs/y", "[3, 1]", "2 rows"}},
      {"integers as input",
       [](hdf5::File& f) {
         f.write<std::int32_t>("/inputs/y", {2}, std::vector<std::int32_t>{1, 2});
       },
       {"/inputs/y", "int32"}},
      {"no task", [](hdf5::File&) {}, {"at least one task"}, false},
      {"no kind",
       [](hdf5::File& f) {
         f.write<float>("/tasks/u/labels", {2}, std::vector<float>{0, 1});
       },
       {"/tasks/u/labels", "kind"}},
      {"unknown kind",
       [](hdf5::File& f) {
         f.write<float>("/tasks/t/labels", {2}, std::vector<float>{0, 1});
         f.set_attribute("/tasks/t/labels", "kind", std::string_view("ternary"));
       },
       {"/tasks/t/labels", "ternary", "binary"},
       false},
      {"no labels", [](hdf5::File& f) { f.make_group("/tasks/u"); }, {"/tasks/u/labels", "found none"}},
      {"no classes",
       [](hdf5::File& f) {
         f.write<float>("/tasks/t/labels", {2}, std::vector<float>{0, 1});
         f.set_attribute("/tasks/t/labels", "kind", std::string_view("multiclass"));
       },
       {"/tasks/t/labels", "classes"},
       false},
      {"labels of rank 2",
       [](hdf5::File& f) {
         f.write<float>("/tasks/t/labels", {2, 1}, std::vector<float>{0, 1});
         f.set_attribute("/tasks/t/labels", "kind", std::string_view("binary"));
       },
       {"/tasks/t/labels", "[2, 1]"},
       false},
      {"groups too short",
       [](hdf5::File& f) { f.write<std::int32_t>("/groups", {1}, std::vector<std::int32_t>{1}); },
       {"/groups", "[1]"}},
      {"a wrong hash",
       [](hdf5::File& f) { f.set_attribute("/", "hash", std::string_view("00")); },
       {"hash", "00"}},
  };
  TempFolder folder;
  const std::string path = folder.file("foreign.h5");
  for (const Case& c : cases) {
    INFO(c.what);
    build_foreign(path, c.change, c.labels);
    const Failure failed = failure([&] { read_dataset(path); });
    INFO(failed.message);
    CHECK(failed.code == 3);
    CHECK(failed.says(path));
    for (const std::string& part : c.says) CHECK(failed.says(part));
  }
  build_foreign(path, [](hdf5::File&) {});
  CHECK(read_dataset(path).samples == 2);
}

TEST_CASE("missing, empty, foreign and newer files are told apart", "[io]") {
  TempFolder folder;
  const auto message = [&](const std::string& name) {
    const Failure failed = failure([&] { read_dataset(folder.file(name)); });
    CHECK(failed.code == 3);
    CHECK(failed.says(folder.file(name)));
    return failed.message;
  };
  CHECK_THAT(message("none.h5"), Catch::Contains("no such file"));
  CHECK_THAT(message(""), Catch::Contains("found a folder"));
  write_file(folder.file("empty.h5"), "");
  CHECK_THAT(message("empty.h5"), Catch::Contains("empty file"));
  write_file(folder.file("text.h5"), "id,x\n1,2\n");
  CHECK_THAT(message("text.h5"), Catch::Contains("expected an HDF5 file"));

  for (const auto& [format, version, says] :
       {std::tuple{"qmtl-checkpoint", 1, "qmtl-dataset"}, std::tuple{"qmtl-dataset", 2, "version"}}) {
    hdf5::File file = hdf5::File::build("other.h5");
    file.set_attribute("/", "format", std::string_view(format));
    file.set_attribute("/", "version", std::int64_t{version});
    write_file(folder.file("other.h5"), file.image());
    CHECK_THAT(message("other.h5"), Catch::Contains(says));
  }
}
