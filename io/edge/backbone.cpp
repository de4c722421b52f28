// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "io/edge/lower.h"
#include "runtime/base/error.h"
#include "runtime/model/shape.h"

namespace qmtl {
namespace {

/// Values on their way: where they are and their shape. What is in x, or still needed, must not be changed in
/// place.
struct Flow {
  EdgeValue value;
  Shape shape;
  bool own = false;
};

std::uint32_t count(const Shape& shape) { return static_cast<std::uint32_t>(shape.size()); }
std::uint32_t image_size(const Shape& shape) {
  return static_cast<std::uint32_t>(shape.height) | static_cast<std::uint32_t>(shape.width) << 16;
}

class Layers {
 public:
  Layers(EdgeBuilder& builder, const EdgeSource& source) : builder_(builder), source_(source) {}

  Flow chain(const std::vector<LayerSpec>& specs, Flow flow, const std::string& where) {
    for (std::size_t i = 0; i < specs.size(); ++i)
      flow = layer(specs[i], flow, where + "." + std::to_string(i));
    return flow;
  }

  Flow dense(const Flow& from, std::size_t width, const std::string& where) {
    const Flow to = fresh(Shape(width));
    add_dense(builder_,
              {source_.tensor(where + ".weight"), source_.tensor(where + ".bias"), from.shape.size(), width,
               0, width},
              from.value, to.value);
    return to;
  }

  Flow fresh(const Shape& shape) { return {builder_.tensor(shape.size()), shape, true}; }

 private:
  Flow layer(const LayerSpec& spec, const Flow& from, const std::string& where) {
    switch (spec.kind) {
      case LayerKind::dropout:
      case LayerKind::augment:
        return from;  // of training alone
      case LayerKind::dense:
        return activation(spec.activation, dense(from, static_cast<std::size_t>(spec.width), where));
      case LayerKind::activation:
        return activation(spec.activation, from);
      case LayerKind::layer_norm:
        return norm(from, where);
      case LayerKind::conv:
        return activation(spec.activation, conv(spec, from, where));
      case LayerKind::pool:
        return pool(spec, from, static_cast<std::size_t>(spec.size), static_cast<std::size_t>(spec.size));
      case LayerKind::global_pool:
        return pool(spec, from, from.shape.height, from.shape.width);
      case LayerKind::residual:
        break;
    }
    // The way round is added to what goes through the layers; nothing may change it on the way.
    Flow around = from;
    around.own = false;
    Flow through = chain(spec.layers, around, where);
    if (!through.own) {
      through = fresh(from.shape);
      builder_.add(QE_COPY, from.value, through.value).a = count(from.shape);
    }
    builder_.add(QE_ADD, from.value, through.value).a = count(from.shape);
    return through;
  }

  /// Where an elementwise operation may write.
  Flow elementwise(const Flow& from) { return from.own ? from : fresh(from.shape); }

  Flow activation(Activation kind, const Flow& from) {
    if (kind == Activation::none) return from;
    const Flow to = elementwise(from);
    EdgeOp& op = builder_.add(kind == Activation::tanh   ? QE_TANH
                              : kind == Activation::relu ? QE_RELU
                                                         : QE_GELU,
                              from.value, to.value);
    op.a = count(from.shape);
    if (kind == Activation::tanh) op.floats = {1.0f, 1.0f, 0.0f};
    return to;
  }

  Flow norm(const Flow& from, const std::string& where) {
    const Flow to = elementwise(from);
    EdgeOp& op = builder_.add(QE_NORM, from.value, to.value);
    op.a = count(from.shape);
    for (const char* part : {".gain", ".bias"})
      for (double value : source_.tensor(where + part)) op.floats.push_back(static_cast<float>(value));
    return to;
  }

  Flow conv(const LayerSpec& spec, const Flow& from, const std::string& where) {
    const auto kernel = static_cast<std::size_t>(spec.kernel), stride = static_cast<std::size_t>(spec.stride),
               padding = static_cast<std::size_t>(spec.padding);
    if (kernel > 255 || stride > 255 || padding > 255 || from.shape.height > 65535 ||
        from.shape.width > 65535)
      throw usage_error(where +
                        ": head files take windows, strides and padding up to 255 and images up to 65535 "
                        "pixels wide and high; export to onnx instead");
    const Flow to = fresh(Shape(static_cast<std::size_t>(spec.channels),
                                (from.shape.height + 2 * padding - kernel) / stride + 1,
                                (from.shape.width + 2 * padding - kernel) / stride + 1));
    EdgeOp& op = builder_.add(QE_CONV, from.value, to.value);
    op.a = static_cast<std::uint32_t>(from.shape.channels);
    op.b = static_cast<std::uint32_t>(spec.channels);
    op.c = static_cast<std::uint32_t>(kernel | stride << 8 | padding << 16);
    op.second = image_size(from.shape);
    for (const char* part : {".bias", ".weight"})
      for (double value : source_.tensor(where + part)) op.floats.push_back(static_cast<float>(value));
    return to;
  }

