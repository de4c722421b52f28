// SPDX-License-Identifier: Apache-2.0
#include "io/config/config.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "io/config/config_keys.h"
#include "io/config/toml_tools.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// Reads the keys of one table into `object`.
template <class Object>
void read_keys(Object& object, const toml::table& table, const std::string& file, const std::string& prefix,
               const std::vector<Key<Object>>& keys) {
  for (const Entry& entry : in_file_order(table)) {
    const std::string full = prefix + std::string(entry.key->str());
    const auto row = std::find_if(keys.begin(), keys.end(),
                                  [&](const auto& known) { return prefix + known.name == full; });
    if (row == keys.end()) {
      std::vector<std::string> known;
      known.reserve(keys.size());
      for (const auto& candidate : keys) known.push_back(prefix + candidate.name);
      unknown_key(*entry.key, file, full, known, key_called(entry.key->str()));
    }
    row->read(object, *entry.node, {file, full});
  }
}

/// The element whose name member is `name`; if there is none, `fresh` of that name, added at the end.
template <class Object, class NameMember>
Object& named(std::vector<Object>& objects, NameMember member, const std::string& name,
              const Object& fresh = {}) {
  for (Object& object : objects)
    if (object.*member == name) return object;
  objects.push_back(fresh);
  objects.back().*member = name;
  return objects.back();
}

/// Reads a table [input.<name>] into the model's lists. Only images have shapes, and only where there is one
/// is there a list of them.
void read_input(ModelSpec& model, const std::string& name, const toml::table& table, const std::string& file,
                const std::string& prefix) {
  const auto found = std::find(model.inputs.begin(), model.inputs.end(), name);
  const auto index = static_cast<std::size_t>(found - model.inputs.begin());
  if (found == model.inputs.end()) {
    model.inputs.push_back(name);
    model.input_widths.push_back(0);
  }
  InputSize size{model.input_widths[index], {}};
  if (index < model.input_shapes.size()) size.shape = model.input_shapes[index];
  read_keys(size, table, file, prefix, input_keys());
  model.input_widths[index] = size.width;
  if (size.shape.empty() && model.input_shapes.empty()) return;
  model.input_shapes.resize(model.inputs.size());
  model.input_shapes[index] = size.shape;
}

/// "input.pixels", with the name quoted where TOML wants it.
std::string table_name(const std::string& section, const std::string& name) {
  return section + "." + written_key(name);
}

void read_task(TaskSpec& task, const toml::table& table, const std::string& file, const std::string& full) {
  read_keys(task, table, file, full + ".", task_keys());
  // Where "trained" is written out beside it too, which is also what stands for nothing written.
  if (task.output.form == OutputForm::raw && (table.contains("scale") || table.contains("bias")))
    throw usage_error(where(table, file) + ": " + full +
                      ".output = \"raw\": the logit is the expectation itself, so that there is no scale and "
                      "no bias: leave them out, or take output = \"affine\"");
}

/// [task."*"]: what every task is that its own table says nothing else of. Before all other tables, also
/// those of a file that overrides change.
constexpr std::string_view every_task_name = "*";
void read_every_task(Config& config, const toml::table& root, const std::string& file) {
  const toml::table* const tasks = root["task"].as_table();
  const toml::node* const every = tasks ? tasks->get(every_task_name) : nullptr;
  if (!every) return;
  const std::string full = table_name("task", std::string(every_task_name));
  if (!every->is_table())
    wrong_value(*every, file, full, "a table such as [" + full + "] with keys of its own");
  read_task(config.model.every_task, *every->as_table(), file, full);
}

/// Reads one of the tables of named tables: [input.<name>], [branch.<input>], [task.<name>].
void read_named(Config& config, const std::string& section, const toml::table& tables,
                const std::string& file) {
  for (const Entry& entry : in_file_order(tables)) {
    const std::string name(entry.key->str());
    const std::string full = table_name(section, name);
    if (!entry.node->is_table())
      wrong_value(*entry.node, file, full, "a table such as [" + section + ".<name>] with keys of its own");
    const toml::table& table = *entry.node->as_table();
    if (section == "input")
      read_input(config.model, name, table, file, full + ".");
    else if (section == "branch")
      read_keys(named(config.model.backbone.branches, &BranchSpec::input, name), table, file, full + ".",
                branch_keys());
    else if (name != every_task_name)  // read_every_task has read that
      read_task(named(config.model.tasks, &TaskSpec::name, name, config.model.every_task), table, file, full);
  }
}

std::string section_of(const std::string& key) {
  const std::size_t dot = key.find('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

/// All sections and root keys, in the order of writing.
std::vector<std::string> top_level() {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Key<Config>& row : fixed_keys()) {
    const std::string section = section_of(row.name);
    const std::string name = section.empty() ? row.name : section;
    add(name);
    if (name == "run") add("input"), add("branch");
    if (name == "block") add("task");
  }
  return names;
}

bool holds_named_tables(const std::string& section) {
  return section == "input" || section == "branch" || section == "task";
}

void apply(Config& config, const toml::table& root, const std::string& file) {
  const std::vector<std::string> known = top_level();
  for (const Entry& entry : in_file_order(root)) {
    const std::string name(entry.key->str());
    if (std::find(known.begin(), known.end(), name) == known.end())
      unknown_key(*entry.key, file, name, known, key_called(name));
    std::vector<Key<Config>> keys;
    for (const Key<Config>& row : fixed_keys()) {
      if (row.name == name) row.read(config, *entry.node, {file, name});
      if (section_of(row.name) == name) {
        keys.push_back(row);
        keys.back().name = row.name.substr(name.size() + 1);
      }
    }
    if (keys.empty() && !holds_named_tables(name)) continue;
    if (!entry.node->is_table()) wrong_value(*entry.node, file, name, "a table [" + name + "]");
    if (holds_named_tables(name))
      read_named(config, name, *entry.node->as_table(), file);
    else
      read_keys(config, *entry.node->as_table(), file, name + ".", keys);
  }
}

std::string absolute_from(const std::filesystem::path& folder, const std::string& path) {
  // absolute() refuses an empty path.
  const auto base = folder.empty() ? std::filesystem::current_path() : std::filesystem::absolute(folder);
  return (base / path).lexically_normal().string();
}

/// Parses "key=value"; what is no TOML value counts as a string.
toml::table parse_override(const std::string& text, const std::string& label) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || text.find_first_of("\r\n") != std::string::npos)
    throw usage_error(label + ": expected key=value on one line, for example --set train.epochs=10");
  const std::string key = text.substr(0, equals), value = text.substr(equals + 1);
  try {
    return toml::parse(key + " = " + value, label);
  } catch (const toml::parse_error&) {
    return parse_toml(key + " = " + toml_string(value), label);
  }
}

