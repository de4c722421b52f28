// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>

#include "backbone_case.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

std::vector<std::size_t> numbers(std::size_t first, std::size_t count) {
  std::vector<std::size_t> samples;
  for (std::size_t i = 0; i < count; ++i) samples.push_back(first + i);
  return samples;
}

/// The same image for every sample.
Matrix<double> copies(const std::vector<double>& image, std::size_t count) {
  Matrix<double> x(static_cast<Eigen::Index>(count), static_cast<Eigen::Index>(image.size()));
  for (Eigen::Index i = 0; i < x.rows(); ++i)
    for (Eigen::Index j = 0; j < x.cols(); ++j) x(i, j) = image[static_cast<std::size_t>(j)];
  return x;
}

}  // namespace

TEST_CASE("augmentation shifts and mirrors with zeros moving in, every way about as often", "[model]") {
  // Distinct numbers on a 3 x 4 image; every (down, right, mirrored) of shift 1 has another result.
  std::vector<double> image;
  for (int i = 0; i < 12; ++i) image.push_back(i + 1);
  std::map<std::vector<double>, int> found;
  std::vector<std::vector<double>> expected;
  for (int down = -1; down <= 1; ++down)
    for (int right = -1; right <= 1; ++right)
      for (bool mirrored : {false, true}) {
        std::vector<double> moved(12, 0.0);
        for (int i = 0; i < 3; ++i)
          for (int j = 0; j < 4; ++j) {
            const int row = i + down, column = (mirrored ? 3 - j : j) + right;
            if (row >= 0 && row < 3 && column >= 0 && column < 4)
              moved[static_cast<std::size_t>(row * 4 + column)] = image[static_cast<std::size_t>(i * 4 + j)];
          }
        expected.push_back(moved);
      }
  const std::size_t count = 3600;
  const std::vector<std::size_t> samples = numbers(0, count);
  const ModelSpec spec = image_spec({3, 4}, {augment(1, true, 0.0)});
  const Matrix<double> y = output_of(spec, 12, Pass{true, 5, 9, samples}, {copies(image, count)});
  for (Eigen::Index i = 0; i < y.rows(); ++i) ++found[flat(y.row(i))];
  CHECK(found.size() == 18);
  // Binomial with mean 200 and deviation 13.7: five deviations, and the seed is fixed.
  for (const auto& moved : expected) {
    REQUIRE(found.count(moved) == 1);
    CHECK(std::abs(found[moved] - 200) < 69);
  }
}

TEST_CASE("augmentation adds noise of its deviation, independent between numbers and samples", "[model]") {
  ModelSpec spec;
  spec.inputs = {"x"};
  spec.input_widths = {8};
  spec.backbone.trunk = {augment(0, false, 0.25)};
  const std::size_t count = 2000;
  const std::vector<std::size_t> samples = numbers(50, count);
  const Matrix<double> x = Matrix<double>::Constant(static_cast<Eigen::Index>(count), 8, 3.0);
  const Matrix<double> noise = (output_of(spec, 8, Pass{true, 5, 9, samples}, {x}) - x) / 0.25;
  const double n = static_cast<double>(noise.size());
  double sum = 0, squares = 0, columns = 0, rows = 0;
  for (Eigen::Index i = 0; i < noise.rows(); ++i)
    for (Eigen::Index j = 0; j < 8; ++j) {
      sum += noise(i, j);
      squares += noise(i, j) * noise(i, j);
      columns += noise(i, j) * noise(i, (j + 1) % 8);
      rows += noise(i, j) * noise((i + 1) % noise.rows(), j);
    }
  // Deviations of a mean, a variance and a correlation of n = 16000 normals; five of them.
  CHECK(std::abs(sum / n) < 5 / std::sqrt(n));
  CHECK(std::abs(squares / n - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::abs(columns / n) < 5 / std::sqrt(n));
  CHECK(std::abs(rows / n) < 5 / std::sqrt(n));
}

TEST_CASE("augmentation depends on seed, step, layer and sample alone, and is off outside training",
          "[model]") {
  const ModelSpec spec = image_spec({2, 8, 8}, {augment(3, true, 0.5)});
  const std::vector<double> image = flat(sample_matrix(1, 128, 4));
  const auto run = [&](const ModelSpec& used, std::uint64_t seed, std::int64_t step,
                       std::vector<std::size_t> samples, bool training) {
    return output_of(used, 128, Pass{training, seed, step, samples}, {copies(image, samples.size())});
  };
  const Matrix<double> both = run(spec, 1, 5, {10, 20}, true);
  CHECK(flat(run(spec, 1, 5, {20}, true)) == flat(both.row(1)));
  CHECK(flat(run(spec, 1, 5, {30, 20, 10}, true).row(2)) == flat(both.row(0)));
  CHECK(flat(both.row(0)) != flat(both.row(1)));
  CHECK(flat(run(spec, 2, 5, {10}, true)) != flat(both.row(0)));
  CHECK(flat(run(spec, 1, 6, {10}, true)) != flat(both.row(0)));
  LayerSpec idle;
  idle.kind = LayerKind::dropout;
  CHECK(flat(run(image_spec({2, 8, 8}, {idle, augment(3, true, 0.5)}), 1, 5, {10}, true)) !=
        flat(both.row(0)));
  CHECK(flat(run(spec, 1, 5, {10}, false)) == image);
}
