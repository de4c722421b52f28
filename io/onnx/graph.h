// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace onnx {
class AttributeProto;
class GraphProto;
class ModelProto;
class NodeProto;
class TensorProto;
class ValueInfoProto;
}  // namespace onnx

namespace qmtl {

/// Name of a value in an ONNX graph. Its first dimension is the batch, unless it is a constant.
using OnnxValue = std::string;

struct OnnxAttribute {
  const char* name;
  std::variant<std::int64_t, std::vector<std::int64_t>> value;
};

/// sum over entries (column, weight) of weight * x[column].
using WeightedColumns = std::vector<std::pair<std::size_t, double>>;

/// Grows a graph node by node. Numbers are float32.
class OnnxGraph {
 public:
  explicit OnnxGraph(onnx::GraphProto& graph) : graph_(graph) {}

  /// Shapes are those of a sample; the batch comes first and is free.
  OnnxValue input(const std::string& name, std::span<const std::size_t> shape);
  void declare_output(const std::string& name, std::size_t width);

  /// Constants; equal lists of integers share one.
  OnnxValue floats(std::span<const double> values, const std::vector<std::int64_t>& dims);
  OnnxValue scalar(double value) { return floats({&value, 1}, {}); }
  OnnxValue vector(std::span<const double> values);
  OnnxValue integers(const std::vector<std::int64_t>& values);

  OnnxValue node(const char* type, const std::vector<OnnxValue>& inputs,
                 const std::vector<OnnxAttribute>& attributes = {});
  void node_to(const std::vector<OnnxValue>& outputs, const char* type, const std::vector<OnnxValue>& inputs,
               const std::vector<OnnxAttribute>& attributes = {});

  OnnxValue add(const OnnxValue& a, const OnnxValue& b) { return node("Add", {a, b}); }
  OnnxValue multiply(const OnnxValue& a, const OnnxValue& b) { return node("Mul", {a, b}); }
  /// The batch stays; `dims` are the others, none left open (-1): a batch of no samples has a shape too.
  OnnxValue reshape(const OnnxValue& x, std::vector<std::int64_t> dims);
  OnnxValue gather(const OnnxValue& x, const std::vector<std::int64_t>& indices, std::int64_t axis);
  OnnxValue concat(const std::vector<OnnxValue>& parts, std::int64_t axis);
  OnnxValue transpose(const OnnxValue& x, const std::vector<std::int64_t>& order) {
    return node("Transpose", {x}, {{"perm", order}});
  }
  /// x W + b of x [batch, rows of W]; W [rows, columns] row-major, b empty or [columns].
  OnnxValue dense(const OnnxValue& x, std::size_t columns, std::span<const double> weight,
                  std::span<const double> bias);
  /// One column per row, plus bias (empty: none), of x [batch, width]: a plain choice of columns, a dense
  /// product, or gathered products where that is much less.
  OnnxValue combine(const OnnxValue& x, std::size_t width, const std::vector<WeightedColumns>& rows,
                    std::span<const double> bias);

 private:
  OnnxValue fresh() { return "v" + std::to_string(values_++) + "/qmtl"; }
  OnnxValue choose(const OnnxValue& x, std::size_t width, const std::vector<WeightedColumns>& rows);

  onnx::GraphProto& graph_;
  std::size_t values_ = 0;
  std::map<std::vector<std::int64_t>, OnnxValue> known_integers_;
};

}  // namespace qmtl
