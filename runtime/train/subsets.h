// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/model/data.h"

namespace qmtl {

/// Number of distinct class-subset tasks of C classes: subsets but for the empty and the full one, a subset
/// and its complement being one task.
std::size_t subset_tasks(int classes);

/// The same inputs and split with `count` binary tasks "is the class in S_t?" (metric accuracy), named s0,
/// s1, ... The subsets come in a random order keyed by `seed`; beyond subset_tasks() they begin again. The
/// class of a sample is that of the data set's only multiclass task, or the one binary task that is positive
/// where all tasks are binary (one-vs-rest). Throws Error (data) for other data sets and for samples without
/// a class.
Dataset class_subsets(const Dataset& data, std::size_t count, std::uint64_t seed);

}  // namespace qmtl