template <class Object>
void write_table(std::string& text, const std::string& name, const Object& object,
                 const std::vector<Key<Object>>& keys) {
  text += "\n[" + name + "]\n";
  for (const Key<Object>& row : keys)
    if (!row.present || row.present(object)) text += row.name + " = " + row.write(object) + "\n";
}

}  // namespace

Config parse_config(std::string_view text, const std::string& name) {
  Config config;
  config.file = name;
  const toml::table root = parse_toml(text, name);
  read_every_task(config, root, name);
  apply(config, root, name);
  return config;
}

Config read_config(const std::string& path, const std::vector<std::string>& overrides) {
  const std::filesystem::path file(path);
  std::string text;
  try {
    text = read_file(path, most_text_bytes);
  } catch (const Error& error) {
    throw usage_error(error.what());
  }
  Config config;
  config.file = path;
  const toml::table root = parse_toml(text, path);
  std::vector<toml::table> tables;
  for (const std::string& override_text : overrides)
    tables.push_back(parse_override(override_text, "--set " + override_text));
  read_every_task(config, root, path);
  for (std::size_t i = 0; i < tables.size(); ++i) read_every_task(config, tables[i], "--set " + overrides[i]);
  apply(config, root, path);
  if (!config.data_file.empty()) config.data_file = absolute_from(file.parent_path(), config.data_file);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const std::string from_file = std::exchange(config.data_file, "");
    apply(config, tables[i], "--set " + overrides[i]);
    config.data_file = config.data_file.empty() ? from_file : absolute_from("", config.data_file);
  }
  if (config.data_file.empty())
    throw usage_error(path +
                      ": expected a key data.file (the data set), found none; add [data] file = \"...\"");
  if (config.run_folder.empty()) config.run_folder = "runs/" + file.stem().string();
  return config;
}

std::string to_toml(const Config& config) {
  std::string text;
  const ModelSpec& model = config.model;
  for (const std::string& name : top_level()) {
    if (name == "input") {
      for (std::size_t i = 0; i < model.inputs.size(); ++i) {
        InputSize size{model.input_widths[i], {}};
        if (i < model.input_shapes.size()) size.shape = model.input_shapes[i];
        write_table(text, table_name(name, model.inputs[i]), size, input_keys());
      }
    } else if (name == "branch") {
      for (const BranchSpec& branch : model.backbone.branches)
        write_table(text, table_name(name, branch.input), branch, branch_keys());
    } else if (name == "task") {
      if (model.every_task != TaskSpec{})
        write_table(text, table_name(name, std::string(every_task_name)), model.every_task, task_keys());
      for (const TaskSpec& task : model.tasks)
        write_table(text, table_name(name, task.name), task, task_keys());
    } else {
      bool opened = false;
      for (const Key<Config>& row : fixed_keys()) {
        const std::string section = section_of(row.name);
        if (row.name != name && section != name) continue;
        if (row.present && !row.present(config)) continue;
        if (!section.empty() && !opened) text += "\n[" + section + "]\n";
        opened = true;
        if (const std::string value = row.write(config); value != "\"\"")
          text += (section.empty() ? row.name : row.name.substr(section.size() + 1)) + " = " + value + "\n";
      }
    }
  }
  return text;
}

std::string changed_keys(const Config& began, const Config& now) {
  std::string changed;
  const auto compare = [&changed](const std::string& key, const std::string& before,
                                  const std::string& after) {
    const auto shown = [](const std::string& value) {
      constexpr std::size_t most = 200;
      if (value.size() > most) return "a text of " + std::to_string(value.size()) + " characters";
      return value.empty() ? "not given" : value;
    };
    if (before != after)
      changed += (changed.empty() ? "" : "; ") + key + " (" + shown(before) + " when the run began, now " +
                 shown(after) + ")";
  };
  for (const Key<Config>& key : fixed_keys())
    if (!key.free || !key.free(began) || !key.free(now)) compare(key.name, key.write(began), key.write(now));
  for (const TaskSpec& task : now.model.tasks) {
    const auto& tasks = began.model.tasks;
    const auto same =
        std::find_if(tasks.begin(), tasks.end(), [&](const TaskSpec& t) { return t.name == task.name; });
    if (same == tasks.end()) continue;
    for (const Key<TaskSpec>& key : task_keys())
      compare(table_name("task", task.name) + "." + key.name, key.write(*same), key.write(task));
  }
  return changed;
}

std::vector<std::string> config_keys() {
  std::vector<std::string> names;
  for (const Key<Config>& row : fixed_keys()) names.push_back(row.name);
  return names;
}

}  // namespace qmtl
