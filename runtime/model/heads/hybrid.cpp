// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/model/heads/circuit_stage.h"
#include "runtime/model/heads/head.h"
#include "runtime/model/layers/dense_columns.h"
#include "runtime/model/operations.h"

namespace qmtl {
namespace {

/// Tasks that read the same Z values: the columns first .. last-1 of the logits.
struct Readers {
  std::size_t first_column, last_column;
};

/// A circuit whose outputs are the Z of `qubits` qubits, once or once per task, and linear layers on them.
template <class Real>
class HybridHead final : public Head<Real> {
 public:
  /// readers[g]: of each task group. The group's n-th readers read its n-th `qubits` outputs.
  HybridHead(const AnsatzSpec& ansatz, const HeadSetup& setup, const std::vector<BlockRange>& blocks,
             const std::vector<BlockRange>& generations, const std::vector<std::vector<Readers>>& readers)
      : spec_(setup.spec.head),
        stage_(ansatz, setup, blocks, generations),
        qubits_(static_cast<std::size_t>(ansatz.qubits)),
        columns_(task_columns(setup.spec).back()) {
    for (const std::vector<Readers>& group : readers) {
      groups_.emplace_back();
      for (const Readers& r : group)
        groups_.back().emplace_back(qubits_, columns_, r.first_column, r.last_column - r.first_column);
    }
    stage_.append_params(params_);
    circuit_params_ = count_params(params_);
    weight_tensor_ = static_cast<std::uint32_t>(params_.size());
    append_param(params_, "head.weight", {qubits_, columns_}, true, true);
    append_param(params_, "head.bias", {columns_}, true, false);
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
    const std::span<double> weights = rest.first(qubits_ * columns_);
    random.uniform(tensor + weight_tensor_, 1.0, weights);
    // Glorot's limit. A hybrid's layer is one for all tasks, however they are grouped.
    const bool one_layer = stage_.outputs() == qubits_;
    for (const auto& group : groups_)
      for (const DenseColumns<double>& layer : group) {
        const std::size_t outputs = one_layer ? columns_ : layer.count();
        const double limit = std::sqrt(6.0 / static_cast<double>(qubits_ + outputs));
        for (std::size_t q = 0; q < qubits_; ++q)
          for (std::size_t c = 0; c < layer.count(); ++c) weights[q * columns_ + layer.first() + c] *= limit;
      }
    for (double& value : rest.subspan(weights.size())) value = 0.0;
    if (spec_.train_gain) values.back() = spec_.gain;
  }

  void bind(std::span<const double> params) override {
    stage_.bind(params.first(circuit_params_), spec_.train_gain ? params.back() : spec_.gain);
    for (auto& group : groups_)
      for (DenseColumns<double>& layer : group)
        layer.bind(params.subspan(circuit_params_, (qubits_ + 1) * columns_));
    bind_readout(params.subspan(circuit_params_));
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
    const std::vector<DenseColumns<double>>& layers = groups_[group];
    const std::size_t values = layers.size() * qubits_, begin = layers.front().first();
    const std::size_t columns = layers.back().first() + layers.back().count() - begin;
    const std::span<double> layer_gradient = gradient.subspan(circuit_params_, (qubits_ + 1) * columns_);
    double* gain_gradient = spec_.train_gain ? &gradient.back() : nullptr;
    std::vector<Matrix<double>> z_values(layers.size());
    std::vector<double> logits, given;
    Matrix<double> y, dy, dx;
    const auto at_readout = [&](std::size_t first, std::size_t count, std::span<const double> expectations,
                                std::span<double> expectation_cotangents) {
      logits.resize(count * columns);
      given.resize(count * columns);
      for (std::size_t l = 0; l < layers.size(); ++l) {
        z_values[l] = scaled(expectations, count, values, l);
        layers[l].forward(z_values[l], y);
        store(y, logits, columns, layers[l].first() - begin);
      }
      cotangents(first, count, logits, given);
      for (std::size_t l = 0; l < layers.size(); ++l) {
        load(given, count, columns, layers[l].first() - begin, layers[l].count(), dy);
        layers[l].backward(z_values[l], dy, dx, layer_gradient);
        if (gain_gradient) *gain_gradient -= product(z_values[l], dx) / stage_.gain();
        dx /= stage_.gain();
        store(dx, expectation_cotangents, values, l * qubits_);
      }
    };
    stage_.gradient(pass, group, z, at_readout, dz, gradient.first(circuit_params_), gain_gradient);
  }

