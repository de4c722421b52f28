// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/iqm_metrics.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "hardware/transpile/index.h"

namespace qmtl {
namespace {

std::vector<std::string> parts_of(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + separator.size();
  }
}

class IqmReader {
 public:
  explicit IqmReader(std::span<const std::string> names) {
    for (const std::string& name : names) numbers_.emplace(name, static_cast<int>(numbers_.size()));
  }

  DeviceProperties read(const SortedJsonField& root) {
    for (const SortedJsonField& observation : root.at("observations").list()) {
      const std::string name = observation.at("dut_field").text();
      const auto invalid = observation.find("invalid");
      const auto value = observation.find("value");
      if (!value || !value->is_number() || (invalid && invalid->boolean())) continue;
      take(parts_of(name.substr(0, name.find(':')), "."), name, *value);
    }
    return made();
  }

 private:
  using Place = std::pair<int, int>;
  struct Readout {
    std::optional<double> p1_given_0, p0_given_1, fidelity;
  };

  void take(const std::vector<std::string>& path, const std::string& name, const SortedJsonField& value) {
    const auto is = [&](std::size_t i, std::string_view what) { return path.size() > i && path[i] == what; };
    const auto probability = [&] {
      const double number = value.number();
      if (!(number >= 0 && number <= 1)) value.wrong("a number from 0 to 1 as " + name);
      return number;
    };
    if (path.size() == 4 && is(0, "characterization") && is(1, "model")) {
      const auto qubits = qubits_of(path[2]);
      if (!qubits || qubits->size() != 1 || !(value.number() > 0)) return;
      if (is(3, "t1_time")) qubit(qubits->front()).t1 = value.number();
      if (is(3, "t2_time")) qubit(qubits->front()).t2 = value.number();
    } else if (path.size() == 6 && is(0, "metrics")) {
      const auto qubits = qubits_of(path[4]);
      if (!qubits) return;
      if (is(1, "ssro") && is(2, "measure") && qubits->size() == 1) {
        Readout& readout = readouts_[qubits->front()];
        qubit(qubits->front());
        if (is(5, "error_0_to_1")) readout.p1_given_0 = probability();
        if (is(5, "error_1_to_0")) readout.p0_given_1 = probability();
        if (is(5, "fidelity")) readout.fidelity = probability();
      } else if (is(5, "fidelity") && ((is(1, "rb") && is(2, "prx")) || (is(1, "irb") && is(2, "cz")))) {
        std::optional<double>& error = gate(path[2], *qubits).error;
        error = std::min(error.value_or(1.0), 1 - probability());
      }
    } else if (path.size() == 5 && is(0, "gates") && is(4, "duration") && (is(1, "prx") || is(1, "cz"))) {
      const auto qubits = qubits_of(path[3]);
      if (qubits && value.number() >= 0) gate(path[1], *qubits).length = value.number();
    }
  }

  /// Nothing for what is no qubit.
  std::optional<int> number_of(const std::string& name) const {
    if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
    constexpr int most = 4096;
    int number = 0;
    const char* const end = name.data() + name.size();
    if (!numbers_.empty() || !name.starts_with("QB")) return std::nullopt;
    const auto [last, error] = std::from_chars(name.data() + 2, end, number);
    if (error != std::errc() || last != end || number < 1 || number > most) return std::nullopt;
    return number - 1;
  }

  /// Those in "QB3" and "QB1__QB2"; nothing where another part is named.
  std::optional<std::vector<int>> qubits_of(const std::string& locus) const {
    std::vector<int> qubits;
    for (const std::string& name : parts_of(locus, "__")) {
      const auto number = number_of(name);
      if (!number) return std::nullopt;
      qubits.push_back(*number);
    }
    return qubits;
  }

  QubitProperties& qubit(int number) {
    if (properties_.qubits.size() <= at(number)) properties_.qubits.resize(at(number) + 1);
    return properties_.qubits[at(number)];
  }

  GateProperties& gate(const std::string& name, const std::vector<int>& qubits) {
    for (int number : qubits) qubit(number);
    // A phased rotation about an axis of the equator is a pulse like any other.
    const DeviceGate which = name == "cz" ? device_gate(controlled_gate('Z')) : device_rotation("X");
    const Place place{qubits.front(), qubits.size() > 1 ? qubits[1] : -1};
    GateProperties& entry = gates_[{which, place}];
    entry.gate = which;
    std::tie(entry.q0, entry.q1) = place;
    return entry;
  }

  DeviceProperties made() {
    for (const auto& [number, readout] : readouts_) {
      std::optional<double>& error = qubit(number).readout_error;
      if (readout.p1_given_0 && readout.p0_given_1)
        error = (*readout.p1_given_0 + *readout.p0_given_1) / 2;
      else if (readout.fidelity)
        error = 1 - *readout.fidelity;
    }
    for (const auto& [place, entry] : gates_)
      if (info(entry.gate).qubits == (entry.q1 >= 0 ? 2 : 1)) properties_.gates.push_back(entry);
    return std::move(properties_);
  }

  std::map<std::string, int> numbers_;  ///< of the qubits by their names
  DeviceProperties properties_;
  std::map<int, Readout> readouts_;
  std::map<std::pair<DeviceGate, Place>, GateProperties> gates_;
};

}  // namespace

DeviceProperties iqm_properties(const SortedJsonField& root, std::span<const std::string> names) {
  return IqmReader(names).read(root);
}

}  // namespace qmtl
