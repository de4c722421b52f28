// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/head.h"

#include <string>
#include <type_traits>

#include "runtime/base/error.h"
#include "runtime/model/hybrid_head.h"
#include "runtime/model/linear_head.h"
#include "runtime/model/local_head.h"
#include "runtime/model/mlp_head.h"
#include "runtime/model/qmtl_head.h"

namespace qmtl {
namespace {

AnsatzSpec qmtl_ansatz(const ModelSpec& spec) { return spec.head.ansatz; }

constexpr HeadKind table[] = {
    {"qmtl", true, true, qmtl_ansatz, true, make_qmtl_head<float>, make_qmtl_head<double>, list_qmtl_head},
    {"hybrid", true, false, hybrid_ansatz, false, make_hybrid_head<float>, make_hybrid_head<double>,
     list_hybrid_head},
    {"separate", true, false, separate_ansatz, false, make_separate_head<float>, make_separate_head<double>,
     list_separate_head},
    {"linear", false, false, nullptr, false, make_linear_head<float>, make_linear_head<double>,
     list_linear_head},
    {"mlp", false, false, nullptr, false, make_mlp_head<float>, make_mlp_head<double>, list_mlp_head},
    {"local", true, true, nullptr, false, make_local_head<float>, make_local_head<double>, list_local_head},
};

}  // namespace

std::span<const HeadKind> head_table() { return table; }

const HeadKind& head_kind(std::string_view kind) {
  std::string listed;
  for (const HeadKind& row : table) {
    if (row.name == kind) return row;
    listed += (listed.empty() ? "" : ", ") + std::string(row.name);
  }
  throw usage_error("head.kind: unknown head '" + std::string(kind) + "': expected one of " + listed);
}

std::size_t representation_width(const ModelSpec& spec) {
  return static_cast<std::size_t>(head_kind(spec.head.kind).angles ? spec.head.ansatz.angles()
                                                                   : spec.head.width);
}

AnsatzSpec head_ansatz(const ModelSpec& spec) {
  const HeadKind& kind = head_kind(spec.head.kind);
  if (!kind.circuit()) throw usage_error("head.kind: head '" + spec.head.kind + "' has no circuit");
  return kind.ansatz(spec);
}

PlanOptions plan_options(const ModelSpec& spec, int shots) {
  PlanOptions options;
  options.second_moments = shots > 0 && head_kind(spec.head.kind).second_moments;
  options.model = spec.cost;
  return options;
}

template <class Real>
std::unique_ptr<Head<Real>> make_head(const HeadSetup& setup) {
  const HeadKind& kind = head_kind(setup.spec.head.kind);
  if constexpr (std::is_same_v<Real, float>)
    return kind.make_float(setup);
  else
    return kind.make_double(setup);
}
template std::unique_ptr<Head<float>> make_head(const HeadSetup&);
template std::unique_ptr<Head<double>> make_head(const HeadSetup&);

std::vector<TaskRange> generation_tasks(const ModelSpec& spec) {
  std::vector<TaskRange> ranges;
  if (spec.generations.size() < 2) return ranges;
  std::size_t first = 0;
  for (int tasks : spec.generations) {
    ranges.push_back({first, first + static_cast<std::size_t>(tasks)});
    first = ranges.back().last;
  }
  return ranges;
}

std::vector<std::size_t> task_columns(const ModelSpec& spec) {
  std::vector<std::size_t> first{0};
  for (const TaskSpec& task : spec.tasks)
    first.push_back(first.back() + static_cast<std::size_t>(task.outputs));
  return first;
}

}  // namespace qmtl
