// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "runtime/base/error.h"
#include "runtime/model/data.h"
#include "runtime/model/heads/circuit_stage.h"
#include "runtime/model/heads/head.h"
#include "runtime/model/operations.h"

namespace qmtl {
namespace {

/// The blocks whose outputs are the columns [first, last): a block's outputs belong to one task.
BlockRange blocks_of(const AnsatzSpec& ansatz, std::size_t first, std::size_t last) {
  const auto block_at = [&](std::size_t column) {
    std::size_t output = 0, block = 0;
    for (; block < ansatz.block_outputs.size() && output < column; ++block)
      output += static_cast<std::size_t>(ansatz.block_outputs[block]);
    if (output != column)
      throw usage_error(
          "the head's blocks do not end where the tasks' outputs do: a block's outputs must belong to "
          "one task");
    return block;
  };
  return {block_at(first), block_at(last)};
}

/// The blocks of each generation of tasks; none where there is only one.
std::vector<BlockRange> generation_blocks(const HeadSetup& setup) {
  const std::vector<std::size_t> columns = task_columns(setup.spec);
  std::vector<BlockRange> blocks;
  for (const TaskRange& tasks : generation_tasks(setup.spec))
    blocks.push_back(blocks_of(setup.spec.head.ansatz, columns[tasks.first], columns[tasks.last]));
  return blocks;
}

/// Each task group's blocks; none where the engine for all of them serves the only group. (Shot noise needs
/// second moments, which exact outputs do without.)
std::vector<BlockRange> group_blocks(const HeadSetup& setup) {
  const AnsatzSpec& ansatz = setup.spec.head.ansatz;
  const std::vector<std::size_t> columns = task_columns(setup.spec);
  std::size_t outputs = 0;
  for (int count : ansatz.block_outputs) outputs += static_cast<std::size_t>(count);
  if (outputs != columns.back())
    throw usage_error("the head's circuit has " + std::to_string(outputs) + " outputs, but the tasks need " +
                      std::to_string(columns.back()) + " (check block.registers)");
  std::vector<BlockRange> blocks;
  if (setup.groups.size() > 1 || setup.shots > 0)
    for (const TaskRange& group : setup.groups)
      blocks.push_back(setup.trains(group) ? blocks_of(ansatz, columns[group.first], columns[group.last])
                                           : BlockRange{});
  return blocks;
}

/// The number of each output's scale: the classes of a multiclass task share one.
std::vector<std::size_t> scale_of_outputs(const ModelSpec& spec) {
  std::vector<std::size_t> scale_of;
  std::size_t scales = 0;
  for (const TaskSpec& task : spec.tasks) {
    const bool shared = parse_task_kind(task.kind) == TaskKind::multiclass;
    for (int c = 0; c < task.outputs; ++c) {
      if (c == 0 || !shared) ++scales;
      scale_of.push_back(scales - 1);
    }
  }
  return scale_of;
}

template <class Real>
class QmtlHead final : public Head<Real> {
 public:
  explicit QmtlHead(const HeadSetup& setup)
      : spec_(setup.spec.head), stage_(spec_.ansatz, setup, group_blocks(setup), generation_blocks(setup)) {
    outputs_ = readout_.outputs = stage_.outputs();
    circuit_params_ = static_cast<std::size_t>(stage_.layout().total);
    name_scales(setup.spec);
    stage_.append_params(params_);
    append_param(params_, "head.scale", {scale_starts_.size()}, true, false);
    append_param(params_, "head.bias", {outputs_}, true, false);
    if (spec_.train_gain) append_param(params_, "head.gain", {1}, true, false);
  }

  std::size_t width() const override { return stage_.width(); }
  const std::vector<ParamInfo>& params() const override { return params_; }
  const CircuitStage<Real>* circuit_stage() const override { return &stage_; }
  const CircuitReadout* readout() const override { return &readout_; }

  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    stage_.initial(random, tensor, values.first(circuit_params_));
    const std::span<double> rest = values.subspan(circuit_params_);
    std::copy(scale_starts_.begin(), scale_starts_.end(), rest.begin());
    for (double& value : rest.subspan(scale_starts_.size())) value = 0.0;
    if (spec_.train_gain) values.back() = spec_.gain;
  }

