// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/routed_op.h"

#include <algorithm>
#include <array>
#include <utility>

#include "hardware/transpile/index.h"

namespace qmtl {
namespace {

bool same_gate(const DeviceOp& a, const DeviceOp& b) {
  const bool crossed = a.q0 == b.q1 && a.q1 == b.q0 && is_symmetric(a.gate);
  return a.gate == b.gate && ((a.q0 == b.q0 && a.q1 == b.q1) || crossed);
}

/// The last member of both groups that is wanted, or -1.
template <typename Wanted>
int common_member(const CommutingGroup& first, const CommutingGroup& second, Wanted wanted) {
  const auto members = first.members();
  for (auto i = members.rbegin(); i != members.rend(); ++i) {
    const auto others = second.members();
    if (wanted(*i) && std::find(others.begin(), others.end(), *i) != others.end()) return *i;
  }
  return -1;
}

}  // namespace

GateAxis gate_axis(const RoutedOp& op, int qubit) {
  if (op.swap) return GateAxis::none;
  switch (info(op.op.gate).axes[qubit == op.op.q1 ? 1 : 0]) {
    case 'X':
      return GateAxis::x;
    case 'Y':
      return GateAxis::y;
    case 'Z':
      return GateAxis::z;
    default:
      return GateAxis::none;
  }
}

bool CommutingGroup::add(int index, GateAxis axis) {
  const bool fresh = members_.empty() || axis == GateAxis::none || axis != axis_;
  if (fresh) previous_ = std::exchange(members_, {});
  axis_ = axis;
  members_.push_back(index);
  return fresh;
}

std::span<const int> CommutingGroup::members() const {
  return axis_ == GateAxis::none ? std::span<const int>{} : std::span<const int>{members_};
}

OpOrder op_order(std::span<const RoutedOp> ops, int qubits) {
  OpOrder order{std::vector<std::vector<int>>(ops.size()), std::vector<int>(ops.size(), 0)};
  std::vector<CommutingGroup> groups(at(qubits));
  for (std::size_t i = 0; i < ops.size(); ++i)
    for (int qubit : {ops[i].op.q0, ops[i].op.q1}) {
      if (qubit < 0) continue;
      CommutingGroup& group = groups[at(qubit)];
      group.add(static_cast<int>(i), gate_axis(ops[i], qubit));
      for (int earlier : group.previous()) {
        auto& list = order.successors[at(earlier)];
        if (!list.empty() && list.back() == static_cast<int>(i)) continue;
        list.push_back(static_cast<int>(i));
        ++order.predecessors[i];
      }
    }
  return order;
}

std::vector<RoutedOp> simplified(const DeviceProgram& program) {
  std::vector<char> kept(program.ops.size(), true);
  std::vector<char> only_read(at(program.qubits), false);
  for (int qubit : program.measured) only_read[at(qubit)] = true;
  for (std::size_t i = program.ops.size(); i-- > 0;) {
    const DeviceOp& op = program.ops[i];
    kept[i] = !(is_diagonal(op.gate) && only_read[at(op.q0)] && (op.q1 < 0 || only_read[at(op.q1)]));
    if (!kept[i]) continue;
    only_read[at(op.q0)] = false;
    if (op.q1 >= 0) only_read[at(op.q1)] = false;
  }
  std::vector<CommutingGroup> groups(at(program.qubits));
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const DeviceOp& op = program.ops[i];
    if (!kept[i]) continue;
    if (op.q1 >= 0 && is_own_inverse(op.gate)) {
      const RoutedOp routed{op};
      // A partner counts only if the gate would join the groups that the partner is in.
      CommutingGroup first = groups[at(op.q0)], second = groups[at(op.q1)];
      if (!first.add(static_cast<int>(i), gate_axis(routed, op.q0)) &&
          !second.add(static_cast<int>(i), gate_axis(routed, op.q1))) {
        const int partner = common_member(groups[at(op.q0)], groups[at(op.q1)], [&](int j) {
          return kept[at(j)] && same_gate(program.ops[at(j)], op);
        });
        if (partner >= 0) {
          kept[at(partner)] = kept[i] = false;
          continue;
        }
      }
    }
    for (int qubit : {op.q0, op.q1})
      if (qubit >= 0) groups[at(qubit)].add(static_cast<int>(i), gate_axis({op}, qubit));
  }
  std::vector<RoutedOp> ops;
  for (std::size_t i = 0; i < program.ops.size(); ++i)
    if (kept[i]) ops.push_back({program.ops[i]});
  return ops;
}

