// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "resolve_case.h"
#include "runtime/base/error.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/train/learner.h"
#include "runtime/train/validation.h"
#include "toy.h"

using namespace qmtl;

namespace {

std::size_t head_parameters(const Config& config, const Dataset& data) {
  const auto learner = make_learner(config.model, config.train, data, {});
  std::size_t count = 0;
  for (const ParamInfo& info : learner->params())
    if (info.head) count += info.size;
  return count;
}

}  // namespace

TEST_CASE("defaults follow the number of outputs", "[train]") {
  struct Row {
    int outputs, qubits, stride;
  };
  for (const Row& row : {Row{1, 6, 6}, Row{2, 12, 6}, Row{3, 16, 5}, Row{4, 16, 4}, Row{5, 10, 2},
                         Row{10, 20, 2}, Row{25, 50, 2}}) {
    INFO(row.outputs << " outputs");
    const Dataset data = binary_tasks(row.outputs);
    Config config = blank();
    resolve(config, data);
    const AnsatzSpec& ansatz = config.model.head.ansatz;
    CHECK(ansatz.qubits == row.qubits);
    CHECK(ansatz.stride == row.stride);
    CHECK(ansatz.register_size == 4);
    CHECK(ansatz.block_outputs == std::vector<int>(static_cast<std::size_t>(row.outputs), 1));
    CHECK(config.model.head.width == row.qubits);
    CHECK(config.model.inputs == std::vector<std::string>{"x"});
    CHECK(config.model.input_widths == std::vector<std::size_t>{64});
    Config again = config;
    resolve(again, data);
    CHECK(again.model == config.model);
  }
}

TEST_CASE("the default head of ten binary tasks has 100 parameters, the linear one of its width 210",
          "[train]") {
  const Dataset data = binary_tasks(10);
  Config quantum = blank(), linear = blank("linear");
  quantum.model.head.ansatz.layers = 2;
  resolve(quantum, data);
  resolve(linear, data);
  CHECK(head_parameters(quantum, data) == 100);
  CHECK(linear.model.head.width == 20);
  CHECK(head_parameters(linear, data) == 210);
}

TEST_CASE("all heads of ten binary tasks get the same width and their own number of parameters", "[train]") {
  const Dataset data = binary_tasks(10);
  struct Row {
    std::string head;
    std::size_t parameters;
  };
  for (const Row& row :
       {Row{"qmtl", 100}, Row{"hybrid", 2 * 20 + 10 * 21}, Row{"separate", 10 * 40 + 10 * 21},
        Row{"linear", 210}, Row{"low-rank", 16 * (20 + 10) + 10}, Row{"mlp", 10 * 16 * 21 + 10 * 17}, Row{"local", 10 * 5}, Row{"local-tanh", 10 * 5}}) {
    INFO(row.head);
    Config config = blank(row.head);
    config.model.head.ansatz.layers = 2;
    resolve(config, data);
    CHECK(config.model.head.width == 20);
    CHECK(head_parameters(config, data) == row.parameters);
    // The plan is that of the circuit that runs, and stays.
    const bool circuit = head_kind(row.head).circuit();
    CHECK(config.model.plan == (circuit ? "pauli" : "auto"));
    Config again = config;
    resolve(again, data);
    CHECK(again.model == config.model);
  }
}

TEST_CASE("heads that ignore the block table accept fewer qubits than a register has", "[train]") {
  const Dataset data = binary_tasks(3);
  for (const char* head : {"hybrid", "separate", "linear", "mlp"}) {
    Config config = blank(head);
    config.model.head.ansatz.qubits = 3;
    config.model.head.ansatz.register_size = 4;
    INFO(head);
    CHECK_NOTHROW(resolve(config, data));
    CHECK(config.model.head.width == 3);
  }
  Config config = blank("separate");
  config.model.head.ansatz.uploads = 2;
  CHECK_THROWS_WITH(resolve(config, data), Catch::Contains("circuit.uploads"));
  config = blank("local");
  config.model.head.width = 5;
  CHECK_THROWS_WITH(resolve(config, data), Catch::Contains("head.width"));
}

TEST_CASE("every task kind gets its blocks and scales", "[train]") {
  const Dataset data = toy::dataset(30);
  Config config = blank();
  resolve(config, data);
  CHECK(config.model.head.ansatz.block_outputs == std::vector<int>{1, 1, 1, 1, 1, 1, 1});
  CHECK(config.model.head.ansatz.qubits == 14);
  REQUIRE(config.model.tasks.size() == 4);
  CHECK(config.model.tasks[1].outputs == 3);
  CHECK(config.model.tasks[3].kind == "regression");
  const auto learner = make_learner(config.model, config.train, data, standardise(data, config.model));
  const std::vector<double> initial = learner->initial(1);
  for (const ParamInfo& info : learner->params()) {
    const std::vector<double> values(initial.begin() + static_cast<std::ptrdiff_t>(info.offset),
                                     initial.begin() + static_cast<std::ptrdiff_t>(info.offset + info.size));
    // One scale for the binary task, one for the multiclass task, two for the tags, one for the height.
    if (info.name == "head.scale") CHECK(values == std::vector<double>{4, 4, 4, 4, 2});
    if (info.name == "head.bias") CHECK(values == std::vector<double>(7, 0.0));
  }
  config.model.head.block_per_task = true;
  resolve(config, data);
  CHECK(config.model.head.ansatz.block_outputs == std::vector<int>{1, 3, 1, 1, 1});
}