  void bind(std::span<const double> params) override {
    stage_.bind(params.first(circuit_params_), spec_.train_gain ? params.back() : spec_.gain);
    scale_.resize(outputs_);
    readout_.columns.resize(outputs_);
    for (std::size_t o = 0; o < outputs_; ++o) {
      scale_[o] = params[circuit_params_ + scale_of_[o]];
      readout_.columns[o].first_output = o;
      readout_.columns[o].weights.assign(1, scale_[o] / stage_.gain());
      readout_.columns[o].bias = params[circuit_params_ + scale_starts_.size() + o];
    }
  }

  void forward(const Matrix<Real>& z, double* logits) const override {
    readout_.logits(stage_.values(z), logits);
  }

  void gradient(const Pass& pass, std::size_t group, const Matrix<Real>& z,
                const typename Head<Real>::Cotangents& cotangents, Matrix<Real>& dz,
                std::span<double> gradient) const override {
    const std::size_t first_output = stage_.first_output(group), outputs = stage_.outputs(group);
    std::vector<double> logits, given;
    const auto at_readout = [&](std::size_t first, std::size_t count, const double* expectations,
                                double* expectation_cotangents) {
      logits.resize(count * outputs);
      given.resize(count * outputs);
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t o = 0; o < outputs; ++o) {
          const ReadoutColumn& column = readout_.columns[first_output + o];
          logits[i * outputs + o] = column.weights.front() * expectations[i * outputs + o] + column.bias;
        }
      cotangents(first, count, logits.data(), given.data());
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t o = 0; o < outputs; ++o) {
          const std::size_t at = i * outputs + o;
          expectation_cotangents[at] = given[at] * readout_.columns[first_output + o].weights.front();
          add_readout_gradient(first_output + o, given[at], expectations[at], gradient);
        }
    };
    stage_.gradient(pass, group, z, at_readout, dz, gradient.first(circuit_params_),
                    spec_.train_gain ? &gradient.back() : nullptr);
  }

  double group_cost(std::size_t group) const override { return stage_.group_cost(group); }

 private:
  void name_scales(const ModelSpec& spec) {
    scale_of_ = scale_of_outputs(spec);
    std::size_t output = 0;
    for (const TaskSpec& task : spec.tasks)
      for (int c = 0; c < task.outputs; ++c)
        if (scale_of_[output++] == scale_starts_.size())
          scale_starts_.push_back(parse_task_kind(task.kind) == TaskKind::regression
                                      ? spec_.scale_start_regression
                                      : spec_.scale_start);
  }

  void add_readout_gradient(std::size_t output, double g, double expectation,
                            std::span<double> gradient) const {
    const double gain = stage_.gain();
    gradient[circuit_params_ + scale_of_[output]] += g * expectation / gain;
    gradient[circuit_params_ + scale_starts_.size() + output] += g;
    if (spec_.train_gain) gradient.back() -= g * scale_[output] * expectation / (gain * gain);
  }

  HeadSpec spec_;
  CircuitStage<Real> stage_;
  std::size_t outputs_ = 0, circuit_params_ = 0;
  std::vector<ParamInfo> params_;
  std::vector<double> scale_starts_;
  std::vector<std::size_t> scale_of_;  ///< output -> scale
  std::vector<double> scale_;          ///< per output
  CircuitReadout readout_;             ///< its columns are the circuit's outputs one by one
};

AnsatzSpec qmtl_ansatz(const ModelSpec& spec) { return spec.head.ansatz; }

template <class Real>
std::unique_ptr<Head<Real>> make_qmtl_head(const HeadSetup& setup) {
  return std::make_unique<QmtlHead<Real>>(setup);
}

void list_qmtl_head(const TrainedModel& model, OperationList& list) {
  list_circuit(model, list);
  const std::span<const double> scales = model.tensor("head.scale");
  ops::Affine affine{{}, model.tensor("head.bias")};
  for (std::size_t scale : scale_of_outputs(model.spec)) affine.factor.push_back(scales[scale]);
  list.then(std::move(affine), task_columns(model.spec).back());
}

}  // namespace

/// The quantum multi-task head (arXiv:2604.13560): angles of z, one shared circuit stage, task
/// blocks, logit = scale * <O> / gain + bias. Tensors "head.shared", "head.block", "head.readout" (the
/// circuit's parameters in the order of ParamLayout), "head.scale" (one per output; one per multiclass task),
/// "head.bias" [outputs] and, if trained, "head.gain". Throws Error (usage) if the blocks do not yield the
/// tasks' outputs.
constinit const HeadKind qmtl_head{
    "qmtl", true, true, qmtl_ansatz, true, make_qmtl_head<float>, make_qmtl_head<double>, list_qmtl_head};

}  // namespace qmtl
