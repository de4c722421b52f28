// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/sample_blocks.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <numeric>

#include "io/data/dataset.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

/// So many that all threads have shards of them, and no more numbers than a few ten megabytes hold.
std::size_t block_of(const ModelSpec& spec) {
  constexpr std::size_t numbers = 1 << 22, least = 1024, most = 16384;
  const std::size_t width =
      std::accumulate(spec.input_widths.begin(), spec.input_widths.end(), std::size_t{1});
  return std::clamp(numbers / width, least, most);
}

/// Samples of a data set, without their labels.
Dataset part_of(const Dataset& data, std::size_t first, std::size_t count) {
  Dataset part;
  part.samples = count;
  part.hash = data.hash;
  part.description = data.description;
  const auto cut = [&](const auto& values, auto& to, std::size_t width) {
    if (values.empty()) return;
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first * width);
    to.assign(begin, begin + static_cast<std::ptrdiff_t>(count * width));
  };
  cut(data.split, part.split, 1);
  cut(data.ids, part.ids, 1);
  for (const Input& from : data.inputs) {
    Input& input = part.inputs.emplace_back();
    input.name = from.name;
    input.shape = from.shape;
    input.width = from.width;
    input.shift = from.shift;
    input.column_names = from.column_names;
    input.units = from.units;
    if (from.rows) {
      input.values.resize(count * from.width);
      from.rows->read(first, count, input.values.data());
    } else {
      cut(from.values, input.values, from.width);
    }
  }
  return part;
}

/// A data set whose numbers stay in its file where every rank has that.
Dataset open_data(const Ranks& ranks, const std::string& path) {
  std::int64_t absent = std::filesystem::exists(path) ? 0 : 1;
  ranks.max({&absent, 1});
  if (absent != 0) return load_dataset(ranks, path);
  Dataset data;
  ranks.together([&] { data = read_dataset_in_place(path); });
  ranks.require_equal("the data set " + path, data.hash);
  return data;
}

}  // namespace

SampleBlocks::SampleBlocks(const Ranks& ranks, const Checkpoint& checkpoint, const NewSamples& given)
    : ranks_(ranks), checkpoint_(checkpoint), given_(given), most_(block_of(checkpoint.config.model)) {
  if (!is_dataset(ranks, given.file)) {
    ranks.together([&] {
      files_ = std::make_unique<NewSampleBlocks>(given, checkpoint.config.model, checkpoint.meaning,
                                                 checkpoint.statistics.inputs);
    });
    return;
  }
  whole_ = open_data(ranks, given.file);
  // Labels that the model could not have been asked for are refused; then they are not looked at.
  Dataset labels;
  labels.samples = whole_->samples;
  labels.tasks = std::move(whole_->tasks);
  labels.hash = whole_->hash;
  whole_->tasks.clear();
  fit_to_model(ranks, checkpoint, given.file, labels);
}

bool SampleBlocks::read(Dataset& data) {
  if (whole_) {
    if (begun_ && first_ == whole_->samples) return false;
    data = part_of(*whole_, first_, std::min(most_, whole_->samples - first_));
    return true;
  }
  FoundSamples found;
  if (!files_->next(found, most_)) return false;
  if (ranks_.root()) say_found(given_.file, found, !begun_);
  data = std::move(found.data);
  if (!begun_) uses_ = std::move(found.uses);
  return true;
}

bool SampleBlocks::next(Dataset& data) {
  first_ = end_;
  bool more = false;
  ranks_.together([&] {
    more = read(data);
    end_ = first_ + (more ? data.samples : 0);
    // Of a data set all ranks have the same already; of other files each reads its own.
    if (more && !whole_ && ranks_.size() > 1) data.hash = dataset_hash(data);
  });
  if (!whole_) ranks_.require_equal("the samples of " + given_.file, more ? data.hash : "none");
  if (!more) return false;
  fit_to_model(ranks_, checkpoint_, given_.file, data, !begun_);
  data.tasks.clear();
  begun_ = true;
  return true;
}

}  // namespace qmtl
