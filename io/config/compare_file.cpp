// SPDX-License-Identifier: Apache-2.0
#include "io/config/compare_file.h"

#include <algorithm>
#include <filesystem>

#include "io/config/toml_tools.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

SplitsSpec read_splits(const toml::table& table, const std::string& file) {
  TableReader reader(table, file, "splits");
  SplitsSpec splits;
  if (const toml::node* kind = reader.find("kind")) {
    const std::string text = reader.string("kind");
    try {
      splits.kind = parse_split_kind(text);
    } catch (const Error& error) {
      throw usage_error(where(*kind, file) + ": splits.kind: " + error.what());
    }
  }
  const std::int64_t count = reader.integer("count", splits.count), seed = reader.integer("seed", 1);
  if (count < 1 || count > 1000)
    wrong_value(*reader.find("count"), file, "splits.count", "a number from 1 to 1000");
  if (seed < 0) wrong_value(*reader.find("seed"), file, "splits.seed", "a number of at least 0");
  splits.count = static_cast<int>(count);
  splits.seed = static_cast<std::uint64_t>(seed);
  if (reader.find("fractions")) splits.fractions = reader.numbers("fractions");
  splits.stratify = reader.string("stratify", "");
  reader.finish();
  return splits;
}

std::vector<GridKey> read_grid(const toml::table& table, const std::string& file) {
  std::vector<GridKey> grid;
  for (const Entry& entry : in_file_order(table)) {
    GridKey key{std::string(entry.key->str()), {}};
    if (!entry.node->is_array() || entry.node->as_array()->empty())
      wrong_value(*entry.node, file, "tune.grid." + key.key,
                  "an array of values to try, such as \"train.learning_rate\" = [3e-3, 1e-2]");
    for (const toml::node& value : *entry.node->as_array()) key.values.push_back(written_value(value));
    grid.push_back(std::move(key));
  }
  return grid;
}

/// Jamieson and Talwalkar (2016).
void read_halving(const toml::table& table, const std::string& file, CompareSpec& spec) {
  TableReader reader(table, file, "tune.halving");
  const std::int64_t rungs = reader.integer("rungs", 2);
  if (rungs < 1 || rungs > 10)
    wrong_value(*reader.find("rungs"), file, "tune.halving.rungs", "a number from 1 to 10");
  spec.rungs = static_cast<int>(rungs);
  if (const toml::node* keep = reader.find("keep")) {
    const auto share = keep->value<double>();
    if (!share || !(*share > 0 && *share < 1))
      wrong_value(*keep, file, "tune.halving.keep", "a share above 0 and below 1");
    spec.keep = *share;
  }
  reader.finish();
}

VariantSpec read_variant(const toml::node& node, const std::string& file) {
  if (!node.is_table()) wrong_value(node, file, "variant", "a table [[variant]]");
  TableReader reader(*node.as_table(), file, "variant");
  VariantSpec variant;
  variant.name = reader.string("name");
  variant.ablation = reader.boolean("ablation", false);
  variant.set = reader.overrides("set");
  reader.finish();
  return variant;
}

std::vector<VariantSpec> read_variants(TableReader& root, const std::string& file) {
  const toml::node& list = root.need("variant");
  if (!list.is_array()) wrong_value(list, file, "variant", "tables [[variant]]");
  std::vector<VariantSpec> variants;
  for (const toml::node& node : *list.as_array()) {
    VariantSpec variant = read_variant(node, file);
    for (const VariantSpec& other : variants)
      if (other.name == variant.name)
        throw usage_error(where(node, file) + ": variant.name: there are two variants '" + variant.name +
                          "'");
    variants.push_back(std::move(variant));
  }
  return variants;
}

std::vector<std::uint64_t> read_seeds(TableReader& root, const std::string& file) {
  std::vector<std::uint64_t> seeds;
  const toml::node* list = root.find("seeds");
  if (!list) return {1};
  if (!list->is_array() || list->as_array()->empty()) wrong_value(*list, file, "seeds", "an array of seeds");
  for (const toml::node& node : *list->as_array()) {
    const auto* value = node.as_integer();
    if (!value || value->get() < 0) wrong_value(node, file, "seeds", "whole numbers of at least 0");
    seeds.push_back(static_cast<std::uint64_t>(value->get()));
  }
  return seeds;
}

}  // namespace

std::vector<std::vector<std::string>> CompareSpec::points() const {
  std::vector<std::vector<std::string>> points{{}};
  for (const GridKey& key : grid) {
    std::vector<std::vector<std::string>> next;
    for (const auto& point : points)
      for (const std::string& value : key.values) {
        next.push_back(point);
        next.back().push_back(key.key + "=" + value);
      }
    points = std::move(next);
  }
  return points;
}

CompareSpec read_compare_file(const std::string& path) {
  const toml::table table = parse_toml(read_file(path, most_text_bytes), path);
  TableReader root(table, path, "");
  CompareSpec spec;
  spec.file = path;
  spec.title = root.string("title", fs::path(path).stem().string());
  spec.config = (fs::path(path).parent_path() / root.string("config")).lexically_normal().string();
  spec.folder =
      root.string("folder", "runs/" + fs::absolute(path).parent_path().filename().string() + "-compare");
  spec.seeds = read_seeds(root, path);
  if (const toml::table* splits = root.table("splits")) spec.splits = read_splits(*splits, path);
  if (const toml::table* tune = root.table("tune")) {
    TableReader reader(*tune, path, "tune");
    if (const toml::table* grid = reader.table("grid")) spec.grid = read_grid(*grid, path);
    const std::int64_t seeds = reader.integer("seeds", 1);
    if (seeds < 1 || static_cast<std::size_t>(seeds) > spec.seeds.size())
      wrong_value(
          *reader.find("seeds"), path, "tune.seeds",
          "a number from 1 to " + std::to_string(spec.seeds.size()) + ", how many of the seeds choose");
    spec.tune_seeds = static_cast<std::size_t>(seeds);
    if (const toml::table* halving = reader.table("halving")) read_halving(*halving, path, spec);
    reader.finish();
  }
  if (const toml::table* left = root.table("left_out")) {
    for (const Entry& entry : in_file_order(*left)) {
      if (!entry.node->is_string())
        wrong_value(*entry.node, path, "left_out." + std::string(entry.key->str()), "the reason as a text");
      spec.left_out.emplace_back(std::string(entry.key->str()), entry.node->as_string()->get());
    }
  }
  spec.variants = read_variants(root, path);
  spec.reference = root.string("reference", spec.variants.empty() ? "" : spec.variants.front().name);
  if (std::none_of(spec.variants.begin(), spec.variants.end(),
                   [&](const VariantSpec& v) { return v.name == spec.reference; }))
    throw usage_error(path + ": reference: there is no variant '" + spec.reference + "'");
  std::vector<std::string> names;
  for (const VariantSpec& variant : spec.variants) names.push_back(variant.name);
  spec.questions = read_questions(root, path, names);
  if (const toml::node* alpha = root.find("family_alpha")) {
    const auto level = alpha->value<double>();
    if (!level || !(*level > 0 && *level < 0.5))
      wrong_value(*alpha, path, "family_alpha", "a level above 0 and below 0.5");
    spec.alpha = *level;
  }
  if (root.find("register"))
    spec.registered = (fs::path(path).parent_path() / root.string("register")).lexically_normal().string();
  root.finish();
  return spec;
}

}  // namespace qmtl
