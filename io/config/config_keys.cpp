// SPDX-License-Identifier: Apache-2.0
#include "io/config/config_keys.h"

#include <algorithm>
#include <variant>

#include "io/config/config_values.h"
#include "runtime/circuit/ansatz/presets.h"
#include "runtime/circuit/plan/plan.h"
#include "runtime/model/data.h"
#include "runtime/model/layers/layer_kinds.h"
#include "runtime/train/optimiser.h"

namespace qmtl {
namespace {

constexpr double huge = std::numeric_limits<double>::infinity();

KeyRule at_least(double least) { return {{.least = least}}; }
KeyRule between(double least, double most) { return {{.least = least, .most = most}}; }
KeyRule positive() { return {above(0)}; }
KeyRule multiple_of(int number) { return {{.least = 0}, number}; }
KeyRule checked(std::function<void(const std::string&)> check) { return {{}, 1, std::move(check)}; }

void check_precision(const std::string& text) {
  if (text != "float" && text != "double")
    throw usage_error("expected \"float\" or \"double\", found " + toml_string(text));
}
void check_plan(const std::string& text) { parse_plan_kind(text); }
void check_preset(const std::string& text) { preset_named(text); }
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
        return key<LayerSpec>(
            std::string(row.name), [member](auto& layer) -> auto& { return owner_of(layer, member).*member; },
            {row.range}, std::string(row.summary));
      },
      row.member);
}

template <class Object>
Key<Object> when(bool (*present)(const Object&), Key<Object> row) {
  row.present = present;
  return row;
}

Key<Config> free_to_change(Key<Config> row) {
  row.free = [](const Config&) { return true; };
  return row;
}
/// Where the learning rate follows the part of the steps that is done, their number decides about every step.
Key<Config> free_at_constant_rate(Key<Config> row) {
  row.free = [](const Config& config) { return config.train.schedule == ScheduleKind::constant; };
  return row;
}

Key<TaskSpec> output_key(const char* name, bool OutputMap::*trained, double OutputMap::*fixed,
                         const char* summary) {
  return {.name = name,
          .read =
              [=](TaskSpec& task, const toml::node& node, const KeyPlace& at) {
                task.output.*trained = node.is_string() && node.as_string()->get() == "trained";
                if (task.output.*trained) return;
                if (!node.is_number()) wrong_value(node, at.file, at.key, "\"trained\" or a number");
                read_value(task.output.*fixed, node, at, {});
              },
          .write =
              [=](const TaskSpec& task) {
                return task.output.*trained ? toml_string("trained") : write_value(task.output.*fixed);
              },
          .present = [=](const TaskSpec& task) { return !(task.output.*trained); },
          .type = "\"trained\" or a number",
          .summary = summary};
}

/// Numbers, or "balanced" until they are known.
Key<TaskSpec> class_weights_key() {
  return {.name = "class_weights",
          .read =
              [](TaskSpec& task, const toml::node& node, const KeyPlace& at) {
                const bool balanced = node.is_string() && node.as_string()->get() == "balanced";
                if (!balanced && !node.is_array())
                  wrong_value(node, at.file, at.key, "an array of numbers or \"balanced\"");
                task.class_weights.clear();
                task.balance_classes = balanced;
                if (!balanced) read_value(task.class_weights, node, at, at_least(0));
              },
          .write =
              [](const TaskSpec& task) {
                return task.balance_classes ? toml_string("balanced") : write_value(task.class_weights);
              },
          .present = [](const TaskSpec& task) { return task.balance_classes || !task.class_weights.empty(); },
          .type = "an array, each a number of at least 0, or \"balanced\"",
          .summary =
              "weights of the classes in the loss, in the order of their numbers; balanced: each class as "
              "much as "
              "another",
          .words = "class_weight pos_weight"};
}

}  // namespace

std::vector<Key<LayerSpec>> layer_keys(LayerKind kind) {
  std::vector<Key<LayerSpec>> keys;
  for (const LayerKey& row : info(kind).keys) {
    keys.push_back(layer_key(row));
    if (!row.required) continue;
    keys.back().summary += "; needed";
    keys.back().present = [](const LayerSpec&) { return false; };
  }
  return keys;
}

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
    const std::string value = key.write(layer);
    if (value != "[]" && value != "\"\"") text += ", " + key.name + " = " + value;
  }
  return text + " }";
}

/// A number of the planner's cost model.
#define COST_KEY(member)                                         \
  key<C>("cost." #member, MEMBER(model.cost.member), positive(), \
         "a measured number of the cost model that plans are compared by")

