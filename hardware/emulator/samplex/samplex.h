// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hardware/emulator/samplex/registers.h"
#include "hardware/program.h"

namespace qmtl {

/// Random numbers of one draw: functions of what they are for alone.
struct SamplexRandom {
  std::uint64_t seed = 0;
  std::uint32_t item = 0, arguments = 0;  ///< which item of the job, which of its sets of arguments
  std::uint32_t number = 0;               ///< of the draws with these arguments

  std::uint32_t bits(std::uint32_t node, std::uint32_t element, std::uint32_t draw) const;
};

/// What a draw works on: the node's functions below read and write it.
struct SamplexDraw {
  SamplexRandom random;
  std::vector<double> expressions;              ///< the parameter table's values
  std::vector<std::span<const double>> inputs;  ///< as in Samplex::inputs
  std::vector<SamplexRegister> registers;
  std::vector<double> angles;                    ///< of the template circuit
  std::vector<std::vector<std::uint8_t>> flips;  ///< as in Samplex::flips
};

/// How the angles of a template circuit are drawn: the samplex of IBM's twirled primitives (Samplomatic,
/// serialisation 4). It holds Paulis drawn at random, pushed past Clifford gates and multiplied into
/// one-qubit gates, and says which readings they flip. Noise that is injected and Cliffords as twirls are
/// refused.
struct Samplex {
  struct Tensor {
    std::string name;
    std::size_t size = 0;  ///< of its last axis
  };
  using Node = std::function<void(SamplexDraw& draw)>;

  std::vector<Tensor> inputs;  ///< its arguments
  std::vector<Tensor> flips;   ///< what it says besides angles: bits per register of readings
  std::size_t angles = 0;      ///< of the template circuit
  std::size_t elements = 0;    ///< of all registers: what one draw costs
  int parameters = -1;         ///< the input with the values of the circuit's parameters; -1: none

  DeviceProgram table;                               ///< rz of each expression of the parameters
  std::vector<std::int64_t> passed_to, passed_from;  ///< angles that are expressions
  std::vector<Node> nodes;                           ///< in an order in which they can be done
  std::vector<SamplexRegister> registers;            ///< empty ones

  /// `arguments` as in inputs.
  SamplexDraw draw(const SamplexRandom& random, std::vector<std::span<const double>> arguments) const;
};

/// Reads a samplex as JSON. Throws Error (data) for what it does not know, naming the node.
Samplex read_samplex(std::string_view json);

}  // namespace qmtl
