// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hardware/target.h"
#include "tests/oracle/cases.h"

namespace qmtl::oracle {

/// Properties of an IBM backend with drawn calibrations, and the parts that must not be used.
struct Snapshot {
  nlohmann::json json;
  std::set<int> dead_qubits;
  std::set<std::pair<int, int>> dead_couplers;  ///< lower qubit first

  bool dead(int qubit) const { return dead_qubits.contains(qubit); }
  bool dead(int a, int b) const { return dead(a) || dead(b) || dead_couplers.contains(std::minmax(a, b)); }
};

inline nlohmann::json entry(const char* name, const char* unit, nlohmann::json value) {
  return {{"name", name}, {"unit", unit}, {"value", std::move(value)}, {"date", "2026-01-01T00:00:00Z"}};
}

/// The entry of that name in a list, or the list's end.
inline auto entry_of(nlohmann::json& list, const std::string& name) {
  return std::find_if(list.begin(), list.end(), [&](const auto& item) { return item["name"] == name; });
}

/// Like today's devices: 150 us, readings wrong by 1 %, pulses by 3e-4 and pairs by 4e-3 in the middle, each
/// between a third and three times of that.
inline Snapshot snapshot(const DeviceTarget& shape, std::uint64_t seed) {
  constexpr int most = 512;
  const auto draws = uniform(seed + 101, 7 * most, -1.0, 1.0);
  const auto draw = [&](int what, int number) {
    return std::pow(3.0, draws[static_cast<std::size_t>(what * most + number)]);
  };
  Snapshot made;
  made.json = {
      {"backend_name", "drawn"}, {"qubits", nlohmann::json::array()}, {"gates", nlohmann::json::array()}};
  const auto gate = [&](const char* name, std::vector<int> qubits, double error, double length) {
    made.json["gates"].push_back(
        {{"gate", name},
         {"qubits", qubits},
         {"parameters", {entry("gate_error", "", error), entry("gate_length", "ns", length)}}});
  };
  for (int q = 0; q < shape.qubits; ++q) {
    const double p10 = 0.012 * draw(2, q), p01 = 0.008 * draw(3, q);
    made.json["qubits"].push_back({entry("T1", "us", 150 * draw(0, q)), entry("T2", "us", 120 * draw(1, q)),
                                   entry("readout_error", "", (p10 + p01) / 2),
                                   entry("prob_meas0_prep1", "", p10), entry("prob_meas1_prep0", "", p01),
                                   entry("readout_length", "ns", 1500)});
    gate("sx", {q}, 3e-4 * draw(4, q), 32);
    gate("x", {q}, 3e-4 * draw(4, q), 32);
    gate("rz", {q}, 0.0, 0);
  }
  int number = 0;
  for (const auto& [a, b] : shape.coupling)
    if (a < b) {
      const double error = 4e-3 * draw(5, number), length = 68 * draw(6, number);
      ++number;
      gate("cz", {a, b}, error, length);
      gate("cz", {b, a}, error, length);
    }
  return made;
}

/// Parts that break as they do in published snapshots and in reports of users: what is dead is noted.
inline void mutate(Snapshot& made, std::uint64_t seed, int count) {
  nlohmann::json &qubits = made.json["qubits"], &gates = made.json["gates"];
  const auto draws = uniform(seed * 7919 + 13, static_cast<std::size_t>(3 * count), 0.0, 1.0);
  const auto pick = [&](std::size_t i, std::size_t size) {
    return static_cast<std::size_t>(draws[i] * static_cast<double>(size));
  };
  for (int m = 0; m < count; ++m) {
    const auto i = static_cast<std::size_t>(3 * m);
    const std::size_t q = pick(i, qubits.size()), g = pick(i + 1, gates.size());
    nlohmann::json &qubit = qubits[q], &parameters = gates[g]["parameters"];
    const std::vector<int> on = gates[g]["qubits"];
    const auto dead_gate = [&] {
      if (on.size() == 1)
        made.dead_qubits.insert(on[0]);
      else
        made.dead_couplers.insert(std::minmax(on[0], on[1]));
    };
    const bool counts = gates[g]["gate"] != "rz";  // a change of phase, which needs no calibration
    const auto drop = [](nlohmann::json& list, const char* name) {
      if (const auto found = entry_of(list, name); found != list.end()) list.erase(found);
    };
    switch (pick(i + 2, 12)) {
      case 0:
        qubit.push_back(entry("operational", "", 0));
        made.dead_qubits.insert(static_cast<int>(q));
        break;
      case 1:
        parameters.push_back(entry("operational", "", false));
        if (counts) dead_gate();
        break;
      case 2:
        if (const auto found = entry_of(parameters, "gate_error"); found != parameters.end())
          (*found)["value"] = 1;
        if (counts) dead_gate();
        break;
      case 3:
        if (const auto found = entry_of(parameters, "gate_error"); found != parameters.end())
          (*found)["value"] = nullptr;
        break;
      case 4:
        drop(parameters, "gate_error");
        break;
      case 5:
        drop(parameters, "gate_length");
        break;
      case 6:
        if (const auto found = entry_of(qubit, "T1"); found != qubit.end()) (*found)["value"] = 0;
        break;
      case 7:
        drop(qubit, "T2");
        break;
      case 8:
        drop(qubit, "prob_meas0_prep1");
        break;
      case 9:
        drop(qubit, "readout_error");
        drop(qubit, "prob_meas1_prep0");
        break;
      case 10:
        for (const char* name : {"readout_error", "prob_meas0_prep1", "prob_meas1_prep0"})
          if (const auto found = entry_of(qubit, name); found != qubit.end()) (*found)["value"] = 0.55;
        made.dead_qubits.insert(static_cast<int>(q));
        break;
      case 11:
        if (const auto found = entry_of(qubit, "T1"); found != qubit.end()) {
          // Seconds, as some write them.
          (*found)["unit"] = "";
          (*found)["value"] = 1.1e-4;
        }
        break;
    }
  }
}

}  // namespace qmtl::oracle
