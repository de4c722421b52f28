// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/place.h"

#include <filesystem>

#include "io/files/atomic_file.h"
#include "tools/workflows/replay/endpoint_file.h"
#include "tools/workflows/replay/folder.h"

namespace qmtl {
namespace fs = std::filesystem;
namespace {

/// The folder that replays of a checkpoint go to.
fs::path replays_of(const std::string& checkpoint) {
  if (fs::is_directory(checkpoint)) return fs::path(checkpoint) / "replay";
  const fs::path folder = fs::path(checkpoint).parent_path();
  return (folder.filename() == "checkpoints" ? folder.parent_path() : folder) / "replay";
}

std::string file_of(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

}  // namespace

std::string ReplayPlace::request_file() const { return file_of(folder, "request.json"); }
std::string ReplayPlace::plan_file() const { return file_of(folder, "plan.json"); }
std::string ReplayPlace::report_file() const { return file_of(folder, "replay.json"); }
std::string ReplayPlace::expectations_file() const { return file_of(folder, "expectations.json"); }

std::optional<std::string> ReplayPlace::kept_plan() const { return read_if_there(plan_file()); }

bool is_replay_folder(const std::string& path) { return fs::exists(file_of(path, "request.json")); }

ReplayPlace kept_replay(const std::string& folder) {
  const std::string file = file_of(folder, "request.json");
  return {folder, parse_replay_request(read_file(file), file), true};
}

ReplayPlace replay_of(ReplayRequest request, const std::string& folder) {
  if (request.name.empty()) request.name = read_endpoint(request.endpoint).kind;
  ReplayPlace place;
  place.folder = folder.empty() ? (replays_of(request.checkpoint) / request.name).string() : folder;
  place.begun = is_replay_folder(place.folder);
  place.request = std::move(request);
  return place;
}

}  // namespace qmtl
