// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

/// The arithmetic behind the metrics, on plain labels and outputs without gaps. NaN where a score is
/// undefined.
namespace qmtl::scores {

/// counts[label * classes + prediction].
struct Confusion {
  std::size_t classes = 2;
  std::vector<double> counts;

  double at(std::size_t label, std::size_t prediction) const { return counts[label * classes + prediction]; }
  double labelled(std::size_t c) const;   ///< samples of class c
  double predicted(std::size_t c) const;  ///< samples predicted as class c
  double total() const;

  double accuracy() const;
  double balanced_accuracy() const;  ///< mean recall over the classes that occur among the labels
  double f1(std::size_t c) const;    ///< NaN if class c occurs neither among labels nor predictions
  double macro_f1() const;
  double mcc() const;  ///< Gorodkin 2004 for several classes; 0 if one class only is predicted, NaN if all
                       ///< labels agree
};

/// width = 1: class 1 where the logit is above 0. width > 1: the first largest logit.
Confusion confusion(std::span<const double> labels, std::span<const double> logits, std::size_t width);

/// Area under the ROC curve by rank sums; several classes: mean of the one-vs-rest areas of the softmax
/// probabilities.
double area(std::span<const double> labels, std::span<const double> logits, std::size_t width);
/// Mean of -log p(label); p from the logistic or softmax function.
double log_loss(std::span<const double> labels, std::span<const double> logits, std::size_t width);

/// Ranks from 1, ties share their mean.
std::vector<double> ranks(std::span<const double> values);
double pearson(std::span<const double> a, std::span<const double> b);
double mean_squared_error(std::span<const double> a, std::span<const double> b);
double mean_absolute_error(std::span<const double> a, std::span<const double> b);
double r2(std::span<const double> labels, std::span<const double> outputs);  ///< coefficient of determination

}  // namespace qmtl::scores
