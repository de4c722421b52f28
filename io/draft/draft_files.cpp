// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "io/config/toml_tools.h"
#include "io/draft/column_profile.h"
#include "io/draft/draft.h"
#include "io/hdf5/hdf5.h"
#include "io/import/import_files.h"
#include "io/sources/array_file.h"
#include "io/sources/file_kind.h"
#include "io/sources/image_file.h"
#include "io/sources/npz.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/nearest.h"

namespace qmtl {
namespace {

/// One array of a file; `dataset` is its name there, "" of one alone.
struct Candidate {
  std::string dataset;
  std::vector<std::size_t> shape;
  ColumnProfile profile;  ///< of an array [N] or [N, 1]
  bool column = false, number = true;
};

void collect_datasets(const hdf5::File& file, const std::string& group, int depth,
                      std::vector<std::string>& found) {
  constexpr int deepest = 8;
  constexpr std::size_t most = 1000;
  for (const std::string& name : file.children(group)) {
    const std::string object = group == "/" ? "/" + name : group + "/" + name;
    if (found.size() >= most) return;
    bool dataset = true;
    try {
      file.info(object);
    } catch (const Error&) {
      dataset = false;  // a group, or what cannot be read
    }
    if (dataset)
      found.push_back(object);
    else if (depth < deepest)
      collect_datasets(file, object, depth + 1, found);
  }
}

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  if (is_hdf5_file(path)) {
    // A group that is none is no error here: its children are not listed.
    const hdf5::File file = hdf5::File::open(path);
    collect_datasets(file, "/", 0, names);
    return names;
  }
  const std::string bytes = read_file(path);
  return is_zip(bytes) ? npz_names(bytes, path) : std::vector<std::string>{""};
}

Candidate candidate(const std::string& path, const std::string& dataset) {
  const ArrayFile array = read_array(path, dataset);
  Candidate one{dataset, array.shape, {}, false, array.texts.empty()};
  one.column = array.shape.size() == 1 || (array.shape.size() == 2 && array.shape[1] == 1);
  one.profile.name = dataset.substr(dataset.rfind('/') + 1);
  for (std::size_t i = 0; one.column && i < array.samples(); ++i) one.profile.add(array.text(i), {});
  return one;
}

std::string source_keys(const std::string& file, const std::string& dataset) {
  return "file = " + toml_string(file) + "\n" +
         (dataset.empty() ? "" : "dataset = " + toml_string(dataset) + "\n");
}

std::string task_of(const Candidate& one, const std::string& column) {
  const std::vector<std::string> values =
      one.profile.many ? std::vector<std::string>{} : one.profile.values({});
  std::string toml = task_heading(one.profile.name) + "column = " + toml_string(column) + "\n";
  if (one.profile.many ||
      (one.profile.is_number() && values.size() != 2 && (!one.profile.whole || values.size() > 20)))
    return toml + "kind = \"regression\"\n";
  if (values.size() != 2) return toml + "kind = \"multiclass\"\n";
  toml += "kind = \"binary\"\n";
  if (values[0] == "0" && values[1] == "1") return toml;
  return toml + "classes = [" + toml_string(values[0]) + ", " + toml_string(values[1]) +
         "]   # negative, positive\n";
}

}  // namespace

