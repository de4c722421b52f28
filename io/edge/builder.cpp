// SPDX-License-Identifier: Apache-2.0
#include "io/edge/builder.h"

#include <algorithm>
#include <numeric>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// First and last operation that uses a tensor, and its offset.
struct Lifetime {
  std::size_t first = SIZE_MAX, last = 0, begin = 0;
  bool used() const { return first != SIZE_MAX; }
  bool meets(const Lifetime& other) const { return first <= other.last && other.first <= last; }
};

}  // namespace

EdgeValue EdgeBuilder::tensor(std::size_t numbers) {
  sizes_.push_back(numbers);
  return {static_cast<int>(sizes_.size()) - 1, 0};
}

EdgeOp& EdgeBuilder::add(std::uint32_t kind, EdgeValue source, EdgeValue target, EdgeValue second) {
  operands_.push_back({source, target, second});
  ops_.emplace_back();
  ops_.back().kind = kind;
  return ops_.back();
}

EdgeModel EdgeBuilder::finish() const {
  std::vector<Lifetime> life(sizes_.size());
  for (std::size_t i = 0; i < ops_.size(); ++i)
    for (const EdgeValue& value : {operands_[i].source, operands_[i].target, operands_[i].second})
      if (value.tensor >= 0) {
        Lifetime& of = life[static_cast<std::size_t>(value.tensor)];
        of.first = std::min(of.first, i);
        of.last = i;
      }
  std::vector<std::size_t> order(sizes_.size()), placed;
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return sizes_[a] > sizes_[b]; });
  std::size_t end = 0;
  for (std::size_t t : order) {
    if (!life[t].used()) continue;
    // Those in the way, by offset; the first gap that is large enough.
    std::vector<std::size_t> near;
    for (std::size_t other : placed)
      if (life[t].meets(life[other])) near.push_back(other);
    std::sort(near.begin(), near.end(), [&](auto a, auto b) { return life[a].begin < life[b].begin; });
    std::size_t begin = 0;
    for (std::size_t other : near) {
      if (begin + sizes_[t] <= life[other].begin) break;
      begin = std::max(begin, life[other].begin + sizes_[other]);
    }
    life[t].begin = begin;
    end = std::max(end, begin + sizes_[t]);
    placed.push_back(t);
  }
  if (end > std::size_t{1} << 24)
    throw usage_error("the model needs " + std::to_string(4 * end) +
                      " bytes of working memory; head files allow 64 MiB: export it to onnx instead");
  EdgeModel model;
  model.arena = static_cast<std::uint32_t>(end);
  model.ops = ops_;
  const auto place = [&](const EdgeValue& value) -> std::uint32_t {
    if (value.tensor >= 0)
      return static_cast<std::uint32_t>(life[static_cast<std::size_t>(value.tensor)].begin) + value.offset;
    return (value.tensor == EdgeValue::x ? std::uint32_t{QE_X} << 30 : std::uint32_t{QE_Y} << 30) |
           value.offset;
  };
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    model.ops[i].source = place(operands_[i].source);
    model.ops[i].target = place(operands_[i].target);
    if (operands_[i].second.tensor != EdgeValue::none) model.ops[i].second = place(operands_[i].second);
  }
  return model;
}

}  // namespace qmtl
