// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>

#include "common.h"
#include "io/files/atomic_file.h"

using namespace qmtl;
using namespace qmtl::test;

namespace {

void check_equal(const Config& a, const Config& b) {
  CHECK(a.data_file == b.data_file);
  CHECK(a.data_tasks == b.data_tasks);
  CHECK(a.run_folder == b.run_folder);
  CHECK(a.standardise == b.standardise);
  CHECK(a.model == b.model);
  CHECK(a.train == b.train);
  CHECK(a.checkpoint == b.checkpoint);
}

}  // namespace

TEST_CASE("a resolved configuration reads back from its canonical text", "[io]") {
  const Config config = small_config();
  const std::string text = to_toml(config);
  INFO(text);
  const Config read = parse_config(text, "small.toml");
  check_equal(read, config);
  CHECK(to_toml(read) == text);
}

TEST_CASE("what a configuration does not say keeps its default, and sizes stay open", "[io]") {
  const Config config = parse_config("", "empty.toml");
  CHECK(config.train == TrainSpec{});
  CHECK(config.checkpoint == CheckpointSpec{});
  CHECK(config.model.head.ansatz.qubits == 0);
  CHECK(config.model.head.ansatz.stride == 0);
  CHECK(config.model.head.ansatz.register_size == 0);
  CHECK(config.model.head.width == 0);
  CHECK(config.model.tasks.empty());
  check_equal(parse_config(to_toml(config), "empty.toml"), config);
}

TEST_CASE("every kind of key is read", "[io]") {
  const Config config = parse_config(R"(
seed = 7
[data]
file = "x.h5"
[branch.text]
layers = [{ type = "dense", width = 5 }]
[branch.audio]
[backbone]
layers = [{ type = "dense", width = 64, activation = "tanh" }, { type = "layer-norm" },
          { type = "dropout", rate = 0.5 }, { type = "activation", activation = "relu" }]
[block]
registers = [[0, 1], [2, 3]]
entangler = "cx-line"
[task.b]
weight = 2
class_weights = [1, 3.5]
[task.a]
metric = "auc"
class_weights = "balanced"
[train]
learning_rate = 1
[distributed]
shard = 48
)",
                                     "all.toml");
  CHECK(config.train.seed == 7);
  REQUIRE(config.model.backbone.branches.size() == 2);
  CHECK(config.model.backbone.branches[0].input == "text");
  CHECK(config.model.backbone.branches[0].layers.at(0).activation == Activation::none);
  CHECK(config.model.backbone.branches[1].input == "audio");
  CHECK(config.model.backbone.trunk.size() == 4);
  CHECK(config.model.backbone.trunk.at(2).rate == 0.5);
  CHECK(config.model.head.ansatz.registers == std::vector<std::vector<int>>{{0, 1}, {2, 3}});
  CHECK(config.model.head.ansatz.block_entangler == Entangler::cx_line);
  REQUIRE(config.model.tasks.size() == 2);
  CHECK(config.model.tasks[0].name == "b");  // the order of the file, not of the alphabet
  CHECK(config.model.tasks[0].kind == "");
  CHECK(config.model.tasks[0].class_weights == std::vector<double>{1, 3.5});
  CHECK_FALSE(config.model.tasks[0].balance_classes);
  CHECK(config.model.tasks[1].metric == "auc");
  CHECK(config.model.tasks[1].balance_classes);
  CHECK(parse_config(to_toml(config), "t").model == config.model);
  CHECK(config.train.learning_rate == 1.0);
  CHECK(config.train.shard == 48);
}

