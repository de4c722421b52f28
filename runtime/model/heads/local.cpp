// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/base/error.h"
#include "runtime/base/math.h"
#include "runtime/circuit/ansatz/ansatz.h"
#include "runtime/model/heads/head.h"
#include "runtime/model/operations.h"

namespace qmtl {
namespace {

/// The columns of z that the shared stage uploads to each qubit, in order.
std::vector<std::vector<std::size_t>> uploaded_columns(const Circuit& circuit) {
  std::vector<std::vector<std::size_t>> uploads(static_cast<std::size_t>(circuit.qubits));
  for (const Op& op : circuit.shared) {
    if (op.source != Source::angle) continue;
    for (const Monomial& term : turn_of(circuit, op).terms)
      for (int input : term.inputs)
        if (input < circuit.sample_inputs())
          uploads[static_cast<std::size_t>(op.q0)].push_back(static_cast<std::size_t>(input));
  }
  // Each qubit of an encoding is turned by functions of all its numbers.
  for (const AmplitudeEncoding& encoding : circuit.encodings) {
    std::vector<char> turned(uploads.size());
    for (const Op& op : circuit.shared)
      if (op.source == Source::angle)
        for (const Monomial& term : turn_of(circuit, op).terms)
          for (int input : term.inputs)
            if (input >= encoding.first && input < encoding.first + encoding.rotations())
              turned[static_cast<std::size_t>(op.q0)] = 1;
    for (std::size_t q = 0; q < uploads.size(); ++q)
      if (turned[q]) uploads[q].insert(uploads[q].end(), encoding.of.begin(), encoding.of.end());
  }
  return uploads;
}

/// The columns of z that each output sees, in the order of the register's qubits, upload by upload.
std::vector<std::vector<std::size_t>> seen_columns(const AnsatzSpec& ansatz) {
  const auto uploads = uploaded_columns(build(ansatz));
  std::vector<std::vector<std::size_t>> seen;
  for (std::size_t b = 0; b < ansatz.block_outputs.size(); ++b) {
    std::vector<std::size_t> columns;
    const std::vector<int> reg = register_of(ansatz, b);
    std::size_t most = 0;
    for (int q : reg) most = std::max(most, uploads[static_cast<std::size_t>(q)].size());
    for (std::size_t u = 0; u < most; ++u)
      for (int q : reg)
        if (const auto& of_qubit = uploads[static_cast<std::size_t>(q)];
            u < of_qubit.size() && std::find(columns.begin(), columns.end(), of_qubit[u]) == columns.end())
          columns.push_back(of_qubit[u]);
    seen.insert(seen.end(), static_cast<std::size_t>(ansatz.block_outputs[b]), columns);
  }
  return seen;
}

/// What the head weighs of a number of the representation.
enum class Seen : std::uint8_t { itself, tanh };

template <class Real, Seen seen>
class LocalHead final : public Head<Real> {
 public:
  explicit LocalHead(const HeadSetup& setup)
      : width_(static_cast<std::size_t>(task_ansatz(setup.spec).angles())),
        seen_(seen_columns(task_ansatz(setup.spec))) {
    const std::vector<std::size_t> columns = task_columns(setup.spec);
    if (seen_.size() != columns.back())
      throw usage_error("the local head's registers have " + std::to_string(seen_.size()) +
                        " outputs, but the tasks need " + std::to_string(columns.back()) +
                        " (check block.registers)");
    for (const TaskRange& group : setup.groups)
      groups_.push_back({columns[group.first], columns[group.last]});
    std::size_t weights = 0;
    bool equal = true;
    for (const std::vector<std::size_t>& list : seen_) {
      first_weight_.push_back(weights);
      weights += list.size();
      equal = equal && list.size() == seen_.front().size();
    }
    using Shape = std::vector<std::size_t>;
    append_param(params_, "head.weight", equal ? Shape{seen_.size(), seen_.front().size()} : Shape{weights},
                 true, true);
    append_param(params_, "head.bias", {seen_.size()}, true, false);
  }

  std::size_t width() const override { return width_; }
  const std::vector<ParamInfo>& params() const override { return params_; }

  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    random.uniform(tensor, 1.0, values.first(params_[0].size));
    for (std::size_t o = 0; o < seen_.size(); ++o)
      for (std::size_t i = 0; i < seen_[o].size(); ++i)
        values[first_weight_[o] + i] *= std::sqrt(6.0 / static_cast<double>(seen_[o].size() + 1));
    for (double& bias : values.subspan(params_[0].size)) bias = 0.0;
  }
  void bind(std::span<const double> params) override { bound_.assign(params.begin(), params.end()); }

  void forward(const Matrix<Real>& z, std::span<double> logits) const override {
    write_logits(z, {0, seen_.size()}, logits);
  }

