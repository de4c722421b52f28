// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "io/onnx/model.h"
#include "runtime/circuit/plan/plan.h"

namespace qmtl {

OnnxValue add_onnx_circuit(OnnxGraph& graph, const BoundCircuit& bound, const OnnxValue& angles) {
  const Plan plan = make_plan(bound.circuit);
  std::vector<Part> expansions;
  std::vector<OnnxOutputs> found;
  for (const Part& part : plan.parts) {
    if (part.method == BlockMethod::pauli)
      expansions.push_back(part);
    else
      found.push_back(add_onnx_state(graph, bound, part, angles));
  }
  if (!expansions.empty()) found.push_back(add_onnx_expansions(graph, bound, expansions, angles));

  std::vector<OnnxValue> values;
  std::vector<std::int64_t> place(static_cast<std::size_t>(bound.circuit.outputs()));
  std::int64_t column = 0;
  for (const OnnxOutputs& outputs : found) {
    values.push_back(outputs.value);
    for (int number : outputs.numbers) place[static_cast<std::size_t>(number)] = column++;
  }
  std::vector<std::int64_t> in_order(place.size());
  std::iota(in_order.begin(), in_order.end(), 0);
  const OnnxValue all = graph.concat(values, 1);
  return place == in_order ? all : graph.gather(all, place, 1);
}

}  // namespace qmtl