  double group_cost(std::size_t group) const override {
    double cost = stage_.group_cost(group);
    for (const DenseColumns<double>& layer : groups_[group])
      cost += 6.0 * static_cast<double>(qubits_ * layer.count());
    return cost;
  }

 private:
  /// <Z> / gain of the n-th circuit of expectations[rows, stride].
  Matrix<double> scaled(std::span<const double> expectations, std::size_t rows, std::size_t stride,
                        std::size_t n) const {
    Matrix<double> x;
    load(expectations, rows, stride, n * qubits_, qubits_, x);
    x /= stage_.gain();
    return x;
  }

  /// `layer` begins with the whole linear layer's weights and biases.
  void bind_readout(std::span<const double> layer) {
    readout_ = {stage_.outputs(), stage_.gain(), {}};
    const bool shared = stage_.outputs() == qubits_;
    std::size_t first_output = 0;
    for (const auto& group : groups_)
      for (const DenseColumns<double>& columns : group) {
        for (std::size_t c = columns.first(); c < columns.first() + columns.count(); ++c) {
          readout_.columns.push_back({{}, {}, layer[qubits_ * columns_ + c]});
          for (std::size_t q = 0; q < qubits_; ++q) {
            readout_.columns.back().outputs.push_back(first_output + q);
            readout_.columns.back().weights.push_back(layer[q * columns_ + c]);
          }
        }
        if (!shared) first_output += qubits_;
      }
  }

  static void load(std::span<const double> from, std::size_t rows, std::size_t stride, std::size_t first,
                   std::size_t count, Matrix<double>& to) {
    to.resize(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(count));
    for (std::size_t i = 0; i < rows; ++i)
      std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(i * stride + first), count,
                  to.data() + i * count);
  }
  static void store(const Matrix<double>& from, std::span<double> to, std::size_t stride, std::size_t first) {
    const auto rows = static_cast<std::size_t>(from.rows()), count = static_cast<std::size_t>(from.cols());
    for (std::size_t i = 0; i < rows; ++i)
      std::copy_n(from.data() + i * count, count,
                  to.begin() + static_cast<std::ptrdiff_t>(i * stride + first));
  }
  static double product(const Matrix<double>& a, const Matrix<double>& b) {
    double sum = 0.0;
    for (Eigen::Index i = 0; i < a.size(); ++i) sum += a.data()[i] * b.data()[i];
    return sum;
  }

