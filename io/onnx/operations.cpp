// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/operations.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "io/onnx/gates.h"
#include "io/onnx/model.h"

namespace qmtl {
namespace {

std::int64_t extent(std::size_t value) { return static_cast<std::int64_t>(value); }

/// One call per operation, when its value is first asked for. Images are [batch, channels, height, width],
/// all else [batch, width].
class Writer {
 public:
  Writer(OnnxGraph& graph, const ModelSpec& spec, const OperationList& list)
      : graph_(graph), spec_(spec), list_(list), values_(list.size()) {}

  OnnxValue value(std::size_t i) {
    if (!values_[i])
      values_[i] =
          std::visit([&](const auto& formula) { return write(formula, list_[i]); }, list_[i].formula);
    return *values_[i];
  }

 private:
  OnnxValue operand(const Operation& op, std::size_t n = 0) { return value(op.of[n]); }
  const Shape& shape_of(const Operation& op, std::size_t n = 0) const { return list_[op.of[n]].shape; }

  OnnxValue flat_operand(const Operation& op, std::size_t n = 0) {
    const OnnxValue x = operand(op, n);
    return shape_of(op, n).image ? graph_.reshape(x, {extent(shape_of(op, n).size())}) : x;
  }
  OnnxValue unflatten(const OnnxValue& flat, const Shape& shape) {
    if (!shape.image) return flat;
    return graph_.reshape(flat, {extent(shape.channels), extent(shape.height), extent(shape.width)});
  }

  /// With the mean in two parts: x and mean may be large and close to each other.
  OnnxValue write(const ops::Input& input, const Operation& op) {
    const std::size_t i = input.number;
    const bool shaped = i < spec_.input_shapes.size() && !spec_.input_shapes[i].empty();
    const std::vector<std::size_t> extents =
        shaped ? spec_.input_shapes[i] : std::vector<std::size_t>{spec_.input_widths[i]};
    OnnxValue x = graph_.input(spec_.inputs[i], extents);
    if (extents.size() > 1) x = graph_.reshape(x, {extent(spec_.input_widths[i])});
    if (!input.mean.empty()) {
      std::vector<double> rest, inverse;
      bool needed = false;
      for (std::size_t c = 0; c < input.mean.size(); ++c) {
        inverse.push_back(1.0 / input.deviation[c]);
        rest.push_back(input.mean[c] - static_cast<double>(static_cast<float>(input.mean[c])));
        needed = needed || std::abs(rest[c] * inverse[c]) > 1e-7;
      }
      x = graph_.node("Sub", {x, graph_.vector(input.mean)});
      if (needed) x = graph_.node("Sub", {x, graph_.vector(rest)});
      x = graph_.multiply(x, graph_.vector(inverse));
    }
    return unflatten(x, op.shape);
  }

  OnnxValue write(const ops::Join& join, const Operation& op) {
    for (std::size_t value_number : op.of) value(value_number);  // branches in order, before any joining
    std::vector<OnnxValue> parts;
    for (const auto& [first, second] : join.parts) {
      const OnnxValue a = flat_operand(op, first);
      parts.push_back(a);
      if (first == second) continue;
      const OnnxValue b = flat_operand(op, second);
      parts.push_back(b);
      parts.push_back(graph_.node("Abs", {graph_.node("Sub", {a, b})}));
      parts.push_back(graph_.multiply(a, b));
    }
    return graph_.concat(parts, 1);
  }

  OnnxValue write(const ops::Gate& gate, const Operation& op) {
    const std::vector<std::int64_t> stacked{extent(gate.branches), extent(op.shape.size())};
    const OnnxValue all = operand(op, 1), scores = operand(op, 0);
    const OnnxValue weights =
        graph_.node("Softmax", {graph_.reshape(scores, stacked)}, {{"axis", std::int64_t{1}}});
    const OnnxValue products = graph_.multiply(weights, graph_.reshape(all, stacked));
    const OnnxValue sum =
        graph_.node("ReduceSum", {products, graph_.integers({1})}, {{"keepdims", std::int64_t{0}}});
    return unflatten(sum, op.shape);
  }

