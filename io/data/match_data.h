// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/model/meaning.h"

namespace qmtl {

/// What was done to make a data set mean what a model means, for logs.
struct MatchReport {
  std::vector<std::string> notes;   ///< what was put into another order
  std::vector<std::string> doubts;  ///< what was taken by its place, because one side has no names
};

/// "a, b, c": for messages, at most so many that a person reads them.
std::string listed_names(const std::vector<std::string>& names);

/// For each of `wanted` its place among `found`. Throws Error (data), beginning with `where`, unless both
/// hold the same names; the message has both lists and what is missing.
std::vector<std::size_t> match_columns(const std::vector<std::string>& wanted,
                                       const std::vector<std::string>& found, const std::string& where);

/// For each class of `found` the class of `known` that it is, -1: none. Names are compared as texts, then as
/// numbers ("1" is "1.0"). Of a binary task "not x" is every class but x.
std::vector<int> match_classes(const std::vector<std::string>& known, const std::vector<std::string>& found,
                               TaskKind kind);

/// Puts columns and classes of the data set into the order in which the model has them, by their names:
/// columns of inputs, classes of labels (a class that the data set lacks is no fault), columns of multilabel
/// tasks (one that it lacks has no labels). What only one side has names for is taken by its place. Throws
/// Error (data), its message beginning with `where`, for other columns than the model's, a labelled class
/// that the model does not know, and other units.
MatchReport match_data(Dataset& data, const ModelSpec& spec, const Meaning& meaning,
                       const std::string& where);

/// Gives the data set's inputs and tasks those names that it lacks.
void adopt_meaning(Dataset& data, const Meaning& meaning);

}  // namespace qmtl
