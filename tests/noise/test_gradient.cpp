// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <tuple>

#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/engine/engine.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/noisy_plan.h"
#include "tests/noise/cases.h"

using namespace qmtl;
using namespace qmtl::noise_test;

namespace {

// Some hundred operations on numbers below 1, each rounded to 2^-53.
constexpr double value_rounding = 1e-12;
const std::map<int, ReadoutError> errors{{0, {0.05, 0.1}}, {2, {0.0, 0.2}}};

/// Random circuits whose first two angles are one, whose first two parameters are one, and whose last readout
/// weight is trained.
Case shared_case(std::mt19937& random, int qubits) {
  Case made = random_case(random, qubits, 14, 2);
  const auto merge = [&](std::vector<Op>& ops) {
    for (Op& op : ops)
      if (op.source != Source::none && op.index == 1) op.index = 0;
  };
  merge(made.circuit.shared);
  for (Block& block : made.circuit.blocks) merge(block.ops);
  made.circuit.blocks[1].outputs[0].strings[0].weight_param = made.circuit.params++;
  made.params.push_back(0.7);
  return made;
}

/// The oracle's outputs, and behind them their second moments.
std::vector<double> oracle_values(Case made, const std::vector<Rule>& rules) {
  std::vector<double> values, squares;
  for (std::size_t b = 0; b < made.circuit.blocks.size(); ++b) {
    Block& block = made.circuit.blocks[b];
    const std::vector<double> p = expected_probabilities(made, b, rules, errors);
    for (Readout readout : block.outputs) {
      for (ZString& string : readout.strings) string.weight = weight_of(string, made.params);
      values.push_back(expected_value(block, readout, p));
      // One outcome at a time: what is read there, squared.
      double square = 0;
      for (std::size_t bits = 0; bits < p.size(); ++bits) {
        std::vector<double> only(p.size(), 0.0);
        only[bits] = 1.0;
        square += p[bits] * std::pow(expected_value(block, readout, only), 2);
      }
      squares.push_back(square);
    }
  }
  values.insert(values.end(), squares.begin(), squares.end());
  return values;
}

double weight(std::size_t output) { return std::cos(1.0 + static_cast<double>(output)); }

/// d f / d x[i] by five points. With h = 3e-3 what is left out, h^4 / 30 times a fifth derivative of at most
/// a hundred, is 3e-10, and the rounding of f, 1e-12 / h, as much.
double slope(const std::function<double()>& f, double& x) {
  constexpr double h = 3e-3;
  const double kept = x;
  const auto at = [&](double step) {
    x = kept + step;
    return f();
  };
  const double found = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  x = kept;
  return found;
}

/// What an engine says of some samples on a device, with fixed cotangents of the outputs.
struct Answer {
  std::vector<double> values, angle_gradients, param_gradients;
};

template <class Real = double>
Answer answer(const Plan& plan, bool second_moments, const std::vector<double>& params,
              const std::vector<double>& angles, std::int64_t step = 0) {
  Engine<Real> engine(plan);
  engine.set_second_moments(second_moments);
  engine.bind(params);
  const auto columns = static_cast<std::size_t>(engine.values()),
             width = static_cast<std::size_t>(plan.angles);
  const std::size_t samples = angles.size() / width;
  std::vector<Real> given(angles.begin(), angles.end()), cotangents, values(samples * columns),
      slopes(angles.size());
  for (std::size_t s = 0; s < samples; ++s)
    for (std::size_t v = 0; v < columns; ++v)
      cotangents.push_back(v < static_cast<std::size_t>(plan.outputs) ? static_cast<Real>(weight(v))
                                                                      : Real(0));
  Answer made;
  made.param_gradients.assign(params.size(), 0.25);  // added to
  engine.vjp(samples, given.data(), cotangents.data(), values.data(), slopes.data(),
             made.param_gradients.data(), {7, step, nullptr});
  made.values.assign(values.begin(), values.end());
  made.angle_gradients.assign(slopes.begin(), slopes.end());
  for (double& g : made.param_gradients) g -= 0.25;
  std::vector<Real> again(values.size());
  engine.forward(samples, given.data(), again.data(), {7, step, nullptr});
  CHECK(again == values);
  return made;
}

Plan plan_by(NoisyTraining method, const Circuit& circuit, const NoiseModel& model,
             bool second_moments = false, int trajectories = 1) {
  NoisyPlanOptions options{.method = method, .trajectories = trajectories};
  options.engine.second_moments = second_moments;
  return make_noisy_plan(circuit, model, options).plan;
}

/// Local registers behind lines of CZ.
Circuit wide_circuit(int layers = 2) {
  AnsatzSpec spec;
  spec.qubits = 12;
  spec.layers = layers;
  spec.entangler = Entangler::cz_line;
  spec.register_size = 3;
  spec.block_outputs = {1, 2, 1};
  return build(spec);
}

NoiseModel some_device() {
  NoiseModel model = make_model({{Gate::cz, {}, {"depolarising", {0.05}, {}}, true},
                                 {Gate::ry, {}, {"amplitude", {0.02, 0.0}, {}}, false}});
  model.readout = {0.02, 0.05};
  return model;
}

std::vector<double> some_angles(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> angles(count);
  for (double& a : angles) a = static_cast<double>(random()) * 1e-9;
  return angles;
}

}  // namespace

