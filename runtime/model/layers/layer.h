// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/circuit/plan/cost.h"
#include "runtime/circuit/plan/plan.h"
#include "runtime/engine/simd_target.h"
#include "runtime/model/layers/shape.h"
#include "runtime/model/matrix.h"
#include "runtime/model/params.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// What a pass through the backbone is keyed by. Without training, dropout and noise are off.
struct Pass {
  bool training = false;
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::span<const std::size_t> samples;  ///< sample number of each row
};

/// What backward needs of a forward pass: x of the forward pass, kept as `input` by whoever calls that, and
/// what each layer wants besides.
template <class Real>
struct LayerCache {
  Matrix<Real> input, output, extra;
  std::vector<std::uint32_t> picks;  ///< max pooling: the place in its sample that each output came from
  std::vector<LayerCache> inner;     ///< of the layers inside
};

/// Circuits inside a layer, for whoever shows them.
struct LayerCircuit {
  std::string where;        ///< prefix of its tensors' names
  std::size_t copies = 1;   ///< side by side
  std::size_t numbers = 0;  ///< trained of all copies, the observables' weights and the gain included
  std::size_t inputs = 0, outputs = 0;  ///< of one copy
  CircuitCopies spec;
  Circuit circuit;                 ///< of one copy
  std::vector<std::string> names;  ///< of its trained numbers
  Plan plan;                       ///< of one copy
  SimdTarget target = SimdTarget::scalar;
};

/// One layer of the backbone: rows are samples. After bind() the const calls may run concurrently.
template <class Real>
class Layer {
 public:
  virtual ~Layer() = default;
  virtual Shape shape() const = 0;  ///< of a sample's output
  std::size_t outputs() const { return shape().size(); }
  /// Operations of a sample's forward and backward pass: 6 for every multiplication of the forward pass by a
  /// parameter. Layers without parameters are cheap enough to count as nothing.
  virtual double cost() const { return 0.0; }
  virtual void append_circuits(std::vector<LayerCircuit>& /*circuits*/) const {}
  /// Appends the layer's tensors; their sizes add up to what initial, bind and backward get as spans.
  virtual void append_params(const std::string& /*prefix*/, std::vector<ParamInfo>& /*params*/) const {}
  /// `tensor` is the number of the layer's first tensor in the model's list.
  virtual void initial(const InitialValues& /*random*/, std::uint32_t /*tensor*/,
                       std::span<double> /*values*/) const {}
  virtual void bind(std::span<const double> /*params*/) {}

  /// `x` is cache.input, and stays it until the backward pass.
  virtual void forward(const Pass& pass, const Matrix<Real>& x, Matrix<Real>& y,
                       LayerCache<Real>& cache) const = 0;
  /// From dy = d loss / d y: adds the parameters' gradients to `gradient` and, unless null, writes d loss / d
  /// x.
  virtual void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                        std::span<double> gradient) const = 0;
};

/// What the layers of one model are made with.
struct LayerMaking {
  std::uint32_t next = 0;  ///< number of the next layer: it tells layers apart in random streams
  CostModel cost = {};     ///< what plans of circuits are compared by
  SimdTarget target = SimdTarget::best;  ///< of circuits
};

/// The layers of one LayerSpec (a dense layer with an activation is two) on samples of shape `input`; counts
/// making.next up past those made. `where` is the prefix of the tensors' names. Throws Error (usage) naming
/// `where` and the key.
template <class Real>
std::vector<std::unique_ptr<Layer<Real>>> make_layers(const LayerSpec& spec, const Shape& input,
                                                      LayerMaking& making, const std::string& where);

/// A dense layer x W + b, W [inputs, outputs]; Glorot uniform start, or He uniform before a relu.
template <class Real>
std::unique_ptr<Layer<Real>> make_dense(std::size_t inputs, std::size_t outputs, bool before_relu,
                                        bool head = false);

}  // namespace qmtl
