// SPDX-License-Identifier: Apache-2.0
#include "io/runs/checkpoint.h"

#include <cmath>
#include <span>
#include <string>

#include "io/config/config.h"
#include "io/files/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "io/runs/checkpoint_meaning.h"
#include "io/runs/checkpoint_parts.h"
#include "runtime/base/crash_point.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace qmtl {
namespace {

using hdf5::File;

constexpr std::int64_t format_version = 1;

// Scalar integers of the training state: root attributes.
struct StateInteger {
  const char* name;
  std::int64_t (*get)(const TrainState&);
  void (*set)(TrainState&, std::int64_t);
};
constexpr StateInteger state_integers[] = {
    {"step", [](const TrainState& s) { return s.step; }, [](TrainState& s, std::int64_t v) { s.step = v; }},
    {"epoch", [](const TrainState& s) { return std::int64_t{s.epoch}; },
     [](TrainState& s, std::int64_t v) { s.epoch = counted(v); }},
    {"step_in_epoch", [](const TrainState& s) { return std::int64_t{s.step_in_epoch}; },
     [](TrainState& s, std::int64_t v) { s.step_in_epoch = counted(v); }},
    {"best_epoch", [](const TrainState& s) { return std::int64_t{s.best_epoch}; },
     [](TrainState& s, std::int64_t v) { s.best_epoch = counted(v); }},
};
struct StateReal {
  const char* name;
  double TrainState::*member;
};
constexpr StateReal state_reals[] = {{"epoch_loss_sum", &TrainState::epoch_loss_sum},
                                     {"best_score", &TrainState::best_score}};

// Sums of gradient norms of an unfinished epoch; absent between epochs.
constexpr const char* norm_sums = "/epoch_gradient_norms";
// GradNorm's; absent in other runs.
constexpr const char* task_weights = "/task_weights";
constexpr const char* first_losses = "/first_losses";

/// Every weight is above 0; a loss is -1 until its task had labels.
void check_task_weights(const TrainState& state, std::size_t tasks, const std::string& where) {
  const std::vector<double>&weights = state.task_weights, &losses = state.first_losses;
  if (weights.size() != losses.size())
    inconsistent(where, std::string(task_weights) + " and " + first_losses + " differ in length: " +
                            std::to_string(weights.size()) + " and " + std::to_string(losses.size()));
  for (std::size_t t = 0; t < weights.size(); ++t)
    if (!(weights[t] > 0.0) || !std::isfinite(weights[t]) || !std::isfinite(losses[t]))
      inconsistent(where, std::string(task_weights) + " and " + first_losses +
                              " must be finite, and the weights above 0; found " +
                              std::to_string(weights[t]) + " and " + std::to_string(losses[t]) + " of task " +
                              std::to_string(t));
  if (!weights.empty() && weights.size() != tasks)
    inconsistent(where, std::string(task_weights) + " has " + std::to_string(weights.size()) +
                            " numbers; expected one for each of the " + std::to_string(tasks) + " tasks");
}

/// The rules that a written and a read checkpoint must keep.
void check(const Checkpoint& checkpoint, const std::string& where) {
  check_params(checkpoint, where);
  const TrainState& state = checkpoint.state;
  const std::size_t norms = state.epoch_norm_sums.size();
  if (norms != 0 && norms != param_parts)
    inconsistent(where, std::string(norm_sums) + " has " + std::to_string(norms) + " numbers; expected " +
                            std::to_string(param_parts));
  require_within(state.step, most_steps, "step", where);
  require_within(state.epoch, most_counted, "epoch", where);
  require_within(state.step_in_epoch, most_counted, "step_in_epoch", where);
  require_within(state.best_epoch, static_cast<std::int64_t>(state.history.size()), "best_epoch", where);
  check_history(state.history, where);
  check_statistics(checkpoint.statistics, where);
}

/// Reads the file as it stands; the hash it claims goes to content_hash.
Checkpoint read_fields(const File& file) {
  hdf5::require_format(file, "qmtl-checkpoint", format_version);
  Checkpoint checkpoint;
  const std::vector<std::string> text = file.read_strings("/config");
  if (text.size() != 1) inconsistent(file.path(), "/config must be one text");
  checkpoint.config_text = text[0];
  read_params(file, checkpoint);
  TrainState& state = checkpoint.state;
  for (const StateInteger& entry : state_integers)
    entry.set(state, hdf5::required_int(file, "/", entry.name));
  for (const StateReal& entry : state_reals)
    state.*entry.member = hdf5::required_double(file, "/", entry.name);
  if (file.exists(norm_sums)) state.epoch_norm_sums = file.read<double>(norm_sums);
  if (file.exists(task_weights)) state.task_weights = file.read<double>(task_weights);
  if (file.exists(first_losses)) state.first_losses = file.read<double>(first_losses);
  state.history = read_history(file);
  checkpoint.statistics = read_statistics(file);
  checkpoint.meaning = read_meaning(file);
  checkpoint.data_hash = hdf5::required_string(file, "/", "data_hash");
  checkpoint.plan = hdf5::required_string(file, "/", "plan");
  checkpoint.rounding = file.string_attribute("/", "rounding").value_or("");
  checkpoint.run_hash = hdf5::required_string(file, "/", "run_hash");
  checkpoint.program_version = hdf5::required_string(file, "/", "program_version");
  checkpoint.content_hash = hdf5::required_string(file, "/", "content_hash");
  return checkpoint;
}

}  // namespace

