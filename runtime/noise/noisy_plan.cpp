// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/noisy_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/names.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/noisy_expansion.h"
#include "runtime/noise/noisy_gradient.h"
#include "runtime/noise/noisy_operators.h"
#include "runtime/noise/noisy_trajectories.h"
#include "runtime/noise/partition.h"
#include "runtime/noise/schedule.h"

namespace qmtl {
namespace {

constexpr Names<NoisyTraining> methods{"method",
                                       {"auto", "expansion", "operators", "density", "trajectories"}};

/// Expansions share angles, sines and products, while the terms fit a core's caches.
constexpr std::size_t terms_per_part = 512;
/// With so few terms no density matrix is faster, and none is looked for.
constexpr std::size_t surely_cheap_terms = 64;
/// Estimates, in the unit of CostModel's rates: time of an operation for each of a density matrix's numbers,
/// there, back and in front of the loss.
constexpr double density_rate = 8e-9;
/// Of a multiply-add of an operator and a register's state.
constexpr double product_rate = 1e-9;
/// Of a trajectory likewise, for each amplitude.
constexpr double trajectory_rate = 6e-9;

/// A simulation: what it takes.
struct Work {
  bool fits = true;
  int cone = 0, alive = 0;
  Cost cost = {};
};

struct Expandable {
  int block;
  std::size_t terms;
  double seconds;
};
bool surely_cheap(const Expandable& found) { return found.terms <= surely_cheap_terms; }

class Planner {
 public:
  Planner(const Circuit& circuit, const NoiseModel& model, const NoisyPlanOptions& options)
      : circuit_(circuit),
        model_(std::make_shared<const NoiseModel>(model)),
        noise_(model),
        maps_(noise_),
        options_(options),
        first_output_(output_begin(circuit)) {
    check_circuit(circuit);
  }

  NoisyPlan make() {
    for (const std::vector<int>& blocks : blocks_by_register(circuit_)) place(blocks);
    for (const std::vector<int>& blocks : expanded_) add_expansion(blocks);
    made_.plan.kind = made_.plan.parts.size() == expanded_.size() ? PlanKind::pauli : PlanKind::mixed;
    for (const auto& [blocks, found] : operators_)
      add_device(NoisyTraining::operators, blocks, restrict_blocks(circuit_, blocks), found,
                 make_operator_device);
    for (const auto& [block, found] : densities_)
      add_device(NoisyTraining::density, {block}, restrict_blocks(circuit_, block, block + 1), found,
                 make_density_device);
    for (const int block : sampled_) add_trajectories(block);
    made_.plan.angles = circuit_.angles;
    made_.plan.params = circuit_.params;
    made_.plan.outputs = circuit_.outputs();
    made_.plan.reason = "least expected time of what is exact on the device that is trained for";
    return std::move(made_);
  }

 private:
  bool allows(NoisyTraining method) const {
    return options_.method == NoisyTraining::automatic || options_.method == method;
  }

