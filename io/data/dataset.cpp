// SPDX-License-Identifier: Apache-2.0
#include "io/data/dataset.h"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "io/files/atomic_file.h"
#include "io/hdf5/hdf5.h"
#include "io/sources/file_kind.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace qmtl {
namespace {

constexpr std::int64_t format_version = 1;

std::size_t product(const std::vector<std::size_t>& shape) {
  std::size_t result = 1;
  for (std::size_t extent : shape) result *= extent;
  return result;
}

template <class T>
std::vector<const T*> by_name(const std::vector<T>& members) {
  std::vector<const T*> sorted;
  for (const T& member : members) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(), [](const T* a, const T* b) { return a->name < b->name; });
  return sorted;
}

void require_samples(const std::string& path, const std::string& object, const hdf5::Info& info,
                     std::size_t rank, std::size_t samples) {
  if (info.shape.size() != rank || info.shape[0] != samples)
    throw data_error(path + ": " + object + " has shape " + hdf5::text(info.shape) + "; expected " +
                     std::to_string(samples) + (rank == 1 ? " values" : " rows of labels") +
                     ", one for each sample of /split");
}

std::string shift_object(const std::string& input) { return "/shifts/" + input; }
std::string columns_object(const std::string& input) { return "/columns/" + input; }
std::string units_object(const std::string& input) { return "/units/" + input; }
constexpr const char* description_object = "/description";
std::string classes_object(const std::string& task) { return "/tasks/" + task + "/classes"; }

/// Names that a data set may have, `count` of them.
std::vector<std::string> read_names(const hdf5::File& file, const std::string& object, std::size_t count) {
  if (!file.exists(object)) return {};
  std::vector<std::string> names = file.read_strings(object);
  if (names.size() != count)
    throw data_error(file.path() + ": " + object + ": expected " + std::to_string(count) + " names, found " +
                     std::to_string(names.size()));
  return names;
}

