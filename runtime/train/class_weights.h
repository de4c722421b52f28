// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "runtime/model/data.h"

namespace qmtl {

/// Weights inversely proportional to how often a class occurs among the labels of `rows` (all columns of a
/// multilabel task together): labels / (classes that occur * labels of the class), 1 for a class that does
/// not occur. Their mean over the labels is 1. Throws Error (usage) for regression tasks.
std::vector<double> balanced_class_weights(const Task& task, std::span<const std::size_t> rows);

}  // namespace qmtl
