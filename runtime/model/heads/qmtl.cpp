// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
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

/// Where each logit's scale and bias come from: trained numbers, or fixed ones.
struct OutputMaps {
  struct Number {
    int trained = -1;  ///< its place in the tensor; -1: `fixed`
    double fixed = 0.0;
  };
  std::vector<Number> scale, bias;  ///< of each logit
  std::vector<double> scale_starts;
  std::size_t biases = 0;  ///< trained ones
};

double middle_of(const OutputMap& map) { return (map.low() + map.high()) / 2; }
double half_width_of(const OutputMap& map) { return (map.high() - map.low()) / 2; }

/// The classes of a multiclass task share a scale.
OutputMaps output_maps(const ModelSpec& spec) {
  OutputMaps maps;
  for (const TaskSpec& task : spec.tasks) {
    const TaskKind kind = parse_task_kind(task.kind);
    for (int c = 0; c < task.outputs; ++c) {
      if (task.output.trains_scale() && (c == 0 || kind != TaskKind::multiclass))
        maps.scale_starts.push_back(kind == TaskKind::regression ? spec.head.scale_start_regression
                                                                 : spec.head.scale_start);
      maps.scale.push_back(task.output.trains_scale()
                               ? OutputMaps::Number{static_cast<int>(maps.scale_starts.size()) - 1, 0.0}
                               : OutputMaps::Number{-1, task.output.fixed_scale()});
      maps.bias.push_back(task.output.trains_bias() ? OutputMaps::Number{static_cast<int>(maps.biases++), 0.0}
                                                    : OutputMaps::Number{-1, task.output.fixed_bias()});
    }
  }
  return maps;
}

template <class Real>
class QmtlHead final : public Head<Real> {
 public:
  explicit QmtlHead(const HeadSetup& setup)
      : spec_(setup.spec.head),
        stage_(task_ansatz(setup.spec), setup, group_blocks(setup), generation_blocks(setup)),
        maps_(output_maps(setup.spec)) {
    readout_.outputs = stage_.outputs();
    circuit_params_ = static_cast<std::size_t>(stage_.layout().total);
    const std::vector<std::size_t> columns = task_columns(setup.spec);
    for (const TaskRange& group : setup.groups)
      groups_.push_back({columns[group.first], columns[group.last]});
    for (const std::vector<int>& sum : stage_.output_sums())
      readout_.columns.push_back({{sum.begin(), sum.end()}, std::vector<double>(sum.size()), 0.0});
    std::size_t column = 0;
    for (const TaskSpec& task : setup.spec.tasks)
      for (int c = 0; c < task.outputs; ++c, ++column) {
        if (!task.output.bounded()) continue;
        readout_.columns[column].middle = middle_of(task.output);
        readout_.columns[column].half_width = half_width_of(task.output);
        bounded_ = true;
      }
    for (std::size_t c = 0; c < readout_.columns.size(); ++c)
      plain_ = plain_ && readout_.columns[c].outputs == std::vector<std::size_t>{c};
    own_maps_ = !spec_.train_gain;
    for (std::size_t c = 0; c < readout_.columns.size(); ++c)
      own_maps_ = own_maps_ && maps_.scale[c].trained == static_cast<int>(c) &&
                  maps_.bias[c].trained == static_cast<int>(c);
    stage_.append_params(params_);
    if (!maps_.scale_starts.empty())
      append_param(params_, "head.scale", {maps_.scale_starts.size()}, true, false);
    if (maps_.biases > 0) append_param(params_, "head.bias", {maps_.biases}, true, false);
    if (spec_.train_gain) append_param(params_, "head.gain", {1}, true, false);
  }