/// The same with blocks that are operators: their angles are trained, and a rotation of each qubit keeps
/// their CZ gates behind those of the shared stage.
Case operator_case(std::mt19937& random, int qubits) {
  Case made = shared_case(random, qubits);
  for (Block& block : made.circuit.blocks) {
    for (Op& op : block.ops)
      if (op.source == Source::angle) {
        op.source = Source::param;
        op.index = made.circuit.params++;
        made.params.push_back(0.4 + 0.3 * op.index);
      }
    for (const int qubit : block.qubits) {
      block.ops.insert(block.ops.begin(), {Gate::ry, qubit, -1, Source::param, made.circuit.params++});
      made.params.push_back(1.1 - 0.2 * qubit);
    }
  }
  // A third block on the second one's register, with its gates in another order.
  Block third = made.circuit.blocks[1];
  std::reverse(third.ops.begin() + 2, third.ops.end());
  made.circuit.blocks.push_back(third);
  return made;
}

/// Compares with the oracle's values, slopes in angles and in parameters.
struct Expected {
  std::vector<double> values, angle_slopes, param_slopes;
};

void check_answer(const Answer& found, const Expected& expected) {
  for (std::size_t i = 0; i < found.values.size(); ++i) {
    CAPTURE(i);
    CHECK(found.values[i] == Approx(expected.values[i]).margin(value_rounding));
  }
  for (std::size_t i = 0; i < expected.angle_slopes.size(); ++i) {
    CAPTURE(i);
    CHECK(found.angle_gradients[i] == Approx(expected.angle_slopes[i]).margin(1e-8));
  }
  for (std::size_t i = 0; i < expected.param_slopes.size(); ++i) {
    CAPTURE(i);
    CHECK(found.param_gradients[i] == Approx(expected.param_slopes[i]).margin(1e-8));
  }
}

Expected expected_of(Case& made, const std::vector<Rule>& rules) {
  Expected expected{oracle_values(made, rules), {}, {}};
  const std::size_t outputs = expected.values.size() / 2;
  const auto loss = [&] {
    const std::vector<double> now = oracle_values(made, rules);
    double sum = 0;
    for (std::size_t o = 0; o < outputs; ++o) sum += weight(o) * now[o];
    return sum;
  };
  for (double& angle : made.angles) expected.angle_slopes.push_back(slope(loss, angle));
  for (double& param : made.params) expected.param_slopes.push_back(slope(loss, param));
  return expected;
}

TEST_CASE("Gradients through every channel are those of the oracle's density matrix, by every exact method") {
  std::mt19937 random(11);
  std::size_t number = 0;
  for (const std::vector<Rule>& rules : channel_cases()) {
    NoiseModel model = make_model(rules);
    model.readout_of = errors;
    Case any = shared_case(random, 3), with_operators = operator_case(random, 3);
    const Expected expected_any = expected_of(any, rules),
                   expected_operators = expected_of(with_operators, rules);
    for (const auto& [method, made, expected] :
         {std::tuple(NoisyTraining::expansion, &any, &expected_any),
          std::tuple(NoisyTraining::density, &any, &expected_any),
          std::tuple(NoisyTraining::operators, &with_operators, &expected_operators)})
      for (const bool moments : {false, true}) {
        INFO("channel case " << number << " by " << name(method) << (moments ? ", with" : ", without")
                             << " second moments");
        const Plan plan = plan_by(method, made->circuit, model, moments);
        const Answer found = answer(plan, moments, made->params, made->angles);
        REQUIRE(found.values.size() ==
                (moments ? 2u : 1u) * static_cast<std::size_t>(made->circuit.outputs()));
        check_answer(found, *expected);
      }
    ++number;
  }
}

