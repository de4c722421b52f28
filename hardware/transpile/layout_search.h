// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hardware/transpile/coupling_graph.h"
#include "hardware/transpile/device_quality.h"
#include "hardware/transpile/one_qubit.h"
#include "hardware/transpile/route.h"
#include "hardware/transpile/transpile.h"

namespace qmtl {

/// A program that is to be written for a device.
struct LayoutTask {
  const DeviceProgram& program;
  const std::vector<RoutedOp>& ops;  ///< its operations, simplified
  const BasisSet& basis;
  const TranspileOptions& options;
  const DeviceQuality* quality;  ///< null: all parts are alike
};

/// A program on a device's qubits, and how it came there.
struct RoutedProgram {
  Routing routing;
  TranspileResult result;
  double cost = 0;  ///< expected errors, or with properties error_cost of all that can go wrong
};

/// Writes a routing in the device's gates.
RoutedProgram written(const LayoutTask& task, const CouplingGraph& graph, std::string kind, Routing routing);

/// Routes from all layouts in all ways and keeps the result with the fewest errors, of equal ones the first.
/// The program has no more qubits than the graph's largest part.
RoutedProgram search_layout(const LayoutTask& task, const CouplingGraph& graph);

/// The same where the device's properties or the user say which parts are better than others: places are also
/// sought by what they cost, with and without swaps. `graph` is of all parts that may be used.
RoutedProgram search_calibrated_layout(const LayoutTask& task, const DeviceTarget& target,
                                       const CouplingGraph& graph);

}  // namespace qmtl
