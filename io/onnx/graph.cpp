// SPDX-License-Identifier: Apache-2.0
#include "io/onnx/graph.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace qmtl {
namespace {

void set_type(onnx::ValueInfoProto& info, const std::string& name, std::span<const std::size_t> shape) {
  info.set_name(name);
  onnx::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnx::TensorProto::FLOAT);
  tensor.mutable_shape()->add_dim()->set_dim_param("batch");
  for (std::size_t extent : shape)
    tensor.mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(extent));
}

onnx::TensorProto& add_tensor(onnx::GraphProto& graph, const OnnxValue& name,
                              const std::vector<std::int64_t>& dims, int type) {
  onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (std::int64_t extent : dims) tensor.add_dims(extent);
  return tensor;
}

/// raw_data is little-endian whatever the machine.
template <class Value>
void append_raw(std::string& raw, Value value) {
  std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t> bits;
  static_assert(sizeof bits == sizeof value);
  std::memcpy(&bits, &value, sizeof bits);
  for (std::size_t i = 0; i < sizeof bits; ++i) raw.push_back(static_cast<char>(bits >> (8 * i) & 0xff));
}

std::vector<double> dense_matrix(std::size_t width, const std::vector<WeightedColumns>& rows) {
  std::vector<double> matrix(width * rows.size(), 0.0);
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (const auto& [column, weight] : rows[r]) matrix[column * rows.size() + r] += weight;
  return matrix;
}

/// A gathered number costs about as much as so many products of a dense layer.
constexpr std::size_t gather_cost = 8;

}  // namespace

OnnxValue OnnxGraph::input(const std::string& name, std::span<const std::size_t> shape) {
  set_type(*graph_.add_input(), name, shape);
  return name;
}

void OnnxGraph::declare_output(const std::string& name, std::size_t width) {
  set_type(*graph_.add_output(), name, {&width, 1});
}

OnnxValue OnnxGraph::floats(std::span<const double> values, const std::vector<std::int64_t>& dims) {
  const OnnxValue name = fresh();
  std::string& raw = *add_tensor(graph_, name, dims, onnx::TensorProto::FLOAT).mutable_raw_data();
  raw.reserve(4 * values.size());
  for (double value : values) append_raw(raw, static_cast<float>(value));
  return name;
}

OnnxValue OnnxGraph::vector(std::span<const double> values) {
  return floats(values, {static_cast<std::int64_t>(values.size())});
}

OnnxValue OnnxGraph::integers(const std::vector<std::int64_t>& values) {
  const auto [known, added] = known_integers_.try_emplace(values);
  if (!added) return known->second;
  known->second = fresh();
  onnx::TensorProto& tensor =
      add_tensor(graph_, known->second, {static_cast<std::int64_t>(values.size())}, onnx::TensorProto::INT64);
  for (std::int64_t value : values) append_raw(*tensor.mutable_raw_data(), value);
  return known->second;
}

OnnxValue OnnxGraph::node(const char* type, const std::vector<OnnxValue>& inputs,
                          const std::vector<OnnxAttribute>& attributes) {
  const OnnxValue result = fresh();
  node_to({result}, type, inputs, attributes);
  return result;
}

void OnnxGraph::node_to(const std::vector<OnnxValue>& outputs, const char* type,
                        const std::vector<OnnxValue>& inputs, const std::vector<OnnxAttribute>& attributes) {
  onnx::NodeProto& made = *graph_.add_node();
  made.set_op_type(type);
  made.set_name(std::string(type) + "/" + std::to_string(graph_.node_size()));
  for (const OnnxValue& value : inputs) made.add_input(value);
  for (const OnnxValue& value : outputs) made.add_output(value);
  for (const OnnxAttribute& attribute : attributes) {
    onnx::AttributeProto& proto = *made.add_attribute();
    proto.set_name(attribute.name);
    if (const auto* one = std::get_if<std::int64_t>(&attribute.value)) {
      proto.set_type(onnx::AttributeProto::INT);
      proto.set_i(*one);
    } else {
      proto.set_type(onnx::AttributeProto::INTS);
      for (std::int64_t value : std::get<std::vector<std::int64_t>>(attribute.value)) proto.add_ints(value);
    }
  }
}

