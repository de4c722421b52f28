// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace qmtl {

/// While it lives, what workflows log goes to standard error, warnings and errors alone: standard output is
/// the caller's.
class LogToErrors {
 public:
  LogToErrors() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>("qmtl", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_level(spdlog::level::warn);
    logger->set_pattern("qmtl: %l: %v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~LogToErrors() { spdlog::set_default_logger(before_); }
  LogToErrors(const LogToErrors&) = delete;
  LogToErrors& operator=(const LogToErrors&) = delete;

 private:
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace qmtl
