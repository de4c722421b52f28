// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// Tasks first .. last-1.
struct TaskRange {
  std::size_t first = 0, last = 0;
};

/// What a head is made from. Task groups cover all tasks in order: each earlier generation is one, of which
/// no gradient is asked for; the newest generation's tasks are one or several.
struct HeadSetup {
  const ModelSpec& spec;
  std::vector<TaskRange> groups;
  int shots = 0;  ///< shot noise in training; 0: exact
  SimdTarget target = SimdTarget::best;

  bool trains(const TaskRange& group) const { return group.first >= newest_tasks(spec); }
};

template <class Real>
class Head;
class OperationList;
struct TrainedModel;

template <class Real>
using HeadFactory = std::unique_ptr<Head<Real>> (*)(const HeadSetup&);

/// One row per kind of head.
struct HeadKind {
  std::string_view name;
  bool angles;     ///< d is the number of the circuit's angles, else HeadSpec::width
  bool registers;  ///< reads the table [block]
  /// The circuit that runs; null for heads without one.
  AnsatzSpec (*ansatz)(const ModelSpec& spec);
  bool second_moments;  ///< shot noise needs them: outputs are not single Z
  HeadFactory<float> make_float;
  HeadFactory<double> make_double;
  /// Appends the head's formulas to the representation, the last value of the list (operations.h).
  void (*list)(const TrainedModel& model, OperationList& list);
  bool maps_outputs = false;  ///< its logits are what the tasks' output maps say

  bool circuit() const { return ansatz != nullptr; }
};

/// The rows, each in the file with its class. A new head is its file and its name in these two lists.
extern const HeadKind qmtl_head, hybrid_head, separate_head, linear_head, low_rank_head, mlp_head, local_head,
    local_tanh_head;
inline constexpr const HeadKind* head_table[] = {&qmtl_head,   &hybrid_head,    &separate_head,
                                                 &linear_head, &low_rank_head,  &mlp_head,
                                                 &local_head,  &local_tanh_head};
/// Throws Error (usage) with the kinds and the nearest of them.
const HeadKind& head_kind(std::string_view kind);

/// The circuit of the tables [circuit], [block] and [task.<name>].
AnsatzSpec task_ansatz(const ModelSpec& spec);

/// The circuit that the model's head runs: what is planned, analysed and drawn. The head must have one.
AnsatzSpec head_ansatz(const ModelSpec& spec);
/// What plans of that circuit are made with, for training with so many shots (0: exact).
PlanOptions plan_options(const ModelSpec& spec, int shots);

/// Numbers of the representation z.
std::size_t representation_width(const ModelSpec& spec);

/// The tasks of each generation; none where there is only one.
std::vector<TaskRange> generation_tasks(const ModelSpec& spec);

/// First logit column of each task, and the number of columns at the end.
std::vector<std::size_t> task_columns(const ModelSpec& spec);

}  // namespace qmtl
