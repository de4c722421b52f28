// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/amplitudes.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/base/math.h"

namespace qmtl {
namespace {

std::size_t gray(std::size_t i) { return i ^ (i >> 1); }

/// 2 atan2(right, left), in (-2 pi, 2 pi]; 0 where both are 0.
double node_angle(double right, double left) {
  if (right == 0.0) return left < 0.0 ? 2.0 * math::pi : 0.0;
  if (std::abs(right) > std::abs(left))
    return std::copysign(math::pi, right) - 2.0 * math::atan(left / right);
  const double angle = 2.0 * math::atan(right / left);
  return left > 0.0 ? angle : angle + std::copysign(2.0 * math::pi, right);
}

/// sum over j of (-1)^(bits that s and j share) * v[j] at s, in place.
void walsh(std::span<double> v) {
  for (std::size_t half = 1; half < v.size(); half *= 2)
    for (std::size_t i = 0; i < v.size(); ++i)
      if (!(i & half)) {
        const double a = v[i], b = v[i + half];
        v[i] = a + b;
        v[i + half] = a - b;
      }
}

/// A binary heap: node p of level k is number 2^k + p, its halves are 2 (2^k + p) and the next. The leaves
/// hold the numbers over the largest of them, inner nodes their norms.
struct NormTree {
  double unit = 0.0;
  std::vector<double> norms;

  NormTree(const AmplitudeEncoding& encoding, std::span<const double> sample)
      : norms(std::size_t{2} << encoding.qubits) {
    for (int number : encoding.of) unit = std::max(unit, std::abs(sample[static_cast<std::size_t>(number)]));
    const std::size_t leaves = norms.size() / 2;
    if (unit > 0.0)
      for (std::size_t j = 0; j < encoding.of.size(); ++j)
        norms[leaves + j] = sample[static_cast<std::size_t>(encoding.of[j])] / unit;
    for (std::size_t node = leaves - 1; node > 0; --node)
      norms[node] = std::sqrt(left(node) * left(node) + right(node) * right(node));
  }
  double left(std::size_t node) const { return norms[2 * node]; }
  double right(std::size_t node) const { return norms[2 * node + 1]; }
};

}  // namespace

int amplitude_qubits(std::size_t numbers) {
  return std::max(1, static_cast<int>(std::bit_width(numbers > 0 ? numbers - 1 : 0)));
}

void amplitude_angles(const AmplitudeEncoding& encoding, std::span<const double> sample,
                      std::span<double> angles) {
  const NormTree tree(encoding, sample);
  std::vector<double> level;
  for (int k = 0; k < encoding.qubits; ++k) {
    const std::size_t nodes = std::size_t{1} << k;
    level.resize(nodes);
    for (std::size_t p = 0; p < nodes; ++p)
      level[p] = node_angle(tree.right(nodes + p), tree.left(nodes + p));
    walsh(level);
    // The inputs of level k stand behind the 2^k - 1 of the levels above.
    for (std::size_t i = 0; i < nodes; ++i)
      angles[nodes - 1 + i] = level[gray(i)] / static_cast<double>(nodes);
  }
}

void add_amplitude_gradient(const AmplitudeEncoding& encoding, std::span<const double> sample,
                            std::span<const double> angle_gradient, std::span<double> sample_gradient) {
  const NormTree tree(encoding, sample);
  if (!(tree.unit > 0.0)) return;
  std::vector<double> of_norms(tree.norms.size(), 0.0), level;
  for (int k = 0; k < encoding.qubits; ++k) {
    const std::size_t nodes = std::size_t{1} << k;
    level.resize(nodes);
    for (std::size_t i = 0; i < nodes; ++i)
      level[gray(i)] = angle_gradient[nodes - 1 + i] / static_cast<double>(nodes);
    walsh(level);
    for (std::size_t p = 0; p < nodes; ++p) {
      const std::size_t node = nodes + p;
      const double norm = tree.norms[node], outer = of_norms[node];
      if (norm == 0.0) {
        of_norms[2 * node] = outer;
        continue;
      }
      const double left = tree.left(node) / norm, right = tree.right(node) / norm;
      const double turn = 2.0 * level[p] / norm;
      of_norms[2 * node] = outer * left - turn * right;
      of_norms[2 * node + 1] = outer * right + turn * left;
    }
  }
  const std::size_t leaves = tree.norms.size() / 2;
  for (std::size_t j = 0; j < encoding.of.size(); ++j)
    sample_gradient[static_cast<std::size_t>(encoding.of[j])] += of_norms[leaves + j] / tree.unit;
}

}  // namespace qmtl
