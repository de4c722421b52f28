// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "io/config/noise_file.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/noise/backend_properties.h"

namespace qmtl {
namespace {

/// Calibration of one qubit; times in seconds.
struct Qubit {
  double t1 = INFINITY, t2 = INFINITY;
  ReadoutError readout;
};

struct Backend {
  std::vector<Qubit> qubits;
  std::vector<ListedGate> gates;  ///< with all numbers filled in, but for names of which none has an error
  std::vector<std::string> warnings;
};

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

/// Fills what is not calibrated with the median of what is, and says so; with `none` where nothing is.
template <class Item, class Name>
void fill(std::vector<Item>& items, std::optional<double> Item::*member, double none, const std::string& what,
          const Name& name_of, std::vector<std::string>& warnings) {
  std::vector<double> known;
  std::string missing;
  for (const Item& item : items)
    if (item.*member)
      known.push_back(*(item.*member));
    else
      missing += (missing.empty() ? "" : ", ") + name_of(item);
  if (missing.empty()) return;
  const double value = known.empty() ? none : median(known);
  for (Item& item : items)
    if (!(item.*member)) item.*member = value;
  warnings.push_back("no " + what + " of " + missing + ": " +
                     (known.empty() ? "taken as perfect, as none is calibrated"
                                    : "the median of the others is taken, " + significant(value, 4)));
}

std::string name_of(const ListedGate& gate) {
  std::string text = printable(gate.name);
  for (int qubit : gate.qubits) text += " " + std::to_string(qubit);
  return text;
}

/// What is out of operation does nothing that could be of use: its gates mix the states of their qubits
/// entirely, its readings are as good as thrown coins. What may be listed of it is from before.
void spoil(BackendProperties& listed, std::vector<std::string>& warnings) {
  std::string qubits, gates;
  const auto add = [](std::string& names, const std::string& name) {
    names += (names.empty() ? "" : ", ") + name;
  };
  for (std::size_t q = 0; q < listed.qubits.size(); ++q) {
    if (listed.qubits[q].operational) continue;
    listed.qubits[q].p1_given_0 = listed.qubits[q].p0_given_1 = 0.5;
    add(qubits, std::to_string(q));
  }
  for (ListedGate& gate : listed.gates) {
    const bool on_spoilt = std::any_of(gate.qubits.begin(), gate.qubits.end(), [&](int qubit) {
      return !listed.qubits[static_cast<std::size_t>(qubit)].operational;
    });
    if (!gate.operational) add(gates, name_of(gate));
    if (!gate.operational || on_spoilt) gate.error = 1.0;
  }
  if (!qubits.empty())
    warnings.push_back("not operational: qubit " + qubits +
                       ": their gates are taken as fully depolarising, their readings as random");
  if (!gates.empty()) warnings.push_back("not operational: gate " + gates + ": taken as fully depolarising");
}

void fill_qubits(std::vector<ListedQubit> listed, Backend& backend) {
  // Where nobody says how often one direction fails, the other is the best that is known.
  const auto any = [&](std::optional<double> ListedQubit::*member) {
    return std::any_of(listed.begin(), listed.end(),
                       [&](const ListedQubit& qubit) { return (qubit.*member).has_value(); });
  };
  const auto copy = [&](std::optional<double> ListedQubit::*from, std::optional<double> ListedQubit::*to,
                        const std::string& what) {
    if (any(to) || !any(from)) return;
    for (ListedQubit& qubit : listed) qubit.*to = qubit.*from;
    backend.warnings.push_back("no readout error of a prepared " + what +
                               " of any qubit: those of the other state are taken");
  };
  copy(&ListedQubit::p1_given_0, &ListedQubit::p0_given_1, "1");
  copy(&ListedQubit::p0_given_1, &ListedQubit::p1_given_0, "0");
  const auto number_of = [&](const ListedQubit& qubit) {
    return "qubit " + std::to_string(&qubit - listed.data());
  };
  fill(listed, &ListedQubit::t1, INFINITY, "T1", number_of, backend.warnings);
  fill(listed, &ListedQubit::t2, INFINITY, "T2", number_of, backend.warnings);
  fill(listed, &ListedQubit::p1_given_0, 0.0, "readout error of a prepared 0", number_of, backend.warnings);
  fill(listed, &ListedQubit::p0_given_1, 0.0, "readout error of a prepared 1", number_of, backend.warnings);
  for (const ListedQubit& qubit : listed)
    backend.qubits.push_back(
        {*qubit.t1, std::min(*qubit.t2, 2 * *qubit.t1), {*qubit.p1_given_0, *qubit.p0_given_1}});
}

/// Gates of one name are alike: what one lacks is the median of the others of its name. Resets, delays and
/// the like have no error to be calibrated and stay without.
void fill_gates(const std::vector<ListedGate>& listed, Backend& backend) {
  std::vector<std::string> names;
  for (const ListedGate& gate : listed)
    if (std::find(names.begin(), names.end(), gate.name) == names.end()) names.push_back(gate.name);
  for (const std::string& name : names) {
    std::vector<ListedGate> alike;
    for (const ListedGate& gate : listed)
      if (gate.name == name) alike.push_back(gate);
    if (std::any_of(alike.begin(), alike.end(),
                    [](const ListedGate& gate) { return gate.error.has_value(); })) {
      fill(alike, &ListedGate::error, 0.0, "gate_error", name_of, backend.warnings);
      fill(alike, &ListedGate::length, 0.0, "gate_length", name_of, backend.warnings);
    }
    backend.gates.insert(backend.gates.end(), alike.begin(), alike.end());
  }
}

Backend filled(BackendProperties listed) {
  Backend backend;
  backend.warnings = std::move(listed.remarks);
  spoil(listed, backend.warnings);
  fill_qubits(std::move(listed.qubits), backend);
  fill_gates(listed.gates, backend);
  return backend;
}

/// Depolarising noise, then relaxation of each qubit for the gate's length, such that the average infidelity
/// of both is the calibrated error (as Aer's noise model of a backend): relaxation alone where that is
/// larger.
std::vector<AppliedChannel> channels_of(double error, double length, const std::vector<Qubit>& qubits) {
  const int arity = static_cast<int>(qubits.size());
  const double dim = arity == 1 ? 2 : 4;
  std::vector<AppliedChannel> relaxations;
  double entanglement = 1.0;  // fidelity of the Choi states: multiplies over the qubits
  for (int i = 0; i < arity; ++i) {
    const Qubit& qubit = qubits[static_cast<std::size_t>(i)];
    if (length <= 0 || (std::isinf(qubit.t1) && std::isinf(qubit.t2))) continue;
    Channel channel = thermal_relaxation(qubit.t1, qubit.t2, length);
    entanglement *= (3 * average_fidelity(channel) - 1) / 2;
    relaxations.push_back({std::move(channel), arity == 1 ? -1 : i});
  }
  const double fidelity = (dim * entanglement + 1) / (dim + 1);
  std::vector<AppliedChannel> channels;
  const double rest = std::min(error, dim / (dim + 1)) - (1 - fidelity);
  if (rest > 0) {
    const double most = dim * dim / (dim * dim - 1);
    channels.push_back({depolarising(std::min(dim * rest / (dim * fidelity - 1), most), arity), -1});
  }
  channels.insert(channels.end(), relaxations.begin(), relaxations.end());
  return channels;
}

/// The first of the names that the backend calibrates, or "".
std::string first_present(const Backend& backend, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    for (const ListedGate& gate : backend.gates)
      if (gate.name == name && gate.error) return gate.name;
  return "";
}

std::vector<AppliedChannel> repeated(const std::vector<AppliedChannel>& channels, int times) {
  std::vector<AppliedChannel> all;
  for (int i = 0; i < times; ++i) all.insert(all.end(), channels.begin(), channels.end());
  return all;
}

/// Entries of `gate` from the calibration called `name`, applied `times` times; and one of medians for qubits
/// and pairs that are not calibrated.
void add_gate(const Backend& backend, Gate gate, const std::string& name, int times, NoiseModel& model) {
  const auto arity = static_cast<std::size_t>(info(gate).arity);
  std::vector<double> errors, lengths, t1, t2;
  std::vector<std::vector<int>> seen;
  const auto add = [&](const ListedGate& source, const std::vector<int>& place) {
    std::vector<Qubit> qubits;
    for (int qubit : place) qubits.push_back(backend.qubits[static_cast<std::size_t>(qubit)]);
    model.gates.push_back({gate, place, repeated(channels_of(*source.error, *source.length, qubits), times),
                           times, times * *source.length});
    seen.push_back(place);
  };
  const auto known = [&](const std::vector<int>& place) {
    return std::find(seen.begin(), seen.end(), place) != seen.end();
  };
  std::vector<const ListedGate*> sources;
  for (const ListedGate& source : backend.gates) {
    if (source.name != name || source.qubits.size() != arity) continue;
    sources.push_back(&source);
    errors.push_back(*source.error);
    lengths.push_back(*source.length);
  }
  for (const ListedGate* source : sources)
    if (!known(source->qubits) && (!is_symmetric(gate) || !known({source->qubits[1], source->qubits[0]})))
      add(*source, source->qubits);
  if (arity == 2 && !is_symmetric(gate))
    for (const ListedGate* source : sources)
      if (const std::vector<int> reverse{source->qubits[1], source->qubits[0]}; !known(reverse))
        add(*source, reverse);
  for (const Qubit& qubit : backend.qubits) t1.push_back(qubit.t1), t2.push_back(qubit.t2);
  const Qubit typical{median(t1), std::min(median(t2), 2 * median(t1)), {}};
  model.gates.push_back(
      {gate,
       {},
       repeated(channels_of(median(errors), median(lengths), std::vector<Qubit>(arity, typical)), times),
       times,
       times * median(lengths)});
}

}  // namespace

BackendProperties parse_listed_properties(std::string_view text, const std::string& name) {
  JsonSource source;
  source.name = name;
  source.clean = [](std::string_view foreign, std::size_t most) { return printable(foreign, most); };
  source.if_missing = "; expected the properties of an IBM backend";
  source.fail = [](const std::string& message) { throw usage_error(message); };
  return parse_backend_properties(text, std::move(source));
}

NoiseModel parse_ibm_properties(std::string_view text, const std::string& name) {
  return noise_of_properties(parse_listed_properties(text, name), name);
}

NoiseModel noise_of_properties(BackendProperties listed, const std::string& name) {
  const Backend backend = filled(std::move(listed));
  NoiseModel model;
  for (const std::string& warning : backend.warnings) model.warnings.push_back(name + ": " + warning);
  std::vector<double> p1, p0;
  for (std::size_t q = 0; q < backend.qubits.size(); ++q) {
    model.readout_of[static_cast<int>(q)] = backend.qubits[q].readout;
    p1.push_back(backend.qubits[q].readout.p1_given_0);
    p0.push_back(backend.qubits[q].readout.p0_given_1);
  }
  model.readout = {median(p1), median(p0)};
  // How often each calibrated gate stands for a rotation about X or Y: u3 holds two pulses, and its
  // calibration both.
  const std::string pulse = first_present(backend, {"sx", "x", "u2", "u3", "u", "prx", "r"});
  const int pulses = pulse == "sx" || pulse == "x" || pulse == "u2" ? 2 : 1;
  for (const GateInfo& row : gate_table) {
    const Gate gate = row.gate;
    if (!is_qubit_rotation(gate) || is_diagonal(gate)) continue;
    const std::string native = first_present(backend, {row.name});
    if (native.empty() && pulse.empty())
      throw usage_error(name + ": expected the calibration of a one-qubit gate " + std::string(row.name) +
                        ", sx, x, u2, u3, u, prx or r, found none; without one rotations would be perfect");
    add_gate(backend, gate, native.empty() ? pulse : native, native.empty() ? pulses : 1, model);
  }
  if (const std::string phase = first_present(backend, {"rz", "u1", "p"}); !phase.empty())
    add_gate(backend, rotation_about("Z"), phase, 1, model);
  const std::string cz = first_present(backend, {"cz", "ecr", "cx"}),
                    cx = first_present(backend, {"cx", "ecr", "cz"});
  if (cz.empty())
    throw usage_error(name + ": expected the calibration of a two-qubit gate cz, ecr or cx, found none");
  add_gate(backend, controlled_gate('Z'), cz, 1, model);
  add_gate(backend, controlled_gate('X'), cx, 1, model);
  check(model);
  return model;
}

}  // namespace qmtl