  HeadSpec spec_;
  CircuitStage<Real> stage_;
  std::size_t qubits_, columns_, circuit_params_ = 0;
  std::uint32_t weight_tensor_ = 0;  ///< its number among the head's tensors
  std::vector<ParamInfo> params_;
  std::vector<std::vector<DenseColumns<double>>> groups_;  ///< the linear layers, for the gradient
  CircuitReadout readout_;                                 ///< the same, column by column
};

/// The part of both circuits that [circuit] gives; <Z> of single qubits.
AnsatzSpec z_ansatz(const AnsatzSpec& configured) {
  AnsatzSpec ansatz = configured;
  ansatz.block_stage.clear();
  ansatz.block_preset.clear();
  ansatz.observables.clear();
  ansatz.blocks.clear();
  ansatz.registers.clear();
  ansatz.readout = ReadoutKind::first;
  ansatz.strings.clear();
  return ansatz;
}

/// A block without gates on every qubit, from the table [circuit] alone.
AnsatzSpec hybrid_ansatz(const ModelSpec& spec) {
  AnsatzSpec ansatz = z_ansatz(spec.head.ansatz);
  ansatz.placement = Placement::local;
  ansatz.register_size = 1;
  ansatz.stride = 1;
  ansatz.block_layers = 0;
  ansatz.block_rotations.clear();
  ansatz.block_entangler = Entangler::none;
  ansatz.block_order = BlockOrder::er;
  ansatz.block_outputs.assign(static_cast<std::size_t>(ansatz.qubits), 1);
  return ansatz;
}

/// A block per task on all qubits, from the table [circuit] alone. Throws Error (usage) for more than one
/// upload.
AnsatzSpec separate_ansatz(const ModelSpec& spec) {
  AnsatzSpec ansatz = z_ansatz(spec.head.ansatz);
  if (!ansatz.stage.empty() || !ansatz.preset.empty())
    throw usage_error(
        "circuit.layer, circuit.preset: head 'separate' repeats the trained layers of the short form "
        "(circuit.layers, "
        "circuit.rotations, circuit.entangler) for every task; leave them out or take head 'hybrid'");
  if (ansatz.uploads != 1)
    throw usage_error(
        "circuit.uploads: head 'separate' encodes once, before each task's own layers: expected 1, found " +
        std::to_string(ansatz.uploads));
  ansatz.placement = Placement::global;
  ansatz.block_layers = ansatz.layers;
  ansatz.block_rotations = ansatz.rotations;
  ansatz.block_entangler = ansatz.entangler;
  ansatz.block_order = BlockOrder::re;
  ansatz.block_outputs.assign(spec.tasks.size(), ansatz.qubits);
  ansatz.layers = 0;
  return ansatz;
}

template <class Real>
std::unique_ptr<Head<Real>> make_hybrid_head(const HeadSetup& setup) {
  const std::vector<std::size_t> columns = task_columns(setup.spec);
  std::vector<std::vector<Readers>> readers;
  for (const TaskRange& group : setup.groups)
    readers.push_back({{columns[group.first], columns[group.last]}});
  const std::vector<BlockRange> all_tasks;
  return std::make_unique<HybridHead<Real>>(hybrid_ansatz(setup.spec), setup, all_tasks, all_tasks, readers);
}

template <class Real>
std::unique_ptr<Head<Real>> make_separate_head(const HeadSetup& setup) {
  const std::vector<std::size_t> columns = task_columns(setup.spec);
  std::vector<std::vector<Readers>> readers;
  std::vector<BlockRange> blocks;
  for (const TaskRange& group : setup.groups) {
    readers.emplace_back();
    for (std::size_t t = group.first; t < group.last; ++t)
      readers.back().push_back({columns[t], columns[t + 1]});
    if (setup.groups.size() > 1)
      blocks.push_back(setup.trains(group) ? BlockRange{group.first, group.last} : BlockRange{});
  }
  std::vector<BlockRange> generations;
  for (const TaskRange& tasks : generation_tasks(setup.spec))
    generations.push_back({tasks.first, tasks.last});
  return std::make_unique<HybridHead<Real>>(separate_ansatz(setup.spec), setup, blocks, generations, readers);
}

void list_hybrid_head(const TrainedModel& model, OperationList& list) {
  list_circuit(model, list);
  list.then(ops::Dense{model.tensor("head.weight"), model.tensor("head.bias")},
            task_columns(model.spec).back());
}

void list_separate_head(const TrainedModel& model, OperationList& list) {
  list_circuit(model, list);
  const std::vector<std::size_t> columns = task_columns(model.spec);
  list.then(ops::BlockDense{model.tensor("head.weight"), model.tensor("head.bias"),
                            static_cast<std::size_t>(model.spec.head.ansatz.qubits), columns},
            columns.back());
}

}  // namespace

/// Hybrid QMTL: one circuit for all tasks, no blocks; all its <Z_q> / gain feed one classical linear layer.
/// Every task group runs the whole circuit.
/// Tensors "head.shared", "head.weight" [qubits, outputs], "head.bias" [outputs] and, if trained,
/// "head.gain".
constinit const HeadKind hybrid_head{
    "hybrid",        true, false, hybrid_ansatz, false, make_hybrid_head<float>, make_hybrid_head<double>,
    list_hybrid_head};

/// A whole circuit of its own for every task on the same angles; its <Z_q> / gain feed the task's linear
/// layer. Tensors "head.block" (task by task), "head.weight" [qubits, outputs] (column c weighs the Z of its
/// own task's circuit), "head.bias" [outputs] and, if trained, "head.gain".
constinit const HeadKind separate_head{"separate",
                                       true,
                                       false,
                                       separate_ansatz,
                                       false,
                                       make_separate_head<float>,
                                       make_separate_head<double>,
                                       list_separate_head};

}  // namespace qmtl
