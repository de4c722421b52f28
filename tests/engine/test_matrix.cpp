// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <optional>

#include "runtime/base/error.h"
#include "tests/engine/engine_case.h"
#include "tests/oracle/cases.h"
#include "tests/oracle/random_circuits.h"
#include "tests/run_length.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

const std::vector<PlanKind> plans{PlanKind::state, PlanKind::operators, PlanKind::cones, PlanKind::pauli};
const std::vector<Placement> placements{Placement::global, Placement::local};
const std::vector<Entangler> entanglers{Entangler::none,    Entangler::cx_ring, Entangler::cx_line,
                                        Entangler::cz_ring, Entangler::cz_line, Entangler::brickwork_cz};
const std::vector<std::vector<Gate>> rotations{
    {Gate::ry}, {Gate::rz, Gate::ry},           {Gate::ry, Gate::rz},
    {Gate::rx}, {Gate::rx, Gate::ry, Gate::rz}, {Gate::ry, Gate::rx}};
const std::vector<BlockOrder> orders{BlockOrder::er, BlockOrder::re};
const std::vector<ReadoutKind> readouts{ReadoutKind::first, ReadoutKind::mean, ReadoutKind::weights,
                                        ReadoutKind::strings};
const std::vector<std::size_t> batches{1, 5, 16, 17, 33};

struct Uploads {
  int count;
  bool repeat;
};
const std::vector<Uploads> uploads{{1, false}, {2, false}, {2, true}};

/// One point of the matrix; `mix` chooses what is not an axis of it.
AnsatzSpec spec_of(int qubits, Placement placement, Entangler entangler, const std::vector<Gate>& gates,
                   BlockOrder order, ReadoutKind readout, Uploads upload, std::size_t mix) {
  AnsatzSpec spec;
  spec.qubits = qubits;
  spec.uploads = upload.count;
  spec.repeat_uploads = upload.repeat;
  spec.upload = mix % 5 == 0 ? Gate::rx : Gate::ry;
  spec.layers = static_cast<int>((mix / 5) % 3);
  spec.rotations = gates;
  spec.entangler = entangler;
  spec.placement = placement;
  spec.register_size = std::min(qubits, 2 + static_cast<int>(mix % 3));
  spec.stride = 1 + static_cast<int>(mix % 2);
  spec.block_layers = static_cast<int>((mix / 3) % 3);
  spec.block_rotations = gates;
  spec.block_entangler = entangler;
  spec.block_order = order;
  spec.readout = readout;
  spec.block_outputs = {1, 2, 1};
  const int size = placement == Placement::global ? qubits : spec.register_size;
  if (readout == ReadoutKind::strings) {
    spec.strings = {{0}};
    if (size > 1) spec.strings.push_back({0, size - 1});
  }
  return spec;
}

bool uploads_in_blocks(const Circuit& circuit) {
  for (const Block& block : circuit.blocks)
    for (const Op& op : block.ops)
      if (op.source == Source::angle) return true;
  return false;
}

/// Engine<Real> of every plan and SIMD target against the oracle; and the bits of the targets with fused
/// multiply-adds against each other.
template <class Real>
void check_engines(const Problem& problem, std::size_t batch) {
  for (PlanKind plan : plans) {
    std::optional<Answer<Real>> fused;
    for (SimdTarget target : available_targets()) {
      INFO(oracle::describe(problem.spec) << " plan=" << name(plan) << " target=" << name(target)
                                          << " batch=" << batch << (sizeof(Real) == 4 ? " float" : " double")
                                          << (problem.second_moments ? " second moments" : ""));
      if (plan == PlanKind::operators && uploads_in_blocks(problem.circuit)) {
        CHECK_THROWS_AS(make_engine<Real>(problem, plan, target), Error);
        continue;
      }
      if (plan == PlanKind::pauli && !expand_pauli(problem.circuit, problem.second_moments)) {
        CHECK_THROWS_AS(make_engine<Real>(problem, plan, target), Error);
        continue;
      }
      const Engine<Real> engine = make_engine<Real>(problem, plan, target);
      CHECK(engine.target() == target);
      CHECK(engine.plan().kind == plan);
      const Answer<Real> answer = run(engine, problem, batch);
      check_against_oracle(problem, answer, batch);
      if (target != SimdTarget::avx512 && target != SimdTarget::avx2) continue;
      if (fused) CHECK(*fused == answer);
      fused = answer;
    }
  }
}

