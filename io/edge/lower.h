// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/edge/circuit.h"
#include "io/edge/model.h"
#include "runtime/model/spec.h"
#include "runtime/train/state.h"

namespace qmtl {

/// A trained model: what it computes and its numbers.
struct EdgeSource {
  const ModelSpec& spec;
  const std::vector<ParamInfo>& infos;
  std::span<const double> params;
  const std::vector<Standardisation>& standardisation;
  EdgeMethod method = EdgeMethod::automatic;

  /// A tensor's numbers. Throws Error (data) naming it if there is none.
  std::span<const double> tensor(const std::string& name) const;
};

/// The model as operations in float: standardisation, backbone, head, regression outputs in label units.
/// Without samples and hash. Throws Error (usage) where the format cannot hold it.
EdgeModel lower_model(const EdgeSource& source);

/// From the inputs (x) to the representation z of `width` numbers.
EdgeValue lower_backbone(EdgeBuilder& builder, const EdgeSource& source, std::size_t width);

/// From the representation to y; says how a circuit is evaluated.
std::string lower_head(EdgeBuilder& builder, const EdgeSource& source, EdgeValue z);
/// Numbers of the representation.
std::size_t representation_width(const ModelSpec& spec);

/// y = x W + b for columns first .. first + count - 1 of W [inputs, total] and b [total], with rows of W
/// times `factor`, and then each column in its label's unit.
struct DenseBlock {
  std::span<const double> weight, bias;
  std::size_t inputs = 0, total = 0, first = 0, count = 0;
  double factor = 1.0;
};
void add_dense(EdgeBuilder& builder, const DenseBlock& block, EdgeValue from, EdgeValue to,
               std::span<const EdgeReadout> units = {});

}  // namespace qmtl
