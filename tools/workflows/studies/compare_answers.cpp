// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/compare_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

constexpr double power = 0.8;

std::size_t variant_of(const CompareResult& result, const std::string& name) {
  std::size_t v = 0;
  while (result.spec.variants[v].name != name) ++v;
  return v;
}

double head_parameters(const CompareResult& result, std::size_t v) {
  return static_cast<double>(result.variants[v].runs.front().result.head);
}

double p_of(const QuestionSpec& question, const MeanDifference& d) {
  MeanDifference turned = d;  // the other way round
  turned.mean = -d.mean;
  switch (question.test) {
    case QuestionTest::better:
      return std::min(1.0, 2 * (d.mean >= 0 ? d : turned).p_above(0));
    case QuestionTest::not_inferior:
      return d.p_above(-question.margin);
    case QuestionTest::equivalent:
      return std::max(d.p_above(-question.margin), turned.p_above(-question.margin));
  }
  return 1;
}

PairAnswer answer_pair(const CompareResult& result, const QuestionSpec& question, const std::string& against,
                       double level) {
  const std::size_t of = variant_of(result, question.of), other = variant_of(result, against);
  PairAnswer answer;
  answer.against = against;
  answer.difference = result.mean_difference_of(of, other);
  const double half = answer.difference.half_width(level);
  answer.low = answer.difference.mean - half;
  answer.high = answer.difference.mean + half;
  answer.p = p_of(question, answer.difference);
  const double alpha = result.spec.alpha;
  // TOST at no difference must succeed on both sides.
  answer.detectable =
      question.test == QuestionTest::equivalent
          ? answer.difference.detectable(alpha, (1 + power) / 2)
          : answer.difference.detectable(question.test == QuestionTest::better ? alpha / 2 : alpha, power);
  answer.parameter_ratio = head_parameters(result, of) / head_parameters(result, other);
  return answer;
}

Decision decide(const QuestionSpec& question, const QuestionAnswer& answer, double alpha) {
  if (!(answer.adjusted <= alpha)) return Decision::undecided;
  const auto every = [&](bool positive) {
    return std::all_of(answer.pairs.begin(), answer.pairs.end(),
                       [&](const PairAnswer& pair) { return (pair.difference.mean > 0) == positive; });
  };
  // More parameters than were allowed turn no answer into its opposite.
  if (question.test == QuestionTest::better && every(false)) return Decision::worse;
  if (!answer.parameters_met) return Decision::undecided;
  switch (question.test) {
    case QuestionTest::better:
      return every(true) ? Decision::better : Decision::undecided;
    case QuestionTest::not_inferior:
      return Decision::not_inferior;
    case QuestionTest::equivalent:
      return Decision::equivalent;
  }
  return Decision::undecided;
}

std::string number(const char* format, double value) {
  return std::isfinite(value) ? fmt::format(fmt::runtime(format), value) : "-";
}

}  // namespace

std::string_view name(Decision decision) {
  constexpr std::string_view names[] = {"better", "worse", "not inferior", "equivalent", "undecided"};
  return names[static_cast<std::size_t>(decision)];
}

std::vector<QuestionAnswer> answer_questions(const CompareResult& result) {
  const CompareSpec& spec = result.spec;
  std::vector<QuestionAnswer> answers;
  std::vector<double> p;
  for (const QuestionSpec& question : spec.questions) {
    QuestionAnswer answer;
    answer.level = question.test == QuestionTest::better ? 1 - spec.alpha : 1 - 2 * spec.alpha;
    answer.p = 0;
    for (const std::string& against : question.against) {
      answer.pairs.push_back(answer_pair(result, question, against, answer.level));
      const double pair = answer.pairs.back().p;
      answer.p = std::isnan(pair) ? 1.0 : std::max(answer.p, pair);
      if (question.parameters > 0 && answer.pairs.back().parameter_ratio > question.parameters)
        answer.parameters_met = false;
    }
    p.push_back(answer.p);
    answers.push_back(std::move(answer));
  }
  const std::vector<double> adjusted = holm(p);
  for (std::size_t q = 0; q < answers.size(); ++q) {
    answers[q].adjusted = adjusted[q];
    answers[q].decision = decide(spec.questions[q], answers[q], spec.alpha);
  }
  return answers;
}

