// SPDX-License-Identifier: Apache-2.0
#include "io/edge/model.h"

#include <array>
#include <bit>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr std::array<EdgeKind, QE_KINDS - 1> kinds{{
    {QE_COPY, "copy", QE_F_PLAIN},
    {QE_ADD, "add", QE_F_PLAIN},
    {QE_STANDARDISE, "standardise", QE_F_PLAIN},
    {QE_RELU, "relu", QE_F_PLAIN},
    {QE_TANH, "tanh", QE_F_TANH},
    {QE_ATAN, "atan", QE_F_ATAN},
    {QE_GELU, "gelu", QE_F_GELU},
    {QE_SPARSE, "sparse", 0},
    {QE_TRIG, "trig", 0},
    {QE_PAULI, "pauli", QE_F_PAULI},
    {QE_PRODUCT, "product", QE_F_STATE},
    {QE_ROTATE, "rotate", QE_F_STATE},
    {QE_EXPECT, "expect", QE_F_EXPECT},
    {QE_SPECTRUM, "spectrum", QE_F_STATE},
    {QE_DENSE, "dense", QE_F_DENSE},
    {QE_CONV, "conv", QE_F_IMAGES},
    {QE_POOL, "pool", QE_F_IMAGES},
    {QE_NORM, "norm", QE_F_NORM},
    {QE_PAIR, "pair", QE_F_FUSION},
    {QE_GATED, "gated", QE_F_FUSION},
    {QE_AMPLITUDES, "amplitudes", QE_F_AMPLITUDES},
}};

constexpr bool kinds_are_complete() {
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (kinds[i].kind != i + 1) return false;
  return true;
}
static_assert(kinds_are_complete(), "every kind of operation needs its row, in order");

double amplitudes(const EdgeOp& op) { return static_cast<double>(std::uint64_t{1} << op.a); }
double parts(const EdgeOp& op) { return op.variant ? 2.0 : 1.0; }

/// Multiplications with additions of a rotation list on a state of `size` amplitudes.
double rotation_work(const EdgeOp& op, double size) {
  double sum = 0.0;
  for (std::size_t i = 0; i < op.words.size(); i += 2)
    sum += (op.words[i] & 0xffff) != 0 ? 2.0 * size * (op.kind == QE_PRODUCT || op.variant ? 2.0 : 1.0)
                                       : 4.0 * size;
  return sum;
}

}  // namespace

const EdgeKind& edge_kind(std::uint32_t kind) {
  if (kind == 0 || kind > kinds.size()) throw data_error("no operation has the kind " + std::to_string(kind));
  return kinds[kind - 1];
}

std::uint32_t edge_features(const EdgeModel& model) {
  std::uint32_t features = 0;
  for (const EdgeOp& op : model.ops) {
    features |= edge_kind(op.kind).feature;
    if (!op.packed.empty()) features |= QE_F_PACKED;
  }
  return features;
}

std::size_t edge_data_words(const EdgeOp& op) {
  return op.floats.size() + op.words.size() + (op.packed.size() * op.variant + 3) / 4;
}

EdgeWork edge_work(const EdgeOp& op) {
  const double a = op.a, b = op.b, c = op.c;
  switch (op.kind) {
    case QE_COPY:
    case QE_ADD:
    case QE_RELU:
      return {0, 0, a};
    case QE_STANDARDISE:
      return {a, 0, a};
    case QE_TANH:
    case QE_ATAN:
    case QE_GELU:
      return {a, a, 0};
    case QE_SPARSE:
      return {c, 0, a};
    case QE_TRIG:
      return {a, a, 0};
    case QE_PAULI:
      return {a + c, 0, 2 * a + 3 * c + op.extra};
    case QE_PRODUCT:
      return {rotation_work(op, 2.0) + 4.0 * (parts(op) * parts(op)) / 2 * amplitudes(op), 0, 0};
    case QE_ROTATE:
      return {rotation_work(op, amplitudes(op)), 0, 0};
    case QE_EXPECT: {
      double sum = 0.0;
      for (std::uint32_t string : op.words)
        sum += parts(op) * amplitudes(op) * ((string & 0xffff) != 0 ? 0.5 : 1.0);
      return {sum, 0, 3 * sum};
    }
    case QE_SPECTRUM:
      return {parts(op) * amplitudes(op), 0, a * amplitudes(op)};
    case QE_DENSE:
      return {a * b + (op.variant ? b : 0), 0, b};
    case QE_CONV: {
      const double kernel = op.c & 0xff, stride = op.c >> 8 & 0xff, padding = op.c >> 16;
      const double height = op.second & 0xffff, width = op.second >> 16;
      const auto outputs = [&](double size) {
        return static_cast<double>(static_cast<std::uint64_t>((size + 2 * padding - kernel) / stride) + 1);
      };
      const double places = outputs(height) * outputs(width) * b;
      return {places * a * kernel * kernel, 0, places, places * a * kernel * kernel};
    }
    case QE_POOL:
      return {0, 0, a * (op.second & 0xffff) * (op.second >> 16)};
    case QE_NORM:
      return {4 * a, 1, 2 * a};
    case QE_PAIR:
      return {a, 0, 4 * a};
    case QE_GATED:
      return {a * b, a * b, 2 * a * b};
    case QE_AMPLITUDES:
      return {2 * amplitudes(op), 3 * amplitudes(op), a * amplitudes(op)};
    default:
      return {};
  }
}

EdgeWork edge_work(const EdgeModel& model) {
  EdgeWork sum;
  for (const EdgeOp& op : model.ops) {
    const EdgeWork work = edge_work(op);
    sum.multiply_adds += work.multiply_adds;
    sum.functions += work.functions;
    sum.moves += work.moves;
    sum.convolved += work.convolved;
  }
  return sum;
}

}  // namespace qmtl
