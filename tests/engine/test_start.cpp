// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <optional>

#include "runtime/engine/engine.h"
#include "tests/oracle/cases.h"
#include "tests/oracle/oracle.h"
#include "tests/oracle/published.h"

using namespace qmtl;

// States that begin with a sample's numbers, against the dense oracle running the encoding's rotations.

namespace {

struct Case {
  const char* name;
  AnsatzSpec spec;
};

AnsatzSpec encoded(int qubits, std::vector<int> on, int numbers, std::vector<GateUse> gates) {
  AnsatzSpec spec;
  spec.qubits = qubits;
  CircuitLayer encoding, rest;
  encoding.encode = LayerEncoding::amplitude;
  encoding.qubits = std::move(on);
  encoding.numbers = numbers;
  rest.ops = std::move(gates);
  spec.stage = {encoding, rest};
  spec.placement = Placement::global;
  spec.block_layers = 0;
  spec.observables = {"Z0", "X1", "Z0 Y1"};
  spec.block_outputs = {3};
  return spec;
}

Expression by(int trainable) { return trainable_number(trainable); }

std::vector<Case> cases() {
  std::vector<Case> all;
  const std::vector<GateUse> rots{
      {Gate::rz, {0}, {by(0)}}, {Gate::ry, {0}, {by(1)}}, {Gate::rx, {1}, {by(2)}}, {Gate::cx, {0, 1}, {}},
      {Gate::ry, {1}, {by(3)}}, {Gate::cz, {1, 2}, {}},   {Gate::rx, {2}, {by(4)}}};
  all.push_back({"all qubits", encoded(3, {}, 0, rots)});
  all.push_back({"another order, fewer numbers", encoded(3, {2, 0, 1}, 5, rots)});
  all.push_back({"nothing behind", encoded(2, {}, 0, {})});
  all.push_back({"one qubit", encoded(2, {1}, 2, {{Gate::ry, {1}, {by(0)}}, {Gate::cx, {1, 0}, {}}})});
  std::vector<GateUse> uploads{{Gate::ry, {1}, {input_number(5)}}, {Gate::rx, {3}, {input_number(6)}}};
  uploads.insert(uploads.end(), rots.begin(), rots.end());
  all.push_back({"uploads on the other qubits", encoded(4, {2, 0}, 4, uploads)});
  all.push_back({"controlled rotations first", encoded(3, {0, 1}, 3,
                                                       {{Gate::ry, {2}, {input_number(3)}},
                                                        {Gate::crx, {1, 2}, {by(0)}},
                                                        {Gate::cry, {2, 0}, {by(1)}},
                                                        {Gate::ry, {0}, {by(2)}}})});
  // Two encodings: one is a start, the other's rotations run.
  AnsatzSpec two = encoded(4, {0, 1}, 4, {{Gate::cx, {1, 2}, {}}, {Gate::ry, {2}, {by(0)}}});
  CircuitLayer other = two.stage[0];
  other.qubits = {3, 2};
  two.stage.insert(two.stage.begin() + 1, other);
  all.push_back({"two encodings", two});
  return all;
}

/// Rows of numbers that every plan and precision takes alike.
std::vector<std::vector<double>> samples(std::size_t width) {
  std::vector<std::vector<double>> rows;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) rows.push_back(oracle::uniform(seed, width, -2, 2));
  const auto with = [&](const auto& change) {
    std::vector<double> row = oracle::uniform(rows.size() + 1, width, -2, 2);
    for (std::size_t i = 0; i < width; ++i) row[i] = change(i, row[i]);
    rows.push_back(row);
  };
  with([](std::size_t, double) { return 0.0; });
  with([](std::size_t, double) { return -0.0; });
  for (std::size_t only = 0; only < width; ++only)
    with([&](std::size_t i, double x) { return i == only ? -std::abs(x) : 0.0; });
  with([](std::size_t i, double x) { return i < 2 ? 0.0 : x; });
  with([](std::size_t i, double x) { return i == 2 || i == 3 ? 0.0 : x; });
  with([](std::size_t i, double x) { return i % 2 ? 0.0 : x; });
  with([](std::size_t i, double x) { return i % 2 ? x : 0.0; });
  with([](std::size_t i, double x) { return std::ldexp(x, i % 3 == 0 ? -30 : 0); });
  for (auto& row : rows)
    for (double& x : row) x = static_cast<double>(static_cast<float>(x));
  return rows;
}