Json answers_json(const CompareResult& result, const std::vector<QuestionAnswer>& answers) {
  Json list = Json::array();
  for (std::size_t q = 0; q < answers.size(); ++q) {
    const QuestionSpec& question = result.spec.questions[q];
    const QuestionAnswer& answer = answers[q];
    Json pairs = Json::array();
    for (const PairAnswer& pair : answer.pairs)
      pairs.push_back({{"against", pair.against},
                       {"difference", json_number(pair.difference.mean)},
                       {"low", json_number(pair.low)},
                       {"high", json_number(pair.high)},
                       {"p", json_number(pair.p)},
                       {"detectable", json_number(pair.detectable)},
                       {"parameter_ratio", json_number(pair.parameter_ratio)},
                       {"n", pair.difference.splits}});
    Json entry{{"name", question.name},
               {"text", question.text},
               {"of", question.of},
               {"test", name(question.test)},
               {"margin", question.margin > 0 ? Json(question.margin) : Json(nullptr)},
               {"parameters", question.parameters > 0 ? Json(question.parameters) : Json(nullptr)},
               {"level", answer.level},
               {"pairs", std::move(pairs)},
               {"p", json_number(answer.p)},
               {"p_adjusted", json_number(answer.adjusted)},
               {"parameters_met", answer.parameters_met},
               {"decision", name(answer.decision)}};
    list.push_back(std::move(entry));
  }
  return list;
}

std::string answers_markdown(const CompareResult& result, const std::vector<QuestionAnswer>& answers) {
  if (answers.empty()) return "";
  std::string out =
      "| question | test | difference | interval | p | p (Holm) | decision | head parameters | detectable |\n"
      "|---|---|---:|---:|---:|---:|---|---:|---:|\n";
  for (std::size_t q = 0; q < answers.size(); ++q) {
    const QuestionSpec& question = result.spec.questions[q];
    for (std::size_t i = 0; i < answers[q].pairs.size(); ++i) {
      const PairAnswer& pair = answers[q].pairs[i];
      const bool first = i == 0;
      std::string test(name(question.test));
      if (question.margin > 0) test += fmt::format(" (margin {:g})", question.margin);
      out += "| " + (first ? question.name + (question.text.empty() ? "" : ": " + question.text) : "") +
             " | " + question.of + " against " + pair.against + ": " + test + " | " +
             number("{:+.4f}", pair.difference.mean) + " | " + number("{:+.4f}", pair.low) + " .. " +
             number("{:+.4f}", pair.high) + fmt::format(" ({:g} %)", 100 * answers[q].level) + " | " +
             number("{:.2g}", pair.p) + " | " + (first ? number("{:.2g}", answers[q].adjusted) : "") + " | " +
             (first ? "**" + std::string(name(answers[q].decision)) + "**" : "") + " | " +
             number("{:.3g}", pair.parameter_ratio) + " of them" +
             (question.parameters > 0 ? fmt::format(" (at most {:g})", question.parameters) : "") + " | " +
             number("{:.4f}", pair.detectable) + " |\n";
    }
  }
  return out +
         fmt::format(
             "\nDifferences are of the mean test score over {} splits; one test a question, fixed with "
             "it: better: two-sided; not-inferior: one-sided against -margin; equivalent: two one-sided "
             "tests within the margin; against several it must hold for each. Variances are corrected "
             "(Nadeau & Bengio 2003), p-values adjusted over the {} questions (Holm 1979), level {:g}. "
             "detectable: the difference that the test would find with probability 0.8.\n\n",
             result.splits.size(), answers.size(), result.spec.alpha);
}

}  // namespace qmtl