/// Numbers of an input, from row `first` on.
std::vector<float> read_numbers(const hdf5::File& file, const Input& input, std::size_t first,
                                std::size_t count) {
  const std::string object = "/inputs/" + input.name;
  if (input.shift.empty()) return file.read_rows<float>(object, first, count);
  const std::vector<double> numbers = file.read_rows<double>(object, first, count);
  std::vector<float> values(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    values[i] = static_cast<float>(numbers[i] - input.shift[i % input.width]);
  return values;
}

/// An input without its numbers.
Input read_input(const hdf5::File& file, const std::string& name, std::size_t samples) {
  const std::string object = "/inputs/" + name;
  const hdf5::Info info = file.info(object);
  using enum hdf5::Type;
  if (info.type != float16 && info.type != float32 && info.type != float64 && info.type != uint8)
    throw data_error(file.path() + ": " + object + " has elements of type " +
                     std::string(hdf5::name(info.type)) + "; expected float32, float16, float64 or uint8");
  if (info.shape.empty() || info.shape[0] != samples)
    throw data_error(file.path() + ": " + object + " has shape " + hdf5::text(info.shape) + "; expected " +
                     std::to_string(samples) + " rows, one for each sample of /split");
  Input input;
  input.name = name;
  input.shape.assign(info.shape.begin() + 1, info.shape.end());
  if (input.shape.empty()) input.shape = {1};
  input.width = product(input.shape);
  if (const std::string shifts = shift_object(name); file.exists(shifts)) {
    input.shift = file.read<double>(shifts);
    if (input.shift.size() != input.width)
      throw data_error(file.path() + ": " + shifts + ": expected " + std::to_string(input.width) +
                       " numbers, one for each column of " + object + ", found " +
                       std::to_string(input.shift.size()));
  }
  input.column_names = read_names(file, columns_object(name), input.width);
  input.units = read_names(file, units_object(name), input.width);
  return input;
}

Task read_task(const hdf5::File& file, const std::string& name, std::size_t samples) {
  const std::string object = "/tasks/" + name + "/labels";
  Task task;
  task.name = name;
  const hdf5::Info info = file.info(object);
  const std::string kind = hdf5::required_string(file, object, "kind");
  try {
    task.kind = parse_task_kind(kind);
  } catch (const Error& error) {
    throw data_error(file.path() + ": " + object + ", attribute kind: " + error.what());
  }
  const bool multilabel = task.kind == TaskKind::multilabel;
  require_samples(file.path(), object, info, multilabel ? 2 : 1, samples);
  task.columns = multilabel ? info.shape[1] : 1;
  task.metric = file.string_attribute(object, "metric").value_or("");
  if (const std::string metrics = "/tasks/" + name + "/metrics"; file.exists(metrics))
    task.metrics = file.read_strings(metrics);
  task.classes = 2;
  if (task.kind == TaskKind::multiclass) {
    const std::int64_t classes = hdf5::required_int(file, object, "classes");
    if (classes < 2 || classes > 1000000)
      throw data_error(file.path() + ": " + object + ", attribute classes: expected 2 to 1000000, found " +
                       std::to_string(classes));
    task.classes = static_cast<int>(classes);
  }
  task.labels = file.read<float>(object);
  if (task.kind == TaskKind::regression)
    task.unit = file.string_attribute(object, "unit").value_or("");
  else
    task.class_names = read_names(file, classes_object(name), class_names_of(task.kind, task.outputs()));
  return task;
}

template <class T>
std::vector<T> read_optional(const hdf5::File& file, const std::string& object, std::size_t samples) {
  if (!file.exists(object)) return {};
  require_samples(file.path(), object, file.info(object), 1, samples);
  return file.read<T>(object);
}

/// `hash_values(hash, input)` gives the hash an input's numbers, with their count before them.
template <class HashValues>
std::string hash_of(const Dataset& data, HashValues hash_values) {
  Sha256 hash;
  hash.update_text("qmtl-dataset");
  hash.update_number(static_cast<std::uint64_t>(data.samples));
  // By name, which is the order in which a file lists them.
  for (const Input* member : by_name(data.inputs)) {
    const Input& input = *member;
    hash.update_text(input.name);
    for (std::size_t extent : input.shape) hash.update_number(static_cast<std::uint64_t>(extent));
    hash_values(hash, input);
    if (!input.shift.empty()) {
      hash.update_text("shift");
      hash.update_array(input.shift);
    }
  }
  for (const Task* member : by_name(data.tasks)) {
    const Task& task = *member;
    hash.update_text(task.name);
    hash.update_text(name(task.kind));
    hash.update_number(static_cast<std::uint64_t>(task.kind == TaskKind::multiclass ? task.classes : 2));
    hash.update_text(task.metric);
    if (!task.metrics.empty()) hash.update_text("metrics");
    for (const std::string& metric : task.metrics) hash.update_text(metric);
    hash.update_number(static_cast<std::uint64_t>(task.columns));
    // A missing label is one thing, whatever the payload of its NaN.
    std::vector<std::uint32_t> bits;
    bits.reserve(task.labels.size());
    for (float label : task.labels)
      bits.push_back(label != label ? 0x7fc00000u : std::bit_cast<std::uint32_t>(label));
    hash.update_array(bits);
  }
  hash.update_array(data.split);
  hash.update_array(data.fold);
  hash.update_array(data.groups);
  hash.update_number(static_cast<std::uint64_t>(data.ids.size()));
  for (const std::string& id : data.ids) hash.update_text(id);
  return hash.hex();
}

/// A data set without its inputs' numbers.
Dataset read_parts(const hdf5::File& file) {
  const std::string& path = file.path();
  hdf5::require_format(file, "qmtl-dataset", format_version);
  Dataset data;
  data.title = file.string_attribute("/", "title").value_or("");
  data.source = file.string_attribute("/", "source").value_or("");
  data.licence = file.string_attribute("/", "licence").value_or("");

  const hdf5::Info split = file.info("/split");
  if (split.shape.size() != 1)
    throw data_error(path + ": /split has shape " + hdf5::text(split.shape) +
                     "; expected one value per sample");
  data.samples = split.shape[0];
  data.split = file.read<std::uint8_t>("/split");

  for (const std::string& name : file.children("/inputs"))
    data.inputs.push_back(read_input(file, name, data.samples));
  for (const std::string& name : file.children("/tasks"))
    data.tasks.push_back(read_task(file, name, data.samples));
  data.fold = read_optional<std::int8_t>(file, "/fold", data.samples);
  data.groups = read_optional<std::int32_t>(file, "/groups", data.samples);
  if (file.exists("/ids")) {
    require_samples(path, "/ids", file.info("/ids"), 1, data.samples);
    data.ids = file.read_strings("/ids");
  }
  if (file.exists(description_object)) {
    const std::vector<std::string> text = file.read_strings(description_object);
    if (text.size() != 1)
      throw data_error(path + ": " + description_object + ": expected one text, found " +
                       std::to_string(text.size()));
    data.description = text[0];
  }
  return data;
}

/// The hash of what a file holds, without all of it in memory: see(input, first row, numbers) is shown one
/// piece after another.
template <class See>
std::string hash_in_pieces(const hdf5::File& file, const Dataset& data, See see) {
  return hash_of(data, [&](Sha256& hash, const Input& input) {
    constexpr std::size_t piece = 1 << 20;
    const std::size_t rows = std::max<std::size_t>(1, piece / input.width);
    hash.update_number(static_cast<std::uint64_t>(data.samples * input.width));
    for (std::size_t row = 0; row < data.samples; row += rows) {
      const std::vector<float> values = read_numbers(file, input, row, std::min(rows, data.samples - row));
      see(input, row, std::span<const float>(values));
      hash.update(values.data(), values.size() * sizeof(float));
    }
  });
}

/// A file from which several inputs read; the library behind it takes one thread at a time.
struct OpenDataset {
  explicit OpenDataset(const std::string& path) : file(hdf5::File::open(path)) {}
  const hdf5::File file;
  std::mutex one;
};

class RowsInPlace final : public InputRows {
 public:
  RowsInPlace(std::shared_ptr<OpenDataset> from, Input input)
      : from_(std::move(from)), input_(std::move(input)) {}
  void read(std::size_t first, std::size_t count, float* to) const override {
    const std::lock_guard lock(from_->one);
    const std::vector<float> numbers = read_numbers(from_->file, input_, first, count);
    check_numbers(input_, first, numbers, from_->file.path());  // another program may write to the file
    std::copy(numbers.begin(), numbers.end(), to);
  }

 private:
  std::shared_ptr<OpenDataset> from_;
  Input input_;  ///< without its numbers
};

std::string stored_hash(const std::string& path) {
  const hdf5::File file = hdf5::File::open(path);
  return hash_in_pieces(file, read_parts(file), [](const Input&, std::size_t, std::span<const float>) {});
}

void require_hash(const hdf5::File& file, const Dataset& data) {
  const std::string stored = file.string_attribute("/", "hash").value_or(data.hash);
  if (stored != data.hash)
    throw data_error(
        file.path() + ": the content hash does not match (expected " + stored + ", found " + data.hash +
        "); the file is damaged or was edited: restore it, make it again, or remove the attribute hash");
}

void write_parts(hdf5::File& file, const Dataset& data) {
  file.set_attribute("/", "format", std::string_view("qmtl-dataset"));
  file.set_attribute("/", "version", format_version);
  file.set_attribute("/", "title", data.title);
  file.set_attribute("/", "source", data.source);
  file.set_attribute("/", "licence", data.licence);
  file.make_group("/inputs");
  file.make_group("/tasks");
  for (const Input& input : data.inputs) {
    std::vector<std::size_t> shape{data.samples};
    shape.insert(shape.end(), input.shape.begin(), input.shape.end());
    if (input.shift.empty()) {
      file.write<float>("/inputs/" + input.name, shape, input.values);
    } else {
      std::vector<double> numbers;
      numbers.reserve(input.values.size());
      for (std::size_t i = 0; i < input.values.size(); ++i)
        numbers.push_back(input.shift[i % input.width] + static_cast<double>(input.values[i]));
      file.write<double>("/inputs/" + input.name, shape, numbers);
      file.write<double>(shift_object(input.name), {input.width}, input.shift);
    }
    if (!input.column_names.empty()) file.write_strings(columns_object(input.name), input.column_names);
    if (!input.units.empty()) file.write_strings(units_object(input.name), input.units);
  }
  for (const Task& task : data.tasks) {
    const std::string object = "/tasks/" + task.name + "/labels";
    file.make_group("/tasks/" + task.name);
    std::vector<std::size_t> shape{data.samples};
    if (task.kind == TaskKind::multilabel) shape.push_back(task.columns);
    file.write<float>(object, shape, task.labels);
    file.set_attribute(object, "kind", name(task.kind));
    if (task.kind == TaskKind::multiclass) file.set_attribute(object, "classes", std::int64_t{task.classes});
    if (!task.metric.empty()) file.set_attribute(object, "metric", task.metric);
    if (!task.unit.empty()) file.set_attribute(object, "unit", task.unit);
    if (!task.metrics.empty()) file.write_strings("/tasks/" + task.name + "/metrics", task.metrics);
    if (!task.class_names.empty()) file.write_strings(classes_object(task.name), task.class_names);
  }
  file.write<std::uint8_t>("/split", {data.samples}, data.split);
  if (!data.fold.empty()) file.write<std::int8_t>("/fold", {data.samples}, data.fold);
  if (!data.groups.empty()) file.write<std::int32_t>("/groups", {data.samples}, data.groups);
  if (!data.ids.empty()) file.write_strings("/ids", data.ids);
  if (!data.description.empty()) file.write_strings(description_object, std::span(&data.description, 1));
}

}  // namespace

