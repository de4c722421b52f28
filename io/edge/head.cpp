// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "io/edge/lower.h"
#include "runtime/circuit/ansatz.h"
#include "runtime/base/error.h"
#include "runtime/model/data.h"
#include "runtime/model/head_table.h"
#include "runtime/base/math.h"
#include "runtime/train/label_scale.h"

namespace qmtl {
namespace {

/// Each column's unit: logits as they are, regression from standardised labels to labels.
std::vector<EdgeReadout> label_units(const EdgeSource& source) {
  std::vector<EdgeReadout> units;
  for (const TaskSpec& task : source.spec.tasks) {
    const LabelScale scale = label_scale(source.standardisation, task);
    units.insert(units.end(), static_cast<std::size_t>(task.outputs), {scale.mean, scale.deviation});
  }
  return units;
}

EdgeValue y_at(std::size_t column) { return {EdgeValue::y, static_cast<std::uint32_t>(column)}; }

double gain_of(const EdgeSource& source) {
  return source.spec.head.train_gain ? source.tensor("head.gain")[0] : source.spec.head.gain;
}

/// The circuit's trainable numbers, in the order of ParamLayout.
std::vector<double> circuit_params(const EdgeSource& source) {
  std::vector<double> values;
  for (const char* part : {"head.shared", "head.block", "head.readout"})
    for (const ParamInfo& info : source.infos)
      if (info.name == part) {
        const auto numbers = source.tensor(part);
        values.insert(values.end(), numbers.begin(), numbers.end());
      }
  return values;
}

/// Angles of z, in place; returns what times them are radians.
double lower_angles(EdgeBuilder& builder, const EdgeSource& source, EdgeValue z, std::size_t count) {
  constexpr auto half = static_cast<float>(math::pi / 2), pi = static_cast<float>(math::pi);
  const auto gain = static_cast<float>(gain_of(source));
  const AngleMap map = source.spec.head.angle_map;
  if (map == AngleMap::linear) return gain_of(source);
  EdgeOp& op = builder.add(map == AngleMap::shift_atan ? QE_ATAN : QE_TANH, z, z);
  op.a = static_cast<std::uint32_t>(count);
  if (map == AngleMap::shift_tanh) op.floats = {gain, half, half};
  if (map == AngleMap::shift_atan) op.floats = {gain, 1.0f, half};
  if (map == AngleMap::pi_tanh) op.floats = {gain, pi, 0.0f};
  return 1.0;
}

std::string lower_expectations(EdgeBuilder& builder, const EdgeSource& source, const Circuit& circuit,
                               EdgeValue z, EdgeValue target, std::vector<EdgeReadout> readouts) {
  const std::vector<double> params = circuit_params(source);
  const double radians = lower_angles(builder, source, z, static_cast<std::size_t>(circuit.angles));
  return lower_circuit(builder, {circuit, params, z, radians, target, std::move(readouts), source.method});
}

std::string lower_qmtl(EdgeBuilder& builder, const EdgeSource& source, EdgeValue z) {
  const std::vector<EdgeReadout> units = label_units(source);
  const auto scale = source.tensor("head.scale"), bias = source.tensor("head.bias");
  const double gain = gain_of(source);
  std::vector<EdgeReadout> readouts;
  std::size_t next_scale = 0;
  for (const TaskSpec& task : source.spec.tasks)
    for (int c = 0; c < task.outputs; ++c) {
      // One scale for all classes of a multiclass task, else one for each output.
      if (c == 0 || parse_task_kind(task.kind) != TaskKind::multiclass) ++next_scale;
      const std::size_t o = readouts.size();
      readouts.push_back(
          {bias[o] * units[o].factor + units[o].start, scale[next_scale - 1] / gain * units[o].factor});
    }
  return lower_expectations(builder, source, build(head_ansatz(source.spec)), z, y_at(0),
                            std::move(readouts));
}

/// hybrid: one circuit's Z values for all tasks; separate: a circuit's for each task.
std::string lower_z_head(EdgeBuilder& builder, const EdgeSource& source, EdgeValue z) {
  const Circuit circuit = build(head_ansatz(source.spec));
  const auto outputs = static_cast<std::size_t>(circuit.outputs()),
             qubits = static_cast<std::size_t>(circuit.qubits);
  const EdgeValue expectations = builder.tensor(outputs);
  const std::string method =
      lower_expectations(builder, source, circuit, z, expectations, std::vector<EdgeReadout>(outputs));
  const std::vector<std::size_t> columns = task_columns(source.spec);
  const std::vector<EdgeReadout> units = label_units(source);
  DenseBlock block{
      source.tensor("head.weight"), source.tensor("head.bias"), qubits, columns.back(), 0, columns.back(),
      1.0 / gain_of(source)};
  if (source.spec.head.kind == "hybrid") {
    add_dense(builder, block, expectations, y_at(0), units);
    return method;
  }
  for (std::size_t t = 0; t + 1 < columns.size(); ++t) {
    block.first = columns[t];
    block.count = columns[t + 1] - columns[t];
    add_dense(builder, block, expectations.at(t * qubits), y_at(columns[t]), units);
  }
  return method;
}

std::string lower_linear(EdgeBuilder& builder, const EdgeSource& source, EdgeValue z) {
  const std::size_t columns = task_columns(source.spec).back();
  add_dense(builder,
            {source.tensor("head.weight"), source.tensor("head.bias"), representation_width(source.spec),
             columns, 0, columns},
            z, y_at(0), label_units(source));
  return {};
}

std::string lower_mlp(EdgeBuilder& builder, const EdgeSource& source, EdgeValue z) {
  const std::vector<std::size_t> columns = task_columns(source.spec);
  const std::size_t width = representation_width(source.spec);
  const auto hidden = static_cast<std::size_t>(source.spec.head.hidden),
             units = source.spec.tasks.size() * hidden;
  const EdgeValue inner = builder.tensor(units);
  add_dense(builder,
            {source.tensor("head.hidden_weight"), source.tensor("head.hidden_bias"), width, units, 0, units},
            z, inner);
  EdgeOp& op = builder.add(QE_TANH, inner, inner);
  op.a = static_cast<std::uint32_t>(units);
  op.floats = {1.0f, 1.0f, 0.0f};
  const std::vector<EdgeReadout> label = label_units(source);
  for (std::size_t t = 0; t + 1 < columns.size(); ++t)
    add_dense(builder,
              {source.tensor("head.weight"), source.tensor("head.bias"), hidden, columns.back(), columns[t],
               columns[t + 1] - columns[t]},
              inner.at(t * hidden), y_at(columns[t]), label);
  return {};
}

/// Each output's weights on the columns that its register would see, upload by upload.
std::string lower_local(EdgeBuilder& builder, const EdgeSource& source, EdgeValue z) {
  const AnsatzSpec& ansatz = source.spec.head.ansatz;
  const std::vector<EdgeReadout> units = label_units(source);
  const auto weight = source.tensor("head.weight"), bias = source.tensor("head.bias");
  EdgeOp& op = builder.add(QE_SPARSE, z, y_at(0));
  op.a = static_cast<std::uint32_t>(units.size());
  op.b = static_cast<std::uint32_t>(ansatz.angles());
  for (std::size_t o = 0; o < units.size(); ++o)
    op.floats.push_back(static_cast<float>(bias[o] * units[o].factor + units[o].start));
  std::vector<std::uint32_t> index;
  std::size_t output = 0;
  for (const Block& block : build(ansatz).blocks)
    for (std::size_t repeat = 0; repeat < block.outputs.size(); ++repeat, ++output) {
      std::uint32_t entries = 0;
      for (int u = 0; u < ansatz.angles() / ansatz.qubits; ++u)
        for (int q : block.qubits) {
          op.floats.push_back(static_cast<float>(weight[index.size()] * units[output].factor));
          index.push_back(static_cast<std::uint32_t>(u * ansatz.qubits + q));
          ++entries;
        }
      op.words.push_back(entries);
    }
  op.c = static_cast<std::uint32_t>(index.size());
  op.words.insert(op.words.end(), index.begin(), index.end());
  return {};
}

/// One row per kind of head (runtime/model/head_table.h).
struct LoweredHead {
  std::string_view kind;
  std::string (*lower)(EdgeBuilder&, const EdgeSource&, EdgeValue z);
};
constexpr LoweredHead heads[] = {{"qmtl", lower_qmtl},       {"hybrid", lower_z_head},
                                 {"separate", lower_z_head}, {"linear", lower_linear},
                                 {"mlp", lower_mlp},         {"local", lower_local}};

}  // namespace

std::size_t representation_width(const ModelSpec& spec) {
  return static_cast<std::size_t>(head_kind(spec.head.kind).angles ? spec.head.ansatz.angles()
                                                                   : spec.head.width);
}

std::string lower_head(EdgeBuilder& builder, const EdgeSource& source, EdgeValue z) {
  for (const LoweredHead& head : heads)
    if (head.kind == source.spec.head.kind) return head.lower(builder, source, z);
  throw usage_error("head.kind: head files do not hold the head '" + source.spec.head.kind + "'");
}

}  // namespace qmtl
