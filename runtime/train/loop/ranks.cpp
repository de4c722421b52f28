// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/loop/ranks.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/train/loop/reduction.h"

namespace qmtl {

void Ranks::agree(const std::optional<Error>& failure) const {
  if (size_ == 1) {
    if (failure) throw SharedError(failure->code(), failure->what());
    return;
  }
  std::int64_t failed = failure ? 1 : 0;
  sum({&failed, 1});
  if (failed == 0) return;
  std::int64_t first = failure ? size_ - rank_ : 0;  // the lowest failing rank has the largest
  max({&first, 1});
  const int culprit = size_ - static_cast<int>(first);
  std::int64_t code = rank_ == culprit ? static_cast<std::int64_t>(failure->code()) : 0;
  max({&code, 1});
  const std::vector<std::string> messages = gather(failure ? std::string(failure->what()) : std::string());
  const std::string& message = messages[static_cast<std::size_t>(culprit)];
  const bool same = std::all_of(messages.begin(), messages.end(),
                                [&](const std::string& other) { return other == message; });
  std::string who = "rank " + std::to_string(culprit) + ": ";
  if (same)
    who.clear();
  else if (failed > 1)
    who = "rank " + std::to_string(culprit) + " (and " + std::to_string(failed - 1) + " more): ";
  throw SharedError(static_cast<Exit>(code), who + message);
}

void Ranks::require_equal(const std::string& what, const std::string& value) const {
  const std::vector<std::string> values = gather(value);
  std::string ranks;
  for (std::size_t r = 1; r < values.size(); ++r)
    if (values[r] != values[0]) ranks += (ranks.empty() ? "" : ", ") + std::to_string(r);
  if (ranks.empty()) return;
  throw SharedError(Exit::usage, "expected " + what +
                                     " to be the same on all ranks, found another one on rank " + ranks +
                                     " than on rank 0; start all ranks with the same program, " +
                                     "configuration file, options and data");
}

OneRank::OneRank() { host_ = host_name(); }

void OneRank::gather(std::span<const float> mine, std::span<const std::size_t>, std::span<float> all) const {
  std::copy(mine.begin(), mine.end(), all.begin());
}

std::vector<double> OneRank::sum_units(const Reduction& plan, std::vector<double>& rows) const {
  const std::span<const double> sum = sum_own_nodes(plan, rank(), rows);
  return {sum.begin(), sum.end()};
}

void OneRank::abort(int code) const { std::_Exit(code); }

std::string host_name() {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  return host;
}

}  // namespace qmtl