TEST_CASE("Trajectories have the exact values and gradients in the mean, through every channel") {
  std::mt19937 random(11);
  std::size_t number = 0;
  for (const std::vector<Rule>& rules : channel_cases()) {
    Case made = shared_case(random, 3);
    INFO("channel case " << number++);
    NoiseModel model = make_model(rules);
    model.readout_of = errors;
    const Answer exact =
        answer(plan_by(NoisyTraining::density, made.circuit, model), false, made.params, made.angles);
    // Independent steps give the mean and its error.
    constexpr int steps = 40;
    std::vector<double> sum, squares;
    const Plan plan = plan_by(NoisyTraining::trajectories, made.circuit, model, false, 50);
    for (int step = 0; step < steps; ++step) {
      const Answer one = answer(plan, false, made.params, made.angles, step);
      std::vector<double> all = one.values;
      all.insert(all.end(), one.angle_gradients.begin(), one.angle_gradients.end());
      all.insert(all.end(), one.param_gradients.begin(), one.param_gradients.end());
      sum.resize(all.size());
      squares.resize(all.size());
      for (std::size_t i = 0; i < all.size(); ++i) {
        sum[i] += all[i] / steps;
        squares[i] += all[i] * all[i] / steps;
      }
    }
    std::vector<double> expected = exact.values;
    expected.insert(expected.end(), exact.angle_gradients.begin(), exact.angle_gradients.end());
    expected.insert(expected.end(), exact.param_gradients.begin(), exact.param_gradients.end());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      // Five standard errors: one of the some 250 numbers lies outside by chance once in 7000 runs, and these
      // random numbers are fixed.
      const double error = std::sqrt(std::max(squares[i] - sum[i] * sum[i], 0.0) / (steps - 1));
      CHECK(sum[i] == Approx(expected[i]).margin(5 * error + value_rounding));
    }
  }
}

TEST_CASE("Trajectories of a mixture of unitaries have the gradient of what they drew") {
  // Their draws do not look at the state, so that values are smooth functions of the angles.
  const NoiseModel model = make_model({{Gate::cz, {}, {"depolarising", {0.3}, {}}, true}});
  // Three qubits, all measured: nothing is traced out.
  AnsatzSpec spec;
  spec.qubits = 3;
  spec.layers = 2;
  spec.entangler = Entangler::cz_line;
  spec.placement = Placement::global;
  spec.block_outputs = {1};
  const Circuit circuit = build(spec);
  const Plan plan = plan_by(NoisyTraining::trajectories, circuit, model, false, 8);
  std::vector<double> angles = some_angles(3, 3),
                      params = some_angles(static_cast<std::size_t>(circuit.params), 4);
  const auto loss = [&] {
    const Answer now = answer(plan, false, params, angles);
    return weight(0) * now.values[0];
  };
  const Answer found = answer(plan, false, params, angles);
  for (std::size_t i = 0; i < angles.size(); ++i)
    CHECK(found.angle_gradients[i] == Approx(slope(loss, angles[i])).margin(1e-8));
  for (std::size_t i = 0; i < params.size(); ++i)
    CHECK(found.param_gradients[i] == Approx(slope(loss, params[i])).margin(1e-8));
}

/// Methods, and shared layers of a circuit that each can take with damping behind every rotation.
const std::vector<std::pair<NoisyTraining, int>> wide_cases{
    {NoisyTraining::automatic, 2}, {NoisyTraining::density, 2}, {NoisyTraining::expansion, 1}};

TEST_CASE("A wide circuit's gradients are those of differences of its noisy values") {
  const NoiseModel model = some_device();
  NoisyOptions options;
  options.method = NoisyMethod::density;
  for (const auto& [method, layers] : wide_cases) {
    CAPTURE(name(method));
    const Circuit circuit = wide_circuit(layers);
    std::vector<double> angles = some_angles(12, 5),
                        params = some_angles(static_cast<std::size_t>(circuit.params), 6);
    const auto loss = [&] {
      const std::vector<double> now = noisy_values(circuit, params, 1, angles, model, options);
      double sum = 0;
      for (std::size_t o = 0; o < now.size(); ++o) sum += weight(o) * now[o];
      return sum;
    };
    const Answer found = answer(plan_by(method, circuit, model), false, params, angles);
    for (std::size_t i = 0; i < angles.size(); ++i)
      CHECK(found.angle_gradients[i] == Approx(slope(loss, angles[i])).margin(1e-8));
    for (std::size_t i = 0; i < params.size(); ++i)
      CHECK(found.param_gradients[i] == Approx(slope(loss, params[i])).margin(1e-8));
  }
}

