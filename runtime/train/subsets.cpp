// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/subsets.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/philox.h"

namespace qmtl {
namespace {

struct Classes {
  std::vector<int> of;  ///< [samples]
  int count = 0;
};

Classes from_multiclass(const Task& task) {
  Classes classes{{}, task.classes};
  for (std::size_t i = 0; i < task.labels.size(); ++i) {
    if (std::isnan(task.labels[i]))
      throw data_error("class subsets: task '" + task.name + "' has no label for sample " +
                       std::to_string(i));
    classes.of.push_back(static_cast<int>(task.labels[i]));
  }
  return classes;
}

Classes from_one_vs_rest(const Dataset& data) {
  Classes classes{std::vector<int>(data.samples, -1), static_cast<int>(data.tasks.size())};
  for (int c = 0; c < classes.count; ++c)
    for (std::size_t i = 0; i < data.samples; ++i) {
      if (data.tasks[static_cast<std::size_t>(c)].labels[i] != 1.0f) continue;
      if (classes.of[i] >= 0)
        throw data_error("class subsets: expected one positive task a sample, found two of sample " +
                         std::to_string(i));
      classes.of[i] = c;
    }
  if (const auto none = std::find(classes.of.begin(), classes.of.end(), -1); none != classes.of.end())
    throw data_error("class subsets: expected one positive task a sample, found none of sample " +
                     std::to_string(none - classes.of.begin()));
  return classes;
}

Classes classes_of(const Dataset& data) {
  const auto is = [](TaskKind kind) { return [kind](const Task& task) { return task.kind == kind; }; };
  if (std::count_if(data.tasks.begin(), data.tasks.end(), is(TaskKind::multiclass)) == 1)
    return from_multiclass(*std::find_if(data.tasks.begin(), data.tasks.end(), is(TaskKind::multiclass)));
  if (data.tasks.size() < 3 || !std::all_of(data.tasks.begin(), data.tasks.end(), is(TaskKind::binary)))
    throw data_error(
        "class subsets: expected a data set with one multiclass task, or with at least three binary ones "
        "(one-vs-rest)");
  return from_one_vs_rest(data);
}

}  // namespace

std::size_t subset_tasks(int classes) { return (std::size_t{1} << (classes - 1)) - 1; }

Dataset class_subsets(const Dataset& data, std::size_t count, std::uint64_t seed) {
  const Classes classes = classes_of(data);
  if (classes.count > 20)
    throw data_error("class subsets: expected at most 20 classes, found " + std::to_string(classes.count));
  const std::size_t distinct = subset_tasks(classes.count);
  const auto order = RandomStream(seed, Purpose::resplit).permutation(distinct, 0xffffffff);
  Dataset result = data;
  result.tasks.clear();
  for (std::size_t t = 0; t < count; ++t) {
    // Class C - 1 is in no subset: of a subset and its complement the one without it.
    const std::size_t subset = order[t % distinct] + 1;
    Task task{"s" + std::to_string(t), TaskKind::binary, 2, "accuracy", 1, {}};
    for (const int c : classes.of) task.labels.push_back((subset >> c & 1) != 0 ? 1.0f : 0.0f);
    result.tasks.push_back(std::move(task));
  }
  return result;
}

}  // namespace qmtl
