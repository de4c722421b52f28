// SPDX-License-Identifier: Apache-2.0
#include "io/edge/lower.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/model/data.h"
#include "runtime/model/operations.h"

namespace qmtl {
namespace {

std::uint32_t word(std::size_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t image_size(const Shape& shape) { return word(shape.height) | word(shape.width) << 16; }
void append(std::vector<float>& floats, std::span<const double> values) {
  for (double value : values) floats.push_back(static_cast<float>(value));
}
EdgeValue y_at(std::size_t column) { return {EdgeValue::y, word(column)}; }

/// Columns first .. first + count - 1 of W [inputs, total] and b [total], with W times `factor`, and then
/// each column in its label's unit.
struct Columns {
  std::span<const double> weight, bias;
  std::size_t inputs = 0, total = 0, first = 0, count = 0;
  double factor = 1.0;
};

/// One call per operation, in their order.
class Lowering {
 public:
  Lowering(const ModelSpec& spec, const OperationList& list, EdgeMethod method)
      : list_(list), method_(method), values_(list.size()), last_use_(list.size(), 0) {
    for (std::size_t width : spec.input_widths) {
      input_begin_.push_back(x_);
      x_ += width;
    }
    for (std::size_t i = 0; i < list.size(); ++i)
      for (std::size_t value : list[i].of) last_use_[value] = i;
    const auto& units = std::get<ops::LabelUnits>(list[list.last()].formula);
    for (std::size_t c = 0; c < units.factor.size(); ++c)
      units_.push_back({units.offset[c], units.factor[c]});
  }

  EdgeModel run() {
    for (at_ = 0; at_ < list_.size(); ++at_)
      std::visit([&](const auto& formula) { lower(formula); }, list_[at_].formula);
    EdgeModel model = builder_.finish();
    model.method = described_;
    return model;
  }

 private:
  const Shape& shape() const { return list_[at_].shape; }
  std::size_t operand(std::size_t n = 0) const { return list_[at_].of[n]; }
  const Shape& shape_of(std::size_t n = 0) const { return list_[operand(n)].shape; }
  EdgeValue value_of(std::size_t n = 0) const { return values_[operand(n)]; }

  /// The logits, which go to y in the labels' units.
  bool logits() const { return at_ + 2 == list_.size(); }
  EdgeValue fresh() { return values_[at_] = builder_.tensor(shape().size()); }
  EdgeValue logits_or_fresh() { return logits() ? values_[at_] = y_at(0) : fresh(); }
  /// Where an operation may write that takes number by number: over its operand if nobody needs that later.
  EdgeValue elementwise() {
    const bool own = value_of().tensor != EdgeValue::x && last_use_[operand()] == at_;
    return own ? values_[at_] = value_of() : fresh();
  }

  void add_dense(const Columns& dense, EdgeValue from, EdgeValue to) {
    EdgeOp& op = builder_.add(QE_DENSE, from, to);
    op.a = word(dense.inputs);
    op.b = word(dense.count);
    const auto unit = [&](std::size_t c) { return logits() ? units_[dense.first + c] : EdgeReadout{}; };
    for (std::size_t c = 0; c < dense.count; ++c)
      op.floats.push_back(static_cast<float>(dense.bias[dense.first + c] * unit(c).factor + unit(c).start));
    for (std::size_t c = 0; c < dense.count; ++c)
      for (std::size_t i = 0; i < dense.inputs; ++i)
        op.floats.push_back(static_cast<float>(dense.weight[i * dense.total + dense.first + c] *
                                               dense.factor * unit(c).factor));
  }

  void lower(const ops::Input& input) {
    const EdgeValue raw{EdgeValue::x, word(input_begin_[input.number])};
    if (input.mean.empty()) {
      values_[at_] = raw;
      return;
    }
    const EdgeValue to = fresh();
    EdgeOp& op = builder_.add(QE_STANDARDISE, raw, to);
    op.a = word(shape().size());
    std::vector<float> low, factor;
    for (std::size_t c = 0; c < shape().size(); ++c) {
      const auto high = static_cast<float>(input.mean[c]);
      op.floats.push_back(high);
      low.push_back(static_cast<float>(input.mean[c] - static_cast<double>(high)));
      factor.push_back(static_cast<float>(1.0 / input.deviation[c]));
    }
    op.floats.insert(op.floats.end(), low.begin(), low.end());
    op.floats.insert(op.floats.end(), factor.begin(), factor.end());
  }

  void lower(const ops::Join& join) {
    const EdgeValue joined = fresh();
    std::size_t column = 0;
    for (const auto& [a, b] : join.parts) {
      const std::size_t width = shape_of(a).size();
      if (a == b)
        builder_.add(QE_COPY, value_of(a), joined.at(column)).a = word(width);
      else
        builder_.add(QE_PAIR, value_of(a), joined.at(column), value_of(b)).a = word(width);
      column += (a == b ? 1 : 4) * width;
    }
  }

  void lower(const ops::Gate& gate) {
    const EdgeValue to = fresh();
    EdgeOp& op = builder_.add(QE_GATED, value_of(0), to, value_of(1));
    op.a = word(shape().size());
    op.b = word(gate.branches);
  }

  void lower(const ops::Dense& dense) {
    const std::size_t columns = shape().size();
    const EdgeValue to = logits_or_fresh();
    add_dense({dense.weight, dense.bias, shape_of().size(), columns, 0, columns, factor_}, value_of(), to);
    factor_ = 1.0;
  }

  void lower(const ops::BlockDense& dense) {
    const EdgeValue to = logits_or_fresh();
    const std::size_t total = dense.columns.back();
    for (std::size_t t = 0; t + 1 < dense.columns.size(); ++t)
      add_dense({dense.weight, dense.bias, dense.inputs, total, dense.columns[t],
                 dense.columns[t + 1] - dense.columns[t], factor_},
                value_of().at(t * dense.inputs), to.at(dense.columns[t]));
    factor_ = 1.0;
  }

  void lower(const ops::Sparse& sparse) {
    const EdgeValue to = logits_or_fresh();
    ops::Sparse map = sparse;
    for (std::size_t o = 0; o < map.rows.size(); ++o) {
      const EdgeReadout unit = logits() ? units_[o] : EdgeReadout{};
      map.bias[o] = map.bias[o] * unit.factor + unit.start;
      for (auto& [column, weight] : map.rows[o]) weight = weight * factor_ * unit.factor;
    }
    factor_ = 1.0;
    add_sparse(value_of(), shape_of().size(), to, map);
  }
  /// The sums of some of a value's numbers, each times a coefficient, and a bias.
  void add_sparse(EdgeValue from, std::size_t width, EdgeValue to, const ops::Sparse& map) {
    EdgeOp& op = builder_.add(QE_SPARSE, from, to);
    op.a = word(map.rows.size());
    op.b = word(width);
    append(op.floats, map.bias);
    std::vector<std::uint32_t> index;
    for (const auto& row : map.rows) {
      op.words.push_back(word(row.size()));
      for (const auto& [column, weight] : row) {
        op.floats.push_back(static_cast<float>(weight));
        index.push_back(word(column));
      }
    }
    op.c = word(index.size());
    op.words.insert(op.words.end(), index.begin(), index.end());
  }

  /// Two gathered factors after another go through the operation for pairs, whose last quarter is their
  /// product.
  void lower(const ops::Products& products) {
    const std::size_t width = products.factors.size();
    std::size_t most = 2;
    for (const auto& factors : products.factors) most = std::max(most, factors.size());
    const auto gathered = [&](std::size_t number) {
      const EdgeValue to = builder_.tensor(width);
      ops::Sparse map;
      for (const auto& factors : products.factors) {
        const bool there = number < factors.size();
        map.bias.push_back(there ? 0.0 : 1.0);
        map.rows.emplace_back();
        if (there) map.rows.back().emplace_back(factors[number], 1.0);
      }
      add_sparse(value_of(), shape_of().size(), to, map);
      return to;
    };
    EdgeValue product = gathered(0);
    for (std::size_t number = 1; number < most; ++number) {
      const EdgeValue factor = gathered(number), pair = builder_.tensor(4 * width);
      builder_.add(QE_PAIR, product, pair, factor).a = word(width);
      product = pair.at(3 * width);
    }
    values_[at_] = product;
  }

  void lower(const ops::Activate& activate) {
    const EdgeValue to = elementwise();
    EdgeOp& op = builder_.add(activate.kind == Activation::tanh   ? QE_TANH
                              : activate.kind == Activation::relu ? QE_RELU
                                                                  : QE_GELU,
                              value_of(), to);
    op.a = word(shape().size());
    if (activate.kind == Activation::tanh) op.floats = {1.0f, 1.0f, 0.0f};
  }

  void lower(const ops::Norm& norm) {
    const EdgeValue to = elementwise();
    EdgeOp& op = builder_.add(QE_NORM, value_of(), to);
    op.a = word(shape().size());
    append(op.floats, norm.gain);
    append(op.floats, norm.bias);
  }

  void lower(const ops::Conv& conv) {
    const Shape& from = shape_of();
    if (conv.kernel > 255 || conv.stride > 255 || conv.padding > 255 || from.height > 65535 ||
        from.width > 65535)
      throw usage_error(conv.name +
                        ": head files take windows, strides and padding up to 255 and images up to 65535 "
                        "pixels wide and high; export to onnx instead");
    const EdgeValue to = fresh();
    EdgeOp& op = builder_.add(QE_CONV, value_of(), to);
    op.a = word(from.channels);
    op.b = word(shape().channels);
    op.c = word(conv.kernel | conv.stride << 8 | conv.padding << 16);
    op.second = image_size(from);
    append(op.floats, conv.bias);
    append(op.floats, conv.weight);
  }

  void lower(const ops::Pool& pool) {
    const EdgeValue to = fresh();
    EdgeOp& op = builder_.add(QE_POOL, value_of(), to);
    op.variant = pool.kind == PoolKind::mean;
    op.a = word(shape_of().channels);
    op.b = word(pool.height);
    op.c = word(pool.width);
    op.second = image_size(shape_of());
  }

  /// The way round is added in place to what went through the layers, or to a copy where these do nothing.
  void lower(const ops::Residual&) {
    const EdgeValue around = value_of(0);
    values_[at_] = value_of(1);
    if (operand(0) == operand(1)) builder_.add(QE_COPY, around, fresh()).a = word(shape().size());
    builder_.add(QE_ADD, around, values_[at_]).a = word(shape().size());
  }

  /// A linear map is left to the circuit, whose angles are then in units of `radians_`.
  void lower(const ops::Angles& angles) {
    constexpr auto half = static_cast<float>(math::pi / 2), pi = static_cast<float>(math::pi);
    radians_ = 1.0;
    if (angles.map == AngleMap::linear && std::holds_alternative<ops::Expectations>(list_[at_ + 1].formula)) {
      values_[at_] = value_of();
      radians_ = angles.gain;
      return;
    }
    if (angles.map == AngleMap::linear) {
      ops::Sparse scaled;
      scaled.bias.assign(shape().size(), 0.0);
      for (std::size_t i = 0; i < shape().size(); ++i) scaled.rows.push_back({{i, angles.gain}});
      return lower(scaled);
    }
    const EdgeValue to = elementwise();
    EdgeOp& op = builder_.add(angles.map == AngleMap::shift_atan ? QE_ATAN : QE_TANH, value_of(), to);
    op.a = word(shape().size());
    const auto gain = static_cast<float>(angles.gain);
    if (angles.map == AngleMap::shift_tanh) op.floats = {gain, half, half};
    if (angles.map == AngleMap::shift_atan) op.floats = {gain, 1.0f, half};
    if (angles.map == AngleMap::pi_tanh) op.floats = {gain, pi, 0.0f};
  }

  /// Circuits scale their outputs themselves, so that they take the affine map behind them along.
  void lower(const ops::Expectations& circuit) {
    const EdgeValue angles = value_of();
    std::vector<EdgeReadout> readouts(shape().size());
    const auto next = [&]<class F>(std::size_t n) {
      return at_ + n < list_.size() ? std::get_if<F>(&list_[at_ + n].formula) : nullptr;
    };
    const auto* divide = next.template operator()<ops::Divide>(1);
    const auto* affine = next.template operator()<ops::Affine>(2);
    if (divide != nullptr && affine != nullptr) {
      at_ += 2;
      for (std::size_t o = 0; o < readouts.size(); ++o) {
        const EdgeReadout unit = logits() ? units_[o] : EdgeReadout{};
        readouts[o] = {affine->bias[o] * unit.factor + unit.start,
                       affine->factor[o] / divide->divisor * unit.factor};
      }
    }
    const EdgeValue to = logits_or_fresh();
    described_ = lower_circuit(
        builder_, {circuit.circuit, circuit.params, angles, radians_, to, std::move(readouts), method_});
  }

  /// Left to the weights of the layer behind.
  void lower(const ops::Divide& divide) {
    values_[at_] = value_of();
    factor_ = 1.0 / divide.divisor;
  }
  void lower(const ops::Affine&) {
    throw usage_error("head files hold an affine map right behind a circuit only; export to onnx instead");
  }
  /// Runs of bounded columns, and of those that are kept.
  void lower(const ops::Bound& bound) {
    const EdgeValue from = value_of(), to = logits_or_fresh();
    const std::size_t width = shape().size();
    const auto unit = [&](std::size_t o) { return logits() ? units_[o] : EdgeReadout{}; };
    for (std::size_t o = 0; o < width; ++o) {
      const bool kept = bound.half_width[o] == 0.0;
      EdgeOp& op = builder_.add(kept ? QE_SPARSE : QE_TANH, from.at(o), to.at(o));
      op.a = 1;
      if (kept) {
        op.b = op.c = 1;
        op.floats = {static_cast<float>(unit(o).start), static_cast<float>(unit(o).factor)};
        op.words = {1, 0};
      } else {
        op.floats = {1.0f, static_cast<float>(bound.half_width[o] * unit(o).factor),
                     static_cast<float>(bound.middle[o] * unit(o).factor + unit(o).start)};
      }
    }
  }

  /// The numbers, filled up with zeros; their tree; its nodes in the order of the rotations.
  void lower(const ops::Amplitudes& amplitudes) {
    const AmplitudeEncoding& encoding = amplitudes.encoding;
    const std::size_t leaves = std::size_t{1} << encoding.qubits;
    const EdgeValue x = builder_.tensor(leaves), tree = builder_.tensor(2 * leaves), to = fresh();
    ops::Sparse numbers, rotations;
    numbers.rows.resize(leaves);
    numbers.bias.assign(leaves, 0.0);
    for (std::size_t j = 0; j < encoding.of.size(); ++j)
      numbers.rows[j].emplace_back(static_cast<std::size_t>(encoding.of[j]), 1.0);
    add_sparse(value_of(), shape_of().size(), x, numbers);
    builder_.add(QE_AMPLITUDES, x, tree).a = word(static_cast<std::size_t>(encoding.qubits));
    for (std::size_t nodes = 1; nodes < leaves; nodes *= 2)
      for (std::size_t i = 0; i < nodes; ++i)
        rotations.rows.push_back({{nodes + (i ^ (i >> 1)), 1.0 / static_cast<double>(nodes)}});
    rotations.bias.assign(rotations.rows.size(), 0.0);
    add_sparse(tree, 2 * leaves, to, rotations);
  }
  void lower(const ops::LabelUnits&) {}  // the operation before has them

  const OperationList& list_;
  EdgeMethod method_;
  EdgeBuilder builder_;
  std::size_t at_ = 0;  ///< the operation that is lowered
  std::vector<EdgeValue> values_;
  std::vector<std::size_t> last_use_;  ///< number of the last operation that reads the value
  std::vector<std::size_t> input_begin_;
  std::size_t x_ = 0;
  std::vector<EdgeReadout> units_;  ///< of the logits
  double radians_ = 1.0, factor_ = 1.0;
  std::string described_;
};

}  // namespace

EdgeModel lower_model(const TrainedModel& source, EdgeMethod method) {
  const OperationList list = operations(source);
  EdgeModel model = Lowering(source.spec, list, method).run();
  for (std::size_t i = 0; i < source.spec.inputs.size(); ++i) {
    const std::uint32_t width = word(source.spec.input_widths[i]);
    const InputMeaning& meaning = source.meaning.input(source.spec.inputs[i]);
    std::vector<std::string> names = meaning.columns;
    for (std::size_t c = 0; c < std::min(names.size(), meaning.units.size()); ++c)
      if (!meaning.units[c].empty()) names[c] += " [" + meaning.units[c] + "]";
    model.inputs.push_back({source.spec.inputs[i], 0, model.x, width, std::move(names)});
    model.x += width;
  }
  for (const TaskSpec& task : source.spec.tasks) {
    const auto outputs = static_cast<std::uint32_t>(task.outputs);
    const TaskMeaning& meaning = source.meaning.task(task.name);
    model.tasks.push_back({task.name, static_cast<std::uint32_t>(parse_task_kind(task.kind)), model.y,
                           outputs, meaning.classes});
    if (!meaning.unit.empty()) model.tasks.back().names = {meaning.unit};
    model.y += outputs;
  }
  return model;
}

}  // namespace qmtl
