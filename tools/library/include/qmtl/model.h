// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "qmtl/head.h"
#include "qmtl/rows.h"
#include "qmtl/task.h"
#include "qmtl/tensor.h"

namespace qmtl {

/// A trained model of several tasks. Const calls may run concurrently with each other.
class Model {
 public:
  /// A checkpoint, or a run folder's best one, of this library or of the program. Throws Error (data) naming
  /// file and damage.
  static Model load(const std::string& path);
  /// The model of a head alone, whoever has trained it: its one input is z, and its logits are the head's, to
  /// the bit in the head's precision. So that such a head can be saved, exported and replayed as well.
  static Model of(const TaskHead& head);
  /// Writes a checkpoint as `qmtl eval`, `predict`, `export` and `replay` take it, atomically, after reading
  /// it back. Equal models give equal bytes.
  void save(const std::string& path) const;

  Model(Model&&) noexcept;             ///< leaves nothing but a model to be assigned to
  Model& operator=(Model&&) noexcept;  ///< the same
  ~Model();

  const std::vector<LabelledTask>& tasks() const;  ///< in the order of their columns
  /// Columns that x must have: those of all inputs, one input after another.
  std::size_t inputs() const;
  /// What the data set called them, for each task in order: the classes by their labels, the columns of a
  /// multilabel task; empty for a task whose names are not known, and for regression.
  std::vector<std::vector<std::string>> class_names() const;
  /// The names of x's columns; "" for one that has none.
  std::vector<std::string> column_names() const;
  /// What the tasks' outputs are: a probability for each output of binary, multiclass and multilabel tasks,
  /// the value for regression; columns task after task. Throws Error (usage) for another number of columns,
  /// (data) for NaN or infinity.
  Table predict(Rows x) const;
  /// The same before the logistic function and softmax.
  Table logits(Rows x) const;

  std::vector<Tensor> tensors() const;         ///< of parameters(), in order of offset, without gaps
  std::span<const double> parameters() const;  ///< all tensors, valid while the model lives
  /// SHA-256 of parameters and the optimiser's state, as the program prints it: equal for equal trainings.
  const std::string& run_hash() const;
  /// Name and value of every key of the configuration, as TOML.
  std::string configuration() const;
  /// As `qmtl plan --json` prints it: parameters, cost, plan, dead parameters and warnings.
  std::string plan() const;

 private:
  friend class ModelAccess;
  struct Body;
  explicit Model(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace qmtl
