// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "hardware/executor.h"
#include "hardware/head_outputs.h"
#include "hardware/tune/objective.h"
#include "hardware/tune/parameter_shift.h"
#include "runtime/base/error.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/train/sampler.h"
#include "tests/oracle/oracle.h"
#include "tests/train/toy.h"

using namespace qmtl;

namespace {

/// A toy model with its first batch and the head's programs.
struct Tuned {
  Dataset data = toy::dataset(60);
  Config config;
  Statistics statistics;
  std::unique_ptr<Learner> learner;
  std::vector<double> params;  ///< of the model
  StepBatch batch;
  std::vector<double> angles;  ///< [rows of the batch, circuit angles]
  std::size_t first_head = 0;  ///< in params
  std::vector<HeadProgram> programs;

  explicit Tuned(const std::string& head, HeadSplit split, void (*change)(AnsatzSpec&) = nullptr)
      : config(toy::config(head, data)) {
    if (change) {
      change(config.model.head.ansatz);
      config.model.plan = "auto";
      resolve(config, data);
    }
    statistics = standardise(data, config.model);
    learner = make_learner(config.model, config.train, data, statistics);
    params = learner->initial(5);
    learner->bind(params);
    first_head = learner->circuit_begin();
    const auto rows = training_rows(data, config.model);
    config.train.batch = 6;
    batch = Batches(data, config.model, config.train).make(epoch_order(rows, 1, 0), 0, 0);
    angles = learner->circuit_angles(batch.rows);
    programs = split_head(*learner->circuit(), learner->circuit_params(), split, {true});
  }
  std::size_t circuit_angles() const { return static_cast<std::size_t>(learner->circuit()->angles); }
  std::size_t outputs() const { return static_cast<std::size_t>(learner->circuit()->outputs()); }

  /// values[samples, points, outputs of the program], exact.
  std::vector<double> exact(const HeadProgram& program, std::span<const ReadOutput> outputs_read,
                            std::span<const std::vector<double>> points) const {
    const Sweep sweep =
        point_sweep(program, program.program, points, batch.rows.size(), angles, circuit_angles());
    std::vector<double> values;
    for (const std::vector<double>& p : Executor({}, 0).probabilities(sweep))
      for (const ReadOutput& output : outputs_read) {
        double sum = 0.0;
        for (std::size_t bits = 0; bits < p.size(); ++bits)
          for (const BitTerm& term : output.terms) {
            double sign = term.weight;
            for (int bit : term.bits) sign = (bits >> bit & 1) != 0 ? -sign : sign;
            sum += sign * p[bits];
          }
        values.push_back(sum);
      }
    return values;
  }

  /// The circuit's outputs at one point, from all programs: [samples, outputs].
  std::vector<double> outputs_at(const std::vector<double>& point) const {
    std::vector<double> all(batch.rows.size() * outputs());
    for (const HeadProgram& program : programs) {
      const std::vector<ReadOutput> readouts = read_outputs(*learner->circuit(), point, program);
      const std::vector<double> values = exact(program, readouts, std::vector<std::vector<double>>{point});
      for (std::size_t s = 0; s < batch.rows.size(); ++s)
        for (std::size_t o = 0; o < readouts.size(); ++o)
          all[s * outputs() + static_cast<std::size_t>(readouts[o].output)] = values[s * readouts.size() + o];
    }
    return all;
  }

  /// The engine's: gradient of the model's parameters, and the loss behind it.
  std::vector<double> engine() const {
    std::vector<double> sums(learner->accumulator_size(), 0.0);
    for (std::size_t unit = 0; unit < learner->units(batch.rows.size()); ++unit)
      learner->run_unit(unit, batch, sums);
    return sums;
  }
};

}  // namespace

