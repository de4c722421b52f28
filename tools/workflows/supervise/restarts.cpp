// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/supervise/restarts.h"

#include <algorithm>
#include <cmath>

namespace qmtl {
namespace {

struct ExitMeaning {
  int code;
  bool restart;
  const char* text;
};
constexpr ExitMeaning meanings[] = {
    {0, false, "done"},
    {2, false, "wrong usage or configuration"},
    {3, false, "bad data or file"},
    {4, false, "a device's endpoint"},
    {75, true, "stopped after a checkpoint by somebody else"},
    {76, true, "a rank did not answer"},
    {126, false, "the program cannot be run"},
    {127, false, "the program was not found"},
    {134, true, "aborted"},
    {137, true, "killed"},
    {139, true, "segmentation fault"},
    {205, true, "mpirun lost a node"},
};

const ExitMeaning* find_meaning(int code) {
  for (const ExitMeaning& meaning : meanings)
    if (meaning.code == code) return &meaning;
  return nullptr;
}

}  // namespace

std::optional<double> Restarts::next(std::optional<std::int64_t> step) {
  idle_ = step > step_ ? 0 : idle_ + 1;  // nothing is before every step
  step_ = std::max(step, step_);
  if (idle_ > rule_.without_step) {
    why_not_ = "no newer checkpoint after " + std::to_string(rule_.without_step) + " restarts";
    return std::nullopt;
  }
  if (count_ == rule_.most) {
    why_not_ = "after " + std::to_string(count_) + " restarts";
    return std::nullopt;
  }
  ++count_;
  return std::min(rule_.longest, rule_.wait * std::pow(2.0, std::max(0, idle_ - 1)));
}

bool worth_a_restart(int exit_code) {
  const ExitMeaning* meaning = find_meaning(exit_code);
  return !meaning || meaning->restart;
}

std::string meaning_of(int exit_code) {
  if (const ExitMeaning* meaning = find_meaning(exit_code)) return meaning->text;
  if (exit_code > 128 && exit_code < 128 + 65) return "signal " + std::to_string(exit_code - 128);
  return "unexpected";
}

}  // namespace qmtl
