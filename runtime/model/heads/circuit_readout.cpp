// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/circuit_readout.h"

namespace qmtl {

void CircuitReadout::logits(std::span<const double> values, double* logits) const {
  std::vector<double> row(outputs);
  for (std::size_t begin = 0; begin < values.size(); begin += outputs) {
    for (std::size_t o = 0; o < outputs; ++o) row[o] = values[begin + o] / divisor;
    for (const ReadoutColumn& column : columns) {
      double sum = 0.0;
      for (std::size_t i = 0; i < column.weights.size(); ++i)
        sum += row[column.outputs[i]] * column.weights[i];
      *logits++ = sum + column.bias;
    }
  }
}

}  // namespace qmtl