OnnxValue OnnxGraph::reshape(const OnnxValue& x, std::vector<std::int64_t> dims) {
  dims.insert(dims.begin(), 0);  // 0 copies the extent of x
  return node("Reshape", {x, integers(dims)});
}

OnnxValue OnnxGraph::gather(const OnnxValue& x, const std::vector<std::int64_t>& indices, std::int64_t axis) {
  return node("Gather", {x, integers(indices)}, {{"axis", axis}});
}

OnnxValue OnnxGraph::concat(const std::vector<OnnxValue>& parts, std::int64_t axis) {
  return parts.size() == 1 ? parts[0] : node("Concat", parts, {{"axis", axis}});
}

OnnxValue OnnxGraph::dense(const OnnxValue& x, std::size_t columns, std::span<const double> weight,
                           std::span<const double> bias) {
  const auto extent = static_cast<std::int64_t>(columns);
  std::vector<OnnxValue> inputs{x,
                                floats(weight, {static_cast<std::int64_t>(weight.size() / columns), extent})};
  if (!bias.empty()) inputs.push_back(vector(bias));
  return node("Gemm", inputs);
}

/// Rows of one entry each: at most a Gather and a Mul.
OnnxValue OnnxGraph::choose(const OnnxValue& x, std::size_t width, const std::vector<WeightedColumns>& rows) {
  std::vector<std::int64_t> columns;
  std::vector<double> weights;
  for (const WeightedColumns& row : rows) {
    columns.push_back(static_cast<std::int64_t>(row[0].first));
    weights.push_back(row[0].second);
  }
  bool all = columns.size() == width;
  for (std::size_t i = 0; all && i < width; ++i) all = columns[i] == static_cast<std::int64_t>(i);
  const OnnxValue chosen = all ? x : gather(x, columns, 1);
  const bool equal = std::all_of(weights.begin(), weights.end(), [&](double w) { return w == weights[0]; });
  if (equal && weights[0] == 1.0) return chosen;
  return multiply(chosen, equal ? scalar(weights[0]) : vector(weights));
}

OnnxValue OnnxGraph::combine(const OnnxValue& x, std::size_t width, const std::vector<WeightedColumns>& rows,
                             std::span<const double> bias) {
  const bool any_bias = std::any_of(bias.begin(), bias.end(), [](double b) { return b != 0.0; });
  const auto biased = [&](const OnnxValue& y) { return any_bias ? add(y, vector(bias)) : y; };
  if (std::all_of(rows.begin(), rows.end(), [](const WeightedColumns& row) { return row.size() == 1; }))
    return biased(choose(x, width, rows));
  std::size_t most = 1;
  for (const WeightedColumns& row : rows) most = std::max(most, row.size());
  if (width <= gather_cost * most) return dense(x, rows.size(), dense_matrix(width, rows), bias);
  std::vector<std::int64_t> columns(rows.size() * most, 0);
  std::vector<double> weights(rows.size() * most, 0.0);
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      columns[r * most + i] = static_cast<std::int64_t>(rows[r][i].first);
      weights[r * most + i] = rows[r][i].second;
    }
  // Samples lie innermost, so that a gathered number is a row of all samples.
  const auto count = static_cast<std::int64_t>(rows.size()), terms = static_cast<std::int64_t>(most);
  const OnnxValue gathered = gather(transpose(x, {1, 0}), columns, 0);
  const OnnxValue products =
      multiply(node("Reshape", {gathered, integers({count, terms, -1})}), floats(weights, {count, terms, 1}));
  const OnnxValue sums = node("ReduceSum", {products, integers({1})}, {{"keepdims", std::int64_t{0}}});
  return biased(transpose(sums, {1, 0}));
}

}  // namespace qmtl
