// SPDX-License-Identifier: Apache-2.0
#include "io/runs/checkpoint_meaning.h"

#include <set>

#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

// Objects are called as in a data set.
std::string columns_object(const std::string& input) { return "/columns/" + input; }
std::string units_object(const std::string& input) { return "/units/" + input; }
std::string shifts_object(const std::string& input) { return "/shifts/" + input; }
std::string task_object(const std::string& task) { return "/tasks/" + task; }
std::string classes_object(const std::string& task) { return task_object(task) + "/classes"; }
constexpr const char* description_object = "/description";

std::vector<std::string> strings(const hdf5::File& file, const std::string& object) {
  return file.exists(object) ? file.read_strings(object) : std::vector<std::string>{};
}

void hash_texts(Sha256& hash, const std::vector<std::string>& texts) {
  hash.update_number(static_cast<std::uint64_t>(texts.size()));
  for (const std::string& text : texts) hash.update_text(text);
}

void require_count(std::size_t found, std::size_t expected, const std::string& what,
                   const std::string& where) {
  if (found != 0 && found != expected)
    throw data_error(where + ": the checkpoint contradicts itself: expected " + std::to_string(expected) +
                     " " + what + ", found " + std::to_string(found));
}

}  // namespace

void write_meaning(hdf5::File& file, const Meaning& meaning) {
  for (const InputMeaning& input : meaning.inputs) {
    if (!input.columns.empty()) file.write_strings(columns_object(input.input), input.columns);
    if (!input.units.empty()) file.write_strings(units_object(input.input), input.units);
    if (!input.shift.empty())
      file.write<double>(shifts_object(input.input), {input.shift.size()}, input.shift);
  }
  if (!meaning.tasks.empty()) file.make_group("/tasks");
  for (const TaskMeaning& task : meaning.tasks) {
    file.make_group(task_object(task.task));
    if (!task.classes.empty()) file.write_strings(classes_object(task.task), task.classes);
    if (!task.unit.empty()) file.set_attribute(task_object(task.task), "unit", task.unit);
  }
  if (!meaning.description.empty())
    file.write_strings(description_object, std::span(&meaning.description, 1));
}

Meaning read_meaning(const hdf5::File& file) {
  Meaning meaning;
  std::set<std::string> inputs;
  for (const char* group : {"/columns", "/units", "/shifts"})
    for (const std::string& name : file.children(group)) inputs.insert(name);
  for (const std::string& name : inputs) {
    const std::string shifts = shifts_object(name);
    meaning.inputs.push_back({name, strings(file, columns_object(name)), strings(file, units_object(name)),
                              file.exists(shifts) ? file.read<double>(shifts) : std::vector<double>{}});
  }
  for (const std::string& name : file.children("/tasks"))
    meaning.tasks.push_back({name, strings(file, classes_object(name)),
                             file.string_attribute(task_object(name), "unit").value_or("")});
  const std::vector<std::string> description = strings(file, description_object);
  require_count(description.size(), 1, "text in /description", file.path());
  if (!description.empty()) meaning.description = description[0];
  return meaning;
}

void hash_meaning(Sha256& hash, const Meaning& meaning) {
  if (meaning.empty()) return;
  hash.update_text("meaning");
  hash.update_number(static_cast<std::uint64_t>(meaning.inputs.size()));
  for (const InputMeaning& input : meaning.inputs) {
    hash.update_text(input.input);
    hash_texts(hash, input.columns);
    hash_texts(hash, input.units);
    hash.update_array(input.shift);
  }
  hash.update_number(static_cast<std::uint64_t>(meaning.tasks.size()));
  for (const TaskMeaning& task : meaning.tasks) {
    hash.update_text(task.task);
    hash_texts(hash, task.classes);
    hash.update_text(task.unit);
  }
  hash.update_text(meaning.description);
}

void check_meaning(const Meaning& meaning, const ModelSpec& spec, const std::string& where) {
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    const InputMeaning& input = meaning.input(spec.inputs[i]);
    const std::string of = " of input " + spec.inputs[i];
    require_count(input.columns.size(), spec.input_widths[i], "columns" + of, where);
    require_count(input.units.size(), spec.input_widths[i], "units" + of, where);
    require_count(input.shift.size(), spec.input_widths[i], "shifts" + of, where);
    for (const auto* texts : {&input.columns, &input.units})
      for (const std::string& text : *texts) require_utf8(text, where + ": a column" + of);
  }
  for (const TaskSpec& task : spec.tasks) {
    const TaskMeaning& found = meaning.task(task.name);
    require_count(found.classes.size(), class_names_of(parse_task_kind(task.kind), task.outputs),
                  "names of classes of task " + task.name, where);
    std::set<std::string> names;
    for (const std::string& name : found.classes) {
      require_utf8(name, where + ": a class of task " + task.name);
      if (!names.insert(name).second)
        throw data_error(where + ": two classes of task " + task.name + " are called \"" + shown(name) +
                         "\"; expected a name for each");
    }
    require_utf8(found.unit, where + ": the unit of task " + task.name);
  }
  require_utf8(meaning.description, where + ": the description of the data set");
}

}  // namespace qmtl
