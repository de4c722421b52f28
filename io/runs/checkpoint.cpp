// SPDX-License-Identifier: Apache-2.0
#include "io/runs/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "io/config/config.h"
#include "io/data/dataset.h"
#include "io/files/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "io/runs/checkpoint_meaning.h"
#include "runtime/base/crash_point.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace qmtl {
namespace {

using hdf5::File;

constexpr std::int64_t format_version = 1;

// Numbers of an epoch record, one dataset each under /history: the table that writing, reading and hashing
// share.
constexpr std::int64_t most_counted = std::numeric_limits<int>::max();

/// An epoch or a step in it as it is kept; what fits no such number becomes one that no checkpoint may have.
int counted(std::int64_t value) { return value < 0 || value > most_counted ? -1 : static_cast<int>(value); }

struct HistoryInteger {
  const char* name;
  std::int64_t (*get)(const EpochRecord&);
  void (*set)(EpochRecord&, std::int64_t);
};
constexpr HistoryInteger history_integers[] = {
    {"epoch", [](const EpochRecord& r) { return std::int64_t{r.epoch}; },
     [](EpochRecord& r, std::int64_t v) { r.epoch = counted(v); }},
    {"step", [](const EpochRecord& r) { return r.step; }, [](EpochRecord& r, std::int64_t v) { r.step = v; }},
};
struct HistoryReal {
  const char* name;
  double EpochRecord::*member;
};
constexpr HistoryReal history_reals[] = {{"learning_rate", &EpochRecord::learning_rate},
                                         {"train_loss", &EpochRecord::train_loss},
                                         {"validation_loss", &EpochRecord::validation_loss},
                                         {"validation_mean", &EpochRecord::validation_mean}};

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

// The parameter vectors, each a group of named tensors.
struct Vector {
  const char* group;
  std::vector<double> TrainState::*member;
};
constexpr Vector vectors[] = {
    {"/params", &TrainState::params}, {"/moment1", &TrainState::moment1}, {"/moment2", &TrainState::moment2}};

// Sums of gradient norms of an unfinished epoch; absent between epochs.
constexpr const char* norm_sums = "/epoch_gradient_norms";

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

std::size_t product(const std::vector<std::size_t>& shape) {
  std::size_t result = 1;
  for (std::size_t extent : shape) result *= extent;
  return result;
}

[[noreturn]] void inconsistent(const std::string& where, const std::string& what) {
  throw data_error(where + ": the checkpoint contradicts itself: " + what);
}

// The group /standardisation holds the inputs' statistics and then the labels', these under "label:<task>".
constexpr std::string_view label_prefix = "label:";

std::vector<Standardisation> entries(const Statistics& statistics) {
  std::vector<Standardisation> all = statistics.inputs;
  for (const LabelStatistics& label : statistics.labels)
    all.push_back({std::string(label_prefix) + label.task, {label.mean}, {label.deviation}});
  return all;
}

void add_entry(Standardisation entry, Statistics& statistics, const std::string& where) {
  if (!entry.input.starts_with(label_prefix)) {
    statistics.inputs.push_back(std::move(entry));
    return;
  }
  if (entry.mean.size() != 1 || entry.deviation.size() != 1)
    inconsistent(where, "/standardisation/" + entry.input + " has " + std::to_string(entry.mean.size()) +
                            " means and " + std::to_string(entry.deviation.size()) +
                            " deviations; expected one of each");
  statistics.labels.push_back(
      {entry.input.substr(label_prefix.size()), entry.mean.front(), entry.deviation.front()});
}

/// What others use as numbers of epochs and steps, and as places in the history.
void check_position(const TrainState& state, const std::string& where) {
  const auto require = [&](bool right, const char* name, std::int64_t value, std::int64_t most) {
    if (!right)
      inconsistent(where, std::string("its ") + name + " is " + std::to_string(value) + "; expected 0 to " +
                              std::to_string(most));
  };
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto epochs = static_cast<std::int64_t>(state.history.size());
  require(state.step >= 0, "step", state.step, most);
  require(state.epoch >= 0, "epoch", state.epoch, most_counted);
  require(state.step_in_epoch >= 0, "step_in_epoch", state.step_in_epoch, most_counted);
  require(state.best_epoch >= 0 && state.best_epoch <= epochs, "best_epoch", state.best_epoch, epochs);
  for (const EpochRecord& record : state.history) {
    require(record.epoch >= 0, "history's epoch", record.epoch, most_counted);
    require(record.step >= 0, "history's step", record.step, most);
  }
}

/// The rules that a written and a read checkpoint must keep.
void check(const Checkpoint& checkpoint, const std::string& where) {
  std::size_t offset = 0;
  for (const ParamInfo& param : checkpoint.params) {
    check_name(param.name, "a parameter", where);
    if (param.offset != offset || param.size != product(param.shape))
      inconsistent(where, "parameter " + param.name + " of shape " + hdf5::text(param.shape) + " has " +
                              std::to_string(param.size) + " numbers at " + std::to_string(param.offset) +
                              "; expected the product of its shape, at " + std::to_string(offset));
    offset += param.size;
  }
  for (const Vector& vector : vectors) {
    const std::size_t found = (checkpoint.state.*vector.member).size();
    if (found != offset && (found != 0 || vector.member == &TrainState::params))
      inconsistent(where, std::string(vector.group) + " has " + std::to_string(found) +
                              " numbers; the parameters' shapes add up to " + std::to_string(offset));
  }
  const std::size_t norms = checkpoint.state.epoch_norm_sums.size();
  if (norms != 0 && norms != param_parts)
    inconsistent(where, std::string(norm_sums) + " has " + std::to_string(norms) + " numbers; expected " +
                            std::to_string(param_parts));
  check_position(checkpoint.state, where);
  for (const ParamInfo& param : checkpoint.params)
    for (std::size_t i = 0; i < param.size; ++i)
      if (!std::isfinite(checkpoint.state.params[param.offset + i]))
        throw data_error(where + ": number " + std::to_string(i) + " of parameter " + param.name +
                         " is not finite; the training has run away: use an older checkpoint, and a smaller "
                         "train.learning_rate");
  const auto& history = checkpoint.state.history;
  for (const EpochRecord& record : history)
    if (record.validation.size() != history.front().validation.size())
      inconsistent(where, "the epochs of its history have different numbers of tasks");
  for (const Standardisation& part : entries(checkpoint.statistics)) {
    check_name(part.input, "an input", where);
    if (part.mean.size() != part.deviation.size())
      inconsistent(where, "standardisation of input " + part.input + " has " +
                              std::to_string(part.mean.size()) + " means and " +
                              std::to_string(part.deviation.size()) + " deviations");
  }
}

void write_history(File& file, const std::vector<EpochRecord>& history) {
  for (const HistoryInteger& column : history_integers) {
    std::vector<std::int64_t> values;
    for (const EpochRecord& record : history) values.push_back(column.get(record));
    file.write<std::int64_t>(std::string("/history/") + column.name, {values.size()}, values);
  }
  for (const HistoryReal& column : history_reals) {
    std::vector<double> values;
    for (const EpochRecord& record : history) values.push_back(record.*column.member);
    file.write<double>(std::string("/history/") + column.name, {values.size()}, values);
  }
  std::vector<double> validation;
  for (const EpochRecord& record : history)
    validation.insert(validation.end(), record.validation.begin(), record.validation.end());
  file.write<double>("/history/validation",
                     {history.size(), history.empty() ? 0 : history.front().validation.size()}, validation);
}

/// Reads a column of /history and makes sure that it has one value for each epoch.
template <class T>
std::vector<T> read_column(const File& file, const std::string& name, std::size_t epochs) {
  std::vector<T> values = file.read<T>("/history/" + name);
  if (values.size() != epochs)
    inconsistent(file.path(), "/history/" + name + " has " + std::to_string(values.size()) +
                                  " values; expected " + std::to_string(epochs));
  return values;
}

std::vector<EpochRecord> read_history(const File& file) {
  // The first column tells how many epochs there are: its size is known to fit the file, unlike a claimed
  // shape.
  const std::size_t epochs = file.read<std::int64_t>("/history/epoch").size();
  const hdf5::Info info = file.info("/history/validation");
  if (info.shape.size() != 2 || info.shape[0] != epochs)
    inconsistent(file.path(), "/history/validation has the shape " + hdf5::text(info.shape) + "; expected [" +
                                  std::to_string(epochs) + ", tasks]");
  const std::size_t tasks = info.shape[1];
  const std::vector<double> validation = file.read<double>("/history/validation");
  std::vector<EpochRecord> history(epochs);
  for (const HistoryInteger& column : history_integers) {
    const auto values = read_column<std::int64_t>(file, column.name, epochs);
    for (std::size_t i = 0; i < history.size(); ++i) column.set(history[i], values[i]);
  }
  for (const HistoryReal& column : history_reals) {
    const auto values = read_column<double>(file, column.name, epochs);
    for (std::size_t i = 0; i < history.size(); ++i) history[i].*column.member = values[i];
  }
  for (std::size_t i = 0; i < history.size(); ++i)
    history[i].validation.assign(validation.begin() + static_cast<std::ptrdiff_t>(i * tasks),
                                 validation.begin() + static_cast<std::ptrdiff_t>((i + 1) * tasks));
  return history;
}

/// Members of a group in the order of their attribute `index`, which must count from 0.
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

void write_params(File& file, const Checkpoint& checkpoint) {
  for (const Vector& vector : vectors) {
    const std::vector<double>& values = checkpoint.state.*vector.member;
    if (values.empty() && vector.member != &TrainState::params) continue;
    file.make_group(vector.group);
    for (std::size_t i = 0; i < checkpoint.params.size(); ++i) {
      const ParamInfo& param = checkpoint.params[i];
      const std::string object = std::string(vector.group) + "/" + param.name;
      file.write<double>(object, param.shape, std::span(values).subspan(param.offset, param.size));
      if (vector.member != &TrainState::params) continue;
      file.set_attribute(object, "index", static_cast<std::int64_t>(i));
      file.set_attribute(object, "head", std::int64_t{param.head});
      file.set_attribute(object, "decay", std::int64_t{param.decay});
    }
  }
}

void read_params(const File& file, Checkpoint& checkpoint) {
  std::size_t offset = 0;
  for (const std::string& name : indexed_children(file, "/params")) {
    const std::string object = "/params/" + name;
    const hdf5::Info info = file.info(object);
    ParamInfo param;
    param.name = name;
    param.shape = info.shape;
    param.offset = offset;
    param.size = info.elements;
    param.head = hdf5::required_int(file, object, "head") != 0;
    param.decay = hdf5::required_int(file, object, "decay") != 0;
    offset += param.size;
    checkpoint.params.push_back(std::move(param));
  }
  for (const Vector& vector : vectors) {
    if (vector.member != &TrainState::params && !file.exists(vector.group)) continue;
    if (file.children(vector.group).size() != checkpoint.params.size())
      inconsistent(file.path(), std::string(vector.group) + " and /params have different members");
    std::vector<double>& values = checkpoint.state.*vector.member;
    for (const ParamInfo& param : checkpoint.params) {
      const std::string object = std::string(vector.group) + "/" + param.name;
      if (file.info(object).shape != param.shape)
        inconsistent(file.path(),
                     object + " does not have the shape " + hdf5::text(param.shape) + " of the parameter");
      const std::vector<double> part = file.read<double>(object);
      values.insert(values.end(), part.begin(), part.end());
    }
  }
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
  state.history = read_history(file);
  for (const std::string& member : indexed_children(file, "/standardisation")) {
    const std::string group = "/standardisation/" + member;
    add_entry({member, file.read<double>(group + "/mean"), file.read<double>(group + "/deviation")},
              checkpoint.statistics, file.path());
  }
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

std::string checkpoint_hash(const Checkpoint& checkpoint) {
  Sha256 hash;
  hash.update_text("qmtl-checkpoint");
  hash.update_text(checkpoint.config_text);
  for (const ParamInfo& param : checkpoint.params) {
    hash.update_text(param.name);
    hash.update_number(static_cast<std::uint64_t>(param.shape.size()));
    for (std::size_t extent : param.shape) hash.update_number(static_cast<std::uint64_t>(extent));
    hash.update_number(std::uint64_t{param.head});
    hash.update_number(std::uint64_t{param.decay});
  }
  const TrainState& state = checkpoint.state;
  for (const Vector& vector : vectors) hash.update_array(state.*vector.member);
  for (const StateInteger& entry : state_integers) hash.update_number(bits(entry.get(state)));
  for (const StateReal& entry : state_reals) hash.update_number(state.*entry.member);
  if (!state.epoch_norm_sums.empty()) hash.update_array(state.epoch_norm_sums);
  hash.update_number(static_cast<std::uint64_t>(state.history.size()));
  for (const EpochRecord& record : state.history) {
    for (const HistoryInteger& column : history_integers) hash.update_number(bits(column.get(record)));
    for (const HistoryReal& column : history_reals) hash.update_number(record.*column.member);
    hash.update_array(record.validation);
  }
  for (const Standardisation& part : entries(checkpoint.statistics)) {
    hash.update_text(part.input);
    hash.update_array(part.mean);
    hash.update_array(part.deviation);
  }
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
  file.make_group("/history");
  write_history(file, checkpoint.state.history);
  file.make_group("/standardisation");
  const std::vector<Standardisation> statistics = entries(checkpoint.statistics);
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    const Standardisation& part = statistics[i];
    const std::string group = "/standardisation/" + part.input;
    file.make_group(group);
    file.set_attribute(group, "index", static_cast<std::int64_t>(i));
    file.write<double>(group + "/mean", {part.mean.size()}, part.mean);
    file.write<double>(group + "/deviation", {part.deviation.size()}, part.deviation);
  }
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
  check_meaning(checkpoint.meaning, checkpoint.config.model, path);
  return checkpoint;
}

}  // namespace qmtl