  std::size_t width() const override { return stage_.width(); }
  const std::vector<ParamInfo>& params() const override { return params_; }
  const CircuitStage<Real>* circuit_stage() const override { return &stage_; }
  bool train_on(const TrainingDevice& device, double strength) override {
    stage_.train_on(device, strength);
    return true;
  }
  const CircuitReadout* readout() const override { return &readout_; }

  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    stage_.initial(random, tensor, values.first(circuit_params_));
    const std::span<double> rest = values.subspan(circuit_params_);
    std::copy(maps_.scale_starts.begin(), maps_.scale_starts.end(), rest.begin());
    for (double& value : rest.subspan(maps_.scale_starts.size())) value = 0.0;
    if (spec_.train_gain) values.back() = spec_.gain;
  }

  void bind(std::span<const double> params) override {
    stage_.bind(params.first(circuit_params_), spec_.train_gain ? params.back() : spec_.gain);
    for (auto* list : {&scale_, &weight_, &bias_}) list->resize(readout_.columns.size());
    for (std::size_t o = 0; o < readout_.columns.size(); ++o) {
      const OutputMaps::Number &scale = maps_.scale[o], &bias = maps_.bias[o];
      ReadoutColumn& column = readout_.columns[o];
      scale_[o] =
          scale.trained < 0 ? scale.fixed : params[first_scale() + static_cast<std::size_t>(scale.trained)];
      weight_[o] = scale.trained < 0 ? scale_[o] : scale_[o] / stage_.gain();
      std::fill(column.weights.begin(), column.weights.end(), weight_[o]);
      column.bias = bias_[o] =
          bias.trained < 0 ? bias.fixed : params[first_bias() + static_cast<std::size_t>(bias.trained)];
    }
  }

  void forward(const Matrix<Real>& z, std::span<double> logits) const override {
    readout_.logits(stage_.values(z), logits);
  }
  void forward_on_device(const Pass& pass, const Matrix<Real>& z, std::span<double> logits) const override {
    readout_.logits(stage_.values_on_device(pass, z), logits);
  }

  void gradient(const Pass& pass, std::size_t group, const Matrix<Real>& z,
                const typename Head<Real>::Cotangents& cotangents, Matrix<Real>& dz,
                std::span<double> gradient) const override {
    const std::size_t first_output = stage_.first_output(group), outputs = stage_.outputs(group);
    const std::size_t first_column = groups_[group].first, columns = groups_[group].last - first_column;
    std::vector<double> logits, given, slopes, summed;
    const auto at_readout = [&](std::size_t first, std::size_t count, std::span<const double> expectations,
                                std::span<double> expectation_cotangents) {
      logits.resize(count * columns);
      given.resize(count * columns);
      std::span<const double> sums = expectations;
      if (!plain_) sums = add_outputs(group, count, expectations, summed);
      const double *weight = weight_.data() + first_column, *bias = bias_.data() + first_column;
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t c = 0; c < columns; ++c)
          logits[i * columns + c] = weight[c] * sums[i * columns + c] + bias[c];
      if (bounded_) bound(first_column, columns, logits, slopes);
      cotangents(first, count, logits, given);
      if (bounded_)
        std::transform(given.begin(), given.end(), slopes.begin(), given.begin(), std::multiplies());
      if (plain_) {
        for (std::size_t i = 0; i < count; ++i)
          for (std::size_t c = 0; c < columns; ++c)
            expectation_cotangents[i * outputs + c] = given[i * columns + c] * weight[c];
      } else {
        for (std::size_t i = 0; i < count; ++i)
          for (std::size_t c = 0; c < columns; ++c)
            for (const std::size_t output : readout_.columns[first_column + c].outputs)
              expectation_cotangents[i * outputs + output - first_output] =
                  given[i * columns + c] * weight[c];
      }
      add_map_gradient(first_column, columns, sums, given, gradient);
    };
    stage_.gradient(pass, group, z, at_readout, dz, gradient.first(circuit_params_),
                    spec_.train_gain ? &gradient.back() : nullptr);
  }

  double group_cost(std::size_t group) const override { return stage_.group_cost(group); }

 private:
  struct Columns {
    std::size_t first, last;
  };
  /// Adds what the cotangents of logits w sum + b leave for scales, biases and gain, sample by sample.
  void add_map_gradient(std::size_t first_column, std::size_t columns, std::span<const double> sums,
                        std::span<const double> given, std::span<double> gradient) const {
    const double gain = stage_.gain();
    if (own_maps_) {
      double *scales = gradient.data() + first_scale() + first_column,
             *biases = gradient.data() + first_bias() + first_column;
      for (std::size_t at = 0; at < given.size(); at += columns)
        for (std::size_t c = 0; c < columns; ++c) {
          scales[c] += given[at + c] * sums[at + c] / gain;
          biases[c] += given[at + c];
        }
      return;
    }
    for (std::size_t at = 0; at < given.size(); ++at) {
      const std::size_t column = first_column + at % columns;
      const OutputMaps::Number &scale = maps_.scale[column], &bias = maps_.bias[column];
      if (scale.trained >= 0) {
        gradient[first_scale() + static_cast<std::size_t>(scale.trained)] += given[at] * sums[at] / gain;
        if (spec_.train_gain) gradient.back() -= given[at] * scale_[column] * sums[at] / (gain * gain);
      }
      if (bias.trained >= 0) gradient[first_bias() + static_cast<std::size_t>(bias.trained)] += given[at];
    }
  }
  /// sums[count, columns of the group] of the group's outputs.
  std::span<const double> add_outputs(std::size_t group, std::size_t count,
                                      std::span<const double> expectations, std::vector<double>& sums) const {
    const std::size_t first_output = stage_.first_output(group), outputs = stage_.outputs(group);
    const auto [first, last] = groups_[group];
    sums.clear();
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t c = first; c < last; ++c) {
        double sum = 0.0;
        for (const std::size_t output : readout_.columns[c].outputs)
          sum += expectations[i * outputs + output - first_output];
        sums.push_back(sum);
      }
    return sums;
  }
  /// Logits from the affine map's numbers in place, and their derivatives.
  void bound(std::size_t first_column, std::size_t columns, std::vector<double>& logits,
             std::vector<double>& slopes) const {
    slopes.resize(logits.size());
    for (std::size_t at = 0; at < logits.size(); ++at) {
      const ReadoutColumn::Logit logit = readout_.columns[first_column + at % columns].logit(logits[at]);
      logits[at] = logit.value;
      slopes[at] = logit.slope;
    }
  }
  std::size_t first_scale() const { return circuit_params_; }
  std::size_t first_bias() const { return circuit_params_ + maps_.scale_starts.size(); }

  HeadSpec spec_;
  CircuitStage<Real> stage_;
  OutputMaps maps_;
  std::size_t circuit_params_ = 0;
  std::vector<Columns> groups_;
  std::vector<ParamInfo> params_;
  std::vector<double> scale_;          ///< of each logit
  std::vector<double> weight_, bias_;  ///< likewise, what readout_ holds
  bool plain_ = true;                  ///< logits are of the circuit's outputs one by one
  bool bounded_ = false;               ///< some logits are
  bool own_maps_ = false;   ///< every logit trains a scale and a bias of its own, and the gain is fixed
  CircuitReadout readout_;  ///< its weights of one logit are equal
};

