// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hardware/mitigation/row_reading.h"
#include "hardware/mitigation/settings.h"
#include "hardware/program.h"
#include "hardware/target.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

struct CancellationPlan;

/// One of the programs that are executed in the place of one: what a kind of mitigation makes of it.
struct Variant {
  DeviceProgram program;
  double factor = 1.0;             ///< of the noise
  int stratum = 0;                 ///< ProgramPlace's
  std::vector<double> weights;     ///< for each output of the program
  std::vector<bool> flipped = {};  ///< readings with an x in front of them
  double share = 1.0;              ///< of the shots
  bool random = false;             ///< its random numbers are its own: not to be repeated with others
  bool twirled = false;            ///< it is one of the programs that twirling draws
  std::uint32_t circuit = 0;       ///< of a program: keys its random numbers
};

/// What variants are made for.
struct VariantRequest {
  const MitigationSettings& settings;
  const DeviceTarget& target;
  std::uint64_t seed = 0;
  std::uint32_t part = 0;               ///< number of the program
  std::int64_t shots = 0;               ///< of the program
  std::span<const ReadOutput> outputs;  ///< that it measures
  std::size_t rows = 0;
  std::span<const double> values = {};       ///< [rows, program.inputs]
  const NoiseModel* noise = nullptr;         ///< what is known of the device
  CancellationPlan* cancellation = nullptr;  ///< where what is cancelled is noted
};

/// The program and what the settings' kinds make of it.
std::vector<Variant> make_variants(const DeviceProgram& program, const VariantRequest& request);

// The steps of the kinds, in their order.
void fold_variants(std::vector<Variant>& variants, const VariantRequest& request);
void cancel_variants(std::vector<Variant>& variants, const VariantRequest& request);
void twirl_gates(std::vector<Variant>& variants, const VariantRequest& request);
void twirl_readings(std::vector<Variant>& variants, const VariantRequest& request);
void decouple_variants(std::vector<Variant>& variants, const VariantRequest& request);

/// The program with pulses where its qubits wait for each other or for the readings, every gate as soon as
/// its qubits are free; gates have the lengths of `noise`. What turns a qubit about Z while it waits then
/// cancels (X X), and what turns it about any axis (X Y X Y, "XY4"; Viola, Knill and Lloyd 1999, "Dynamical
/// decoupling of open quantum systems"), as far as it does not change meanwhile. Throws Error (usage) where a
/// length is not known.
DeviceProgram decoupled(const DeviceProgram& program, const NoiseModel& noise, DecouplingKind kind,
                        std::span<const DeviceGate> basis);

/// A Pauli (1 X, 2 Y, 3 Z) on a qubit from the gates of a basis, up to a phase; nothing for 0.
std::vector<DeviceOp> pauli_ops(int pauli, int qubit, std::span<const DeviceGate> basis);

/// Gates of one qubit in a row, those at `inserted` among them, become as few as the basis allows, so that
/// Paulis that were put in cost no gate where others are beside them. Rows without an inserted gate stay.
DeviceProgram with_runs_merged(const DeviceProgram& program, const std::vector<bool>& inserted,
                               std::span<const DeviceGate> basis);

}  // namespace qmtl