TEST_CASE("layers of images, nested layers, fusion, pairs and shapes are read", "[io]") {
  const Config config = parse_config(R"(
[input.scan]
shape = [1, 8, 8]
[input.note]
[branch.scan]
layers = [
  { type = "augment", flip = true },
  { type = "conv", channels = 16, kernel = 3, activation = "relu" },
  { type = "residual", layers = [
    { type = "conv", channels = 16, kernel = 3, padding = 1, stride = 1 },
    { type = "residual", layers = [{ type = "layer-norm" }] },
  ] },
  { type = "pool", kind = "mean" },
  { type = "global-pool", kind = "max" },
]
[backbone]
fusion = "gated"
pairs = [["scan", "note"]]
)",
                                     "scan.toml");
  CHECK(config.model.input_shapes == std::vector<std::vector<std::size_t>>{{1, 8, 8}, {}});
  const std::vector<LayerSpec>& layers = config.model.backbone.branches.at(0).layers;
  REQUIRE(layers.size() == 5);
  CHECK(layers[0].flip);
  CHECK(layers[0].shift == 0);
  CHECK(layers[0].noise == 0.0);
  CHECK(layers[1].channels == 16);
  CHECK(layers[1].kernel == 3);
  CHECK(layers[1].stride == 1);
  CHECK(layers[1].padding == 0);
  CHECK(layers[1].activation == Activation::relu);
  REQUIRE(layers[2].layers.size() == 2);
  CHECK(layers[2].layers[0].padding == 1);
  CHECK(layers[2].layers[1].layers.at(0).kind == LayerKind::layer_norm);
  CHECK(layers[3].pool == PoolKind::mean);
  CHECK(layers[3].size == 2);
  CHECK(layers[4].kind == LayerKind::global_pool);
  CHECK(layers[4].pool == PoolKind::max);
  CHECK(config.model.backbone.fusion == FusionKind::gated);
  CHECK(config.model.backbone.pairs == std::vector<std::vector<std::string>>{{"scan", "note"}});
  check_equal(parse_config(to_toml(config), "scan.toml"), config);
  CHECK(parse_config("[input.note]\n", "flat.toml").model.input_shapes.empty());
}

TEST_CASE("circuits between layers are read with every key and written so that they are read again", "[io]") {
  const Config config = parse_config(R"(
[[backbone.layers]]
type = "circuit"
qubits = 4
[[backbone.layers]]
type = "residual"
[[backbone.layers.layers]]
type = "circuit"
qubits = 3
copies = 2
share = true
reads = "stripes"
window = 3
angle_map = "pi-tanh"
gain = 0.5
train_gain = true
start_deviation = 0.25
uploads = 2
repeat_uploads = true
upload = "rx"
layers = 3
rotations = ["rz", "ry"]
entangler = "cx-line"
plan = "cones"
activation = "tanh"
observables = ["Z0", "w X0 X1"]
[[branch.a.layers]]
type = "circuit"
qubits = 2
preset = "sim-2"
[[branch.a.layers]]
type = "circuit"
qubits = 2
[[branch.a.layers.layer]]
qasm = "ry(z[0]) q[0]; rz(2 * w[0]) q[1];"
[[branch.a.layers.layer]]
entangler = "cx"
pattern = "line"
)",
                                     "circuits.toml");
  const std::vector<LayerSpec>& layers = config.model.backbone.trunk;
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].kind == LayerKind::circuit);
  CircuitCopies plain;
  plain.ansatz.qubits = 4;
  CHECK(layers[0].circuit == plain);
  const LayerSpec& inner = layers[1].layers.at(0);
  CircuitCopies wanted;
  wanted.copies = 2;
  wanted.share = wanted.train_gain = true;
  wanted.reads = CopyInputs::stripes;
  wanted.window = 3;
  wanted.angle_map = AngleMap::pi_tanh;
  wanted.gain = 0.5;
  wanted.start_deviation = 0.25;
  wanted.plan = "cones";
  wanted.ansatz.qubits = wanted.ansatz.layers = 3;
  wanted.ansatz.uploads = 2;
  wanted.ansatz.repeat_uploads = true;
  wanted.ansatz.upload = Gate::rx;
  wanted.ansatz.rotations = {Gate::rz, Gate::ry};
  wanted.ansatz.entangler = Entangler::cx_line;
  wanted.ansatz.observables = {"Z0", "w X0 X1"};
  CHECK(inner.circuit == wanted);
  CHECK(inner.activation == Activation::tanh);
  const std::vector<LayerSpec>& branch = config.model.backbone.branches.at(0).layers;
  CHECK(branch.at(0).circuit.ansatz.preset == "sim-2");
  REQUIRE(branch.at(1).circuit.ansatz.stage.size() == 2);
  CHECK(branch[1].circuit.ansatz.stage[0].ops.size() == 2);
  check_equal(parse_config(to_toml(config), "circuits.toml"), config);
}

