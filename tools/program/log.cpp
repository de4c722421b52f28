// SPDX-License-Identifier: Apache-2.0
#include "tools/program/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <utility>

#include "runtime/base/text.h"

namespace qmtl {
namespace {

/// Another's lines as a terminal may show them: warnings repeat names from files.
class VisibleFormatter final : public spdlog::formatter {
 public:
  explicit VisibleFormatter(std::unique_ptr<spdlog::formatter> own) : own_(std::move(own)) {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    spdlog::memory_buf_t plain;
    own_->format(message, plain);
    const std::string shown = visible({plain.data(), plain.size()});
    line.append(shown.data(), shown.data() + shown.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<VisibleFormatter>(own_->clone());
  }

 private:
  std::unique_ptr<spdlog::formatter> own_;
};

}  // namespace

void start_log(bool quiet) {
  auto log = std::make_shared<spdlog::logger>("qmtl", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_formatter(
      std::make_unique<VisibleFormatter>(std::make_unique<spdlog::pattern_formatter>("qmtl: %l: %v")));
  log->set_level(quiet ? spdlog::level::err : spdlog::level::info);
  spdlog::set_default_logger(log);
}

}  // namespace qmtl