void check_point(const AnsatzSpec& spec, std::size_t batch, std::size_t mix) {
  const Problem problem = make_problem(spec, batch, mix % 3 == 0, mix);
  check_engines<float>(problem, batch);
  check_engines<double>(problem, batch);
}

/// A well-mixed number from a counter, to draw cases with.
std::size_t draw(std::size_t& state, std::size_t count) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return (state >> 33) % count;
}

}  // namespace

TEST_CASE("outputs and gradients agree with the oracle for a covering sample of circuits",
          "[engine][oracle]") {
  std::size_t state = 7;
  const auto any = [&](const auto& values) { return values[draw(state, values.size())]; };
  // 200 draws: two axes' values meet about 4 times even where their pair is rarest (one draw in 48); which
  // memory is read depends on one or two axes.
  for (std::size_t i = 0; i < (test::sanitized ? 50 : 200); ++i) {
    // Circuits of 7 and 8 qubits cost the oracle most; every tenth draw is enough.
    const int qubits = i % 10 == 0 ? 7 + static_cast<int>(i / 10 % 2) : 1 + static_cast<int>(draw(state, 6));
    const std::size_t batch = qubits > 5 ? batches[draw(state, 2)] : any(batches);
    check_point(spec_of(qubits, any(placements), any(entanglers), any(rotations), any(orders), any(readouts),
                        any(uploads), i),
                batch, i);
  }
}

TEST_CASE("outputs and gradients agree with the oracle for the full matrix of circuits",
          "[engine][oracle][long]") {
  if (!test::long_run()) {
    SUCCEED("set QMTL_LONG=1 to run the full matrix");
    return;
  }
  std::size_t point = 0;
  for (int qubits = 1; qubits <= 8; ++qubits)
    for (Placement placement : placements)
      for (Entangler entangler : entanglers)
        for (const auto& gates : rotations)
          for (BlockOrder order : orders)
            for (ReadoutKind readout : readouts)
              for (Uploads upload : uploads) {
                const std::size_t batch = batches[point % (qubits > 5 ? 2 : batches.size())];
                check_point(spec_of(qubits, placement, entangler, gates, order, readout, upload, point),
                            batch, point);
                ++point;
              }
}

TEST_CASE("amplitude encodings agree with the oracle for every plan", "[engine][oracle]") {
  for (int qubits = 1; qubits <= 4; ++qubits)
    for (bool in_blocks : {false, true}) {
      AnsatzSpec spec;
      spec.qubits = qubits + 1;
      CircuitLayer amplitudes, trained;
      amplitudes.encode = LayerEncoding::amplitude;
      for (int q = 0; q < qubits; ++q) amplitudes.qubits.push_back(q);
      trained.gates = {Gate::ry, Gate::rz};
      trained.entangler = Gate::cz;
      // Blocks have the qubits to themselves, or an encoded stage that the last qubit is not part of.
      trained.qubits = in_blocks ? std::vector<int>{qubits} : std::vector<int>{};
      trained.pattern = PairPattern::line;
      spec.stage = {trained};
      if (!in_blocks) spec.stage.insert(spec.stage.begin(), amplitudes);
      spec.block_outputs = {1, 2};
      for (int b = 0; b < 2; ++b) {
        BlockSpec block;
        for (int q = 0; q < qubits; ++q) block.qubits.push_back(q);
        if (!in_blocks)
          std::swap(block.qubits.front(), block.qubits[static_cast<std::size_t>(b) % block.qubits.size()]);
        block.layers = {amplitudes, CircuitLayer{}};
        if (!in_blocks) block.layers.erase(block.layers.begin());
        block.layers.back().gates = {Gate::ry};
        block.observables =
            b == 0 ? std::vector<std::string>{"Z0"} : std::vector<std::string>{"X0", "w Z0 + 0.5 Y0"};
        spec.blocks.push_back(block);
      }
      const Circuit circuit = build(spec);
      INFO(qubits << " qubits" << (in_blocks ? ", in blocks" : ""));
      const Problem problem =
          make_problem(circuit,
                       oracle::uniform(static_cast<std::uint64_t>(qubits),
                                       5 * static_cast<std::size_t>(circuit.angles), -2.0, 2.0),
                       false, 3);
      check_engines<float>(problem, 5);
      check_engines<double>(problem, 5);
    }
}

