// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/model/layers/shape.h"
#include "runtime/model/trained_model.h"

namespace qmtl {

// A trained model as formulas: what a device, a server or a file format must compute, without dropout,
// augmentation and shot noise. Tensors are the model's own, which must outlive the list. Weights are
// [inputs, columns], row-major.
namespace ops {

/// Input `number` of the specification: (x - mean) / deviation, or x where they are empty.
struct Input {
  std::size_t number = 0;
  std::span<const double> mean, deviation;
};
/// Flat values one after another. A part {i, i} is value i; {i, j} is [a, b, |a - b|, a b] of the values i
/// and j.
struct Join {
  std::vector<std::pair<std::size_t, std::size_t>> parts;
};
/// Of {scores, values}, both [branches, width]: sum over branches of values times the softmax over branches
/// of scores.
struct Gate {
  std::size_t branches = 0;
};
/// x W + b.
struct Dense {
  std::span<const double> weight, bias;
};
/// The columns columns[t] .. columns[t + 1] - 1 of W and b on the t-th `inputs` values of x.
struct BlockDense {
  std::span<const double> weight, bias;
  std::size_t inputs = 0;
  std::vector<std::size_t> columns;
};
/// bias[o] + sum over rows[o] of weight * x[column].
struct Sparse {
  std::vector<std::vector<std::pair<std::size_t, double>>> rows;
  std::vector<double> bias;
};
/// Number by number: factor * x + bias.
struct Affine {
  std::vector<double> factor, bias;
};
/// Number by number: middle + half_width * tanh x, or x where half_width is 0.
struct Bound {
  std::vector<double> middle, half_width;
};
/// Number o is the product of x[column] over factors[o].
struct Products {
  std::vector<std::vector<std::size_t>> factors;
};
struct Activate {
  Activation kind = Activation::none;
};
/// gain * (x - mean) / sqrt(variance + 1e-5) + bias over the sample's values.
struct Norm {
  std::span<const double> gain, bias;
};
/// Weight [channels, input channels, kernel, kernel], of an image.
struct Conv {
  std::span<const double> weight, bias;
  std::size_t kernel = 1, stride = 1, padding = 0;
  std::string name;  ///< of the layer, for messages
};
/// Of an image, in windows of height x width without overlap; a flat result: one window over all of it.
struct Pool {
  PoolKind kind = PoolKind::max;
  std::size_t height = 1, width = 1;
};
/// Of {x, f(x)}: x + f(x).
struct Residual {};
/// The angle map of gain * z.
struct Angles {
  AngleMap map = AngleMap::linear;
  double gain = 1.0;
};
/// The rotations' angles that make numbers of z, unmapped, a state's amplitudes (amplitudes.h).
struct Amplitudes {
  AmplitudeEncoding encoding;
};
/// The circuit's outputs at those angles; functions of the sample and of trainable numbers are in front of
/// it.
struct Expectations {
  Circuit circuit;
  std::vector<double> params;  ///< of the circuit
};
struct Divide {
  double divisor = 1.0;
};
/// The last of every list: factor * logit + offset, from standardised labels to labels.
struct LabelUnits {
  std::vector<double> factor, offset;
};

using Formula =
    std::variant<Input, Join, Gate, Dense, BlockDense, Sparse, Affine, Bound, Products, Activate, Norm, Conv,
                 Pool, Residual, Angles, Amplitudes, Expectations, Divide, LabelUnits>;

}  // namespace ops

/// A value of the model: a formula of earlier values.
struct Operation {
  ops::Formula formula;
  std::vector<std::size_t> of;  ///< numbers of the operations it reads
  Shape shape;                  ///< of its value for one sample
};

/// In an order in which they can be computed; the last one is the model's outputs.
class OperationList {
 public:
  std::size_t add(ops::Formula formula, std::vector<std::size_t> of, const Shape& shape) {
    all_.push_back({std::move(formula), std::move(of), shape});
    return last();
  }
  /// A formula of the last value alone, [width].
  std::size_t then(ops::Formula formula, std::size_t width) {
    return add(std::move(formula), {last()}, Shape(width));
  }
  std::size_t size() const { return all_.size(); }
  std::size_t last() const { return all_.size() - 1; }
  const Operation& operator[](std::size_t i) const { return all_[i]; }

 private:
  std::vector<Operation> all_;
};

/// Standardisation, backbone, head and the labels' units.
OperationList operations(const TrainedModel& model);

/// Angles of value `from` and the circuit's outputs at them, for its trainable numbers `trained`; appends two
/// or more operations.
void list_expectations(OperationList& list, std::size_t from, ops::Angles angles, Circuit circuit,
                       std::span<const double> trained);
/// The first two stages of a head with a circuit on the last value, and the division by the gain that heads
/// with a circuit have in front of their readout: Angles, Expectations, Divide.
void list_circuit(const TrainedModel& model, OperationList& list);

}  // namespace qmtl
