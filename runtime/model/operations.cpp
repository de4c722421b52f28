// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/operations.h"

#include <algorithm>

#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/model/data.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

std::size_t list_branch(const TrainedModel& model, OperationList& list, std::size_t i) {
  const ModelSpec& spec = model.spec;
  ops::Input input{i, {}, {}};
  for (const Standardisation& entry : model.statistics.inputs)
    if (entry.input == spec.inputs[i]) input.mean = entry.mean, input.deviation = entry.deviation;
  std::size_t value = list.add(input, {}, input_shape(spec, i));
  for (const BranchSpec& branch : spec.backbone.branches)
    if (branch.input == spec.inputs[i])
      value = list_layers(model, list, value, branch.layers, "branch." + branch.input);
  return value;
}

std::size_t width_of(const OperationList& list, const std::vector<std::size_t>& values) {
  std::size_t width = 0;
  for (std::size_t value : values) width += list[value].shape.size();
  return width;
}

/// One after another; a pair stands where the first of its inputs would.
std::size_t list_join(const ModelSpec& spec, OperationList& list, const std::vector<std::size_t>& values) {
  const auto number = [&](const std::string& input) {
    return static_cast<std::size_t>(std::find(spec.inputs.begin(), spec.inputs.end(), input) -
                                    spec.inputs.begin());
  };
  std::vector<std::pair<std::size_t, std::size_t>> part_of;
  for (std::size_t i = 0; i < values.size(); ++i) part_of.emplace_back(i, i);
  for (const std::vector<std::string>& names : spec.backbone.pairs) {
    const std::size_t a = number(names[0]), b = number(names[1]);
    part_of[a] = part_of[b] = {a, b};
  }
  ops::Join join;
  std::size_t width = width_of(list, values);
  for (const auto& part : part_of) {
    if (std::find(join.parts.begin(), join.parts.end(), part) != join.parts.end()) continue;
    join.parts.push_back(part);
    if (part.first != part.second) width += 2 * list[values[part.first]].shape.size();
  }
  return list.add(std::move(join), values, Shape(width));
}

std::size_t list_gated(const TrainedModel& model, OperationList& list,
                       const std::vector<std::size_t>& values) {
  const std::size_t all = list_join(model.spec, list, values);
  const std::size_t scores = list_dense(model, list, all, list[all].shape.size(), "fusion");
  Shape shape = list[values.front()].shape;
  for (std::size_t value : values)
    if (list[value].shape != shape) shape = Shape(shape.size());
  return list.add(ops::Gate{values.size()}, {scores, all}, shape);
}

void list_backbone(const TrainedModel& model, OperationList& list) {
  const ModelSpec& spec = model.spec;
  std::vector<std::size_t> values;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) values.push_back(list_branch(model, list, i));
  std::size_t joined = values.front();
  if (spec.backbone.fusion == FusionKind::gated)
    joined = list_gated(model, list, values);
  else if (values.size() > 1)
    joined = list_join(spec, list, values);
  list_dense(model, list, list_layers(model, list, joined, spec.backbone.trunk, "trunk"),
             representation_width(spec), "representation");
}

ops::LabelUnits label_units(const TrainedModel& model) {
  ops::LabelUnits units;
  for (const TaskSpec& task : model.spec.tasks) {
    LabelStatistics found;
    for (const LabelStatistics& entry : model.statistics.labels)
      if (entry.task == task.name) found = entry;
    units.factor.insert(units.factor.end(), static_cast<std::size_t>(task.outputs), found.deviation);
    units.offset.insert(units.offset.end(), static_cast<std::size_t>(task.outputs), found.mean);
  }
  return units;
}

/// What the circuit's functions read: value `z` through the angle map and, behind it, the angles of
/// encodings.
void list_inputs(const Circuit& circuit, std::size_t z, const ops::Angles& map, OperationList& list) {
  list.add(map, {z}, Shape(static_cast<std::size_t>(circuit.sample_inputs())));
  if (circuit.encodings.empty()) return;
  std::vector<std::size_t> values{list.last()};
  ops::Join join;
  for (const AmplitudeEncoding& encoding : circuit.encodings)
    values.push_back(
        list.add(ops::Amplitudes{encoding}, {z}, Shape(static_cast<std::size_t>(encoding.rotations()))));
  for (std::size_t i = 0; i < values.size(); ++i) join.parts.emplace_back(i, i);
  list.add(std::move(join), std::move(values), Shape(static_cast<std::size_t>(circuit.function_inputs())));
}

/// The circuit's angles as functions of those: products, where there are any, then sums of them.
void list_functions(Circuit& circuit, std::span<const double> trained, OperationList& list) {
  if (circuit.angle_of.empty()) return;
  ops::Products products;
  for (std::size_t i = 0; i < static_cast<std::size_t>(circuit.function_inputs()); ++i)
    products.factors.push_back({i});
  bool any = false;
  ops::Sparse sums;
  for (const Expression& expression : circuit.angle_of) {
    auto& row = sums.rows.emplace_back();
    sums.bias.push_back(expression.constant);
    for (const Monomial& term : expression.terms) {
      std::vector<std::size_t> factors(term.inputs.begin(), term.inputs.end());
      any = any || factors.size() > 1;
      // Single inputs stand in front, each at its own number.
      const auto known = factors.size() == 1
                             ? products.factors.begin() + static_cast<std::ptrdiff_t>(factors.front())
                             : std::find(products.factors.begin(), products.factors.end(), factors);
      const auto place = static_cast<std::size_t>(known - products.factors.begin());
      if (known == products.factors.end()) products.factors.push_back(std::move(factors));
      row.emplace_back(
          place, term.param < 0 ? term.factor : term.factor * trained[static_cast<std::size_t>(term.param)]);
    }
  }
  if (any) {
    const std::size_t width = products.factors.size();
    list.then(std::move(products), width);
  }
  const std::size_t width = circuit.angle_of.size();
  list.then(std::move(sums), width);
  circuit.angle_of.clear();
  circuit.param_of.clear();
  circuit.encodings.clear();
  circuit.inputs = circuit.trainable = 0;
}

}  // namespace

void list_expectations(OperationList& list, std::size_t from, ops::Angles angles, Circuit circuit,
                       std::span<const double> trained) {
  std::vector<double> params = bound_params(circuit, trained);
  const auto outputs = static_cast<std::size_t>(circuit.outputs());
  list_inputs(circuit, from, angles, list);
  list_functions(circuit, trained, list);
  list.then(ops::Expectations{std::move(circuit), std::move(params)}, outputs);
}

void list_circuit(const TrainedModel& model, OperationList& list) {
  const HeadSpec& head = model.spec.head;
  const double gain = head.train_gain ? model.tensor("head.gain")[0] : head.gain;
  Circuit circuit = build(head_ansatz(model.spec));
  std::vector<double> trained;
  for (const ParamInfo& info : model.tensors)
    if (info.name == "head.shared" || info.name == "head.block" || info.name == "head.readout") {
      const std::span<const double> numbers = model.tensor(info.name);
      trained.insert(trained.end(), numbers.begin(), numbers.end());
    }
  const auto outputs = static_cast<std::size_t>(circuit.outputs());
  list_expectations(list, list.last(), {head.angle_map, gain}, std::move(circuit), trained);
  list.then(ops::Divide{gain}, outputs);
}

OperationList operations(const TrainedModel& model) {
  OperationList list;
  list_backbone(model, list);
  head_kind(model.spec.head.kind).list(model, list);
  list.then(label_units(model), task_columns(model.spec).back());
  return list;
}

}  // namespace qmtl
