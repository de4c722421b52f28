#include "runtime/model/qmtl_head.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "runtime/error.h"
#include "runtime/model/angle_map.h"
#include "runtime/model/circuit_start.h"
#include "runtime/model/data.h"

namespace qmtl {
namespace {

/// The circuit of one task group (or of all tasks) with its engine.
template <class Real>
struct Part {
  Cone cone;
  std::size_t first_output = 0, outputs = 0;
  std::unique_ptr<Engine<Real>> engine;

  void bind(std::span<const double> params) {
    std::vector<double> own;
    for (int index : cone.params) own.push_back(params[static_cast<std::size_t>(index)]);
    engine->bind(own);
  }
  std::size_t angles() const { return cone.angles.size(); }
};

template <class Real>
class QmtlHead final : public Head<Real> {
 public:
  explicit QmtlHead(const HeadSetup& setup)
      : spec_(setup.spec.head),
        cost_(setup.spec.cost),
        shots_(setup.shots),
        circuit_(build(spec_.ansatz)),
        layout_(layout(spec_.ansatz)) {
    const PlanKind kind = parse_plan_kind(setup.spec.plan);
    const std::vector<std::size_t> columns = task_columns(setup.spec);
    outputs_ = columns.back();
    if (static_cast<std::size_t>(circuit_.outputs()) != outputs_)
      throw usage_error("the head's circuit has " + std::to_string(circuit_.outputs()) +
                        " outputs, but the tasks need " + std::to_string(outputs_) +
                        " (check block.registers)");
    const auto part_of = [&](std::size_t first, std::size_t last) {
      return make_part(restrict_blocks(circuit_, block_at(columns[first]), block_at(columns[last])),
                       columns[first], columns[last] - columns[first], kind, setup.target);
    };
    if (setup.spec.generations.size() < 2) {
      generations_.push_back(make_part(whole(circuit_), 0, outputs_, kind, setup.target));
    } else {
      // Plans share work between blocks: each generation has its own, which later ones cannot change.
      std::size_t first = 0;
      for (int tasks : setup.spec.generations) {
        const std::size_t last = first + static_cast<std::size_t>(tasks);
        generations_.push_back(part_of(first, last));
        first = last;
      }
    }
    if (setup.groups.size() > 1 || shots_ > 0)
      for (const TaskRange& group : setup.groups) groups_.push_back(part_of(group.first, group.last));
    if (shots_ > 0)
      for (Part<Real>& part : groups_) part.engine->set_second_moments(true);
    name_scales(setup.spec);
    name_params();
  }

  std::size_t width() const override { return static_cast<std::size_t>(circuit_.angles); }
  const std::vector<ParamInfo>& params() const override { return params_; }
  const Plan* plan() const override { return &generations_.back().engine->plan(); }
  SimdTarget target() const override { return generations_.back().engine->target(); }
  const Circuit* circuit() const override { return &circuit_; }
  std::span<const double> circuit_params() const override { return circuit_params_; }

  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    const auto total = static_cast<std::size_t>(layout_.total);
    start_circuit(spec_, circuit_, random, tensor, values.first(total));
    std::copy(scale_starts_.begin(), scale_starts_.end(),
              values.begin() + static_cast<std::ptrdiff_t>(total));
    std::fill(values.begin() + static_cast<std::ptrdiff_t>(total + scale_starts_.size()), values.end(), 0.0);
    if (spec_.train_gain) values.back() = spec_.gain;
  }

  void bind(std::span<const double> params) override {
    const auto total = static_cast<std::size_t>(layout_.total);
    circuit_params_.assign(params.begin(), params.begin() + static_cast<std::ptrdiff_t>(total));
    for (Part<Real>& part : generations_) part.bind(params.first(total));
    for (Part<Real>& part : groups_) part.bind(params.first(total));
    gain_ = spec_.train_gain ? params.back() : spec_.gain;
    scale_.resize(outputs_);
    for (std::size_t o = 0; o < outputs_; ++o) scale_[o] = params[total + scale_of_[o]];
    const auto bias = params.subspan(total + scale_starts_.size(), outputs_);
    bias_.assign(bias.begin(), bias.end());
  }

  void forward(const Matrix<Real>& z, double* logits) const override {
    const auto rows = static_cast<std::size_t>(z.rows());
    std::vector<Real> values(rows * outputs_);
    if (generations_.size() == 1) {
      const Matrix<Real> angles = encode(z, generations_[0]).angles;
      generations_[0].engine->forward(rows, angles.data(), values.data());
    } else {
      for (const Part<Real>& part : generations_) {
        const Matrix<Real> angles = encode(z, part).angles;
        std::vector<Real> own(rows * part.outputs);
        part.engine->forward(rows, angles.data(), own.data());
        for (std::size_t i = 0; i < rows; ++i)
          std::copy_n(own.begin() + static_cast<std::ptrdiff_t>(i * part.outputs), part.outputs,
                      values.begin() + static_cast<std::ptrdiff_t>(i * outputs_ + part.first_output));
      }
    }
    write_logits(values, logits);
  }

