// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "../oracle/cases.h"
#include "../oracle/oracle.h"
#include "backbone_case.h"
#include "mapped_angle.h"
#include "runtime/base/error.h"
#include "runtime/circuit/plan/plan.h"
#include "runtime/model/layers/circuit_copies.h"

using namespace qmtl;
using namespace qmtl::test;

// Circuits in the backbone against the dense oracle, copy by copy, and against central differences.

namespace {

LayerSpec circuit(int qubits, const std::function<void(CircuitCopies&)>& change = {}) {
  LayerSpec spec;
  spec.kind = LayerKind::circuit;
  spec.circuit.ansatz.qubits = qubits;
  if (change) change(spec.circuit);
  return spec;
}

CircuitLayer by_hand() {
  CircuitLayer layer;
  layer.upload = Gate::ry;
  layer.inputs = {{0}, {1, 2}, {2}};
  layer.train_weights = layer.train_offsets = true;
  layer.gates = {Gate::rz, Gate::rx};
  layer.entangler = Gate::crx;
  layer.pattern = PairPattern::line;
  return layer;
}

struct Case {
  std::string name;
  std::vector<std::size_t> shape;  ///< of the input
  LayerSpec layer;
  std::vector<std::vector<std::size_t>> columns;  ///< that each copy reads, written out
  bool image = false;                             ///< outputs are channels, copies pixels
};

const std::vector<Case> cases{
    {"one circuit on all of the input", {3}, circuit(3), {{0, 1, 2}}},
    {"slices", {6}, circuit(2), {{0, 1}, {2, 3}, {4, 5}}},
    {"the same circuit on slices",
     {6},
     circuit(2, [](auto& c) { c.share = true; }),
     {{0, 1}, {2, 3}, {4, 5}}},
    {"stripes", {6}, circuit(2, [](auto& c) { c.reads = CopyInputs::stripes; }), {{0, 3}, {1, 4}, {2, 5}}},
    {"several circuits on all",
     {2},
     circuit(2,
             [](auto& c) {
               c.reads = CopyInputs::all;
               c.copies = 3;
             }),
     {{0, 1}, {0, 1}, {0, 1}}},
    {"windows of an image, a pixel left over",
     {2, 2, 5},
     circuit(4,
             [](auto& c) {
               c.reads = CopyInputs::windows;
               c.window = 2;
               c.ansatz.uploads = 2;
               c.share = true;
               c.ansatz.observables = {"Z0", "Z1 Z2", "X3"};
             }),
     {{0, 1, 5, 6, 10, 11, 15, 16}, {2, 3, 7, 8, 12, 13, 17, 18}},
     true},
    {"trained gain, linear angles, several uploads",
     {8},
     circuit(2,
             [](auto& c) {
               c.angle_map = AngleMap::linear;
               c.gain = 0.7;
               c.train_gain = true;
               c.ansatz.uploads = 2;
               c.ansatz.upload = Gate::rx;
               c.ansatz.rotations = {Gate::rz, Gate::ry};
               c.ansatz.entangler = Entangler::cx_ring;
             }),
     {{0, 1, 2, 3}, {4, 5, 6, 7}}},
    {"by hand: products, trained weights and offsets, observables in two bases with trained weights",
     {6},
     circuit(3,
             [](auto& c) {
               c.angle_map = AngleMap::shift_atan;
               c.ansatz.stage = {by_hand()};
               c.ansatz.observables = {"w Z0 + w X1 Y2 - 0.5", "P010", "0.5 Z0 Z2"};
             }),
     {{0, 1, 2}, {3, 4, 5}}},
    {"a published circuit, shared",
     {6},
     circuit(3,
             [](auto& c) {
               c.angle_map = AngleMap::pi_tanh;
               c.ansatz.preset = "strongly-entangling";
               c.share = true;
             }),
     {{0, 1, 2}, {3, 4, 5}}},
};

std::size_t width_of(const Case& c) {
  std::size_t width = 1;
  for (std::size_t extent : c.shape) width *= extent;
  return width;
}

ModelSpec spec_of(const Case& c, std::vector<LayerSpec> layers) {
  ModelSpec spec = image_spec(c.shape, std::move(layers));
  if (c.shape.size() == 1) spec.input_shapes.clear();
  return spec;
}

/// The layer's numbers by name, each copy's a run of its tensor.
struct Numbers {
  std::map<std::string, std::vector<double>> tensors;

