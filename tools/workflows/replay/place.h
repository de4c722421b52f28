// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "tools/workflows/replay/request.h"

namespace qmtl {

/// The folder of a replay and what the replay is asked for.
struct ReplayPlace {
  std::string folder;
  ReplayRequest request;
  bool begun = false;  ///< its request and plan are in the folder

  std::string request_file() const;
  std::string plan_file() const;
  std::string report_file() const;
  std::string expectations_file() const;
  /// The plan's text as it is in the folder, or nothing.
  std::optional<std::string> kept_plan() const;
};

/// Whether `path` is the folder of a replay that was begun.
bool is_replay_folder(const std::string& path);

/// A replay that was begun. Throws Error (data) if request.json in `folder` is none.
ReplayPlace kept_replay(const std::string& folder);

/// The replay of request.checkpoint; `folder` "": replay/NAME in the run's folder. Throws Error (usage) for
/// an endpoint that cannot be read.
ReplayPlace replay_of(ReplayRequest request, const std::string& folder);

}  // namespace qmtl
