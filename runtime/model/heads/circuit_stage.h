// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tbb/enumerable_thread_specific.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/training_device.h"
#include "runtime/model/heads/head.h"

namespace qmtl {

/// Blocks first .. last-1 of a specification.
struct BlockRange {
  std::size_t first = 0, last = 0;
};

/// What a circuit runs with, in a head or elsewhere.
struct StageSetup {
  HeadSpec head;  ///< angle map and starts
  std::string plan = "auto";
  PlanOptions options = {};
  int shots = 0;  ///< shot noise in training; 0: exact
  SimdTarget target = SimdTarget::best;

  StageSetup() = default;
  StageSetup(const HeadSetup& setup)
      : head(setup.spec.head),
        plan(setup.spec.plan),
        options(plan_options(setup.spec, setup.shots)),
        shots(setup.shots),
        target(setup.target) {}
};

/// What heads with a circuit and layers of circuits share: from z through the angle map to the expectations
/// of the circuit's outputs, and back. `gain` multiplies z; what is behind the expectations is the head's
/// CircuitReadout.
template <class Real>
class CircuitStage {
 public:
  /// `groups`: the blocks that each task group needs (none for a group that is not trained); empty: every
  /// group needs all of them. `generations`: blocks that are planned and evaluated apart, so that later ones
  /// do not change a bit of earlier ones; empty: all together.
  CircuitStage(const AnsatzSpec& ansatz, const StageSetup& setup, const std::vector<BlockRange>& groups,
               const std::vector<BlockRange>& generations);

  std::size_t width() const { return static_cast<std::size_t>(circuit_.sample_inputs()); }
  std::size_t outputs() const { return outputs_; }
  const Circuit& circuit() const { return circuit_; }
  const ParamLayout& layout() const { return layout_; }
  /// The circuit's outputs whose sum each output of the specification is, in the order of the tasks' columns.
  const std::vector<std::vector<int>>& output_sums() const { return output_sums_; }
  /// The plan of the first generation, or of all blocks.
  const Plan& plan() const { return generations_.front().engine->plan(); }
  SimdTarget target() const { return generations_.front().engine->target(); }
  /// First output of the task group's and how many they are.
  std::size_t first_output(std::size_t group) const { return part(group).first_output; }
  std::size_t outputs(std::size_t group) const { return part(group).outputs; }

  /// Appends "head.shared", "head.block" and "head.readout", the trainable numbers in the order of
  /// ParamLayout; empty ones are left out.
  void append_params(std::vector<ParamInfo>& params) const;
  /// As start_circuit.
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const;
  void bind(std::span<const double> params, double gain);
  /// From now on a training's passes compute on a device with `strength` of its noise, and values_on_device
  /// with all of it. Parameters are then to be bound.
  void train_on(const TrainingDevice& device, double strength);
  /// Of the circuit, as bound.
  std::span<const double> params() const { return params_; }
  double gain() const { return gain_; }

  /// The first stage: angles[rows of z, angles of the circuit].
  std::vector<double> angles(const Matrix<Real>& z) const;
  /// The first two: expectations[rows of z, outputs()], exact.
  std::vector<double> values(const Matrix<Real>& z) const;
  /// The second on the device that is trained for, exact where there is none; without shot noise.
  std::vector<double> values_on_device(const Pass& pass, const Matrix<Real>& z) const;

  /// Given expectations[count, outputs(group)] of `count` consecutive rows from `first`, of the device and
  /// with the shot noise of a training's pass, writes d loss / d expectations (same shape). Called in order
  /// of rows, from the calling thread.
  using Readout = std::function<void(std::size_t first, std::size_t count,
                                     std::span<const double> expectations, std::span<double> cotangents)>;
  /// Writes d loss / d z and ADDS the gradients of the circuit's parameters and (unless null) of the gain
  /// through the angles.
  void gradient(const Pass& pass, std::size_t group, const Matrix<Real>& z, const Readout& readout,
                Matrix<Real>& dz, std::span<double> gradient, double* gain_gradient) const;
  /// Head::group_cost of the circuit.
  double group_cost(std::size_t group) const;

