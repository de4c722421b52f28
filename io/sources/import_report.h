// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace qmtl {

/// Something that an import decided by itself and that may not be what was meant.
struct Guess {
  std::string where, found, say;  ///< the place, what was decided, and what to say in the description instead
};

/// Hears how far an import is: what it does, and how much of how much is done.
using ImportProgress = std::function<void(const std::string& what, std::uint64_t done, std::uint64_t all)>;

/// What an import found, for its report.
struct ImportReport {
  struct Column {
    std::string name;
    std::size_t missing = 0;  ///< cells that are empty or NaN
  };
  struct Class {
    std::string name;
    std::size_t count = 0;
  };
  struct TaskLabels {
    std::string task;
    std::vector<std::size_t> columns;  ///< of the table
    std::size_t labels = 0, missing = 0;
    std::vector<Class> classes;  ///< of a multilabel task its columns, with how often each is 1
    double least = 0, most = 0;  ///< of a regression task
  };

  std::size_t rows = 0;
  std::vector<Column> columns;
  std::vector<TaskLabels> tasks;
  std::vector<Guess> guesses;
  std::vector<std::string> notes;  ///< worth knowing, but not open to doubt

  ImportProgress progress;

  void tell(const std::string& what, std::uint64_t done, std::uint64_t all) const {
    if (progress) progress(what, done, all);
  }
  void guess(std::string where, std::string found, std::string say) {
    guesses.push_back({std::move(where), std::move(found), std::move(say)});
  }
};

}  // namespace qmtl
