// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/supervise/supervised_command.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "io/config/config.h"
#include "runtime/base/error.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> adding_options{"--add-task", "--from", "--register"};

bool is_option(const std::string& argument, std::string_view option) {
  return argument == option || argument.starts_with(std::string(option) + "=");
}

bool adds_task(const std::string& argument) {
  return std::any_of(adding_options.begin(), adding_options.end(),
                     [&](std::string_view option) { return is_option(argument, option); });
}

/// Where the argument behind `qmtl train` is.
std::size_t find_config(const std::vector<std::string>& command) {
  for (std::size_t i = 1; i + 1 < command.size(); ++i)
    if (command[i] == "train" && fs::path(command[i - 1]).filename() == "qmtl" &&
        !command[i + 1].starts_with("-"))
      return i + 1;
  throw usage_error(
      "expected a command with `qmtl train CONFIG` in it, CONFIG right behind train, found none; for example "
      "`qmtl supervise -- mpirun -n 4 qmtl train digits.toml`");
}

std::string run_folder_of(const std::vector<std::string>& command, std::size_t config) {
  std::vector<std::string> overrides;
  for (std::size_t i = config + 1; i < command.size(); ++i) {
    if (command[i] == "--set" && i + 1 < command.size()) overrides.push_back(command[++i]);
    if (command[i].starts_with("--set=")) overrides.push_back(command[i].substr(6));
  }
  Config read = read_config(command[config], overrides);
  choose_run_folder(read);
  return read.run_folder;
}

}  // namespace

SupervisedCommand::SupervisedCommand(std::vector<std::string> command, std::string run)
    : command_(std::move(command)), config_(find_config(command_)), run_(std::move(run)) {
  const auto options = command_.begin() + static_cast<std::ptrdiff_t>(config_) + 1;
  if (std::find(options, command_.end(), "--overwrite") != command_.end())
    throw usage_error(
        "expected a command without --overwrite, which would remove the run at every start; remove the old "
        "run folder first, or choose another with --set run.folder=...");
  command_.erase(std::remove(options, command_.end(), "--resume"), command_.end());
  adds_task_ = std::any_of(command_.begin(), command_.end(), adds_task);
  if (run_.empty()) run_ = run_folder_of(command_, config_);
}

std::vector<std::string> SupervisedCommand::begin(bool overwrite) const {
  std::vector<std::string> command = command_;
  if (overwrite) command.insert(command.begin() + static_cast<std::ptrdiff_t>(config_) + 1, "--overwrite");
  return command;
}

std::vector<std::string> SupervisedCommand::resume() const {
  std::vector<std::string> command(command_.begin(), command_.begin() + static_cast<std::ptrdiff_t>(config_));
  command.push_back(adds_task_ ? (fs::path(run_) / "config.toml").string() : command_[config_]);
  command.push_back("--resume");
  for (std::size_t i = config_ + 1; i < command_.size(); ++i) {
    if (!adds_task(command_[i]))
      command.push_back(command_[i]);
    else if (command_[i].find('=') == std::string::npos)
      ++i;  // its value
  }
  return command;
}

}  // namespace qmtl
