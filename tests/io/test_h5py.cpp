// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>

#include "common.h"
#include "io/runs/predictions.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

// Debian's python3-h5py belongs to the system's Python, whichever Python comes first in PATH.
const std::string python = "/usr/bin/python3";

bool have_h5py() {
  static const bool found = std::system((python + " -c 'import h5py' 2>/dev/null").c_str()) == 0;
  if (!found) WARN("python3-h5py is not installed; files are not checked with it");
  return found;
}

int run_script(const std::string& kind, const std::string& path) {
  return std::system(
      (python + " '" QMTL_SOURCE_DIR "/tests/io/check_files.py' " + kind + " '" + path + "'").c_str());
}

}  // namespace

TEST_CASE("h5py finds the documented content in a data set, a checkpoint and predictions", "[io]") {
  if (!have_h5py()) return;
  TempFolder folder;
  write_dataset(folder.file("d.h5"), small_dataset());
  CHECK(run_script("dataset", folder.file("d.h5")) == 0);
  write_checkpoint(folder.file("c.h5"), small_checkpoint());
  CHECK(run_script("checkpoint", folder.file("c.h5")) == 0);
  const std::vector<float> logits{0, 1, 2, 3, -1, 0, 0, 0};
  write_predictions(folder.file("p.h5"), small_config().model, small_checkpoint().meaning, {"r,0", "r1"}, 2,
                    probabilities(small_config().model, 2, logits));
  CHECK(run_script("predictions", folder.file("p.h5")) == 0);
}

TEST_CASE("a data set made by h5py with half floats, bytes, gzip and big-endian numbers is read", "[io]") {
  if (!have_h5py()) return;
  TempFolder folder;
  const std::string path = folder.file("made.h5");
  REQUIRE(run_script("make", path) == 0);
  const Dataset data = read_dataset(path);
  CHECK(data.title == "from h5py");
  REQUIRE(data.inputs.size() == 4);
  CHECK(data.inputs[0].values ==
        std::vector<float>{1.5f, -2, 0.25f, 65504, 5.9604645e-8f, 0});  // 2^-24, the smallest half
  CHECK(data.inputs[1].shape == std::vector<std::size_t>{1, 2, 2});
  CHECK(data.inputs[1].values[0] == 244);
  CHECK(data.inputs[1].values[11] == 255);
  CHECK(data.inputs[2].width == 500);
  CHECK(data.inputs[3].width == 1);
  CHECK(data.inputs[3].values == std::vector<float>{1, 2, 3});
  CHECK(std::isnan(data.tasks[0].labels[1]));
  CHECK(data.groups == std::vector<std::int32_t>{3, -4, 5});
  CHECK(data.ids[1] == "y\xC3\xA9");
  CHECK(data.hash == dataset_hash(data));
}
