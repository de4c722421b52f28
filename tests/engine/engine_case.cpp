// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/engine_case.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/oracle/cases.h"
#include "tests/oracle/oracle.h"

namespace qmtl::test {
namespace {

std::span<const double> row(const std::vector<double>& values, std::size_t index, std::size_t width) {
  return {values.data() + index * width, width};
}

void append(std::vector<double>& to, const Eigen::VectorXd& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void to_float(std::vector<double>& values) {
  for (double& value : values) value = static_cast<float>(value);
}

/// A direction whose components' absolute values sum to 1.
void normalise(std::vector<double>& a, std::vector<double>& b) {
  double sum = 0;
  for (const auto* part : {&a, &b})
    for (double value : *part) sum += std::abs(value);
  for (auto* part : {&a, &b})
    for (double& value : *part) value /= sum;
}

/// Sum of the absolute weights of every output: the largest value it can have.
std::vector<double> weight_sums(const Problem& problem) {
  std::vector<double> sums;
  for (const Block& block : problem.circuit.blocks)
    for (const Readout& readout : block.outputs) {
      double sum = 0;
      for (const ZString& string : readout.strings)
        sum +=
            std::abs(string.weight_param < 0 ? string.weight
                                             : problem.params[static_cast<std::size_t>(string.weight_param)]);
      sums.push_back(sum);
    }
  if (problem.second_moments)
    for (std::size_t o = 0, count = sums.size(); o < count; ++o) sums.push_back(sums[o] * sums[o]);
  return sums;
}

/// The halves of controlled rotations (circuit.h) that turn by what `source` gives.
Problem::Ties ties(const Circuit& circuit, Source source, int count) {
  std::vector<bool> undone(static_cast<std::size_t>(count));
  Problem::Ties found;
  const auto add = [&](const std::vector<Op>& ops) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].half != Half::undone || ops[i].source != source) continue;
      std::size_t first = i;
      while (ops[first].half != Half::first || ops[first].source != source || ops[first].q0 != ops[i].q0)
        --first;
      const std::array<std::size_t, 2> pair{static_cast<std::size_t>(ops[first].index),
                                            static_cast<std::size_t>(ops[i].index)};
      if (undone[pair[0]] || undone[pair[1]]) continue;
      undone[pair[1]] = true;
      found.push_back(pair);
    }
  };
  add(circuit.shared);
  for (const Block& block : circuit.blocks) add(block.ops);
  return found;
}

/// What is undone is minus what was done, in every row.
void negate_undone(const Problem::Ties& pairs, std::size_t width, std::vector<double>& rows) {
  for (std::size_t at = 0; at < rows.size(); at += width)
    for (const auto& [first, undone] : pairs) rows[at + undone] = -rows[at + first];
}

/// The gradients of both numbers of a pair become that of the one.
template <class Values>
void fold(const Problem::Ties& pairs, std::size_t width, Values& rows) {
  for (std::size_t at = 0; at < rows.size(); at += width)
    for (const auto& [first, undone] : pairs) {
      rows[at + first] -= rows[at + undone];
      rows[at + undone] = 0;
    }
}

/// How often the angle or parameter is used that is used most.
double most_uses(const Problem& problem) {
  const Circuit& circuit = problem.circuit;
  std::vector<int> angles(static_cast<std::size_t>(circuit.angles)),
      params(static_cast<std::size_t>(circuit.params));
  const auto count = [&](const std::vector<Op>& ops) {
    for (const Op& op : ops)
      if (op.source != Source::none)
        ++(op.source == Source::angle ? angles : params)[static_cast<std::size_t>(op.index)];
  };
  count(circuit.shared);
  for (const Block& block : circuit.blocks) count(block.ops);
  for (const auto& [first, undone] : problem.tied_angles) angles[first] += angles[undone];
  for (const auto& [first, undone] : problem.tied_params) params[first] += params[undone];
  int most = 1;
  for (const auto* list : {&angles, &params})
    for (int uses : *list) most = std::max(most, uses);
  return most;
}

/// Relative error of a simulation in units of eps.
/// Each gate multiplies the state by a matrix whose entries carry a rounding or two and adds two products: at
/// most 4 eps of the state's norm per gate and pass. There are two states (ket and bra) and each is run
/// forward and back: 16 eps per gate. The last sum runs over 2^n products whose absolute values add up to at
/// most the observable's norm (for operators over 4^k, of absolute sum up to 2^k norms): at most 2^n
/// roundings more. 8 for setting up angles.
/// A rotation about Z by a sample's angle is three rotations and their phases: it counts as four gates.
double rounding_units(const Problem& problem) {
  const auto count = [](const std::vector<Op>& ops) {
    std::size_t gates = ops.size();
    for (const Op& op : ops) gates += op.gate == Gate::rz && op.source == Source::angle ? 3 : 0;
    return gates;
  };
  const std::size_t gates = count(problem.circuit.shared);
  std::size_t longest = 0;
  for (const Block& block : problem.circuit.blocks) longest = std::max(longest, count(block.ops));
  return 8 + 16.0 * static_cast<double>(gates + longest) + std::ldexp(1.0, problem.circuit.qubits);
}

}  // namespace

