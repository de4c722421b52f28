// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common.h"
#include "io/files/atomic_file.h"
#include "io/runs/predictions.h"
#include "io/sources/csv.h"
#include "io/sources/import_report.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

ModelSpec four_tasks() {
  ModelSpec spec;
  spec.tasks = {{"yes", "binary", 1, 2, "", 1.0, {}},
                {"choice", "multiclass", 3, 3, "", 1.0, {}},
                {"level", "regression", 1, 2, "", 1.0, {}},
                {"labels", "multilabel", 2, 2, "", 1.0, {}}};
  return spec;
}

}  // namespace

TEST_CASE("logits become probabilities, classes and values", "[io]") {
  const float log3 = std::log(3.0f);
  const std::vector<float> values =
      probabilities(four_tasks(), 2,
                    std::vector<float>{log3, 0, log3, 0, 2.5f, 0, -log3, -1000, 1000, 0, -1000, -7, 1000, 0});
  // Closed forms; one float rounding of the logit log 3 and one of the result allow a few units in the last
  // place.
  const std::vector<float> expected{0.75f, 0.2f, 0.6f, 0.2f, 2.5f, 0.5f, 0.25f, 0, 1, 0, 0, -7, 1, 0.5f};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("value " << i);
    CHECK(values[i] == Approx(expected[i]).epsilon(1e-6).margin(1e-30));
  }
}

TEST_CASE("predictions are saved as a table with a header", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("p.csv");
  const std::vector<float> logits{1000, 0, 1000, 0, 2.5f, 0, -1000, -1000, 1000, 0, 0, -7, 1000, 0};
  const std::vector<float> values = probabilities(four_tasks(), 2, logits);
  write_predictions(path, four_tasks(), {}, {"a,\"b\"", ""}, 2, values);
  CHECK(read_file(path) ==
        "id,yes.class,yes.probability,choice.class,choice.probability0,choice.probability1,choice."
        "probability2,level,"
        "labels.probability0,labels.probability1\n"
        "\"a,\"\"b\"\"\",1,1,1,0,1,0,2.5,0.5,0\n"
        ",0,0,0,1,0,0,-7,1,0.5\n");
  write_predictions(path, four_tasks(), {}, {}, 2, values);
  CHECK_THAT(read_file(path), Catch::Contains("\n1,0,0,0,1,"));
}

TEST_CASE("predictions call classes as the data set did", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("p.csv");
  const Meaning meaning{{},
                        {{"choice", {"bird", "c,at", "=dog"}, ""},
                         {"labels", {"striped", "spotted"}, ""},
                         {"yes", {"no", "yes"}, ""}},
                        ""};
  const std::vector<float> values{0.75f, 0.2f, 0.6f, 0.2f, 2.5f, 0.5f, 0.25f, 0.5f, 0, 0, 1, -7, 1, 0.5f};
  write_predictions(path, four_tasks(), meaning, {}, 2, values);
  CHECK(
      read_file(path) ==
      "id,yes.class,yes.probability,choice.class,choice.probability.bird,\"choice.probability.c,at\",choice."
      "probability.=dog,level,labels.probability.striped,labels.probability.spotted\n"
      "0,yes,0.75,\"c,at\",0.2,0.6,0.2,2.5,0.5,0.25\n"
      "1,no,0.5,'=dog,0,0,1,-7,1,0.5\n");
}

TEST_CASE("predictions that come in parts make the file of all at once", "[io]") {
  TempFolder folder;
  const ModelSpec spec = four_tasks();
  const Meaning meaning{{}, {{"choice", {"bird", "c,at", "=dog"}, ""}}, ""};
  std::vector<float> logits(7 * 5);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = 0.3f * static_cast<float>(i % 11) - 1.5f;
  const std::vector<float> values = probabilities(spec, 5, logits);
  const std::vector<std::uint32_t> classes = predicted_classes(spec, 5, values);
  for (const char* name : {"p.csv", "p.h5"})
    for (const std::vector<std::string>& ids : {std::vector<std::string>{}, {"a", "=b", "c,d", "", "e"}}) {
      INFO(name << ", " << ids.size() << " ids");
      write_predictions(folder.file(name), spec, meaning, ids, 5, values);
      const std::string whole = read_file(folder.file(name));
      {
        PredictionFile left(folder.file(name), spec, meaning);
        left.add({}, 5, values, classes);
      }
      CHECK(read_file(folder.file(name)) == whole);
      PredictionFile parts(folder.file(name), spec, meaning);
      for (const auto& [first, count] : {std::pair{0, 2}, {2, 0}, {2, 3}}) {
        const auto part = [&, f = static_cast<std::size_t>(first), n = static_cast<std::size_t>(count)](
                              const auto& of, std::size_t width) {
          return std::span(of).subspan(f * width, n * width);
        };
        const auto named = ids.empty()
                               ? std::vector<std::string>{}
                               : std::vector<std::string>(ids.begin() + first, ids.begin() + first + count);
        parts.add(named, static_cast<std::size_t>(count), part(values, 7), part(classes, 4));
      }
      parts.finish();
      CHECK(read_file(folder.file(name)) == whole);
    }
}

namespace {
CsvTable table_of(const std::string& text) {
  ImportReport report;
  CsvDialect dialect;
  dialect.header = CsvHeader::no;
  return parse_csv(text, "t.csv", dialect, report);
}
}  // namespace

TEST_CASE("ids that a spreadsheet would run are written as texts, and come back", "[io]") {
  for (const char* id : {"=cmd|'/c calc'!A1", "=1+1", "+SUM(A1)", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
                         "'=1", "''+x", "-", "=", "-1-1", "=\"a\",\"b\""}) {
    INFO(id);
    const CsvTable table = table_of(csv_cell(id) + ",1\n");
    const std::string cell(table.cell(0, 0));
    CHECK(cell == "'" + std::string(id));
    CHECK_FALSE(csv_cell(cell) == csv_cell(id));
  }
  for (const char* id :
       {"", "a", "-1", "+1e5", "-0.5", "1=2", "a@b", "'tis", "'", "x\ty", "patient-7", "2020-01-01", "é"}) {
    INFO(id);
    const CsvTable table = table_of(csv_cell(id) + ",1\n");
    CHECK(std::string(table.cell(0, 0)) == id);
  }
}

TEST_CASE("predictions in an unknown form or of another shape are refused", "[io]") {
  TempFolder folder;
  const std::vector<float> logits(7);
  const Failure form =
      failure([&] { write_predictions(folder.file("p.txt"), four_tasks(), {}, {}, 1, logits); });
  CHECK(form.code == 2);
  CHECK(form.says(".csv, .h5"));
  CHECK(failure([&] {
          write_predictions(folder.file("p.csv"), four_tasks(), {}, {}, 2, logits);
        }).says("expected 2 x 7 values, found 7"));
  CHECK(failure([&] {
          write_predictions(folder.file("p.csv"), four_tasks(), {}, {"a", "b"}, 1, logits);
        }).says("expected 1 ids"));
}
