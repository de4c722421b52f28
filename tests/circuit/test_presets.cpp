// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/circuit/ansatz/presets.h"
#include "tests/oracle/oracle.h"
#include "tests/oracle/published.h"

using namespace qmtl;
using oracle::Published;

namespace {

/// Values and gradients after at most a thousand gates in double, of at most 10 in absolute sum: 1e-12; the
/// published ones are rounded to 13 digits.
constexpr double tolerance = 1e-10;

std::vector<double> list(const Eigen::VectorXd& numbers) {
  return {numbers.data(), numbers.data() + numbers.size()};
}

/// check(shape) for every preset on 1 to 9 qubits with up to three repetitions.
template <class Check>
void for_shapes(const Check& check) {
  for (const Preset& preset : preset_table())
    for (int qubits = 1; qubits <= 9; ++qubits)
      for (int layers = 0; layers <= 3; ++layers) {
        INFO(preset.name << ", " << qubits << " qubits, " << layers << " repetitions");
        Published shape;
        shape.preset = preset.name;
        shape.qubits = qubits;
        shape.layers = layers;
        check(shape);
      }
}

void check_close(const std::vector<double>& found, const std::vector<double>& expected, const char* what) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::abs(found[i] - expected[i]) <= tolerance) continue;
    INFO(what << " " << i << ": found " << found[i] << ", published " << expected[i]);
    CHECK(false);
  }
}

}  // namespace

TEST_CASE("every preset is compared with a published construction", "[presets]") {
  const std::vector<Published> cases = oracle::published_cases(QMTL_SOURCE_DIR);
  std::string missing, unknown;
  for (const Preset& preset : preset_table())
    if (std::none_of(cases.begin(), cases.end(), [&](const Published& c) { return c.preset == preset.name; }))
      missing += std::string(preset.name) + " ";
  for (const Published& c : cases)
    if (std::none_of(preset_table().begin(), preset_table().end(),
                     [&](const Preset& p) { return c.preset == p.name; }))
      unknown += c.preset + " ";
  CHECK(missing == "");
  CHECK(unknown == "");
}

TEST_CASE("presets have the published circuits' values and gradients", "[presets]") {
  for (const Published& published : oracle::published_cases(QMTL_SOURCE_DIR)) {
    INFO(oracle::describe(published));
    const AnsatzSpec spec = oracle::spec_of(published);
    const ParamLayout numbers = layout(spec);
    CHECK(spec.angles() == static_cast<int>(published.inputs.size()));
    CHECK(numbers.total == static_cast<int>(published.params.size()));
    if (spec.angles() != static_cast<int>(published.inputs.size()) ||
        numbers.total != static_cast<int>(published.params.size()))
      continue;
    const oracle::PublishedCircuit bound(published);
    check_close(bound.outputs(list(oracle::values(bound.made.circuit, bound.angles, bound.params))),
                published.values, "value");
    const oracle::Gradient gradient =
        oracle::parameter_shift(bound.made.circuit, bound.angles, bound.params, bound.cotangents);
    const auto [params, inputs] = bound.gradients(published, list(gradient.params), list(gradient.angles));
    check_close(params, published.param_gradient, "parameter gradient");
    check_close(inputs, published.input_gradient, "input gradient");
  }
}

TEST_CASE("presets stand on any number of qubits, also where no paper has drawn them", "[presets]") {
  for_shapes([](const Published& shape) { CHECK_NOTHROW(build(oracle::spec_of(shape))); });
}

TEST_CASE("the gates of layers are counted from above before they are made", "[presets]") {
  for_shapes([](const Published& shape) {
    const AnsatzSpec spec = oracle::spec_of(shape);
    const auto made = static_cast<double>(build(spec).shared.size());
    const double counted = gates_of(stage_layers(spec), shape.qubits);
    CHECK(counted >= made);
    // Rotations by numbers of the sample may be two, lines have a pair less than qubits, and an
    // encoding's CX are two fewer.
    CHECK(counted <= 2 * made + 2 * shape.layers + 2);
  });
}

TEST_CASE("published circuits are refused for their gates, and wide ones of few gates are not", "[presets]") {
  AnsatzSpec spec;
  spec.preset = "qfnn";
  spec.qubits = 3000;  // nine million ordered pairs, but two gates a qubit
  CHECK_NOTHROW(build(spec));
  for (const auto& [preset, qubits] : std::vector<std::pair<std::string, int>>{
           {"sim-5", 1500}, {"qcnn", 1 << 20}, {"circuit-centric", 1 << 20}}) {
    spec.preset = preset;
    spec.qubits = qubits;
    CHECK_THROWS_WITH(build(spec), Catch::Contains("gates and readout terms: expected at most 2000000"));
  }
}

TEST_CASE("a tree joins every qubit to its root, one pair for each but the root", "[presets]") {
  for (int qubits = 1; qubits <= 9; ++qubits) {
    std::vector<int> joined(static_cast<std::size_t>(qubits));
    for (const CircuitLayer& layer : preset_named("tree-tensor").layer(qubits, 0))
      for (const std::vector<int>& pair : layer.pairs) {
        CHECK(joined[static_cast<std::size_t>(pair[0])] == 0);  // it has not left the tree
        joined[static_cast<std::size_t>(pair[0])] = 1;
        CHECK(joined[static_cast<std::size_t>(pair[1])] == 0);
      }
    CHECK(std::count(joined.begin(), joined.end(), 0) == 1);
    CHECK(joined.back() == 0);
  }
}
