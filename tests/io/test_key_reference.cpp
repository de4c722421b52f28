// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/config/config.h"
#include "io/config/key_reference.h"
#include "runtime/model/layers/layer_kinds.h"

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

TEST_CASE("Every type of layer has its keys on the page, with the default of a layer without them", "[io]") {
  const std::vector<KeyPage> pages = key_pages();
  for (const LayerInfo* row : layer_table)
    for (const LayerKey& key : row->keys) {
      const std::string full = "backbone.layers[" + std::string(row->name) + "]." + std::string(key.name);
      INFO(full);
      const auto page = std::find_if(pages.begin(), pages.end(),
                                     [&](const KeyPage& known) { return known.full() == full; });
      REQUIRE(page != pages.end());
      CHECK(key.required == (page->summary.find("; needed") != std::string::npos));
      if (page->value.empty() || page->value == "[]") continue;
      std::string layer = "{ type = \"" + std::string(row->name) + "\"";
      for (const LayerKey& other : row->keys)
        if (other.required)
          layer += ", " + std::string(other.name) + " = " + (other.name == "kind" ? "\"max\"" : "1");
      const auto read = [&](const std::string& more) {
        return parse_config("backbone.layers = [" + layer + more + " }]", "a.toml").model.backbone.trunk;
      };
      CHECK(read("") == read(", " + page->name + " = " + page->value));
    }
}

TEST_CASE("Defaults on the page of keys are those that a configuration without the key gets", "[io]") {
  const Config unset = parse_config("", "a.toml");
  const std::string text = "\n" + to_toml(unset);
  for (const KeyPage& page : key_pages()) {
    if (page.value.empty() || page.table.find_first_of("<[") != std::string::npos) continue;
    INFO(page.full());
    CHECK(text.find("\n" + page.name + " = " + page.value + "\n") != std::string::npos);
  }
}

TEST_CASE("A key under the name that other programs give it is told its own", "[io]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"[train]\nearly_stopping = 5", "train.patience"},
      {"[train]\nlr = 0.1", "train.learning_rate"},
      {"[train]\noptimizer = \"adam\"", "train.optimiser"},
      {"[train]\nbatch_size = 5", "train.batch"},
      {"[circuit]\nn_qubits = 5", "circuit.qubits"},
      {"lr = 0.1", "train.learning_rate"},
      {"[train]\nseed = 5", "seed"},
      {"[train]\nqubits = 5", "circuit.qubits"}};
  for (const auto& [text, key] : cases)
    CHECK_THROWS_WITH(parse_config(text, "a.toml"),
                      Catch::Contains("nearest known key is " + key) && Catch::Contains("qmtl keys " + key));
  CHECK(pages_about("early_stopping").front().full() == "train.patience");
  // A layer's key by the place that a message names, in each list that has layers.
  for (const char* key : {"circuit.layer[0].upload", "block.layer[2].upload", "task.<name>.layer[0].upload",
                          "backbone.layers[circuit].layer.upload"})
    CHECK(pages_about(key).front().full() == "circuit.layer.upload");
  CHECK(pages_about("branch.<input>.layers[conv].kernel").front().full() == "backbone.layers[conv].kernel");
  CHECK_THROWS_WITH(pages_about("patienze"), Catch::Contains("the nearest key is train.patience"));
}
