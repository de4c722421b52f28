// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/circuit/amplitudes.h"
#include "runtime/circuit/expression.h"
#include "runtime/circuit/gates.h"

namespace qmtl {

/// Where the angle of a rotation comes from.
enum class Source : std::uint8_t {
  none,   ///< a fixed gate; a rotation by `angle`
  angle,  ///< angle number `index` of the sample (the encoded representation)
  param,  ///< parameter number `index`
};

/// What a rotation is to the gate that was written: a controlled rotation is half of it and the half undone.
/// Both halves' angles and parameters are functions of one number: an engine reads the first half's alone,
/// and of their gradients only what they bring that number together is defined.
enum class Half : std::uint8_t {
  whole,
  first,
  undone,  ///< turns by minus what the first half does
};

/// One elementary gate of a circuit. Qubits are global numbers; qubit 0 is the least significant bit of a
/// basis index.
struct Op {
  Gate gate;
  int q0 = 0;
  int q1 = -1;  ///< second qubit of a two-qubit gate (target of cx), else -1
  Source source = Source::none;
  int index = -1;
  bool silent = false;  ///< part of a gate made of several: a device's noise does not act after it
  double angle = 0.0;   ///< radians, of a rotation that neither a sample nor a parameter turns
  Half half = Half::whole;

  bool operator==(const Op&) const = default;
};

/// What a rotation turns by where no sample does.
inline double fixed_angle(const Op& op, std::span<const double> params) {
  return op.source == Source::param ? params[static_cast<std::size_t>(op.index)] : op.angle;
}
/// A rotation of a qubit about a Pauli by a fixed angle.
Op fixed_rotation(char pauli, int qubit, double angle);
/// How many quarter turns, 0..3, a fixed rotation is; -1 for other angles. Such gates only permute Pauli
/// strings. The tolerance is that of a handful of roundings of numbers like pi / 2.
int quarter_turns(const Op& op);

/// A weighted Z-string: weight * product of Z over `qubits` (global numbers, ascending).
struct ZString {
  std::vector<int> qubits;
  double weight = 1.0;
  int weight_param = -1;  ///< if >= 0 the weight is this trainable parameter and `weight` is ignored

  bool operator==(const ZString&) const = default;
};

/// The weight that counts, for the circuit's trainable numbers.
inline double weight_of(const ZString& string, std::span<const double> params) {
  return string.weight_param < 0 ? string.weight : params[static_cast<std::size_t>(string.weight_param)];
}

/// A diagonal observable: sum of weighted Z-strings. Its expectation is one output of the circuit.
struct Readout {
  std::vector<ZString> strings;

  bool operator==(const Readout&) const = default;
};

/// A task block: gates on `qubits` (its register, in order) that follow the shared stage, and the readouts
/// measured after it. The outputs of block i follow those of block i - 1.
struct Block {
  std::vector<int> qubits;
  std::vector<Op> ops;
  std::vector<Readout> outputs;

  bool operator==(const Block&) const = default;
};

/// The circuit's angles that an encoding's rotations turn by, level by level.
struct EncodedAngles {
  int encoding = 0;  ///< number among the whole circuit's
  int numbers = 0;   ///< that are encoded; the amplitudes behind them are 0
  std::vector<int> angles;

  bool operator==(const EncodedAngles&) const = default;
};

/// The head's circuit: a shared stage (uploads and shared layers) and task blocks that branch from its state.
struct Circuit {
  int qubits = 0;
  int angles = 0;  ///< angles per sample
  int params = 0;  ///< numbers that are the same for all samples: shared stage, blocks, readout weights
  std::vector<Op> shared;
  std::vector<Block> blocks;
  /// What each angle is of a sample's inputs, and each parameter of the trainable numbers; empty: itself.
  std::vector<Expression> angle_of, param_of;
  int inputs = 0, trainable = 0;  ///< how many there are; 0 where `angle_of`, `param_of` are empty
  /// Their angles are further inputs of `angle_of`, behind the sample's own.
  std::vector<AmplitudeEncoding> encodings;
  /// Those encodings whose angles are the circuit's, all of them: in cones as well, which know no inputs.
  std::vector<EncodedAngles> encoded;

  int outputs() const {
    int count = 0;
    for (const Block& block : blocks) count += static_cast<int>(block.outputs.size());
    return count;
  }
  /// Numbers of a sample that the circuit encodes.
  int sample_inputs() const { return angle_of.empty() ? angles : inputs; }
  /// Those and the angles of encodings: what `angle_of` reads.
  int function_inputs() const {
    int count = sample_inputs();
    for (const AmplitudeEncoding& encoding : encodings) count += encoding.rotations();
    return count;
  }
  /// Numbers that are learned.
  int trainable_numbers() const { return param_of.empty() ? params : trainable; }
  bool operator==(const Circuit&) const = default;
};

/// What a rotation turns by, of the sample's inputs (and the angles of encodings) and the trainable numbers.
Expression turn_of(const Circuit& circuit, const Op& op);

/// The circuit's parameters for those trainable numbers.
std::vector<double> bound_params(const Circuit& circuit, std::span<const double> trainable);

/// Adds to the trainable numbers' `gradient` what parameter number `param` brings, whose gradient is `g`.
void add_trained_gradient(const Circuit& circuit, int param, double g, std::span<const double> trainable,
                          std::span<double> gradient);

}  // namespace qmtl