 private:
  /// Outputs of some blocks (or all) with their engine.
  struct Part {
    Cone cone;
    std::size_t first_output = 0, outputs = 0;
    std::unique_ptr<Engine<Real>> engine;  ///< null where there are no blocks
    /// On the device, with all of its noise and as a training's passes are; null where the engine does that
    /// too. One engine where the training has all of the noise.
    std::shared_ptr<Engine<Real>> device, training;

    void bind(std::span<const double> params);
    std::size_t angles() const { return cone.angles.size(); }
    /// Whether the angles are made of z's columns in their order, all of them.
    bool takes_whole(const Matrix<Real>& z) const;
  };
  /// What a thread computes in, kept from unit to unit.
  struct Memory {
    Matrix<Real> picked, angles, slopes, angle_gradients;  ///< slopes: d angle / d (gain z)
    std::vector<Real> values;
    std::vector<double> circuit_gradient, expectations, given;
    /// Where angles are functions: of those numbers, [rows, circuit().function_inputs()], whose mapped ones'
    /// slopes are then in `slopes`.
    std::vector<double> inputs;
    std::vector<double> sample;  ///< where there are encodings: z in double
  };

  Part make_part(Cone cone, std::size_t first, const StageSetup& setup) const;
  Part make_part(BlockRange blocks, const StageSetup& setup) const;
  const Part& part(std::size_t group) const {
    return groups_.empty() ? generations_.front() : groups_[group];
  }
  /// Into memory.angles and memory.slopes.
  void encode(const Matrix<Real>& z, const Part& part, const AngleColumns& columns, Memory& memory) const;
  void encode_functions(const Matrix<Real>& z, const Part& part, const AngleColumns& columns,
                        Memory& memory) const;
  /// Whether the columns are a sample's numbers in their order, all of them.
  bool are_numbers(const AngleColumns& columns) const;
  /// Calls each(encoding) for those whose rotations have columns.
  template <class Each>
  void for_rotated(const AngleColumns& columns, const Each& each) const;
  /// d loss / d z of the angles' gradients, and ADDS those of trained weights and of the gain.
  void decode(const Matrix<Real>& z, const Part& part, const AngleColumns& columns, Memory& memory,
              Matrix<Real>& dz, std::span<double> gradient, double* gain_gradient) const;
  void decode_functions(const Matrix<Real>& z, const Part& part, const AngleColumns& columns, Memory& memory,
                        Matrix<Real>& dz, std::span<double> gradient, double* gain_gradient) const;
  /// `engine_of` chooses a part's engine.
  template <class EngineOf>
  std::vector<double> values_by(const Matrix<Real>& z, const DrawKeys& keys, const EngineOf& engine_of) const;
  double shot_noise(const Pass& pass, std::size_t output, std::size_t sample, double mean,
                    double square) const;

  HeadSpec head_;
  double gemm_rate_;
  int shots_;
  bool second_moments_;  ///< the engines of groups_ give them
  AnsatzSpec ansatz_;
  Circuit circuit_;
  ParamLayout layout_;
  std::vector<int> first_block_;  ///< of the circuit, for each block of the specification
  std::vector<std::vector<int>> output_sums_;
  std::size_t outputs_ = 0;
  std::vector<std::size_t> mapped_;  ///< numbers of a sample that functions read, through the angle map
  std::vector<Part> generations_;    ///< all outputs; one part without generations
  std::vector<Part> groups_;         ///< empty: the only generation serves every group
  PlanOptions options_;              ///< of plans, for devices too
  SimdTarget target_;
  std::vector<double> trained_, params_;
  double gain_ = 1.0;
  /// A thread is in one unit at a time: what the engine does in parallel inside is isolated (row_blocks.h).
  mutable tbb::enumerable_thread_specific<Memory> memory_;
};

extern template class CircuitStage<float>;
extern template class CircuitStage<double>;

}  // namespace qmtl
