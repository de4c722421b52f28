// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/describe_edge.h"

#include <fmt/format.h>

#include "runtime/edge/qmtl_edge_tasks.h"
#include "runtime/model/data.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<std::uint32_t, const char*> features[] = {
    {QE_F_STATE, "state"},   {QE_F_PAULI, "pauli"}, {QE_F_DENSE, "dense"},   {QE_F_PACKED, "packed"},
    {QE_F_IMAGES, "images"}, {QE_F_NORM, "norm"},   {QE_F_GELU, "gelu"},     {QE_F_FUSION, "fusion"},
    {QE_F_TANH, "tanh"},     {QE_F_ATAN, "atan"},   {QE_F_EXPECT, "expect"}, {QE_F_PLAIN, "plain"},
};

void add_names(Json& json, const char* key, const EdgeItem& item) {
  if (!item.names.empty()) json[key] = item.names;
}

}  // namespace

Json edge_json(const EdgeSummary& summary, const std::string& file) {
  Json json{{"file", file},
            {"format", "qmtl-edge"},
            {"version", std::to_string(summary.major) + "." + std::to_string(summary.minor)},
            {"bytes", summary.bytes},
            {"crc32", fmt::format("{:08x}", summary.crc)},
            {"model", summary.hash},
            {"arena_bytes", summary.arena_bytes},
            {"multiply_adds", summary.multiply_adds}};
  auto& needs = json["features"] = Json::array();
  for (const auto& [bit, name] : features)
    if (summary.features & bit) needs.push_back(name);
  json["build_with"] = "-DQMTL_EDGE_FEATURES=" + std::to_string(summary.features);
  auto& inputs = json["inputs"] = Json::array();
  for (const EdgeItem& input : summary.inputs)
    add_names(
        inputs.emplace_back(Json{{"name", input.name}, {"first", input.first}, {"numbers", input.count}}),
        "columns", input);
  auto& tasks = json["tasks"] = Json::array();
  for (const EdgeItem& task : summary.tasks) {
    tasks.push_back({{"name", task.name},
                     {"kind", name(static_cast<TaskKind>(task.kind))},
                     {"first", task.first},
                     {"outputs", task.count}});
    add_names(tasks.back(), task.kind == QMTL_EDGE_REGRESSION ? "unit" : "classes", task);
  }
  json["operations"] = summary.ops;
  json["samples"] = summary.samples;
  json["selftest"] = summary.selftest == 0 ? "equal" : qmtl_edge_strerror(summary.selftest);
  return json;
}

std::string edge_text(const Json& about) {
  std::string text;
  for (const auto& [key, value] : about.items()) {
    if (!value.is_array() || value.empty() || !value.front().is_object()) {
      text += key + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
      continue;
    }
    text += key + ":\n";
    for (const Json& item : value) {
      text += " ";
      for (const auto& [field, entry] : item.items())
        text += " " + (field == "name" ? "" : field + " ") +
                (entry.is_string() ? entry.get<std::string>() : entry.dump());
      text += "\n";
    }
  }
  return text;
}

}  // namespace qmtl
