// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/predictor.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/train/network.h"

namespace qmtl {
namespace {

template <class Real>
class PredictorOf final : public Predictor {
 public:
  PredictorOf(const TrainedModel& model, SimdTarget target)
      : network_({model.spec, cut_tasks(model.spec, 1), model.shots, target}, model.statistics) {
    if (network_.params() != model.tensors)
      throw data_error(
          "expected the tensors that the model's specification makes, found others: another program version "
          "wrote them; use that one");
    network_.bind(model.values);
  }

  const ModelSpec& spec() const override { return network_.spec(); }
  SimdTarget target() const override { return network_.target(); }
  std::size_t outputs() const override { return network_.outputs(); }
  std::vector<LayerCircuit> layer_circuits() const override { return network_.backbone().circuits(); }

  void predict(std::size_t rows, std::span<const std::span<const float>> inputs, std::span<float> logits,
               std::span<const std::span<const double>> shifts) const override {
    check(rows, inputs);
    constexpr std::size_t chunk = 4 * tile_samples;
    typename Backbone<Real>::Cache cache;
    Matrix<Real> z;
    std::vector<Matrix<Real>> x;
    std::vector<double> values;
    for (std::size_t first = 0; first < rows; first += chunk) {
      const std::size_t count = std::min(chunk, rows - first);
      x.resize(inputs.size());
      for (std::size_t i = 0; i < inputs.size(); ++i)
        network_.standardise(
            i, count, shifts.empty() ? std::span<const double>() : shifts[i],
            [&](std::size_t row) { return inputs[i].data() + (first + row) * spec().input_widths[i]; }, x[i]);
      network_.backbone().forward(Pass{}, x, z, cache);
      values.resize(count * outputs());
      network_.head().forward(z, values);
      network_.in_label_units(values, logits.subspan(first * outputs(), values.size()));
    }
  }

 private:
  void check(std::size_t rows, std::span<const std::span<const float>> inputs) const {
    if (inputs.size() != spec().inputs.size())
      throw usage_error("the model has " + std::to_string(spec().inputs.size()) + " inputs, found " +
                        std::to_string(inputs.size()));
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].size() != rows * spec().input_widths[i])
        throw usage_error("input '" + spec().inputs[i] + "': expected " +
                          std::to_string(spec().input_widths[i]) + " values for each of " +
                          std::to_string(rows) + " rows, found " + std::to_string(inputs[i].size()) +
                          " in all");
  }

  Network<Real> network_;
};

}  // namespace

std::unique_ptr<Predictor> make_predictor(const TrainedModel& model, SimdTarget target) {
  if (model.spec.precision == "float") return std::make_unique<PredictorOf<float>>(model, target);
  if (model.spec.precision == "double") return std::make_unique<PredictorOf<double>>(model, target);
  throw usage_error("train.precision: expected float or double, found '" + model.spec.precision + "'");
}

}  // namespace qmtl
