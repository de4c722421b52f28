// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/model/layers/layer.h"
#include "runtime/model/trained_model.h"

namespace qmtl {

/// A trained model that answers for new samples, its arithmetic's precision hidden. Owns all it needs; the
/// const calls may run concurrently.
class Predictor {
 public:
  virtual ~Predictor() = default;
  virtual const ModelSpec& spec() const = 0;
  virtual SimdTarget target() const = 0;
  virtual std::size_t outputs() const = 0;                       ///< logit columns of all tasks together
  virtual std::vector<LayerCircuit> layer_circuits() const = 0;  ///< of the backbone

  /// logits[rows, outputs()], regression columns in the unit of the labels; inputs[i] is [rows, width of
  /// spec().inputs[i]], as in a data set. A row's logits depend on that row alone. Throws Error (usage) for
  /// another number of inputs or values. `shifts`, where there are any, are those of the inputs
  /// (Input::shift): each of its input's width, or empty.
  virtual void predict(std::size_t rows, std::span<const std::span<const float>> inputs,
                       std::span<float> logits,
                       std::span<const std::span<const double>> shifts = {}) const = 0;
};

/// Throws Error (data) if the tensors are not those that the specification makes (another program wrote
/// them).
std::unique_ptr<Predictor> make_predictor(const TrainedModel& model, SimdTarget target = SimdTarget::best);

}  // namespace qmtl
