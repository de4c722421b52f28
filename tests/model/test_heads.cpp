// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "../oracle/cases.h"
#include "../oracle/oracle.h"
#include "differences.h"
#include "head_cases.h"
#include "mapped_angle.h"
#include "runtime/base/error.h"
#include "runtime/base/philox.h"
#include "runtime/model/heads/circuit_stage.h"

using namespace qmtl;

// Every head against its formula, written out plainly from the dense oracle's expectations.

namespace {

const std::vector<HeadCase> cases{
    {"qmtl"},
    {"qmtl", 100, 2, true},
    {"qmtl", 0, 2, true, true, 2},
    {"qmtl", 0, 1, false, false, 1, AngleMap::linear, true},
    {"qmtl", 100, 2, true, false, 1, AngleMap::shift_tanh, true},
    {"qmtl", 0, 1, false, false, 1, AngleMap::shift_tanh, false, true},
    {"qmtl", 100, 2, true, false, 1, AngleMap::shift_atan, false, true},
    {"hybrid"},
    {"hybrid", 100, 3, true},
    {"hybrid", 0, 1, false, false, 2, AngleMap::shift_atan},
    {"separate"},
    {"separate", 100, 1, true},
    {"separate", 100, 4, true, false, 1, AngleMap::linear},
    {"linear"},
    {"linear", 100, 3},
    {"low-rank"},
    {"low-rank", 100, 3},
    {"mlp"},
    {"mlp", 100, 3},
    {"local"},
    {"local", 0, 2, false, true},
    {"local", 0, 3, false, false, 2},
    {"local-tanh"},
    {"local-tanh", 0, 3, false, true},
};

std::string describe(const HeadCase& c) {
  return c.kind + ", shots " + std::to_string(c.shots) + ", groups " + std::to_string(c.groups) +
         (c.train_gain ? ", trained gain" : "") + (c.block_per_task ? ", block per task" : "") +
         ", uploads " + std::to_string(c.uploads) + ", " + std::string(name(c.map)) +
         (c.by_hand ? ", by hand" : "") + (c.encoded ? ", encoded" : "");
}

/// Numbers of a row-major array, by tensor of the head.
struct Tensors {
  const std::vector<ParamInfo>& infos;
  const std::vector<double>& params;

  const double* operator[](const std::string& name) const {
    for (const ParamInfo& info : infos)
      if (info.name == name) return params.data() + info.offset;
    FAIL("no tensor " << name);
    return nullptr;
  }
};

/// What the head should compute for one sample.
class Reference {
 public:
  Reference(const ModelSpec& spec, const Head<double>& head)
      : spec_(spec), infos_(head.params()), columns_(task_columns(spec)) {
    if (head_kind(spec.head.kind).circuit()) {
      Assembly assembly = assemble(head_ansatz(spec));
      circuit_ = std::move(assembly.circuit);
      sums_ = std::move(assembly.outputs);
    }
    for (std::size_t b = 0; b < spec.head.ansatz.block_outputs.size(); ++b)
      registers_.insert(registers_.end(), static_cast<std::size_t>(spec.head.ansatz.block_outputs[b]),
                        register_of(spec.head.ansatz, b));
  }

  /// Errors of the circuit's outputs over `shots`: fixed by seed, step, output and sample.
  std::vector<double> noise(const Pass& pass, int shots, std::size_t sample,
                            const std::vector<double>& params, const double* z) const {
    const auto outputs = static_cast<std::size_t>(circuit_.outputs());
    std::vector<double> errors(outputs, 0.0);
    if (shots == 0 || outputs == 0) return errors;
    const Eigen::VectorXd values = oracle_values(params, z, true);
    for (std::size_t o = 0; o < outputs; ++o) {
      const double mean = values[static_cast<Eigen::Index>(o)];
      const double square = values[static_cast<Eigen::Index>(outputs + o)];
      errors[o] = RandomStream(pass.seed, Purpose::shot_noise)
                      .normal({static_cast<std::uint32_t>(pass.step), static_cast<std::uint32_t>(o),
                               static_cast<std::uint32_t>(sample), 0}) *
                  std::sqrt(std::max(square - mean * mean, 0.0) / shots);
    }
    return errors;
  }

