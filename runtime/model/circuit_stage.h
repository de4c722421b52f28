#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "runtime/circuit/ansatz.h"
#include "runtime/engine/engine.h"
#include "runtime/model/head.h"

namespace qmtl {

/// Blocks first .. last-1 of a circuit.
struct BlockRange {
  std::size_t first = 0, last = 0;
};

/// What every head with a circuit shares: from z through the angle map to the expectations of the circuit's
/// outputs, and back. `gain` multiplies z; what is behind the expectations is the head's.
template <class Real>
class CircuitStage {
 public:
  /// `groups`: the blocks that each task group needs; empty: every group needs all of them.
  CircuitStage(const AnsatzSpec& ansatz, const HeadSetup& setup, const std::vector<BlockRange>& groups);

  std::size_t width() const { return static_cast<std::size_t>(circuit_.angles); }
  std::size_t outputs() const { return all_.outputs; }
  const Circuit& circuit() const { return circuit_; }
  const ParamLayout& layout() const { return layout_; }
  const Plan& plan() const { return all_.engine->plan(); }
  SimdTarget target() const { return all_.engine->target(); }
  /// First output of the task group's and how many they are.
  std::size_t first_output(std::size_t group) const { return part(group).first_output; }
  std::size_t outputs(std::size_t group) const { return part(group).outputs; }

  /// Appends "head.shared", "head.block" and "head.readout", in the order of ParamLayout; empty ones are left
  /// out.
  void append_params(std::vector<ParamInfo>& params) const;
  /// N(0, start_deviation); with `signs` every RY of a block at 0 or pi at random; readout weights 1 / count.
  void initial(const InitialValues& random, std::uint32_t tensor, bool signs, std::span<double> values) const;
  void bind(std::span<const double> params, double gain);
  std::span<const double> params() const { return params_; }
  double gain() const { return gain_; }

  /// expectations[rows of z, outputs()], exact.
  std::vector<double> forward(const Matrix<Real>& z) const;
  /// The same from `evaluate`.
  std::vector<double> forward_with(const CircuitValues& evaluate, std::span<const std::size_t> samples,
                                   const Matrix<Real>& z) const;

  /// Given expectations[count, outputs(group)] of `count` consecutive rows from `first`, shot noise included,
  /// writes d loss / d expectations (same shape). Called in order of rows, from the calling thread.
  using Readout = std::function<void(std::size_t first, std::size_t count, const double* expectations,
                                     double* cotangents)>;
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
    std::unique_ptr<Engine<Real>> engine;

    void bind(std::span<const double> params);
    std::size_t angles() const { return cone.angles.size(); }
  };
  struct Encoding {
    Matrix<Real> angles, slopes;  ///< slopes: d angle / d (gain z)
  };

  Part make_part(Cone cone, std::size_t first, const HeadSetup& setup) const;
  const Part& part(std::size_t group) const { return groups_.empty() ? all_ : groups_[group]; }
  Encoding encode(const Matrix<Real>& z, const Part& part) const;
  void decode(const Matrix<Real>& z, const Matrix<Real>& slopes, const Matrix<Real>& angle_gradients,
              const Part& part, Matrix<Real>& dz, double* gain_gradient) const;
  double shot_noise(const Pass& pass, std::size_t output, std::size_t sample, double mean,
                    double square) const;

  AngleMap angle_map_;
  double start_deviation_, gemm_rate_;
  int shots_;
  bool second_moments_;  ///< the engines of groups_ give them
  Circuit circuit_;
  ParamLayout layout_;
  Part all_;
  std::vector<Part> groups_;  ///< empty: all_ serves every group
  std::vector<double> params_;
  double gain_ = 1.0;
};

extern template class CircuitStage<float>;
extern template class CircuitStage<double>;

}  // namespace qmtl
