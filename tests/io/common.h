// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <system_error>

#include "io/config/config.h"
#include "io/data/dataset.h"
#include "io/runs/checkpoint.h"
#include "runtime/base/error.h"

namespace qmtl::test {

/// A folder of its own that goes away with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "qmtl-io-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// The message and exit code of the Error that `action` throws; "" and 0 if it throws none.
struct Failure {
  std::string message;
  int code = 0;
  bool says(const std::string& part) const { return message.find(part) != std::string::npos; }
};
inline Failure failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.what(), static_cast<int>(error.code())};
  }
  return {};
}

inline constexpr float missing = std::numeric_limits<float>::quiet_NaN();

/// Five samples, two inputs, one task of each kind, with missing labels.
inline Dataset small_dataset() {
  Dataset data;
  data.title = "Small \xC3\xA9xample";
  data.source = "test";
  data.licence = "none";
  data.samples = 5;
  data.inputs = {{"image", {1, 2, 2}, 4, {}}, {"text", {3}, 3, {}}};
  for (Input& input : data.inputs)
    for (std::size_t i = 0; i < 5 * input.width; ++i)
      input.values.push_back(0.25f * static_cast<float>(i) - 1.0f);
  data.tasks = {{"choice", TaskKind::multiclass, 3, "macro_f1", 1, {0, 1, 2, missing, 1}},
                {"labels", TaskKind::multilabel, 2, "macro_f1", 2, {0, 1, 1, 1, missing, 0, 1, 0, 0, 0}},
                {"level", TaskKind::regression, 2, "rmse", 1, {-1.5f, 2.0f, missing, 0.0f, 3.25f}},
                {"yes", TaskKind::binary, 2, "f1", 1, {0, 1, missing, missing, 1}}};
  data.split = {0, 0, 1, 2, 0};
  data.fold = {0, 1, 2, 3, -1};
  data.groups = {7, 7, 8, 8, 1000000};
  data.ids = {"a", "b", "c", "d\xC3\xA9", ""};
  data.hash = dataset_hash(data);
  return data;
}

/// A resolved configuration that differs from the defaults in every part.
inline Config small_config() {
  Config config;
  config.file = "small.toml";
  config.data_file = "/data/small.h5";
  config.data_tasks = {"yes", "choice"};
  config.run_folder = "runs/small";
  config.standardise = false;
  ModelSpec& model = config.model;
  model.inputs = {"text", "image \"x\""};
  model.input_widths = {3, 4};
  model.input_shapes = {{}, {2, 2}};
  model.tasks = {{"yes", "binary", 1, 2, "f1", 0.5, {0.25, 4.0}},
                 {"choice", "multiclass", 3, 3, "macro_f1", 1.0, {}}};
  model.backbone.branches = {{"text", {{LayerKind::dense, 8, Activation::relu, 0.0}}},
                             {"image \"x\"", {{LayerKind::layer_norm, 0, Activation::none, 0.0}}}};
  model.backbone.trunk = {{LayerKind::dense, 16, Activation::tanh, 0.0},
                          {LayerKind::dropout, 0, Activation::none, 0.125},
                          {LayerKind::activation, 0, Activation::gelu, 0.0}};
  LayerSpec conv, pool, residual, augment;
  conv.kind = LayerKind::conv;
  conv.channels = 3;
  conv.kernel = 2;
  conv.stride = 2;
  conv.padding = 1;
  pool.kind = LayerKind::global_pool;
  pool.pool = PoolKind::mean;
  augment.kind = LayerKind::augment;
  augment.shift = 1;
  augment.flip = true;
  augment.noise = 0.1;
  residual.kind = LayerKind::residual;
  residual.layers = {model.backbone.trunk[0], residual};
  residual.layers[1].layers = {model.backbone.trunk[2]};
  model.backbone.branches[1].layers = {augment, conv, pool, residual};
  model.backbone.pairs = {{"text", "image \"x\""}};
  AnsatzSpec& ansatz = model.head.ansatz;
  ansatz.qubits = 8;
  ansatz.stride = 2;
  ansatz.uploads = 2;
  ansatz.layers = 2;
  ansatz.rotations = {Gate::ry, Gate::rz};
  ansatz.entangler = Entangler::brickwork_cz;
  ansatz.registers = {{0, 1}, {2, 3}, {4, 5}, {7, 6}};
  ansatz.readout = ReadoutKind::strings;
  ansatz.strings = {{0}, {0, 1}};
  ansatz.block_outputs = {1, 1, 1, 1};
  model.head.angle_map = AngleMap::shift_atan;
  model.head.gain = 0.1;
  model.head.start = BlockStart::normal;
  model.head.shared_deviation = 0.25;
  model.generations = {1, 1};
  model.learn_task_weights = true;
  model.precision = "double";
  config.train.seed = 9007199254740993;
  config.train.epochs = 40;
  config.train.patience = 0;
  config.train.learning_rate = 1.0 / 3.0;
  config.train.optimiser = OptimiserKind::adamw;
  config.train.schedule = ScheduleKind::cosine;
  config.train.shard = 32;
  config.train.frozen = {"trunk", "head.block[0:4]"};
  config.checkpoint.keep = 2;
  return config;
}

/// A checkpoint with tensors of rank 0, 1 and 2, a history and awkward numbers.
inline Checkpoint small_checkpoint(std::int64_t step = 12) {
  Checkpoint checkpoint;
  checkpoint.config = small_config();
  checkpoint.params = {{"trunk.0.weight", {4, 3}, 0, 12, false, true},
                       {"trunk.0.bias", {4}, 12, 4, false, false},
                       {"head.gain", {}, 16, 1, true, false},
                       {"head.blocks", {6}, 17, 6, true, true}};
  TrainState& state = checkpoint.state;
  for (int i = 0; i < 23; ++i) state.params.push_back(0.125 * i - static_cast<double>(step));
  state.params[3] = -0.0;
  state.moment1.assign(23, 1e-300);
  state.moment2.assign(23, 5e-324);
  state.step = step;
  state.epoch = static_cast<int>(step / 4);
  state.step_in_epoch = 1;
  state.epoch_loss_sum = 0.1 + 0.2;
  state.epoch_norm_sums = {0.1, 0.2, 0.3, 0.4, 0.5};
  state.best_score = -std::numeric_limits<double>::infinity();
  state.best_epoch = 1;
  state.history = {{1, 4, 0.01, 0.7, 0.8, 0.5, {0.4, std::numeric_limits<double>::quiet_NaN()}},
                   {2, 8, 0.01, 0.6, 0.7, 0.6, {0.5, 0.7}}};
  checkpoint.statistics = {
      {{"text", {0.1, 0.2, 0.3}, {1, 2, 3}}, {"image \"x\"", {0, 0, 0, 0}, {1, 1, 1, 1}}},
      {{"height", 1.5, 0.25}}};
  checkpoint.meaning = {{{"image \"x\"", {}, {}, {1.5e9, 0, -1, 0.1}},
                         {"text", {"h\xC3\xB6he", "weight", "a,b"}, {"cm", "", "kg"}, {}}},
                        {{"choice", {"bird", "cat", "dog"}, ""}, {"yes", {"no", "yes"}, ""}},
                        "file = \"pets.csv\"\n"};
  checkpoint.data_hash = "abc";
  checkpoint.plan = "cones";
  checkpoint.program_version = "0.1.0";
  return checkpoint;
}

}  // namespace qmtl::test