TEST_CASE("errors in a configuration name file, line, key, what was expected and what was found", "[io]") {
  struct Case {
    std::string text;
    std::vector<std::string> says;
  };
  const std::vector<Case> cases{
      {"[train]\nepohcs = 3\n", {"c.toml:2: unknown key train.epohcs", "nearest known key is train.epochs"}},
      {"\n\n[trian]\nepochs = 3\n", {"c.toml:3: unknown key trian", "nearest known key is train"}},
      {"sede = 1\n", {"c.toml:1: unknown key sede", "seed"}},
      {"[task.a]\nwieght = 1\n", {"c.toml:2: unknown key task.a.wieght", "task.a.weight"}},
      {"[task.\"a b\"]\nwieght = 1\n", {"task.\"a b\".weight"}},
      {"[task.a]\nclass_weights = \"equal\"\n",
       {"c.toml:2: task.a.class_weights", "\"balanced\"", "\"equal\""}},
      {"[task.a]\nclass_weights = [1, -1]\n", {"task.a.class_weights[1]", "at least 0"}},
      {"[train]\ncircuit_rate = -1\n", {"train.circuit_rate", "at least 0"}},
      {"[head]\nshared_deviation = -2\n", {"head.shared_deviation", "at least -1"}},
      {"[head]\nshared_start = \"signs\"\n", {"c.toml:2: head.shared_start", "signs", "identity"}},
      {"[branch.x]\nlayer = []\n", {"c.toml:2", "branch.x.layers"}},
      {"[train]\nepochs = \"ten\"\n",
       {"c.toml:2: train.epochs: expected an integer", "found the string \"ten\""}},
      {"[train]\nepochs = 2.5\n", {"c.toml:2: train.epochs", "found the number 2.5"}},
      {"[train]\nepochs = -1\n", {"train.epochs", "at least 0", "found the integer -1"}},
      {"[train]\nbatch = 99999999999\n", {"train.batch", "found the integer 99999999999"}},
      {"[train]\nlearning_rate = 0\n", {"train.learning_rate", "above 0"}},
      {"[train]\nlearning_rate = nan\n", {"train.learning_rate", "found the number nan"}},
      {"[train]\nbeta1 = 1.0\n", {"train.beta1"}},
      {"[train]\nlearn_task_weights = 1\n", {"train.learn_task_weights", "true or false"}},
      {"[train]\ntask_weighting = \"gradnom\"\n",
       {"c.toml:2: train.task_weighting", "gradnom", "pcgrad", "the nearest is gradnorm"}},
      {"[train]\ngradnorm_alpha = -1\n", {"train.gradnorm_alpha", "at least 0"}},
      {"[train]\noptimiser = \"adma\"\n",
       {"c.toml:2: train.optimiser", "adma", "adamw", "the nearest is adam"}},
      {"[train]\nprecision = \"half\"\n", {"c.toml:2: train.precision", "double", "half"}},
      {"[engine]\nplan = \"magic\"\n", {"c.toml:2: engine.plan", "magic"}},
      {"[distributed]\nshard = 20\n", {"distributed.shard", "multiple of 16", "20"}},
      {"[circuit]\nrotations = [\"ry\", \"cx\"]\n", {"c.toml:2: circuit.rotations[1]", "cx"}},
      {"[circuit]\nrotations = \"ry\"\n", {"circuit.rotations", "an array"}},
      {"[block]\nregisters = [[0, 1], [2, -3]]\n", {"block.registers[1][1]", "-3"}},
      {"[backbone]\nlayers = [{ type = \"dense\" }]\n", {"c.toml:2: backbone.layers[0]", "width"}},
      {"[backbone]\nlayers = [\n{ type = \"dropout\", width = 3, rate = 0.1 }]\n",
       {"c.toml:3: unknown key backbone.layers[0].width"}},
      {"[backbone]\nlayers = [{ width = 3 }]\n", {"backbone.layers[0]", "type"}},
      {"[backbone]\nlayers = [{ type = \"dence\" , width = 3 }]\n",
       {"backbone.layers[0].type", "dence", "the nearest is dense"}},
      {"[backbone]\nlayers = [{ type = \"conv\", kernel = 3 }]\n",
       {"c.toml:2: backbone.layers[0]", "of type conv needs a key channels"}},
      {"[backbone]\nlayers = [{ type = \"conv\", channels = 0, kernel = 3 }]\n",
       {"backbone.layers[0].channels", "at least 1", "found the integer 0"}},
      {"[backbone]\nlayers = [{ type = \"pool\", kind = \"median\" }]\n",
       {"c.toml:2: backbone.layers[0].kind", "median", "max, mean"}},
      {"[backbone]\nlayers = [{ type = \"augment\", noise = -1 }]\n",
       {"backbone.layers[0].noise", "at least 0"}},
      {"[backbone]\nlayers = [{ type = \"residual\" }]\n", {"of type residual needs a key layers"}},
      {"[backbone]\nlayers = [{ type = \"residual\", layers = [\n{ type = \"dense\", widht = 3 }] }]\n",
       {"c.toml:3", "backbone.layers[0].layers[0]", "width"}},
      {"[backbone]\nfusion = \"gate\"\n", {"c.toml:2: backbone.fusion", "concat, gated"}},
      {"[backbone]\npairs = [\"a\", \"b\"]\n", {"c.toml:2: backbone.pairs[0]", "an array"}},
      {"[input.x]\nshape = [0, 8]\n", {"c.toml:2: input.x.shape[0]", "at least 1"}},
      {"[input.x]\nshapes = [8, 8]\n", {"c.toml:2: unknown key input.x.shapes", "input.x.shape"}},
      {"train = 3\n", {"c.toml:1: train: expected a table", "the integer 3"}},
      {"[task]\na = 3\n", {"c.toml:2: task.a: expected a table"}},
      {"[data]\nfile = \"\"\n", {"c.toml:2: data.file", "empty"}},
      {"[train]\nepochs = \n", {"c.toml:2:", "not valid TOML"}},
      {"[train]\nepochs = 1\nepochs = 2\n", {"c.toml:3:", "not valid TOML"}},
  };
  for (const Case& c : cases) {
    const Failure failed = failure([&] { parse_config(c.text, "c.toml"); });
    INFO(c.text << "-> " << failed.message);
    CHECK(failed.code == 2);
    for (const std::string& part : c.says) CHECK(failed.says(part));
  }
}

