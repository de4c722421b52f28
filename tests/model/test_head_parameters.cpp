// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "head_cases.h"
#include "runtime/base/philox.h"
#include "runtime/model/heads/circuit_stage.h"

using namespace qmtl;

TEST_CASE("head parameters follow their formulas", "[model]") {
  for (int tasks : {1, 3, 6})
    for (bool gain : {false, true}) {
      for (const HeadKind* kind : head_table) {
        ModelSpec spec = spec_of({std::string(kind->name)}, tasks);
        spec.head.train_gain = gain;
        const auto head = make_head<float>({spec, groups_of(1, spec.tasks.size())});
        std::size_t found = 0;
        for (const ParamInfo& info : head->params()) {
          CHECK(info.head);
          found += info.size;
        }
        std::size_t scales = 0;
        for (const TaskSpec& task : spec.tasks)
          scales += task.kind == "multiclass" ? 1 : static_cast<std::size_t>(task.outputs);
        const std::size_t T = spec.tasks.size(), O = task_columns(spec).back();
        const std::size_t n = 4, layers = 2, rotations = 2, k = 3, d = 5, hidden = 3;
        const std::size_t trained_gain = gain && kind->circuit() ? 1 : 0;
        const std::map<std::string_view, std::size_t> formulas{
            {"qmtl", n * layers * rotations + O * k + scales + O},
            {"hybrid", n * layers * rotations + O * (n + 1)},
            {"separate", T * n * layers * rotations + O * (n + 1)},
            {"linear", O * (d + 1)},
            {"low-rank", hidden * (d + O) + O},
            {"mlp", T * hidden * (d + 1) + O * (hidden + 1)},
            {"local", O * (k + 1)},
            {"local-tanh", O * (k + 1)}};
        INFO(kind->name << ", " << tasks << " tasks");
        CHECK(found == formulas.at(kind->name) + trained_gain);
        CHECK(head->width() == (kind->angles ? n : d));
      }
    }
}

TEST_CASE("circuits without a block table start near zero, or with signs where each task has its own",
          "[model]") {
  for (const char* kind : {"hybrid", "separate"})
    for (BlockStart begin : {BlockStart::signs, BlockStart::normal}) {
      ModelSpec spec = spec_of({kind});
      spec.head.start = begin;
      spec.head.ansatz.rotations = {Gate::ry};
      const auto head = make_head<double>({spec, groups_of(1, spec.tasks.size())});
      std::vector<double> params(count_params(head->params()));
      head->initial(InitialValues(9), 4, params);
      int near_zero = 0, near_pi = 0;
      for (std::size_t i = 0; i < head->params().front().size; ++i) {
        // Five deviations of the start.
        near_zero += std::abs(params[i]) < 0.5;
        near_pi += std::abs(params[i] - 2 * half_pi) < 0.5;
      }
      INFO(kind << " " << name(begin));
      CHECK(near_zero + near_pi == static_cast<int>(head->params().front().size));
      CHECK((near_pi > 0) == (std::string(kind) == "separate" && begin == BlockStart::signs));
    }
}

TEST_CASE("circuits of one task each need no statevector, however wide", "[model]") {
  for (int qubits : {34, 80})
    for (const char* kind : {"separate", "hybrid"}) {
      ModelSpec spec = spec_of({kind}, 17);
      spec.head.ansatz.qubits = qubits;
      spec.head.ansatz.rotations = {Gate::ry};
      const auto head = make_head<float>({spec, groups_of(2, 17)});
      INFO(kind << " on " << qubits << " qubits");
      CHECK(head->circuit_stage()->plan().kind == PlanKind::pauli);
      CHECK(head->circuit_stage()->plan().widest == 0);
    }
}

TEST_CASE("the local head sees every number of an encoding that its register has a qubit of", "[model]") {
  ModelSpec spec = spec_of({"local"});
  CircuitLayer amplitudes, upload;
  amplitudes.encode = LayerEncoding::amplitude;
  amplitudes.qubits = {0, 1};
  amplitudes.numbers = 3;
  upload.upload = Gate::ry;
  upload.qubits = {3};
  spec.head.ansatz.stage = {amplitudes, upload};
  const auto head = make_head<double>({spec, groups_of(1, spec.tasks.size())});
  CHECK(head->width() == 4);
  // Registers of three neighbours of four qubits: all have qubit 0 or 1, and all but that of output 0 (and 4)
  // have qubit 3.
  std::size_t weights = 0;
  for (std::size_t o = 0; o < task_columns(spec).back(); ++o) weights += o % 4 == 0 ? 3 : 4;
  CHECK(head->params()[0].size == weights);
}

TEST_CASE("several uploads do not fit a head that encodes before each task's own layers", "[model]") {
  const ModelSpec spec = spec_of({"separate", 0, 1, false, false, 2});
  CHECK_THROWS_WITH(make_head<float>({spec, groups_of(1, 4)}),
                    Catch::Contains("circuit.uploads") && Catch::Contains("found 2"));
}
