// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "qmtl/qmtl.h"
#include "tests/io/common.h"
#include "tests/library/sample_data.h"

namespace {

const std::vector<qmtl::LabelledTask> tasks{{"sign"}, {"kind", "multiclass", 3}, {"value", "regression"}};

}  // namespace

TEST_CASE("The library's head has logits whose slope its vector-Jacobian product is", "[library]") {
  qmtl::TaskHead head(tasks, "[circuit]\nlayers = 2\n[train]\nprecision = \"double\"\n");
  REQUIRE(head.outputs() == 5);
  std::vector<double> z(3 * head.width(), 0.3), ahead = z, logits(15), above(15), cotangents(15),
                                                dz(z.size());
  std::vector<double> dparameters(head.parameters().size());
  cotangents[7] = 1.0;  // row 1, the task kind's class 1
  head.vjp(z, cotangents, dz, dparameters);
  ahead[head.width() + 4] += 1e-6;
  head.forward(z, logits);
  head.forward(ahead, above);
  // The truncation of a step of 1e-6 is about as large as the rounding of the difference: 1e-9.
  CHECK((above[7] - logits[7]) / 1e-6 == Approx(dz[head.width() + 4]).margin(1e-5));
  CHECK(above[2] == logits[2]);
}

TEST_CASE("A head starts from its seed and takes other parameters", "[library]") {
  const qmtl::TaskHead one(tasks, {}, 1), two(tasks, {}, 2);
  qmtl::TaskHead three(tasks, {}, 2);
  const auto same = [](const qmtl::TaskHead& a, const qmtl::TaskHead& b) {
    return std::equal(a.parameters().begin(), a.parameters().end(), b.parameters().begin(),
                      b.parameters().end());
  };
  CHECK_FALSE(same(one, two));
  CHECK(same(two, three));
  three.set_parameters(one.parameters());
  CHECK(same(one, three));
  std::size_t end = 0;
  for (const qmtl::Tensor& tensor : one.tensors()) {
    CHECK(tensor.offset == end);
    end += tensor.size;
  }
  CHECK(end == one.parameters().size());
}

TEST_CASE("A head of any kind becomes a model whose logits are the head's", "[library]") {
  const qmtl::test::TempFolder folder;
  for (const std::string kind : {"qmtl", "hybrid", "separate", "linear", "low-rank", "mlp", "local", "local-tanh"}) {
    INFO(kind);
    const bool circuit = kind != "linear" && kind != "low-rank" && kind != "mlp";
    qmtl::TaskHead head({{"sign"}, {"kind", "multiclass", 3}, {"some", "multilabel", 2}},
                        "[head]\nkind = \"" + kind + "\"\n" +
                            (circuit ? "[circuit]\nqubits = 4\n[block]\nsize = 2\n" : "width = 3\n"),
                        5);
    std::vector<double> values(head.parameters().begin(), head.parameters().end());
    for (double& value : values) value += 0.125;
    head.set_parameters(values);
    std::vector<float> z(5 * head.width()), logits(5 * head.outputs());
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = static_cast<float>(i % 7) / 3.0f - 1.0f;
    head.forward(z, logits);
    const qmtl::Model model = qmtl::Model::of(head);
    CHECK(model.logits({z, head.width()}).values == logits);
    model.save(folder.file(kind + ".h5"));
    const qmtl::Model loaded = qmtl::Model::load(folder.file(kind + ".h5"));
    CHECK(loaded.run_hash() == model.run_hash());
    CHECK(loaded.tasks()[2].outputs == 2);
    const qmtl::TaskHead again = qmtl::TaskHead::load(folder.file(kind + ".h5"));
    CHECK(std::equal(again.parameters().begin(), again.parameters().end(), values.begin(), values.end()));
    // A head of a model with a backbone loses it.
    CHECK(qmtl::Model::of(again).logits({z, head.width()}).values == logits);
  }
  const qmtl::TaskHead trained = [&] {
    const qmtl::test::Points points;
    qmtl::train(points.samples(), {.configuration = qmtl::test::configuration})
        .save(folder.file("points.h5"));
    return qmtl::TaskHead::load(folder.file("points.h5"));
  }();
  std::vector<float> z(2 * trained.width(), 0.5f), logits(2 * trained.outputs());
  trained.forward(z, logits);
  CHECK(qmtl::Model::of(trained).logits({z, trained.width()}).values == logits);
}

TEST_CASE("What is wrong is an Error with the program's exit code and words", "[library]") {
  const auto code_of = [](const auto& action) {
    try {
      action();
    } catch (const qmtl::Error& error) {
      INFO(error.what());
      return static_cast<int>(error.code());
    }
    return 0;
  };
  CHECK(code_of([] { qmtl::TaskHead head({{"a", "multiclass", 1}}, ""); }) == 2);
  CHECK(code_of([] { qmtl::TaskHead head({{"a", "colour"}}, ""); }) == 2);
  CHECK(code_of([] { qmtl::TaskHead head({}, ""); }) == 2);
  CHECK(code_of([] { qmtl::TaskHead::load("no-such-run"); }) == 3);
  CHECK(code_of([] { qmtl::Threads none(0); }) == 2);
  CHECK_THROWS_WITH(qmtl::TaskHead(tasks, "[circuit]\nqbits = 4\n"), Catch::Contains("circuit.qubits"));
}

TEST_CASE(
    "A head on a noisy device has the slopes of its noisy logits, and none of the noise outside training",
    "[library]") {
  const std::string noise =
      "[[gate]]\nnames = [\"cz\"]\nchannels = [{ kind = \"depolarising\", probability = 0.1 }]\n"
      "[[readout]]\np1_given_0 = 0.02\np0_given_1 = 0.05\n";
  const std::string configuration =
      "[circuit]\nqubits = 4\n[block]\nsize = 2\n[train]\nprecision = \"double\"\n";
  const qmtl::TaskHead exact(tasks, configuration, 3);
  const qmtl::TaskHead head = exact.with_noise(noise, "device.toml");
  CHECK(head.noisy());
  CHECK_FALSE(exact.noisy());
  CHECK(head.with_precision("float").noisy());
  const qmtl::ShotNoise call{};
  std::vector<double> z(3 * head.width(), 0.3), logits(15), quiet(15), above(15), below(15), cotangents(15),
      dz(z.size()), dparameters(head.parameters().size());
  head.forward(z, logits, call);
  head.forward(z, quiet);
  exact.forward(z, above, call);
  CHECK(quiet == above);
  CHECK(logits != quiet);
  cotangents[7] = 1.0;  // row 1, the task kind's class 1
  head.vjp(z, cotangents, dz, dparameters, call);
  const std::size_t at = head.width() + 2;
  const double step = 1e-5;
  z[at] += step;
  head.forward(z, above, call);
  z[at] -= 2 * step;
  head.forward(z, below, call);
  // Truncation and rounding of such a difference are 1e-9 for logits of order ten.
  CHECK((above[7] - below[7]) / (2 * step) == Approx(dz[at]).margin(1e-7));
  CHECK(std::abs(dz[at]) > 1e-3);
  const auto wrong =
      qmtl::test::failure([&] { exact.with_noise("[[gate]]\nnames = [\"cq\"]\n", "device.toml"); });
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.message, Catch::Contains("device.toml"));
}
