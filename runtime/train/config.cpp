// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/config.h"

#include "runtime/base/names.h"
#include "runtime/train/state.h"

namespace qmtl {
namespace {

constexpr Names<ParamPart> parts{"part", {"backbone", "shared", "blocks", "readout", "task_weights"}};
static_assert(enumerators<ParamPart>() == param_parts);

constexpr Names<BatchKind> batch_kinds{"batches", {"mixed", "task"}};
constexpr Names<TaskWeighting> weightings{"task weighting", {"none", "uncertainty", "gradnorm", "pcgrad"}};

}  // namespace

std::string_view name(ParamPart part) { return parts.name(part); }

std::string_view name(BatchKind value) { return batch_kinds.name(value); }
BatchKind parse_batch_kind(std::string_view text) { return batch_kinds.parse(text); }

std::string_view name(TaskWeighting value) { return weightings.name(value); }
TaskWeighting parse_task_weighting(std::string_view text) { return weightings.parse(text); }

ModelSpec default_model() {
  ModelSpec model;
  model.backbone.trunk = {{LayerKind::dense, 64, Activation::tanh}};
  return model;
}

}  // namespace qmtl
