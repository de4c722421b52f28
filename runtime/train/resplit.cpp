// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/resplit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/names.h"
#include "runtime/base/philox.h"

namespace qmtl {
namespace {

constexpr Names<SplitKind> kinds{"kind of splits", {"file", "folds", "resplits"}};

std::vector<NamedSplit> folds(const Dataset& data) {
  if (data.fold.empty())
    throw data_error(
        "splits.kind: the data set has no folds (dataset /fold); use \"resplits\", or make it with folds");
  const int count = 1 + *std::max_element(data.fold.begin(), data.fold.end());
  if (*std::min_element(data.fold.begin(), data.fold.end()) < 0 || count < 3)
    throw data_error("splits.kind: expected folds 0, 1, ... with at least three of them, found " +
                     std::to_string(count));
  std::vector<NamedSplit> splits;
  for (int f = 0; f < count; ++f) {
    NamedSplit split{"fold" + std::to_string(f), std::vector<std::uint8_t>(data.samples)};
    for (std::size_t i = 0; i < data.samples; ++i)
      split.split[i] = static_cast<std::uint8_t>(data.fold[i] == f                 ? Split::test
                                                 : data.fold[i] == (f + 1) % count ? Split::validation
                                                                                   : Split::train);
    splits.push_back(std::move(split));
  }
  return splits;
}

/// For every row the first row that it must stay with.
std::vector<std::size_t> bound_rows(const Dataset& data) {
  std::vector<std::size_t> first(data.samples);
  std::iota(first.begin(), first.end(), std::size_t{0});
  const auto root = [&](std::size_t i) {
    while (first[i] != i) i = first[i] = first[first[i]];
    return i;
  };
  const auto bind = [&](std::size_t a, std::size_t b) {
    const std::size_t x = root(a), y = root(b);
    first[std::max(x, y)] = std::min(x, y);
  };
  std::map<std::string, std::size_t> by_content;
  std::map<std::int32_t, std::size_t> by_group;
  for (std::size_t i = 0; i < data.samples; ++i) {
    Sha256 content;
    for (const Input& input : data.inputs)
      content.update(input.values.data() + i * input.width, input.width * sizeof(float));
    bind(i, by_content.try_emplace(content.hex(), i).first->second);
    if (!data.groups.empty()) bind(i, by_group.try_emplace(data.groups[i], i).first->second);
  }
  for (std::size_t i = 0; i < data.samples; ++i) first[i] = root(i);
  return first;
}

/// What rows of one stratum have in common: the tasks they have labels for, and the label of `stratify`.
std::string stratum(const Dataset& data, const Task* stratify, std::size_t row) {
  std::string key;
  for (const Task& task : data.tasks) key += std::isnan(task.labels[row * task.columns]) ? '-' : '+';
  if (stratify) key += " " + std::to_string(stratify->labels[row * stratify->columns]);
  return key;
}

struct Bundle {
  std::vector<std::size_t> rows;
};

/// Cuts each stratum in its random order, by rows: a bundle goes to the part in which its first row lies.
NamedSplit resplit(const std::map<std::string, std::vector<Bundle>>& strata, const SplitsSpec& spec,
                   std::size_t samples, int number) {
  NamedSplit result{"resplit" + std::to_string(number), std::vector<std::uint8_t>(samples)};
  const RandomStream random(spec.seed, Purpose::resplit);
  std::uint32_t step = static_cast<std::uint32_t>(number) << 16;
  for (const auto& [key, bundles] : strata) {
    double total = 0, before = 0;
    for (const Bundle& bundle : bundles) total += static_cast<double>(bundle.rows.size());
    for (const std::size_t b : random.permutation(bundles.size(), step++)) {
      const double place = before / total;
      const Split part = place < spec.fractions[0]                       ? Split::train
                         : place < spec.fractions[0] + spec.fractions[1] ? Split::validation
                                                                         : Split::test;
      for (const std::size_t row : bundles[b].rows) result.split[row] = static_cast<std::uint8_t>(part);
      before += static_cast<double>(bundles[b].rows.size());
    }
  }
  return result;
}

std::vector<NamedSplit> resplits(const Dataset& data, const SplitsSpec& spec) {
  double sum = 0;
  for (const double f : spec.fractions) sum += f > 0 ? f : NAN;
  if (spec.fractions.size() != 3 || !(std::abs(sum - 1) < 1e-9))
    throw usage_error(
        "splits.fractions: expected three positive numbers (training, validation, test) whose sum is 1");
  const Task* stratify = nullptr;
  for (const Task& task : data.tasks)
    if (task.name == spec.stratify) stratify = &task;
  if (!stratify && !spec.stratify.empty())
    throw data_error("splits.stratify: the data set has no task '" + spec.stratify + "'");
  const std::vector<std::size_t> first = bound_rows(data);
  std::map<std::size_t, Bundle> bundles;
  for (std::size_t i = 0; i < data.samples; ++i) bundles[first[i]].rows.push_back(i);
  std::map<std::string, std::vector<Bundle>> strata;
  for (auto& [row, bundle] : bundles) strata[stratum(data, stratify, row)].push_back(std::move(bundle));
  std::vector<NamedSplit> splits;
  for (int r = 0; r < spec.count; ++r) splits.push_back(resplit(strata, spec, data.samples, r));
  return splits;
}

}  // namespace

std::string_view name(SplitKind kind) { return kinds.name(kind); }
SplitKind parse_split_kind(std::string_view text) { return kinds.parse(text); }

std::vector<NamedSplit> make_splits(const Dataset& data, const SplitsSpec& spec) {
  switch (spec.kind) {
    case SplitKind::folds:
      return folds(data);
    case SplitKind::resplits:
      return resplits(data, spec);
    case SplitKind::file:
      break;
  }
  return {{"file", data.split}};
}

}  // namespace qmtl
