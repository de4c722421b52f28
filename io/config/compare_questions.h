// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "io/config/toml_tools.h"

namespace qmtl {

/// What a question asks of the difference between two variants' test scores.
enum class QuestionTest { better, not_inferior, equivalent };

struct QuestionTestName {
  QuestionTest test;
  std::string_view name;
};
inline constexpr std::array<QuestionTestName, 3> question_tests{{{QuestionTest::better, "better"},
                                                                 {QuestionTest::not_inferior, "not-inferior"},
                                                                 {QuestionTest::equivalent, "equivalent"}}};
std::string_view name(QuestionTest test);

/// One question of a comparison, with the one test that answers it: [[question]] of its file.
struct QuestionSpec {
  std::string name, text;
  std::string of;                    ///< a variant
  std::vector<std::string> against;  ///< others; the answer must hold against each
  QuestionTest test = QuestionTest::better;
  double margin = 0;      ///< smallest difference of interest; 0: none is said
  double parameters = 0;  ///< most head parameters of `of` over those of each other; 0: any
};

/// The tables [[question]] of a comparison with these variants. Throws Error (usage) with file, line and key.
std::vector<QuestionSpec> read_questions(TableReader& root, const std::string& file,
                                         const std::vector<std::string>& variants);

}  // namespace qmtl
