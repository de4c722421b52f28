// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace qmtl {

/// One thing to predict, and the columns of labels that say it. A label that is NaN is missing: the sample
/// then teaches its other tasks only.
struct LabelledTask {
  std::string name;  ///< unique among the tasks of a model
  /// "binary" (labels 0, 1), "multiclass" (0 .. outputs - 1), "multilabel" (a column of 0, 1 for each output)
  /// or "regression" (any finite number). Logits: a column for each output.
  std::string kind = "binary";
  /// Classes of a multiclass task, labels of a multilabel one, 1 for the others.
  int outputs = 1;
  /// What validation goes by, such as "accuracy", "auc", "macro_f1", "rmse"; empty: the kind's customary one.
  std::string metric = {};
};

}  // namespace qmtl
