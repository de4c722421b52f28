// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "qmtl/rows.h"
#include "qmtl/task.h"

namespace qmtl {

class Model;

/// Samples with what is known of them. Nothing is copied before a call needs it: the arrays must live as
/// long as the call.
struct Samples {
  Rows x;  ///< inputs [samples, columns], finite
  Rows y;  ///< labels [samples, columns of all tasks]; NaN where one is missing
  /// What the columns of y are, from left to right: a multilabel task takes one for each output, others one.
  std::vector<LabelledTask> tasks;
  /// Shape of a row of x where it is an image, [H, W] or [C, H, W], for convolutions; empty: a plain row.
  std::vector<std::size_t> shape = {};
  /// For each row 0 (train), 1 (validation) or 2 (test); empty: divided by `fractions`.
  std::span<const std::uint8_t> split = {};
  std::array<double, 3> fractions = {0.8, 0.2, 0.0};  ///< for training, validation and test
  std::int64_t split_seed = 1;  ///< rows are ordered by it and their number alone before they are divided
  /// What x's columns are called, which models keep: a table of new samples is matched by these names. A name
  /// for each column, or none.
  std::vector<std::string> columns = {};
  /// What the classes of each task are called, in the order of `tasks`: by their labels, of a multilabel task
  /// its columns; an empty list where they have no names, and for regression. A list for each task, or none.
  std::vector<std::vector<std::string>> class_names = {};
};

/// Writes a data set for the program: one input "x", the tasks, the split. Replaces `path` only after what
/// was written reads back. Throws Error (data) naming row and column of what does not fit, (usage) for tasks
/// and fractions.
void save_data(const std::string& path, const Samples& samples);
/// The same of samples of a trained model, whose inputs and tasks they have: y [rows, columns of all tasks],
/// `split` for each row (empty: 2, test). Throws Error: (usage) for another number of columns of x, (data).
void save_data(const std::string& path, const Model& model, Rows x, Rows y,
               std::span<const std::uint8_t> split = {});

}  // namespace qmtl