  void forward_with(const CircuitValues& evaluate, std::span<const std::size_t> samples,
                    const Matrix<Real>& z, double* logits) const override {
    // Every generation has the whole shared stage and so all angles.
    const Matrix<Real> encoded = encode(z, generations_[0]).angles;
    const std::vector<double> angles(encoded.data(), encoded.data() + encoded.size());
    std::vector<double> values(samples.size() * outputs_);
    evaluate(samples, angles.data(), values.data());
    write_logits(values, logits);
  }

  void gradient(const Pass& pass, std::size_t group, const Matrix<Real>& z,
                const typename Head<Real>::Cotangents& cotangents, Matrix<Real>& dz,
                std::span<double> gradient) const override {
    const Part<Real>& part = groups_.empty() ? generations_.back() : groups_[group];
    const auto rows = static_cast<std::size_t>(z.rows());
    const auto stride = static_cast<std::size_t>(part.engine->values());
    const auto [angles, slopes] = encode(z, part);
    std::vector<Real> values(rows * stride);
    Matrix<Real> angle_gradients(z.rows(), static_cast<Eigen::Index>(part.angles()));
    std::vector<double> circuit_gradient(part.cone.params.size(), 0.0);
    std::vector<double> logits, given;
    const auto at_readout = [&](std::size_t first, std::size_t count, const Real* tile,
                                Real* tile_cotangents) {
      logits.resize(count * part.outputs);
      given.resize(count * part.outputs);
      std::vector<double> expectation(count * part.outputs);
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t o = 0; o < part.outputs; ++o) {
          const std::size_t global = part.first_output + o;
          double& e = expectation[i * part.outputs + o];
          e = static_cast<double>(tile[i * stride + o]);
          if (shots_ > 0)
            e += shot_noise(pass, global, pass.samples[first + i], e,
                            static_cast<double>(tile[i * stride + part.outputs + o]));
          logits[i * part.outputs + o] = scale_[global] / gain_ * e + bias_[global];
        }
      cotangents(first, count, logits.data(), given.data());
      std::fill(tile_cotangents, tile_cotangents + count * stride, Real(0));
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t o = 0; o < part.outputs; ++o) {
          const double g = given[i * part.outputs + o];
          tile_cotangents[i * stride + o] = static_cast<Real>(g * (scale_[part.first_output + o] / gain_));
          add_readout_gradient(part.first_output + o, g, expectation[i * part.outputs + o], gradient);
        }
    };
    part.engine->vjp(rows, angles.data(), at_readout, values.data(), angle_gradients.data(),
                     circuit_gradient.data());
    for (std::size_t i = 0; i < circuit_gradient.size(); ++i)
      gradient[static_cast<std::size_t>(part.cone.params[i])] += circuit_gradient[i];
    decode(z, slopes, angle_gradients, part, dz, gradient);
  }

  double group_cost(std::size_t group) const override {
    // The time as if it were operations of a dense layer, which is what the other heads count.
    return (groups_.empty() ? generations_.back() : groups_[group]).engine->plan().cost.seconds * cost_.gemm;
  }

 private:
  Part<Real> make_part(Cone cone, std::size_t first, std::size_t count, PlanKind kind,
                       SimdTarget target) const {
    PlanOptions options;
    options.second_moments = shots_ > 0;
    options.model = cost_;
    Part<Real> part;
    part.engine = std::make_unique<Engine<Real>>(make_plan(cone.circuit, kind, options), target);
    part.cone = std::move(cone);
    part.first_output = first;
    part.outputs = count;
    return part;
  }

  /// The block whose outputs start at a column (the number of blocks for the end).
  int block_at(std::size_t column) const {
    std::size_t output = 0;
    for (std::size_t b = 0; b < circuit_.blocks.size(); ++b) {
      if (output == column) return static_cast<int>(b);
      output += circuit_.blocks[b].outputs.size();
    }
    if (output != column)
      throw usage_error(
          "the head's blocks do not end where the tasks' outputs do: a block's outputs must belong to "
          "one task");
    return static_cast<int>(circuit_.blocks.size());
  }

  void name_scales(const ModelSpec& spec) {
    for (const TaskSpec& task : spec.tasks) {
      const TaskKind kind = parse_task_kind(task.kind);
      for (int c = 0; c < task.outputs; ++c) {
        if (c == 0 || kind != TaskKind::multiclass)
          scale_starts_.push_back(kind == TaskKind::regression ? spec_.scale_start_regression
                                                               : spec_.scale_start);
        scale_of_.push_back(scale_starts_.size() - 1);
      }
    }
  }

  void name_params() {
    const auto shared = static_cast<std::size_t>(layout_.shared);
    const auto weights = static_cast<std::size_t>(layout_.weights_begin),
               total = static_cast<std::size_t>(layout_.total);
    if (shared > 0) append_param(params_, "head.shared", {shared}, ParamPart::shared, false);
    if (weights > shared) append_param(params_, "head.block", {weights - shared}, ParamPart::blocks, false);
    if (total > weights) append_param(params_, "head.readout", {total - weights}, true, true);
    append_param(params_, "head.scale", {scale_starts_.size()}, true, false);
    append_param(params_, "head.bias", {outputs_}, true, false);
    if (spec_.train_gain) append_param(params_, "head.gain", {1}, true, false);
  }

  /// logits[rows, outputs] of expectations of the same shape.
  template <class Value>
  void write_logits(const std::vector<Value>& values, double* logits) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t o = i % outputs_;
      logits[i] = scale_[o] / gain_ * static_cast<double>(values[i]) + bias_[o];
    }
  }

  struct Encoding {
    Matrix<Real> angles, slopes;  ///< slopes: d angle / d (gain z)
  };

  Encoding encode(const Matrix<Real>& z, const Part<Real>& part) const {
    const auto columns = static_cast<Eigen::Index>(part.angles());
    Encoding result{Matrix<Real>(z.rows(), columns), Matrix<Real>(z.rows(), columns)};
    for (Eigen::Index i = 0; i < z.rows(); ++i)
      for (Eigen::Index a = 0; a < columns; ++a) {
        const double input = static_cast<double>(z(i, part.cone.angles[static_cast<std::size_t>(a)]));
        const Angle angle = angle_of(spec_.angle_map, gain_ * input);
        result.angles(i, a) = static_cast<Real>(angle.value);
        result.slopes(i, a) = static_cast<Real>(angle.slope);
      }
    return result;
  }

  void decode(const Matrix<Real>& z, const Matrix<Real>& slopes, const Matrix<Real>& angle_gradients,
              const Part<Real>& part, Matrix<Real>& dz, std::span<double> gradient) const {
    dz.setZero(z.rows(), z.cols());
    double gain_gradient = 0.0;
    for (Eigen::Index i = 0; i < z.rows(); ++i)
      for (Eigen::Index a = 0; a < slopes.cols(); ++a) {
        const int column = part.cone.angles[static_cast<std::size_t>(a)];
        const double g = static_cast<double>(angle_gradients(i, a)) * static_cast<double>(slopes(i, a));
        dz(i, column) = static_cast<Real>(g * gain_);
        gain_gradient += g * static_cast<double>(z(i, column));
      }
    if (spec_.train_gain) gradient.back() += gain_gradient;
  }

  void add_readout_gradient(std::size_t output, double g, double expectation,
                            std::span<double> gradient) const {
    const auto total = static_cast<std::size_t>(layout_.total);
    gradient[total + scale_of_[output]] += g * expectation / gain_;
    gradient[total + scale_starts_.size() + output] += g;
    if (spec_.train_gain) gradient.back() -= g * scale_[output] * expectation / (gain_ * gain_);
  }

  /// The error of a mean over `shots` measurements, as a normal of the readout's variance.
  double shot_noise(const Pass& pass, std::size_t output, std::size_t sample, double mean,
                    double square) const {
    const double variance = std::max(square - mean * mean, 0.0);
    const Position at{static_cast<std::uint32_t>(pass.step), static_cast<std::uint32_t>(output),
                      static_cast<std::uint32_t>(sample), 0};
    return RandomStream(pass.seed, Purpose::shot_noise).normal(at) * std::sqrt(variance / shots_);
  }

  HeadSpec spec_;
  CostModel cost_;
  int shots_;
  Circuit circuit_;
  ParamLayout layout_;
  std::size_t outputs_ = 0;
  std::vector<ParamInfo> params_;
  std::vector<Part<Real>> generations_;
  std::vector<Part<Real>> groups_;  ///< empty: the newest generation serves the only group
  std::vector<double> scale_starts_;
  std::vector<std::size_t> scale_of_;  ///< output -> scale
  double gain_ = 1.0;
  std::vector<double> scale_, bias_;  ///< per output
  std::vector<double> circuit_params_;
};

}  // namespace

template <class Real>
std::unique_ptr<Head<Real>> make_qmtl_head(const HeadSetup& setup) {
  return std::make_unique<QmtlHead<Real>>(setup);
}
template std::unique_ptr<Head<float>> make_qmtl_head(const HeadSetup&);
template std::unique_ptr<Head<double>> make_qmtl_head(const HeadSetup&);

}  // namespace qmtl
