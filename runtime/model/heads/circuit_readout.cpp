// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/circuit_readout.h"

#include "runtime/base/math.h"

namespace qmtl {

ReadoutColumn::Logit ReadoutColumn::logit(double u) const {
  if (half_width == 0.0) return {u, 1.0};
  const double t = math::tanh(u);
  return {middle + half_width * t, half_width * (1.0 - t * t)};
}

void CircuitReadout::logits(std::span<const double> values, std::span<double> logits,
                            std::span<double> slopes) const {
  std::vector<double> row(outputs);
  std::size_t at = 0;
  for (std::size_t begin = 0; begin < values.size(); begin += outputs) {
    for (std::size_t o = 0; o < outputs; ++o) row[o] = values[begin + o] / divisor;
    for (const ReadoutColumn& column : columns) {
      double sum = 0.0;
      for (std::size_t i = 0; i < column.weights.size(); ++i)
        sum += row[column.outputs[i]] * column.weights[i];
      const ReadoutColumn::Logit logit = column.logit(sum + column.bias);
      logits[at] = logit.value;
      if (!slopes.empty()) slopes[at] = logit.slope;
      ++at;
    }
  }
}

}  // namespace qmtl
