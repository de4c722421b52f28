// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/ansatz/by_hand.h"

#include <filesystem>

#include "io/config/config.h"
#include "io/config/toml_tools.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/circuit/qasm/reader.h"
#include "runtime/model/heads/head_table.h"
#include "tools/workflows/export/head_circuits.h"

namespace qmtl {
namespace {

/// One file: a part of the circuit, and its trainable numbers as they are.
struct PartFile {
  std::string name;
  PartByHand part;
  int first = 0;  ///< of its trainable numbers among the circuit's
};

std::string file_name(const std::string& task) {
  std::string name = "task_";
  for (char c : task) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    name += plain ? c : '_';
  }
  return name;
}

/// The configuration with the circuit's parts by hand, and those parts. Tasks that are several blocks of the
/// circuit keep the table [block], as a task's own layers are one.
struct ByHand {
  Config config;
  std::vector<PartFile> files;
};

ByHand by_hand(const ExportSource& source) {
  ByHand made{source.checkpoint.config, {}};
  ModelSpec& model = made.config.model;
  const AnsatzSpec spec = head_ansatz(model);
  const ParamLayout numbers = layout(spec);
  made.files.push_back({"stage.qasm", stage_by_hand(spec), 0});
  AnsatzSpec& ansatz = model.head.ansatz;
  const AnsatzSpec plain;
  ansatz.preset.clear();
  ansatz.uploads = plain.uploads;
  ansatz.layers = plain.layers;
  ansatz.rotations = plain.rotations;
  ansatz.entangler = plain.entangler;
  ansatz.stage = {CircuitLayer{}};
  ansatz.stage.front().ops = made.files.front().part.gates;
  // Gates by hand need not cancel.
  if (model.head.start == BlockStart::identity) model.head.start = BlockStart::normal;
  model.head.shared_start = SharedStart::normal;
  if (!head_kind(model.head.kind).registers) return made;
  std::size_t block = 0;
  for (TaskSpec& task : model.tasks) {
    if (block >= spec.block_outputs.size()) break;
    const bool one = spec.block_outputs[block] == task.outputs;
    if (one) {
      task.block.qubits = register_of(spec, block);
      task.block.observables = observables_by_hand(spec, block);
      PartFile file{file_name(task.name) + ".qasm", block_by_hand(spec, block), numbers.block_begin[block]};
      for (const PartFile& other : made.files)
        if (other.name == file.name) file.name = file_name(task.name) + "_" + std::to_string(block) + ".qasm";
      task.own_qubits = 0;
      task.block.bare = file.part.gates.empty();
      task.block.layers.clear();
      if (!task.block.bare) {
        task.block.layers.emplace_back().ops = file.part.gates;
        made.files.push_back(std::move(file));
      }
    }
    for (int outputs = 0; outputs < task.outputs && block < spec.block_outputs.size(); ++block)
      outputs += spec.block_outputs[block];
  }
  return made;
}

/// The configuration's text, in which each part stands as the name of its file.
std::string config_text(const ByHand& made) {
  std::string text = to_toml(made.config);
  for (const PartFile& file : made.files) {
    const std::string inline_form = "qasm = " + toml_string(write_qasm_gates(file.part.gates));
    const std::size_t place = text.find(inline_form);
    if (place != std::string::npos)
      text.replace(place, inline_form.size(), "file = " + toml_string(file.name));
  }
  return text;
}

std::string trained_csv(const ExportSource& source, const ByHand& made) {
  const std::vector<std::string> names = layout(head_ansatz(source.checkpoint.config.model)).names();
  const std::size_t begin = source.learner.circuit_begin();
  std::string text = "file,input,value,parameter\n";
  for (const PartFile& file : made.files)
    for (int w = 0; w < file.part.trained; ++w) {
      const auto number = static_cast<std::size_t>(file.first + w);
      text += file.name + ",w" + std::to_string(w) + "," +
              shortest(source.checkpoint.state.params[begin + number]) + "," + names[number] + "\n";
    }
  return text;
}

/// What a configuration makes of the files must be the model's circuit, gate by gate.
void check_written(const ExportSource& source, const std::string& text,
                   const std::filesystem::path& config_file) {
  // As by read_config, which demands a data set in a file: a model in memory may have none.
  const Config config = parse_config(text, config_file.string());
  const ModelSpec& asked = source.checkpoint.config.model;
  if (build(head_ansatz(config.model)) != build(head_ansatz(asked)))
    throw data_error(config_file.string() +
                     ": expected the model's circuit in what was written, found another one; please report "
                     "this with the configuration of the run");
}

void check_circuit(const Circuit& circuit, const std::string& where) {
  if (!circuit.encodings.empty())
    throw usage_error(
        where +
        "expected gates that single inputs turn, found an amplitude encoding, whose angles are "
        "functions of all its numbers; keep encode = \"amplitude\" in the configuration, or take --to qasm3, "
        "which writes the rotations that prepare the state");
}

void check_by_hand(const TrainedModel& model) {
  check_has_circuit(model);
  check_circuit(build(head_ansatz(model.spec)), "");
}

nlohmann::ordered_json export_by_hand(const ExportSource& source) {
  check_circuit_head(source.learner.spec().head.kind, "--to circuit: ");
  check_circuit(*source.learner.circuit(), "--to circuit: ");
  const ByHand made = by_hand(source);
  try {
    head_ansatz(made.config.model);
  } catch (const Error& error) {
    throw usage_error("--to circuit: head '" + source.learner.spec().head.kind +
                      "' cannot be written by hand; --to qasm3 writes it as it was trained (" + error.what() +
                      ")");
  }
  const std::filesystem::path folder(source.asked.out);
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem || !std::filesystem::is_directory(folder))
    throw data_error(source.asked.out + ": expected a folder or a name for a new one" +
                     (problem ? ", found: " + problem.message() : ", found a file"));
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const PartFile& file : made.files) {
    write_file((folder / file.name).string(), write_qasm_program(file.part));
    files.push_back({{"file", file.name},
                     {"qubits", file.part.qubits},
                     {"gates", file.part.gates.size()},
                     {"inputs", file.part.inputs},
                     {"trained", file.part.trained}});
  }
  write_file((folder / "trained.csv").string(), trained_csv(source, made));
  // Last, so that a folder with it is complete.
  const std::filesystem::path config = folder / "config.toml";
  const std::string text = config_text(made);
  write_file(config.string(), text);
  check_written(source, text, config);
  return {{"out", source.asked.out}, {"config", config.string()}, {"files", files}};
}

}  // namespace

const ExportFormat circuit_format{
    "circuit",
    "OpenQASM 3 with the sample's and the trained numbers open, and a configuration that trains it",
    {},
    export_by_hand,
    check_by_hand};

}  // namespace qmtl