  void gradient(const Pass&, std::size_t group, const Matrix<Real>& z,
                const typename Head<Real>::Cotangents& cotangents, Matrix<Real>& dz,
                std::span<double> gradient) const override {
    const auto [first, last] = groups_[group];
    const auto rows = static_cast<std::size_t>(z.rows());
    std::vector<double> logits(rows * (last - first)), given(logits.size()), row(width_);
    write_logits(z, groups_[group], logits);
    cotangents(0, rows, logits, given);
    dz.resize(z.rows(), z.cols());
    for (std::size_t r = 0; r < rows; ++r) {
      const std::vector<double> values = values_of_row(z, r);
      std::fill(row.begin(), row.end(), 0.0);
      for (std::size_t o = first; o < last; ++o) {
        const double g = given[r * (last - first) + o - first];
        for (std::size_t i = 0; i < seen_[o].size(); ++i) {
          row[seen_[o][i]] += g * bound_[first_weight_[o] + i];
          gradient[first_weight_[o] + i] += g * values[seen_[o][i]];
        }
        gradient[params_[1].offset + o] += g;
      }
      for (std::size_t i = 0; i < width_; ++i) {
        const double slope = seen == Seen::tanh ? 1.0 - values[i] * values[i] : 1.0;
        dz.data()[r * width_ + i] = static_cast<Real>(row[i] * slope);
      }
    }
  }

  double group_cost(std::size_t group) const override {
    double weights = 0.0;
    for (std::size_t o = groups_[group].first; o < groups_[group].last; ++o)
      weights += static_cast<double>(seen_[o].size());
    return 6.0 * weights;
  }

 private:
  struct Columns {
    std::size_t first, last;
  };

  std::vector<double> values_of_row(const Matrix<Real>& z, std::size_t row) const {
    std::vector<double> values(z.data() + row * width_, z.data() + (row + 1) * width_);
    if constexpr (seen == Seen::tanh)
      for (double& value : values) value = math::tanh(value);
    return values;
  }

  /// logits[rows of z, columns].
  void write_logits(const Matrix<Real>& z, Columns columns, std::span<double> logits) const {
    std::size_t at = 0;
    for (std::size_t r = 0; r < static_cast<std::size_t>(z.rows()); ++r) {
      const std::vector<double> values = values_of_row(z, r);
      for (std::size_t o = columns.first; o < columns.last; ++o) {
        double sum = bound_[params_[1].offset + o];
        for (std::size_t i = 0; i < seen_[o].size(); ++i)
          sum += bound_[first_weight_[o] + i] * values[seen_[o][i]];
        logits[at++] = sum;
      }
    }
  }

  std::size_t width_;
  std::vector<std::vector<std::size_t>> seen_;  ///< per output
  std::vector<std::size_t> first_weight_;       ///< per output
  std::vector<Columns> groups_;
  std::vector<ParamInfo> params_;
  std::vector<double> bound_;
};

template <class Real, Seen seen>
std::unique_ptr<Head<Real>> make_local_head(const HeadSetup& setup) {
  return std::make_unique<LocalHead<Real, seen>>(setup);
}

template <Seen seen>
void list_local_head(const TrainedModel& model, OperationList& list) {
  const std::span<const double> weights = model.tensor("head.weight");
  const std::span<const double> biases = model.tensor("head.bias");
  ops::Sparse sparse{{}, {biases.begin(), biases.end()}};
  std::size_t next = 0;
  for (const std::vector<std::size_t>& columns : seen_columns(task_ansatz(model.spec))) {
    sparse.rows.emplace_back();
    for (std::size_t column : columns) sparse.rows.back().emplace_back(column, weights[next++]);
  }
  const std::size_t outputs = sparse.rows.size();
  if (seen == Seen::tanh) list.then(ops::Activate{Activation::tanh}, representation_width(model.spec));
  list.then(std::move(sparse), outputs);
}

}  // namespace

/// The classical control of the qmtl head: every output is a weighted sum of the same values of z that its
/// register would see (those uploaded to its k qubits: k times the uploads), plus a bias. No circuit, no
/// angle map. Tensors "head.weight" [outputs, values of a register] (flat where registers differ in size) and
/// "head.bias" [outputs]. Throws Error (usage) if the registers do not yield the tasks' outputs.
constinit const HeadKind local_head{"local",
                                    true,
                                    true,
                                    nullptr,
                                    false,
                                    make_local_head<float, Seen::itself>,
                                    make_local_head<double, Seen::itself>,
                                    list_local_head<Seen::itself>};

/// The same of tanh(z): the non-linearity of the angle maps, without a circuit.
constinit const HeadKind local_tanh_head{"local-tanh",
                                         true,
                                         true,
                                         nullptr,
                                         false,
                                         make_local_head<float, Seen::tanh>,
                                         make_local_head<double, Seen::tanh>,
                                         list_local_head<Seen::tanh>};

}  // namespace qmtl
