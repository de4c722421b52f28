// SPDX-License-Identifier: Apache-2.0
#include "runtime/model/layers/fusion.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/math.h"

namespace qmtl {
namespace {

/// A branch, or two that are compared: with `second` it enters as [a, b, |a - b|, a b].
struct Part {
  std::size_t first, second;
  std::size_t width;  ///< of a branch
  bool pair() const { return first != second; }
};

/// One after another. A single branch keeps its shape.
template <class Real>
class Concat final : public Fusion<Real> {
 public:
  Concat(std::vector<Part> parts, const std::vector<Shape>& branches) : parts_(std::move(parts)) {
    std::size_t width = 0;
    for (const Part& part : parts_) width += (part.pair() ? 4 : 1) * part.width;
    shape_ = branches.size() == 1 ? branches[0] : Shape(width);
  }
  Shape shape() const override { return shape_; }

  void forward(std::vector<Matrix<Real>>& values, Matrix<Real>& joined,
               FusionCache<Real>& cache) const override {
    if (alone()) return joined.swap(values[0]);
    joined.resize(values[0].rows(), static_cast<Eigen::Index>(shape_.size()));
    Eigen::Index column = 0;
    for (const Part& part : parts_) {
      const auto width = static_cast<Eigen::Index>(part.width);
      const Matrix<Real>& a = values[part.first];
      joined.middleCols(column, width) = a;
      if (part.pair()) {
        const Matrix<Real>& b = values[part.second];
        joined.middleCols(column += width, width) = b;
        joined.middleCols(column += width, width) = (a - b).cwiseAbs();
        joined.middleCols(column += width, width) = a.cwiseProduct(b);
      }
      column += width;
    }
    cache.values.swap(values);
  }

  void backward(const FusionCache<Real>& cache, const Matrix<Real>& dy, std::vector<Matrix<Real>>& dvalues,
                std::span<double>) const override {
    if (alone()) {
      dvalues = {dy};
      return;
    }
    dvalues.resize(cache.values.size());
    Eigen::Index column = 0;
    for (const Part& part : parts_) {
      const auto width = static_cast<Eigen::Index>(part.width);
      dvalues[part.first] = dy.middleCols(column, width);
      if (part.pair()) {
        const Matrix<Real>&a = cache.values[part.first], &b = cache.values[part.second];
        dvalues[part.second] = dy.middleCols(column += width, width);
        // The slope of |a - b| at a = b is taken as 0.
        const Matrix<Real> distance = dy.middleCols(column += width, width).cwiseProduct((a - b).cwiseSign());
        const Matrix<Real> product = dy.middleCols(column += width, width);
        dvalues[part.first] += distance + product.cwiseProduct(b);
        dvalues[part.second] += product.cwiseProduct(a) - distance;
      }
      column += width;
    }
  }

 private:
  bool alone() const { return parts_.size() == 1 && !parts_[0].pair(); }

  std::vector<Part> parts_;
  Shape shape_;
};

/// Per feature a mean of the branches, weighted by the softmax over branches of a dense layer on all of them
/// (after Arevalo et al. 2017, "Gated multimodal units for information fusion").
template <class Real>
class Gated final : public Fusion<Real> {
 public:
  explicit Gated(const std::vector<Shape>& branches)
      : count_(branches.size()), width_(branches[0].size()), shape_(branches[0]) {
    for (const Shape& other : branches)
      if (other != shape_) shape_ = Shape(width_);
    dense_ = make_dense<Real>(count_ * width_, count_ * width_, false);
    dense_->append_params("fusion", this->params_);
  }
  Shape shape() const override { return shape_; }
  double cost() const override { return dense_->cost(); }
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    dense_->initial(random, tensor, values);
  }
  void bind(std::span<const double> params) override { dense_->bind(params); }

  void forward(std::vector<Matrix<Real>>& values, Matrix<Real>& joined,
               FusionCache<Real>& cache) const override {
    const Eigen::Index rows = values[0].rows(), width = static_cast<Eigen::Index>(width_);
    Matrix<Real>& all = cache.dense.input;
    all.resize(rows, static_cast<Eigen::Index>(count_ * width_));
    for (std::size_t b = 0; b < count_; ++b)
      all.middleCols(static_cast<Eigen::Index>(b) * width, width) = values[b];
    dense_->forward(Pass{}, all, cache.gates, cache.dense);
    joined.resize(rows, width);
    std::vector<double> weights(count_);
    for (Eigen::Index i = 0; i < rows; ++i)
      for (Eigen::Index j = 0; j < width; ++j) {
        softmax(cache.gates.data() + i * cache.gates.cols() + j, weights);
        double sum = 0.0;
        for (std::size_t b = 0; b < count_; ++b) sum += weights[b] * values[b](i, j);
        joined(i, j) = static_cast<Real>(sum);
      }
    cache.fused = joined;
    cache.values.swap(values);
  }

