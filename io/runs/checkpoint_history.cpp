// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <span>

#include "io/runs/checkpoint_parts.h"

namespace qmtl {
namespace {

// Numbers of an epoch record, one dataset each under /history: the table that writing, reading and hashing
// share.
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

/// Reads a column of /history and makes sure that it has one value for each epoch.
template <class T>
std::vector<T> read_column(const hdf5::File& file, const std::string& name, std::size_t epochs) {
  std::vector<T> values = file.read<T>("/history/" + name);
  if (values.size() != epochs)
    inconsistent(file.path(), "/history/" + name + " has " + std::to_string(values.size()) +
                                  " values; expected " + std::to_string(epochs));
  return values;
}

}  // namespace

void check_history(const std::vector<EpochRecord>& history, const std::string& where) {
  for (const EpochRecord& record : history) {
    require_within(record.epoch, most_counted, "history's epoch", where);
    require_within(record.step, std::numeric_limits<std::int64_t>::max(), "history's step", where);
    if (record.validation.size() != history.front().validation.size())
      inconsistent(where, "the epochs of its history have different numbers of tasks");
  }
}

void write_history(hdf5::File& file, const std::vector<EpochRecord>& history) {
  file.make_group("/history");
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

std::vector<EpochRecord> read_history(const hdf5::File& file) {
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

void hash_history(Sha256& hash, const std::vector<EpochRecord>& history) {
  hash.update_number(static_cast<std::uint64_t>(history.size()));
  for (const EpochRecord& record : history) {
    for (const HistoryInteger& column : history_integers)
      hash.update_number(static_cast<std::uint64_t>(column.get(record)));
    for (const HistoryReal& column : history_reals) hash.update_number(record.*column.member);
    hash.update_array(record.validation);
  }
}

}  // namespace qmtl