  std::vector<double> logits(const std::vector<double>& params, const double* z,
                             const std::vector<double>& errors) const {
    const Tensors at{infos_, params};
    const std::size_t outputs = columns_.back();
    const std::string& kind = spec_.head.kind;
    std::vector<double> result(outputs);
    std::vector<double> values;
    if (circuit_.outputs() > 0) {
      const Eigen::VectorXd exact = oracle_values(params, z, false);
      for (std::size_t o = 0; o < errors.size(); ++o)
        values.push_back((exact[static_cast<Eigen::Index>(o)] + errors[o]) / gain(at));
    }
    const auto n = static_cast<std::size_t>(spec_.head.ansatz.qubits);
    const auto d = static_cast<std::size_t>(spec_.head.width);
    const auto hidden = static_cast<std::size_t>(spec_.head.hidden);
    std::size_t scale = 0, bias = 0, weight = 0;
    for (std::size_t t = 0; t < spec_.tasks.size(); ++t)
      for (std::size_t o = columns_[t]; o < columns_[t + 1]; ++o) {
        const OutputMap& map = spec_.tasks[t].output;
        double sum = map.trains_bias() ? at["head.bias"][bias++] : map.fixed_bias();
        if (kind == "qmtl") {
          double value = 0;
          for (int output : sums_[o]) value += values[static_cast<std::size_t>(output)];
          if (!map.trains_scale()) {
            sum += map.fixed_scale() * value * gain(at);
          } else {
            if (o == columns_[t] || spec_.tasks[t].kind != "multiclass") ++scale;
            sum += at["head.scale"][scale - 1] * value;
          }
          if (map.form == OutputForm::tanh)
            sum = (map.low() + map.high()) / 2 + (map.high() - map.low()) / 2 * std::tanh(sum);
        } else if (kind == "hybrid") {
          for (std::size_t q = 0; q < n; ++q) sum += values[q] * at["head.weight"][q * outputs + o];
        } else if (kind == "separate") {
          for (std::size_t q = 0; q < n; ++q) sum += values[t * n + q] * at["head.weight"][q * outputs + o];
        } else if (kind == "linear") {
          for (std::size_t i = 0; i < d; ++i) sum += z[i] * at["head.weight"][i * outputs + o];
        } else if (kind == "low-rank") {
          for (std::size_t r = 0; r < hidden; ++r)
            for (std::size_t i = 0; i < d; ++i)
              sum += z[i] * at["head.basis"][i * hidden + r] * at["head.weight"][r * outputs + o];
        } else if (kind == "mlp") {
          const std::size_t units = hidden * spec_.tasks.size();
          for (std::size_t h = 0; h < hidden; ++h) {
            double u = at["head.hidden_bias"][t * hidden + h];
            for (std::size_t i = 0; i < d; ++i)
              u += z[i] * at["head.hidden_weight"][i * units + t * hidden + h];
            sum += std::tanh(u) * at["head.weight"][h * outputs + o];
          }
        } else {
          for (int upload = 0; upload < spec_.head.ansatz.uploads; ++upload)
            for (int q : registers_[o]) {
              const double seen = z[upload * spec_.head.ansatz.qubits + q];
              sum += (kind == "local-tanh" ? std::tanh(seen) : seen) * at["head.weight"][weight++];
            }
        }
        result[o] = sum;
      }
    return result;
  }

  std::vector<double> angles(const std::vector<double>& params, const double* z) const {
    std::vector<double> mapped, functions;
    for (int i = 0; i < circuit_.sample_inputs(); ++i)
      mapped.push_back(test::angle(spec_.head.angle_map, gain({infos_, params}) * z[i]));
    // Encodings are compared with normalised vectors by the circuit's own tests.
    for (const AmplitudeEncoding& encoding : circuit_.encodings) {
      std::vector<double> rotations(static_cast<std::size_t>(encoding.rotations()));
      amplitude_angles(encoding, {z, static_cast<std::size_t>(circuit_.sample_inputs())}, rotations);
      mapped.insert(mapped.end(), rotations.begin(), rotations.end());
    }
    for (const Expression& function : circuit_.angle_of)
      functions.push_back(value(function, mapped, trained(params)));
    return circuit_.angle_of.empty() ? mapped : functions;
  }

  Eigen::VectorXd oracle_values(const std::vector<double>& params, const double* z,
                                bool second_moments) const {
    return oracle::values(circuit_, angles(params, z), bound_params(circuit_, trained(params)),
                          second_moments);
  }

 private:
  std::span<const double> trained(const std::vector<double>& params) const {
    return std::span(params).first(static_cast<std::size_t>(circuit_.trainable_numbers()));
  }
  double gain(const Tensors& at) const { return spec_.head.train_gain ? *at["head.gain"] : spec_.head.gain; }

  const ModelSpec& spec_;
  const std::vector<ParamInfo>& infos_;
  std::vector<std::size_t> columns_;
  Circuit circuit_;
  std::vector<std::vector<int>> sums_;       ///< the circuit's outputs that each logit sums
  std::vector<std::vector<int>> registers_;  ///< per output
};

std::vector<double> start(const Head<double>& head) {
  std::vector<double> params(count_params(head.params()));
  head.initial(InitialValues(9), 4, params);
  for (std::size_t i = 0; i < params.size(); ++i)
    params[i] += 0.2 * std::sin(1.0 + 3.0 * static_cast<double>(i));
  return params;
}

Matrix<double> inputs(std::size_t rows, std::size_t width) {
  const std::vector<double> numbers = oracle::uniform(3, rows * width, -2.0, 2.0);
  return Eigen::Map<const Matrix<double>>(numbers.data(), static_cast<Eigen::Index>(rows),
                                          static_cast<Eigen::Index>(width));
}

/// d loss / d logit of the loss sum over i, c of w_ic logit + logit^2 / 2 with w = 0 for every fifth label: a
/// missing one.
double cotangent(std::size_t row, std::size_t column, double logit) {
  const std::size_t place = row * 7 + column;
  return place % 5 == 0 ? 0.0 : std::cos(static_cast<double>(place)) + logit;
}
double loss(std::size_t row, std::size_t column, double logit) {
  const std::size_t place = row * 7 + column;
  return place % 5 == 0 ? 0.0 : std::cos(static_cast<double>(place)) * logit + 0.5 * logit * logit;
}

std::vector<double> flat(const Matrix<double>& z) { return {z.data(), z.data() + z.size()}; }

}  // namespace