TEST_CASE("Parameter shifts of exact probabilities give the engine's gradient and loss", "[tune]") {
  for (const char* head : {"qmtl", "separate"})
    for (HeadSplit split : {HeadSplit::wide, HeadSplit::cones}) {
      INFO(head << ", " << name(split));
      const Tuned tuned(head, split);
      const Circuit& circuit = *tuned.learner->circuit();
      const std::vector<double> params(tuned.learner->circuit_params().begin(),
                                       tuned.learner->circuit_params().end());
      for (std::size_t i = 0; i < params.size(); ++i)
        REQUIRE(params[i] == tuned.params[tuned.first_head + i]);

      const TuneObjective objective(*tuned.learner, tuned.data, tuned.statistics, tuned.params);
      std::vector<double> cotangents(tuned.batch.rows.size() * tuned.outputs());
      const double loss = objective(tuned.batch, tuned.outputs_at(params), cotangents);

      std::vector<double> gradient(params.size(), 0.0);
      for (const HeadProgram& program : tuned.programs) {
        const ParameterShift shift(circuit, program);
        const std::vector<ReadOutput> readouts = read_outputs(circuit, params, program);
        const auto points = shift.points(params);
        shift.add_gradient(readouts, tuned.batch.rows.size(), tuned.exact(program, readouts, points),
                           cotangents, gradient);
      }
      const std::vector<double> expected = tuned.engine();
      double expected_loss = 0.0;
      for (std::size_t t = 0; t < tuned.config.model.tasks.size(); ++t)
        expected_loss += expected[expected.size() - tuned.config.model.tasks.size() + t];
      // Double arithmetic on both sides; the sample's angles are those of the model to the bit.
      CHECK(loss == Approx(expected_loss).epsilon(1e-10));
      const std::vector<int> tuned_params = block_params(tuned.programs);
      REQUIRE(!tuned_params.empty());
      double largest = 0.0;
      for (int p : tuned_params) {
        const auto i = static_cast<std::size_t>(p);
        INFO("parameter " << p);
        CHECK(gradient[i] == Approx(expected[tuned.first_head + i]).margin(1e-9));
        largest = std::max(largest, std::abs(gradient[i]));
      }
      CHECK(largest > 1e-3);
    }
}

TEST_CASE("One pair of executions shifts a parameter of every block at once", "[tune]") {
  const Tuned tuned("qmtl", HeadSplit::wide);
  const Circuit& circuit = *tuned.learner->circuit();
  for (const HeadProgram& program : tuned.programs) {
    std::size_t most = 0;
    for (int block : program.blocks) {
      std::size_t count = 0;
      for (const Op& op : circuit.blocks[static_cast<std::size_t>(block)].ops)
        count += op.source == Source::param &&
                 std::count(program.params.begin(), program.params.end(), op.index) > 0;
      most = std::max(most, count);
    }
    CHECK(ParameterShift(circuit, program).points(tuned.learner->circuit_params()).size() == 1 + 2 * most);
  }
}

TEST_CASE("The mean of simultaneous perturbations is the gradient", "[tune]") {
  const Tuned tuned("qmtl", HeadSplit::wide);
  const TuneObjective objective(*tuned.learner, tuned.data, tuned.statistics, tuned.params);
  const std::vector<double> params(tuned.learner->circuit_params().begin(),
                                   tuned.learner->circuit_params().end());
  const std::vector<int> chosen = block_params(tuned.programs);
  const std::vector<double> expected = tuned.engine();
  double length = 0.0;
  for (int p : chosen) length += std::pow(expected[tuned.first_head + static_cast<std::size_t>(p)], 2);
  // Of n estimates g.s s the mean along the gradient is |g|^2 with a deviation of at most sqrt(2 / n) |g|^2.
  const int repetitions = 40;
  double along = 0.0;
  for (int step = 0; step < repetitions; ++step) {
    const Perturbation perturbation(chosen, 1e-3, 9, step);
    const auto points = perturbation.points(params);
    std::vector<double> gradient(params.size(), 0.0);
    perturbation.add_gradient(objective(tuned.batch, tuned.outputs_at(points[0])),
                              objective(tuned.batch, tuned.outputs_at(points[1])), gradient);
    for (int p : chosen)
      along +=
          gradient[static_cast<std::size_t>(p)] * expected[tuned.first_head + static_cast<std::size_t>(p)];
  }
  CHECK(along / repetitions / length == Approx(1.0).margin(4.0 * std::sqrt(2.0 / repetitions)));
}

namespace {

/// Blocks whose angles are controlled (four terms as one gate, two rotations of two terms as written here),
/// shared by gates, scaled and shifted, and read in three bases.
void controlled_shared_and_scaled(AnsatzSpec& ansatz) {
  CircuitLayer general, controlled, by_hand;
  general.gates = {*gate_by_name("u")};
  controlled.entangler = gate_by_name("crx");
  controlled.pattern = PairPattern::line;
  controlled.shared_angles = true;
  const auto scaled_number = [](int number, double factor, double constant) {
    return sum({constant, {}}, scaled(trainable_number(number), factor));
  };
  const auto gate = [](const char* name) { return *gate_by_name(name); };
  by_hand.ops = {{gate("cry"), {0, 2}, {scaled_number(0, 2.0, 0.25)}},
                 {gate("rx"), {1}, {scaled_number(0, -0.5, 0.0)}},
                 {gate("rzz"), {1, 2}, {sum(trainable_number(0), trainable_number(1))}},
                 {gate("cp"), {2, 0}, {scaled_number(1, 3.0, -1.0)}}};
  ansatz.block_stage = {general, controlled, by_hand};
  ansatz.readout = ReadoutKind::first;
  ansatz.observables = {"w Z0 + 0.5 X0 X1 - Y2 Z1"};
}

}  // namespace

