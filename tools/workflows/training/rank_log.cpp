// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/rank_log.h"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>

#include "distributed/launch/cores.h"
#include "runtime/base/version.h"

namespace qmtl {
namespace {

constexpr const char* logger_name = "rank";

}  // namespace

void open_rank_log(const Ranks& ranks, const std::string& folder, int threads, bool append) {
  const auto path = std::filesystem::path(folder) / "logs" / fmt::format("rank-{:04}.log", ranks.rank());
  try {
    const auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string(), !append);
    file->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
    const auto notes = std::make_shared<spdlog::logger>(logger_name, file);
    notes->flush_on(spdlog::level::trace);
    spdlog::drop(logger_name);
    spdlog::register_logger(notes);
    // What may be printed is now decided where it is printed.
    spdlog::logger& log = *spdlog::default_logger();
    for (const auto& sink : log.sinks()) sink->set_level(log.level());
    log.set_level(spdlog::level::info);
    log.flush_on(spdlog::level::info);
    log.sinks().push_back(file);
    notes->info("rank {} of {} on {}, process {}, cores {}, threads {}, qmtl {}, {}", ranks.rank(),
                ranks.size(), ranks.host(), getpid(), core_list(), threads, program_version,
                ranks.transport());
  } catch (const spdlog::spdlog_ex& error) {
    spdlog::warn("{}: there is no log of this rank: {}", path.string(), error.what());
  }
}

void rank_note(spdlog::level::level_enum level, const std::string& text) {
  if (const auto log = spdlog::get(logger_name)) log->log(level, text);
}

}  // namespace qmtl
