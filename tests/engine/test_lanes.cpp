// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>

#include "tests/engine/engine_case.h"
#include "tests/oracle/cases.h"
#include "tests/run_length.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

/// One circuit that needs kernels of its own where amplitudes are lanes.
struct Row {
  const char* name;
  int qubits;
  PlanKind plan;
  Entangler entangler;
  std::vector<Gate> rotations;
  Placement placement;
  ReadoutKind readout;
  int stride;  ///< local placement: of two registers of three qubits
  bool second_moments;
};

// 14 qubits: one block of rows; 15: gates on all lane qubits in one pass with one other; 16: several blocks,
// and threads where samples are lanes; 17: a last pass on a lane qubit alone, and threads.
const std::vector<Row> rows{{"signs that move no lane, diagonals on all qubits",
                             14,
                             PlanKind::state,
                             Entangler::cz_ring,
                             {Gate::ry},
                             Placement::global,
                             ReadoutKind::mean,
                             1,
                             false},
                            {"lanes that move, second moments",
                             15,
                             PlanKind::state,
                             Entangler::cx_ring,
                             {Gate::ry},
                             Placement::global,
                             ReadoutKind::mean,
                             1,
                             true},
                            {"lanes that move within rows, trained weights on part of the lane qubits",
                             14,
                             PlanKind::state,
                             Entangler::cx_line,
                             {Gate::ry},
                             Placement::local,
                             ReadoutKind::weights,
                             12,
                             false},
                            {"product readouts",
                             16,
                             PlanKind::state,
                             Entangler::brickwork_cz,
                             {Gate::ry},
                             Placement::local,
                             ReadoutKind::first,
                             13,
                             false},
                            {"gradients of phases",
                             14,
                             PlanKind::state,
                             Entangler::cz_line,
                             {Gate::ry, Gate::rz},
                             Placement::global,
                             ReadoutKind::mean,
                             1,
                             false},
                            {"gradients of phases behind moved lanes",
                             15,
                             PlanKind::state,
                             Entangler::cx_ring,
                             {Gate::rx, Gate::rz, Gate::ry},
                             Placement::local,
                             ReadoutKind::mean,
                             7,
                             false},
                            {"real registers",
                             14,
                             PlanKind::operators,
                             Entangler::cx_ring,
                             {Gate::ry},
                             Placement::local,
                             ReadoutKind::mean,
                             10,
                             false},
                            {"complex registers on lane qubits",
                             15,
                             PlanKind::operators,
                             Entangler::brickwork_cz,
                             {Gate::ry, Gate::rz},
                             Placement::local,
                             ReadoutKind::mean,
                             12,
                             false},
                            {"a pass on a lane qubit alone",
                             17,
                             PlanKind::state,
                             Entangler::cz_line,
                             {Gate::ry},
                             Placement::local,
                             ReadoutKind::mean,
                             14,
                             false}};

/// Inputs without oracle answers: the circuits are too large for it.
Problem inputs(const Row& row, std::size_t samples) {
  Problem problem;
  AnsatzSpec& spec = problem.spec;
  spec.qubits = row.qubits;
  spec.layers = 2;
  spec.rotations = row.rotations;
  spec.entangler = row.entangler;
  spec.block_rotations = {Gate::ry};
  spec.placement = row.placement;
  spec.register_size = 3;
  spec.stride = row.stride;
  spec.readout = row.readout;
  spec.block_outputs = {1, 1};
  problem.circuit = build(spec);
  problem.second_moments = row.second_moments;
  problem.samples = samples;
  problem.angles = oracle::uniform(11, samples * static_cast<std::size_t>(problem.circuit.angles), -3, 3);
  problem.params = oracle::uniform(12, static_cast<std::size_t>(problem.circuit.params), -2, 2);
  problem.cotangents = oracle::uniform(13, samples * problem.columns(), -1, 1);
  return problem;
}

Problem one_of(const Problem& problem, std::size_t sample) {
  Problem one = problem;
  one.samples = 1;
  const auto cut = [&](std::vector<double>& values, std::size_t width) {
    values = {values.begin() + static_cast<std::ptrdiff_t>(sample * width),
              values.begin() + static_cast<std::ptrdiff_t>((sample + 1) * width)};
  };
  cut(one.angles, static_cast<std::size_t>(problem.circuit.angles));
  cut(one.cotangents, problem.columns());
  return one;
}

template <class Real>
bool same_row(const std::vector<Real>& alone, const std::vector<Real>& together, std::size_t sample) {
  return std::equal(alone.begin(), alone.end(),
                    together.begin() + static_cast<std::ptrdiff_t>(sample * alone.size()));
}

constexpr std::size_t all = tile_samples + 2;  // a tile of samples as lanes, and one of amplitudes

template <class Real>
void check_row(const Row& row) {
  const Problem problem = inputs(row, all);
  std::optional<Answer<Real>> fused;
  const std::vector<SimdTarget> targets = available_targets();
  // A wider target takes the amplitudes with this one's kernels.
  const bool has_avx2 = std::find(targets.begin(), targets.end(), SimdTarget::avx2) != targets.end();
  for (SimdTarget target : targets) {
    INFO(row.name << ": " << row.qubits << " qubits, " << (sizeof(Real) == 4 ? "float " : "double ")
                  << name(target));
    Engine<Real> engine = make_engine<Real>(problem, row.plan, target);
    engine.set_lanes(LaneUse::samples);
    CHECK_FALSE(engine.amplitude_lanes(1));
    const Answer<Real> full = run(engine, problem, all);
    if (target == SimdTarget::avx512 || target == SimdTarget::avx2) {
      if (fused) CHECK(*fused == full);
      fused = full;
    }
    engine.set_lanes(LaneUse::automatic);
    const bool amplitudes = target == SimdTarget::avx2 || (target == SimdTarget::avx512 && has_avx2);
    CHECK(engine.amplitude_lanes(1) == amplitudes);
    if (!amplitudes) continue;
    CHECK(run(engine, problem, all) == full);
    for (std::size_t batch = 1; batch <= 5; ++batch) {
      INFO(batch << " samples");
      engine.set_lanes(LaneUse::samples);
      const Answer<Real> expected = run(engine, problem, batch);
      engine.set_lanes(LaneUse::amplitudes);
      REQUIRE(engine.amplitude_lanes(batch));
      CHECK(run(engine, problem, batch) == expected);
      engine.set_lanes(LaneUse::automatic);
      CHECK(run(engine, problem, batch) == expected);
    }
    for (const std::size_t sample : {std::size_t{0}, std::size_t{7}, all - 1}) {
      INFO("sample " << sample << " alone");
      const Answer<Real> alone = run(engine, one_of(problem, sample), 1);
      CHECK(same_row(alone.values, full.values, sample));
      CHECK(same_row(alone.angle_gradients, full.angle_gradients, sample));
    }
  }
}

}  // namespace

TEST_CASE("amplitudes as lanes give the bits of samples as lanes", "[engine][large][lanes]") {
  for (std::size_t i = 0; i < rows.size(); ++i) {
#ifdef __SANITIZE_THREAD__  // it cannot see how oneTBB hands tasks over, and reports every amplitude
    if (rows[i].qubits >= 16) continue;
#endif
    if (test::sanitized && i % 4 != 0) continue;  // the sanitizers look at every amplitude
    check_row<float>(rows[i]);
    check_row<double>(rows[i]);
  }
}
