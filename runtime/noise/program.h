// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/circuit/circuit.h"
#include "runtime/noise/noise_model.h"
#include "runtime/noise/schedule.h"

namespace qmtl {

/// One step on a state that holds only the qubits alive. Places are bit positions in that state; a new qubit
/// takes the highest, and those above a dropped one move down.
struct Step {
  enum class Kind : std::uint8_t {
    add,      ///< a qubit in |0>
    gate,     ///< operation `index` of the program
    channel,  ///< channel `index` of the noise model
    drop,     ///< trace out, or measure, the qubit
  };
  Kind kind = Kind::gate;
  int place0 = -1, place1 = -1;
  int index = -1;              ///< see kind; add and drop: position among the measured qubits, or -1
  std::uint32_t position = 0;  ///< of its random number; fixed by the schedule, not by the order of execution
};

/// How the joint state (or one shot) of some measured qubits is simulated with noise.
struct Program {
  std::vector<int> measured;  ///< circuit's qubits
  std::vector<Op> ops;        ///< of the backward cone, scheduled
  std::vector<int> cone;      ///< the cone's qubits, ascending
  std::vector<Step> steps;
  std::vector<int> places;  ///< where each measured qubit is at the end; -1: it was dropped, that is measured
  int peak = 0;             ///< qubits alive at once
  double cost = 0;          ///< sum over operations of 4^(qubits alive)
};

/// The program for a scheduled circuit. With `release`, measured qubits too are dropped after their last
/// operation: enough for drawing shots, and the only way for many measured qubits.
Program make_program(std::span<const Timed> timed, int qubits, std::span<const int> measured,
                     const NoiseTable& noise, bool release);

}  // namespace qmtl