void inconsistent(const std::string& where, const std::string& what) {
  throw data_error(where + ": the checkpoint contradicts itself: " + what);
}

void require_within(std::int64_t value, std::int64_t most, const char* name, const std::string& where) {
  if (value < 0 || value > most)
    inconsistent(where, std::string("its ") + name + " is " + std::to_string(value) + "; expected 0 to " +
                            std::to_string(most));
}

std::vector<std::string> indexed_children(const File& file, const std::string& group) {
  const std::vector<std::string> names = file.children(group);
  std::vector<std::string> ordered(names.size());
  for (const std::string& name : names) {
    const std::int64_t index = hdf5::required_int(file, group + "/" + name, "index");
    if (index < 0 || index >= static_cast<std::int64_t>(names.size()) ||
        !ordered[static_cast<std::size_t>(index)].empty())
      inconsistent(file.path(), group + "/" + name + " has the index " + std::to_string(index));
    ordered[static_cast<std::size_t>(index)] = name;
  }
  return ordered;
}

std::string checkpoint_hash(const Checkpoint& checkpoint) {
  Sha256 hash;
  hash.update_text("qmtl-checkpoint");
  hash.update_text(checkpoint.config_text);
  hash_params(hash, checkpoint);
  const TrainState& state = checkpoint.state;
  for (const StateInteger& entry : state_integers)
    hash.update_number(static_cast<std::uint64_t>(entry.get(state)));
  for (const StateReal& entry : state_reals) hash.update_number(state.*entry.member);
  if (!state.epoch_norm_sums.empty()) hash.update_array(state.epoch_norm_sums);
  if (!state.task_weights.empty()) {
    hash.update_array(state.task_weights);
    hash.update_array(state.first_losses);
  }
  hash_history(hash, state.history);
  hash_statistics(hash, checkpoint.statistics);
  hash.update_text(checkpoint.data_hash);
  hash.update_text(checkpoint.plan);
  if (!checkpoint.rounding.empty()) hash.update_text(checkpoint.rounding);
  hash.update_text(checkpoint.run_hash);
  hash.update_text(checkpoint.program_version);
  hash_meaning(hash, checkpoint.meaning);
  return hash.hex();
}

std::string portable_hash(Checkpoint checkpoint) {
  checkpoint.config.data_file.clear();
  checkpoint.config.run_folder.clear();
  checkpoint.rounding.clear();
  checkpoint.config_text = to_toml(checkpoint.config);
  return checkpoint_hash(checkpoint);
}