TEST_CASE("every head computes its formula, in double and in float", "[model]") {
  for (const HeadCase& c : cases) {
    INFO(describe(c));
    const ModelSpec spec = spec_of(c);
    const HeadSetup setup{spec, groups_of(c.groups, spec.tasks.size()), c.shots};
    const auto head = make_head<double>(setup);
    const auto single = make_head<float>(setup);
    const std::vector<double> params = start(*head);
    head->bind(params);
    single->bind(params);
    const Reference reference(spec, *head);
    const Matrix<double> z = inputs(6, head->width());
    std::vector<double> expected;
    for (Eigen::Index i = 0; i < z.rows(); ++i) {
      const std::vector<double> none(head->readout() ? head->readout()->outputs : 0);
      for (double logit : reference.logits(params, z.row(i).data(), none)) expected.push_back(logit);
    }
    std::vector<double> found(expected.size()), rounded(expected.size()), given(expected.size());
    head->forward(z, found);
    // About a hundred operations of order 1, divided by a gain of 0.3 and scaled by 4.
    CHECK(largest_deviation(found, expected) < 1e-12);
    single->forward(z.cast<float>(), rounded);
    CHECK(largest_deviation(rounded, expected) < 1e-4);
    REQUIRE((head->circuit_stage() == nullptr) == (head->readout() == nullptr));
    if (!head->readout()) continue;
    std::vector<double> angles, values;
    for (Eigen::Index i = 0; i < z.rows(); ++i) {
      for (double angle : reference.angles(params, z.row(i).data())) angles.push_back(angle);
      for (double value : reference.oracle_values(params, z.row(i).data(), false)) values.push_back(value);
    }
    CHECK(largest_deviation(head->circuit_stage()->angles(z), angles) < 1e-14);
    head->readout()->logits(values, given);
    CHECK(largest_deviation(given, expected) < 1e-12);
  }
}

TEST_CASE("every head's gradient is that of its formula, with the shot noise of the step held fixed",
          "[model]") {
  for (const HeadCase& c : cases) {
    INFO(describe(c));
    const ModelSpec spec = spec_of(c);
    const std::vector<TaskRange> groups = groups_of(c.groups, spec.tasks.size());
    const auto head = make_head<double>({spec, groups, c.shots});
    const std::vector<double> params = start(*head);
    head->bind(params);
    const Reference reference(spec, *head);
    const std::size_t rows = 3, width = head->width();
    const Matrix<double> z = inputs(rows, width);
    const std::vector<std::size_t> samples{5, 17, 2};
    const Pass pass{true, 12, 7, samples};
    std::vector<std::vector<double>> errors;
    for (std::size_t i = 0; i < rows; ++i)
      errors.push_back(reference.noise(pass, c.shots, samples[i], params, z.data() + i * width));
    const auto total = [&](const std::vector<double>& at, const std::vector<double>& from) {
      double sum = 0.0;
      for (std::size_t i = 0; i < rows; ++i) {
        const std::vector<double> logits = reference.logits(at, from.data() + i * width, errors[i]);
        for (std::size_t o = 0; o < logits.size(); ++o) sum += loss(i, o, logits[o]);
      }
      return sum;
    };
    std::vector<double> gradient(params.size(), 0.0), dz(rows * width, 0.0);
    const std::vector<std::size_t> columns = task_columns(spec);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const std::size_t begin = columns[groups[g].first], count = columns[groups[g].last] - begin;
      Matrix<double> part;
      head->gradient(
          pass, g, z,
          [&](std::size_t first, std::size_t number, std::span<const double> logits,
              std::span<double> cotangents) {
            for (std::size_t i = 0; i < number; ++i)
              for (std::size_t o = 0; o < count; ++o)
                cotangents[i * count + o] = cotangent(first + i, begin + o, logits[i * count + o]);
          },
          part, gradient);
      REQUIRE(static_cast<std::size_t>(part.size()) == dz.size());
      for (std::size_t i = 0; i < dz.size(); ++i) dz[i] += part.data()[i];
      CHECK(head->group_cost(g) > 0.0);
    }
    const auto of_params = [&](const std::vector<double>& at) { return total(at, flat(z)); };
    const auto of_z = [&](const std::vector<double>& from) { return total(params, from); };
    // Third derivatives reach a few hundred: logits of order ten, squared, in angles and gain.
    CHECK(largest_deviation(gradient, differences(of_params, params)) < 10 * difference_tolerance);
    CHECK(largest_deviation(dz, differences(of_z, flat(z))) < 10 * difference_tolerance);
  }
}
