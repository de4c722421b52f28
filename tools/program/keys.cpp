// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <nlohmann/json.hpp>

#include "io/config/key_reference.h"
#include "tools/program/commands.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

const Usage usage{
    "qmtl keys [WORD] [options]",
    "The keys of a training configuration: what each takes, its default, what it decides. WORD: only\n"
    "those whose name or meaning has the word, also as other programs call them.",
    "  qmtl keys\n"
    "  qmtl keys early_stopping"};

Json to_json(const KeyPage& page) {
  return {{"key", page.full()},
          {"value", page.type},
          {"default", page.value.empty() ? Json(nullptr) : Json(page.value)},
          {"meaning", page.summary},
          {"also", page.also}};
}

void print(const KeyPage& page) {
  std::cout << page.full() << "\n    " << page.summary << "\n    " << page.type;
  if (!page.value.empty()) std::cout << "; default " << page.value;
  std::cout << "\n";
  if (page.also.empty()) return;
  std::cout << "    also in";
  for (const std::string& table : page.also) std::cout << (table == page.also.front() ? " " : ", ") << table;
  std::cout << "\n";
}

}  // namespace

int keys_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of keys");
  own.add_options()("markdown", "all of them as the page io/CONFIGURATION.md has them");
  const auto options = parse_options(ranks, usage, own, {"word"}, {}, args);
  if (!options) return 0;
  std::vector<KeyPage> pages;
  ranks.together([&] { pages = options->has("word") ? pages_about(options->text("word")) : key_pages(); });
  if (!ranks.root()) return 0;
  if (options->common.json) {
    Json json = Json::array();
    for (const KeyPage& page : pages) json.push_back(to_json(page));
    std::cout << json.dump(2) << std::endl;
  } else if (options->has("markdown")) {
    std::cout << key_reference() << std::flush;
  } else {
    for (const KeyPage& page : pages) print(page);
    std::cout << std::flush;
  }
  return 0;
}

}  // namespace qmtl