std::string dataset_hash(const Dataset& data) {
  return hash_of(data, [](Sha256& hash, const Input& input) { hash.update_array(input.values); });
}

bool is_own_file(const std::string& path) {
  return is_hdf5_file(path) &&
         hdf5::File::open(path).string_attribute("/", "format").value_or("").starts_with("qmtl-");
}

Dataset read_dataset(const std::string& path) {
  const hdf5::File file = hdf5::File::open(path);
  Dataset data = read_parts(file);
  for (Input& input : data.inputs) input.values = read_numbers(file, input, 0, data.samples);
  check_dataset(data, path);
  data.hash = dataset_hash(data);
  require_hash(file, data);
  return data;
}

Dataset read_dataset_rows(const std::string& path, RowFile& rows, bool write) {
  const hdf5::File file = hdf5::File::open(path);
  Dataset data = read_parts(file);
  std::map<std::string, std::uint64_t> begin;
  std::uint64_t written = 0;
  data.hash =
      hash_in_pieces(file, data, [&](const Input& input, std::size_t first, std::span<const float> numbers) {
        check_numbers(input, first, numbers, path);
        if (first == 0) begin[input.name] = written;
        if (write) rows.append(numbers);
        written += numbers.size();
      });
  for (Input& input : data.inputs) input.rows = rows.rows(begin[input.name], input.width);
  check_dataset(data, path);
  require_hash(file, data);
  return data;
}

