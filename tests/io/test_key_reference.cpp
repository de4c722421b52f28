// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/config/config.h"
#include "io/config/key_reference.h"

using namespace qmtl;

TEST_CASE("Every key of a configuration says what it takes and what it decides", "[io]") {
  std::set<std::string> names;
  for (const KeyPage& page : key_pages()) {
    INFO(page.full());
    CHECK(names.insert(page.full()).second);
    CHECK_FALSE(page.type.empty());
    CHECK_FALSE(page.summary.empty());
    CHECK(key_reference().find("| `" + page.name + "` |") != std::string::npos);
  }
  for (const std::string& key : config_keys()) CHECK(names.count(key) == 1);
}

TEST_CASE("Defaults on the page of keys are those that a configuration without the key gets", "[io]") {
  const Config unset = parse_config("", "a.toml");
  const std::string text = "\n" + to_toml(unset);
  for (const KeyPage& page : key_pages()) {
    if (page.value.empty() || page.table.find('<') != std::string::npos) continue;
    INFO(page.full());
    CHECK(text.find("\n" + page.name + " = " + page.value + "\n") != std::string::npos);
  }
}

TEST_CASE("A key under the name that other programs give it is told its own", "[io]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"[train]\nearly_stopping = 5", "train.patience"},    {"[train]\nlr = 0.1", "train.learning_rate"},
      {"[train]\noptimizer = \"adam\"", "train.optimiser"}, {"[train]\nbatch_size = 5", "train.batch"},
      {"[circuit]\nn_qubits = 5", "circuit.qubits"},        {"lr = 0.1", "train.learning_rate"}};
  for (const auto& [text, key] : cases)
    CHECK_THROWS_WITH(parse_config(text, "a.toml"),
                      Catch::Contains("nearest known key is " + key) && Catch::Contains("qmtl keys " + key));
  CHECK(pages_about("early_stopping").front().full() == "train.patience");
  CHECK_THROWS_WITH(pages_about("patienze"), Catch::Contains("the nearest key is train.patience"));
}