/// The trainable numbers.
std::vector<double> numbers_for(const Circuit& circuit) {
  return oracle::uniform(7, static_cast<std::size_t>(circuit.trainable_numbers()), -2, 2);
}

template <class Real>
struct Answer {
  std::vector<Real> values, gradients;
  std::vector<double> params;
  bool operator==(const Answer&) const = default;
};

/// The columns of each row: functions of what the circuit reads, then numbers.
template <class Real>
std::vector<Real> columns_of(const Circuit& circuit, const AngleColumns& columns,
                             const std::vector<std::vector<double>>& rows) {
  std::vector<Real> all;
  for (const std::vector<double>& row : rows) {
    const std::vector<double> read = oracle::function_inputs(circuit, row);
    for (int angle : columns.angles())
      all.push_back(static_cast<Real>(value(circuit.angle_of[static_cast<std::size_t>(angle)], read, {})));
    for (const EncodedColumns& encoded : columns.encoded())
      for (int number : circuit.encodings[static_cast<std::size_t>(encoded.encoding)].of)
        all.push_back(static_cast<Real>(row[static_cast<std::size_t>(number)]));
  }
  return all;
}

template <class Real>
Answer<Real> run(const Engine<Real>& engine, const std::vector<Real>& columns,
                 const std::vector<Real>& cotangents, std::size_t rows) {
  Answer<Real> answer;
  answer.values.assign(rows * static_cast<std::size_t>(engine.values()),
                       std::numeric_limits<Real>::quiet_NaN());
  answer.gradients.assign(columns.size(), std::numeric_limits<Real>::quiet_NaN());
  answer.params.assign(static_cast<std::size_t>(engine.params()), 0.0);
  engine.vjp(rows, columns.data(), cotangents.data(), answer.values.data(), answer.gradients.data(),
             answer.params.data());
  std::vector<Real> forward(answer.values.size());
  engine.forward(rows, columns.data(), forward.data());
  CHECK(forward == answer.values);
  return answer;
}

/// One gate multiplies ket and bra, forward and back, at most four roundings each; norm and sums have one for
/// each number.
template <class Real>
double unit(const Circuit& circuit) {
  const double gates = static_cast<double>(circuit.shared.size() + circuit.blocks[0].ops.size());
  return std::numeric_limits<Real>::epsilon() * (16 + 16 * gates + 8 * std::ldexp(1.0, circuit.qubits));
}

