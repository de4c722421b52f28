// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/text.h"
#include "runtime/circuit/qasm/reader.h"

namespace qmtl {
namespace {

std::string written(double value) {
  std::string text = significant(value, 17);
  for (int digits = 1; digits < 17; ++digits)
    if (const std::string shorter = significant(value, digits); std::stod(shorter) == value) return shorter;
  return text;
}

std::string written(const Expression& angle) {
  std::string text;
  const auto append = [&](double factor, const std::string& rest) {
    text += factor < 0 ? (text.empty() ? "-" : " - ") : (text.empty() ? "" : " + ");
    const double size = factor < 0 ? -factor : factor;
    if (rest.empty())
      text += written(size);
    else
      text += (size == 1.0 ? "" : written(size) + " * ") + rest;
  };
  for (const Monomial& term : angle.terms) {
    std::string rest = term.param < 0 ? "" : "w[" + std::to_string(term.param) + "]";
    for (int input : term.inputs) rest += (rest.empty() ? "z[" : " * z[") + std::to_string(input) + "]";
    append(term.factor, rest);
  }
  if (angle.constant != 0.0 || angle.terms.empty()) append(angle.constant, "");
  return text;
}

}  // namespace

std::string write_qasm_gates(const std::vector<GateUse>& gates) {
  std::string text;
  for (const GateUse& use : gates) {
    text += info(use.gate).name;
    for (std::size_t a = 0; a < use.angles.size(); ++a) text += (a ? ", " : "(") + written(use.angles[a]);
    if (!use.angles.empty()) text += ")";
    for (std::size_t q = 0; q < use.qubits.size(); ++q)
      text += (q ? ", q[" : " q[") + std::to_string(use.qubits[q]) + "]";
    text += ";\n";
  }
  return text;
}

}  // namespace qmtl