  std::vector<double> of_copy(const Case& c, std::size_t copy) const {
    std::vector<double> own;
    for (const std::string name : {"trunk.0.circuit", "trunk.0.readout"}) {
      if (!tensors.contains(name)) continue;
      const std::vector<double>& all = tensors.at(name);
      const std::size_t length = all.size() / (c.layer.circuit.share ? 1 : c.columns.size());
      const std::size_t first = c.layer.circuit.share ? 0 : copy * length;
      own.insert(own.end(), all.begin() + static_cast<std::ptrdiff_t>(first),
                 all.begin() + static_cast<std::ptrdiff_t>(first + length));
    }
    return own;
  }
  double gain(const Case& c) const {
    return tensors.contains("trunk.0.gain") ? tensors.at("trunk.0.gain")[0] : c.layer.circuit.gain;
  }
};

/// What the layer should make of one sample.
std::vector<double> reference(const Case& c, const Numbers& numbers, const double* x) {
  const Assembly assembly = assemble_copy(c.layer.circuit, "trunk.0");
  std::vector<std::vector<double>> rows;
  for (std::size_t copy = 0; copy < c.columns.size(); ++copy) {
    const std::vector<double> trained = numbers.of_copy(c, copy);
    std::vector<double> inputs, angles;
    for (std::size_t column : c.columns[copy])
      inputs.push_back(angle(c.layer.circuit.angle_map, numbers.gain(c) * x[column]));
    angles = inputs;
    if (!assembly.circuit.angle_of.empty()) {
      angles.clear();
      for (const Expression& e : assembly.circuit.angle_of) angles.push_back(value(e, inputs, trained));
    }
    const Eigen::VectorXd values =
        oracle::values(assembly.circuit, angles, bound_params(assembly.circuit, trained));
    rows.emplace_back();
    for (const std::vector<int>& parts : assembly.outputs) {
      double sum = 0.0;
      for (int part : parts) sum += values[part];
      rows.back().push_back(sum);
    }
  }
  std::vector<double> all;
  const std::size_t outputs = rows.front().size();
  for (std::size_t i = 0; i < rows.size() * outputs; ++i)
    all.push_back(c.image ? rows[i % rows.size()][i / rows.size()] : rows[i / outputs][i % outputs]);
  return all;
}

/// The layer alone, seen through a representation that copies.
struct Alone {
  ModelSpec spec;
  std::size_t width;
  std::vector<double> params;
  Numbers numbers;

