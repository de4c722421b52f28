// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/model/trained_model.h"
#include "runtime/train/config.h"

namespace qmtl {

/// A saved training state with everything needed to continue, evaluate or convert it.
struct Checkpoint {
  std::string config_text;  ///< exact text that `config` is parsed from; empty when writing: to_toml(config)
  Config config;
  std::vector<ParamInfo> params;  ///< in order of offset, covering state.params without gaps
  TrainState state;
  Statistics statistics;
  Meaning meaning;           ///< of the model's inputs and tasks; empty in older files
  std::string data_hash;     ///< Dataset::hash of the training data
  std::string plan;          ///< the engine plan that ran
  std::string rounding;      ///< rounding_of the instruction set that trained; "" in older files
  std::string run_hash;      ///< run_hash(state); filled when writing
  std::string content_hash;  ///< checkpoint_hash; filled when reading
  std::string program_version;
};

/// The model in a checkpoint.
TrainedModel trained_model(const Checkpoint& checkpoint);

/// What was written and read back.
struct WrittenCheckpoint {
  std::string content_hash;
  std::uint64_t bytes = 0;
};

/// Saves atomically (io/files/atomic_file.h) after reading the written bytes back and comparing. Equal
/// checkpoints give equal bytes. Throws Error (data) if `checkpoint` contradicts itself (shapes, lengths,
/// names) or cannot be saved; an older file of that name is then untouched.
WrittenCheckpoint write_checkpoint(const std::string& path, const Checkpoint& checkpoint);

/// Reads and verifies: format and version, names, shapes, content hash and run hash. Throws Error (data) that
/// names the file and the damaged part; never returns a checkpoint that differs from what was written.
Checkpoint read_checkpoint(const std::string& path);

/// SHA-256 over every field but the hashes themselves.
std::string checkpoint_hash(const Checkpoint& checkpoint);

/// The same without the places of data set and run folder and the processor's rounding: equal wherever the
/// training ran.
std::string portable_hash(Checkpoint checkpoint);

}  // namespace qmtl
