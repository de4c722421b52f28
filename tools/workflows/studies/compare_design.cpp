// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/compare_design.h"

#include <filesystem>
#include <sstream>

#include "io/config/config.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

Json design_json(const CompareSpec& spec, const Config& config, const std::string& data_hash,
                 std::size_t splits) {
  Config common = config;
  common.data_file.clear();
  common.run_folder.clear();
  Json json;
  json["title"] = spec.title;
  json["data"] = data_hash;
  json["configuration"] = to_toml(common);
  json["splits"] = {{"kind", name(spec.splits.kind)},
                    {"count", splits},
                    {"seed", spec.splits.seed},
                    {"fractions", spec.splits.fractions},
                    {"stratify", spec.splits.stratify}};
  json["seeds"] = spec.seeds;
  json["tune"] = {
      {"seeds", spec.tune_seeds}, {"rungs", spec.rungs}, {"keep", spec.rungs > 1 ? spec.keep : 0.0}};
  json["grid"] = Json::array();
  for (const GridKey& key : spec.grid) json["grid"].push_back({{"key", key.key}, {"values", key.values}});
  json["left_out"] = Json::array();
  for (const auto& [task, reason] : spec.left_out) json["left_out"].push_back(task);
  json["variants"] = Json::array();
  for (const VariantSpec& variant : spec.variants)
    json["variants"].push_back({{"name", variant.name}, {"set", variant.set}});
  json["family_alpha"] = spec.alpha;
  json["questions"] = Json::array();
  for (const QuestionSpec& question : spec.questions)
    json["questions"].push_back({{"name", question.name},
                                 {"of", question.of},
                                 {"against", question.against},
                                 {"test", name(question.test)},
                                 {"margin", question.margin},
                                 {"parameters", question.parameters}});
  return json;
}

std::string design_hash(const Json& design) {
  Sha256 hash;
  hash.update(design.dump());
  return hash.hex();
}

Registration find_registration(const CompareSpec& spec, const std::string& hash) {
  namespace fs = std::filesystem;
  if (spec.registered.empty())
    return {false, spec.file + " names no text with registered designs (register)"};
  const std::string place = fs::path(spec.registered).filename().string();
  if (!fs::is_regular_file(spec.registered))
    throw usage_error(spec.file +
                      ": register: expected a text with the hashes of registered designs, found no file " +
                      spec.registered + "; write it, or leave register out");
  std::istringstream lines(read_file(spec.registered));
  const std::string file =
      fs::path(spec.file).parent_path().filename().string() + "/" + fs::path(spec.file).filename().string();
  std::string other;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find(hash) != std::string::npos) return {true, place + ":" + std::to_string(number)};
    if (line.find(file) == std::string::npos && line.find("\"" + spec.title + "\"") == std::string::npos)
      continue;
    // A hash beside this comparison's name is that of another design of it.
    constexpr std::size_t digits = 64;
    for (std::size_t begin = 0;
         (begin = line.find_first_of("0123456789abcdef", begin)) != std::string::npos;) {
      std::size_t end = line.find_first_not_of("0123456789abcdef", begin);
      if (end == std::string::npos) end = line.size();
      if (end - begin == digits)
        other = line.substr(begin, digits) + " (" + place + ":" + std::to_string(number) + ")";
      begin = end;
    }
  }
  if (!other.empty()) return {false, "its design is " + hash + ", registered is " + other};
  return {false, "its design " + hash + " is not in " + place};
}

}  // namespace qmtl