TEST_CASE("every fixed key is written once and refuses a value of another type by name", "[io]") {
  // Some are written only where they say something.
  Config config = small_config();
  AnsatzSpec& ansatz = config.model.head.ansatz;
  ansatz.preset = ansatz.block_preset = "sim-1";
  ansatz.stage = ansatz.block_stage = {CircuitLayer{}};
  ansatz.observables = {"Z0"};
  config.train.batches = BatchKind::task;
  config.data_memory = 2048;
  config.train.noise = "[[readout]]\np1_given_0 = 0.01\np0_given_1 = 0.02\n";
  config.train.noise_warmup = 2;
  config.train.trajectories = 8;
  config.train.task_weighting = TaskWeighting::gradnorm;
  config.train.gradnorm_alpha = 0.5;
  config.train.gradnorm_rate = 0.01;
  const std::string text = to_toml(config);
  for (const std::string& key : config_keys()) {
    INFO(key);
    const std::size_t dot = key.find('.');
    const std::string section = dot == std::string::npos ? "" : key.substr(0, dot);
    const std::string leaf = dot == std::string::npos ? key : key.substr(dot + 1);
    const Config parsed = parse_config(text, "t");
    const std::string table = section.empty() ? "" : "[" + section + "]\n";
    // No key takes a date.
    const Failure failed = failure([&] { parse_config(table + leaf + " = 2020-01-01\n", "t"); });
    CHECK(failed.says(key + ": expected"));
    CHECK(failed.says("a date"));
    const std::size_t begin = section.empty() ? 0 : text.find(table);
    REQUIRE(begin != std::string::npos);
    const std::string part = text.substr(begin, text.find("\n[", begin + 1) - begin);
    CHECK(("\n" + part).find("\n" + leaf + " = ") != std::string::npos);
  }
}

