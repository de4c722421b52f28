// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "edge_case.h"
#include "io/edge/c.h"
#include "io/edge/file.h"
#include "io/edge/quantise.h"
#include "runtime/base/file.h"
#include "runtime/edge/qmtl_edge_tasks.h"
#include "tests/io/common.h"
#include "tests/run_length.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

using Run = int (*)(const float*, float*, float*);
using SelfTest = int (*)(float*, float*);

/// Generated code, compiled and loaded.
class Compiled {
 public:
  Compiled(const EdgeModel& model, const std::string& flags, const std::string& compiler)
      : arena_(model.arena + 1) {
    write_c(folder_.file("generated"), model);
    const std::string library = folder_.file("generated.so");
    const std::string command = compiler + " " + flags +
                                " -Wall -Wextra -Wconversion -pedantic -Werror -shared -fPIC " +
                                folder_.file("generated.c") + " -o " + library;
    REQUIRE(std::system(command.c_str()) == 0);
    library_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    REQUIRE(library_ != nullptr);
  }
  ~Compiled() { dlclose(library_); }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;

  int run(const std::vector<float>& x, std::vector<float>& y) {
    return reinterpret_cast<Run>(dlsym(library_, "generated_run"))(x.data(), y.data(), arena_.data());
  }
  int selftest(std::vector<float>& y) {
    return reinterpret_cast<SelfTest>(dlsym(library_, "generated_selftest"))(y.data(), arena_.data());
  }

 private:
  TempFolder folder_;
  std::vector<float> arena_;
  void* library_ = nullptr;
};

/// The compiled code gives the head file's bits.
void check_equal(const EdgeTrial& trial, const std::string& flags, const std::string& compiler = "cc") {
  const EdgeProgram program(edge_words(trial.model), "case");
  Compiled compiled(trial.model, flags, compiler);
  std::vector<float> a(trial.model.y), b(trial.model.y);
  CHECK(compiled.selftest(b) == 0);
  for (std::size_t row = 0; row < 8; ++row) {
    const std::vector<float> x = trial.sample(row);
    REQUIRE(program.run(x, a) == QMTL_EDGE_OK);
    REQUIRE(compiled.run(x, b) == 0);
    CHECK(std::memcmp(a.data(), b.data(), 4 * a.size()) == 0);
  }
  std::vector<float> bad = trial.sample(0);
  bad[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK(compiled.run(bad, b) == QMTL_EDGE_INPUT);
}

}  // namespace

TEST_CASE("generated C has the head file's bits", "[generated]") {
  const bool all = test::long_run();
  std::size_t number = 0;
  for (const EdgeCase& given : edge_cases()) {
    // Heads and layers; of the circuits every seventh unless all are asked for.
    if (!all && number++ > 16 && number % 7 != 0) continue;
    INFO(given.name);
    EdgeTrial trial(given);
    add_samples(trial.model, trial.sample(5));
    check_equal(trial, "-std=c99 -Os");
  }
}

// Contraction would change bits wherever the processor has fused operations, so the code switches it off
// itself.
TEST_CASE("generated C keeps its bits with fused operations at hand, and is C++ too", "[generated]") {
  for (const char* name : {"head qmtl", "convolutions and pools", "ry rz, cx-ring by state"}) {
    INFO(name);
    EdgeTrial trial(edge_case(name));
    add_samples(trial.model, trial.sample(5));
    check_equal(trial, "-std=gnu99 -O3 -march=native");
    check_equal(trial, "-x c++ -std=c++11 -O2");
  }
}

