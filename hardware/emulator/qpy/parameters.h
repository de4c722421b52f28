// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "hardware/emulator/qpy/cursor.h"
#include "runtime/circuit/qasm/reader.h"

namespace qmtl {

/// The parameters of one circuit in a QPY file, numbered as they are met, and the angles made of them: affine
/// ones only.
class QpyParameters {
 public:
  QpyParameters(int version, const QasmLimits& limits) : version_(version), limits_(limits) {}

  /// The table of vectors that a circuit has from version 18 on.
  void read_vectors(QpyCursor& at);
  /// A value of an instruction: a number, a parameter or an expression of parameters.
  Expression angle(char type, QpyCursor value);
  /// The parameters met so far, named so that the order of their names is Qiskit's: by name, elements of
  /// vectors by their number.
  std::vector<QasmInput> inputs() const;

 private:
  using Name = std::pair<std::string, std::uint64_t>;  ///< of a vector with the element's number

  struct Vector {
    std::string name, uuid;
    std::uint64_t size;
  };

  int number(const std::string& uuid, Name name, const QpyCursor& at);
  int read_symbol(char type, QpyCursor& at);
  Expression operand(char type, std::string_view bytes, const QpyCursor& at) const;
  Expression expression(QpyCursor& at);
  void pay(std::size_t terms, const QpyCursor& at);

  int version_;
  const QasmLimits& limits_;
  std::vector<Vector> vectors_;
  std::vector<Name> names_;
  std::map<std::string, int> numbers_;  ///< by the parameter's UUID
  std::size_t terms_ = 0;               ///< handled so far
};

}  // namespace qmtl
