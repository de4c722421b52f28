// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include "io/config/noise_file.h"
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

/// Calibration of one qubit; times in seconds.
struct Qubit {
  double t1 = INFINITY, t2 = INFINITY;
  ReadoutError readout;
};

/// Calibration of one gate on particular qubits.
struct Calibrated {
  std::string name;
  std::vector<int> qubits;
  double error = 0;   ///< average infidelity
  double length = 0;  ///< seconds
};

struct Backend {
  std::vector<Qubit> qubits;
  std::vector<Calibrated> gates;
};

/// Seconds in a unit; 1 where there is none.
double unit_of(const SortedJsonField& entry, const std::string& name) {
  const auto field = entry.find("unit");
  const std::string unit = field ? field->text() : "";
  if (unit.empty() || unit == "s") return 1.0;
  if (unit == "ms") return 1e-3;
  if (unit == "us" || unit == "\u00b5s") return 1e-6;
  if (unit == "ns") return 1e-9;
  field->wrong("the unit s, ms, us or ns of " + name);
}

/// The value of the entry called `name` in a list of {name, unit, value}; times in seconds.
std::optional<double> value_of(const SortedJsonField& list, const std::string& name) {
  for (const SortedJsonField& entry : list.list()) {
    const auto named = entry.find("name");
    if (!named || named->text() != name) continue;
    const SortedJsonField value = entry.at("value");
    if (!value.is_number()) value.wrong("a number as " + name);
    return value.number() * unit_of(entry, name);
  }
  return std::nullopt;
}

Qubit read_qubit(const SortedJsonField& list) {
  Qubit qubit;
  qubit.t1 = value_of(list, "T1").value_or(INFINITY);
  qubit.t2 = std::min(value_of(list, "T2").value_or(INFINITY), 2 * qubit.t1);
  const double both = value_of(list, "readout_error").value_or(0.0);
  qubit.readout.p1_given_0 = value_of(list, "prob_meas1_prep0").value_or(both);
  qubit.readout.p0_given_1 = value_of(list, "prob_meas0_prep1").value_or(both);
  return qubit;
}

Backend read_backend(const SortedJsonField& json) {
  Backend backend;
  const SortedJsonField qubits = json.at("qubits");
  for (const SortedJsonField& list : qubits.list()) backend.qubits.push_back(read_qubit(list));
  if (backend.qubits.empty()) qubits.wrong("at least one qubit", "none");
  const auto last = static_cast<std::int64_t>(backend.qubits.size()) - 1;
  for (const SortedJsonField& entry : json.at("gates").list()) {
    Calibrated gate;
    gate.name = entry.at("gate").text();
    for (const SortedJsonField& qubit : entry.at("qubits").list())
      gate.qubits.push_back(static_cast<int>(qubit.integer(0, last)));
    if (const auto parameters = entry.find("parameters")) {
      gate.error = value_of(*parameters, "gate_error").value_or(0.0);
      gate.length = value_of(*parameters, "gate_length").value_or(0.0);
    }
    if (!(gate.error >= 0 && gate.error <= 1))
      entry.wrong("a gate_error from 0 to 1 of " + gate.name, std::to_string(gate.error));
    if (!(gate.length >= 0))
      entry.wrong("a gate_length of 0 or more of " + gate.name, std::to_string(gate.length));
    backend.gates.push_back(std::move(gate));
  }
  return backend;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
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
std::string first_present(const Backend& backend, std::initializer_list<const char*> names) {
  for (const char* name : names)
    for (const Calibrated& gate : backend.gates)
      if (gate.name == name) return name;
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
  const auto add = [&](const Calibrated& source, const std::vector<int>& place) {
    std::vector<Qubit> qubits;
    for (int qubit : place) qubits.push_back(backend.qubits[static_cast<std::size_t>(qubit)]);
    model.gates.push_back(
        {gate, place, repeated(channels_of(source.error, source.length, qubits), times), times});
    seen.push_back(place);
  };
  const auto known = [&](const std::vector<int>& place) {
    return std::find(seen.begin(), seen.end(), place) != seen.end();
  };
  std::vector<const Calibrated*> sources;
  for (const Calibrated& source : backend.gates) {
    if (source.name != name || source.qubits.size() != arity) continue;
    sources.push_back(&source);
    errors.push_back(source.error);
    lengths.push_back(source.length);
  }
  for (const Calibrated* source : sources)
    if (!known(source->qubits) && (!is_symmetric(gate) || !known({source->qubits[1], source->qubits[0]})))
      add(*source, source->qubits);
  if (arity == 2 && !is_symmetric(gate))
    for (const Calibrated* source : sources)
      if (const std::vector<int> reverse{source->qubits[1], source->qubits[0]}; !known(reverse))
        add(*source, reverse);
  for (const Qubit& qubit : backend.qubits) t1.push_back(qubit.t1), t2.push_back(qubit.t2);
  const Qubit typical{median(t1), std::min(median(t2), 2 * median(t1)), {}};
  model.gates.push_back(
      {gate,
       {},
       repeated(channels_of(median(errors), median(lengths), std::vector<Qubit>(arity, typical)), times),
       times});
}

}  // namespace

NoiseModel parse_ibm_properties(std::string_view text, const std::string& name) {
  JsonSource source;
  source.name = name;
  source.if_missing = "; expected the properties of an IBM backend";
  source.fail = [](const std::string& message) { throw usage_error(message); };
  const Backend backend = read_backend(SortedJsonField::parse(text, std::move(source)));
  NoiseModel model;
  std::vector<double> p1, p0;
  for (std::size_t q = 0; q < backend.qubits.size(); ++q) {
    model.readout_of[static_cast<int>(q)] = backend.qubits[q].readout;
    p1.push_back(backend.qubits[q].readout.p1_given_0);
    p0.push_back(backend.qubits[q].readout.p0_given_1);
  }
  model.readout = {median(p1), median(p0)};
  for (Gate gate : {Gate::rx, Gate::ry})
    if (const std::string native(info(gate).name); !first_present(backend, {native.c_str()}).empty())
      add_gate(backend, gate, native, 1, model);
    else if (const std::string pulse = first_present(backend, {"sx", "x"}); !pulse.empty())
      add_gate(backend, gate, pulse, 2, model);
  if (!first_present(backend, {"rz"}).empty()) add_gate(backend, Gate::rz, "rz", 1, model);
  const std::string cz = first_present(backend, {"cz", "ecr", "cx"}),
                    cx = first_present(backend, {"cx", "ecr", "cz"});
  if (cz.empty())
    throw usage_error(name + ": expected the calibration of a two-qubit gate cz, ecr or cx, found none");
  add_gate(backend, Gate::cz, cz, 1, model);
  add_gate(backend, Gate::cx, cx, 1, model);
  check(model);
  return model;
}

}  // namespace qmtl
