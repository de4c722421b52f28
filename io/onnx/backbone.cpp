// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "io/onnx/model.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// Images are [batch, channels, height, width], all else [batch, width].
struct Activations {
  OnnxValue value;
  Shape shape;
};

std::int64_t extent(std::size_t value) { return static_cast<std::int64_t>(value); }

class BackboneWriter {
 public:
  BackboneWriter(OnnxGraph& graph, const EdgeSource& source)
      : graph_(graph), source_(source), spec_(source.spec) {}

  OnnxValue write(std::size_t width) {
    std::vector<Activations> branches;
    for (std::size_t i = 0; i < spec_.inputs.size(); ++i) {
      Activations x = standardised(i);
      for (const BranchSpec& branch : spec_.backbone.branches)
        if (branch.input == spec_.inputs[i]) x = layers(x, branch.layers, "branch." + branch.input);
      branches.push_back(x);
    }
    const Activations joined = spec_.backbone.fusion == FusionKind::gated ? gated(branches) : joint(branches);
    return dense(layers(joined, spec_.backbone.trunk, "trunk"), width, "representation").value;
  }

 private:
  /// (x - mean) / deviation, with the mean in two parts: x and mean may be large and close to each other.
  Activations standardised(std::size_t i) {
    const Shape shape = input_shape(spec_, i);
    const bool shaped = i < spec_.input_shapes.size() && !spec_.input_shapes[i].empty();
    const std::vector<std::size_t> extents =
        shaped ? spec_.input_shapes[i] : std::vector<std::size_t>{spec_.input_widths[i]};
    OnnxValue x = graph_.input(spec_.inputs[i], extents);
    if (extents.size() > 1) x = graph_.reshape(x, {-1});
    for (const Standardisation& entry : source_.standardisation) {
      if (entry.input != spec_.inputs[i]) continue;
      std::vector<double> rest, inverse;
      bool needed = false;
      for (std::size_t c = 0; c < entry.mean.size(); ++c) {
        inverse.push_back(1.0 / entry.deviation[c]);
        rest.push_back(entry.mean[c] - static_cast<double>(static_cast<float>(entry.mean[c])));
        needed = needed || std::abs(rest[c] * inverse[c]) > 1e-7;
      }
      x = graph_.node("Sub", {x, graph_.vector(entry.mean)});
      if (needed) x = graph_.node("Sub", {x, graph_.vector(rest)});
      x = graph_.multiply(x, graph_.vector(inverse));
    }
    return unflatten({x, shape});
  }

  Activations flatten(const Activations& x) {
    if (!x.shape.image) return x;
    return {graph_.reshape(x.value, {extent(x.shape.size())}), Shape(x.shape.size())};
  }
  /// x flat, but of a sample's shape x.shape.
  Activations unflatten(const Activations& x) {
    if (!x.shape.image) return x;
    return {
        graph_.reshape(x.value, {extent(x.shape.channels), extent(x.shape.height), extent(x.shape.width)}),
        x.shape};
  }

  Activations joint(const std::vector<Activations>& branches) {
    if (branches.size() == 1) return branches[0];
    std::vector<OnnxValue> parts;
    std::size_t width = 0;
    const auto append = [&](const OnnxValue& value, std::size_t columns) {
      parts.push_back(value);
      width += columns;
    };
    std::vector<bool> joined(branches.size(), false);
    for (std::size_t i = 0; i < branches.size(); ++i) {
      if (joined[i]) continue;
      const auto [first, second] = pair_of(i);
      const OnnxValue a = flatten(branches[first]).value;
      const std::size_t columns = branches[first].shape.size();
      append(a, columns);
      if (first == second) continue;
      const OnnxValue b = flatten(branches[second]).value;
      append(b, columns);
      append(graph_.node("Abs", {graph_.node("Sub", {a, b})}), columns);
      append(graph_.multiply(a, b), columns);
      joined[first] = joined[second] = true;
    }
    return {graph_.concat(parts, 1), Shape(width)};
  }
  /// The pair that input i is in, or {i, i}.
  std::pair<std::size_t, std::size_t> pair_of(std::size_t i) const {
    const auto number = [&](const std::string& input) {
      return static_cast<std::size_t>(std::find(spec_.inputs.begin(), spec_.inputs.end(), input) -
                                      spec_.inputs.begin());
    };
    for (const std::vector<std::string>& pair : spec_.backbone.pairs)
      if (pair[0] == spec_.inputs[i] || pair[1] == spec_.inputs[i]) return {number(pair[0]), number(pair[1])};
    return {i, i};
  }

  Activations gated(const std::vector<Activations>& branches) {
    std::vector<OnnxValue> parts;
    bool equal = true;
    for (const Activations& branch : branches) {
      parts.push_back(flatten(branch).value);
      equal = equal && branch.shape == branches[0].shape;
    }
    const std::size_t width = branches[0].shape.size();
    const std::vector<std::int64_t> stacked{extent(branches.size()), extent(width)};
    const OnnxValue all = graph_.concat(parts, 1);
    const OnnxValue scores =
        dense({all, Shape(branches.size() * width)}, branches.size() * width, "fusion").value;
    const OnnxValue weights =
        graph_.node("Softmax", {graph_.reshape(scores, stacked)}, {{"axis", std::int64_t{1}}});
    const OnnxValue products = graph_.multiply(weights, graph_.reshape(all, stacked));
    const OnnxValue sum =
        graph_.node("ReduceSum", {products, graph_.integers({1})}, {{"keepdims", std::int64_t{0}}});
    return unflatten({sum, equal ? branches[0].shape : Shape(width)});
  }