  explicit Alone(const Case& c) : spec(spec_of(c, {c.layer})), width(0) {
    const Assembly assembly = assemble_copy(c.layer.circuit, "trunk.0");
    width = c.columns.size() * assembly.outputs.size();
    const Backbone<double> backbone(spec, width);
    const std::vector<double> all = oracle::uniform(5, count_params(backbone.params()), -2.0, 2.0);
    for (const ParamInfo& info : backbone.params()) {
      if (!info.name.starts_with("trunk.0.")) continue;
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(info.offset);
      numbers.tensors[info.name].assign(begin, begin + static_cast<std::ptrdiff_t>(info.size));
      params.insert(params.end(), begin, begin + static_cast<std::ptrdiff_t>(info.size));
    }
  }
};

const std::vector<std::size_t> samples{3, 8, 1, 200, 5};
const Pass pass{true, 7, 2, samples};

std::string message_of(std::vector<std::size_t> shape, LayerSpec layer) {
  Case c{"", std::move(shape), std::move(layer), {}};
  try {
    Backbone<float>(spec_of(c, {c.layer}), 2);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a layer of circuits gives each copy's expectations, as the dense oracle does", "[model]") {
  for (const Case& c : cases) {
    INFO(c.name);
    const Alone alone(c);
    const Matrix<double> x = sample_matrix(5, static_cast<Eigen::Index>(width_of(c)), 4);
    const Matrix<double> found = output_of(alone.spec, alone.width, pass, {x}, alone.params);
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      const std::vector<double> wanted = reference(c, alone.numbers, x.data() + i * x.cols());
      REQUIRE(static_cast<Eigen::Index>(wanted.size()) == found.cols());
      for (Eigen::Index o = 0; o < found.cols(); ++o)
        // Roundings of some 50 gates on each side.
        CHECK(found(i, o) == Approx(wanted[static_cast<std::size_t>(o)]).margin(1e-13));
    }
  }
}

TEST_CASE("a layer of circuits has the gradients of central differences", "[model]") {
  for (const Case& c : cases) {
    INFO(c.name);
    // A layer in front makes the gradients of the circuits' own inputs matter.
    const auto width = static_cast<int>(width_of(c));
    LayerSpec dense;
    dense.width = width;
    const LayerSpec front = c.image ? conv(static_cast<int>(c.shape[0]), 1, 1, 0) : dense;
    CHECK(gradient_deviation(spec_of(c, {front, c.layer})) < difference_tolerance);
  }
}

TEST_CASE("layers of circuits stack, and stand in residual layers and branches", "[model]") {
  ModelSpec spec;
  spec.inputs = {"a", "b"};
  spec.input_widths = {4, 4};
  spec.backbone.branches = {{"a", {circuit(2)}}, {"b", {}}};
  spec.backbone.trunk = {circuit(4, [](auto& c) { c.reads = CopyInputs::stripes; }),
                         residual({circuit(4, [](auto& c) { c.share = true; })})};
  CHECK(gradient_deviation(spec) < difference_tolerance);
  const std::vector<LayerCircuit> circuits = Backbone<double>(spec, 3).circuits();
  std::vector<std::string> where;
  for (const LayerCircuit& layer : circuits) where.push_back(layer.where);
  CHECK(where == std::vector<std::string>{"branch.a.0", "trunk.0", "trunk.1.0"});
  CHECK(circuits[1].copies == 2);
  CHECK(circuits[1].numbers == 2 * 2 * 4);
  CHECK(circuits[2].numbers == 2 * 4);
}

TEST_CASE("a layer of circuits gives the same under every plan", "[model]") {
  Case c = cases[6];
  Alone alone(c);
  const Matrix<double> x = sample_matrix(5, static_cast<Eigen::Index>(width_of(c)), 4);
  const Matrix<double> wanted = output_of(alone.spec, alone.width, pass, {x}, alone.params);
  std::set<std::string> ran;
  for (const std::string plan : {"state", "operators", "cones", "pauli", "mixed"}) {
    INFO(plan);
    alone.spec.backbone.trunk[0].circuit.plan = plan;
    ran.insert(std::string(name(Backbone<double>(alone.spec, 1).circuits()[0].plan.kind)));
    const Matrix<double> found = output_of(alone.spec, alone.width, pass, {x}, alone.params);
    for (Eigen::Index i = 0; i < found.size(); ++i)
      CHECK(found.data()[i] == Approx(wanted.data()[i]).margin(1e-13));
    alone.spec.backbone.trunk.insert(alone.spec.backbone.trunk.begin(), LayerSpec{});
    alone.spec.backbone.trunk[0].width = static_cast<int>(width_of(c));
    CHECK(gradient_deviation(alone.spec) < difference_tolerance);
    alone.spec.backbone.trunk.erase(alone.spec.backbone.trunk.begin());
  }
  for (const std::string plan : {"state", "operators", "cones", "pauli"}) CHECK(ran.contains(plan));
}

TEST_CASE("in float a layer of circuits is as exact as float, and no row depends on its neighbours",
          "[model]") {
  for (const Case& c : cases) {
    INFO(c.name);
    const Alone alone(c);
    Backbone<float> single(alone.spec, alone.width);
    Backbone<double> exact(alone.spec, alone.width);
    std::vector<double> params(count_params(single.params()));
    exact.initial(InitialValues(2), params);
    std::copy(alone.params.begin(), alone.params.end(), params.begin());
    single.bind(params);
    exact.bind(params);
    constexpr Eigen::Index rows = 37;  // two tiles and some
    const Matrix<double> x = sample_matrix(rows, static_cast<Eigen::Index>(width_of(c)), 4);
    const Matrix<double> cotangent = sample_matrix(rows, static_cast<Eigen::Index>(alone.width), 9);
    std::vector<std::size_t> numbers(rows);
    const Pass all{true, 7, 2, numbers};

    std::vector<Matrix<double>> taken{x};
    Matrix<double> z;
    Backbone<double>::Cache cache;
    exact.forward(all, taken, z, cache);
    std::vector<double> gradient(params.size(), 0.0);
    exact.backward(cache, cotangent, gradient);

    std::vector<Matrix<float>> taken_single{x.cast<float>()};
    Matrix<float> z_single;
    Backbone<float>::Cache cache_single;
    single.forward(all, taken_single, z_single, cache_single);
    std::vector<double> gradient_single(params.size(), 0.0);
    single.backward(cache_single, cotangent.cast<float>(), gradient_single);

    // 2^-24 for each of about 100 roundings, angles up to pi, and sums over 37 rows in the gradients.
    for (Eigen::Index i = 0; i < z.size(); ++i)
      CHECK(static_cast<double>(z_single.data()[i]) == Approx(z.data()[i]).margin(3e-5));
    for (std::size_t i = 0; i < params.size(); ++i)
      CHECK(gradient_single[i] == Approx(gradient[i]).margin(37 * 3e-5));

    for (Eigen::Index row : {0, 17, 36}) {
      std::vector<Matrix<float>> one{x.row(row).cast<float>()};
      Matrix<float> z_one;
      single.forward(all, one, z_one, cache_single);
      for (Eigen::Index o = 0; o < z_one.cols(); ++o) CHECK(z_one(0, o) == z_single(row, o));
    }
  }
}

TEST_CASE("a layer of circuits lists its tensors, starts copies apart, and says its plan", "[model]") {
  ModelSpec spec = spec_of(cases[7], {cases[7].layer});
  resolve_layer_plans(spec);
  CHECK(spec.backbone.trunk[0].circuit.plan != "auto");
  const Backbone<double> backbone(spec, 1);
  std::vector<std::string> names;
  for (const ParamInfo& info : backbone.params()) names.push_back(info.name);
  CHECK(names == std::vector<std::string>{"trunk.0.circuit", "trunk.0.readout", "representation.weight",
                                          "representation.bias"});
  // A copy: a weight and an offset for each of 3 uploads, rz and rx on 3 qubits, crx on 2 pairs; 2 strings.
  CHECK(backbone.params()[0].shape == std::vector<std::size_t>{2, 3 * 2 + 3 * 2 + 2});
  CHECK(backbone.params()[1].shape == std::vector<std::size_t>{2, 2});
  CHECK_FALSE(backbone.params()[0].head);
  CHECK_FALSE(backbone.params()[0].decay);
  std::vector<double> values(count_params(backbone.params()));
  backbone.initial(InitialValues(1), values);
  std::size_t weights = 0, equal = 0;
  for (std::size_t i = 0; i < 14; ++i) {
    weights += values[i] == 1.0;  // trained factors of the inputs
    equal += values[i] == values[14 + i];
  }
  CHECK(weights == 3);
  CHECK(equal == 3);
  spec.backbone.trunk[0].circuit.share = true;
  CHECK(Backbone<double>(spec, 1).params()[0].shape == std::vector<std::size_t>{14});
  CHECK(Backbone<double>(spec, 1).cost() > 0.0);
}

TEST_CASE("a layer of circuits that does not fit says which key, what was found and what to do", "[model]") {
  using Catch::Contains;
  CHECK_THAT(message_of({7}, circuit(3)), Contains("trunk.0.qubits") && Contains("reads 3 numbers") &&
                                              Contains("the 7 numbers") &&
                                              Contains("dense layer of width 6"));
  CHECK_THAT(message_of({6}, circuit(2, [](auto& c) { c.copies = 2; })),
             Contains("trunk.0.copies") && Contains("2 copies") && Contains("dense layer of width 4"));
  CHECK_THAT(
      message_of({6}, circuit(2, [](auto& c) { c.reads = CopyInputs::all; })),
      Contains("trunk.0.reads = \"all\"") && Contains("found 6") && Contains("dense layer of width 2"));
  CHECK_THAT(message_of({4}, circuit(4, [](auto& c) { c.reads = CopyInputs::windows; })),
             Contains("trunk.0.reads = \"windows\"") && Contains("expected images") && Contains("[4]"));
  const auto windows = [](int size, int copies) {
    return [=](CircuitCopies& c) {
      c.reads = CopyInputs::windows;
      c.window = size;
      c.copies = copies;
    };
  };
  CHECK_THAT(message_of({4, 4}, circuit(4, windows(5, 0))),
             Contains("trunk.0.window") && Contains("found 5"));
  CHECK_THAT(message_of({4, 4}, circuit(4, windows(3, 0))),
             Contains("trunk.0.window") && Contains("9 numbers"));
  CHECK_THAT(message_of({4, 4}, circuit(4, windows(2, 3))),
             Contains("trunk.0.copies") && Contains("expected 4"));
  CHECK_THAT(message_of({4}, circuit(0)), Contains("trunk.0.qubits") && Contains("found 0"));
  CHECK_THAT(message_of({4}, circuit(4, [](auto& c) { c.ansatz.upload = Gate::rz; })),
             Contains("trunk.0.upload") && Contains("expected one of rx, ry"));
  CHECK_THAT(message_of({4}, circuit(4, [](auto& c) { c.ansatz.preset = "sim-99"; })),
             Contains("trunk.0") && Contains("sim-99"));
  CHECK_THAT(message_of({4}, circuit(4, [](auto& c) { c.ansatz.observables = {"Z4"}; })),
             Contains("trunk.0.observables"));
  CHECK_THAT(message_of({4}, circuit(4,
                                     [](auto& c) {
                                       c.ansatz.stage.resize(1);
                                       c.ansatz.stage[0].gates = {Gate::rx};
                                     })),
             Contains("trunk.0") && Contains("upload"));
  CHECK_THAT(message_of({40}, circuit(40, [](auto& c) { c.plan = "state"; })),
             Contains("trunk.0.plan") && Contains("40 qubits"));
}
