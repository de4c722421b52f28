// SPDX-License-Identifier: Apache-2.0
#include "edge_case.h"

#include <cmath>

#include "runtime/model/heads/head.h"
#include "tests/train/toy.h"

namespace qmtl::test {
namespace {

constexpr std::size_t samples = 48;

/// Pictures of two channels with the tasks of the flat data set.
Dataset pictures() {
  Dataset data = toy::dataset(samples);
  const RandomStream random(7, Purpose::initial);
  Input picture{"picture", {2, 7, 6}, 84, {}};
  for (std::uint32_t i = 0; i < samples * picture.width; ++i)
    picture.values.push_back(static_cast<float>(random.normal({1, 0, 0, i})));
  data.inputs = {picture};
  return data;
}

/// Far from 0 with a small deviation: what a careless standardisation in float would lose.
Dataset clouds() {
  Dataset data = toy::dataset(samples);
  for (std::size_t i = 0; i < data.inputs[1].values.size(); ++i)
    data.inputs[1].values[i] = 1000.0f + 0.25f * data.inputs[1].values[i];
  return data;
}

LayerSpec layer(LayerKind kind) {
  LayerSpec spec;
  spec.kind = kind;
  return spec;
}
LayerSpec dense(int width, Activation activation) {
  LayerSpec spec = layer(LayerKind::dense);
  spec.width = width;
  spec.activation = activation;
  return spec;
}
LayerSpec conv(int channels, int kernel, int stride, int padding, Activation activation) {
  LayerSpec spec = layer(LayerKind::conv);
  spec.channels = channels;
  spec.kernel = kernel;
  spec.stride = stride;
  spec.padding = padding;
  spec.activation = activation;
  return spec;
}
LayerSpec pool(LayerKind kind, PoolKind of, int size) {
  LayerSpec spec = layer(kind);
  spec.pool = of;
  spec.size = size;
  return spec;
}
LayerSpec residual(std::vector<LayerSpec> layers) {
  LayerSpec spec = layer(LayerKind::residual);
  spec.layers = std::move(layers);
  return spec;
}
LayerSpec circuit(int qubits, CopyInputs reads, bool share) {
  LayerSpec spec = layer(LayerKind::circuit);
  spec.circuit.ansatz.qubits = qubits;
  spec.circuit.reads = reads;
  spec.circuit.share = share;
  return spec;
}
LayerSpec activation(Activation kind) {
  LayerSpec spec = layer(LayerKind::activation);
  spec.activation = kind;
  return spec;
}

void small(ModelSpec& model) {
  model.head.ansatz.qubits = 7;
  model.head.ansatz.register_size = 3;
  model.head.ansatz.stride = 1;
  model.head.ansatz.layers = 2;
  model.head.ansatz.readout = ReadoutKind::weights;
  model.head.train_gain = true;
  model.backbone.branches = {{"a", {dense(4, Activation::tanh)}}};
  model.backbone.trunk = {dense(6, Activation::gelu)};
}

void add_heads(std::vector<EdgeCase>& cases) {
  for (const char* kind : {"qmtl", "hybrid", "separate", "linear", "low-rank", "mlp", "local", "local-tanh"})
    cases.push_back({std::string("head ") + kind, false, [=](ModelSpec& model) {
                       small(model);
                       model.head.kind = kind;
                       model.head.train_gain = head_kind(kind).circuit();
                     }});
  cases.push_back({"head qmtl with one block per task", false, [](ModelSpec& model) {
                     small(model);
                     model.head.block_per_task = true;
                   }});
  for (AngleMap map : {AngleMap::shift_tanh, AngleMap::shift_atan, AngleMap::pi_tanh, AngleMap::linear})
    cases.push_back({"angle map " + std::string(name(map)), false, [=](ModelSpec& model) {
                       small(model);
                       model.head.angle_map = map;
                       model.head.train_gain = false;
                       model.head.gain = 0.7;
                     }});
}

void add_layers(std::vector<EdgeCase>& cases) {
  cases.push_back({"flat layers", false, [](ModelSpec& model) {
                     small(model);
                     model.backbone.branches = {{"b", {layer(LayerKind::layer_norm)}}};
                     model.backbone.trunk = {
                         dense(9, Activation::none),
                         layer(LayerKind::layer_norm),
                         layer(LayerKind::dropout),
                         activation(Activation::relu),
                         residual({dense(5, Activation::relu), dense(9, Activation::none)}),
                         activation(Activation::gelu),
                         activation(Activation::tanh),
                         residual({layer(LayerKind::layer_norm)}),
                         residual({layer(LayerKind::dropout)})};
                   }});
  cases.push_back({"no layers", false, [](ModelSpec& model) {
                     small(model);
                     model.backbone.branches.clear();
                     model.backbone.trunk.clear();
                   }});
  cases.push_back(
      {"gated fusion", false, [](ModelSpec& model) {
         small(model);
         model.backbone.branches = {{"a", {dense(4, Activation::tanh)}}, {"b", {dense(4, Activation::relu)}}};
         model.backbone.fusion = FusionKind::gated;
       }});
  cases.push_back(
      {"a pair of inputs", false, [](ModelSpec& model) {
         small(model);
         model.backbone.branches = {{"a", {dense(5, Activation::tanh)}}, {"b", {dense(5, Activation::none)}}};
         model.backbone.pairs = {{"b", "a"}};
       }});
  cases.push_back(
      {"circuits between layers", false, [](ModelSpec& model) {
         small(model);
         LayerSpec first = circuit(3, CopyInputs::slices, false);
         first.circuit.ansatz.rotations = {Gate::rz, Gate::ry};
         LayerSpec second = circuit(2, CopyInputs::stripes, true);
         second.circuit.angle_map = AngleMap::linear;
         second.circuit.gain = 1.5;
         second.circuit.train_gain = true;
         second.circuit.ansatz.observables = {"Z0", "w X0 Y1 - 0.5 Z1"};
         second.activation = Activation::gelu;
         LayerSpec third = circuit(2, CopyInputs::all, false);
         third.circuit.copies = 3;
         third.circuit.angle_map = AngleMap::pi_tanh;
         CircuitLayer upload, gates;
         upload.upload = Gate::rx;
         upload.inputs = {{0}, {1, 4}};
         upload.train_weights = upload.train_offsets = true;
         gates.upload = Gate::rzz;
         gates.inputs = {{2, 3}, {5}};
         gates.pairs = {{0, 1}, {1, 0}};
         gates.gates = {Gate::ry};
         third.circuit.ansatz.stage = {upload, gates};
         LayerSpec fourth = circuit(2, CopyInputs::slices, false);
         CircuitLayer encode, again;
         encode.encode = LayerEncoding::amplitude;
         encode.numbers = 3;
         again.upload = Gate::ry;
         again.inputs = {{2}, {0, 1}};
         again.gates = {Gate::rx};
         fourth.circuit.ansatz.stage = {encode, again};
         model.backbone.trunk = {dense(6, Activation::none), first, second, residual({third}), fourth};
       }});
  cases.push_back({"circuits on windows of pictures", true, [](ModelSpec& model) {
                     small(model);
                     LayerSpec windows = circuit(4, CopyInputs::windows, true);
                     windows.circuit.ansatz.uploads = 2;
                     windows.circuit.ansatz.entangler = Entangler::cx_ring;
                     windows.circuit.angle_map = AngleMap::shift_atan;
                     model.backbone.branches.clear();
                     model.backbone.trunk = {windows, conv(2, 2, 1, 0, Activation::relu)};
                   }});
  cases.push_back({"convolutions and pools", true, [](ModelSpec& model) {
                     small(model);
                     model.backbone.branches.clear();
                     model.backbone.trunk = {conv(3, 3, 1, 1, Activation::relu),
                                             layer(LayerKind::augment),
                                             residual({conv(3, 3, 1, 1, Activation::tanh)}),
                                             pool(LayerKind::pool, PoolKind::max, 2),
                                             conv(4, 2, 2, 1, Activation::gelu),
                                             pool(LayerKind::global_pool, PoolKind::mean, 0)};
                   }});
  cases.push_back({"strided convolution and mean pool", true, [](ModelSpec& model) {
                     small(model);
                     model.backbone.branches = {{"picture", {conv(3, 3, 2, 2, Activation::none)}}};
                     model.backbone.trunk = {pool(LayerKind::pool, PoolKind::mean, 2),
                                             pool(LayerKind::global_pool, PoolKind::max, 0),
                                             dense(5, Activation::tanh)};
                   }});
}

/// Products of inputs, trained weights, uploads about Z, gates with half angles, several bases, a fixed
/// scale.
void write_by_hand(ModelSpec& model, AngleMap map, bool plain_blocks) {
  model.head.angle_map = map;
  model.head.train_gain = false;
  model.head.gain = 0.7;
  AnsatzSpec& ansatz = model.head.ansatz;
  ansatz.qubits = 4;
  CircuitLayer first, second, block;
  first.upload = Gate::rx;
  first.inputs = {{0}, {1}, {1}, {2}};
  first.gates = {Gate::h};
  second.upload = Gate::rzz;
  second.pairs = {{0, 1}, {2, 3}};
  second.inputs = {{0, 3}, {2, 1, 3}};
  second.factor = 0.1;  // products of three would turn by dozens of radians, whose float roundings show
  second.reflect = second.train_weights = second.train_offsets = true;
  second.entangler = Gate::crx;
  ansatz.stage = {first, second};
  block.gates = {Gate::ry, Gate::s};
  if (!plain_blocks) {
    block.upload = Gate::ry;
    block.first_input = 1;
  }
  ansatz.block_stage = {block};
  ansatz.register_size = 2;
  ansatz.observables = {"0.5 X0 - Y1 + Z0 Z1 + 0.125"};
}

/// Numbers as amplitudes beside uploads; outputs without a map and with bounds, beside others.
void encode(ModelSpec& model) {
  AnsatzSpec& ansatz = model.head.ansatz;
  ansatz.qubits = 4;
  ansatz.register_size = 2;
  CircuitLayer amplitudes, rest;
  amplitudes.encode = LayerEncoding::amplitude;
  amplitudes.qubits = {1, 3, 0};
  amplitudes.inputs = {{0}, {4}, {1}, {1}, {5}};
  rest.upload = Gate::ry;
  rest.first_input = 0;
  rest.entangler = Gate::cz;
  ansatz.stage = {amplitudes, rest};
}
void bound_outputs(ModelSpec& model) {
  TaskSpec sign, tags, height;
  sign.name = "sign";
  sign.output.form = OutputForm::raw;
  tags.name = "tags";
  tags.output.form = OutputForm::tanh;
  tags.output.range = {-3.0, 2.0};
  height.name = "height";
  height.output.form = OutputForm::tanh;
  height.output.range = {-20.0, 30.0};
  model.tasks = {sign, tags, height};
}

void add_encodings(std::vector<EdgeCase>& cases) {
  for (EdgeMethod method : {EdgeMethod::pauli, EdgeMethod::operators, EdgeMethod::state})
    cases.push_back({"amplitudes by " + std::string(name(method)), false,
                     [](ModelSpec& model) {
                       small(model);
                       encode(model);
                       model.head.train_gain = false;
                     },
                     method});
  cases.push_back({"bounded outputs", false, [](ModelSpec& model) {
                     small(model);
                     bound_outputs(model);
                   }});
  cases.push_back({"bounded sums of outputs", false, [](ModelSpec& model) {
                     small(model);
                     write_by_hand(model, AngleMap::shift_tanh, true);
                     bound_outputs(model);
                   }});
}

void add_circuits(std::vector<EdgeCase>& cases) {
  using Gates = std::vector<Gate>;
  const std::pair<const char*, Gates> rotations[] = {
      {"ry", {Gate::ry}}, {"ry rz", {Gate::ry, Gate::rz}}, {"rx ry rz", {Gate::rx, Gate::ry, Gate::rz}}};
  const EdgeMethod methods[] = {EdgeMethod::pauli, EdgeMethod::operators, EdgeMethod::state};
  for (const auto& [gates, list] : rotations)
    for (Entangler entangler :
         {Entangler::cx_ring, Entangler::cz_ring, Entangler::brickwork_cz, Entangler::none})
      for (EdgeMethod method : methods)
        cases.push_back(
            {std::string(gates) + ", " + std::string(name(entangler)) + " by " + std::string(name(method)),
             false,
             [=, list = list](ModelSpec& model) {
               small(model);
               AnsatzSpec& ansatz = model.head.ansatz;
               ansatz.qubits = 5;
               ansatz.register_size = 2;
               ansatz.rotations = list;
               ansatz.block_rotations = list;
               ansatz.entangler = entangler;
               ansatz.block_entangler = entangler;
               ansatz.block_layers = 2;
             },
             method});
  for (EdgeMethod method : methods)
    for (AngleMap map : {AngleMap::linear, AngleMap::shift_tanh})
      cases.push_back({"layers by hand, " + std::string(name(map)) + " by " + std::string(name(method)),
                       false,
                       [=](ModelSpec& model) {
                         small(model);
                         write_by_hand(model, map, method == EdgeMethod::operators);
                       },
                       method});
  for (EdgeMethod method : methods) {
    const std::string by = " by " + std::string(name(method));
    cases.push_back({"uploads of their own, upload rx" + by, false,
                     [](ModelSpec& model) {
                       small(model);
                       model.head.ansatz.qubits = 4;
                       model.head.ansatz.uploads = 2;
                       model.head.ansatz.upload = Gate::rx;
                       model.head.ansatz.block_order = BlockOrder::re;
                       model.head.ansatz.readout = ReadoutKind::first;
                     },
                     method});
    // Its angles occur so often that the sums of cosines have too many terms.
    if (method == EdgeMethod::pauli) continue;
    cases.push_back({"repeated uploads, global blocks, strings" + by, false,
                     [](ModelSpec& model) {
                       small(model);
                       model.head.ansatz.qubits = 4;
                       model.head.ansatz.uploads = 2;
                       model.head.ansatz.repeat_uploads = true;
                       model.head.ansatz.rotations = {Gate::rz, Gate::rx};
                       model.head.ansatz.placement = Placement::global;
                       model.head.ansatz.block_entangler = Entangler::cx_line;
                       model.head.ansatz.readout = ReadoutKind::strings;
                       model.head.ansatz.strings = {{0, 1}, {2}, {1, 2, 3}};
                     },
                     method});
  }
  cases.push_back({"deep and narrow", false, [](ModelSpec& model) {
                     small(model);
                     model.head.ansatz.qubits = 6;
                     model.head.ansatz.layers = 5;
                     model.head.ansatz.rotations = {Gate::ry, Gate::rz};
                     model.head.ansatz.entangler = Entangler::cx_ring;
                   }});
}

}  // namespace

std::vector<EdgeCase> edge_cases() {
  std::vector<EdgeCase> cases;
  add_heads(cases);
  add_layers(cases);
  add_circuits(cases);
  add_encodings(cases);
  return cases;
}

const EdgeCase& edge_case(const std::string& name) {
  static const std::vector<EdgeCase> cases = edge_cases();
  for (const EdgeCase& one : cases)
    if (one.name == name) return one;
  throw std::out_of_range("no case " + name);
}

EdgeTrial::EdgeTrial(const EdgeCase& given) : data(given.images ? pictures() : clouds()) {
  given.change(config.model);
  config.model.precision = "double";
  config.train.batch = 16;
  resolve(config, data);
  statistics = standardise(data, config.model);
  learner = make_learner(config.model, config.train, data, statistics, SimdTarget::best);
  params = learner->initial(3);
  // Away from the start, where biases are 0 and scales equal.
  for (std::size_t i = 0; i < params.size(); ++i) params[i] += 0.2 * std::cos(static_cast<double>(3 * i));
  learner->bind(params);
  model = lower_model({config.model, 0, learner->params(), params, statistics}, given.method);
  model.hash = std::string(64, 'a');
}

std::vector<float> EdgeTrial::sample(std::size_t row) const {
  std::vector<float> x;
  for (const Input& input : data.inputs)
    x.insert(x.end(), input.values.begin() + static_cast<std::ptrdiff_t>(row * input.width),
             input.values.begin() + static_cast<std::ptrdiff_t>((row + 1) * input.width));
  return x;
}

std::vector<float> EdgeTrial::expected(std::size_t row) const {
  std::vector<float> y(static_cast<std::size_t>(learner->outputs()));
  learner->predict(std::vector<std::size_t>{row}, y);
  return y;
}

}  // namespace qmtl::test