Dataset read_dataset_in_place(const std::string& path) {
  const auto opened = std::make_shared<OpenDataset>(path);
  Dataset data = read_parts(opened->file);
  data.hash = hash_in_pieces(opened->file, data,
                             [&](const Input& input, std::size_t first, std::span<const float> numbers) {
                               check_numbers(input, first, numbers, path);
                             });
  for (Input& input : data.inputs) input.rows = std::make_shared<RowsInPlace>(opened, input);
  check_dataset(data, path);
  require_hash(opened->file, data);
  return data;
}

std::uint64_t input_bytes(const std::string& path) {
  const hdf5::File file = hdf5::File::open(path);
  std::uint64_t bytes = 0;
  for (const std::string& name : file.children("/inputs"))
    bytes += file.info("/inputs/" + name).elements * sizeof(float);
  return bytes;
}

void write_dataset(const std::string& path, const Dataset& data) {
  check_dataset(data, path);
  const std::string hash = dataset_hash(data);
  write_file(
      path,
      [&](GrowingFile& into) {
        hdf5::File file = hdf5::File::build(path, into);
        write_parts(file, data);
        file.set_attribute("/", "hash", hash);
        file.finish();
      },
      [&](const std::string& written) {
        if (stored_hash(written) != hash)
          throw data_error(path + ": what was written does not read back; the disk may be faulty");
      });
}

}  // namespace qmtl
