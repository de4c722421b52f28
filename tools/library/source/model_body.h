// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/runs/checkpoint.h"
#include "qmtl/model.h"
#include "runtime/model/data.h"

namespace qmtl {

/// What a Model holds: a checkpoint, whoever has trained it.
struct Model::Body {
  Checkpoint checkpoint;
  std::vector<LabelledTask> tasks;
};

/// Makes a Model for the other sources of this library.
class ModelAccess {
 public:
  static Model make(Checkpoint checkpoint);
  /// Of a checkpoint that no file holds yet: with the names that writing gives it, since an export names the
  /// model by them.
  static Model make_new(Checkpoint checkpoint);
  static const Checkpoint& checkpoint(const Model& model) { return model.body_->checkpoint; }
};

}  // namespace qmtl