TEST_CASE("every batch size agrees with the oracle for every plan", "[engine][oracle]") {
  AnsatzSpec spec = spec_of(4, Placement::local, Entangler::cz_ring, {Gate::ry, Gate::rz}, BlockOrder::er,
                            ReadoutKind::weights, {2, false}, 4);
  const Problem problem = make_problem(spec, 33, true, 11);
  for (std::size_t batch : batches) {
    check_engines<float>(problem, batch);
    check_engines<double>(problem, batch);
  }
}

TEST_CASE("special angles agree with the oracle and give no NaN", "[engine][oracle]") {
  const double pi = 3.14159265358979323846;
  const std::vector<double> special{0.0, pi, -pi, pi / 2, -pi / 2, 2 * pi, 1e3, -1e3, 1e-30, 4 * pi};
  for (Entangler entangler : {Entangler::cz_ring, Entangler::cx_ring})
    for (const auto& gates : rotations) {
      // One string: a product readout.
      const ReadoutKind readout = entangler == Entangler::cz_ring ? ReadoutKind::mean : ReadoutKind::first;
      AnsatzSpec spec =
          spec_of(3, Placement::local, entangler, gates, BlockOrder::er, readout, {1, false}, 6);
      std::vector<double> angles;
      for (std::size_t sample = 0; sample < special.size(); ++sample)
        for (std::size_t q = 0; q < 3; ++q)
          angles.push_back(special[(sample + q * (sample % 3)) % special.size()]);
      Problem problem = make_problem(spec, angles, false, 21);
      check_engines<float>(problem, special.size());
      check_engines<double>(problem, special.size());
    }
}

TEST_CASE("special parameters agree with the oracle and give no NaN", "[engine][oracle]") {
  const double pi = 3.14159265358979323846;
  for (double value : {0.0, pi, -pi, pi / 2, -pi / 2, 3 * pi / 2, 2 * pi, 1e3})
    for (const auto& [readout, gates] : std::vector<std::pair<ReadoutKind, std::vector<Gate>>>{
             {ReadoutKind::mean, {Gate::ry, Gate::rz, Gate::rx}}, {ReadoutKind::first, {Gate::ry}}}) {
      CAPTURE(value);
      AnsatzSpec spec =
          spec_of(3, Placement::global, Entangler::cz_line, gates, BlockOrder::er, readout, {1, false}, 6);
      spec.block_layers = 1;
      spec.block_order = readout == ReadoutKind::first ? BlockOrder::re : BlockOrder::er;
      spec.block_entangler = readout == ReadoutKind::first ? Entangler::cx_ring : Entangler::cz_line;
      const Circuit circuit = build(spec);
      const Problem problem =
          make_problem(spec, oracle::uniform(5, 17 * static_cast<std::size_t>(circuit.angles), -3, 3), false,
                       31, std::vector<double>(static_cast<std::size_t>(circuit.params), value));
      check_engines<float>(problem, 17);
      check_engines<double>(problem, 17);
    }
}

TEST_CASE("circuits of all gates, angles and observables agree with the oracle", "[engine][oracle]") {
  const std::uint64_t circuits = test::long_run() ? 2000 : test::sanitized ? 20 : 60;
  for (std::uint64_t seed = 0; seed < circuits; ++seed) {
    CAPTURE(seed);
    const AnsatzSpec spec = oracle::RandomCircuits(seed).next(4, 14);
    const Circuit circuit = build(spec);
    if (circuit.angles == 0) continue;
    const std::size_t batch = batches[seed % batches.size()];
    const Problem problem =
        make_problem(circuit, oracle::uniform(seed, batch * static_cast<std::size_t>(circuit.angles), -4, 4),
                     seed % 3 == 0, seed);
    check_engines<float>(problem, batch);
    check_engines<double>(problem, batch);
  }
}
