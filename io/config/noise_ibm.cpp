// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/config/noise_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

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

double seconds(const std::string& unit, const std::string& place) {
  if (unit == "s") return 1.0;
  if (unit == "ms") return 1e-3;
  if (unit == "us" || unit == "\u00b5s") return 1e-6;
  if (unit == "ns") return 1e-9;
  throw usage_error(place + ": expected the unit s, ms, us or ns, found '" + unit + "'");
}

/// The value of the entry called `name` in a list of {name, unit, value}; times in seconds.
std::optional<double> value_of(const Json& list, const std::string& name, const std::string& place) {
  for (const Json& entry : list) {
    if (entry.value("name", std::string()) != name) continue;
    const std::string here = place + ", " + name;
    if (!entry.contains("value") || !entry["value"].is_number())
      throw usage_error(here + ": expected a number as value, found none");
    const double value = entry["value"].get<double>();
    const std::string unit = entry.value("unit", std::string());
    return unit.empty() ? value : value * seconds(unit, here);
  }
  return std::nullopt;
}

Qubit read_qubit(const Json& list, const std::string& place) {
  Qubit qubit;
  qubit.t1 = value_of(list, "T1", place).value_or(INFINITY);
  qubit.t2 = std::min(value_of(list, "T2", place).value_or(INFINITY), 2 * qubit.t1);
  const double both = value_of(list, "readout_error", place).value_or(0.0);
  qubit.readout.p1_given_0 = value_of(list, "prob_meas1_prep0", place).value_or(both);
  qubit.readout.p0_given_1 = value_of(list, "prob_meas0_prep1", place).value_or(both);
  return qubit;
}

Backend read_backend(const Json& json, const std::string& file) {
  for (const char* key : {"qubits", "gates"})
    if (!json.is_object() || !json.contains(key) || !json[key].is_array())
      throw usage_error(file + ": expected an array '" + key +
                        "' as in the properties of an IBM backend, found none");
  Backend backend;
  for (const Json& list : json["qubits"])
    backend.qubits.push_back(read_qubit(list, file + ": qubit " + std::to_string(backend.qubits.size())));
  if (backend.qubits.empty()) throw usage_error(file + ": expected at least one qubit, found none");
  for (const Json& entry : json["gates"]) {
    Calibrated gate;
    gate.name = entry.at("gate").get<std::string>();
    gate.qubits = entry.at("qubits").get<std::vector<int>>();
    std::string place = file + ": gate " + gate.name;
    for (int qubit : gate.qubits) {
      place += " " + std::to_string(qubit);
      if (qubit < 0 || static_cast<std::size_t>(qubit) >= backend.qubits.size())
        throw usage_error(place + ": expected qubits from 0 to " + std::to_string(backend.qubits.size() - 1));
    }
    const Json parameters = entry.value("parameters", Json::array());
    gate.error = value_of(parameters, "gate_error", place).value_or(0.0);
    gate.length = value_of(parameters, "gate_length", place).value_or(0.0);
    if (!(gate.error >= 0 && gate.error <= 1))
      throw usage_error(place + ": expected a gate_error from 0 to 1, found " + std::to_string(gate.error));
    if (!(gate.length >= 0)) throw usage_error(place + ": expected a gate_length of 0 or more");
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
    if (!known(source->qubits) && (gate != Gate::cz || !known({source->qubits[1], source->qubits[0]})))
      add(*source, source->qubits);
  if (gate == Gate::cx)
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
  Backend backend;
  try {
    backend = read_backend(Json::parse(text), name);
  } catch (const Json::exception& error) {
    throw usage_error(name + ": expected the properties of an IBM backend in JSON: " + error.what());
  }
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