TEST_CASE("Shifts of controlled, shared and scaled angles give the engine's gradient", "[tune]") {
  for (HeadSplit split : {HeadSplit::wide, HeadSplit::cones}) {
    INFO(name(split));
    const Tuned tuned("qmtl", split, controlled_shared_and_scaled);
    const Circuit& circuit = *tuned.learner->circuit();
    const auto count = static_cast<std::size_t>(circuit.trainable_numbers());
    const std::span<const double> trained = std::span(tuned.params).subspan(tuned.first_head, count);
    const std::vector<double> params = bound_params(circuit, trained);
    const TuneObjective objective(*tuned.learner, tuned.data, tuned.statistics, tuned.params);
    std::vector<double> cotangents(tuned.batch.rows.size() * tuned.outputs());
    objective(tuned.batch, tuned.outputs_at(params), cotangents);

    std::vector<double> by_param(params.size(), 0.0), gradient(count, 0.0);
    for (const HeadProgram& program : tuned.programs) {
      const ParameterShift shift(circuit, program);
      const std::vector<ReadOutput> readouts = read_outputs(circuit, params, program);
      shift.add_gradient(readouts, tuned.batch.rows.size(),
                         tuned.exact(program, readouts, shift.points(params)), cotangents, by_param);
    }
    for (std::size_t i = 0; i < by_param.size(); ++i)
      add_trained_gradient(circuit, static_cast<int>(i), by_param[i], trained, gradient);
    const std::vector<double> expected = tuned.engine();
    const ParamLayout numbers = layout(task_ansatz(tuned.config.model));
    double largest = 0.0;
    for (int i = numbers.shared; i < numbers.weights_begin; ++i) {
      const auto number = static_cast<std::size_t>(i);
      INFO(numbers.trained[number].name);
      // Double arithmetic on both sides.
      CHECK(gradient[number] == Approx(expected[tuned.first_head + number]).margin(1e-9));
      largest = std::max(largest, std::abs(gradient[number]));
    }
    CHECK(largest > 1e-3);
  }
}

TEST_CASE("Strings that one basis reads are measured together", "[tune]") {
  // Three strings in each of two bases: two programs and not six.
  const Tuned tuned("qmtl", HeadSplit::cones, [](AnsatzSpec& ansatz) {
    ansatz.readout = ReadoutKind::first;
    ansatz.observables = {"Z0 + X0 X1 - 0.5 Z0 Z1 + 2 X1 + Z1 Y2 - X0 Y2"};
    ansatz.registers = {{0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {0, 1, 2}};
    ansatz.registers.resize(ansatz.block_outputs.size());
    ansatz.block_layers = 0;
    ansatz.block_rotations.clear();
  });
  // Without gates of their own all blocks of a basis read the same state.
  CHECK(tuned.programs.size() == 2);
  for (const HeadProgram& program : tuned.programs)
    CHECK(program.blocks.size() == tuned.config.model.head.ansatz.block_outputs.size());
  const Circuit& circuit = *tuned.learner->circuit();
  const std::vector<double> params(tuned.learner->circuit_params().begin(),
                                   tuned.learner->circuit_params().end());
  const std::vector<double> found = tuned.outputs_at(params);
  for (std::size_t s = 0; s < tuned.batch.rows.size(); ++s) {
    const auto expected = oracle::values(
        circuit, std::span(tuned.angles).subspan(s * tuned.circuit_angles(), tuned.circuit_angles()), params);
    for (std::size_t o = 0; o < tuned.outputs(); ++o)
      CHECK(found[s * tuned.outputs() + o] == Approx(expected(static_cast<Eigen::Index>(o))).margin(1e-12));
  }
}

TEST_CASE("A parameter of several gates has no rule of two terms", "[tune]") {
  Tuned tuned("qmtl", HeadSplit::wide);
  Circuit circuit = *tuned.learner->circuit();
  for (Op& op : circuit.blocks[0].ops)
    if (op.source == Source::param) op.index = tuned.programs[0].params[0];
  CHECK_THROWS_WITH(ParameterShift(circuit, tuned.programs[0]), Catch::Contains("spsa"));
}
