// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hardware/target.h"

namespace qmtl {

/// Which parts of a device may be used, and how well each works, by the device's properties and the user's
/// wishes. Without properties every part works perfectly.
class DeviceQuality {
 public:
  /// What is avoided besides parts that do not work at all and those that the user rules out.
  enum class Avoid {
    uncalibrated,  ///< parts without the calibrations that others have
    dead,          ///< nothing more; what is not calibrated is taken to be as bad as the worst that is
  };

  /// `qubits`: of the device. Throws Error (usage) for avoided parts that the device does not have.
  DeviceQuality(const DeviceTarget& target, int qubits, Avoid avoid);

  /// The device has properties.
  bool known() const { return known_; }
  /// Some part must not be used, or parts differ.
  bool matters() const { return known_ || !remarks_.empty(); }

  bool usable(int qubit) const { return usable_[static_cast<std::size_t>(qubit)]; }
  /// Whether a pair may have the gate: its first qubit is `a`.
  bool usable(DeviceGate gate, int a, int b) const;
  /// Whether a pair may have the gate that entangles it, the first of the basis.
  bool coupled(int a, int b) const;

  /// That gate; of a basis without one, the first of all gates.
  DeviceGate entangler() const { return entanglers_.empty() ? DeviceGate{} : entanglers_.front(); }

  /// Average infidelity and seconds of a gate on one qubit (b = -1) or two.
  double error(DeviceGate gate, int a, int b = -1) const { return find(gate, a, b).error; }
  double length(DeviceGate gate, int a, int b = -1) const { return find(gate, a, b).length; }
  /// The middle one of all places.
  double typical_length(DeviceGate gate) const;
  double readout_error(int qubit) const { return readout_[static_cast<std::size_t>(qubit)]; }
  /// Average infidelity of a qubit that waits for so many seconds: 1/2 - exp(-t/T1)/6 - exp(-t/T2)/3, that of
  /// thermal relaxation.
  double waiting_error(int qubit, double seconds) const;

  /// What is avoided and why, a sentence for each reason, for the user.
  const std::vector<std::string>& remarks() const { return remarks_; }

 private:
  struct Entry {
    double error = 0, length = 0;
    bool usable = true;
  };
  using Place = std::pair<int, int>;
  using Table = std::map<Place, Entry>;

  struct Reasons;
  void read_qubits(const DeviceTarget& target, Avoid avoid, Reasons& reasons);
  void read_gates(const DeviceTarget& target, Avoid avoid, Reasons& reasons);
  void read_couplers(const DeviceTarget& target, Avoid avoid, Reasons& reasons);
  void avoid_given(const DeviceTarget& target, Reasons& reasons);
  Place place(DeviceGate gate, int a, int b) const;
  const Table* table(DeviceGate gate) const;
  Entry find(DeviceGate gate, int a, int b) const;

  bool known_ = false;
  std::vector<char> usable_;
  std::vector<double> readout_, t1_, t2_;
  std::array<Table, device_gates.size()> gates_;
  std::array<Entry, device_gates.size()> typical_;  ///< of qubits and pairs without an entry
  std::vector<DeviceGate> entanglers_;   ///< the basis' gates on two qubits, those without an angle first
  std::vector<Place> avoided_couplers_;  ///< lower qubit first, ascending
  std::vector<std::string> remarks_;
};

/// -log(1 - error): what adds up where chances of success multiply. Finite for an error of 1.
double error_cost(double error);

}  // namespace qmtl