  Activations layers(Activations x, const std::vector<LayerSpec>& specs, const std::string& where) {
    for (std::size_t i = 0; i < specs.size(); ++i)
      x = activation(layer(x, specs[i], where + "." + std::to_string(i)), specs[i].activation);
    return x;
  }

  Activations layer(const Activations& x, const LayerSpec& spec, const std::string& where) {
    switch (spec.kind) {
      case LayerKind::dense:
        return dense(x, static_cast<std::size_t>(spec.width), where);
      case LayerKind::layer_norm:
        return layer_norm(x, where);
      case LayerKind::conv:
        return conv(x, spec, where);
      case LayerKind::pool:
        return pool(x, spec);
      case LayerKind::global_pool: {
        const OnnxValue y =
            graph_.node(spec.pool == PoolKind::max ? "GlobalMaxPool" : "GlobalAveragePool", {x.value});
        return {graph_.reshape(y, {extent(x.shape.channels)}), Shape(x.shape.channels)};
      }
      case LayerKind::residual:
        return {graph_.add(x.value, layers(x, spec.layers, where).value), x.shape};
      case LayerKind::dropout:
      case LayerKind::augment:
      case LayerKind::activation:
        break;  // the first two change training alone; activation() does the last
    }
    return x;
  }

  Activations dense(const Activations& x, std::size_t width, const std::string& where) {
    return {graph_.dense(flatten(x).value, width, source_.tensor(where + ".weight"),
                         source_.tensor(where + ".bias")),
            Shape(width)};
  }

  Activations layer_norm(const Activations& x, const std::string& where) {
    constexpr double epsilon = 1e-5;  // that of the layer
    const std::vector<OnnxAttribute> over_columns{{"axes", std::vector<std::int64_t>{1}}};
    const OnnxValue flat = flatten(x).value;
    const OnnxValue centred = graph_.node("Sub", {flat, graph_.node("ReduceMean", {flat}, over_columns)});
    const OnnxValue variance = graph_.node("ReduceMean", {graph_.multiply(centred, centred)}, over_columns);
    const OnnxValue deviation = graph_.node("Sqrt", {graph_.add(variance, graph_.scalar(epsilon))});
    const OnnxValue scaled = graph_.multiply(graph_.node("Div", {centred, deviation}),
                                             graph_.vector(source_.tensor(where + ".gain")));
    return unflatten({graph_.add(scaled, graph_.vector(source_.tensor(where + ".bias"))), x.shape});
  }

  Activations conv(const Activations& x, const LayerSpec& spec, const std::string& where) {
    const std::int64_t k = spec.kernel, p = spec.padding, s = spec.stride;
    const auto outputs = [&](std::size_t pixels) {
      return (pixels + 2 * static_cast<std::size_t>(p) - static_cast<std::size_t>(k)) /
                 static_cast<std::size_t>(s) +
             1;
    };
    const OnnxValue weight =
        graph_.floats(source_.tensor(where + ".weight"), {spec.channels, extent(x.shape.channels), k, k});
    const OnnxValue y = graph_.node("Conv", {x.value, weight, graph_.vector(source_.tensor(where + ".bias"))},
                                    {{"kernel_shape", std::vector<std::int64_t>{k, k}},
                                     {"strides", std::vector<std::int64_t>{s, s}},
                                     {"pads", std::vector<std::int64_t>{p, p, p, p}}});
    return {y,
            Shape(static_cast<std::size_t>(spec.channels), outputs(x.shape.height), outputs(x.shape.width))};
  }

  Activations pool(const Activations& x, const LayerSpec& spec) {
    const std::vector<std::int64_t> window{spec.size, spec.size};
    const auto size = static_cast<std::size_t>(spec.size);
    return {graph_.node(spec.pool == PoolKind::max ? "MaxPool" : "AveragePool", {x.value},
                        {{"kernel_shape", window}, {"strides", window}}),
            Shape(x.shape.channels, x.shape.height / size, x.shape.width / size)};
  }

  Activations activation(const Activations& x, Activation kind) {
    switch (kind) {
      case Activation::none:
        break;
      case Activation::tanh:
        return {graph_.node("Tanh", {x.value}), x.shape};
      case Activation::relu:
        return {graph_.node("Relu", {x.value}), x.shape};
      case Activation::gelu: {  // x Phi(x), exact
        const OnnxValue erf =
            graph_.node("Erf", {graph_.multiply(x.value, graph_.scalar(0.70710678118654752440))});
        const OnnxValue twice_phi = graph_.add(erf, graph_.scalar(1.0));
        return {graph_.multiply(graph_.multiply(x.value, twice_phi), graph_.scalar(0.5)), x.shape};
      }
    }
    return x;
  }

  OnnxGraph& graph_;
  const EdgeSource& source_;
  const ModelSpec& spec_;
};

}  // namespace

OnnxValue add_onnx_backbone(OnnxGraph& graph, const EdgeSource& source, std::size_t width) {
  return BackboneWriter(graph, source).write(width);
}

}  // namespace qmtl
