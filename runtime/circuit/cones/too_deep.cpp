// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/cones/too_deep.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace qmtl {
namespace {

class TooDeep {
 public:
  bool has(const Circuit& circuit, bool second_moments, std::size_t limit) {
    const std::lock_guard<std::mutex> lock(guard_);
    return std::any_of(known_.begin(), known_.end(), [&](const Known& known) {
      return known.second_moments == second_moments && known.limit == limit && known.circuit == circuit;
    });
  }
  void add(const Circuit& circuit, bool second_moments, std::size_t limit) {
    const std::lock_guard<std::mutex> lock(guard_);
    if (known_.size() == most) known_.erase(known_.begin());
    known_.push_back({circuit, second_moments, limit});
  }

 private:
  static constexpr std::size_t most = 16;
  struct Known {
    Circuit circuit;
    bool second_moments;
    std::size_t limit;
  };
  std::mutex guard_;
  std::vector<Known> known_;
};

TooDeep& too_deep() {
  static TooDeep circuits;
  return circuits;
}

}  // namespace

bool known_too_deep(const Circuit& circuit, bool second_moments, std::size_t limit) {
  return too_deep().has(circuit, second_moments, limit);
}

void remember_too_deep(const Circuit& circuit, bool second_moments, std::size_t limit) {
  too_deep().add(circuit, second_moments, limit);
}

}  // namespace qmtl
