// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "runtime/model/head.h"

namespace qmtl {

/// Hybrid QMTL: one circuit for all tasks, no blocks; all its <Z_q> / gain feed one classical linear layer.
/// Every task group runs the whole circuit.
/// Tensors "head.shared", "head.weight" [qubits, outputs], "head.bias" [outputs] and, if trained,
/// "head.gain".
template <class Real>
std::unique_ptr<Head<Real>> make_hybrid_head(const HeadSetup& setup);

/// A whole circuit of its own for every task on the same angles; its <Z_q> / gain feed the task's linear
/// layer. Tensors "head.block" (task by task), "head.weight" [qubits, outputs] (column c weighs the Z of its
/// own task's circuit), "head.bias" [outputs] and, if trained, "head.gain".
template <class Real>
std::unique_ptr<Head<Real>> make_separate_head(const HeadSetup& setup);

/// Their circuits, from the table [circuit] alone: a block without gates on every qubit; a block per task on
/// all qubits. separate_ansatz throws Error (usage) for more than one upload.
AnsatzSpec hybrid_ansatz(const ModelSpec& spec);
AnsatzSpec separate_ansatz(const ModelSpec& spec);

/// Their formulas, for exports (HeadKind::list).
void list_hybrid_head(const TrainedModel& model, OperationList& list);
void list_separate_head(const TrainedModel& model, OperationList& list);

}  // namespace qmtl