template <class Real>
std::unique_ptr<Head<Real>> make_qmtl_head(const HeadSetup& setup) {
  return std::make_unique<QmtlHead<Real>>(setup);
}

void list_qmtl_head(const TrainedModel& model, OperationList& list) {
  list_circuit(model, list);
  const double gain = model.spec.head.train_gain ? model.tensor("head.gain")[0] : model.spec.head.gain;
  const OutputMaps maps = output_maps(model.spec);
  const std::span<const double> scales =
      maps.scale_starts.empty() ? std::span<const double>() : model.tensor("head.scale");
  const std::span<const double> biases =
      maps.biases == 0 ? std::span<const double>() : model.tensor("head.bias");
  const Assembly assembly = assemble(task_ansatz(model.spec));
  ops::Affine affine;
  ops::Sparse sparse;
  for (std::size_t o = 0; o < maps.scale.size(); ++o) {
    const OutputMaps::Number &scale = maps.scale[o], &bias = maps.bias[o];
    // The expectations were divided by the gain.
    const double factor =
        scale.trained < 0 ? scale.fixed * gain : scales[static_cast<std::size_t>(scale.trained)];
    affine.factor.push_back(factor);
    affine.bias.push_back(bias.trained < 0 ? bias.fixed : biases[static_cast<std::size_t>(bias.trained)]);
    for (int output : assembly.outputs[o])
      sparse.rows.resize(o + 1), sparse.rows[o].emplace_back(output, factor);
  }
  sparse.bias = affine.bias;
  if (assembly.plain())
    list.then(std::move(affine), maps.scale.size());
  else
    list.then(std::move(sparse), maps.scale.size());
  ops::Bound bound;
  bool any = false;
  for (const TaskSpec& task : model.spec.tasks) {
    const auto outputs = static_cast<std::size_t>(task.outputs);
    any = any || task.output.bounded();
    bound.middle.insert(bound.middle.end(), outputs, task.output.bounded() ? middle_of(task.output) : 0.0);
    bound.half_width.insert(bound.half_width.end(), outputs,
                            task.output.bounded() ? half_width_of(task.output) : 0.0);
  }
  if (any) list.then(std::move(bound), maps.scale.size());
}

}  // namespace

AnsatzSpec task_ansatz(const ModelSpec& spec) {
  AnsatzSpec ansatz = spec.head.ansatz;
  ansatz.blocks.clear();
  if (std::none_of(spec.tasks.begin(), spec.tasks.end(),
                   [](const TaskSpec& task) { return task.one_block(); }))
    return ansatz;
  // Every block of the tasks that have more than one is described as the table [block] says.
  std::size_t block = 0;
  for (const TaskSpec& task : spec.tasks)
    for (int outputs = 0; outputs < task.outputs && block < ansatz.block_outputs.size(); ++block) {
      outputs += ansatz.block_outputs[block];
      ansatz.blocks.push_back(task.block);
      ansatz.blocks.back().key = "task." + task.name;
    }
  return ansatz;
}

/// The quantum multi-task head (arXiv:2604.13560): angles of z, one shared circuit stage, task
/// blocks, logit = scale * <O> / gain + bias, or bounded by a tanh of that (OutputMap). Tensors
/// "head.shared", "head.block", "head.readout" (the circuit's parameters in the order of ParamLayout),
/// "head.scale" (one per output; one per multiclass task), "head.bias" [outputs] and, if trained,
/// "head.gain"; scales and biases that a task fixes are left out. Throws Error (usage) if the blocks do not
/// yield the tasks' outputs.
constinit const HeadKind qmtl_head{
    "qmtl",         true, true, task_ansatz, true, make_qmtl_head<float>, make_qmtl_head<double>,
    list_qmtl_head, true};

}  // namespace qmtl