  Flow pool(const LayerSpec& spec, const Flow& from, std::size_t height, std::size_t width) {
    const Shape out = spec.kind == LayerKind::global_pool
                          ? Shape(from.shape.channels)
                          : Shape(from.shape.channels, from.shape.height / height, from.shape.width / width);
    const Flow to = fresh(out);
    EdgeOp& op = builder_.add(QE_POOL, from.value, to.value);
    op.variant = spec.pool == PoolKind::mean;
    op.a = static_cast<std::uint32_t>(from.shape.channels);
    op.b = static_cast<std::uint32_t>(height);
    op.c = static_cast<std::uint32_t>(width);
    op.second = image_size(from.shape);
    return to;
  }

  EdgeBuilder& builder_;
  const EdgeSource& source_;
};

/// An input as the model sees it.
Flow standardised(Layers& layers, EdgeBuilder& builder, const EdgeSource& source, std::size_t i,
                  std::size_t first) {
  const Shape shape = input_shape(source.spec, i);
  const Flow raw{EdgeValue{EdgeValue::x, static_cast<std::uint32_t>(first)}, shape, false};
  for (const Standardisation& entry : source.standardisation) {
    if (entry.input != source.spec.inputs[i]) continue;
    const Flow to = layers.fresh(shape);
    EdgeOp& op = builder.add(QE_STANDARDISE, raw.value, to.value);
    op.a = count(shape);
    std::vector<float> low, factor;
    for (std::size_t c = 0; c < shape.size(); ++c) {
      const auto high = static_cast<float>(entry.mean[c]);
      op.floats.push_back(high);
      low.push_back(static_cast<float>(entry.mean[c] - static_cast<double>(high)));
      factor.push_back(static_cast<float>(1.0 / entry.deviation[c]));
    }
    op.floats.insert(op.floats.end(), low.begin(), low.end());
    op.floats.insert(op.floats.end(), factor.begin(), factor.end());
    return to;
  }
  return raw;
}

/// The branches' values one after another; a pair stands where the first of its inputs would.
Flow concatenated(Layers& layers, EdgeBuilder& builder, const EdgeSource& source,
                  const std::vector<Flow>& values, bool with_pairs) {
  if (values.size() == 1) return values.front();
  std::vector<std::size_t> partner(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) partner[i] = i;
  std::vector<std::size_t> first_of(partner);
  const auto number = [&](const std::string& input) {
    return static_cast<std::size_t>(std::find(source.spec.inputs.begin(), source.spec.inputs.end(), input) -
                                    source.spec.inputs.begin());
  };
  if (with_pairs)
    for (const auto& names : source.spec.backbone.pairs) {
      const std::size_t a = number(names[0]), b = number(names[1]);
      first_of[a] = first_of[b] = a;
      partner[a] = partner[b] = b;
    }
  std::size_t width = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    width += (partner[i] != first_of[i] ? 2 : 1) * values[i].shape.size();
  const Flow joined = layers.fresh(Shape(width));
  std::size_t at = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t a = first_of[i], b = partner[i];
    if (a == b) {
      builder.add(QE_COPY, values[i].value, joined.value.at(at)).a = count(values[i].shape);
      at += values[i].shape.size();
    } else if (i == std::min(a, b)) {
      builder.add(QE_PAIR, values[a].value, joined.value.at(at), values[b].value).a = count(values[a].shape);
      at += 4 * values[a].shape.size();
    }
  }
  return joined;
}

Flow gated(Layers& layers, EdgeBuilder& builder, const EdgeSource& source, const std::vector<Flow>& values) {
  const Flow all = concatenated(layers, builder, source, values, false);
  const Flow scores = layers.dense(all, all.shape.size(), "fusion");
  Shape shape = values[0].shape;
  for (const Flow& other : values)
    if (other.shape != shape) shape = Shape(shape.size());
  const Flow to = layers.fresh(shape);
  EdgeOp& op = builder.add(QE_GATED, scores.value, to.value, all.value);
  op.a = count(shape);
  op.b = static_cast<std::uint32_t>(values.size());
  return to;
}

}  // namespace

EdgeValue lower_backbone(EdgeBuilder& builder, const EdgeSource& source, std::size_t width) {
  const ModelSpec& spec = source.spec;
  Layers layers(builder, source);
  std::vector<Flow> values;
  std::size_t first = 0;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    Flow flow = standardised(layers, builder, source, i, first);
    first += spec.input_widths[i];
    for (const BranchSpec& branch : spec.backbone.branches)
      if (branch.input == spec.inputs[i]) flow = layers.chain(branch.layers, flow, "branch." + branch.input);
    values.push_back(flow);
  }
  const Flow joined = spec.backbone.fusion == FusionKind::gated
                          ? gated(layers, builder, source, values)
                          : concatenated(layers, builder, source, values, true);
  return layers.dense(layers.chain(spec.backbone.trunk, joined, "trunk"), width, "representation").value;
}

}  // namespace qmtl
