// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/iqm_device.h"

#include <algorithm>
#include <map>

namespace qmtl {
namespace {

using Loci = std::vector<std::vector<std::string>>;

/// Where a gate is calibrated, by any of its implementations.
Loci loci_of(const SortedJsonField& gates, const std::string& gate) {
  Loci loci;
  const auto found = gates.find(gate);
  if (!found) return loci;
  for (const auto& [name, implementation] : found->at("implementations").members())
    for (const SortedJsonField& locus : implementation.at("loci").list()) {
      loci.emplace_back();
      for (const SortedJsonField& component : locus.list()) loci.back().push_back(component.text());
    }
  return loci;
}

Counts read_one(const SortedJsonField& circuit, const DeviceProgram& program, std::int64_t shots,
                std::int64_t& sum) {
  const auto keys = circuit.at("measurement_keys").list();
  if (keys.size() != 1 || keys[0].text() != "c")
    circuit.at("measurement_keys").wrong("the one key 'c'", std::to_string(keys.size()) + " keys");
  Counts counts;
  const SortedJsonField all = circuit.at("counts");
  for (const auto& [bits, number] : all.members()) {
    if (bits.size() != program.measured.size() || bits.find_first_not_of("01") != std::string::npos)
      all.wrong(std::to_string(program.measured.size()) + " bits", "'" + bits.substr(0, 40) + "'");
    const std::int64_t count = number.integer(0, shots);
    if (count > 0) counts[std::string(bits.rbegin(), bits.rend())] += static_cast<std::uint64_t>(count);
    sum += count;
  }
  return counts;
}

}  // namespace

IqmDevice read_iqm_device(const SortedJsonField& chip, const SortedJsonField& calibrated) {
  const auto chips = chip.list();
  if (chips.size() != 1) chip.wrong("one architecture", std::to_string(chips.size()));
  IqmDevice device;
  std::map<std::string, int> number;
  for (const SortedJsonField& qubit : chips[0].at("qubits").list()) {
    number.emplace(identifier(qubit), static_cast<int>(device.qubits.size()));
    device.qubits.push_back(qubit.text());
  }
  if (device.qubits.empty() || number.size() != device.qubits.size())
    chips[0].at("qubits").wrong("names of qubits, none twice");

  const SortedJsonField gates = calibrated.at("gates");
  std::map<int, int> ready;
  for (const char* gate : {"prx", "measure"}) {
    std::set<std::string> names;
    for (const auto& locus : loci_of(gates, gate)) names.insert(locus.begin(), locus.end());
    for (const std::string& name : names)
      if (const auto found = number.find(name); found != number.end()) ++ready[found->second];
  }
  for (const auto& [qubit, count] : ready)
    if (count == 2) device.usable.insert(qubit);

  const Loci pairs = loci_of(gates, "cz");
  std::set<std::pair<int, int>> coupled;
  for (const auto& locus : pairs) {
    if (locus.size() != 2 || !number.contains(locus[0]) || !number.contains(locus[1])) continue;
    const int a = number[locus[0]], b = number[locus[1]];
    if (!device.usable.contains(a) || !device.usable.contains(b)) continue;
    coupled.insert({a, b});
    coupled.insert({b, a});
  }
  if (coupled.empty() && !pairs.empty())
    throw EndpointError(EndpointFault::refused,
                        "iqm: expected pairs of qubits with cz, found " + std::to_string(pairs.size()) +
                            " pairs with resonators or uncalibrated qubits only; devices with MOVE gates are "
                            "not supported");
  if (coupled.empty() && device.qubits.size() > 1)
    throw EndpointError(EndpointFault::refused, "iqm: expected calibrated pairs for cz, found none");
  device.coupling.assign(coupled.begin(), coupled.end());
  return device;
}

JobResult read_iqm_counts(const SortedJsonField& answer, const DeviceJob& job, bool heralded) {
  const auto circuits = answer.list();
  std::size_t rows = 0;
  for (const Sweep& sweep : job.sweeps) rows += sweep.rows;
  if (circuits.size() != rows)
    answer.wrong("counts of " + std::to_string(rows) + " circuits", std::to_string(circuits.size()));
  JobResult result;
  std::size_t circuit = 0;
  for (const Sweep& sweep : job.sweeps) {
    result.counts.emplace_back();
    for (std::size_t row = 0; row < sweep.rows; ++row, ++circuit) {
      std::int64_t sum = 0;
      result.counts.back().push_back(read_one(circuits[circuit], sweep.program, job.shots, sum));
      if (sum > job.shots || sum == 0 || (sum < job.shots && !heralded))
        circuits[circuit].at("counts").wrong("counts that add up to " + std::to_string(job.shots) + " shots",
                                             std::to_string(sum));
      result.dropped += job.shots - sum;
    }
  }
  return result;
}

}  // namespace qmtl