TrainedModel trained_model(const Checkpoint& checkpoint) {
  return {checkpoint.config.model, checkpoint.config.train.shots, checkpoint.params,
          checkpoint.state.params, checkpoint.statistics,         checkpoint.meaning};
}

WrittenCheckpoint write_checkpoint(const std::string& path, const Checkpoint& given) {
  Checkpoint checkpoint = given;
  if (checkpoint.config_text.empty()) checkpoint.config_text = to_toml(checkpoint.config);
  checkpoint.run_hash = run_hash(checkpoint.state);
  check(checkpoint, path);
  check_task_weights(checkpoint.state, checkpoint.config.model.tasks.size(), path);
  check_meaning(checkpoint.meaning, checkpoint.config.model, path);
  checkpoint.content_hash = checkpoint_hash(checkpoint);

  File file = File::build(path);
  file.set_attribute("/", "format", std::string_view("qmtl-checkpoint"));
  file.set_attribute("/", "version", format_version);
  file.set_attribute("/", "program_version", checkpoint.program_version);
  file.set_attribute("/", "data_hash", checkpoint.data_hash);
  file.set_attribute("/", "plan", checkpoint.plan);
  if (!checkpoint.rounding.empty()) file.set_attribute("/", "rounding", checkpoint.rounding);
  file.set_attribute("/", "run_hash", checkpoint.run_hash);
  file.set_attribute("/", "content_hash", checkpoint.content_hash);
  for (const StateInteger& entry : state_integers)
    file.set_attribute("/", entry.name, entry.get(checkpoint.state));
  for (const StateReal& entry : state_reals)
    file.set_attribute("/", entry.name, checkpoint.state.*entry.member);
  file.write_strings("/config", std::span(&checkpoint.config_text, 1));
  write_params(file, checkpoint);
  const std::vector<double>& norms = checkpoint.state.epoch_norm_sums;
  if (!norms.empty()) file.write<double>(norm_sums, {norms.size()}, norms);
  if (!checkpoint.state.task_weights.empty()) {
    file.write<double>(task_weights, {checkpoint.state.task_weights.size()}, checkpoint.state.task_weights);
    file.write<double>(first_losses, {checkpoint.state.first_losses.size()}, checkpoint.state.first_losses);
  }
  write_history(file, checkpoint.state.history);
  write_statistics(file, checkpoint.statistics);
  write_meaning(file, checkpoint.meaning);
  const std::vector<std::byte> image = file.image();
  write_file(path, image, [&](const std::string& written) {
    crash_point("save:written");
    if (read_checkpoint(written).content_hash != checkpoint.content_hash)
      throw data_error(path + ": what was written does not read back; the disk may be faulty");
    crash_point("save:verified");
  });
  return {checkpoint.content_hash, image.size()};
}

Checkpoint read_checkpoint(const std::string& path) {
  Checkpoint checkpoint = read_fields(File::open(path));
  check(checkpoint, path);
  const std::string found = checkpoint_hash(checkpoint);
  if (found != checkpoint.content_hash)
    throw data_error(path + ": the content hash does not match (expected " + checkpoint.content_hash +
                     ", found " + found + "); the checkpoint is damaged or was edited: use an older one");
  if (const std::string run = run_hash(checkpoint.state); run != checkpoint.run_hash)
    throw data_error(path + ": the run hash does not belong to the parameters (expected " +
                     checkpoint.run_hash + ", found " + run +
                     "); the checkpoint is damaged: use an older one");
  checkpoint.config = parse_config(checkpoint.config_text, path + " (configuration)");
  check_task_weights(checkpoint.state, checkpoint.config.model.tasks.size(), path);
  check_meaning(checkpoint.meaning, checkpoint.config.model, path);
  return checkpoint;
}

}  // namespace qmtl