TEST_CASE("A batch on a device has the values that noisy simulation gives, in float too") {
  const NoiseModel model = some_device();
  constexpr std::size_t samples = 21;  // more than a tile
  const std::vector<double> angles = some_angles(12 * samples, 8);
  for (const auto& [method, layers] : wide_cases) {
    const Circuit circuit = wide_circuit(layers);
    const std::vector<double> params = some_angles(static_cast<std::size_t>(circuit.params), 6),
                              expected = noisy_values(circuit, params, samples, angles, model, {});
    const Plan plan = plan_by(method, circuit, model);
    const Answer found = answer(plan, false, params, angles),
                 floats = answer<float>(plan, false, params, angles);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(name(method), i);
      CHECK(found.values[i] == Approx(expected[i]).margin(value_rounding));
      CHECK(floats.values[i] == Approx(expected[i]).margin(1e-5));  // sums of some hundred floats below 1
    }
  }
}

TEST_CASE("Noise that only scales strings leaves an expansion as large as it is without") {
  const Circuit circuit = wide_circuit();
  const NoiseModel pauli = make_model({{Gate::cz, {}, {"depolarising", {0.05}, {}}, true},
                                       {Gate::ry, {}, {"depolarising", {0.01}, {}}, false}});
  const NoisyPlan noisy = make_noisy_plan(circuit, pauli);
  REQUIRE(noisy.parts.front().method == NoisyTraining::expansion);
  CHECK(noisy.plan.terms == make_plan(circuit, PlanKind::pauli).terms);
}

TEST_CASE("How many strings a channel makes does not hang on how its numbers are rounded") {
  const auto terms = [](double damping) {
    const NoiseModel model = make_model({{Gate::ry, {}, {"amplitude", {damping, 0.0}, {}}, false}});
    return make_noisy_plan(wide_circuit(1), model, {.method = NoisyTraining::expansion}).plan.terms;
  };
  const std::size_t expected = terms(0.03125);  // whose 1 - g and g are exact
  for (int i = 1; i < 40; ++i) {
    CAPTURE(i);
    CHECK(terms(0.002 * i) == expected);
  }
}

TEST_CASE("A weakened device is a mixture of it and none") {
  const Circuit circuit = wide_circuit();
  const NoiseModel model = some_device();
  const std::vector<double> params = some_angles(static_cast<std::size_t>(circuit.params), 6),
                            angles = some_angles(12, 8);
  const auto values = [&](const NoiseModel& device) {
    return noisy_values(circuit, params, 1, angles, device, {});
  };
  const std::vector<double> none = values({});
  CHECK(values(weakened(model, 1.0)) == values(model));
  const std::vector<double> gone = values(weakened(model, 0.0));
  for (std::size_t i = 0; i < none.size(); ++i) CHECK(gone[i] == Approx(none[i]).margin(value_rounding));
  // One channel of strength s p is s times the channel of strength p.
  const NoiseModel strong = make_model({{Gate::cz, {}, {"depolarising", {0.4}, {}}, true}}),
                   weak = make_model({{Gate::cz, {}, {"depolarising", {0.1}, {}}, true}});
  const std::vector<double> expected = values(weak), found = values(weakened(strong, 0.25));
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(found[i] == Approx(expected[i]).margin(value_rounding));
  CHECK_THROWS_AS(weakened(model, 1.5), Error);
}

TEST_CASE("What no method can take is refused with its block and numbers") {
  AnsatzSpec spec;
  spec.qubits = 12;
  spec.placement = Placement::global;
  spec.entangler = Entangler::cx_ring;
  spec.layers = 2;
  spec.block_outputs = {1};
  const auto message = [&](NoisyTraining method) {
    try {
      plan_by(method, build(spec), some_device());
    } catch (const Error& error) {
      CHECK(error.code() == Exit::usage);
      return std::string(error.what());
    }
    return std::string("not refused");
  };
  CHECK_THAT(message(NoisyTraining::density), Catch::Contains("block 0") && Catch::Contains("at most 8"));
  CHECK(message(NoisyTraining::automatic) == "not refused");  // trajectories
  CHECK_THAT(message(NoisyTraining::operators), Catch::Contains("block 0") && Catch::Contains("at most 6"));
  CHECK_THAT(message(NoisyTraining::expansion), Catch::Contains("block 0") && Catch::Contains("4096"));
  spec.qubits = 30;
  CHECK_THAT(message(NoisyTraining::automatic), Catch::Contains("block 0") && Catch::Contains("1 GB"));
}
