// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/backend_properties.h"

#include <cmath>

#include "runtime/base/text.h"

namespace qmtl {
namespace {

using Field = SortedJsonField;

/// An entry {name, unit, value} of a list whose value is not null, or nothing.
std::optional<Field> entry_named(const Field& list, const std::string& name) {
  for (const Field& entry : list.list()) {
    const auto named = entry.find("name");
    if (!named || named->text() != name) continue;
    if (entry.at("value").is_null()) return std::nullopt;
    return entry;
  }
  return std::nullopt;
}

double number_of(const Field& entry, const std::string& what) {
  const Field value = entry.at("value");
  if (!value.is_number()) value.wrong("a number as " + what);
  return value.number();
}

/// Seconds. Without a unit a number is taken for seconds, if it can be: no qubit keeps its state and no gate
/// takes for `most`.
std::optional<double> seconds_of(const Field& list, const std::string& name, const std::string& of,
                                 double most) {
  const auto entry = entry_named(list, name);
  if (!entry) return std::nullopt;
  const std::string what = name + " of " + of;
  const double value = number_of(*entry, what);
  const auto field = entry->find("unit");
  const std::string unit = field ? field->text() : "";
  if (unit == "s") return value;
  if (unit == "ms") return value * 1e-3;
  if (unit == "us" || unit == "\u00b5s" || unit == "\u03bcs") return value * 1e-6;
  if (unit == "ns") return value * 1e-9;
  if (!unit.empty()) field->wrong("the unit s, ms, us or ns of " + what);
  if (std::abs(value) > most)
    entry->wrong("a unit (s, ms, us or ns) of " + what, significant(value, 6) + " without one");
  return value;
}

std::optional<double> probability_of(const Field& list, const std::string& name, const std::string& of) {
  const auto entry = entry_named(list, name);
  if (!entry) return std::nullopt;
  const double value = number_of(*entry, name + " of " + of);
  if (!(value >= 0 && value <= 1)) entry->wrong("a " + name + " from 0 to 1 of " + of, significant(value, 6));
  return value;
}

/// Some backends list whether a part is in operation.
bool is_operational(const Field& list) {
  const auto entry = entry_named(list, "operational");
  if (!entry) return true;
  const Field value = entry->at("value");
  return value.json().is_boolean() ? value.boolean() : number_of(*entry, "operational") != 0;
}

class PropertiesReader {
 public:
  explicit PropertiesReader(const Field& root) : root_(root) {}

  BackendProperties read() {
    const Field qubits = root_.at("qubits");
    if (const auto name = root_.find("backend_name"); name && name->is_text()) made_.name = name->text();
    for (const Field& list : qubits.list()) add_qubit(list);
    if (made_.qubits.empty()) qubits.wrong("at least one qubit", "none");
    for (const Field& entry : root_.at("gates").list()) add_gate(entry);
    return std::move(made_);
  }

 private:
  std::optional<double> lifetime(const Field& list, const std::string& name, const std::string& of) {
    constexpr double most = 0.1;
    const auto value = seconds_of(list, name, of, most);
    if (!value || *value > 0) return value;
    made_.remarks.push_back(name + " of " + of + " is " + significant(*value, 6) +
                            ", which no qubit has: not calibrated");
    return std::nullopt;
  }

  void add_readout(const Field& list, const std::string& of, ListedQubit& qubit) {
    const auto mean = probability_of(list, "readout_error", of);
    qubit.p1_given_0 = probability_of(list, "prob_meas1_prep0", of);
    qubit.p0_given_1 = probability_of(list, "prob_meas0_prep1", of);
    if (!mean) return;
    if (!qubit.p1_given_0 && !qubit.p0_given_1) {
      qubit.p1_given_0 = qubit.p0_given_1 = mean;
    } else if (!qubit.p1_given_0 || !qubit.p0_given_1) {
      const double given = qubit.p1_given_0 ? *qubit.p1_given_0 : *qubit.p0_given_1;
      double other = 2 * *mean - given;
      if (!(other >= 0 && other <= 1)) {
        made_.remarks.push_back("readout_error of " + of + " is no mean of what is given of one direction (" +
                                significant(given, 6) + "): taken for the other");
        other = *mean;
      }
      (qubit.p1_given_0 ? qubit.p0_given_1 : qubit.p1_given_0) = other;
    }
  }

  void add_qubit(const Field& list) {
    const std::string of = "qubit " + std::to_string(made_.qubits.size());
    ListedQubit qubit;
    qubit.t1 = lifetime(list, "T1", of);
    qubit.t2 = lifetime(list, "T2", of);
    qubit.readout_length = seconds_of(list, "readout_length", of, longest_gate);
    qubit.operational = is_operational(list);
    add_readout(list, of, qubit);
    made_.qubits.push_back(qubit);
  }

  void add_gate(const Field& entry) {
    ListedGate gate;
    gate.name = entry.at("gate").text();
    std::string of = printable(gate.name);
    const auto last = static_cast<std::int64_t>(made_.qubits.size()) - 1;
    for (const Field& qubit : entry.at("qubits").list()) {
      gate.qubits.push_back(static_cast<int>(qubit.integer(0, last)));
      of += " " + std::to_string(gate.qubits.back());
    }
    if (const auto parameters = entry.find("parameters")) {
      gate.error = probability_of(*parameters, "gate_error", of);
      gate.length = seconds_of(*parameters, "gate_length", of, longest_gate);
      gate.operational = is_operational(*parameters);
    }
    if (gate.length && !(*gate.length >= 0))
      entry.wrong("a gate_length of 0 or more of " + of, significant(*gate.length, 6));
    made_.gates.push_back(std::move(gate));
  }

  static constexpr double longest_gate = 1e-2;

  const Field& root_;
  BackendProperties made_;
};

}  // namespace

BackendProperties parse_backend_properties(std::string_view text, JsonSource source) {
  return read_backend_properties(Field::parse(text, std::move(source)));
}

BackendProperties read_backend_properties(const SortedJsonField& root) {
  return PropertiesReader(root).read();
}

}  // namespace qmtl
