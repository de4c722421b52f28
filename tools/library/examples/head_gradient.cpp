// SPDX-License-Identifier: Apache-2.0
// Descends a loss of one's own through a quantum head: two tasks on a representation that is somebody else's.
#include <cstdio>
#include <vector>

#include "qmtl/qmtl.h"

int main() try {
  qmtl::TaskHead head({{"sign"}, {"value", "regression"}}, "[circuit]\nqubits = 8\n");
  const std::size_t rows = 32;
  std::vector<float> z(rows * head.width()), logits(rows * head.outputs()), slopes(logits.size()),
      dz(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) z[i] = 0.01f * static_cast<float>(i * 37 % 200) - 1.0f;

  std::vector<double> parameters(head.parameters().begin(), head.parameters().end()),
      gradient(parameters.size());
  double first = 0, loss = 0;
  for (int step = 0; step < 50; ++step) {
    head.forward(z, logits);
    loss = 0;
    for (std::size_t i = 0; i < logits.size();
         ++i) {  // mean of (logit - target)^2 / 2, the target a number of z
      const float difference = logits[i] - z[i / head.outputs() * head.width()];
      slopes[i] = difference / static_cast<float>(logits.size());
      loss += 0.5 * static_cast<double>(difference * slopes[i]);
    }
    if (step == 0) first = loss;
    head.vjp(z, slopes, dz, gradient);  // dz goes on into the network that made z
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i] -= 0.1 * gradient[i];
    head.set_parameters(parameters);
  }
  std::printf("%zu angles, %zu parameters, loss %.4f -> %.4f\n", head.width(), parameters.size(), first,
              loss);
  return loss < 0.5 * first ? 0 : 1;
} catch (const qmtl::Error& error) {
  std::fprintf(stderr, "head_gradient: %s\n", error.what());
  return static_cast<int>(error.code());
}
