// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "distributed/comm.h"
#include "tests/train/toy_run.h"

using namespace qmtl;

// Run by this program alone, and by mpirun on several ranks: see tests/CMakeLists.txt.

namespace {

const Comm& comm() {
  static const Comm job;
  return job;
}

}  // namespace

TEST_CASE("the toy run over MPI ends with the hash that it has without", "[distributed][mpirun]") {
  INFO("rank " << comm().rank() << " of " << comm().size());
  CHECK(toy::run_hash_on(comm()) == toy::run_hash_of_three_epochs);
}

TEST_CASE("a failure of the last rank is thrown by all, with its number", "[distributed][mpirun]") {
  const int last = comm().size() - 1;
  const std::string who = last > 0 ? "rank " + std::to_string(last) + ": " : "";
  try {
    comm().together([&] {
      if (comm().rank() == last) throw data_error("no disk");
    });
    FAIL("expected the last rank's error");
  } catch (const SharedError& error) {
    CHECK(error.what() == who + "no disk");
    CHECK(error.code() == Exit::data);
  }
}
