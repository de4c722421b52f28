// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hardware/replay/driver.h"
#include "hardware/replay/sessions.h"
#include "io/files/folder_lock.h"

namespace qmtl {

/// A replay's folder: request.json, plan.json, journal.jsonl, sessions.jsonl, results/TAG.json, replay.json
/// (io/FORMATS.md).
/// One process works in it at a time.
class ReplayFolder {
 public:
  /// Makes the folder if there is none, and locks it while this object lives. Throws Error (data) if another
  /// process has it.
  explicit ReplayFolder(const std::string& path);
  ReplayFolder(const ReplayFolder&) = delete;
  ReplayFolder& operator=(const ReplayFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const;

  /// The journal, open for writing. A last line that was cut short is cut off, with a warning.
  ReplayJournal journal(const std::string& identity) const;
  /// The sessions that were opened for it, likewise.
  SessionBook sessions(const std::string& identity) const;
  /// Files, clock and the log; `stop` says whether a stop was asked for (empty: never), `working` is told of
  /// long steps (empty: nobody is).
  ReplaySeams seams(std::function<bool()> stop, WorkProgress working = {}) const;

 private:
  std::string path_;
  std::unique_ptr<FolderLock> owned_;
};

/// The journal and the sessions of a folder that another process may be working in, to look at only.
ReplayJournal look_at_journal(const std::string& folder, const std::string& identity);
SessionBook look_at_sessions(const std::string& folder, const std::string& identity);

/// The content of a file, or nothing if there is none.
std::optional<std::string> read_if_there(const std::string& file);

}  // namespace qmtl