std::size_t Problem::columns() const {
  return static_cast<std::size_t>(circuit.outputs()) * (second_moments ? 2 : 1);
}

bool Problem::trained_weights() const {
  for (const Block& block : circuit.blocks)
    for (const Readout& readout : block.outputs)
      for (const ZString& string : readout.strings)
        if (string.weight_param >= 0) return true;
  return false;
}

Problem make_problem(const AnsatzSpec& spec, std::size_t samples, bool second_moments, std::uint64_t seed) {
  return make_problem(spec, oracle::uniform(seed, samples * static_cast<std::size_t>(spec.angles()), -4, 4),
                      second_moments, seed);
}

Problem make_problem(const AnsatzSpec& spec, const std::vector<double>& angles, bool second_moments,
                     std::uint64_t seed, const std::vector<double>& params) {
  Problem problem = make_problem(build(spec), angles, second_moments, seed, params);
  problem.spec = spec;
  return problem;
}

Problem make_problem(const Circuit& circuit, const std::vector<double>& angles, bool second_moments,
                     std::uint64_t seed, const std::vector<double>& params) {
  Problem problem;
  problem.circuit = circuit;
  problem.second_moments = second_moments;
  const std::size_t width = static_cast<std::size_t>(problem.circuit.angles);
  problem.samples = angles.size() / width;
  problem.angles = angles;
  to_float(problem.angles);
  problem.tied_angles = ties(circuit, Source::angle, circuit.angles);
  problem.tied_params = ties(circuit, Source::param, circuit.params);
  negate_undone(problem.tied_angles, width, problem.angles);
  problem.params = params;
  if (params.empty())
    problem.params = oracle::uniform(seed + 1000003, static_cast<std::size_t>(problem.circuit.params), -2, 2);
  negate_undone(problem.tied_params, problem.params.size(), problem.params);
  problem.cotangents = oracle::uniform(seed + 2000003, problem.samples * problem.columns(), -1, 1);
  to_float(problem.cotangents);
  problem.d_angles = oracle::uniform(seed + 3000017, width, -1, 1);
  problem.d_params = oracle::uniform(seed + 4000037, problem.params.size(), -1, 1);
  negate_undone(problem.tied_angles, width, problem.d_angles);
  negate_undone(problem.tied_params, problem.params.size(), problem.d_params);
  normalise(problem.d_angles, problem.d_params);
  problem.uses = most_uses(problem);
  for (auto* direction : {&problem.d_angles, &problem.d_params})
    for (double& part : *direction) part /= problem.uses;
  for (std::size_t s = 0; s < problem.samples; ++s) {
    const auto a = row(problem.angles, s, width);
    const auto g = row(problem.cotangents, s, problem.columns());
    append(problem.values, oracle::values(problem.circuit, a, problem.params, second_moments));
    const oracle::Gradient gradient = oracle::parameter_shift(problem.circuit, a, problem.params, g);
    append(problem.angle_gradients, gradient.angles);
    append(problem.param_gradients, gradient.params);
    problem.directional.push_back(
        oracle::finite_difference(problem.circuit, a, problem.params, g, problem.d_angles, problem.d_params));
  }
  fold(problem.tied_angles, width, problem.angle_gradients);
  fold(problem.tied_params, problem.params.size(), problem.param_gradients);
  return problem;
}

template <class Real>
Engine<Real> make_engine(const Problem& problem, PlanKind plan, SimdTarget target) {
  Engine<Real> engine(make_plan(problem.circuit, plan), target);
  engine.set_second_moments(problem.second_moments);
  engine.bind(problem.params);
  return engine;
}

template <class Real>
Answer<Real> run(const Engine<Real>& engine, const Problem& problem, std::size_t batch) {
  const std::size_t columns = problem.columns(), width = static_cast<std::size_t>(problem.circuit.angles);
  REQUIRE(engine.values() == static_cast<int>(columns));
  const std::vector<Real> angles(problem.angles.begin(),
                                 problem.angles.begin() + static_cast<std::ptrdiff_t>(batch * width));
  Answer<Real> answer;
  // NaN shows every element that is not written.
  answer.values.assign(batch * columns, std::numeric_limits<Real>::quiet_NaN());
  answer.angle_gradients.assign(batch * width, std::numeric_limits<Real>::quiet_NaN());
  answer.param_gradients.assign(problem.params.size(), 0.0);
  std::size_t expected_first = 0;
  bool tiles_in_order = true;
  std::vector<Real> seen(batch * columns);
  engine.vjp(
      batch, angles.data(),
      [&](std::size_t first, std::size_t count, const Real* values, Real* cotangents) {
        tiles_in_order = tiles_in_order && first == expected_first && count <= tile_samples &&
                         (count == tile_samples || first + count == batch);
        expected_first = first + count;
        if (expected_first > batch) return;
        for (std::size_t i = 0; i < count * columns; ++i) {
          seen[first * columns + i] = values[i];
          cotangents[i] = static_cast<Real>(problem.cotangents[first * columns + i]);
        }
      },
      answer.values.data(), answer.angle_gradients.data(), answer.param_gradients.data());
  CHECK(tiles_in_order);
  CHECK(expected_first == batch);
  CHECK(seen == answer.values);
  std::vector<Real> forward(batch * columns, std::numeric_limits<Real>::quiet_NaN());
  engine.forward(batch, angles.data(), forward.data());
  CHECK(forward == answer.values);
  // Cotangents that are known beforehand: no forward run whose states could be kept.
  const std::vector<Real> cotangents(
      problem.cotangents.begin(), problem.cotangents.begin() + static_cast<std::ptrdiff_t>(batch * columns));
  Answer<Real> known = answer;
  std::fill(known.param_gradients.begin(), known.param_gradients.end(), 0.0);
  engine.vjp(batch, angles.data(), cotangents.data(), known.values.data(), known.angle_gradients.data(),
             known.param_gradients.data());
  CHECK(known == answer);
  return answer;
}

