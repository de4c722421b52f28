// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/runs/checkpoint.h"
#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// How classical a trained head is, asked of the rows of a split.
struct ClassicalRequest {
  std::string checkpoint = {};       ///< a file or a run folder
  std::string split = "validation";  ///< whose rows the errors are of; without any, those of training
  double epsilon = 0.05;             ///< largest RMS error of a local model, in deviations of the logits
  std::size_t rows = 2000;           ///< at most so many, evenly spread over the split
  std::size_t limit = 1 << 14;       ///< Pauli strings of an output: beyond, nothing is written out
};

/// The expansion cut down to some of its terms; what was dropped is replaced by its mean.
struct LocalModel {
  std::size_t terms = 0;
  int degree = 0;                ///< largest of its terms
  std::size_t parameters = 0;    ///< coefficients, trained phases and a constant for each logit
  double rms = 0, greatest = 0;  ///< errors of the logits
  double changed = 0;            ///< share of decisions that are others; NaN: regression decides nothing
};

/// The terms that multiply so many coordinates of the representation.
struct DegreeShare {
  int degree = 0;
  std::size_t terms = 0;
  double variance = 0;  ///< of their sum over the rows, over the sum of that of all degrees
  double norm = 0;      ///< share of the sum of squares over independent, uniform angles
};

struct ClassicalTask {
  std::string name;
  std::size_t rows = 0, logits = 0;
  bool written = false;        ///< false: more Pauli strings than the limit, and nothing below
  std::size_t terms = 0;       ///< without constants
  double deviation = 0;        ///< RMS over the logits of their standard deviation
  double expansion_error = 0;  ///< largest difference of expansion and engine, in the logits
  std::vector<DegreeShare> degrees = {};
  LocalModel by_weight = {};  ///< the fewest terms, the largest first, within epsilon
  LocalModel by_degree = {};  ///< all terms up to the smallest degree within epsilon
};

struct ClassicalReport {
  std::string checkpoint, run_hash, head, split;
  double epsilon = 0;
  std::size_t limit = 0;
  std::size_t head_parameters = 0;
  bool circuit = false;            ///< false: a classical head, and no tasks here
  std::size_t layer_circuits = 0;  ///< of the backbone, which are not looked at
  std::vector<ClassicalTask> tasks = {};
};

/// Writes the head's logits out as sums of products of cosines and sines and cuts them down. Errors are of
/// logits as the head gives them: regression in deviations of the labels. For outputs with a bounded map
/// terms are chosen by the error in front of it, errors are behind it. Throws Error: (usage) for an unknown
/// split and an epsilon that is not above 0, (data) for files. Collective.
ClassicalReport classical_report(const Ranks& ranks, const ClassicalRequest& request);
/// The same of a checkpoint that was read.
ClassicalReport classical_report(const Ranks& ranks, const Checkpoint& checkpoint,
                                 const ClassicalRequest& request);

/// What `qmtl inspect --classical --json` prints.
nlohmann::ordered_json classical_json(const ClassicalReport& report);

/// In one sentence why there is nothing to cut down: a classical head; "" for one with a circuit.
std::string classical_remark(const ClassicalReport& report);
/// The same of a task that is not written out.
std::string classical_remark(const ClassicalReport& report, const ClassicalTask& task);

}  // namespace qmtl
