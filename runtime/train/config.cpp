// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/config.h"

#include "runtime/base/names.h"
#include "runtime/train/state.h"

namespace qmtl {
namespace {

constexpr Names<ParamPart> parts{"part", {"backbone", "shared", "blocks", "readout", "task_weights"}};
static_assert(enumerators<ParamPart>() == param_parts);

}  // namespace

std::string_view name(ParamPart part) { return parts.name(part); }

ModelSpec default_model() {
  ModelSpec model;
  model.backbone.trunk = {{LayerKind::dense, 64, Activation::tanh}};
  return model;
}

}  // namespace qmtl