std::string draft_of_arrays(const DraftRequest& request, const std::string& file) {
  std::vector<Candidate> all;
  std::map<std::size_t, std::size_t> samples;
  std::string toml = "# Found:\n";
  std::vector<std::string> names;
  for (const std::string& name : names_in(request.source)) {
    try {
      all.push_back(candidate(request.source, name));
    } catch (const Error& error) {
      toml += "#   " + shown(name, 100) + ": left out; " + shown(error.what(), 300) + "\n";
      continue;
    }
    const Candidate& one = all.back();
    names.push_back(one.profile.name);
    ++samples[one.shape[0]];
    toml += "#   " + shown(name.empty() ? "the array" : name, 100) + ": shape " + hdf5::text(one.shape) +
            (one.column ? ", " + one.profile.described({}) : "") + "\n";
  }
  if (all.empty()) throw data_error(request.source + ": expected arrays of numbers or texts, found none");
  const std::size_t rows = std::max_element(samples.begin(), samples.end(), [](const auto& a, const auto& b) {
                             return a.second < b.second;
                           })->first;
  std::vector<std::string> labels = request.labels;
  for (const std::string& label : labels)
    if (std::find(names.begin(), names.end(), label) == names.end())
      throw usage_error("--label: " + request.source + " has no array \"" + shown(label) +
                        "\"; the nearest is \"" + shown(nearest(label, names)) + "\"");
  static const std::set<std::string> customary{"y", "label", "labels", "target", "targets", "class", "Y"};
  for (const Candidate& one : all)
    if (request.labels.empty() && one.column && customary.contains(one.profile.name))
      labels.push_back(one.profile.name);
  std::string inputs, columns, tasks;
  for (const Candidate& one : all) {
    const bool label = std::find(labels.begin(), labels.end(), one.profile.name) != labels.end();
    const std::string name = one.profile.name.empty() ? "x" : one.profile.name;
    if (one.shape[0] != rows) continue;
    if (label && !one.column)
      throw usage_error("--label: array " + shown(name) + " has shape " + hdf5::text(one.shape) +
                        ", not one value a row; write a task of kind multilabel by hand, or name another");
    if (label) {
      columns += "\n[column." + written_key(name) + "]\n" + source_keys(file, one.dataset);
      tasks += "\n" + task_of(one, name);
    } else if (one.number && (!one.column || one.profile.kind() == ColumnKind::number)) {
      inputs += "\n[input." + written_key(name) + "]\n" + source_keys(file, one.dataset);
    } else {
      toml += "# Left out: " + shown(name, 100) + "\n";
    }
  }
  if (tasks.empty())
    tasks =
        "\n# Which array is the label? Draft again with --label NAME, or name a file of labels:\n"
        "# [column.y]\n# file = \"labels.npy\"\n# [task.y]\n# column = \"y\"\n# kind = \"multiclass\"\n";
  return toml + inputs + columns + tasks + "\n" + draft_of_split("");
}

std::string draft_of_pictures(const DraftRequest& request, const std::string& folder) {
  if (!request.labels.empty())
    throw usage_error(
        "--label: a folder of pictures has its label in the names of its sub-folders; leave it out");
  ImportReport report;
  const std::vector<AddedColumn> columns = list_class_folders(request.source, report);
  std::map<std::string, std::size_t> classes;
  for (const std::string& name : columns[0].cells) ++classes[name];
  std::set<std::pair<std::size_t, std::size_t>> sizes;
  std::set<std::size_t> channels;
  constexpr std::size_t looked_at = 200;
  const std::size_t step = std::max<std::size_t>(1, columns[1].cells.size() / looked_at);
  for (std::size_t i = 0; i < columns[1].cells.size(); i += step) {
    const Image image = read_image(request.source + "/" + columns[1].cells[i]);
    sizes.emplace(image.height, image.width);
    channels.insert(image.channels);
  }
  std::string toml = "# Found: " + std::to_string(columns[0].cells.size()) + " pictures\n",
              kind = "multiclass";
  for (const auto& [name, count] : classes)
    toml += "#   " + shown(name, 100) + ": " + std::to_string(count) + "\n";
  for (const Guess& guess : report.guesses)
    toml += "# " + shown(guess.where + ": " + guess.found, 300) + "\n";
  const auto [height, width] = *sizes.begin();
  toml += "\n[input.picture]\nimages = " + toml_string(folder) + "\n";
  const std::string size = "[" + std::to_string(height) + ", " + std::to_string(width) + "]";
  if (sizes.size() > 1 || height * width > 128 * 128)
    toml += "size = " + (height * width > 128 * 128 ? std::string("[64, 64]") : size) +
            "   # height and width to scale to; found: " + std::to_string(sizes.size()) +
            " sizes, the smallest " + size + "\n";
  if (channels.size() > 1) toml += "grey = false   # some pictures are grey, some coloured\n";
  std::size_t fewest = columns[0].cells.size();
  for (const auto& [name, count] : classes) fewest = std::min(fewest, count);
  if (classes.size() == 2) kind = "binary";
  toml += "\n[task.class]\ncolumn = \"class\"\nkind = \"" + kind + "\"\n";
  if (classes.size() == 2)
    toml += "classes = [" + toml_string(classes.begin()->first) + ", " +
            toml_string(classes.rbegin()->first) + "]   # negative, positive: is it the other way round?\n";
  return toml + "\n" + draft_of_split(fewest >= 10 ? "class" : "");
}

}  // namespace qmtl
