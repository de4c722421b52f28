// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/hdf5/hdf5.h"
#include "io/runs/checkpoint.h"
#include "runtime/base/hash.h"

namespace qmtl {

// The parts of a checkpoint (io/FORMATS.md). Of each: the rules that a written and a read one must keep, how
// it lies in the file, what of it is hashed. Each check throws Error (data), its message beginning with
// `where`.

/// Parameters and the optimiser's moments, each a group of named tensors.
void check_params(const Checkpoint& checkpoint, const std::string& where);
void write_params(hdf5::File& file, const Checkpoint& checkpoint);
void read_params(const hdf5::File& file, Checkpoint& checkpoint);
void hash_params(Sha256& hash, const Checkpoint& checkpoint);

/// The epochs that are over, each number of theirs a column.
void check_history(const std::vector<EpochRecord>& history, const std::string& where);
void write_history(hdf5::File& file, const std::vector<EpochRecord>& history);
std::vector<EpochRecord> read_history(const hdf5::File& file);
void hash_history(Sha256& hash, const std::vector<EpochRecord>& history);

/// Statistics of inputs and labels.
void check_statistics(const Statistics& statistics, const std::string& where);
void write_statistics(hdf5::File& file, const Statistics& statistics);
Statistics read_statistics(const hdf5::File& file);
void hash_statistics(Sha256& hash, const Statistics& statistics);

[[noreturn]] void inconsistent(const std::string& where, const std::string& what);

/// Members of a group in the order of their attribute `index`, which must count from 0.
std::vector<std::string> indexed_children(const hdf5::File& file, const std::string& group);

/// As many epochs as train.epochs may be, and steps of all of them: one more is a number too.
constexpr std::int64_t most_counted = 1'000'000'000, most_steps = most_counted * most_counted;

/// An epoch or a step in it as it is kept; what fits no such number becomes one that no checkpoint may have.
inline int counted(std::int64_t value) {
  return value < 0 || value > most_counted ? -1 : static_cast<int>(value);
}

/// Refuses what others cannot use as a number of epochs or steps, or as a place among them.
void require_within(std::int64_t value, std::int64_t most, const char* name, const std::string& where);

}  // namespace qmtl
