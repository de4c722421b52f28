// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/faults.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "hardware/emulator/wire.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& expected) {
  throw usage_error("fault '" + text + "': expected " + expected +
                    "; the form is METHOD PATH:WHEN=ACTION[,key=value]");
}

template <class Number>
bool parse_whole(std::string_view text, Number& value) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

void set_when(Fault& fault, std::string_view when) {
  if (when == "*") return;
  const std::size_t dash = when.find('-');
  const bool first = parse_whole(when.substr(0, dash), fault.first);
  bool last = true;
  if (dash == std::string_view::npos)
    fault.last = fault.first;
  else if (dash + 1 < when.size())
    last = parse_whole(when.substr(dash + 1), fault.last);
  if (!first || !last || fault.first < 1 || fault.last < fault.first)
    refuse(fault.text, "a number from 1, a range such as 2-4 or 2-, or * between ':' and '='");
}

void set_action(Fault& fault, std::string_view name) {
  if (parse_whole(name, fault.status)) {
    if (fault.status < 200 || fault.status > 599) refuse(fault.text, "an HTTP status from 200 to 599");
    return;
  }
  std::string known;
  for (const FaultActionInfo& row : fault_actions) {
    known += (known.empty() ? "" : ", ") + std::string(row.name);
    if (row.action == FaultAction::status || row.name != name) continue;
    fault.action = row.action;
    return;
  }
  refuse(fault.text, "an action of " + known);
}

bool fits(const Fault& fault, const std::string& method, const std::string& path) {
  if (fault.method != "*" && fault.method != method) return false;
  const std::vector<std::string> found = path_segments(path);
  if (!fault.path.starts_with('/')) return !found.empty() && found.back() == fault.path;
  const std::vector<std::string> wanted = path_segments(fault.path);
  if (wanted.size() != found.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i] != "*" && wanted[i] != found[i]) return false;
  return true;
}

}  // namespace

double Fault::value(const std::string& key, double otherwise) const {
  const auto found = values.find(key);
  return found == values.end() ? otherwise : found->second;
}

Fault parse_fault(const std::string& text) {
  Fault fault;
  fault.text = text;
  const std::size_t blank = text.find(' '), colon = text.find(':'), equals = text.find('=');
  if (blank == std::string::npos || colon == std::string::npos || equals == std::string::npos ||
      !(blank < colon && colon < equals))
    refuse(text, "a method, a path, ':', when, '=' and an action");
  fault.method = text.substr(0, blank);
  fault.path = text.substr(blank + 1, colon - blank - 1);
  if (fault.method.empty() || fault.path.empty()) refuse(text, "a method and a path");
  set_when(fault, std::string_view(text).substr(colon + 1, equals - colon - 1));
  std::string_view rest = std::string_view(text).substr(equals + 1);
  std::size_t comma = rest.find(',');
  set_action(fault, rest.substr(0, comma));
  while (comma != std::string_view::npos) {
    rest = rest.substr(comma + 1);
    comma = rest.find(',');
    const std::string_view pair = rest.substr(0, comma);
    const std::size_t sign = pair.find('=');
    double value = 0;
    if (sign == std::string_view::npos || !parse_whole(pair.substr(sign + 1), value))
      refuse(text, "key=number behind the action");
    const std::string key(pair.substr(0, sign));
    constexpr std::array<std::string_view, 5> keys{"retry-after", "seconds", "bytes", "factor", "polls"};
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      refuse(text, "a key of retry-after, seconds, bytes, factor, polls");
    fault.values[key] = value;
  }
  return fault;
}

const Fault* FaultSet::find(FaultAction action) const {
  for (const Fault& fault : faults_)
    if (fault.action == action) return &fault;
  return nullptr;
}

std::string FaultSet::text() const {
  std::string all;
  for (const Fault& fault : faults_) all += (all.empty() ? "" : "; ") + fault.text;
  return all;
}

void FaultPlan::set(std::vector<Fault> faults) {
  faults_ = std::move(faults);
  seen_.assign(faults_.size(), 0);
}

FaultSet FaultPlan::take(const std::string& method, const std::string& path) {
  FaultSet met;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (!fits(faults_[i], method, path)) continue;
    ++seen_[i];
    if (seen_[i] >= faults_[i].first && seen_[i] <= faults_[i].last) met.add(faults_[i]);
  }
  return met;
}

}  // namespace qmtl
