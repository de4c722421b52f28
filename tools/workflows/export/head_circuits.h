// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "hardware/split.h"
#include "tools/workflows/export/format.h"

namespace qmtl {

/// A model's head as programs for devices, with everything that turns counts into its logits.
struct HeadCircuits {
  const Circuit* circuit = nullptr;
  HeadSplit split = HeadSplit::wide;
  std::vector<HeadProgram> programs;
  std::vector<double> angles;  ///< [source.rows, circuit->angles]
};

/// Cuts the head as the options say, and computes the angles of source.rows. Throws
/// Error (usage) for heads without a circuit.
HeadCircuits head_circuits(const ExportSource& source);
/// Throws Error (usage), which begins with `where`, for a kind of head without a circuit.
void check_circuit_head(const std::string& kind, const std::string& where);
/// ExportFormat::check of the forms that hold circuits.
void check_has_circuit(const TrainedModel& model);

/// Text of a CSV file: sample, id, one column for each of the circuit's angles.
std::string angles_csv(const ExportSource& source, const HeadCircuits& head);

/// One program: qubits, inputs, readings of outputs, gates and depths.
nlohmann::ordered_json program_json(const ExportSource& source, const HeadCircuits& head,
                                    const HeadProgram& program);

/// Every logit as bias + sum of weights times outputs of the circuit. Heads are affine behind their circuit;
/// they are asked for the numbers, so that every kind is served alike.
nlohmann::ordered_json logits_json(const ExportSource& source);

}  // namespace qmtl