template <class Real>
void check_against_oracle(const Problem& problem, const Answer<Real>& given, std::size_t batch) {
  Answer<Real> answer = given;
  fold(problem.tied_angles, static_cast<std::size_t>(problem.circuit.angles), answer.angle_gradients);
  fold(problem.tied_params, problem.params.size(), answer.param_gradients);
  const double eps = std::numeric_limits<Real>::epsilon(), units = rounding_units(problem);
  const std::size_t columns = problem.columns(), width = static_cast<std::size_t>(problem.circuit.angles);
  const std::vector<double> norms = weight_sums(problem);

  std::vector<double> expected_params(problem.params.size(), 0.0);
  double all_cotangents = 0;
  double worst = 0;  // largest error in units of its tolerance
  const auto compare = [&](double found, double expected, double tolerance, const char* what,
                           std::size_t index) {
    const double error = std::abs(found - expected);
    if (error <= tolerance) {
      worst = std::max(worst, tolerance > 0 ? error / tolerance : 0.0);
      return;
    }
    INFO(what << " " << index << ": found " << found << ", oracle " << expected << ", tolerance "
              << tolerance);
    CHECK(false);
  };
  double directional_found = 0, directional_expected = 0;
  for (std::size_t s = 0; s < batch; ++s) {
    double cotangents = 0;
    for (std::size_t o = 0; o < columns; ++o) {
      const std::size_t i = s * columns + o;
      compare(static_cast<double>(answer.values[i]), problem.values[i], eps * units * norms[o], "value", i);
      cotangents += std::abs(problem.cotangents[i]) * norms[o];
    }
    for (std::size_t a = 0; a < width; ++a) {
      const std::size_t i = s * width + a;
      compare(static_cast<double>(answer.angle_gradients[i]), problem.angle_gradients[i],
              eps * units * cotangents * problem.uses, "angle gradient", i);
      directional_found += problem.d_angles[a] * static_cast<double>(answer.angle_gradients[i]);
    }
    for (std::size_t p = 0; p < expected_params.size(); ++p)
      expected_params[p] += problem.param_gradients[s * expected_params.size() + p];
    directional_expected += problem.directional[s];
    all_cotangents += cotangents;
  }
  // A readout weight's gradient is an expectation of at most 1 (second moments: 2 norms) instead of one with
  // norm |weight|, so the bound needs the cotangents with the larger of the two.
  double weight_cotangents = 0;
  for (std::size_t i = 0; i < batch * columns; ++i)
    weight_cotangents += std::abs(problem.cotangents[i]) * std::max(1.0, 2 * norms[i % columns]);
  const double param_scale =
      problem.trained_weights() ? std::max(all_cotangents, weight_cotangents) : all_cotangents;
  for (std::size_t p = 0; p < expected_params.size(); ++p) {
    compare(answer.param_gradients[p], expected_params[p], eps * units * param_scale * problem.uses,
            "parameter gradient", p);
    directional_found += problem.d_params[p] * answer.param_gradients[p];
  }
  // The direction's components sum to 1 in absolute value, so the fifth derivative is at most the sum of
  // cotangents and the finite difference is good to 1e-12 / 30 + 1.5 * 2 * 2e-16 / 1e-3 of it (with 2^n
  // roundings inside).
  compare(directional_found, directional_expected, (eps * units + 1e-12 * units) * param_scale,
          "directional derivative", 0);
  CHECK(worst <= 1.0);
}

#define QMTL_INSTANTIATE(Real)                                                       \
  template Engine<Real> make_engine<Real>(const Problem&, PlanKind, SimdTarget);     \
  template Answer<Real> run<Real>(const Engine<Real>&, const Problem&, std::size_t); \
  template void check_against_oracle<Real>(const Problem&, const Answer<Real>&, std::size_t);
QMTL_INSTANTIATE(float)
QMTL_INSTANTIATE(double)
#undef QMTL_INSTANTIATE

}  // namespace qmtl::test
