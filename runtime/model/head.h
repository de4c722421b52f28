#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/engine/engine.h"
#include "runtime/model/bind_tasks.h"
#include "runtime/model/layer.h"
#include "runtime/model/matrix.h"
#include "runtime/model/params.h"
#include "runtime/model/spec.h"

namespace qmtl {

/// Tasks first .. last-1.
struct TaskRange {
  std::size_t first = 0, last = 0;
};

/// What a head is made from. Task groups cover all tasks in order: each earlier generation is one, of which
/// no gradient is asked for; the newest generation's tasks are one or several.
struct HeadSetup {
  const ModelSpec& spec;
  std::vector<TaskRange> groups;
  int shots = 0;  ///< shot noise in training; 0: exact
  SimdTarget target = SimdTarget::best;

  bool trains(const TaskRange& group) const { return group.first >= newest_tasks(spec); }
};

/// Evaluates a head's circuit elsewhere than on its engine, for example with noise: writes values[samples,
/// outputs] of angles[samples, circuit angles]. `samples` are their numbers in the data set.
using CircuitValues =
    std::function<void(std::span<const std::size_t> samples, const double* angles, double* values)>;

/// From the representation z to the logits of all tasks. One object per model; after bind() the const calls
/// may run concurrently. Logits and their cotangents are double whatever Real is: losses are computed in
/// double.
template <class Real>
class Head {
 public:
  virtual ~Head() = default;
  virtual std::size_t width() const = 0;  ///< columns of z
  /// Tensors "head.*" with offsets from 0.
  virtual const std::vector<ParamInfo>& params() const = 0;
  /// `tensor` is the number of the head's first tensor in the model's list.
  virtual void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const = 0;
  virtual void bind(std::span<const double> params) = 0;
  virtual const Plan* plan() const { return nullptr; }  ///< null for heads without a circuit
  virtual SimdTarget target() const { return SimdTarget::scalar; }
  virtual const Circuit* circuit() const { return nullptr; }  ///< null for heads without one
  /// The circuit's trainable numbers as bound.
  virtual std::span<const double> circuit_params() const { return {}; }

  /// logits[rows of z, outputs of all tasks], exact.
  virtual void forward(const Matrix<Real>& z, double* logits) const = 0;
  /// The same with the circuit's outputs from `evaluate`; for heads with a circuit only.
  virtual void forward_with(const CircuitValues& /*evaluate*/, std::span<const std::size_t> /*samples*/,
                            const Matrix<Real>& /*z*/, double* /*logits*/) const {}

  /// Given logits[count, outputs of the group] of `count` consecutive rows from `first`, writes d loss / d
  /// logits (same shape). Called in order of rows, from the calling thread.
  using Cotangents =
      std::function<void(std::size_t first, std::size_t count, const double* logits, double* cotangents)>;
  /// Training pass of one task group, shot noise included: writes d loss / d z and ADDS the parameters'
  /// gradients, summed over rows in order, to `gradient` (all of the head's parameters).
  virtual void gradient(const Pass& pass, std::size_t group, const Matrix<Real>& z,
                        const Cotangents& cotangents, Matrix<Real>& dz, std::span<double> gradient) const = 0;
  /// Relative cost of one row's gradient in a group.
  virtual double group_cost(std::size_t group) const = 0;
};

template <class Real>
using HeadFactory = std::unique_ptr<Head<Real>> (*)(const HeadSetup&);

/// One row per kind of head.
struct HeadKind {
  std::string_view name;
  bool angles;     ///< d is the number of the circuit's angles, else HeadSpec::width
  bool registers;  ///< reads the table [block]
  /// The circuit that runs; null for heads without one.
  AnsatzSpec (*ansatz)(const ModelSpec& spec);
  bool second_moments;  ///< shot noise needs them: outputs are not single Z
  HeadFactory<float> make_float;
  HeadFactory<double> make_double;

  bool circuit() const { return ansatz != nullptr; }
};

std::span<const HeadKind> head_table();
/// Throws Error (usage) listing the kinds.
const HeadKind& head_kind(std::string_view kind);

/// The circuit that the model's head runs: what is planned, analysed and drawn. The head must have one.
AnsatzSpec head_ansatz(const ModelSpec& spec);
/// What plans of that circuit are made with, for training with so many shots (0: exact).
PlanOptions plan_options(const ModelSpec& spec, int shots);

template <class Real>
std::unique_ptr<Head<Real>> make_head(const HeadSetup& setup);

/// The tasks of each generation; none where there is only one.
std::vector<TaskRange> generation_tasks(const ModelSpec& spec);

/// First logit column of each task, and the number of columns at the end.
std::vector<std::size_t> task_columns(const ModelSpec& spec);

}  // namespace qmtl
