// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/heads/head_function.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/parallel.h"
#include "runtime/model/heads/circuit_stage.h"
#include "runtime/model/heads/head.h"

namespace qmtl {
namespace {

void expect(std::size_t found, std::size_t expected, const std::string& what) {
  if (found != expected)
    throw usage_error(what + ": expected " + std::to_string(expected) + " numbers, found " +
                      std::to_string(found));
}

template <class Real>
class HeadFunctionOf final : public HeadFunction {
 public:
  HeadFunctionOf(const ModelSpec& spec, int shots, SimdTarget target, const TrainingDevice& device)
      : spec_(spec), noisy_(shots > 0 || device), outputs_(task_columns(spec_).back()) {
    groups_ = generation_tasks(spec_);
    if (groups_.empty()) groups_ = {{0, spec_.tasks.size()}};
    head_ = make_head<Real>({spec_, groups_, shots, target});
    if (device && !head_->train_on(device, 1.0))
      throw usage_error("noise in training: expected a head with a circuit, found the kind '" +
                        spec_.head.kind + "', which runs on no quantum device");
  }

  const ModelSpec& spec() const override { return spec_; }
  std::size_t width() const override { return head_->width(); }
  std::size_t outputs() const override { return outputs_; }
  const std::vector<ParamInfo>& params() const override { return head_->params(); }

  const Circuit* circuit() const override {
    return head_->circuit_stage() ? &head_->circuit_stage()->circuit() : nullptr;
  }
  const CircuitReadout* readout() const override { return head_->readout(); }
  double gain() const override { return head_->circuit_stage() ? head_->circuit_stage()->gain() : 1.0; }

  std::vector<double> initial(std::uint64_t seed) const override {
    std::vector<double> values(count_params(params()));
    head_->initial(InitialValues(seed), 0, values);
    return values;
  }

  void bind(std::span<const double> params) override {
    expect(params.size(), count_params(head_->params()), "the head's parameters");
    head_->bind(params);
  }

  void forward(std::span<const float> z, std::span<float> logits) const override { forward_of(z, logits); }
  void forward(std::span<const double> z, std::span<double> logits) const override { forward_of(z, logits); }
  void forward(std::span<const float> z, std::span<float> logits, const ShotDraw& draw) const override {
    noisy_of(z, logits, draw);
  }
  void forward(std::span<const double> z, std::span<double> logits, const ShotDraw& draw) const override {
    noisy_of(z, logits, draw);
  }
  void vjp(std::span<const float> z, std::span<const float> cotangents, std::span<float> dz,
           std::span<double> dparams, const ShotDraw* draw) const override {
    vjp_of(z, cotangents, dz, dparams, draw);
  }
  void vjp(std::span<const double> z, std::span<const double> cotangents, std::span<double> dz,
           std::span<double> dparams, const ShotDraw* draw) const override {
    vjp_of(z, cotangents, dz, dparams, draw);
  }

 private:
  template <class Number>
  std::size_t rows_of(std::span<const Number> z) const {
    if (z.size() % width() != 0)
      throw usage_error("z: expected rows of " + std::to_string(width()) + " numbers, found " +
                        std::to_string(z.size()) + " numbers in all");
    return z.size() / width();
  }

  /// Calls work(first row, rows) for units of tile_samples rows, in parallel.
  template <class Work>
  static void each_unit(std::size_t rows, const Work& work) {
    run_parallel((rows + tile_samples - 1) / tile_samples, [&](std::size_t unit) {
      const std::size_t first = unit * tile_samples;
      work(first, std::min(tile_samples, rows - first));
    });
  }

  template <class Number>
  Matrix<Real> rows_from(std::span<const Number> z, std::size_t first, std::size_t count) const {
    Matrix<Real> part(static_cast<Eigen::Index>(count), static_cast<Eigen::Index>(width()));
    std::transform(z.data() + first * width(), z.data() + (first + count) * width(), part.data(),
                   [](Number number) { return static_cast<Real>(number); });
    return part;
  }

