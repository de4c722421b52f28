// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/classical.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/heads/head_expansion.h"
#include "runtime/model/heads/head_table.h"
#include "runtime/train/label_scale.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/results.h"

namespace qmtl {
namespace {

/// The rows of the split, of which the task's labelled ones are looked at.
std::vector<std::size_t> rows_of(const Dataset& data, const Task& task, Split split, std::size_t most) {
  std::vector<std::size_t> labelled;
  for (const std::size_t row : data.rows(split)) {
    const float* labels = task.labels.data() + row * task.columns;
    if (std::any_of(labels, labels + task.columns, [](float label) { return !std::isnan(label); }))
      labelled.push_back(row);
  }
  if (labelled.size() <= most) return labelled;
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < most; ++i) rows.push_back(labelled[i * labelled.size() / most]);
  return rows;
}

/// A task's expansion on rows: cuts it down and compares.
class Cut {
 public:
  Cut(const HeadExpansion& expansion, std::span<const ReadoutColumn> columns, TaskKind kind,
      std::span<const double> angles, std::size_t rows)
      : expansion_(expansion), columns_(columns), kind_(kind), angles_(angles), rows_(rows) {
    const std::size_t terms = expansion.terms.size();
    mean_.assign(terms, 0.0);
    deviation_.assign(terms, 0.0);
    for (const HeadExpansion::Term& term : expansion.terms) most_ = std::max(most_, term.degree);
    each_row([&](std::size_t row, std::span<const double> values) {
      for (std::size_t t = 0; t < terms; ++t) {  // Welford: constants do not cancel
        const double off = values[t] - mean_[t];
        mean_[t] += off / static_cast<double>(row + 1);
        deviation_[t] += off * (values[t] - mean_[t]);
      }
    });
    for (double& square : deviation_) square = std::sqrt(square / static_cast<double>(rows));
    order_.resize(terms);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::size_t a, std::size_t b) { return deviation_[a] < deviation_[b]; });
    measure();
  }

  double deviation() const { return std::sqrt(of_degree_[0] / per_logit()); }

  std::vector<DegreeShare> degrees() const {
    std::vector<DegreeShare> shares;
    double variance = 0.0, norm = 0.0;
    for (int d = 1; d <= most_; ++d) {
      DegreeShare share{d, 0, of_one_degree_[static_cast<std::size_t>(d)], 0.0};
      for (const HeadExpansion::Term& term : expansion_.terms)
        if (term.degree == d) ++share.terms, share.norm += term.uniform_square;
      variance += share.variance;
      norm += share.norm;
      if (share.terms > 0) shares.push_back(share);
    }
    for (DegreeShare& share : shares) {
      share.variance = variance > 0 ? share.variance / variance : 0.0;
      share.norm = norm > 0 ? share.norm / norm : 0.0;
    }
    return shares;
  }

  /// The fewest of the terms with the largest deviations whose error is at most `bound`.
  LocalModel by_weight(double bound) const {
    std::size_t dropped = 0;  // of the smallest
    for (std::size_t d = 1; d <= order_.size(); ++d)
      if (within(of_dropped_[d - 1], bound)) dropped = d;
    std::vector<char> kept(order_.size(), 1);
    for (std::size_t i = 0; i < dropped; ++i) kept[order_[i]] = 0;
    return compare(kept);
  }
  LocalModel by_degree(double bound) const {
    int degree = 0;
    while (degree < most_ && !within(of_degree_[static_cast<std::size_t>(degree)], bound)) ++degree;
    std::vector<char> kept;
    for (const HeadExpansion::Term& term : expansion_.terms) kept.push_back(term.degree <= degree);
    return compare(kept);
  }

 private:
  double per_logit() const { return static_cast<double>(rows_ * columns_.size()); }
  bool within(double square, double bound) const { return std::sqrt(square / per_logit()) <= bound; }

  template <class Work>
  void each_row(const Work& work) const {
    const std::size_t width = angles_.size() / rows_;
    std::vector<double> values(expansion_.terms.size());
    for (std::size_t row = 0; row < rows_; ++row) {
      expansion_.terms_of(angles_.subspan(row * width, width), values);
      work(row, std::span<const double>(values));
    }
  }

  /// Sums of squares over rows and logits of what is missing without some terms.
  void measure() {
    const std::size_t terms = order_.size(), degrees = static_cast<std::size_t>(most_) + 1;
    of_dropped_.assign(terms, 0.0);
    of_degree_.assign(degrees, 0.0);
    of_one_degree_.assign(degrees, 0.0);
    std::vector<double> missing(columns_.size()), parts(degrees * columns_.size());
    each_row([&](std::size_t, std::span<const double> values) {
      std::fill(missing.begin(), missing.end(), 0.0);
      std::fill(parts.begin(), parts.end(), 0.0);
      double square = 0.0;
      for (std::size_t i = 0; i < terms; ++i) {
        const std::size_t t = order_[i];
        const HeadExpansion::Term& term = expansion_.terms[t];
        double& of_column = missing[term.column];
        const double part = values[t] - mean_[t];
        square += part * (part + 2.0 * of_column);
        of_column += part;
        of_dropped_[i] += square;
        parts[static_cast<std::size_t>(term.degree) * columns_.size() + term.column] += part;
      }
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        double above = 0.0;
        for (std::size_t d = degrees; d-- > 0;) {  // of_degree_[d]: without those above d
          of_degree_[d] += above * above;
          const double part = parts[d * columns_.size() + c];
          of_one_degree_[d] += part * part;
          above += part;
        }
      }
    });
  }

  /// The decisions that logits stand for, one number each.
  std::vector<std::size_t> decisions(std::span<const double> logits) const {
    if (kind_ == TaskKind::regression) return {};
    if (kind_ == TaskKind::multiclass)
      return {static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin())};
    std::vector<std::size_t> all;
    for (const double logit : logits) all.push_back(logit > 0 ? 1 : 0);
    return all;
  }

  LocalModel compare(const std::vector<char>& kept) const {
    LocalModel model;
    std::set<int> phases;
    for (std::size_t t = 0; t < kept.size(); ++t) {
      if (!kept[t]) continue;
      const HeadExpansion::Term& term = expansion_.terms[t];
      ++model.terms;
      model.degree = std::max(model.degree, term.degree);
      for (const int factor : term.factors)
        if (expansion_.angles[static_cast<std::size_t>(factor / 2)].trained) phases.insert(factor / 2);
    }
    model.parameters = model.terms + phases.size() + columns_.size();
    std::size_t decided = 0, others = 0;
    double square = 0.0;
    std::vector<double> whole(columns_.size()), cut(columns_.size());
    each_row([&](std::size_t, std::span<const double> values) {
      whole = expansion_.constants;
      cut = expansion_.constants;
      for (std::size_t t = 0; t < kept.size(); ++t) {
        whole[expansion_.terms[t].column] += values[t];
        cut[expansion_.terms[t].column] += kept[t] ? values[t] : mean_[t];
      }
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        whole[c] = columns_[c].logit(whole[c]).value;
        cut[c] = columns_[c].logit(cut[c]).value;
        const double error = std::abs(whole[c] - cut[c]);
        square += error * error;
        model.greatest = std::max(model.greatest, error);
      }
      const auto before = decisions(whole), now = decisions(cut);
      decided += before.size();
      for (std::size_t i = 0; i < now.size(); ++i) others += now[i] != before[i];
    });
    model.rms = std::sqrt(square / per_logit());
    model.changed = decided > 0 ? static_cast<double>(others) / static_cast<double>(decided)
                                : std::numeric_limits<double>::quiet_NaN();
    return model;
  }

  const HeadExpansion& expansion_;
  std::span<const ReadoutColumn> columns_;
  TaskKind kind_;
  std::span<const double> angles_;
  std::size_t rows_;
  int most_ = 0;                          ///< degree
  std::vector<double> mean_, deviation_;  ///< [terms] over the rows
  std::vector<std::size_t> order_;        ///< of the terms, the smallest deviation first
  std::vector<double> of_dropped_, of_degree_, of_one_degree_;
};