TEST_CASE("overrides take TOML values, bare words and paths, and their errors show them", "[io]") {
  TempFolder folder;
  const std::string path = folder.file("run.toml");
  write_file(path, "[data]\nfile = \"sub/../d.h5\"\n[task.a]\nweight = 2\n");
  Config config = read_config(path);
  CHECK(config.data_file == folder.file("d.h5"));
  CHECK(config.run_folder == "runs/run");

  config =
      read_config(path, {"train.epochs=3", "train.optimiser=sgd", "run.folder=out/run-1", "task.b.weight=4",
                         "task.a.metric=auc", "backbone.layers=[{type=\"dense\",width=2}]", "train.clip=1e-3",
                         "data.file=other.h5"});
  CHECK(config.train.epochs == 3);
  CHECK(config.train.optimiser == OptimiserKind::sgd);
  CHECK(config.run_folder == "out/run-1");
  REQUIRE(config.model.tasks.size() == 2);
  CHECK(config.model.tasks[0].metric == "auc");
  CHECK(config.model.tasks[0].weight == 2);
  CHECK(config.model.tasks[1].weight == 4);
  CHECK(config.model.backbone.trunk.size() == 1);
  CHECK(config.train.clip == 1e-3);
  CHECK(config.data_file == (std::filesystem::current_path() / "other.h5").string());

  const auto message = [&](const std::string& text) {
    const Failure failed = failure([&] { read_config(path, {text}); });
    CHECK(failed.code == 2);
    return failed.message;
  };
  CHECK_THAT(message("train.epocs=3"),
             Catch::Contains("--set train.epocs=3: unknown key") && Catch::Contains("train.epochs"));
  CHECK_THAT(message("train.epochs=many"), Catch::Contains("found the string \"many\""));
  CHECK_THAT(message("train.epochs"), Catch::Contains("key=value"));
  CHECK_THAT(message("=3"), Catch::Contains("key=value"));
  CHECK_THAT(message("a b=3"), Catch::Contains("--set a b=3") && Catch::Contains("not valid TOML"));
  CHECK_THAT(message("seed=1\nrun.folder=x"), Catch::Contains("one line"));
}

TEST_CASE("a missing configuration file or data.file is a usage error that names it", "[io]") {
  TempFolder folder;
  const Failure absent = failure([&] { read_config(folder.file("none.toml")); });
  CHECK(absent.code == 2);
  CHECK(absent.says(folder.file("none.toml") + ": no such file"));
  write_file(folder.file("a.toml"), "seed = 1\n");
  const Failure no_data = failure([&] { read_config(folder.file("a.toml")); });
  CHECK(no_data.code == 2);
  CHECK(no_data.says("data.file"));
}

TEST_CASE("a key of very many parts is refused by its line, points elsewhere are not", "[io]") {
  const auto refused = [](const std::string& text) { return failure([&] { parse_config(text, "c.toml"); }); };
  const auto parts = [](std::size_t count) {
    std::string key = "a";
    for (std::size_t i = 1; i < count; ++i) key += i % 2 ? ".a" : " . \"b.c\"";
    return key;
  };
  for (const std::size_t count : {17, 60000, 1000000})
    for (const std::string& text : {"\n" + parts(count) + " = 1\n", "\n[" + parts(count) + "]\n",
                                    "\nx = { " + parts(count) + " = 1 }\n"}) {
      const Failure failed = refused(text);
      CHECK(failed.code == 2);
      CHECK(failed.says("c.toml:2: expected keys of at most 16 parts"));
    }
  // What looks like such a key inside a text or a remark is none.
  const std::string points = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t";
  for (const std::string& text :
       {"# " + points + "\n", "[data]\nfile = \"" + points + "\"\n", "[data]\nfile = '" + points + "'\n",
        "[data]\nfile = \"\"\"\n" + points + "\\\"\"\"\"\n", "[data]\nfile = \"\\\"" + points + "\"\n"}) {
    INFO(text);
    CHECK_FALSE(refused(text).says("parts"));
  }
}