std::vector<RoutedOp> fused_swaps(std::span<const RoutedOp> ops, int qubits) {
  std::vector<RoutedOp> all(ops.begin(), ops.end());
  std::vector<char> kept(all.size(), true);
  std::vector<CommutingGroup> groups(at(qubits));
  for (std::size_t i = 0; i < all.size(); ++i) {
    RoutedOp& op = all[i];
    if (op.swap && !op.gate) {
      const int partner = common_member(groups[at(op.op.q0)], groups[at(op.op.q1)], [&](int j) {
        return kept[at(j)] && all[at(j)].two_qubits() && !all[at(j)].swap;
      });
      if (partner >= 0) {
        op = {all[at(partner)].op, true, true};
        kept[at(partner)] = false;
      }
    }
    for (int qubit : {op.op.q0, op.op.q1})
      if (qubit >= 0) groups[at(qubit)].add(static_cast<int>(i), gate_axis(op, qubit));
  }
  std::vector<RoutedOp> result;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (kept[i]) result.push_back(all[i]);
  return result;
}

namespace {

/// Time steps of two-qubit gates that an operation takes.
int duration(const RoutedOp& op) { return !op.two_qubits() ? 0 : !op.swap ? 1 : op.gate ? 2 : 3; }

class Scheduler {
 public:
  Scheduler(std::span<const RoutedOp> ops, int qubits)
      : ops_(ops), order_(op_order(ops, qubits)), tail_(ops.size()), free_at_(at(qubits), 0) {
    for (std::size_t i = ops.size(); i-- > 0;) {
      for (int next : order_.successors[i]) tail_[i] = std::max(tail_[i], tail_[at(next)]);
      tail_[i] += duration(ops[i]);
    }
    waiting_ = order_.predecessors;
    std::vector<int> first;
    for (std::size_t i = 0; i < ops.size(); ++i)
      if (waiting_[i] == 0) release(static_cast<int>(i), first);
    settle(std::move(first));
  }

  std::vector<RoutedOp> run() {
    for (int time = 0; result_.size() < ops_.size(); ++time) {
      std::vector<int> done;
      for (const auto& [end, i] : running_)
        if (end == time) done.push_back(i);
      std::erase_if(running_, [&](const auto& entry) { return entry.first == time; });
      settle(std::move(done));
      fill(time);
    }
    return std::move(result_);
  }

 private:
  std::array<int, 2> qubits_of(int i) const {
    const DeviceOp& op = ops_[at(i)].op;
    return {op.q0, op.q1 >= 0 ? op.q1 : op.q0};
  }
  bool idle(int i, int time) const {
    const auto [a, b] = qubits_of(i);
    return free_at_[at(a)] <= time && free_at_[at(b)] <= time;
  }

  /// Operations that take no time are done as soon as nothing precedes them.
  void release(int i, std::vector<int>& done) {
    if (duration(ops_[at(i)]) > 0) {
      ready_.push_back(i);
      return;
    }
    result_.push_back(ops_[at(i)]);
    done.push_back(i);
  }
  void settle(std::vector<int> done) {
    while (!done.empty()) {
      const int last = done.back();
      done.pop_back();
      for (int next : order_.successors[at(last)])
        if (--waiting_[at(next)] == 0) release(next, done);
    }
    std::sort(ready_.begin(), ready_.end());
  }
  void start(int i, int time) {
    result_.push_back(ops_[at(i)]);
    const int end = time + duration(ops_[at(i)]);
    for (int qubit : qubits_of(i)) free_at_[at(qubit)] = end;
    running_.push_back({end, i});
  }

  void fill(int time) {
    std::vector<int> offers(free_at_.size());
    const std::vector<int> load = [&] {
      std::vector<int> sum(free_at_.size());
      for (int i : ready_)
        for (int qubit : qubits_of(i)) sum[at(qubit)] += duration(ops_[at(i)]);
      return sum;
    }();
    for (;;) {
      std::fill(offers.begin(), offers.end(), 0);
      for (int i : ready_)
        if (idle(i, time))
          for (int qubit : qubits_of(i)) ++offers[at(qubit)];
      int best = -1;
      std::array<int, 3> best_key{};
      for (int i : ready_) {
        if (!idle(i, time)) continue;
        const auto [a, b] = qubits_of(i);
        const int urgency = tail_[at(i)] + std::max(load[at(a)], load[at(b)]) - duration(ops_[at(i)]);
        const std::array<int, 3> key{-urgency, -(load[at(a)] + load[at(b)]),
                                     std::min(offers[at(a)], offers[at(b)])};
        if (best < 0 || key < best_key) best = i, best_key = key;
      }
      if (best < 0) return;
      ready_.erase(std::find(ready_.begin(), ready_.end(), best));
      start(best, time);
    }
  }

  std::span<const RoutedOp> ops_;
  OpOrder order_;
  std::vector<int> tail_, waiting_, free_at_, ready_;
  std::vector<std::pair<int, int>> running_;  ///< end, operation
  std::vector<RoutedOp> result_;
};

}  // namespace

std::vector<RoutedOp> scheduled(std::span<const RoutedOp> ops, int qubits) {
  return Scheduler(ops, qubits).run();
}

}  // namespace qmtl