/// The largest difference of the expansion and what the model predicts, in deviations of the labels where the
/// task is a regression.
double expansion_error(const HeadExpansion& expansion, const Learner& learner, std::span<const double> angles,
                       std::span<const std::size_t> rows, std::size_t first,
                       std::span<const ReadoutColumn> columns, double unit, double centre) {
  const auto outputs = static_cast<std::size_t>(learner.outputs());
  std::vector<float> predicted(rows.size() * outputs);
  learner.predict(rows, predicted);
  const std::size_t width = angles.size() / rows.size();
  std::vector<double> values(expansion.terms.size());
  double largest = 0.0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    expansion.terms_of(angles.subspan(row * width, width), values);
    std::vector<double> u = expansion.constants;
    for (std::size_t t = 0; t < values.size(); ++t) u[expansion.terms[t].column] += values[t];
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const double engine = (static_cast<double>(predicted[row * outputs + first + c]) - centre) / unit;
      largest = std::max(largest, std::abs(columns[c].logit(u[c]).value - engine));
    }
  }
  return largest;
}

ClassicalTask task_report(const Learner& learner, const Checkpoint& checkpoint, const Dataset& data,
                          const Task& task, std::size_t number, const ClassicalRequest& request) {
  const std::vector<std::size_t> columns = task_columns(learner.spec());
  const std::size_t first = columns[number], logits = columns[number + 1] - first;
  ClassicalTask found{.name = learner.spec().tasks[number].name, .logits = logits};
  std::vector<std::size_t> rows = rows_of(data, task, parse_split(request.split), request.rows);
  if (rows.empty()) rows = rows_of(data, task, Split::train, request.rows);
  found.rows = rows.size();
  const auto expansion = expand_head({*learner.circuit(), learner.circuit_params(), *learner.readout()},
                                     first, logits, request.limit);
  if (!expansion || rows.empty()) return found;
  found.written = true;
  found.terms = expansion->terms.size();
  const std::vector<double> angles = learner.circuit_angles(rows);
  const auto readout = std::span<const ReadoutColumn>(learner.readout()->columns).subspan(first, logits);
  const LabelScale scale = label_scale(checkpoint.statistics, learner.spec().tasks[number]);
  found.expansion_error =
      expansion_error(*expansion, learner, angles, rows, first, readout, scale.deviation, scale.mean);
  const Cut cut(*expansion, readout, task.kind, angles, rows.size());
  found.deviation = cut.deviation();
  found.degrees = cut.degrees();
  const double bound = request.epsilon * found.deviation;
  found.by_weight = cut.by_weight(bound);
  found.by_degree = cut.by_degree(bound);
  return found;
}