  /// The blocks of one register: by expansions or operators, whichever is cheaper; else block by block.
  void place(const std::vector<int>& blocks) {
    std::vector<int> left;  ///< no expansion
    std::vector<Expandable> expandable;
    double seconds = 0;
    for (const int block : blocks) {
      std::optional<NoisyExpansion> expansion;
      if (allows(NoisyTraining::expansion))
        expansion = expand_noisy(circuit_, std::span(&block, 1), maps_, options_.engine.second_moments);
      if (!expansion) {
        left.push_back(block);
        continue;
      }
      expandable.push_back(
          {block, expansion->sums.terms(), pauli_cost(expansion->sums, options_.engine.model).seconds});
      seconds += expandable.back().seconds;
    }
    const bool only_expansions = options_.method == NoisyTraining::expansion;
    if (only_expansions && !left.empty())
      throw usage_error("noise in training: block " + std::to_string(left.front()) +
                        " has too many Pauli strings for an expansion (limit 4096 at a time, on at most 64 "
                        "qubits)");
    if (left.empty() &&
        (only_expansions || std::all_of(expandable.begin(), expandable.end(), surely_cheap))) {
      for (const Expandable& found : expandable) expand(found);
      return;
    }
    const std::optional<Work> operators =
        allows(NoisyTraining::operators) ? operators_of(blocks) : std::nullopt;
    const bool only_operators = options_.method == NoisyTraining::operators;
    if (only_operators && !operators)
      throw usage_error("noise in training: block " + std::to_string(blocks.front()) +
                        " is no operator on its register for all samples (at most " +
                        std::to_string(noisy_operator_qubits) +
                        " qubits, no sample's angle in the block, at most " +
                        std::to_string(noisy_gradient_qubits) + " qubits of its cone alive at once)");
    std::vector<Work> alone;
    for (const int block : left) {
      alone.push_back(density_of(block));
      seconds += alone.back().fits ? alone.back().cost.seconds : std::numeric_limits<double>::infinity();
    }
    if (operators && (only_operators || operators->cost.seconds < seconds)) {
      operators_.emplace_back(blocks, *operators);
      return;
    }
    for (const Expandable& found : expandable) {
      const Work density =
          allows(NoisyTraining::density) && !surely_cheap(found) ? density_of(found.block) : Work{false};
      if (density.fits && density.cost.seconds < found.seconds)
        densities_.emplace_back(found.block, density);
      else
        expand(found);
    }
    for (std::size_t i = 0; i < left.size(); ++i) place_alone(left[i], alone[i]);
  }

  void place_alone(int block, const Work& density) {
    if (density.fits && allows(NoisyTraining::density))
      densities_.emplace_back(block, density);
    else if (allows(NoisyTraining::trajectories))
      sampled_.push_back(block);
    else
      refuse(block, density);
  }

  /// What the blocks of a register take as operators, if they can be.
  std::optional<Work> operators_of(const std::vector<int>& blocks) const {
    const Circuit circuit = restrict_blocks(circuit_, blocks).circuit;
    if (!can_be_operators(circuit)) return std::nullopt;
    std::vector<int> qubits = circuit.blocks.front().qubits;
    std::sort(qubits.begin(), qubits.end());
    const Program shared =
        make_program(schedule(circuit.shared, circuit.qubits), circuit.qubits, qubits, noise_, false);
    if (shared.peak > noisy_gradient_qubits) return std::nullopt;
    const double products = std::ldexp(1.0, 2 * static_cast<int>(qubits.size())) * circuit.outputs() *
                            (options_.engine.second_moments ? 4 : 3);
    return Work{true,
                static_cast<int>(shared.cone.size()),
                shared.peak,
                {shared.cost * 32 + 2 * products,
                 static_cast<double>(shared.steps.size()) * std::ldexp(8.0, 2 * shared.peak),
                 shared.cost * density_rate + products * product_rate}};
  }

  void expand(const Expandable& found) {
    if (expanded_.empty() || terms_ + found.terms > terms_per_part) {
      expanded_.emplace_back();
      terms_ = 0;
    }
    expanded_.back().push_back(found.block);
    terms_ += found.terms;
  }

  Work density_of(int block) const {
    NoisyOptions options;
    options.density_qubits = noisy_gradient_qubits;
    options.joint = options_.engine.second_moments;
    options.bytes = std::int64_t{1} << 40;  // more than eight qubits need: trajectories are not run here
    Work found;
    for (const NoisyRun& run :
         make_parts(restrict_blocks(circuit_, block, block + 1).circuit, noise_, options)) {
      found.fits = found.fits && run.about.method == NoisyMethod::density;
      found.cone = std::max(found.cone, run.about.cone);
      found.alive = std::max(found.alive, run.about.peak);
      const auto steps = static_cast<double>(run.program.steps.size());
      found.cost.add({run.program.cost * 32, steps * 8 * std::ldexp(1.0, 2 * run.about.peak),
                      run.program.cost * density_rate});
    }
    return found;
  }

