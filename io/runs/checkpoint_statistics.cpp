// SPDX-License-Identifier: Apache-2.0
#include <string_view>
#include <utility>

#include "io/data/dataset.h"
#include "io/runs/checkpoint_parts.h"

namespace qmtl {
namespace {

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

}  // namespace

void check_statistics(const Statistics& statistics, const std::string& where) {
  for (const Standardisation& part : entries(statistics)) {
    check_name(part.input, "an input", where);
    if (part.mean.size() != part.deviation.size())
      inconsistent(where, "standardisation of input " + part.input + " has " +
                              std::to_string(part.mean.size()) + " means and " +
                              std::to_string(part.deviation.size()) + " deviations");
  }
}

void write_statistics(hdf5::File& file, const Statistics& statistics) {
  file.make_group("/standardisation");
  const std::vector<Standardisation> parts = entries(statistics);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Standardisation& part = parts[i];
    const std::string group = "/standardisation/" + part.input;
    file.make_group(group);
    file.set_attribute(group, "index", static_cast<std::int64_t>(i));
    file.write<double>(group + "/mean", {part.mean.size()}, part.mean);
    file.write<double>(group + "/deviation", {part.deviation.size()}, part.deviation);
  }
}

Statistics read_statistics(const hdf5::File& file) {
  Statistics statistics;
  for (const std::string& member : indexed_children(file, "/standardisation")) {
    const std::string group = "/standardisation/" + member;
    add_entry({member, file.read<double>(group + "/mean"), file.read<double>(group + "/deviation")},
              statistics, file.path());
  }
  return statistics;
}

void hash_statistics(Sha256& hash, const Statistics& statistics) {
  for (const Standardisation& part : entries(statistics)) {
    hash.update_text(part.input);
    hash.update_array(part.mean);
    hash.update_array(part.deviation);
  }
}

}  // namespace qmtl