template <class Real>
void check(const Circuit& circuit, const Answer<Real>& found, const AngleColumns& columns,
           const std::vector<std::vector<double>>& rows, const std::vector<double>& trained,
           const std::vector<Real>& cotangents) {
  const std::vector<double> params = bound_params(circuit, trained);
  const auto outputs = static_cast<std::size_t>(circuit.outputs()),
             width = static_cast<std::size_t>(columns.count());
  std::vector<double> of_params(params.size());
  double all = 0;
  for (std::size_t s = 0; s < rows.size(); ++s) {
    INFO("sample " << Catch::Detail::stringify(rows[s]));
    const std::vector<double> read = oracle::function_inputs(circuit, rows[s]);
    std::vector<double> angles;
    for (const Expression& angle : circuit.angle_of) angles.push_back(value(angle, read, {}));
    const Eigen::VectorXd values = oracle::values(circuit, angles, params);
    std::vector<double> g(cotangents.begin() + static_cast<std::ptrdiff_t>(s * outputs),
                          cotangents.begin() + static_cast<std::ptrdiff_t>((s + 1) * outputs));
    const oracle::Gradient expected = oracle::parameter_shift(circuit, angles, params, g);
    double sum = 0;
    for (double x : g) sum += std::abs(x);
    all += sum;
    for (std::size_t o = 0; o < outputs; ++o)
      CHECK(std::abs(static_cast<double>(found.values[s * outputs + o]) - values[static_cast<int>(o)]) <
            unit<Real>(circuit));
    // Of the sample's numbers: through columns of angles, which a start's numbers stand beside.
    std::vector<double> of_read(read.size()), through(read.size());
    const Real* at = found.gradients.data() + s * width;
    for (int angle : columns.angles())
      add_gradient(circuit.angle_of[static_cast<std::size_t>(angle)], static_cast<double>(*at++), read, {},
                   through, {});
    for (std::size_t a = 0; a < angles.size(); ++a)
      add_gradient(circuit.angle_of[a], expected.angles[static_cast<int>(a)], read, {}, of_read, {});
    std::vector<double> direct = oracle::sample_gradient(circuit, rows[s], through);
    const std::vector<double> exact = oracle::sample_gradient(circuit, rows[s], of_read);
    double longest = 0;
    for (const EncodedColumns& encoded : columns.encoded()) {
      double square = 0;
      for (int number : circuit.encodings[static_cast<std::size_t>(encoded.encoding)].of) {
        direct[static_cast<std::size_t>(number)] += static_cast<double>(*at++);
        square += std::pow(rows[s][static_cast<std::size_t>(number)], 2);
      }
      if (square > 0) longest = std::max(longest, 1 / std::sqrt(square));
    }
    for (const AmplitudeEncoding& encoding : circuit.encodings)
      for (int number : encoding.of)
        if (rows[s][static_cast<std::size_t>(number)] != 0)
          longest = std::max(longest, 1 / std::abs(rows[s][static_cast<std::size_t>(number)]));
    for (std::size_t i = 0; i < exact.size(); ++i) {
      INFO("gradient of number " << i << ": found " << direct[i] << ", oracle " << exact[i]);
      // An amplitude changes by at most 1 / |x|, an expectation twice that. Where rotations run beside,
      // numbers far apart make angles that are steep in the small ones.
      CHECK(std::abs(direct[i] - exact[i]) <= unit<Real>(circuit) * sum * 4 * std::max(1.0, longest));
    }
    for (std::size_t p = 0; p < params.size(); ++p) of_params[p] += expected.params[static_cast<int>(p)];
  }
  // Of trainable numbers: the two halves of a controlled rotation bring theirs together.
  std::vector<double> of_trained(trained.size()), expected_trained(trained.size());
  for (std::size_t p = 0; p < params.size(); ++p) {
    add_trained_gradient(circuit, static_cast<int>(p), found.params[p], trained, of_trained);
    add_trained_gradient(circuit, static_cast<int>(p), of_params[p], trained, expected_trained);
  }
  for (std::size_t p = 0; p < trained.size(); ++p)
    CHECK(std::abs(of_trained[p] - expected_trained[p]) < unit<Real>(circuit) * all);
}

template <class Real>
void check_case(const Case& one) {
  const Circuit circuit = build(one.spec);
  const std::vector<std::vector<double>> rows = samples(static_cast<std::size_t>(circuit.sample_inputs()));
  const std::vector<double> trained = numbers_for(circuit);
  std::vector<Real> cotangents;
  for (double g : oracle::uniform(8, rows.size() * static_cast<std::size_t>(circuit.outputs()), -1, 1))
    cotangents.push_back(static_cast<Real>(static_cast<float>(g)));
  for (PlanKind plan : {PlanKind::state, PlanKind::operators, PlanKind::cones}) {
    std::optional<Answer<Real>> fused;
    for (SimdTarget target : available_targets()) {
      INFO(one.name << " plan=" << name(plan) << " target=" << name(target)
                    << (sizeof(Real) == 4 ? " float" : " double"));
      Engine<Real> engine(make_plan(circuit, plan), target);
      engine.take_numbers();
      engine.bind(bound_params(circuit, trained));
      if (plan == PlanKind::state) REQUIRE(engine.columns().encoded().size() == 1);
      const std::vector<Real> columns = columns_of<Real>(circuit, engine.columns(), rows);
      const Answer<Real> answer = run(engine, columns, cotangents, rows.size());
      check(circuit, answer, engine.columns(), rows, trained, cotangents);
      // A sample has the same bits wherever it is in whichever batch.
      const auto width = static_cast<std::ptrdiff_t>(engine.angles()),
                 outputs = static_cast<std::ptrdiff_t>(circuit.outputs());
      const Answer<Real> later = run(engine, {columns.begin() + 3 * width, columns.end()},
                                     {cotangents.begin() + 3 * outputs, cotangents.end()}, rows.size() - 3);
      CHECK(std::equal(later.values.begin(), later.values.end(), answer.values.begin() + 3 * outputs));
      CHECK(std::equal(later.gradients.begin(), later.gradients.end(), answer.gradients.begin() + 3 * width));
      if (target != SimdTarget::avx512 && target != SimdTarget::avx2) continue;
      if (fused) CHECK(*fused == answer);
      fused = answer;
    }
  }
}

}  // namespace

