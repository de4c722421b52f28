// SPDX-License-Identifier: Apache-2.0
#include "io/config/noise_file.h"

#include <algorithm>
#include <optional>

#include "io/config/toml_tools.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/base/nearest.h"

namespace qmtl {
namespace {

double number(TableReader& reader, const std::string& key) {
  const toml::node& node = reader.need(key);
  if (!node.is_number()) wrong_value(node, reader.file(), reader.full(key), "a number");
  return *node.value<double>();
}

double number(TableReader& reader, const std::string& key, double otherwise) {
  return reader.find(key) ? number(reader, key) : otherwise;
}

/// Runs `make` and puts the place before what it refuses.
template <class Make>
auto located(const toml::node& node, const std::string& file, const std::string& key, Make make) {
  try {
    return make();
  } catch (const Error& error) {
    throw usage_error(where(node, file) + ": " + key + ": " + error.what());
  }
}

int qubit_number(const toml::node& node, const std::string& file, const std::string& key) {
  const auto* value = node.as_integer();
  if (!value || value->get() < 0 || value->get() > 1000000)
    wrong_value(node, file, key, "a qubit's number from 0");
  return static_cast<int>(value->get());
}

/// What a channel acts on: the gate's qubits together, or one by one.
enum class On { gate, each, first, second };

On read_on(TableReader& reader, On otherwise) {
  const toml::node* node = reader.find("on");
  if (!node) return otherwise;
  const std::string text = reader.string("on");
  if (text == "gate") return On::gate;
  if (text == "each") return On::each;
  if (text == "first") return On::first;
  if (text == "second") return On::second;
  wrong_value(*node, reader.file(), reader.full("on"), "\"gate\", \"each\", \"first\" or \"second\"");
}

Channel read_pauli(TableReader& reader) {
  const toml::table* table = reader.table("probabilities");
  if (!table) {
    reader.need("probabilities");
    return {};
  }
  std::vector<std::pair<std::string, double>> list;
  for (const Entry& entry : in_file_order(*table)) {
    const std::string label(entry.key->str());
    if (!entry.node->is_number())
      wrong_value(*entry.node, reader.file(), reader.full("probabilities") + "." + label, "a probability");
    list.emplace_back(label, *entry.node->value<double>());
  }
  return pauli_channel(list);
}

/// A gate that turns too far: the coherent error exp(-i angle P / 2).
Channel read_over_rotation(TableReader& reader) {
  const std::string axis = reader.string("axis");
  const double angle = number(reader, "angle");
  for (const GateInfo& row : gate_table)
    if (row.arity == 1 && axis == row.generator) return kraus_channel(1, {matrix(row.gate, angle)});
  wrong_value(*reader.find("axis"), reader.file(), reader.full("axis"), "\"X\", \"Y\" or \"Z\"");
}

/// One entry of `channels` after a gate of that arity.
AppliedChannel read_channel(const toml::table& table, const std::string& file, int arity) {
  TableReader reader(table, file, "gate.channels");
  const std::string kind = reader.string("kind");
  AppliedChannel applied;
  On on = On::each;
  if (kind == "depolarising") {
    on = read_on(reader, On::gate);
    const double p = number(reader, "probability");
    applied.channel = depolarising(p, on == On::gate ? arity : 1);
  } else if (kind == "pauli") {
    applied.channel = read_pauli(reader);
    on = read_on(reader, applied.channel.arity == 2 ? On::gate : On::each);
  } else if (kind == "amplitude-damping") {
    const double gamma = number(reader, "gamma");
    applied.channel = amplitude_damping(gamma, number(reader, "excited", 0.0));
    on = read_on(reader, On::each);
  } else if (kind == "phase-damping") {
    applied.channel = phase_damping(number(reader, "lambda"));
    on = read_on(reader, On::each);
  } else if (kind == "thermal-relaxation") {
    const double t1 = number(reader, "t1"), t2 = number(reader, "t2"), time = number(reader, "time");
    applied.channel = thermal_relaxation(t1, t2, time, number(reader, "excited", 0.0));
    on = read_on(reader, On::each);
  } else if (kind == "over-rotation") {
    applied.channel = read_over_rotation(reader);
    on = read_on(reader, On::each);
  } else {
    const std::vector<std::string> known{
        "depolarising", "pauli", "amplitude-damping", "phase-damping", "thermal-relaxation", "over-rotation"};
    wrong_value(*reader.find("kind"), file, reader.full("kind"),
                "depolarising, pauli, amplitude-damping, phase-damping, thermal-relaxation or over-rotation "
                "(nearest: " +
                    nearest(kind, known) + ")");
  }
  reader.finish();
  if (on == On::gate && applied.channel.arity < arity)
    throw usage_error(
        "a channel on one qubit cannot act on both qubits together; expected on = \"each\", \"first\" or "
        "\"second\"");
  if (on != On::gate && applied.channel.arity == 2)
    throw usage_error("a channel on two qubits acts on both; expected on = \"gate\"");
  if (on == On::second && arity == 1) throw usage_error("the gate has one qubit, found on = \"second\"");
  applied.on = on == On::first ? 0 : on == On::second ? 1 : -1;
  return applied;
}

/// The sets of qubits an entry is for; one empty set when it is for all.
std::vector<std::vector<int>> read_places(TableReader& reader, int arity) {
  const toml::node* node = reader.find("qubits");
  if (!node) return {{}};
  const std::string key = reader.full("qubits");
  const std::string expected =
      arity == 1 ? "an array of qubits such as [0, 3]" : "an array of pairs such as [[0, 1], [1, 2]]";
  if (!node->is_array() || node->as_array()->empty()) wrong_value(*node, reader.file(), key, expected);
  std::vector<std::vector<int>> places;
  for (const toml::node& element : *node->as_array()) {
    std::vector<int> place;
    if (arity == 1) {
      place.push_back(qubit_number(element, reader.file(), key));
    } else {
      if (!element.is_array() || element.as_array()->size() != 2)
        wrong_value(element, reader.file(), key, expected);
      for (const toml::node& qubit : *element.as_array())
        place.push_back(qubit_number(qubit, reader.file(), key));
    }
    places.push_back(place);
  }
  return places;
}

void read_gate(const toml::table& table, const std::string& file, NoiseModel& model) {
  TableReader reader(table, file, "gate");
  const toml::node& names = reader.need("names");
  std::vector<Gate> gates;
  for (const std::string& text : reader.texts("names")) {
    const std::optional<Gate> gate = gate_by_name(text);
    if (!gate || !is_elementary(*gate))
      wrong_value(names, file, "gate.names",
                  "gates of " + listed_gates(is_elementary) + " (there is no \"" + text + "\")");
    gates.push_back(*gate);
  }
  if (gates.empty()) wrong_value(names, file, "gate.names", "at least one gate");
  const int arity = info(gates.front()).arity;
  for (Gate gate : gates)
    if (info(gate).arity != arity)
      wrong_value(names, file, "gate.names",
                  "gates on one qubit, or gates on two; a table of its own for the others");
  const toml::node& channels = reader.need("channels");
  if (!channels.is_array()) wrong_value(channels, file, "gate.channels", "an array of tables");
  std::vector<AppliedChannel> list;
  for (const toml::node& element : *channels.as_array()) {
    if (!element.is_table())
      wrong_value(element, file, "gate.channels",
                  "tables such as { kind = \"phase-damping\", lambda = 0.01 }");
    try {
      list.push_back(read_channel(*element.as_table(), file, arity));
    } catch (const Error& error) {
      // What the reader refuses has its place already.
      if (std::string_view(error.what()).starts_with(file)) throw;
      throw usage_error(where(element, file) + ": gate.channels: " + error.what());
    }
  }
  const auto places = read_places(reader, arity);
  const double seconds = number(reader, "seconds", 0.0);
  reader.finish();
  for (Gate gate : gates)
    for (const auto& place : places) model.gates.push_back({gate, place, list, 1, seconds});
}

void read_readout(const toml::table& table, const std::string& file, NoiseModel& model, bool& has_general) {
  TableReader reader(table, file, "readout");
  const ReadoutError error{number(reader, "p1_given_0", 0.0), number(reader, "p0_given_1", 0.0)};
  const auto places = read_places(reader, 1);
  reader.finish();
  for (const auto& place : places) {
    if (place.empty() ? std::exchange(has_general, true) : model.readout_of.contains(place[0]))
      throw usage_error(
          where(table, file) + ": readout: expected each qubit once, found " +
          (place.empty() ? "a second table for all" : "qubit " + std::to_string(place[0]) + " again"));
    (place.empty() ? model.readout : model.readout_of[place[0]]) = error;
  }
}

void read_idle(const toml::table& table, const std::string& file, NoiseModel& model, bool& has_general) {
  TableReader reader(table, file, "idle");
  const IdleNoise idle{number(reader, "detuning", 0.0), number(reader, "spread", 0.0)};
  const auto places = read_places(reader, 1);
  reader.finish();
  for (const auto& place : places) {
    if (place.empty() ? std::exchange(has_general, true) : model.idle_of.contains(place[0]))
      throw usage_error(
          where(table, file) + ": idle: expected each qubit once, found " +
          (place.empty() ? "a second table for all" : "qubit " + std::to_string(place[0]) + " again"));
    (place.empty() ? model.idle : model.idle_of[place[0]]) = idle;
  }
}

/// Calls read(table) for each table of an array [[key]].
template <class Read>
void for_each_of(TableReader& root, const std::string& key, Read read) {
  const toml::node* node = root.find(key);
  if (!node) return;
  if (!node->is_array()) wrong_value(*node, root.file(), key, "tables [[" + key + "]]");
  for (const toml::node& element : *node->as_array()) {
    if (!element.is_table()) wrong_value(element, root.file(), key, "tables [[" + key + "]]");
    read(*element.as_table());
  }
}

}  // namespace

NoiseModel parse_noise_toml(std::string_view text, const std::string& name) {
  const toml::table table = parse_toml(text, name);
  TableReader root(table, name, "");
  NoiseModel model;
  bool has_general = false;
  root.string("title", "");
  for_each_of(root, "gate", [&](const toml::table& entry) { read_gate(entry, name, model); });
  for_each_of(root, "readout",
              [&](const toml::table& entry) { read_readout(entry, name, model, has_general); });
  bool has_general_idle = false;
  for_each_of(root, "idle",
              [&](const toml::table& entry) { read_idle(entry, name, model, has_general_idle); });
  root.finish();
  located(table, name, "noise model", [&] {
    check(model);
    return 0;
  });
  return model;
}

NoiseModel parse_noise(std::string_view text, const std::string& name) {
  return name.ends_with(".json") ? parse_ibm_properties(text, name) : parse_noise_toml(text, name);
}

NoiseModel parse_training_noise(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && text[first] == '{';
  return parse_noise(text, json ? "train.noise.json" : "train.noise");
}

NoiseModel read_noise(const std::string& path) { return parse_noise(read_file(path, most_text_bytes), path); }

}  // namespace qmtl
