// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/folder.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "io/files/atomic_file.h"
#include "runtime/base/crash_point.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace fs = std::filesystem;
namespace {

/// The state that a line of the journal leads to; "opening" for its first.
std::string state_of(std::string_view line) { return nlohmann::json::parse(line).value("state", "opening"); }

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void sleep_until(double seconds, const std::function<bool()>& stop) {
  const double end = seconds_now() + seconds;
  for (double left = seconds; left > 0 && !stop(); left = end - seconds_now())
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, 0.1)));
}

/// The file's whole lines; a last one that was cut short is cut off in the file too.
std::string repaired_text(const std::string& name) {
  const std::string text = read_if_there(name).value_or("");
  std::string whole = whole_lines(text);
  if (whole.size() != text.size()) {
    spdlog::warn("{}: its last line was cut short by a crash and is dropped", name);
    write_file(name, whole);
  }
  return whole;
}

AppendText appending_to(const std::string& name) {
  return [name](std::string_view line) {
    crash_point("before:" + state_of(line));
    append_file(name, line);
    crash_point("after:" + state_of(line));
  };
}

}  // namespace

std::optional<std::string> read_if_there(const std::string& file) {
  if (!fs::exists(file)) return std::nullopt;
  return read_file(file);
}

ReplayFolder::ReplayFolder(const std::string& path) : path_(path) {
  std::error_code failed;
  fs::create_directories(fs::path(path) / "results", failed);
  if (failed) throw data_error(path + ": cannot make the folder of the replay: " + failed.message());
  require_writable(path);
  owned_ = std::make_unique<FolderLock>(path, "a replay has one owner: wait for that process, or end it");
}

std::string ReplayFolder::file(const std::string& name) const { return (fs::path(path_) / name).string(); }

ReplayJournal ReplayFolder::journal(const std::string& identity) const {
  const std::string name = file("journal.jsonl");
  return ReplayJournal(repaired_text(name), name, identity, appending_to(name));
}

SessionBook ReplayFolder::sessions(const std::string& identity) const {
  const std::string name = file("sessions.jsonl");
  return SessionBook(repaired_text(name), name, identity, appending_to(name));
}

ReplayJournal look_at_journal(const std::string& folder, const std::string& identity) {
  const std::string name = (fs::path(folder) / "journal.jsonl").string();
  return ReplayJournal(whole_lines(read_if_there(name).value_or("")), name, identity,
                       [](std::string_view) {});
}

SessionBook look_at_sessions(const std::string& folder, const std::string& identity) {
  const std::string name = (fs::path(folder) / "sessions.jsonl").string();
  return SessionBook(whole_lines(read_if_there(name).value_or("")), name, identity, [](std::string_view) {});
}

ReplaySeams ReplayFolder::seams(std::function<bool()> stop, WorkProgress working) const {
  if (!stop) stop = [] { return false; };
  const auto result = [this](const std::string& tag) {
    return (fs::path(path_) / "results" / (tag + ".json")).string();
  };
  ReplaySeams seams;
  seams.save = [result](const std::string& tag, const std::string& text) { write_file(result(tag), text); };
  seams.load = [result](const std::string& tag) { return read_if_there(result(tag)); };
  seams.now = seconds_now;
  seams.sleep = [stop](double seconds) { sleep_until(seconds, stop); };
  seams.stop = stop;
  if (working) seams.working = std::move(working);
  seams.tell = [](const std::string& line) {
    if (line.starts_with("warning: "))
      spdlog::warn("{}", line.substr(9));
    else
      spdlog::info("{}", line);
  };
  return seams;
}

}  // namespace qmtl