TEST_CASE("a state that begins with encoded numbers agrees with the encoding's rotations",
          "[engine][oracle][amplitudes]") {
  for (const Case& one : cases()) {
    check_case<float>(one);
    check_case<double>(one);
  }
}

TEST_CASE("a start does not depend on the length of the vector, from the smallest numbers to the largest",
          "[engine][amplitudes]") {
  const Circuit circuit = build(cases()[0].spec);
  Engine<float> engine(make_plan(circuit, PlanKind::state));
  engine.take_numbers();
  engine.bind(bound_params(circuit, numbers_for(circuit)));
  const auto values = [&](float length) {
    std::vector<float> x, found(static_cast<std::size_t>(circuit.outputs()));
    for (int i = 0; i < 8; ++i) x.push_back(length * static_cast<float>(i - 3));
    engine.forward(1, x.data(), found.data());
    return found;
  };
  // Powers of two of whole numbers: exact down to the smallest subnormal.
  for (int power : {-149, -148, -126, -100, 0, 100, 125})
    CHECK(values(std::ldexp(1.0f, power)) == values(1.0f));
}

TEST_CASE("numbers that are not finite leave no output finite", "[engine][amplitudes]") {
  const Circuit circuit = build(cases()[0].spec);
  Engine<double> engine(make_plan(circuit, PlanKind::state));
  engine.take_numbers();
  engine.bind(bound_params(circuit, numbers_for(circuit)));
  for (double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    const std::vector<double> x{1, 2, bad, 3, 0, 0, 1, 1};
    std::vector<double> found(static_cast<std::size_t>(circuit.outputs()));
    engine.forward(1, x.data(), found.data());
    for (double value : found) CHECK(std::isnan(value));
  }
}

TEST_CASE("an encoding is a start where it is the first on its qubits and every part can take it",
          "[plan][amplitudes]") {
  Circuit circuit = build(cases()[0].spec);
  REQUIRE(amplitude_start(circuit));
  CHECK(amplitude_start(circuit)->qubits == std::vector<int>{0, 1, 2});
  const Plan plan = make_plan(circuit, PlanKind::state);
  REQUIRE(plan.parts[0].start);
  // 7 rotations and 6 CX of 3 qubits are left out.
  CHECK(gates_behind(circuit, *plan.parts[0].start).size() == circuit.shared.size() - 13);
  Circuit without = circuit;
  without.encoded.clear();
  CHECK(plan.cost.seconds < make_plan(without, PlanKind::state).cost.seconds);
  CHECK(!make_plan(circuit, PlanKind::pauli).parts[0].start);
  // One of its angles is read once more; a gate before; a gate within.
  for (int change = 0; change < 3; ++change) {
    Circuit other = circuit;
    if (change == 0) other.shared.push_back(other.shared[0]);
    if (change == 1) other.shared.insert(other.shared.begin(), fixed_rotation('X', 1, 0.5));
    if (change == 2) other.shared.insert(other.shared.begin() + 4, fixed_rotation('X', 1, 0.5));
    INFO(change);
    CHECK(!amplitude_start(other));
  }
  const Case two = cases().back();
  CHECK(amplitude_start(build(two.spec))->encoding == 0);
  AnsatzSpec wide = encoded(most_start_qubits + 1, {0, 1}, 4, {});
  CHECK(!amplitude_start(build(wide)));
}