nlohmann::ordered_json model_json(const LocalModel& model) {
  return {{"terms", model.terms},
          {"degree", model.degree},
          {"parameters", model.parameters},
          {"rms_error", json_number(model.rms)},
          {"greatest_error", json_number(model.greatest)},
          {"changed_decisions", json_number(model.changed)}};
}

}  // namespace

ClassicalReport classical_report(const Ranks& ranks, const ClassicalRequest& request) {
  return classical_report(ranks, load_checkpoint(ranks, request.checkpoint), request);
}

ClassicalReport classical_report(const Ranks& ranks, const Checkpoint& checkpoint,
                                 const ClassicalRequest& request) {
  ranks.together([&] {
    parse_split(request.split);
    if (!(request.epsilon > 0 && request.epsilon < 1))
      throw usage_error(
          fmt::format("--epsilon: expected a number above 0 and below 1, found {}", request.epsilon));
  });
  const ModelSpec& spec = checkpoint.config.model;
  ClassicalReport report{.checkpoint = request.checkpoint,
                         .run_hash = checkpoint.run_hash,
                         .head = spec.head.kind,
                         .split = request.split,
                         .epsilon = request.epsilon,
                         .limit = request.limit,
                         .head_parameters = count_parameters(checkpoint.params).head,
                         .circuit = head_kind(spec.head.kind).circuit()};
  if (!report.circuit) return report;
  const Dataset data = load_dataset_for(ranks, checkpoint, checkpoint.config.data_file);
  const auto learner = restore(ranks, checkpoint, data, SimdTarget::best);
  report.layer_circuits = learner->layer_circuits().size();
  const std::vector<const Task*> tasks = bind_tasks(data, spec);
  ranks.together([&] {
    for (std::size_t t = 0; t < tasks.size(); ++t)
      report.tasks.push_back(task_report(*learner, checkpoint, data, *tasks[t], t, request));
  });
  return report;
}

nlohmann::ordered_json classical_json(const ClassicalReport& report) {
  nlohmann::ordered_json json{{"kind", "classical"},         {"checkpoint", report.checkpoint},
                              {"run_hash", report.run_hash}, {"head", report.head},
                              {"circuit", report.circuit},   {"head_parameters", report.head_parameters}};
  if (!report.circuit) {
    json["remark"] = classical_remark(report);
    return json;
  }
  json["split"] = report.split;
  json["epsilon"] = report.epsilon;
  json["limit"] = report.limit;
  json["layer_circuits"] = report.layer_circuits;
  auto& tasks = json["tasks"] = nlohmann::ordered_json::object();
  for (const ClassicalTask& task : report.tasks) {
    auto& of = tasks[task.name] = {{"rows", task.rows}, {"logits", task.logits}, {"written", task.written}};
    if (!task.written) {
      of["remark"] = classical_remark(report, task);
      continue;
    }
    of["terms"] = task.terms;
    of["deviation"] = json_number(task.deviation);
    of["expansion_error"] = json_number(task.expansion_error);
    auto& degrees = of["degrees"] = nlohmann::ordered_json::array();
    for (const DegreeShare& share : task.degrees)
      degrees.push_back({{"degree", share.degree},
                         {"terms", share.terms},
                         {"variance", json_number(share.variance)},
                         {"norm", json_number(share.norm)}});
    of["by_weight"] = model_json(task.by_weight);
    of["by_degree"] = model_json(task.by_degree);
  }
  return json;
}

std::string classical_remark(const ClassicalReport& report) {
  if (report.circuit) return "";
  return "the head '" + report.head + "' has no circuit: it is classical already, with " +
         std::to_string(report.head_parameters) + " parameters";
}

std::string classical_remark(const ClassicalReport& report, const ClassicalTask& task) {
  if (task.written) return "";
  if (task.rows == 0) return "no labelled rows to compare on";
  return "too large to write out: an output has more than " + std::to_string(report.limit) + " terms";
}

}  // namespace qmtl
