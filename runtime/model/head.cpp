#include "runtime/model/head.h"

#include <string>
#include <type_traits>

#include "runtime/error.h"
#include "runtime/model/linear_head.h"
#include "runtime/model/qmtl_head.h"

namespace qmtl {
namespace {

constexpr HeadKind table[] = {
    {"qmtl", true, make_qmtl_head<float>, make_qmtl_head<double>},
    {"linear", false, make_linear_head<float>, make_linear_head<double>},
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

std::vector<std::size_t> task_columns(const ModelSpec& spec) {
  std::vector<std::size_t> first{0};
  for (const TaskSpec& task : spec.tasks)
    first.push_back(first.back() + static_cast<std::size_t>(task.outputs));
  return first;
}

}  // namespace qmtl