  void backward(const FusionCache<Real>& cache, const Matrix<Real>& dy, std::vector<Matrix<Real>>& dvalues,
                std::span<double> gradient) const override {
    const Eigen::Index rows = dy.rows(), width = static_cast<Eigen::Index>(width_);
    Matrix<Real> dscores(rows, cache.gates.cols()), dall;
    dvalues.resize(count_);
    for (std::size_t b = 0; b < count_; ++b) {
      const Eigen::Index first = static_cast<Eigen::Index>(b) * width;
      dvalues[b] = dy.cwiseProduct(cache.gates.middleCols(first, width));
      dscores.middleCols(first, width) = dvalues[b].cwiseProduct(cache.values[b] - cache.fused);
    }
    dense_->backward(cache.dense, dscores, &dall, gradient);
    for (std::size_t b = 0; b < count_; ++b)
      dvalues[b] += dall.middleCols(static_cast<Eigen::Index>(b) * width, width);
  }

 private:
  /// Replaces the scores of one feature, `width_` apart, by their softmax; `weights` has it unrounded.
  void softmax(Real* scores, std::vector<double>& weights) const {
    double largest = scores[0], sum = 0.0;
    for (std::size_t b = 1; b < count_; ++b)
      largest = std::max(largest, static_cast<double>(scores[b * width_]));
    for (std::size_t b = 0; b < count_; ++b) {
      weights[b] = math::exp(static_cast<double>(scores[b * width_]) - largest);
      sum += weights[b];
    }
    for (std::size_t b = 0; b < count_; ++b) {
      weights[b] /= sum;
      scores[b * width_] = static_cast<Real>(weights[b]);
    }
  }

  std::size_t count_, width_;
  Shape shape_;
  std::unique_ptr<Layer<Real>> dense_;
};

/// "text [4], image [2]".
std::string shapes_text(const ModelSpec& spec, const std::vector<Shape>& branches) {
  std::string text;
  for (std::size_t i = 0; i < branches.size(); ++i)
    text += (i ? ", " : "") + spec.inputs[i] + " " + branches[i].text();
  return text;
}

void check_gated(const ModelSpec& spec, const std::vector<Shape>& branches) {
  const std::string where = "backbone.fusion: ";
  if (!spec.backbone.pairs.empty())
    throw usage_error(where + "backbone.pairs need the fusion concat, found gated; remove one of the two");
  if (branches.size() < 2)
    throw usage_error(where + "gated fusion needs at least two inputs, found " + shapes_text(spec, branches) +
                      "; use concat");
  for (const Shape& other : branches)
    if (other.size() != branches[0].size())
      throw usage_error(where + "gated fusion needs branches that end with equal widths, found " +
                        shapes_text(spec, branches) +
                        "; end each [branch.<input>] with a dense layer of one " + "width");
}

std::size_t input_number(const ModelSpec& spec, const std::string& wanted, const std::string& where) {
  const auto found = std::find(spec.inputs.begin(), spec.inputs.end(), wanted);
  if (found != spec.inputs.end()) return static_cast<std::size_t>(found - spec.inputs.begin());
  std::string known;
  for (const std::string& input : spec.inputs) known += (known.empty() ? "" : ", ") + input;
  throw usage_error(where + ": the model has no input '" + wanted + "' (it has: " + known + ")");
}

/// A pair stands where the first of its inputs would.
std::vector<Part> parts_of(const ModelSpec& spec, const std::vector<Shape>& branches) {
  std::vector<Part> partner;
  for (std::size_t i = 0; i < branches.size(); ++i) partner.push_back({i, i, branches[i].size()});
  for (std::size_t p = 0; p < spec.backbone.pairs.size(); ++p) {
    const std::vector<std::string>& names = spec.backbone.pairs[p];
    const std::string where = "backbone.pairs[" + std::to_string(p) + "]";
    if (names.size() != 2)
      throw usage_error(where + ": expected two inputs such as [\"sentence_a\", \"sentence_b\"], found " +
                        std::to_string(names.size()));
    const std::size_t a = input_number(spec, names[0], where), b = input_number(spec, names[1], where);
    for (std::size_t member : {a, b})
      if (a == b || partner[member].pair())
        throw usage_error(where + ": expected two different inputs that are in no other pair, found " +
                          spec.inputs[member] + " again");
    if (branches[a].size() != branches[b].size())
      throw usage_error(where + ": expected branches of equal width, found " + names[0] + " " +
                        branches[a].text() + " and " + names[1] + " " + branches[b].text());
    partner[a].second = b;
    partner[a].first = a;
    partner[b] = partner[a];
  }
  std::vector<Part> parts;
  for (std::size_t i = 0; i < partner.size(); ++i)
    if (!partner[i].pair() || i == std::min(partner[i].first, partner[i].second)) parts.push_back(partner[i]);
  return parts;
}

}  // namespace

template <class Real>
std::unique_ptr<Fusion<Real>> make_fusion(const ModelSpec& spec, const std::vector<Shape>& branches) {
  if (spec.backbone.fusion == FusionKind::gated) {
    check_gated(spec, branches);
    return std::make_unique<Gated<Real>>(branches);
  }
  return std::make_unique<Concat<Real>>(parts_of(spec, branches), branches);
}

template std::unique_ptr<Fusion<float>> make_fusion(const ModelSpec&, const std::vector<Shape>&);
template std::unique_ptr<Fusion<double>> make_fusion(const ModelSpec&, const std::vector<Shape>&);

}  // namespace qmtl
