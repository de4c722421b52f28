// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <optional>

#include "io/config/config.h"
#include "io/config/config_values.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/circuit/qasm/reader.h"

namespace qmtl {
namespace {

using L = CircuitLayer;

constexpr int most_numbers = 1 << 16;

/// A gate of the table that `fits`.
Gate read_gate(const toml::node& node, const KeyPlace& at, bool (*fits)(Gate)) {
  if (!node.is_string()) wrong_value(node, at.file, at.key, "a gate's name");
  const std::string& text = node.as_string()->get();
  const auto gate = gate_by_name(text);
  if (!gate || !fits(*gate))
    throw usage_error(where(node, at.file) + ": " + at.key + ": expected " + one_of(gate_names(fits), text) +
                      ", found \"" + text + "\"");
  return *gate;
}

constexpr bool joins_qubits(Gate gate) { return info(gate).arity > 1; }

Key<L> gate_key(std::string name, std::optional<Gate> L::*member, bool (*fits)(Gate), std::string summary) {
  return {.name = std::move(name),
          .read = [=](L& layer, const toml::node& node,
                      const KeyPlace& at) { layer.*member = read_gate(node, at, fits); },
          .write =
              [=](const L& layer) {
                return layer.*member ? toml_string(info(*(layer.*member)).name) : std::string();
              },
          .present = [=](const L& layer) { return (layer.*member).has_value(); },
          .type = "a gate",
          .summary = std::move(summary)};
}

/// Numbers, or lists of numbers whose product is meant.
Key<L> inputs_key() {
  return {.name = "inputs",
          .read =
              [](L& layer, const toml::node& node, const KeyPlace& at) {
                if (!node.is_array()) wrong_value(node, at.file, at.key, "an array of inputs");
                layer.inputs.clear();
                for (const toml::node& element : *node.as_array()) {
                  const std::string key = at.key + "[" + std::to_string(layer.inputs.size()) + "]";
                  std::vector<int>& list = layer.inputs.emplace_back();
                  if (element.is_array())
                    read_value(list, element, {at.file, key}, {{.least = 0, .most = most_numbers}});
                  else
                    read_value(list.emplace_back(), element, {at.file, key},
                               {{.least = 0, .most = most_numbers}});
                }
              },
          .write =
              [](const L& layer) {
                std::string text = "[";
                for (std::size_t i = 0; i < layer.inputs.size(); ++i)
                  text += (i ? ", " : "") + (layer.inputs[i].size() == 1 ? std::to_string(layer.inputs[i][0])
                                                                         : write_value(layer.inputs[i]));
                return text + "]";
              },
          .present = [](const L& layer) { return !layer.inputs.empty(); },
          .type = "an array, each an input's number or a list of them",
          .summary = "the inputs that turn the upload's gates, in order; a list stands for their product"};
}

Key<L> trained_key() {
  return {.name = "trained",
          .read =
              [](L& layer, const toml::node& node, const KeyPlace& at) {
                const std::string text = node.is_string() ? node.as_string()->get() : "";
                if (text != "none" && text != "weights" && text != "offsets" && text != "both")
                  wrong_value(node, at.file, at.key, "\"none\", \"weights\", \"offsets\" or \"both\"");
                layer.train_weights = text == "weights" || text == "both";
                layer.train_offsets = text == "offsets" || text == "both";
              },
          .write =
              [](const L& layer) {
                return toml_string(!layer.train_weights  ? (layer.train_offsets ? "offsets" : "none")
                                   : layer.train_offsets ? "both"
                                                         : "weights");
              },
          .present = [](const L& layer) { return layer.train_weights || layer.train_offsets; },
          .type = "\"none\", \"weights\", \"offsets\" or \"both\"",
          .summary = "each upload has a trained factor, a trained summand"};
}

/// Inputs z, x and a... of a program are numbers of the sample, all others are trained.
bool of_sample(const std::string& name) {
  return name[0] == 'z' || name[0] == 'x' || name[0] == 'a' || name[0] == 'Z' || name[0] == 'X';
}

/// Trained numbers that no gate reads would be parameters without a gradient, and a slip in most texts.
void check_trained(const QasmProgram& program, const std::vector<bool>& read, const std::string& name) {
  const auto unread = static_cast<std::size_t>(std::find(read.begin(), read.end(), false) - read.begin());
  if (unread == read.size()) return;
  std::size_t number = 0;
  for (const QasmInput& input : program.inputs)
    for (int i = 0; !of_sample(input.name) && i < input.size; ++i, ++number)
      if (number == unread)
        throw data_error(name + ": the trained number " + printable(input.name) +
                         (input.array ? "[" + std::to_string(i) + "]" : "") +
                         " is read by no gate: expected every one to be, numbered from 0 without gaps; leave "
                         "it out");
}

/// `whole`: a program that declares what it has.
void take_gates(L& layer, const QasmProgram& program, const std::string& name, bool whole) {
  std::vector<std::pair<bool, int>> kind;  // of each input: whether the sample's, and its number
  int sample = 0, trained = 0;
  for (const QasmInput& input : program.inputs)
    for (int i = 0; i < input.size; ++i)
      kind.emplace_back(of_sample(input.name), of_sample(input.name) ? sample++ : trained++);
  std::vector<GateUse> uses = program.gates;
  std::vector<bool> read(whole ? static_cast<std::size_t>(trained) : 0);
  for (GateUse& use : uses)
    for (Expression& angle : use.angles) {
      for (Monomial& term : angle.terms) {
        Monomial made{term.factor, -1, {}};
        for (int number : term.inputs) {
          const auto& [is_sample, place] = kind[static_cast<std::size_t>(number)];
          if (is_sample)
            made.inputs.push_back(place);
          else if (made.param >= 0)
            throw data_error(name +
                             ": an angle holds a product of two trained numbers: expected one at most");
          else
            made.param = place;
        }
        if (const auto w = static_cast<std::size_t>(std::max(made.param, 0)); made.param >= 0) {
          if (w >= read.size()) read.resize(w + 1);
          read[w] = true;
        }
        term = made;
      }
      angle = simplified(angle);
    }
  check_trained(program, read, name);
  layer.ops = std::move(uses);
  layer.declared_inputs = whole ? sample : 0;
}

/// Lines of gates on q with the sample's z and trained w, or a whole program.
void read_ops(L& layer, const std::string& text, const std::string& name) {
  QasmScope scope;
  const bool whole = text.find("qubit") != std::string::npos || text.find('$') != std::string::npos;
  if (!whole) scope = {4096, {{"z", 0, most_numbers, true}, {"w", most_numbers, most_numbers, true}}};
  const QasmLimits limits{.qubits = 4096, .inputs = 2 * most_numbers, .measurements = false};
  take_gates(layer, read_qasm(text, name, limits, scope), name, whole);
}

Key<L> qasm_key() {
  return {
      .name = "qasm",
      .read =
          [](L& layer, const toml::node& node, const KeyPlace& at) {
            if (!node.is_string()) wrong_value(node, at.file, at.key, "OpenQASM 3 as a string");
            try {
              read_ops(layer, node.as_string()->get(), at.key);
            } catch (const Error& error) {
              throw usage_error(where(node, at.file) + ": " + error.what());
            }
          },
      .write = [](const L& layer) { return toml_string(write_qasm_gates(layer.ops)); },
      .present = [](const L& layer) { return !layer.ops.empty(); },
      .type = "a string",
      .summary =
          "gates by hand: lines of OpenQASM 3 on `q`, with the sample's numbers `z[i]` and trained `w[i]`, "
          "or a whole program whose inputs called z, x or a... are the sample's and all others trained"};
}

Key<L> file_key() {
  return {.name = "file",
          .read =
              [](L& layer, const toml::node& node, const KeyPlace& at) {
                if (!node.is_string())
                  wrong_value(node, at.file, at.key, "the name of a file with OpenQASM 3");
                const std::filesystem::path given = node.as_string()->get();
                const std::filesystem::path base = std::filesystem::path(at.file).parent_path();
                const std::string path = (given.is_absolute() ? given : base / given).string();
                try {
                  read_ops(layer, read_file(path, 8 << 20), path);
                } catch (const Error& error) {
                  throw usage_error(where(node, at.file) + ": " + at.key + ": " + error.what());
                }
              },
          .write = [](const L&) { return std::string(); },
          .present = [](const L&) { return false; },
          .type = "a file's name",
          .summary = "the same from a file; relative paths start at the configuration's folder"};
}

template <class Member>
Key<L> shown(bool (*present)(const L&), std::string name, Member member, KeyRule rule, std::string summary) {
  Key<L> made = key<L>(std::move(name), member, std::move(rule), std::move(summary));
  made.present = present;
  return made;
}

Key<L> gates_key() {
  return {.name = "gates",
          .read =
              [](L& layer, const toml::node& node, const KeyPlace& at) {
                if (!node.is_array()) wrong_value(node, at.file, at.key, "an array of gates");
                layer.gates.clear();
                for (const toml::node& element : *node.as_array())
                  layer.gates.push_back(
                      read_gate(element, {at.file, at.key + "[" + std::to_string(layer.gates.size()) + "]"},
                                is_qubit_gate));
              },
          .write =
              [](const L& layer) {
                std::string text = "[";
                for (std::size_t i = 0; i < layer.gates.size(); ++i)
                  text += (i ? ", " : "") + toml_string(info(layer.gates[i]).name);
                return text + "]";
              },
          .present = [](const L& layer) { return !layer.gates.empty(); },
          .type = "an array, each a gate on one qubit",
          .summary = "gates on every qubit, one kind after another; those that turn have trained angles"};
}

}  // namespace

const std::vector<Key<CircuitLayer>>& circuit_layer_keys() {
  constexpr double most = 1e6;
  static const std::vector<Key<L>> keys{
      shown([](const L& l) { return l.repeat != 1; }, "repeat", [](auto& l) -> auto& { return l.repeat; },
            {{.least = 0, .most = 1e4}}, "the layer so many times, each with trained numbers of its own"),
      shown([](const L& l) { return !l.qubits.empty(); }, "qubits", [](auto& l) -> auto& { return l.qubits; },
            {{.least = 0, .most = most}}, "positions that upload, gates and pattern act on; empty: all"),
      shown([](const L& l) { return l.encode != LayerEncoding::none; }, "encode",
            [](auto& l) -> auto& { return l.encode; }, {},
            "`amplitude`: numbers of the sample, divided by their norm, are the amplitudes of the qubits' "
            "state; "
            "the first layer on its qubits (at most 10), and past head.angle_map"),
      shown([](const L& l) { return l.numbers > 0; }, "numbers", [](auto& l) -> auto& { return l.numbers; },
            {{.least = 0, .most = 1 << most_amplitude_qubits}},
            "how many of them, if `inputs` lists none; 0: 2^qubits. Amplitudes without a number are 0"),
      gate_key("upload", &L::upload, carries_angle, "the gate that carries the sample's numbers"),
      inputs_key(),
      shown([](const L& l) { return l.first_input >= 0; }, "first_input",
            [](auto& l) -> auto& { return l.first_input; }, {{.least = -1, .most = most}},
            "where the inputs begin if none are listed; -1: behind those of earlier layers"),
      shown([](const L& l) { return l.factor != 1.0; }, "factor", [](auto& l) -> auto& { return l.factor; },
            {}, "of the upload's angles"),
      shown([](const L& l) { return l.offset != 0.0; }, "offset", [](auto& l) -> auto& { return l.offset; },
            {}, "is added to them"),
      shown([](const L& l) { return l.reflect; }, "reflect", [](auto& l) -> auto& { return l.reflect; }, {},
            "pi - input stands for each input"),
      trained_key(),
      gates_key(),
      gate_key("entangler", &L::entangler, joins_qubits,
               "a gate on pairs; one that turns has trained angles"),
      shown([](const L& l) { return l.pattern != PairPattern::ring; }, "pattern",
            [](auto& l) -> auto& { return l.pattern; }, {},
            "the pairs of the entangler, or of an upload on pairs"),
      shown([](const L& l) { return l.range != 1; }, "range", [](auto& l) -> auto& { return l.range; },
            {{.least = 1, .most = most}}, "pattern step: from a qubit to the one so far behind it"),
      shown([](const L& l) { return !l.pairs.empty(); }, "pairs", [](auto& l) -> auto& { return l.pairs; },
            {{.least = 0, .most = most}}, "the positions of each gate, instead of a pattern"),
      shown([](const L& l) { return l.shared_angles; }, "shared_angles",
            [](auto& l) -> auto& { return l.shared_angles; }, {}, "all gates of the entangler turn alike"),
      qasm_key(),
      file_key(),
  };
  return keys;
}

void read_value(CircuitLayer& layer, const toml::node& node, const KeyPlace& at, const KeyRule&) {
  if (!node.is_table())
    wrong_value(node, at.file, at.key,
                "a layer such as { gates = [\"ry\"], entangler = \"cz\", pattern = \"line\" }");
  CircuitLayer found;
  std::vector<std::string> known;
  for (const Key<CircuitLayer>& key : circuit_layer_keys()) known.push_back(at.key + "." + key.name);
  for (const Entry& entry : in_file_order(*node.as_table())) {
    const std::string full = at.key + "." + std::string(entry.key->str());
    const auto place = std::find(known.begin(), known.end(), full);
    if (place == known.end()) unknown_key(*entry.key, at.file, full, known);
    circuit_layer_keys()[static_cast<std::size_t>(place - known.begin())].read(found, *entry.node,
                                                                               {at.file, full});
  }
  layer = std::move(found);
}

std::string written_layer(const CircuitLayer& layer, const std::string& key) {
  std::string text = "[[" + key + "]]\n";
  for (const Key<CircuitLayer>& row : circuit_layer_keys()) {
    if (!row.present(layer)) continue;
    if (row.name == "qasm")
      text += "qasm = \"\"\"\n" + write_qasm_gates(layer.ops) + "\"\"\"\n";
    else
      text += row.name + " = " + row.write(layer) + "\n";
  }
  return text;
}

std::string write_value(const CircuitLayer& layer) {
  std::string text;
  for (const Key<CircuitLayer>& key : circuit_layer_keys())
    if (key.present(layer)) text += (text.empty() ? "{ " : ", ") + key.name + " = " + key.write(layer);
  return text.empty() ? "{}" : text + " }";
}

}  // namespace qmtl
