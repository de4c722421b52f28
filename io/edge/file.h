// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/edge/model.h"
#include "runtime/edge/qmtl_edge.h"

namespace qmtl {

/// The words of a head file (runtime/edge/FORMAT.md). Throws Error (data) where a number of the model is not
/// finite, Error (usage) where the model is larger than the format allows.
std::vector<std::uint32_t> edge_words(const EdgeModel& model);

/// A head file in memory, checked and ready to run with the runtime that devices have: the same bits.
class EdgeProgram {
 public:
  /// Throws Error (data) naming `where` and the runtime's reason if it refuses the file.
  EdgeProgram(std::vector<std::uint32_t> words, const std::string& where);
  EdgeProgram(const EdgeProgram&) = delete;
  EdgeProgram& operator=(const EdgeProgram&) = delete;

  std::size_t inputs() const { return qmtl_edge_inputs(&head_); }
  std::size_t outputs() const { return qmtl_edge_outputs(&head_); }
  std::size_t arena_bytes() const { return 4 * arena_.size(); }
  /// The runtime's code, 0 if all is well.
  int run(std::span<const float> x, std::span<float> y) const;
  int selftest() const;
  /// A number of the arena as the last run left it.
  std::span<const float> arena() const { return arena_; }
  std::span<const std::uint32_t> words() const { return words_; }

 private:
  std::vector<std::uint32_t> words_;
  std::vector<float> arena_;
  qmtl_edge_head head_{};
};

/// Runs `x` (whole samples one after another) and keeps them with their results as the model's samples.
/// Throws Error (data) if a sample cannot be run.
void add_samples(EdgeModel& model, std::span<const float> x);

/// Writes a head file atomically. Throws Error (data) if it cannot be saved.
void write_edge(const std::string& path, const EdgeModel& model);

/// What a head file says about itself.
struct EdgeSummary {
  std::uint32_t bytes = 0, crc = 0, features = 0, arena_bytes = 0, x = 0, y = 0, samples = 0,
                multiply_adds = 0;
  std::uint32_t major = 0, minor = 0;
  std::vector<EdgeItem> inputs, tasks;
  std::vector<std::string> ops;  ///< names of the operations, in order
  std::string hash;
  int selftest = 0;  ///< the runtime's code after replaying the samples here
};

/// Reads and checks a head file as a device would. Throws Error (data) naming the file and the reason.
EdgeSummary read_edge(const std::string& path);
/// Whether the file begins like a head file.
bool is_edge_file(const std::string& path);

}  // namespace qmtl
