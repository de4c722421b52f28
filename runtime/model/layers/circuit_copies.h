// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/model/layers/layer_spec.h"
#include "runtime/model/layers/shape.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// A layer of circuits on samples of a given shape: which numbers each copy reads and where its outputs go.
struct CopyLayout {
  std::size_t copies = 0;
  std::size_t inputs = 0, outputs = 0;  ///< of one copy
  std::vector<std::size_t> column;      ///< [copies, inputs]: of the sample's numbers
  std::vector<std::size_t> place;       ///< [copies, outputs]: in the layer's output
  Shape shape;                          ///< of the layer's output

  /// Whether the copies read the sample's numbers in their order.
  bool reads_in_order(std::size_t width) const;
  bool writes_in_order() const;
};

/// The circuit of one copy: the stage as configured, each qubit's Z or the observables behind it.
AnsatzSpec copy_ansatz(const CircuitCopies& spec);
/// What is wrong with a circuit, said of the layer's keys instead of the tables [circuit], [block] and
/// [engine].
Error layer_error(const Error& error, const std::string& where);
/// `where` begins the keys in messages; throws Error (usage) naming the key.
Assembly assemble_copy(const CircuitCopies& spec, const std::string& where);
/// Throws Error (usage) naming the key where the inputs do not fill the copies.
CopyLayout lay_out(const CircuitCopies& spec, const Assembly& circuit, const Shape& input,
                   const std::string& where);

/// Writes down which plan the circuits in the backbone's layers run by, where that is left to the program.
void resolve_layer_plans(ModelSpec& spec);

/// `copies` of a circuit next to each other, with inputs, parameters and trainable numbers of their own;
/// outputs copy by copy.
Circuit side_by_side(const Circuit& circuit, std::size_t copies);

}  // namespace qmtl
