// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "edge_case.h"
#include "io/edge/file.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

const std::string folder = std::string(QMTL_SOURCE_DIR) + "/tests/edge/golden/";
constexpr std::pair<const char*, const char*> golden[] = {
    {"v1_0_pauli.qmh", "ry, cz-ring by pauli"},
    {"v1_0_state.qmh", "rx ry rz, cx-ring by state"},
    {"v1_0_images.qmh", "convolutions and pools"},
    {"v1_0_fusion.qmh", "gated fusion"},
};

}  // namespace

// Files of every version of the format, frozen when it was: never written again, only added to.
TEST_CASE("files of earlier versions still give their bits", "[golden]") {
  for (const auto& [file, name] : golden) {
    INFO(file);
    const EdgeSummary summary = read_edge(folder + file);
    CHECK(summary.samples >= 1);
    CHECK(summary.selftest == 0);
  }
}

TEST_CASE("writes the files of a new version", "[.freeze]") {
  for (const auto& [file, name] : golden) {
    EdgeTrial trial(edge_case(name));
    add_samples(trial.model, trial.sample(3));
    write_edge(folder + file, trial.model);
  }
}
