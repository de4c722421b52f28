// SPDX-License-Identifier: Apache-2.0
#include "io/runs/run_starts.h"

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/files/atomic_file.h"
#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const RankPlace& place) {
  return {{"rank", place.rank},   {"host", place.host},       {"process", place.process},
          {"cores", place.cores}, {"threads", place.threads}, {"simd", place.simd}};
}

RankPlace read_place(const JsonField& root) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  RankPlace place;
  place.rank = static_cast<int>(root.at("rank").integer(0, most));
  place.host = root.at("host").text();
  place.process = root.at("process").count();
  place.cores = root.at("cores").text();
  place.threads = static_cast<int>(root.at("threads").integer(0, most));
  place.simd = root.at("simd").text();
  return place;
}

RunStart read_start(const JsonField& root) {
  RunStart start;
  start.time = root.at("time").number();
  start.step = root.at("step").count();
  start.program = root.at("program").text();
  start.mpi = root.at("mpi").text();
  start.hdf5 = root.at("hdf5").text();
  start.processor = root.at("processor").text();
  start.system = root.at("system").text();
  for (const JsonField& rank : root.at("ranks").list()) start.ranks.push_back(read_place(rank));
  return start;
}

RunRestart read_restart(const JsonField& root) {
  RunRestart restart;
  restart.time = root.at("time").number();
  restart.exit_code =
      root.at("exit_code").integer(std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
  if (const auto reason = root.find("reason")) restart.reason = reason->text();
  if (const auto step = root.find("step")) restart.step = step->count();
  if (const auto wait = root.find("wait_seconds")) restart.wait = wait->number();
  return restart;
}

template <class Record>
std::vector<Record> read_lines(const std::string& path, Record (*read)(const JsonField&)) {
  std::vector<Record> records;
  if (!std::filesystem::exists(path)) return records;
  const std::string content = read_file(path);
  int number = 0;
  for (std::size_t begin = 0, end; (end = content.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string where = path + ":" + std::to_string(++number);
    const auto parsed = parse_json(std::string_view(content).substr(begin, end - begin), where);
    records.push_back(read(JsonField(parsed, where)));
  }
  return records;
}

std::string in(const std::string& folder, const char* file) {
  return (std::filesystem::path(folder) / file).string();
}

}  // namespace

std::string to_json_text(const RankPlace& place) { return json_text(to_json(place)); }

RankPlace rank_place(const std::string& json_text) {
  const std::string where = "a rank's place";
  const Json parsed = parse_json(json_text, where);
  return read_place(JsonField(parsed, where));
}

std::string to_json_line(const RunStart& start) {
  Json json;
  json["time"] = start.time;
  json["step"] = start.step;
  json["program"] = start.program;
  json["mpi"] = start.mpi;
  json["hdf5"] = start.hdf5;
  json["processor"] = start.processor;
  json["system"] = start.system;
  Json& ranks = json["ranks"] = Json::array();
  for (const RankPlace& place : start.ranks) ranks.push_back(to_json(place));
  return json_text(json) + "\n";
}

std::vector<RunStart> read_starts(const std::string& run_folder) {
  return read_lines(in(run_folder, "environment.jsonl"), read_start);
}

std::vector<RunRestart> read_restarts(const std::string& run_folder) {
  return read_lines(in(run_folder, "restarts.jsonl"), read_restart);
}

}  // namespace qmtl