  OnnxValue write(const ops::Dense& dense, const Operation& op) {
    return graph_.dense(flat_operand(op), op.shape.size(), dense.weight, dense.bias);
  }

  OnnxValue write(const ops::BlockDense& dense, const Operation& op) {
    const OnnxValue x = operand(op);
    std::vector<WeightedColumns> rows;
    for (std::size_t t = 0; t + 1 < dense.columns.size(); ++t)
      for (std::size_t c = dense.columns[t]; c < dense.columns[t + 1]; ++c) {
        rows.emplace_back();
        for (std::size_t i = 0; i < dense.inputs; ++i)
          rows.back().emplace_back(t * dense.inputs + i, dense.weight[i * dense.columns.back() + c]);
      }
    return graph_.combine(x, shape_of(op).size(), rows, dense.bias);
  }

  OnnxValue write(const ops::Sparse& sparse, const Operation& op) {
    return unflatten(graph_.combine(flat_operand(op), shape_of(op).size(), sparse.rows, sparse.bias),
                     op.shape);
  }

  /// Its constants are numbered between the representation, the dense layer in front, and the circuit.
  OnnxValue write(const ops::Affine& affine, const Operation& op) {
    std::size_t from = op.of[0];
    while (!std::holds_alternative<ops::Dense>(list_[from].formula)) from = list_[from].of[0];
    value(from);
    const OnnxValue bias = graph_.vector(affine.bias), factor = graph_.vector(affine.factor);
    return graph_.add(graph_.multiply(operand(op), factor), bias);
  }

  OnnxValue write(const ops::Bound& bound, const Operation& op) {
    const OnnxValue x = operand(op);
    std::vector<double> kept;
    for (double half : bound.half_width) kept.push_back(half == 0.0 ? 1.0 : 0.0);
    const OnnxValue bounded =
        graph_.add(graph_.multiply(graph_.node("Tanh", {x}), graph_.vector(bound.half_width)),
                   graph_.vector(bound.middle));
    if (std::find(kept.begin(), kept.end(), 1.0) == kept.end()) return bounded;
    return graph_.add(bounded, graph_.multiply(x, graph_.vector(kept)));
  }

  /// Factor by factor; numbers with fewer of them are multiplied by 1, which stands behind the others.
  OnnxValue write(const ops::Products& products, const Operation& op) {
    const auto width = extent(shape_of(op).size());
    const OnnxValue x = graph_.node("Pad", {operand(op), graph_.integers({0, 0, 0, 1}), graph_.scalar(1.0)});
    std::size_t most = 0;
    for (const auto& factors : products.factors) most = std::max(most, factors.size());
    OnnxValue product;
    for (std::size_t i = 0; i < most; ++i) {
      std::vector<std::int64_t> columns;
      for (const auto& factors : products.factors)
        columns.push_back(i < factors.size() ? extent(factors[i]) : width);
      const OnnxValue taken = graph_.gather(x, columns, 1);
      product = product.empty() ? taken : graph_.multiply(product, taken);
    }
    return product;
  }

  OnnxValue write(const ops::Activate& activate, const Operation& op) {
    const OnnxValue x = operand(op);
    switch (activate.kind) {
      case Activation::none:
        break;
      case Activation::tanh:
        return graph_.node("Tanh", {x});
      case Activation::relu:
        return graph_.node("Relu", {x});
      case Activation::gelu: {  // x Phi(x), exact
        const OnnxValue erf = graph_.node("Erf", {graph_.multiply(x, graph_.scalar(0.70710678118654752440))});
        const OnnxValue twice_phi = graph_.add(erf, graph_.scalar(1.0));
        return graph_.multiply(graph_.multiply(x, twice_phi), graph_.scalar(0.5));
      }
    }
    return x;
  }