// Compiled so, the rounding of angles would be folded away, and nothing would say that results are wrong.
TEST_CASE("code that would be compiled with fast-math is refused, or keeps its bits", "[generated]") {
  EdgeTrial trial(edge_case("head qmtl"));
  add_samples(trial.model, trial.sample(5));
  const TempFolder folder;
  write_c(folder.file("generated"), trial.model);
  const std::string log = folder.file("log");
  const auto compiles = [&](const std::string& command) {
    return std::system((command + " > " + log + " 2>&1").c_str()) == 0;
  };
  const std::string runtime = QMTL_EDGE_SOURCES;
  for (const std::string& source : {folder.file("generated.c"), runtime + "/edge_run.c",
                                    runtime + "/edge_tasks.c", runtime + "/qmtl_edge.c"})
    for (const char* compiler : {"gcc", "clang"}) {
      if (!compiles(std::string(compiler) + " --version")) continue;
      for (const char* flags :
           {"-ffast-math", "-Ofast", "-ffinite-math-only", "-funsafe-math-optimizations"}) {
        if (compiler == std::string("clang") && flags == std::string("-funsafe-math-optimizations")) continue;
        INFO(compiler << " " << flags << " " << source);
        const std::string command = std::string(compiler) + " -std=c99 -I" + runtime + " " + flags + " -c " +
                                    source + " -o /dev/null";
        CHECK_FALSE(compiles(command));
        CHECK_THAT(read_file(log), Catch::Contains("add -fno-fast-math"));
        CHECK(compiles(command + " -fno-fast-math"));
      }
    }
  // Clang does not tell its macros of these, but takes the pragma.
  if (compiles("clang --version")) check_equal(trial, "-std=c99 -O2 -funsafe-math-optimizations", "clang");
}

TEST_CASE("generated C with packed weights has the head file's bits", "[generated]") {
  for (EdgePacking packing : {EdgePacking::int8, EdgePacking::int16}) {
    EdgeTrial trial(edge_case("convolutions and pools"));
    quantise(trial.model, packing, trial.sample(0));
    add_samples(trial.model, trial.sample(5));
    check_equal(trial, "-std=c99 -O2");
  }
}

TEST_CASE("a name that is no C identifier is refused", "[generated]") {
  EdgeTrial trial(edge_case("head linear"));
  add_samples(trial.model, trial.sample(5));
  for (const char* name : {"", "1st", "a-b", "digits.c", "_x"})
    CHECK_THROWS_WITH(generate_c(trial.model, name), Catch::Contains("--out"));
}

TEST_CASE("a name that a header of the C library has is refused", "[generated]") {
  EdgeTrial trial(edge_case("head linear"));
  add_samples(trial.model, trial.sample(5));
  for (const std::string name : {"stdint", "math", "Limits", "string", "time"})
    CHECK_THROWS_WITH(generate_c(trial.model, name), Catch::Contains("my_" + name));
  for (const char* name : {"stdints", "my_math", "stdint_2", "double"})
    CHECK_NOTHROW(generate_c(trial.model, name));
}

TEST_CASE("names of a data set stand in the header as they are", "[generated]") {
  EdgeTrial trial(edge_case("head linear"));
  add_samples(trial.model, trial.sample(5));
  trial.model.inputs[0].names.assign(trial.model.inputs[0].count, "at@HASH");
  trial.model.tasks[0].name = "mail@X";
  trial.model.tasks[0].kind = QMTL_EDGE_BINARY;
  trial.model.tasks[0].names = {"user@A", "@CLASSES@Y"};
  const EdgeSourceCode code = generate_c(trial.model, "digits");
  for (const char* name : {"at@HASH", "mail@X", "\"user@A\"", "\"@CLASSES@Y\""})
    CHECK_THAT(code.header, Catch::Contains(name));
  CHECK_THAT(code.header, Catch::Contains("#define digits_classes_0"));
}

TEST_CASE("heads whose names differ by capitals can be included together", "[generated]") {
  EdgeTrial trial(edge_case("head linear"));
  add_samples(trial.model, trial.sample(5));
  const TempFolder folder;
  for (const std::string name : {"a", "A"}) {
    const EdgeSourceCode code = generate_c(trial.model, name);
    std::ofstream(folder.file(name == "a" ? "lower.h" : "upper.h")) << code.header;
  }
  std::ofstream(folder.file("both.c")) << "#include \"lower.h\"\n#include \"upper.h\"\n"
                                          "int main(void) { return a_inputs - A_inputs; }\n";
  const std::string command = "cc -Wall -Werror -fsyntax-only " + folder.file("both.c");
  CHECK(std::system(command.c_str()) == 0);
}
