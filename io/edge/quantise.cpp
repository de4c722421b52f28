// SPDX-License-Identifier: Apache-2.0
#include "io/edge/quantise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "io/edge/file.h"
#include "runtime/base/names.h"
#include "runtime/edge/edge_check.h"
#include "runtime/edge/edge_sections.h"

namespace qmtl {
namespace {

constexpr Names<EdgePacking> packings{"packing", {"none", "int8", "int16"}};

bool has_weights(const EdgeOp& op) { return op.kind == QE_DENSE || op.kind == QE_CONV; }
std::size_t window(const EdgeOp& op) {
  return op.kind == QE_CONV ? static_cast<std::size_t>(op.c & 0xff) * (op.c & 0xff) : 1;
}
std::size_t row_size(const EdgeOp& op) { return op.a * window(op); }

/// Mean squares of what operation `number` reads, per input number or channel.
std::vector<double> mean_squares(const EdgeModel& model, std::size_t number, std::span<const float> x) {
  // Everything from that operation on is left out, so that its source is as it will find it.
  EdgeModel before = model;
  before.samples.clear();
  before.ops.resize(number);
  const EdgeOp& op = model.ops[number];
  const std::size_t channels = op.a;
  const std::size_t each =
      op.kind == QE_CONV ? static_cast<std::size_t>(op.second & 0xffff) * (op.second >> 16) : 1;
  const std::vector<std::uint32_t> words = edge_words(before);
  std::vector<float> arena(model.arena), y(model.y);
  std::vector<double> sums(channels, 0.0);
  const std::size_t samples = x.size() / model.x;
  for (std::size_t s = 0; s < samples; ++s) {
    const float* sample = x.data() + s * model.x;
    qe_run_ops(words.data(), sample, arena.data(), y.data());
    const float* from = (op.source >> 30 == QE_X ? sample : arena.data()) + (op.source & 0x3fffffff);
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t i = 0; i < each; ++i) {
        const double value = from[c * each + i];
        sums[c] += value * value / static_cast<double>(samples * each);
      }
  }
  return sums;
}

/// One output's weights as whole numbers up to `most`; returns their scale.
float pack_row(std::span<const float> row, std::span<const double> squares, std::size_t per_square, int most,
               std::vector<std::int16_t>& packed) {
  float largest = 0.0f;
  for (float w : row) largest = std::max(largest, std::abs(w));
  if (largest == 0.0f) {
    packed.insert(packed.end(), row.size(), 0);
    return 1.0f;
  }
  const auto whole = [&](float w, float scale) {
    return std::clamp(std::nearbyint(w / scale), static_cast<float>(-most), static_cast<float>(most));
  };
  float best = largest / static_cast<float>(most);
  double least = std::numeric_limits<double>::infinity();
  // With few steps it can pay to clip the largest weights.
  for (int percent = 100; percent >= (most < 1000 ? 50 : 100); percent -= 5) {
    const float scale = largest * static_cast<float>(percent) / (100.0f * static_cast<float>(most));
    double error = 0.0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const double lost = static_cast<double>(row[i]) - static_cast<double>(whole(row[i], scale) * scale);
      error += (squares[i / per_square] + 1e-12) * lost * lost;
    }
    if (error < least) {
      least = error;
      best = scale;
    }
  }
  for (float w : row) packed.push_back(static_cast<std::int16_t>(whole(w, best)));
  return best;
}

}  // namespace

EdgePacking parse_edge_packing(std::string_view text) { return packings.parse(text); }

void quantise(EdgeModel& model, EdgePacking packing, std::span<const float> x) {
  if (packing == EdgePacking::none) return;
  const int most = packing == EdgePacking::int8 ? 127 : 32767;
  std::vector<EdgeOp> packed_ops = model.ops;
  for (std::size_t i = 0; i < model.ops.size(); ++i) {
    const EdgeOp& op = model.ops[i];
    if (!has_weights(op)) continue;
    const std::vector<double> squares = mean_squares(model, i, x);
    EdgeOp& to = packed_ops[i];
    to.variant = packing == EdgePacking::int8 ? 1 : 2;
    to.floats.assign(op.floats.begin(), op.floats.begin() + op.b);
    for (std::size_t o = 0; o < op.b; ++o)
      to.floats.push_back(pack_row(std::span(op.floats).subspan(op.b + o * row_size(op), row_size(op)),
                                   squares, window(op), most, to.packed));
  }
  model.ops = std::move(packed_ops);
  model.samples.clear();
}

}  // namespace qmtl