TEST_CASE("block angles start near 0 or pi, both about as often", "[train]") {
  const Dataset data = binary_tasks(25);
  Config config = blank();
  resolve(config, data);
  const auto learner = make_learner(config.model, config.train, data, {});
  const std::vector<double> initial = learner->initial(1);
  int low = 0, high = 0;
  for (const ParamInfo& info : learner->params())
    if (info.name == "head.block") {
      CHECK(info.size == 100);
      for (std::size_t i = info.offset; i < info.offset + info.size; ++i) {
        // Five deviations of the start.
        low += std::abs(initial[i]) < 0.5;
        high += std::abs(initial[i] - 2 * half_pi) < 0.5;
      }
    }
  CHECK(low + high == 100);
  CHECK(low >= 25);  // binomial with mean 50 and deviation 5
  CHECK(high >= 25);
}

TEST_CASE("what a configuration gets wrong about the data is an error with file and key", "[train]") {
  const Dataset data = binary_tasks(3);
  const auto message = [&](auto change) {
    Config config = blank();
    change(config);
    try {
      resolve(config, data);
    } catch (const Error& error) {
      CHECK(error.code() == Exit::usage);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto unknown_task = message([](Config& c) {
    c.model.tasks.resize(1);
    c.model.tasks[0].name = "tusk1";
  });
  CHECK_THAT(unknown_task,
             Catch::Contains("run.toml") && Catch::Contains("task.tusk1") && Catch::Contains("task2"));
  CHECK_THAT(message([](Config& c) {
               c.model.tasks.resize(1);
               c.model.tasks[0].name = "task1";
               c.model.tasks[0].metric = "rmse";
             }),
             Catch::Contains("task.task1.metric") && Catch::Contains("macro_f1"));
  CHECK_THAT(message([](Config& c) {
               c.model.backbone.branches = {{"y", {}}};
             }),
             Catch::Contains("branch.y"));
  CHECK_THAT(message([](Config& c) { c.model.inputs = {"y"}; }), Catch::Contains("input.y"));
  CHECK_THAT(message([](Config& c) { c.model.head.kind = "quantum"; }),
             Catch::Contains("head.kind") && Catch::Contains("linear"));
  CHECK_THAT(message([](Config& c) {
               c.model.head.ansatz.qubits = 3;
               c.model.head.ansatz.register_size = 4;
             }),
             Catch::Contains("block.size") && Catch::Contains("circuit.qubits = 3"));
  CHECK_THAT(message([](Config& c) { c.model.head.width = 5; }), Catch::Contains("head.width"));
}

TEST_CASE("images keep their shapes, and flat inputs take those of the configuration", "[train]") {
  Dataset data = binary_tasks(2);
  Config config = blank();
  resolve(config, data);
  CHECK(config.model.input_shapes.empty());
  config.model.input_shapes = {{2, 4, 8}};
  resolve(config, data);
  CHECK(input_shape(config.model, 0) == Shape(2, 4, 8));
  data.inputs[0].shape = {8, 8};
  Config image = blank();
  resolve(image, data);
  CHECK(image.model.input_shapes == std::vector<std::vector<std::size_t>>{{8, 8}});
  CHECK(input_shape(image.model, 0) == Shape(1, 8, 8));
  Config again = image;
  resolve(again, data);
  CHECK(again.model == image.model);
  image.model.input_shapes = {{8, 9}};
  CHECK_THROWS_WITH(resolve(image, data),
                    Catch::Contains("input.x.shape") && Catch::Contains("64") && Catch::Contains("[8, 9]"));
}

TEST_CASE("data.tasks chooses tasks of the data set, in its order", "[train]") {
  const Dataset data = binary_tasks(4);
  Config config = blank();
  config.data_tasks = {"task3", "task1"};
  config.model.tasks.resize(2);
  config.model.tasks[0].name = "task1";
  config.model.tasks[0].weight = 2.5;
  config.model.tasks[1].name = "task0";  // left out: what is said of it does not matter
  resolve(config, data);
  REQUIRE(config.model.tasks.size() == 2);
  CHECK(config.model.tasks[0].name == "task3");
  CHECK(config.model.tasks[1].name == "task1");
  CHECK(config.model.tasks[1].weight == 2.5);
  CHECK(config.model.head.ansatz.block_outputs == std::vector<int>{1, 1});
  CHECK(make_learner(config.model, config.train, data, {})->outputs() == 2);
  Config again = config;
  resolve(again, data);
  CHECK(again.model == config.model);
  config.data_tasks = {"task1", "task9"};
  CHECK_THROWS_WITH(resolve(config, data), Catch::Contains("run.toml: data.tasks") &&
                                               Catch::Contains("'task9'") && Catch::Contains("task0, task1"));
  config.data_tasks = {"task1", "task1"};
  CHECK_THROWS_WITH(resolve(config, data), Catch::Contains("twice"));
}

TEST_CASE("an identity start behind CX is refused before any training", "[train]") {
  Config config = blank();
  config.model.head.start = BlockStart::identity;
  config.model.head.ansatz.block_entangler = Entangler::cx_line;
  CHECK_THROWS_WITH(resolve(config, binary_tasks(2)), Catch::Contains("head.start"));
}
