// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace qmtl {

enum class TaskKind : std::uint8_t { binary, multiclass, multilabel, regression };
enum class Split : std::uint8_t { train = 0, validation = 1, test = 2 };

/// How many names the classes of a task with so many outputs have: of a multilabel task its columns, of a
/// binary one negative and positive; regression has none.
std::size_t class_names_of(TaskKind kind, int outputs);

std::string_view name(TaskKind kind);
TaskKind parse_task_kind(std::string_view text);

/// Rows of an input that do not lie in memory. Threads may read at the same time.
class InputRows {
 public:
  virtual ~InputRows() = default;
  /// Rows first .. first + count - 1, row-major. Throws Error (data) where they cannot be read.
  virtual void read(std::size_t first, std::size_t count, float* to) const = 0;
};

/// One named input: `values` is row-major [samples, width]; `shape` is the shape of one sample (its product
/// is width). Where float32 would merge numbers that differ (Unix times), `shift` holds a number per column
/// and the input's numbers are shift + value; else it is empty.
struct Input {
  std::string name;
  std::vector<std::size_t> shape;
  std::size_t width = 0;
  std::vector<float> values;
  std::vector<double> shift = {};  ///< [width] or empty
  std::shared_ptr<const InputRows> rows =
      {};  ///< where the numbers are if not in `values`, which is then empty
  std::vector<std::string> column_names = {};  ///< [width] or empty: what the columns are called
  std::vector<std::string> units = {};         ///< [width] or empty: what they are measured in; "": unknown
};

/// One task's labels, row-major [samples, columns]; NaN means that this sample has no label for the task.
/// columns is 1, except for multilabel tasks: one per label.
struct Task {
  std::string name;
  TaskKind kind = TaskKind::binary;
  int classes = 2;     ///< binary 2; multiclass C; multilabel and regression: unused
  std::string metric;  ///< customary metric, a name known to metrics.h
  std::size_t columns = 1;
  std::vector<float> labels;
  std::vector<std::string> class_names =
      {};                                 ///< of each class, of each column of a multilabel task, or empty
  std::string unit = {};                  ///< regression: what the labels are measured in, or empty
  std::vector<std::string> metrics = {};  ///< where there are several: all, `metric` first

  /// Logit columns the head needs: binary 1, regression 1, multiclass C, multilabel `columns`.
  int outputs() const {
    return kind == TaskKind::multiclass   ? classes
           : kind == TaskKind::multilabel ? static_cast<int>(columns)
                                          : 1;
  }
};

/// A multi-task data set in memory; the file format is io/FORMATS.md.
struct Dataset {
  std::string title, source, licence;
  std::size_t samples = 0;
  std::vector<Input> inputs;
  std::vector<Task> tasks;
  std::vector<std::uint8_t> split;   ///< [samples], values of Split
  std::vector<std::int8_t> fold;     ///< [samples] or empty
  std::vector<std::int32_t> groups;  ///< [samples] or empty
  std::vector<std::string> ids;      ///< [samples] or empty
  std::string hash;                  ///< hex digest over inputs, labels and split
  /// How its numbers were made from files: the description of its import with all that the import decided, in
  /// the form of io/FORMATS.md; or empty.
  std::string description = {};

  /// Sample numbers of a split, ascending.
  std::vector<std::size_t> rows(Split which) const;
};

}  // namespace qmtl
