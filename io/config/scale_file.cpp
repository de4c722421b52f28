// SPDX-License-Identifier: Apache-2.0
#include "io/config/scale_file.h"

#include <filesystem>

#include "io/config/toml_tools.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

std::vector<int> task_numbers(TableReader& reader, const std::string& key, int most) {
  std::vector<int> numbers;
  const toml::node& list = reader.need(key);
  const std::string expected = "an array of numbers of tasks from 1 to " + std::to_string(most);
  if (!list.is_array()) wrong_value(list, reader.file(), key, expected);
  for (const toml::node& node : *list.as_array()) {
    const auto* value = node.as_integer();
    if (!value || value->get() < 1 || value->get() > most) wrong_value(node, reader.file(), key, expected);
    numbers.push_back(static_cast<int>(value->get()));
  }
  return numbers;
}

ScaleVariant read_scale_variant(const toml::node& node, const std::string& file) {
  if (!node.is_table()) wrong_value(node, file, "variant", "a table [[variant]]");
  TableReader reader(*node.as_table(), file, "variant");
  ScaleVariant variant;
  variant.name = reader.string("name");
  variant.set = reader.overrides("set");
  variant.counted_to = static_cast<int>(reader.integer("counted_to", 1024));
  variant.trained_to = static_cast<int>(reader.integer("trained_to", 0));
  reader.finish();
  return variant;
}

}  // namespace

ScaleSpec read_scale_file(const std::string& path) {
  const toml::table table = parse_toml(read_file(path, most_text_bytes), path);
  TableReader root(table, path, "");
  ScaleSpec spec;
  spec.file = path;
  spec.title = root.string("title", fs::path(path).stem().string());
  spec.config = (fs::path(path).parent_path() / root.string("config")).lexically_normal().string();
  spec.folder =
      root.string("folder", "runs/" + fs::absolute(path).parent_path().filename().string() + "-scale");
  const std::int64_t seed = root.integer("seed", 1), per_task = root.integer("per_task", 2);
  if (seed < 0) wrong_value(*root.find("seed"), path, "seed", "a number of at least 0");
  if (per_task < 1 || per_task > 64)
    wrong_value(*root.find("per_task"), path, "per_task", "a number from 1 to 64");
  spec.seed = static_cast<std::uint64_t>(seed);
  spec.per_task = static_cast<int>(per_task);
  spec.counted = task_numbers(root, "counted", 100000);
  spec.trained = task_numbers(root, "trained", 100000);
  const toml::node& variants = root.need("variant");
  if (!variants.is_array()) wrong_value(variants, path, "variant", "tables [[variant]]");
  for (const toml::node& node : *variants.as_array()) spec.variants.push_back(read_scale_variant(node, path));
  root.finish();
  return spec;
}

}  // namespace qmtl
