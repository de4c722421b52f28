// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/engine/engine.h"
#include "runtime/model/heads/circuit_start.h"

using namespace qmtl;

namespace {

std::vector<double> start_of(const HeadSpec& head) {
  const Circuit circuit = build(head.ansatz);
  std::vector<double> values(static_cast<std::size_t>(circuit.params), std::nan(""));
  start_circuit(head, head.ansatz, circuit, layout(head.ansatz), InitialValues(5), 7, values);
  return values;
}

/// Outputs for some sample angles, with the start's parameters.
std::vector<double> outputs_of(const HeadSpec& head) {
  const Circuit circuit = build(head.ansatz);
  Engine<double> engine(make_plan(circuit, PlanKind::state));
  engine.bind(start_of(head));
  std::vector<double> angles(static_cast<std::size_t>(circuit.angles)),
      values(static_cast<std::size_t>(circuit.outputs()));
  for (std::size_t i = 0; i < angles.size(); ++i) angles[i] = 0.3 + 0.7 * static_cast<double>(i);
  engine.forward(1, angles.data(), values.data());
  return values;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

constexpr double rounding = 1e-13;  // some hundred operations in double on numbers of at most 1

/// Two overlapping registers on five qubits; strings of one and two Z.
HeadSpec small_head() {
  HeadSpec head;
  head.start_deviation = 0.8;
  head.ansatz.qubits = 5;
  head.ansatz.register_size = 3;
  head.ansatz.stride = 2;
  head.ansatz.block_outputs = {1, 1};
  head.ansatz.readout = ReadoutKind::strings;
  head.ansatz.strings = {{0}, {0, 2}};
  return head;
}

const std::vector<std::vector<Gate>> rotation_lists{
    {Gate::ry}, {Gate::ry, Gate::rz}, {Gate::rz, Gate::ry}, {Gate::rz, Gate::rx, Gate::rz}};
const Entangler undone[] = {Entangler::none, Entangler::cz_line, Entangler::cz_ring, Entangler::brickwork_cz};

bool any_nonzero(const std::vector<double>& values, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i)
    if (values[i] != 0.0) return true;
  return false;
}

}  // namespace

TEST_CASE("a shared stage that starts as the identity leaves the encoding's outputs", "[model]") {
  for (Entangler entangler : undone)
    for (const auto& rotations : rotation_lists)
      for (int layers = 1; layers <= 5; ++layers) {
        INFO(name(entangler) << ", " << rotations.size() << " rotations, " << layers << " layers");
        HeadSpec head = small_head();
        head.shared_start = SharedStart::identity;
        head.ansatz.rotations = rotations;
        head.ansatz.entangler = entangler;
        head.ansatz.layers = layers;
        head.ansatz.block_layers = 0;
        HeadSpec bare = head;
        bare.ansatz.layers = 0;
        CHECK(largest_difference(outputs_of(head), outputs_of(bare)) < rounding);
        const bool rz = std::find(rotations.begin(), rotations.end(), Gate::rz) != rotations.end();
        const auto per_layer = rotations.size() * 5;
        CHECK(any_nonzero(start_of(head), 0, per_layer) ==
              (layers > 1 && (rz || entangler == Entangler::none)));
        if (layers % 2 == 1)
          CHECK_FALSE(any_nonzero(start_of(head), per_layer * static_cast<std::size_t>(layers - 1),
                                  per_layer * static_cast<std::size_t>(layers)));
      }
}

TEST_CASE("layers pair up between uploads, never across one", "[model]") {
  for (Entangler entangler : {Entangler::none, Entangler::cz_ring})
    for (int layers : {3, 4, 8}) {
      if (entangler != Entangler::none && layers == 3) continue;  // a CZ layer would be left between uploads
      INFO(name(entangler) << ", " << layers << " layers");
      HeadSpec head = small_head();
      head.shared_start = SharedStart::identity;
      head.ansatz.rotations = {Gate::rz, Gate::ry};
      head.ansatz.entangler = entangler;
      head.ansatz.uploads = 2;
      head.ansatz.layers = layers;
      head.ansatz.block_layers = 0;
      HeadSpec bare = head;
      bare.ansatz.layers = 0;
      CHECK(largest_difference(outputs_of(head), outputs_of(bare)) < rounding);
    }
}

TEST_CASE("blocks that start as the identity read out the shared stage", "[model]") {
  for (Entangler entangler : undone)
    for (BlockOrder order : {BlockOrder::er, BlockOrder::re})
      for (const auto& rotations : rotation_lists)
        for (int layers = 1; layers <= 4; ++layers) {
          INFO(name(entangler) << ", " << name(order) << ", " << rotations.size() << " rotations, " << layers
                               << " layers");
          HeadSpec head = small_head();
          head.start = BlockStart::identity;
          head.ansatz.block_entangler = entangler;
          head.ansatz.block_order = order;
          head.ansatz.block_rotations = rotations;
          head.ansatz.block_layers = layers;
          HeadSpec bare = head;
          bare.ansatz.block_layers = 0;
          CHECK(largest_difference(outputs_of(head), outputs_of(bare)) < rounding);
        }
}

TEST_CASE("an identity start is refused where CX layers do not cancel", "[model]") {
  HeadSpec head = small_head();
  head.ansatz.block_entangler = Entangler::cx_ring;
  CHECK_NOTHROW(check_start(head, head.ansatz));
  head.start = BlockStart::identity;
  CHECK_THROWS_WITH(check_start(head, head.ansatz),
                    Catch::Contains("head.start") && Catch::Contains("cx-ring") &&
                        Catch::Contains("3 qubits") && Catch::Contains("cz-ring"));
  head.ansatz.register_size = 2;
  head.ansatz.strings = {{0}, {0, 1}};
  head.ansatz.block_layers = 1;
  CHECK_THROWS_WITH(check_start(head, head.ansatz), Catch::Contains("1 layer "));
  head.ansatz.block_layers = 2;
  CHECK_NOTHROW(check_start(head, head.ansatz));
  HeadSpec bare = head;
  bare.ansatz.block_layers = 0;
  CHECK(largest_difference(outputs_of(head), outputs_of(bare)) < rounding);

  head = small_head();
  head.shared_start = SharedStart::identity;
  head.ansatz.entangler = Entangler::cx_line;
  CHECK_THROWS_WITH(check_start(head, head.ansatz),
                    Catch::Contains("head.shared_start") && Catch::Contains("cx-line"));
}

TEST_CASE("the shared stage can have a deviation of its own", "[model]") {
  HeadSpec head = small_head();
  const std::vector<double> plain = start_of(head);
  head.shared_deviation = 2.0 * head.start_deviation;
  const std::vector<double> wide = start_of(head);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    INFO("parameter " << i);
    CHECK(wide[i] == (i < 5 ? 2.0 * plain[i] : plain[i]));
  }
}
