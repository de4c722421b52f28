// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/trained_model.h"

#include "runtime/base/error.h"

namespace qmtl {

std::span<const double> TrainedModel::tensor(const std::string& name) const {
  for (const ParamInfo& info : tensors)
    if (info.name == name) return std::span(values).subspan(info.offset, info.size);
  throw data_error("the trained model has no tensor '" + name + "'");
}

}  // namespace qmtl