  OnnxValue write(const ops::Norm& norm, const Operation& op) {
    constexpr double epsilon = 1e-5;  // that of the layer
    const std::vector<OnnxAttribute> over_columns{{"axes", std::vector<std::int64_t>{1}}};
    const OnnxValue flat = flat_operand(op);
    const OnnxValue centred = graph_.node("Sub", {flat, graph_.node("ReduceMean", {flat}, over_columns)});
    const OnnxValue variance = graph_.node("ReduceMean", {graph_.multiply(centred, centred)}, over_columns);
    const OnnxValue deviation = graph_.node("Sqrt", {graph_.add(variance, graph_.scalar(epsilon))});
    const OnnxValue scaled =
        graph_.multiply(graph_.node("Div", {centred, deviation}), graph_.vector(norm.gain));
    return unflatten(graph_.add(scaled, graph_.vector(norm.bias)), op.shape);
  }

  OnnxValue write(const ops::Conv& conv, const Operation& op) {
    const OnnxValue x = operand(op);
    const std::int64_t k = extent(conv.kernel), p = extent(conv.padding), s = extent(conv.stride);
    const OnnxValue weight =
        graph_.floats(conv.weight, {extent(op.shape.channels), extent(shape_of(op).channels), k, k});
    return graph_.node("Conv", {x, weight, graph_.vector(conv.bias)},
                       {{"kernel_shape", std::vector<std::int64_t>{k, k}},
                        {"strides", std::vector<std::int64_t>{s, s}},
                        {"pads", std::vector<std::int64_t>{p, p, p, p}}});
  }

  OnnxValue write(const ops::Pool& pool, const Operation& op) {
    const OnnxValue x = operand(op);
    const bool largest = pool.kind == PoolKind::max;
    if (!op.shape.image)
      return graph_.reshape(graph_.node(largest ? "GlobalMaxPool" : "GlobalAveragePool", {x}),
                            {extent(op.shape.size())});
    const std::vector<std::int64_t> window{extent(pool.height), extent(pool.width)};
    return graph_.node(largest ? "MaxPool" : "AveragePool", {x},
                       {{"kernel_shape", window}, {"strides", window}});
  }

  OnnxValue write(const ops::Residual&, const Operation& op) {
    const OnnxValue around = operand(op, 0), through = operand(op, 1);
    return graph_.add(around, through);
  }

  OnnxValue write(const ops::Angles& angles, const Operation& op) {
    const OnnxValue z = flat_operand(op);
    const OnnxValue u = graph_.multiply(z, graph_.scalar(angles.gain));
    switch (angles.map) {
      case AngleMap::shift_tanh:
        return graph_.add(graph_.multiply(graph_.node("Tanh", {u}), graph_.scalar(half_pi)),
                          graph_.scalar(half_pi));
      case AngleMap::shift_atan:
        return graph_.add(graph_.node("Atan", {u}), graph_.scalar(half_pi));
      case AngleMap::pi_tanh:
        return graph_.multiply(graph_.node("Tanh", {u}), graph_.scalar(2.0 * half_pi));
      case AngleMap::linear:
        break;
    }
    return u;
  }

  /// The norms of a binary tree from its leaves up, 2 atan2(right, left) of its nodes, and each level's Walsh
  /// transform. Divided by the largest number first, so that squares stay in the range of a float.
  OnnxValue write(const ops::Amplitudes& amplitudes, const Operation& op) {
    const AmplitudeEncoding& encoding = amplitudes.encoding;
    const OnnxValue z = operand(op);
    const std::size_t leaves = std::size_t{1} << encoding.qubits;
    const std::vector<std::int64_t> of(encoding.of.begin(), encoding.of.end());
    OnnxValue x = graph_.gather(z, of, 1);
    const OnnxValue one = graph_.scalar(1.0), zero = graph_.scalar(0.0);
    const OnnxValue largest =
        graph_.node("ReduceMax", {graph_.node("Abs", {x})}, {{"axes", std::vector<std::int64_t>{1}}});
    x = graph_.node("Div", {x, graph_.node("Where", {graph_.node("Equal", {largest, zero}), one, largest})});
    if (of.size() < leaves)
      x = graph_.node("Pad", {x, graph_.integers({0, 0, 0, extent(leaves - of.size())}), zero});
    std::vector<OnnxValue> levels(static_cast<std::size_t>(encoding.qubits));
    for (int k = encoding.qubits; k-- > 0;) {
      const std::size_t nodes = std::size_t{1} << k;
      std::vector<std::int64_t> even, odd;
      for (std::size_t p = 0; p < nodes; ++p) {
        even.push_back(extent(2 * p));
        odd.push_back(extent(2 * p + 1));
      }
      const OnnxValue left = graph_.gather(x, even, 1), right = graph_.gather(x, odd, 1);
      levels[static_cast<std::size_t>(k)] = rotations(node_angles(left, right), nodes);
      x = graph_.node("Sqrt", {graph_.add(graph_.multiply(left, left), graph_.multiply(right, right))});
    }
    return graph_.concat(levels, 1);
  }