/// The keys of the optimisers' rows, each name once.
std::vector<Key<Config>> optimiser_keys() {
  std::vector<Key<Config>> keys;
  for (const OptimiserInfo& optimiser : optimiser_table())
    for (const NumberKey<TrainSpec>& row : optimiser.keys) {
      const std::string name = "train." + std::string(row.name);
      if (std::any_of(keys.begin(), keys.end(), [&](const auto& known) { return known.name == name; }))
        continue;
      const auto member = [member = row.member](auto& config) -> auto& { return config.train.*member; };
      keys.push_back(key<Config>(name, member, {row.range}, std::string(row.summary)));
    }
  return keys;
}

std::vector<Key<Config>> make_fixed_keys() {
  using C = Config;
  std::vector<Key<Config>> keys{
      key<C>("seed", MEMBER(train.seed), at_least(0),
             "every random number of a run: start values, order of samples, dropout, shots", "random_state"),
      free_to_change(key<C>("data.file", MEMBER(data_file), checked(check_filled),
                            "the data set; relative paths start at the configuration's folder",
                            "dataset path")),
      // Younger than checkpoints that are about: their text, and so their content hash, stays what it was.
      when<C>([](const C& config) { return config.data_memory != C{}.data_memory; },
              free_to_change(
                  key<C>("data.memory", MEMBER(data_memory), between(0, 1e9),
                         "MB that a rank keeps of the data set's inputs, 1024 unless said: of larger ones "
                         "it reads the rows that it needs from a temporary file on its node; 0: all",
                         "memory"))),
      key<C>("data.tasks", MEMBER(data_tasks), checked(check_filled),
             "the tasks to learn, in this order; empty: all of the data set"),
      key<C>("data.standardise", MEMBER(standardise), {},
             "inputs are shifted and scaled to mean 0 and deviation 1 of the training rows",
             "normalize normalise scale"),
      free_to_change(key<C>("run.folder", MEMBER(run_folder), checked(check_filled),
                            "checkpoints, logs and metrics; default: `runs/` and the configuration's name",
                            "output_dir out")),
      free_to_change(key<C>("run.log_every", MEMBER(log_every), at_least(0),
                            "steps between two lines about a step in metrics.jsonl; 0: none",
                            "log_interval")),
      free_to_change(key<C>("run.rank_logs", MEMBER(rank_logs), {}, "a log file for every rank")),
      key<C>("backbone.layers", MEMBER(model.backbone.trunk), {},
             "the trunk, after the branches are joined; see io/FORMATS.md for the types of layers",
             "hidden_layers"),
      key<C>("backbone.fusion", MEMBER(model.backbone.fusion), {}, "how branches are joined"),
      key<C>("backbone.pairs", MEMBER(model.backbone.pairs), checked(check_filled),
             "fusion of pairs: the inputs of each"),
      key<C>("head.kind", MEMBER(model.head.kind), checked(check_filled),
             "what turns the representation into logits: `qmtl`, `hybrid`, `separate`, `linear`, `mlp` or "
             "`local`",
             "model"),
      key<C>("head.width", MEMBER(model.head.width), between(0, 1e6),
             "width of the representation, for heads without a circuit; 0: as many as the circuit of the "
             "qmtl head would have angles",
             "hidden_size"),
      key<C>("head.hidden", MEMBER(model.head.hidden), between(1, 1e6), "mlp: hidden units of a task"),
      key<C>("head.angle_map", MEMBER(model.head.angle_map), {}, "how the representation becomes angles"),
      key<C>("head.gain", MEMBER(model.head.gain), positive(), "factor inside the angle map", "scale"),
      key<C>("head.train_gain", MEMBER(model.head.train_gain), {}, "the gain is trained"),
      key<C>("head.start", MEMBER(model.head.start), {},
             "how the blocks' angles start: 0 or pi at random plus noise, normal, or pairs of layers that "
             "undo each other",
             "init initialization"),
      key<C>("head.start_deviation", MEMBER(model.head.start_deviation), at_least(0),
             "standard deviation of that noise"),
      key<C>("head.shared_start", MEMBER(model.head.shared_start), {}, "how the shared stage's angles start"),
      key<C>("head.shared_deviation", MEMBER(model.head.shared_deviation), at_least(-1),
             "standard deviation of the shared stage's angles; -1: as `head.start_deviation`"),
      key<C>("head.scale_start", MEMBER(model.head.scale_start), {},
             "start of the factor on each output, classification"),
      key<C>("head.scale_start_regression", MEMBER(model.head.scale_start_regression), {},
             "the same for regression"),
      key<C>("head.block_per_task", MEMBER(model.head.block_per_task), {},
             "multiclass: one block with an observable for each class instead of a block for each class"),
      key<C>("head.generations", MEMBER(model.generations), at_least(1),
             "how many tasks came together, in order: the newest are trained, the others keep their logits; "
             "empty: one generation"),
      key<C>("circuit.qubits", MEMBER(model.head.ansatz.qubits), between(0, 1e6),
             "qubits of the shared stage; 0: two for each output", "n_qubits wires num_qubits"),
      key<C>("circuit.uploads", MEMBER(model.head.ansatz.uploads), between(1, 1e4),
             "how often angles are uploaded", "reuploading"),
      key<C>("circuit.repeat_uploads", MEMBER(model.head.ansatz.repeat_uploads), {},
             "every upload carries the same angles; otherwise each has angles of its own"),
      key<C>("circuit.upload", MEMBER(model.head.ansatz.upload), {}, "the gate that carries an angle",
             "encoding embedding"),
      key<C>("circuit.layers", MEMBER(model.head.ansatz.layers), between(0, 1e4),
             "shared layers, each rotations on every qubit and then the entangler", "depth n_layers reps"),
      key<C>("circuit.rotations", MEMBER(model.head.ansatz.rotations), {}, "the rotations of a shared layer"),
      key<C>("circuit.entangler", MEMBER(model.head.ansatz.entangler), {},
             "the two-qubit gates of a shared layer", "entanglement"),
      when<C>(
          [](const C& c) { return !c.model.head.ansatz.preset.empty(); },
          key<C>("circuit.preset", MEMBER(model.head.ansatz.preset), checked(check_preset),
                 "a published circuit as the shared stage, `circuit.layers` times; `qmtl presets` lists them",
                 "ansatz template")),
      when<C>([](const C& c) { return !c.model.head.ansatz.stage.empty(); },
              key<C>("circuit.layer", MEMBER(model.head.ansatz.stage), {},
                     "the shared stage layer by layer, instead of uploads, rotations and entangler")),
      key<C>("block.placement", MEMBER(model.head.ansatz.placement), {},
             "which qubits a block acts on: a register of its own, or all"),
      key<C>("block.size", MEMBER(model.head.ansatz.register_size), between(0, 1e6),
             "qubits of a register, local placement"),
      key<C>("block.stride", MEMBER(model.head.ansatz.stride), between(0, 1e6),
             "the first qubit of register r is r times this, modulo the qubits; 0: so that registers cover "
             "the qubits"),
      key<C>("block.registers", MEMBER(model.head.ansatz.registers), at_least(0),
             "registers by hand, one for each block; empty: laid out with the stride"),
      key<C>("block.layers", MEMBER(model.head.ansatz.block_layers), between(0, 1e4), "layers of a block"),
      key<C>("block.rotations", MEMBER(model.head.ansatz.block_rotations), {},
             "the rotations of a block's layer"),
      key<C>("block.entangler", MEMBER(model.head.ansatz.block_entangler), {},
             "the two-qubit gates of a block's layer"),
      key<C>("block.order", MEMBER(model.head.ansatz.block_order), {},
             "whether a block's layer begins with its entangler or its rotations"),
      key<C>("block.readout", MEMBER(model.head.ansatz.readout), {},
             "what of the register is an output: Z of the first qubit, the mean of all Z, trained weights on "
             "them, or listed strings",
             "observable measurement"),
      key<C>("block.strings", MEMBER(model.head.ansatz.strings), at_least(0),
             "readout of strings: positions in the register, a list for each string"),
      when<C>([](const C& c) { return !c.model.head.ansatz.block_preset.empty(); },
              key<C>("block.preset", MEMBER(model.head.ansatz.block_preset), checked(check_preset),
                     "the same as every block, `block.layers` times")),
      when<C>([](const C& c) { return !c.model.head.ansatz.block_stage.empty(); },
              key<C>("block.layer", MEMBER(model.head.ansatz.block_stage), {},
                     "every block layer by layer, instead of layers, rotations and entangler")),
      when<C>(
          [](const C& c) { return !c.model.head.ansatz.observables.empty(); },
          key<C>(
              "block.observables", MEMBER(model.head.ansatz.observables), checked(check_filled),
              "what every block measures, one for each of its outputs: sums of Pauli strings such as `Z0` or "
              "`0.5 X0 X1 - w Z2` (w: a trained weight), or probabilities such as `P01`",
              "observable hamiltonian")),
      key<C>("block.outputs", MEMBER(model.head.ansatz.block_outputs), at_least(1),
             "outputs of each block; set by the tasks"),
      free_at_constant_rate(key<C>("train.epochs", MEMBER(train.epochs), between(0, 1e9),
                                   "passes over the training rows", "max_epochs num_epochs")),
      key<C>("train.batch", MEMBER(train.batch), between(1, 1e9), "samples of a step", "batch_size"),
      when<C>(
          [](const C& c) { return c.train.batches != BatchKind::mixed; },
          key<C>(
              "train.batches", MEMBER(train.batches), {},
              "what a batch holds: samples of any tasks, or of one (then each sample has labels of one task)",
              "task_sampling")),
      key<C>("train.optimiser", MEMBER(train.optimiser), {}, "how a gradient becomes a step", "optimizer"),
      key<C>("train.learning_rate", MEMBER(train.learning_rate), positive(), "step size", "lr eta"),
      key<C>("train.circuit_rate", MEMBER(train.circuit_rate), at_least(0),
             "factor on it for the circuit's angles"),
      key<C>("train.head_rate", MEMBER(train.head_rate), at_least(0),
             "factor on it for the rest of the head"),
      key<C>("train.backbone_rate", MEMBER(train.backbone_rate), at_least(0),
             "factor on it for the backbone"),
      key<C>("train.weight_decay", MEMBER(train.weight_decay), at_least(0),
             "adamw: decoupled; adam and sgd: L2", "l2 regularization"),
      key<C>("train.schedule", MEMBER(train.schedule), {}, "the learning rate over the steps",
             "scheduler lr_scheduler"),
      key<C>("train.warmup_steps", MEMBER(train.warmup_steps), at_least(0),
             "steps over which the learning rate rises from 0", "warmup"),
      key<C>("train.clip", MEMBER(train.clip), at_least(0), "largest norm of the whole gradient; 0: off",
             "gradient_clipping max_grad_norm"),
      free_to_change(
          key<C>("train.patience", MEMBER(train.patience), at_least(0),
                 "early stopping: end after so many epochs without a better validation mean; 0: off",
                 "early_stopping")),
      key<C>("train.shots", MEMBER(train.shots), at_least(0),
             "shots a circuit's expectation is estimated from while training; 0: exact"),
      key<C>("train.frozen", MEMBER(train.frozen), checked(check_filled),
             "parameters that stay as they start, by the beginnings of their names", "freeze"),
      key<C>("train.learn_task_weights", MEMBER(model.learn_task_weights), {},
             "weights of the tasks' losses are trained (uncertainty weighting, Kendall et al. 2018)",
             "loss_weights"),
      key<C>("train.precision", MEMBER(model.precision), checked(check_precision),
             "`float` or `double`: arithmetic of backbone and circuit; parameters are double", "dtype"),
      key<C>("engine.plan", MEMBER(model.plan), checked(check_plan),
             "how the circuit is evaluated: `auto`, `state`, `operators`, `cones`, `pauli` or `mixed`",
             "device simulator backend"),
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
      free_to_change(key<C>("distributed.watchdog", MEMBER(watchdog), between(0, 1e6),
                            "seconds without an answer after which a rank counts as lost; 0: never",
                            "timeout")),
      key<C>("distributed.shard", MEMBER(train.shard), multiple_of(16),
             "samples of a work unit, 0: 16 to 256, the fewer the more a sample costs, above 64 where a "
             "batch is "
             "still eight units; part of what decides the bits of a run"),
      key<C>("distributed.task_groups", MEMBER(train.task_groups), between(1, 1e6),
             "work units for each shard; part of what decides the bits of a run"),
      free_to_change(key<C>("checkpoint.every_epochs", MEMBER(checkpoint.every_epochs), at_least(0),
                            "a checkpoint after so many epochs, while saving takes at most 2 % of the time; "
                            "0: none for this reason",
                            "save_every")),
      free_to_change(key<C>("checkpoint.every_steps", MEMBER(checkpoint.every_steps), at_least(0),
                            "after so many steps; 0: none for this reason")),
      free_to_change(key<C>("checkpoint.every_seconds", MEMBER(checkpoint.every_seconds), at_least(0),
                            "after so many seconds since the last; 0: none for this reason")),
      free_to_change(key<C>("checkpoint.keep", MEMBER(checkpoint.keep), at_least(0),
                            "rotating checkpoints kept, besides last and best", "save_total_limit")),
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

std::string key_called(std::string_view word) {
  const std::string wanted = " " + std::string(word) + " ";
  for (const Key<Config>& key : fixed_keys())
    if ((" " + key.words + " ").find(wanted) != std::string::npos) return key.name;
  return "";
}

const std::vector<Key<TaskSpec>>& task_keys() {
  using T = TaskSpec;
  constexpr auto resolved = [](const T& task) { return !task.kind.empty(); };
  static const std::vector<Key<TaskSpec>> keys{
      when<T>(resolved, key<T>("kind", MEMBER(kind), checked(check_task_kind), "set by the data set")),
      when<T>(resolved, key<T>("outputs", MEMBER(outputs), between(1, 1e6), "set by the data set")),
      when<T>(resolved, key<T>("classes", MEMBER(classes), between(0, 1e6), "set by the data set")),
      when<T>([](const T& task) { return !task.metric.empty(); },
              key<T>("metric", MEMBER(metric), checked(check_filled),
                     "what scores the task; default: the data set's, else that of its kind")),
      when<T>([](const T& task) { return !task.metrics.empty(); },
              key<T>("metrics", MEMBER(metrics), checked(check_filled),
                     "several metrics instead: the first scores the task and decides about the best epoch, "
                     "the others are "
                     "reported")),
      when<T>([](const T& task) { return !task.loss.empty(); },
              key<T>("loss", MEMBER(loss), checked(check_filled),
                     "what trains the task; default: that of its kind")),
      key<T>("weight", MEMBER(weight), at_least(0), "factor on the task's loss"),
      when<T>([](const T& task) { return task.own_qubits > 0; },
              key<T>("qubits", MEMBER(own_qubits), between(0, 1e6),
                     "so many qubits of the circuit that no other task's register has")),
      when<T>([](const T& task) { return !task.block.qubits.empty(); },
              key<T>("register", MEMBER(block.qubits), at_least(0), "its register by hand")),
      when<T>([](const T& task) { return !task.block.layers.empty(); },
              key<T>("layer", MEMBER(block.layers), {}, "its block layer by layer")),
      when<T>([](const T& task) { return task.block.bare; },
              key<T>("bare", MEMBER(block.bare), {}, "its block has no gates")),
      when<T>([](const T& task) { return !task.block.observables.empty(); },
              key<T>("observables", MEMBER(block.observables), checked(check_filled),
                     "what it measures, one for each of its outputs", "observable")),
      when<T>(
          [](const T& task) { return task.output.form != OutputForm::affine; },
          key<T>(
              "output", MEMBER(output.form), {},
              "how the circuit's expectation e becomes the logit of head qmtl: `affine`: scale * e + bias; "
              "`raw`: e itself; `tanh`: tanh(scale * e + bias), from the lower to the upper bound of range",
              "output_map activation")),
      when<T>(
          [](const T& task) { return !task.output.range.empty(); },
          key<T>("range", MEMBER(output.range), {},
                 "the lower and the upper bound of output = \"tanh\"; default: [-1, 1]. The predictions of "
                 "a regression stay between them, in the unit of its labels")),
      output_key("scale", &OutputMap::train_scale, &OutputMap::scale,
                 "factor on the expectation in the logit: trained, or a number that stays"),
      output_key("bias", &OutputMap::train_bias, &OutputMap::bias,
                 "is added to it: trained, or a number that stays"),
      when<T>([](const T& task) { return !task.in_mean; },
              key<T>("in_mean", MEMBER(in_mean), {},
                     "its metric counts in the mean that chooses the best epoch")),
      class_weights_key(),
  };
  return keys;
}

const std::vector<Key<BranchSpec>>& branch_keys() {
  static const std::vector<Key<BranchSpec>> keys{
      key<BranchSpec>("layers", MEMBER(layers), {}, "layers of this input alone")};
  return keys;
}

const std::vector<Key<InputSize>>& input_keys() {
  static const std::vector<Key<InputSize>> keys{
      when<InputSize>([](const InputSize& size) { return size.width > 0; },
                      key<InputSize>("width", MEMBER(width), between(1, 1e9), "set by the data set")),
      when<InputSize>([](const InputSize& size) { return !size.shape.empty(); },
                      key<InputSize>("shape", MEMBER(shape), between(1, 1e6), "set by the data set")),
  };
  return keys;
}

#undef MEMBER

}  // namespace qmtl
