// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "io/onnx/graph.h"
#include "runtime/circuit/plan/plan.h"
#include "runtime/model/trained_model.h"

namespace qmtl {

// The parts of a model as ONNX operators. Each adds its nodes to the graph and returns the value it ends
// with.

/// From the named inputs (which it adds to the graph) to the logits of all tasks [batch, outputs], in the
/// unit of the labels: the model's operations (runtime/model/operations.h) one by one.
OnnxValue add_onnx_operations(OnnxGraph& graph, const TrainedModel& model);

/// A circuit with its trainable numbers.
struct BoundCircuit {
  const Circuit& circuit;
  std::span<const double> params;
};

/// From the sample's angles [batch, circuit.angles] in radians to the expectations [batch,
/// circuit.outputs()], by the planner's cheapest method for each register.
OnnxValue add_onnx_circuit(OnnxGraph& graph, const BoundCircuit& bound, const OnnxValue& angles);

/// Columns of the circuit's outputs.
struct OnnxOutputs {
  OnnxValue value;           ///< [batch, numbers.size()]
  std::vector<int> numbers;  ///< which outputs they are
};
/// Sums of products of cosines and sines (PauliExpansion), all parts together.
OnnxOutputs add_onnx_expansions(OnnxGraph& graph, const BoundCircuit& bound, std::span<const Part> parts,
                                const OnnxValue& angles);
/// A statevector; its blocks as gates on a copy of it, or as operators on the registers' density matrices.
OnnxOutputs add_onnx_state(OnnxGraph& graph, const BoundCircuit& bound, const Part& part,
                           const OnnxValue& angles);

}  // namespace qmtl
