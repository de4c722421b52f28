// SPDX-License-Identifier: Apache-2.0
#include "io/config/compare_questions.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

QuestionTest read_test(const toml::node& node, const std::string& text, const std::string& file) {
  std::string known;
  for (const QuestionTestName& row : question_tests) {
    if (row.name == text) return row.test;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  wrong_value(node, file, "question.test", "one of " + known);
}

QuestionSpec read_question(const toml::node& node, const std::string& file,
                           const std::vector<std::string>& variants) {
  if (!node.is_table()) wrong_value(node, file, "question", "a table [[question]]");
  TableReader reader(*node.as_table(), file, "question");
  QuestionSpec question;
  question.name = reader.string("name");
  question.text = reader.string("text", "");
  question.of = reader.string("of");
  const toml::node& against = reader.need("against");
  question.against = against.is_array() ? reader.texts("against") : std::vector{reader.string("against")};
  const std::string test = reader.string("test");
  question.test = read_test(*reader.find("test"), test, file);
  const auto number = [&](const char* key, double otherwise) {
    const toml::node* value = reader.find(key);
    if (!value) return otherwise;
    const auto found = value->value<double>();
    if (!found || !(*found > 0) || !std::isfinite(*found))
      wrong_value(*value, file, reader.full(key), "a number above 0");
    return *found;
  };
  question.margin = number("margin", 0);
  question.parameters = number("parameters", 0);
  reader.finish();
  if (question.margin == 0 && question.test != QuestionTest::better)
    throw usage_error(where(node, file) +
                      ": question.margin: expected the smallest difference of interest for " + "the test " +
                      std::string(name(question.test)) + ", found none");
  if (question.against.empty()) wrong_value(against, file, "question.against", "at least one variant");
  const auto check = [&](const std::string& variant, const char* key) {
    if (std::find(variants.begin(), variants.end(), variant) == variants.end())
      throw usage_error(where(node, file) + ": question." + key + ": there is no variant '" + variant + "'");
  };
  check(question.of, "of");
  for (const std::string& variant : question.against) {
    check(variant, "against");
    if (variant == question.of)
      throw usage_error(where(node, file) + ": question.against: expected other variants than '" + variant +
                        "'");
  }
  return question;
}

}  // namespace

std::string_view name(QuestionTest test) { return question_tests[static_cast<std::size_t>(test)].name; }

std::vector<QuestionSpec> read_questions(TableReader& root, const std::string& file,
                                         const std::vector<std::string>& variants) {
  std::vector<QuestionSpec> questions;
  const toml::node* list = root.find("question");
  if (!list) return questions;
  if (!list->is_array()) wrong_value(*list, file, "question", "tables [[question]]");
  for (const toml::node& node : *list->as_array()) {
    QuestionSpec question = read_question(node, file, variants);
    for (const QuestionSpec& other : questions)
      if (other.name == question.name)
        throw usage_error(where(node, file) + ": question.name: there are two questions '" + question.name +
                          "'");
    questions.push_back(std::move(question));
  }
  return questions;
}

}  // namespace qmtl
