// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/avoided_parts.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "hardware/transpile/coupling_graph.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

/// One list of an option.
class PartList {
 public:
  PartList(const char* option, const std::string& text, const DeviceTarget& target)
      : option_(option), text_(text), target_(target) {
    for (const std::string& part : split(text, ',')) add(part);
  }

  std::set<int> qubits;
  std::set<std::pair<int, int>> couplers;

 private:
  [[noreturn]] void refuse(const std::string& expected, const std::string& found) const {
    throw usage_error(std::string(option_) + " '" + text_ + "': expected " + expected + ", found '" + found +
                      "'");
  }

  int qubit(std::string_view digits, const std::string& part) const {
    int value = 0;
    const char* end = digits.data() + digits.size();
    const auto [last, error] = std::from_chars(digits.data(), end, value);
    if (digits.empty() || error != std::errc() || last != end || value < 0)
      refuse("qubits (3), ranges of them (7-9) and couplers (12:13) with commas between", part);
    const int size = device_size(target_, 0);
    if (value >= size)
      refuse("qubits of device " + target_.name + ", which has " + std::to_string(size), part);
    return value;
  }

  void add(const std::string& part) {
    const std::string_view text(part);
    if (const std::size_t at = part.find(':'); at != std::string::npos) {
      const int a = qubit(text.substr(0, at), part), b = qubit(text.substr(at + 1), part);
      const auto is = [&](const auto& pair) {
        return std::minmax(pair.first, pair.second) == std::minmax(a, b);
      };
      if (a == b ||
          (!target_.coupling.empty() && std::none_of(target_.coupling.begin(), target_.coupling.end(), is)))
        refuse("pairs of qubits that device " + target_.name + " couples", part);
      couplers.insert(std::minmax(a, b));
    } else if (const std::size_t dash = part.find('-'); dash != std::string::npos) {
      const int first = qubit(text.substr(0, dash), part), last = qubit(text.substr(dash + 1), part);
      if (last < first) refuse("ranges from the lower qubit to the higher", part);
      for (int q = first; q <= last; ++q) qubits.insert(q);
    } else {
      qubits.insert(qubit(text, part));
    }
  }

  const char* option_;
  const std::string& text_;
  const DeviceTarget& target_;
};

}  // namespace

AvoidedParts avoided_parts(const std::string& only, const std::string& avoid, const DeviceTarget& target) {
  if (only.empty() && avoid.empty()) return {};
  const int size = device_size(target, 0);
  if (size == 0)
    throw usage_error(
        std::string(only.empty() ? "--avoid" : "--qubits") + ": device " + target.name +
        " has no numbered qubits to choose from; expected an endpoint with a coupling map or a " +
        "number of qubits");
  std::set<int> avoided;
  AvoidedParts parts;
  if (!only.empty()) {
    const PartList list("--qubits", only, target);
    if (!list.couplers.empty())
      throw usage_error("--qubits '" + only +
                        "': expected qubits and ranges of them, found a coupler; "
                        "those to be left out are for --avoid");
    for (int q = 0; q < size; ++q)
      if (!list.qubits.contains(q)) avoided.insert(q);
  }
  if (!avoid.empty()) {
    const PartList list("--avoid", avoid, target);
    avoided.insert(list.qubits.begin(), list.qubits.end());
    parts.couplers.assign(list.couplers.begin(), list.couplers.end());
  }
  if (static_cast<int>(avoided.size()) == size)
    throw usage_error("--qubits and --avoid: no qubit of device " + target.name + " is left");
  parts.qubits.assign(avoided.begin(), avoided.end());
  return parts;
}

}  // namespace qmtl