  template <class Number>
  void forward_of(std::span<const Number> z, std::span<Number> logits) const {
    const std::size_t rows = rows_of(z);
    expect(logits.size(), rows * outputs_, "logits");
    each_unit(rows, [&](std::size_t first, std::size_t count) {
      std::vector<double> values(count * outputs_);
      head_->forward(rows_from(z, first, count), values);
      std::transform(values.begin(), values.end(), logits.data() + first * outputs_,
                     [](double value) { return static_cast<Number>(value); });
    });
  }

  void require_gradients() const {
    if (groups_.size() > 1)
      throw usage_error(
          "this model took on tasks later (head.generations): the earlier ones have no gradients");
  }

  /// A training's pass of the rows that begin with `first`.
  static Pass pass_of(const ShotDraw& draw, std::span<std::size_t> numbers, std::size_t first) {
    std::iota(numbers.begin(), numbers.end(), first);
    return {.training = true, .seed = draw.seed, .step = draw.step, .samples = numbers};
  }

  /// Device and shots are where training has them, in the gradient's pass: its slopes are thrown away.
  template <class Number>
  void noisy_of(std::span<const Number> z, std::span<Number> logits, const ShotDraw& draw) const {
    if (!noisy_) return forward_of(z, logits);
    const std::size_t rows = rows_of(z), size = count_params(params());
    expect(logits.size(), rows * outputs_, "logits");
    require_gradients();
    each_unit(rows, [&](std::size_t first, std::size_t count) {
      std::vector<std::size_t> numbers(count);
      std::vector<double> unused(size);
      Matrix<Real> dpart;
      head_->gradient(
          pass_of(draw, numbers, first), 0, rows_from(z, first, count),
          [&](std::size_t begin, std::size_t, std::span<const double> values, std::span<double> given) {
            std::transform(values.begin(), values.end(), logits.data() + (first + begin) * outputs_,
                           [](double value) { return static_cast<Number>(value); });
            std::fill(given.begin(), given.end(), 0.0);
          },
          dpart, unused);
    });
  }

  template <class Number>
  void vjp_of(std::span<const Number> z, std::span<const Number> cotangents, std::span<Number> dz,
              std::span<double> dparams, const ShotDraw* draw) const {
    const std::size_t rows = rows_of(z), size = count_params(params());
    expect(cotangents.size(), rows * outputs_, "cotangents");
    expect(dz.size(), z.size(), "dz");
    expect(dparams.size(), size, "dparams");
    require_gradients();
    std::vector<double> gradients((rows + tile_samples - 1) / tile_samples * size, 0.0);
    each_unit(rows, [&](std::size_t first, std::size_t count) {
      std::vector<std::size_t> numbers(draw ? count : 0);
      Matrix<Real> dpart;
      head_->gradient(
          draw ? pass_of(*draw, numbers, first) : Pass{}, 0, rows_from(z, first, count),
          [&](std::size_t begin, std::size_t part, std::span<const double>, std::span<double> given) {
            std::copy_n(cotangents.data() + (first + begin) * outputs_, part * outputs_, given.begin());
          },
          dpart, std::span(gradients).subspan(first / tile_samples * size, size));
      std::transform(dpart.data(), dpart.data() + dpart.size(), dz.data() + first * width(),
                     [](Real value) { return static_cast<Number>(value); });
    });
    std::fill(dparams.begin(), dparams.end(), 0.0);
    for (std::size_t i = 0; i < gradients.size(); ++i) dparams[i % size] += gradients[i];
  }

  ModelSpec spec_;
  bool noisy_;
  std::size_t outputs_;
  std::vector<TaskRange> groups_;
  std::unique_ptr<Head<Real>> head_;
};

}  // namespace

std::unique_ptr<HeadFunction> make_head_function(const ModelSpec& spec, int shots, SimdTarget target,
                                                 const TrainingDevice& device) {
  if (spec.tasks.empty())
    throw usage_error("expected at least one task, found none: describe it in [task.<name>]");
  if (spec.precision == "float") return std::make_unique<HeadFunctionOf<float>>(spec, shots, target, device);
  if (spec.precision == "double")
    return std::make_unique<HeadFunctionOf<double>>(spec, shots, target, device);
  throw usage_error("train.precision: expected float or double, found '" + spec.precision + "'");
}

}  // namespace qmtl