  /// 2 atan2(right, left) with 0 where both are 0: as amplitude_angles.
  OnnxValue node_angles(const OnnxValue& left, const OnnxValue& right) {
    const OnnxValue zero = graph_.scalar(0.0), one = graph_.scalar(1.0), two = graph_.scalar(2.0);
    const OnnxValue full = graph_.scalar(4.0 * half_pi);
    const OnnxValue no_left = graph_.node("Equal", {left, zero});
    const OnnxValue ratio = graph_.node("Div", {right, graph_.node("Where", {no_left, one, left})});
    const OnnxValue turned = graph_.multiply(graph_.node("Atan", {ratio}), two);
    // The half turn for a negative left half has the right half's sign, + for 0.
    const OnnxValue sign =
        graph_.node("Where", {graph_.node("Less", {right, zero}), graph_.scalar(-4.0 * half_pi), full});
    const OnnxValue behind =
        graph_.node("Where", {graph_.node("Less", {left, zero}), graph_.add(turned, sign), turned});
    const OnnxValue upright = graph_.multiply(graph_.node("Sign", {right}), graph_.scalar(2.0 * half_pi));
    return graph_.node("Where", {no_left, upright, behind});
  }

  /// Rotation i of a level is the mean over its nodes, with a sign for each bit that the node's number shares
  /// with the Gray code of i.
  OnnxValue rotations(const OnnxValue& nodes, std::size_t count) {
    std::vector<double> weight(count * count);
    for (std::size_t p = 0; p < count; ++p)
      for (std::size_t i = 0; i < count; ++i)
        weight[p * count + i] =
            (std::popcount(p & (i ^ (i >> 1))) % 2 ? -1.0 : 1.0) / static_cast<double>(count);
    return graph_.dense(nodes, count, weight, {});
  }

  OnnxValue write(const ops::Expectations& circuit, const Operation& op) {
    return add_onnx_circuit(graph_, {circuit.circuit, circuit.params}, operand(op));
  }

  OnnxValue write(const ops::Divide& divide, const Operation& op) {
    const OnnxValue x = operand(op);
    return graph_.multiply(x, graph_.scalar(1.0 / divide.divisor));
  }

  /// Left out where every column is in its unit already.
  OnnxValue write(const ops::LabelUnits& units, const Operation& op) {
    const OnnxValue logits = operand(op);
    const auto all = [](const std::vector<double>& values, double value) {
      return std::all_of(values.begin(), values.end(), [&](double v) { return v == value; });
    };
    if (all(units.factor, 1.0) && all(units.offset, 0.0)) return logits;
    return graph_.add(graph_.multiply(logits, graph_.vector(units.factor)), graph_.vector(units.offset));
  }

  OnnxGraph& graph_;
  const ModelSpec& spec_;
  const OperationList& list_;
  std::vector<std::optional<OnnxValue>> values_;
};

}  // namespace

OnnxValue add_onnx_operations(OnnxGraph& graph, const TrainedModel& model) {
  const OperationList list = operations(model);
  return Writer(graph, model.spec, list).value(list.last());
}

}  // namespace qmtl
