// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/head.h"

#include <string>
#include <type_traits>

#include "runtime/base/error.h"
#include "runtime/base/nearest.h"

namespace qmtl {
const HeadKind& head_kind(std::string_view kind) {
  std::vector<std::string> known;
  for (const HeadKind* row : head_table) {
    if (row->name == kind) return *row;
    known.emplace_back(row->name);
  }
  throw usage_error("head.kind: unknown head '" + std::string(kind) + "': expected " + one_of(known, kind));
}

std::size_t representation_width(const ModelSpec& spec) {
  return static_cast<std::size_t>(head_kind(spec.head.kind).angles ? task_ansatz(spec).angles()
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
