// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/align/aligned_allocator.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/circuit/pauli/pauli.h"
#include "runtime/engine/draw_keys.h"
#include "runtime/engine/lane_use.h"
#include "runtime/engine/program.h"
#include "runtime/engine/simd_target.h"

namespace qmtl::engine {

inline constexpr int tile = 16;

/// Phase table of a mix in output order: out[j] = in[source[j]] * (re[j] + i im[j]); im empty if all signs.
template <class Real>
struct PhaseTable {
  std::vector<Real> re, im;
  /// The same for amplitudes as lanes (row_blocks.h): of a table of signs a bit for each lane of a row, else
  /// [rows][lanes]. Empty below that size.
  std::vector<std::uint8_t> lane_signs;
  std::vector<Real> lane_re, lane_im;
};

/// A block's readouts for bound parameters: diagonals over the readout index, one row per value.
template <class Real>
struct Diagonals {
  /// A diagonal; by_lanes: [rows][lanes] for amplitudes as lanes, if it is on all qubits of a large state.
  struct Diagonal : std::vector<Real> {
    std::vector<Real> by_lanes;
  };
  std::vector<Diagonal> value;  ///< [values of the block][2^readout qubits]
  std::vector<int> column;      ///< value column of each
  /// d value / d weight parameter: column, parameter, diagonal.
  struct Weight {
    int column, param;
    Diagonal diagonal;
  };
  std::vector<Weight> weights;
};

/// The blocks of one register as Hermitian operators. Entry e of a Hermitian matrix h, 4^k reals (for real
/// states the 2^k (2^k + 1) / 2 of the upper triangle): diagonal h_aa; for a < b the real, then the imaginary
/// part of h_ab.
template <class Real>
struct RegisterOperators {
  int k = 0;
  bool complex = false;
  int entries = 0;
  int stride = 0;  ///< of `operators`: entries plus a cache line, as a power of two would fill few cache sets
  Split split;
  std::vector<int> qubits;
  std::size_t outer_values = 1;  ///< row_blocks.h
  std::vector<int> columns;      ///< value column of each operator
  std::vector<Real> operators;   ///< [columns][stride], off-diagonal entries doubled: value = operator . rho
};

/// A program with bound parameters.
template <class Real>
struct Bound {
  const Program* program = nullptr;
  int start_column = 0;        ///< row of the tile's angle array where the program's start has its numbers
  std::vector<Real> constant;  ///< [gates] half of the sum of parameter terms
  std::vector<Real> constant_sin, constant_cos;
  std::vector<std::vector<int>> sample_terms;  ///< [gates] rows of the tile's angle array
  std::vector<PhaseTable<Real>> tables;
  std::vector<Diagonals<Real>> diagonals;          ///< [blocks]
  std::vector<RegisterOperators<Real>> registers;  ///< operator method
};

/// A Pauli expansion with bound parameters.
template <class Real>
struct BoundExpansion {
  std::vector<Real> constant;                  ///< [sample angles] sum of the parameters
  std::vector<std::vector<int>> sample_terms;  ///< [sample angles] rows of the tile's angle array
  std::vector<PauliNode> nodes;
  std::vector<int> columns;        ///< [values] value column
  std::vector<int> first;          ///< [values + 1] into the terms
  std::vector<int> term_node;      ///< [terms]
  std::vector<Real> coefficients;  ///< [terms]
  /// The terms of node i with their value columns: node_first[i] .. node_first[i + 1].
  struct NodeTerm {
    int term, column;
  };
  std::vector<int> node_first;
  std::vector<NodeTerm> node_terms;
};

/// One tile of 16 samples. Arrays are [row][16]. Registers without any of the first `samples` need not be
/// run: their values and angle gradients are then left as they are, and their cotangents must be zero.
template <class Real>
struct TileData {
  const Real* angles = nullptr;
  Real* values = nullptr;
  const Real* cotangents = nullptr;  ///< null: forward only
  Real* angle_gradients = nullptr;   ///< added to
  std::size_t samples = tile;
  LaneUse lanes = LaneUse::automatic;
  /// For devices that draw random numbers: the call's samples, and the tile's first among them.
  DrawKeys keys = {};
  std::size_t first_sample = 0;
  /// Forward: the next run is the tile's gradient, in the same workspace. Gradient: the last one was that
  /// forward run. Where all of the tile's samples run at once, what it made need not be computed again.
  bool kept = false;
};

/// Aligned to a cache line, as the kernels' loads ask for. Not TBB's allocator: the thread sanitizer does not
/// know that memory and reports its reuse as a race.
template <class Real>
using AlignedVector = std::vector<Real, boost::alignment::aligned_allocator<Real, 64>>;

/// Sums of one work unit over its tiles.
template <class Real>
struct UnitSums {
  std::vector<double> gate;  ///< [gates or sample angles] dL / d angle, summed over samples
  /// dL / d phase, or dL / d coefficient: [gradient slots][16 / lanes][rows][lanes]; of a unit of one tile
  /// with amplitudes as lanes [gradient slots][phase_samples][rows][lanes].
  AlignedVector<Real> phase;
  std::size_t phase_samples = 0;
  std::vector<double> weight;                  ///< [weights of all blocks, in order]
  std::vector<AlignedVector<Real>> operators;  ///< [registers][columns * entries] sum of cotangent * rho
};

/// How an instruction set lays 16 samples out: 16 / count registers, one after another in memory.
template <class Real>
struct Lanes {
  int count;
  /// sums[i] += the 16 samples of row i by the fixed pairwise tree, in double; parts: [16 /
  /// count][stride][count].
  void (*sum_rows)(const Real* parts, std::size_t stride, std::size_t count, double* sums);
  /// The same where the lanes are amplitudes of a state of so many qubits; parts: [samples][rows][count].
  void (*sum_amplitudes)(const Real* parts, std::size_t samples, int qubits, double* sums);
};

/// The kernels of one instruction set.
template <class Real>
struct KernelTable {
  SimdTarget target;  ///< that the code was compiled for, in its own word
  Lanes<Real> lanes;
  /// rows[count][columns] <-> tile[columns][16], count <= 16; samples from `count` on are zero.
  void (*rows_to_tile)(const Real* rows, std::size_t columns, std::size_t count, Real* tile);
  void (*tile_to_rows)(const Real* tile, std::size_t columns, std::size_t count, Real* rows);
  /// Whether |x| < limit for all of tile[columns][16].
  bool (*all_below)(const Real* tile, std::size_t columns, Real limit);
  /// Reals of working memory for run_tile.
  std::size_t (*workspace)(const Bound<Real>&, bool gradient);
  /// Whether a tile of so many samples has amplitudes as lanes (LaneUse).
  bool (*uses_amplitudes)(const Bound<Real>&, std::size_t samples, LaneUse use);
  void (*run_tile)(const Bound<Real>&, const TileData<Real>&, UnitSums<Real>*, Real* workspace);
  /// The same for a Pauli expansion.
  std::size_t (*expansion_workspace)(const BoundExpansion<Real>&);
  void (*run_expansion)(const BoundExpansion<Real>&, const TileData<Real>&, UnitSums<Real>*, Real* workspace);
  void (*sincos)(const Real* x, Real* sin, Real* cos, std::size_t count);
  /// Runs `rounds` rounds of independent fused multiply-adds; returns how many operations that was.
  double (*fma_burst)(std::size_t rounds);
};

/// The table of one instruction set; defined for those that the library was built for.
template <SimdTarget target, class Real>
const KernelTable<Real>& kernel_table();

}  // namespace qmtl::engine
