// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/workflows/studies/compare_results.h"

namespace qmtl {

enum class Decision { better, worse, not_inferior, equivalent, undecided };
std::string_view name(Decision decision);

/// What the test of a question says of one pair of variants: the mean test score of `of` minus that of
/// `against`, over the splits.
struct PairAnswer {
  std::string against;
  MeanDifference difference;
  double low = 0, high = 0;    ///< the interval that belongs to the test, see QuestionAnswer::level
  double p = 1;                ///< of this pair alone
  double detectable = 0;       ///< with probability 0.8 at the family's level, undivided
  double parameter_ratio = 0;  ///< head parameters of `of` over those of `against`
};

/// A question's answer. Against several variants the test must hold for each: its p is the largest
/// (intersection-union).
struct QuestionAnswer {
  std::vector<PairAnswer> pairs;
  double level = 0.95;         ///< of the intervals: 1 - alpha, of one-sided tests 1 - 2 alpha
  double p = 1, adjusted = 1;  ///< adjusted: after Holm over all questions
  bool parameters_met = true;
  Decision decision = Decision::undecided;
};

/// The answers to the questions of a comparison, in their order.
///
/// better: two-sided test of no difference; not-inferior: one-sided, of a difference of -margin or less;
/// equivalent: two one-sided tests of a difference beyond -margin .. margin (TOST, Schuirmann 1987). All with
/// the corrected variance of Nadeau and Bengio (2003), adjusted by Holm (1979).
std::vector<QuestionAnswer> answer_questions(const CompareResult& result);

nlohmann::ordered_json answers_json(const CompareResult& result, const std::vector<QuestionAnswer>& answers);
/// A Markdown table; "" without questions.
std::string answers_markdown(const CompareResult& result, const std::vector<QuestionAnswer>& answers);

}  // namespace qmtl
