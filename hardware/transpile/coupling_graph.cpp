// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/coupling_graph.h"

#include <algorithm>
#include <string>

#include "hardware/transpile/device_quality.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

std::string text(std::pair<int, int> pair) {
  return "[" + std::to_string(pair.first) + ", " + std::to_string(pair.second) + "]";
}

}  // namespace

int device_size(const DeviceTarget& target, int qubits) {
  if (target.qubits > 0 || target.coupling.empty()) return target.qubits > 0 ? target.qubits : qubits;
  int largest = 0;
  for (const auto& [a, b] : target.coupling) largest = std::max({largest, a, b});
  return largest + 1;
}

CouplingGraph::CouplingGraph(const DeviceTarget& target, int qubits, const DeviceQuality* quality)
    : qubits_(device_size(target, qubits)) {
  if (target.coupling.empty()) {
    for (int q = 0; q < qubits_; ++q)
      if (!quality || quality->usable(q)) part_.push_back(q);
    return;
  }
  const std::string device = "device " + target.name + ": ";
  if (qubits_ > max_qubits)
    throw usage_error(device + "expected at most " + std::to_string(max_qubits) +
                      " qubits with a coupling map, found " + std::to_string(qubits_));
  neighbours_.resize(static_cast<std::size_t>(qubits_));
  for (const auto& pair : target.coupling) {
    const auto [a, b] = pair;
    if (a < 0 || b < 0 || a >= qubits_ || b >= qubits_ || a == b)
      throw usage_error(device + "coupling " + text(pair) + ": expected two different qubits below " +
                        std::to_string(qubits_));
    if (quality && !quality->coupled(a, b)) continue;
    if (!pairs_.insert(pair).second || pairs_.contains({b, a})) continue;
    neighbours_[static_cast<std::size_t>(a)].push_back(b);
    neighbours_[static_cast<std::size_t>(b)].push_back(a);
  }
  for (auto& list : neighbours_) std::sort(list.begin(), list.end());
  measure_distances(quality);
}

void CouplingGraph::measure_distances(const DeviceQuality* quality) {
  const std::size_t n = static_cast<std::size_t>(qubits_);
  distances_.assign(n * n, static_cast<std::uint16_t>(qubits_));
  for (int from = 0; from < qubits_; ++from) {
    std::uint16_t* row = distances_.data() + static_cast<std::size_t>(from) * n;
    row[from] = 0;
    if (quality && !quality->usable(from)) continue;
    std::vector<int> reached{from};
    for (std::size_t i = 0; i < reached.size(); ++i)
      for (int next : neighbours(reached[i]))
        if (row[next] == qubits_) {
          row[next] = static_cast<std::uint16_t>(row[reached[i]] + 1);
          reached.push_back(next);
        }
    if (reached.size() > part_.size()) part_ = std::move(reached);
  }
  std::sort(part_.begin(), part_.end());
}

}  // namespace qmtl
