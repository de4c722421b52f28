// SPDX-License-Identifier: Apache-2.0
#include "qmtl/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

namespace qmtl {

void log_warnings_to_errors() {
  auto logger = std::make_shared<spdlog::logger>("qmtl", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::warn);
  logger->set_pattern("qmtl: %l: %v");
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace qmtl
