// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/circuit/qasm/cursor.h"
#include "runtime/circuit/qasm/expression.h"
#include "runtime/circuit/qasm/reader.h"

namespace qmtl {

/// Reads an OpenQASM text statement by statement: those about declarations and measurements are in
/// statements.cpp, those about gates in gate_statements.cpp.
class QasmReader {
 public:
  QasmReader(std::string_view text, const std::string& name, const QasmLimits& limits,
             const QasmScope& scope);
  QasmProgram read();

 private:
  struct Register {
    int first, size;
  };
  /// A gate that the text defines: its body is read again at each use.
  struct Definition {
    std::vector<std::string> angles, qubits;
    QasmCursor body;  ///< behind the opening brace
  };
  /// What the names of a definition's body stand for.
  struct Call {
    const Definition& gate;
    const std::vector<int>& qubits;
    const std::vector<Expression>& angles;
  };

  void statement();
  void type(const std::string& name);
  /// input float[64] name; input float name[n]; input array[float[64], n] name;
  void input();
  int numbers() const;
  void declare();
  std::vector<int> indexed(const std::map<std::string, Register>& registers, const char* what);
  std::vector<int> bit_operand();
  std::vector<int> qubit_operand();
  void delay();
  void begin_measure();
  void measure(const std::vector<int>& qubits, const std::vector<int>& bits);
  QasmProgram finish();

  std::vector<std::string> names(std::string_view end, const char* what);
  void definition();
  /// A known gate's definition must make the gates that it is here.
  void check_definition(Gate gate, const std::string& name, const Definition& definition);
  std::vector<int> operand(const Call* call);
  std::optional<Expression> named(const std::string& name, const Call* call);
  /// One use of a gate; in a definition's body the names are those of `call`.
  void gate(const Call* call);
  /// Registers as operands: the gate on each of their qubits.
  template <class Emit>
  void broadcast(const std::vector<std::vector<int>>& operands, const Emit& emit);
  /// Reads the body with its names bound; then goes on where it was.
  void call(const Definition& gate_of, const std::vector<int>& qubits, const std::vector<Expression>& angles);

  QasmProgram program_;
  QasmCursor at_;
  const QasmLimits limits_;
  int bit_count_ = 0, depth_ = 0;
  std::size_t applied_ = 0, terms_ = 0;
  std::map<std::string, Register> qubits_, bits_;
  std::map<std::string, std::size_t> inputs_;  ///< name -> place in the program's list
  std::map<int, int> reading_of_;              ///< classical bit -> qubit
  std::map<int, bool> read_;
  std::map<std::string, Definition> definitions_;
};

}  // namespace qmtl
