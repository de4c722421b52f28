// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hardware/emulator/emulation.h"

namespace qmtl {

/// The device behind an emulated service.
struct EmulatedDevice {
  std::string noise;     ///< file of a noise model, or the properties of an IBM backend (.json), which then
                         ///< also give its qubits, gates and coupling; "": ideal
  std::string coupling;  ///< file of a backend's configuration, or a topology; "": all pairs
  std::string basis;     ///< e.g. "cz,rz,sx,x"; "": all gates
  std::string name;      ///< of IBM's backend; "": the file's, else emulated
  std::optional<int> qubits;
};

/// Reads the device's files into an emulator's options. Throws Error (usage) or (data) naming file and key.
void set_device(EmulatorOptions& options, const EmulatedDevice& device);

/// The faults in a file {"faults": [RULE, ...]}. Throws Error (usage) naming file or rule.
std::vector<Fault> read_faults(const std::string& file);

}  // namespace qmtl
