// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/supervise/life_signs.h"

#include <filesystem>

#include "io/files/atomic_file.h"
#include "io/runs/run_status.h"
#include "runtime/base/error.h"

namespace qmtl {

LifeSigns::LifeSigns(const std::string& run_folder, double tick)
    : path_((std::filesystem::path(run_folder) / "status.json").string()), last_(content()), silence_(tick) {}

std::string LifeSigns::content() const try { return read_file(path_); } catch (const Error&) {
  return {};  // not there yet, or just being replaced on a network file system
}

void LifeSigns::look(double passed) {
  std::string now = content();
  if (!now.empty() && now != last_) {
    last_ = std::move(now);
    ++changes_;
  }
  silence_.look(changes_, passed);
  const auto running = [&] {
    try {
      return parse_status(last_, path_).state == "running";
    } catch (const Error&) {
      return true;
    }
  };
  if (changes_ == 0 || !running()) silence_.reset();
}

}  // namespace qmtl
