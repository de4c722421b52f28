// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "io/onnx/model.h"
#include "runtime/circuit/ansatz.h"
#include "runtime/model/data.h"
#include "runtime/model/head_table.h"

namespace qmtl {
namespace {

/// What a head's writer is made from.
struct HeadInput {
  OnnxGraph& graph;
  const EdgeSource& source;
  const OnnxValue& z;
  std::size_t columns;  ///< logits of all tasks
};

double gain_of(const HeadInput& in) {
  return in.source.spec.head.train_gain ? in.source.tensor("head.gain")[0] : in.source.spec.head.gain;
}

/// As angle_of: the angles in radians of z.
OnnxValue angles_of(const HeadInput& in) {
  OnnxGraph& graph = in.graph;
  const OnnxValue u = graph.multiply(in.z, graph.scalar(gain_of(in)));
  switch (in.source.spec.head.angle_map) {
    case AngleMap::shift_tanh:
      return graph.add(graph.multiply(graph.node("Tanh", {u}), graph.scalar(half_pi)), graph.scalar(half_pi));
    case AngleMap::shift_atan:
      return graph.add(graph.node("Atan", {u}), graph.scalar(half_pi));
    case AngleMap::pi_tanh:
      return graph.multiply(graph.node("Tanh", {u}), graph.scalar(2.0 * half_pi));
    case AngleMap::linear:
      break;
  }
  return u;
}

/// The circuit's expectations, divided by the gain, as the heads read them.
OnnxValue readouts_of(const HeadInput& in) {
  const AnsatzSpec ansatz = head_ansatz(in.source.spec);
  const Circuit circuit = build(ansatz);
  std::vector<double> params;
  for (const ParamInfo& info : in.source.infos)
    if (info.name == "head.shared" || info.name == "head.block" || info.name == "head.readout") {
      const std::span<const double> values = in.source.tensor(info.name);
      params.insert(params.end(), values.begin(), values.end());
    }
  const OnnxValue values = add_onnx_circuit(in.graph, {circuit, params}, angles_of(in));
  return in.graph.multiply(values, in.graph.scalar(1.0 / gain_of(in)));
}

OnnxValue qmtl_head(const HeadInput& in) {
  const std::span<const double> scales = in.source.tensor("head.scale");
  std::vector<double> scale;
  std::size_t next = 0;
  for (const TaskSpec& task : in.source.spec.tasks) {
    const bool one = parse_task_kind(task.kind) == TaskKind::multiclass;
    for (int c = 0; c < task.outputs; ++c)
      scale.push_back(scales[next + (one ? 0 : static_cast<std::size_t>(c))]);
    next += one ? 1 : static_cast<std::size_t>(task.outputs);
  }
  return in.graph.add(in.graph.multiply(readouts_of(in), in.graph.vector(scale)),
                      in.graph.vector(in.source.tensor("head.bias")));
}

OnnxValue linear_head(const HeadInput& in) {
  return in.graph.dense(in.z, in.columns, in.source.tensor("head.weight"), in.source.tensor("head.bias"));
}

OnnxValue hybrid_head(const HeadInput& in) {
  return in.graph.dense(readouts_of(in), in.columns, in.source.tensor("head.weight"),
                        in.source.tensor("head.bias"));
}

/// rows[c]: column c of the weights [inputs, columns] on `inputs` values that start at first(task of c).
std::vector<WeightedColumns> task_rows(const HeadInput& in, std::size_t inputs) {
  const std::span<const double> weights = in.source.tensor("head.weight");
  std::vector<WeightedColumns> rows;
  for (std::size_t t = 0; t < in.source.spec.tasks.size(); ++t)
    for (int c = 0; c < in.source.spec.tasks[t].outputs; ++c) {
      WeightedColumns row;
      for (std::size_t i = 0; i < inputs; ++i)
        row.emplace_back(t * inputs + i, weights[i * in.columns + rows.size()]);
      rows.push_back(std::move(row));
    }
  return rows;
}

/// Every task's linear layer reads the values of its own circuit.
OnnxValue separate_head(const HeadInput& in) {
  const auto qubits = static_cast<std::size_t>(in.source.spec.head.ansatz.qubits);
  return in.graph.combine(readouts_of(in), in.source.spec.tasks.size() * qubits, task_rows(in, qubits),
                          in.source.tensor("head.bias"));
}

OnnxValue mlp_head(const HeadInput& in) {
  const std::size_t hidden = static_cast<std::size_t>(in.source.spec.head.hidden),
                    units = in.source.spec.tasks.size() * hidden;
  const OnnxValue values =
      in.graph.node("Tanh", {in.graph.dense(in.z, units, in.source.tensor("head.hidden_weight"),
                                            in.source.tensor("head.hidden_bias"))});
  return in.graph.combine(values, units, task_rows(in, hidden), in.source.tensor("head.bias"));
}

/// Every output reads the columns of z that its register's angles come from, upload by upload.
OnnxValue local_head(const HeadInput& in) {
  const AnsatzSpec& ansatz = in.source.spec.head.ansatz;
  const std::span<const double> weights = in.source.tensor("head.weight");
  std::vector<WeightedColumns> rows;
  std::size_t next = 0;
  for (const Block& block : build(ansatz).blocks)
    for (std::size_t o = 0; o < block.outputs.size(); ++o) {
      WeightedColumns row;
      for (int first = 0; first < ansatz.angles(); first += ansatz.qubits)
        for (int q : block.qubits) row.emplace_back(static_cast<std::size_t>(first + q), weights[next++]);
      rows.push_back(std::move(row));
    }
  return in.graph.combine(in.z, static_cast<std::size_t>(ansatz.angles()), rows,
                          in.source.tensor("head.bias"));
}

struct HeadWriter {
  std::string_view kind;
  OnnxValue (*write)(const HeadInput&);
};
constexpr std::array writers{
    HeadWriter{"qmtl", qmtl_head},         HeadWriter{"hybrid", hybrid_head},
    HeadWriter{"separate", separate_head}, HeadWriter{"linear", linear_head},
    HeadWriter{"mlp", mlp_head},           HeadWriter{"local", local_head},
};

}  // namespace

OnnxValue add_onnx_head(OnnxGraph& graph, const EdgeSource& source, const OnnxValue& z) {
  const ModelSpec& spec = source.spec;
  const auto writer = std::find_if(writers.begin(), writers.end(), [&](const HeadWriter& row) {
    return row.kind == head_kind(spec.head.kind).name;
  });
  return writer->write({graph, source, z, task_columns(spec).back()});
}

}  // namespace qmtl