  void add_trajectories(int block) {
    Cone cone = restrict_blocks(circuit_, block, block + 1);
    NoisyOptions options;
    options.method = NoisyMethod::trajectories;
    options.bytes = std::int64_t{1} << 62;  // the device itself refuses
    const NoisyRun run = std::move(make_parts(cone.circuit, noise_, options).front());
    const auto steps = static_cast<double>(run.program.steps.size());
    const double amplitudes = std::ldexp(1.0, run.about.peak), count = options_.trajectories;
    add_device(NoisyTraining::trajectories, {block}, std::move(cone),
               {true,
                run.about.cone,
                run.about.peak,
                {steps * amplitudes * count * 30, steps * amplitudes * 16,
                 steps * amplitudes * count * trajectory_rate}},
               [block, trajectories = options_.trajectories](const Circuit& circuit, const NoiseModel& model,
                                                             bool second_moments) {
                 return make_trajectory_device(circuit, model, second_moments, trajectories, block);
               });
    made_.plan.parts.back().device(false);  // refuses before any work
  }

  [[noreturn]] void refuse(int block, const Work& density) const {
    throw usage_error("noise in training: block " + std::to_string(block) + " has a backward cone of " +
                      std::to_string(density.cone) + " qubits, " + std::to_string(density.alive) +
                      " of them alive at once, expected at most " + std::to_string(noisy_gradient_qubits) +
                      ": take fewer shared layers, smaller registers, or an entangler with smaller cones "
                      "(cz-line, brickwork-cz)");
  }

  void add_expansion(const std::vector<int>& blocks) {
    NoisyPlanPart about{.method = NoisyTraining::expansion, .blocks = blocks};
    Part part;
    part.method = BlockMethod::pauli;
    for (const bool moments : {false, true}) {
      if (moments && !options_.engine.second_moments) continue;
      NoisyExpansion made = *expand_noisy(circuit_, blocks, maps_, moments);
      part.cone.angles = std::move(made.angles);
      part.cone.params = std::move(made.params);
      about.terms = made.sums.terms();
      about.cost = pauli_cost(made.sums, options_.engine.model);
      (moments ? part.expansion_of_moments : part.expansion) =
          std::make_shared<const PauliExpansion>(std::move(made.sums));
    }
    for (const int block : blocks)
      for (int output = first_output_[static_cast<std::size_t>(block)];
           output < first_output_[static_cast<std::size_t>(block) + 1]; ++output)
        part.cone.outputs.push_back(output);
    made_.plan.terms += about.terms;
    add(std::move(part), std::move(about));
  }

  /// make(circuit, model, second moments): what simulates the blocks of the cone.
  template <class Make>
  void add_device(NoisyTraining method, std::vector<int> blocks, Cone cone, const Work& found,
                  const Make& make) {
    Part part;
    part.method = BlockMethod::device;
    part.cone = std::move(cone);
    part.device = [circuit = std::move(part.cone.circuit), model = model_, make](bool second_moments) {
      return make(circuit, *model, second_moments);
    };
    part.cone.circuit = {};
    add(std::move(part), {.method = method,
                          .blocks = std::move(blocks),
                          .cone = found.cone,
                          .alive = found.alive,
                          .cost = found.cost});
  }

  void add(Part part, NoisyPlanPart about) {
    made_.plan.cost.add(about.cost);
    made_.plan.parts.push_back(std::move(part));
    made_.parts.push_back(std::move(about));
  }

  const Circuit& circuit_;
  std::shared_ptr<const NoiseModel> model_;
  NoiseTable noise_;
  ChannelMaps maps_;
  const NoisyPlanOptions& options_;
  std::vector<int> first_output_;
  std::vector<std::vector<int>> expanded_;
  std::size_t terms_ = 0;  ///< of the last of them
  std::vector<std::pair<std::vector<int>, Work>> operators_;
  std::vector<std::pair<int, Work>> densities_;
  std::vector<int> sampled_;
  NoisyPlan made_;
};

}  // namespace

std::string_view name(NoisyTraining method) { return methods.name(method); }

NoisyPlan make_noisy_plan(const Circuit& circuit, const NoiseModel& model, const NoisyPlanOptions& options) {
  return Planner(circuit, model, options).make();
}

TrainingDevice noisy_training(NoiseModel model, NoisyTraining method, int trajectories) {
  return [model = std::move(model), method, trajectories](const Circuit& circuit, const PlanOptions& engine,
                                                          double strength) {
    return make_noisy_plan(circuit, weakened(model, strength), {engine, method, trajectories}).plan;
  };
}

}  // namespace qmtl
