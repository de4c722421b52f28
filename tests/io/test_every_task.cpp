// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "common.h"
#include "io/files/atomic_file.h"
#include "runtime/train/learner.h"

using namespace qmtl;
using namespace qmtl::test;

TEST_CASE("what is said of every task holds where a task's own table says nothing else", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("run.toml");
  // The order of tables decides nothing.
  write_file(path,
             "[data]\nfile = \"d.h5\"\n[task.b]\nqubits = 2\nweight = 3\n"
             "[task.\"*\"]\nqubits = 1\noutput = \"raw\"\nobservables = [\"X0\"]\n");
  const auto check = [](const Config& config, double weight) {
    const TaskSpec &own = config.model.said_of("b"), &other = config.model.said_of("a");
    CHECK(own.own_qubits == 2);
    CHECK(own.weight == 3);
    CHECK(own.output.form == OutputForm::raw);
    CHECK(own.block.observables == other.block.observables);
    CHECK(other.own_qubits == 1);
    CHECK(other.weight == weight);
    CHECK(other.block.observables.size() == 1);
  };
  const Config config = read_config(path);
  REQUIRE(config.model.tasks.size() == 1);
  check(config, 1);
  check(parse_config(to_toml(config), "again"), 1);
  // An override of all is one of those that have nothing of their own, before or behind the file.
  check(read_config(path, {"task.\"*\".weight=5"}), 5);
  const auto message = [&](const std::string& text) {
    const Failure failed = failure([&] { read_config(path, {text}); });
    CHECK(failed.code == 2);
    return failed.message;
  };
  CHECK_THAT(message("task.\"*\".qubit=1"), Catch::Contains("unknown key") && Catch::Contains("qubits"));
  CHECK_THAT(message("task.\"*\"=1"), Catch::Contains("keys of its own"));
  CHECK_THAT(message("task.b.scale=2.0"), Catch::Contains("task.b.output = \"raw\""));
}

TEST_CASE("a task of the name that means every task is refused", "[io]") {
  Config config;
  Dataset data;
  data.tasks.emplace_back().name = "*";
  const Failure failed = failure([&] { resolve(config, data); });
  CHECK(failed.code == 3);
  CHECK(failed.says("another name"));
}
