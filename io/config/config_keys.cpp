// SPDX-License-Identifier: Apache-2.0
// The keys of the fixed tables; those of the model are in model_keys.cpp.
#include "io/config/config_keys.h"

#include <algorithm>
#include <filesystem>

#include "io/config/key_rows.h"
#include "io/config/noise_file.h"
#include "io/files/atomic_file.h"
#include "runtime/circuit/plan/plan.h"
#include "runtime/train/optimiser.h"

namespace qmtl {
namespace {

constexpr double huge = std::numeric_limits<double>::infinity();

KeyRule multiple_of(int number) { return {{.least = 0}, number}; }

void check_precision(const std::string& text) {
  if (text != "float" && text != "double")
    throw usage_error("expected \"float\" or \"double\", found " + toml_string(text));
}
void check_plan(const std::string& text) { parse_plan_kind(text); }

Key<Config> free_to_change(Key<Config> row) {
  row.free = [](const Config&) { return true; };
  return row;
}
/// Where the learning rate follows the part of the steps that is done, their number decides about every step.
Key<Config> free_at_constant_rate(Key<Config> row) {
  row.free = [](const Config& config) { return config.train.schedule == ScheduleKind::constant; };
  return row;
}

/// A file's name, or (in what is written) what it holds: the device stays with the run.
Key<Config> noise_key() {
  return {.name = "train.noise",
          .read =
              [](Config& config, const toml::node& node, const KeyPlace& at) {
                if (!node.is_string()) wrong_value(node, at.file, at.key, "the name of a noise model's file");
                std::string text = node.as_string()->get();
                try {
                  if (!text.empty() && text.find_first_of("\n{") == std::string::npos) {
                    // Beside the configuration; a file given as an override is relative to the current
                    // folder.
                    const std::filesystem::path folder =
                        at.file.starts_with("--set ") ? "" : std::filesystem::path(at.file).parent_path();
                    const std::string path = (folder / text).string();
                    text = read_file(path, most_text_bytes);
                    if (text.find_first_of("\n{") == std::string::npos) text += "\n";
                    parse_noise(text, path);
                  }
                  parse_training_noise(text);
                } catch (const Error& error) {
                  throw usage_error(where(node, at.file) + ": " + at.key + ": " + error.what());
                }
                config.train.noise = std::move(text);
              },
          .write = [](const Config& config) { return toml_string(config.train.noise); },
          .present = [](const Config& config) { return !config.train.noise.empty(); },
          .type = "a file's name",
          .summary =
              "noise model of the device to train for, as `qmtl noise` reads it: expectations and gradients "
              "of the head's circuit are those on it, validation too; none: without noise",
          .words = "noise_model device"};
}

/// A number of the planner's cost model.
#define COST_KEY(member)                                              \
  key<C>("cost." #member, QMTL_MEMBER(model.cost.member), positive(), \
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

std::vector<Key<Config>> run_keys() {
  using C = Config;
  return {
      key<C>("seed", QMTL_MEMBER(train.seed), at_least(0),
             "every random number of a run: start values, order of samples, dropout, shots", "random_state"),
      free_to_change(key<C>("data.file", QMTL_MEMBER(data_file), checked(check_filled),
                            "the data set; relative paths start at the configuration's folder",
                            "dataset path")),
      // Younger than checkpoints that are about: their text, and so their content hash, stays what it was.
      when<C>([](const C& config) { return config.data_memory != C{}.data_memory; },
              free_to_change(
                  key<C>("data.memory", QMTL_MEMBER(data_memory), between(0, 1e9),
                         "MB that a rank keeps of the data set's inputs, 1024 unless said: of larger ones "
                         "it reads the rows that it needs from a temporary file on its node; 0: all",
                         "memory"))),
      key<C>("data.tasks", QMTL_MEMBER(data_tasks), checked(check_filled),
             "the tasks to learn, in this order; empty: all of the data set"),
      key<C>("data.standardise", QMTL_MEMBER(standardise), {},
             "inputs are shifted and scaled to mean 0 and deviation 1 of the training rows",
             "normalize normalise scale"),
      free_to_change(key<C>("run.folder", QMTL_MEMBER(run_folder), checked(check_filled),
                            "checkpoints, logs and metrics; default: `runs/` and the configuration's name",
                            "output_dir out")),
      free_to_change(key<C>("run.log_every", QMTL_MEMBER(log_every), at_least(0),
                            "steps between two lines about a step in metrics.jsonl; 0: none",
                            "log_interval")),
      free_to_change(key<C>("run.rank_logs", QMTL_MEMBER(rank_logs), {}, "a log file for every rank")),
  };
}

std::vector<Key<Config>> training_keys() {
  using C = Config;
  std::vector<Key<Config>> keys{
      free_at_constant_rate(key<C>("train.epochs", QMTL_MEMBER(train.epochs), between(0, 1e9),
                                   "passes over the training rows", "max_epochs num_epochs")),
      key<C>("train.batch", QMTL_MEMBER(train.batch), between(1, 1e9), "samples of a step", "batch_size"),
      when<C>(
          [](const C& c) { return c.train.batches != BatchKind::mixed; },
          key<C>(
              "train.batches", QMTL_MEMBER(train.batches), {},
              "what a batch holds: samples of any tasks, or of one (then each sample has labels of one task)",
              "task_sampling")),
      key<C>("train.optimiser", QMTL_MEMBER(train.optimiser), {}, "how a gradient becomes a step",
             "optimizer"),
      key<C>("train.learning_rate", QMTL_MEMBER(train.learning_rate), positive(), "step size", "lr eta"),
      key<C>("train.circuit_rate", QMTL_MEMBER(train.circuit_rate), at_least(0),
             "factor on it for the circuit's angles"),
      key<C>("train.head_rate", QMTL_MEMBER(train.head_rate), at_least(0),
             "factor on it for the rest of the head"),
      key<C>("train.backbone_rate", QMTL_MEMBER(train.backbone_rate), at_least(0),
             "factor on it for the backbone"),
      key<C>("train.weight_decay", QMTL_MEMBER(train.weight_decay), at_least(0),
             "adamw: decoupled; adam and sgd: L2", "l2 regularization"),
      key<C>("train.schedule", QMTL_MEMBER(train.schedule), {}, "the learning rate over the steps",
             "scheduler lr_scheduler"),
      key<C>("train.warmup_steps", QMTL_MEMBER(train.warmup_steps), at_least(0),
             "steps over which the learning rate rises from 0", "warmup"),
      key<C>("train.clip", QMTL_MEMBER(train.clip), at_least(0), "largest norm of the whole gradient; 0: off",
             "gradient_clipping max_grad_norm"),
      free_to_change(
          key<C>("train.patience", QMTL_MEMBER(train.patience), at_least(0),
                 "early stopping: end after so many epochs without a better validation mean; 0: off",
                 "early_stopping")),
      key<C>("train.shots", QMTL_MEMBER(train.shots), at_least(0),
             "shots a circuit's expectation is estimated from while training; 0: exact"),
      noise_key(),
      when<C>([](const C& c) { return c.train.noise_warmup != 0; },
              key<C>("train.noise_warmup", QMTL_MEMBER(train.noise_warmup), at_least(0),
                     "epochs over which the device's noise rises from none; validation has all of it")),
      when<C>([](const C& c) { return c.train.trajectories != TrainSpec{}.trajectories; },
              key<C>("train.trajectories", QMTL_MEMBER(train.trajectories), between(1, 1e6),
                     "of every sample and step, 16 unless said, where the noise of a wide circuit is "
                     "simulated by them")),
      key<C>("train.frozen", QMTL_MEMBER(train.frozen), checked(check_filled),
             "parameters that stay as they start, by the beginnings of their names", "freeze"),
      key<C>("train.learn_task_weights", QMTL_MEMBER(model.learn_task_weights), {},
             "weights of the tasks' losses are trained (uncertainty weighting, Kendall et al. 2018)",
             "loss_weights"),
      when<C>(
          [](const C& c) { return c.train.task_weighting != TaskWeighting::none; },
          key<C>("train.task_weighting", QMTL_MEMBER(train.task_weighting), {},
                 "how the tasks' losses are weighed against each other: by `uncertainty` (another word for "
                 "learn_task_weights = true), by `gradnorm` (equal gradient norms where training is "
                 "equally fast, Chen et al. 2018; a pass of the head per task), by `pcgrad` (conflicting "
                 "gradients are projected, Yu et al. 2020; a backward pass per task), or `none`",
                 "grad_norm gradient_surgery loss_weighting")),
      when<C>([](const C& c) { return c.train.gradnorm_alpha != TrainSpec{}.gradnorm_alpha; },
              key<C>("train.gradnorm_alpha", QMTL_MEMBER(train.gradnorm_alpha), at_least(0),
                     "gradnorm: how much tasks that learn more slowly than others are favoured, 1.5 unless "
                     "said; 0: equal gradient norms")),
      when<C>([](const C& c) { return c.train.gradnorm_rate != TrainSpec{}.gradnorm_rate; },
              key<C>("train.gradnorm_rate", QMTL_MEMBER(train.gradnorm_rate), positive(),
                     "gradnorm: step size of the weights, 0.025 unless said, as gradient norms are in units "
                     "of their mean")),
      key<C>("train.precision", QMTL_MEMBER(model.precision), checked(check_precision),
             "`float` or `double`: arithmetic of backbone and circuit; parameters are double", "dtype"),
      key<C>("engine.plan", QMTL_MEMBER(model.plan), checked(check_plan),
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
      free_to_change(key<C>("distributed.watchdog", QMTL_MEMBER(watchdog), between(0, 1e6),
                            "seconds without an answer after which a rank counts as lost; 0: never",
                            "timeout")),
      key<C>("distributed.shard", QMTL_MEMBER(train.shard), multiple_of(16),
             "samples of a work unit, 0: 16 to 256, the fewer the more a sample costs, above 64 where a "
             "batch is "
             "still eight units; part of what decides the bits of a run"),
      key<C>("distributed.task_groups", QMTL_MEMBER(train.task_groups), between(1, 1e6),
             "work units for each shard; part of what decides the bits of a run"),
      free_to_change(key<C>("checkpoint.every_epochs", QMTL_MEMBER(checkpoint.every_epochs), at_least(0),
                            "a checkpoint after so many epochs, while saving takes at most 2 % of the time; "
                            "0: none for this reason",
                            "save_every")),
      free_to_change(key<C>("checkpoint.every_steps", QMTL_MEMBER(checkpoint.every_steps), at_least(0),
                            "after so many steps; 0: none for this reason")),
      free_to_change(key<C>("checkpoint.every_seconds", QMTL_MEMBER(checkpoint.every_seconds), at_least(0),
                            "after so many seconds since the last; 0: none for this reason")),
      free_to_change(key<C>("checkpoint.keep", QMTL_MEMBER(checkpoint.keep), at_least(0),
                            "rotating checkpoints kept, besides last and best", "save_total_limit")),
  };
  const auto after = std::find_if(keys.begin(), keys.end(),
                                  [](const auto& row) { return row.name == "train.weight_decay"; });
  const std::vector<Key<Config>> own = optimiser_keys();
  keys.insert(after, own.begin(), own.end());
  return keys;
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

const std::vector<Key<Config>>& fixed_keys() {
  static const std::vector<Key<Config>> keys = [] {
    std::vector<Key<Config>> all;
    for (const std::vector<Key<Config>>& part : {run_keys(), model_keys(), training_keys()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return keys;
}

std::string key_called(std::string_view word) {
  const std::string wanted = " " + std::string(word) + " ";
  for (const Key<Config>& key : fixed_keys())
    if ((" " + key.words + " ").find(wanted) != std::string::npos) return key.name;
  // Or the key itself, in another table.
  for (const Key<Config>& key : fixed_keys())
    if (std::string_view(key.name).substr(key.name.rfind('.') + 1) == word) return key.name;
  return "";
}

}  // namespace qmtl
