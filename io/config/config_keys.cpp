// SPDX-License-Identifier: Apache-2.0
#include "io/config/config_keys.h"

#include <algorithm>
#include <variant>

#include "io/config/config_values.h"
#include "runtime/circuit/plan.h"
#include "runtime/model/data.h"
#include "runtime/model/layer_kinds.h"
#include "runtime/train/optimiser.h"

namespace qmtl {
namespace {

constexpr double huge = std::numeric_limits<double>::infinity();

KeyRule at_least(double least) { return {{.least = least}}; }
KeyRule between(double least, double most) { return {{.least = least, .most = most}}; }
KeyRule positive() { return {above(0)}; }
KeyRule multiple_of(int number) { return {{.least = 1}, number}; }
KeyRule checked(std::function<void(const std::string&)> check) { return {{}, 1, std::move(check)}; }

void check_precision(const std::string& text) {
  if (text != "float" && text != "double")
    throw usage_error("expected \"float\" or \"double\", found " + toml_string(text));
}
void check_plan(const std::string& text) { parse_plan_kind(text); }
void check_task_kind(const std::string& text) { parse_task_kind(text); }
void check_filled(const std::string& text) {
  if (text.empty()) throw usage_error("expected a text, found an empty one");
}

// The member of an object, const or not, for both directions of a key.
#define MEMBER(path) \
  [](auto& object) -> auto& { return object.path; }

/// A row's key as a key of the table that is read and written.
Key<LayerSpec> layer_key(const LayerKey& row) {
  return std::visit(
      [&](auto member) {
        return key<LayerSpec>(std::string(row.name), [member](auto& layer) -> auto& { return layer.*member; },
                              {row.range});
      },
      row.member);
}

template <class Object>
Key<Object> when(bool (*present)(const Object&), Key<Object> row) {
  row.present = present;
  return row;
}

/// Numbers, or "balanced" until they are known.
Key<TaskSpec> class_weights_key() {
  return {"class_weights",
          [](TaskSpec& task, const toml::node& node, const KeyPlace& at) {
            const bool balanced = node.is_string() && node.as_string()->get() == "balanced";
            if (!balanced && !node.is_array())
              wrong_value(node, at.file, at.key, "an array of numbers or \"balanced\"");
            task.class_weights.clear();
            task.balance_classes = balanced;
            if (!balanced) read_value(task.class_weights, node, at, at_least(0));
          },
          [](const TaskSpec& task) {
            return task.balance_classes ? toml_string("balanced") : write_value(task.class_weights);
          },
          [](const TaskSpec& task) { return task.balance_classes || !task.class_weights.empty(); }};
}

}  // namespace

std::string range_text(const KeyRule& rule) {
  const auto number = [](double value) {
    return value == std::floor(value) && std::abs(value) < 1e15
               ? std::to_string(static_cast<std::int64_t>(value))
               : written_double(value);
  };
  std::string text;
  if (rule.least > -huge) text += (rule.open ? " above " : " of at least ") + number(rule.least);
  if (rule.most < huge)
    text +=
        std::string(text.empty() ? "" : " and") + (rule.open ? " below " : " at most ") + number(rule.most);
  return text;
}

void read_value(LayerSpec& layer, const toml::node& node, const KeyPlace& at, const KeyRule&) {
  if (!node.is_table())
    wrong_value(node, at.file, at.key, "a layer such as { type = \"dense\", width = 64 }");
  const toml::table& table = *node.as_table();
  const std::string type_key = at.key + ".type";
  const toml::node* type = table.get("type");
  if (!type) throw usage_error(where(node, at.file) + ": " + at.key + ": expected a key type, found none");
  LayerSpec found;
  read_value(found.kind, *type, {at.file, type_key}, {});

  std::vector<std::string> known{type_key};
  for (const LayerKey& row : info(found.kind).keys) {
    const Key<LayerSpec> key = layer_key(row);
    const std::string full = at.key + "." + key.name;
    known.push_back(full);
    if (const toml::node* value = table.get(key.name))
      key.read(found, *value, {at.file, full});
    else if (row.required)
      throw usage_error(where(node, at.file) + ": " + at.key + ": a layer of type " +
                        std::string(name(found.kind)) + " needs a key " + key.name + ", found none");
  }
  for (const Entry& entry : in_file_order(table)) {
    const std::string full = at.key + "." + std::string(entry.key->str());
    if (std::find(known.begin(), known.end(), full) == known.end())
      unknown_key(*entry.key, at.file, full, known);
  }
  layer = found;
}

std::string write_value(const LayerSpec& layer) {
  std::string text = "{ type = " + toml_string(name(layer.kind));
  for (const LayerKey& row : info(layer.kind).keys) {
    const Key<LayerSpec> key = layer_key(row);
    text += ", " + key.name + " = " + key.write(layer);
  }
  return text + " }";
}

/// A number of the planner's cost model, written only where it is not the default.
#define COST_KEY(member)                                                        \
  when<C>([](const C& c) { return c.model.cost.member != CostModel{}.member; }, \
          key<C>("cost." #member, MEMBER(model.cost.member), positive()))

/// The keys of the optimisers' rows, each name once.
std::vector<Key<Config>> optimiser_keys() {
  std::vector<Key<Config>> keys;
  for (const OptimiserInfo& optimiser : optimiser_table())
    for (const NumberKey<TrainSpec>& row : optimiser.keys) {
      const std::string name = "train." + std::string(row.name);
      if (std::any_of(keys.begin(), keys.end(), [&](const auto& known) { return known.name == name; }))
        continue;
      const auto member = [member = row.member](auto& config) -> auto& { return config.train.*member; };
      keys.push_back(key<Config>(name, member, {row.range}));
    }
  return keys;
}

std::vector<Key<Config>> make_fixed_keys() {
  using C = Config;
  std::vector<Key<Config>> keys{
      key<C>("seed", MEMBER(train.seed), at_least(0)),
      key<C>("data.file", MEMBER(data_file), checked(check_filled)),
      key<C>("data.tasks", MEMBER(data_tasks), checked(check_filled)),
      key<C>("data.standardise", MEMBER(standardise)),
      key<C>("run.folder", MEMBER(run_folder), checked(check_filled)),
      key<C>("run.log_every", MEMBER(log_every), at_least(0)),
      key<C>("run.rank_logs", MEMBER(rank_logs)),
      key<C>("backbone.layers", MEMBER(model.backbone.trunk)),
      key<C>("backbone.fusion", MEMBER(model.backbone.fusion)),
      key<C>("backbone.pairs", MEMBER(model.backbone.pairs), checked(check_filled)),
      key<C>("head.kind", MEMBER(model.head.kind), checked(check_filled)),
      key<C>("head.width", MEMBER(model.head.width), between(0, 1e6)),
      key<C>("head.hidden", MEMBER(model.head.hidden), between(1, 1e6)),
      key<C>("head.angle_map", MEMBER(model.head.angle_map)),
      key<C>("head.gain", MEMBER(model.head.gain), positive()),
      key<C>("head.train_gain", MEMBER(model.head.train_gain)),
      key<C>("head.start", MEMBER(model.head.start)),
      key<C>("head.start_deviation", MEMBER(model.head.start_deviation), at_least(0)),
      key<C>("head.shared_start", MEMBER(model.head.shared_start)),
      key<C>("head.shared_deviation", MEMBER(model.head.shared_deviation), at_least(-1)),
      key<C>("head.scale_start", MEMBER(model.head.scale_start)),
      key<C>("head.scale_start_regression", MEMBER(model.head.scale_start_regression)),
      key<C>("head.block_per_task", MEMBER(model.head.block_per_task)),
      key<C>("head.generations", MEMBER(model.generations), at_least(1)),
      key<C>("circuit.qubits", MEMBER(model.head.ansatz.qubits), between(0, 1e6)),
      key<C>("circuit.uploads", MEMBER(model.head.ansatz.uploads), between(1, 1e4)),
      key<C>("circuit.repeat_uploads", MEMBER(model.head.ansatz.repeat_uploads)),
      key<C>("circuit.upload", MEMBER(model.head.ansatz.upload)),
      key<C>("circuit.layers", MEMBER(model.head.ansatz.layers), between(0, 1e4)),
      key<C>("circuit.rotations", MEMBER(model.head.ansatz.rotations)),
      key<C>("circuit.entangler", MEMBER(model.head.ansatz.entangler)),
      key<C>("block.placement", MEMBER(model.head.ansatz.placement)),
      key<C>("block.size", MEMBER(model.head.ansatz.register_size), between(0, 1e6)),
      key<C>("block.stride", MEMBER(model.head.ansatz.stride), between(0, 1e6)),
      key<C>("block.registers", MEMBER(model.head.ansatz.registers), at_least(0)),
      key<C>("block.layers", MEMBER(model.head.ansatz.block_layers), between(0, 1e4)),
      key<C>("block.rotations", MEMBER(model.head.ansatz.block_rotations)),
      key<C>("block.entangler", MEMBER(model.head.ansatz.block_entangler)),
      key<C>("block.order", MEMBER(model.head.ansatz.block_order)),
      key<C>("block.readout", MEMBER(model.head.ansatz.readout)),
      key<C>("block.strings", MEMBER(model.head.ansatz.strings), at_least(0)),
      key<C>("block.outputs", MEMBER(model.head.ansatz.block_outputs), at_least(1)),
      key<C>("train.epochs", MEMBER(train.epochs), between(0, 1e9)),
      key<C>("train.batch", MEMBER(train.batch), between(1, 1e9)),
      key<C>("train.optimiser", MEMBER(train.optimiser)),
      key<C>("train.learning_rate", MEMBER(train.learning_rate), positive()),
      key<C>("train.circuit_rate", MEMBER(train.circuit_rate), at_least(0)),
      key<C>("train.head_rate", MEMBER(train.head_rate), at_least(0)),
      key<C>("train.backbone_rate", MEMBER(train.backbone_rate), at_least(0)),
      key<C>("train.weight_decay", MEMBER(train.weight_decay), at_least(0)),
      key<C>("train.schedule", MEMBER(train.schedule)),
      key<C>("train.warmup_steps", MEMBER(train.warmup_steps), at_least(0)),
      key<C>("train.clip", MEMBER(train.clip), at_least(0)),
      key<C>("train.patience", MEMBER(train.patience), at_least(0)),
      key<C>("train.shots", MEMBER(train.shots), at_least(0)),
      key<C>("train.frozen", MEMBER(train.frozen), checked(check_filled)),
      key<C>("train.learn_task_weights", MEMBER(model.learn_task_weights)),
      key<C>("train.precision", MEMBER(model.precision), checked(check_precision)),
      key<C>("engine.plan", MEMBER(model.plan), checked(check_plan)),
      COST_KEY(complex_passes),
      COST_KEY(real_passes),
      COST_KEY(cache),
      COST_KEY(slow_down),
      COST_KEY(far_cache),
      COST_KEY(far_slow_down),
      COST_KEY(registers),
      COST_KEY(gemm),
      COST_KEY(expansion),
      COST_KEY(edge),
      COST_KEY(part),
      key<C>("distributed.watchdog", MEMBER(watchdog), between(0, 1e6)),
      key<C>("distributed.shard", MEMBER(train.shard), multiple_of(16)),
      key<C>("distributed.task_groups", MEMBER(train.task_groups), between(1, 1e6)),
      key<C>("checkpoint.every_epochs", MEMBER(checkpoint.every_epochs), at_least(0)),
      key<C>("checkpoint.every_steps", MEMBER(checkpoint.every_steps), at_least(0)),
      key<C>("checkpoint.every_seconds", MEMBER(checkpoint.every_seconds), at_least(0)),
      key<C>("checkpoint.keep", MEMBER(checkpoint.keep), at_least(0)),
  };
  const auto after = std::find_if(keys.begin(), keys.end(),
                                  [](const auto& row) { return row.name == "train.weight_decay"; });
  const std::vector<Key<Config>> own = optimiser_keys();
  keys.insert(after, own.begin(), own.end());
  return keys;
}

const std::vector<Key<Config>>& fixed_keys() {
  static const std::vector<Key<Config>> keys = make_fixed_keys();
  return keys;
}

const std::vector<Key<TaskSpec>>& task_keys() {
  using T = TaskSpec;
  constexpr auto resolved = [](const T& task) { return !task.kind.empty(); };
  static const std::vector<Key<TaskSpec>> keys{
      when<T>(resolved, key<T>("kind", MEMBER(kind), checked(check_task_kind))),
      when<T>(resolved, key<T>("outputs", MEMBER(outputs), between(1, 1e6))),
      when<T>(resolved, key<T>("classes", MEMBER(classes), between(0, 1e6))),
      when<T>([](const T& task) { return !task.metric.empty(); },
              key<T>("metric", MEMBER(metric), checked(check_filled))),
      when<T>([](const T& task) { return !task.loss.empty(); },
              key<T>("loss", MEMBER(loss), checked(check_filled))),
      key<T>("weight", MEMBER(weight), at_least(0)),
      when<T>([](const T& task) { return !task.in_mean; }, key<T>("in_mean", MEMBER(in_mean))),
      class_weights_key(),
  };
  return keys;
}

const std::vector<Key<BranchSpec>>& branch_keys() {
  static const std::vector<Key<BranchSpec>> keys{key<BranchSpec>("layers", MEMBER(layers))};
  return keys;
}

const std::vector<Key<InputSize>>& input_keys() {
  static const std::vector<Key<InputSize>> keys{
      when<InputSize>([](const InputSize& size) { return size.width > 0; },
                      key<InputSize>("width", MEMBER(width), between(1, 1e9))),
      when<InputSize>([](const InputSize& size) { return !size.shape.empty(); },
                      key<InputSize>("shape", MEMBER(shape), between(1, 1e6))),
  };
  return keys;
}

#undef MEMBER

}  // namespace qmtl
