// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/edge/edge_file.h"

namespace qmtl {

/// One operation of a head file, as in runtime/edge/FORMAT.md; `kind` is one of QE_COPY ... QE_GATED.
struct EdgeOp {
  std::uint32_t kind = 0, variant = 0, extra = 0;
  std::uint32_t source = 0, target = 0, second = 0;  ///< places; `second` of an image: height + 65536 width
  std::uint32_t a = 0, b = 0, c = 0;
  std::vector<float> floats;
  std::vector<std::uint32_t> words;
  std::vector<std::int16_t> packed;  ///< variant 1: each fits into a byte
};

/// An input (kind 0) or a task, and its numbers in x or y.
struct EdgeItem {
  std::string name;
  std::uint32_t kind = 0, first = 0, count = 0;
  /// Of an input its columns with their units, of a task its classes or, of regression, its unit; or none.
  std::vector<std::string> names = {};
};

/// A whole model as a list of operations: what head files and generated C are written from.
struct EdgeModel {
  std::vector<EdgeOp> ops;
  std::uint32_t arena = 0, x = 0, y = 0;  ///< numbers
  std::vector<EdgeItem> inputs, tasks;
  std::vector<float> samples;  ///< for the self test: x and y of one after another
  std::string hash;            ///< 64 hexadecimal digits, of the checkpoint
  std::string method;          ///< how the circuit is evaluated, in words; empty without one

  std::size_t sample_count() const { return x + y == 0 ? 0 : samples.size() / (x + y); }
};

/// One row per kind of operation.
struct EdgeKind {
  std::uint32_t kind;
  const char* name;
  std::uint32_t feature;  ///< that a file with such an operation needs; packed weights need QE_F_PACKED too
};
const EdgeKind& edge_kind(std::uint32_t kind);

/// The features that the model's operations need.
std::uint32_t edge_features(const EdgeModel& model);

/// What one run does, counted from the operations.
struct EdgeWork {
  double multiply_adds = 0;  ///< multiplications, and additions that go with them
  double functions = 0;      ///< sines with cosines, tanh, exp and the like
  double moves = 0;          ///< numbers copied, compared or added without a multiplication
  double convolved = 0;      ///< those of the multiplications that convolutions make, row by row of a window
};
EdgeWork edge_work(const EdgeOp& op);
EdgeWork edge_work(const EdgeModel& model);

/// Words of data of an operation in a head file.
std::size_t edge_data_words(const EdgeOp& op);

}  // namespace qmtl
