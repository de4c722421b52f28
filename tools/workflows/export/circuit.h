// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/workflows/export/head_circuits.h"

namespace qmtl {

struct CircuitFile {
  std::string name, text;
  std::vector<std::string> circuits;  ///< names of the programs in it, in order
};

/// How programs become files.
struct CircuitForm {
  const char* ending;
  bool inputs;  ///< can leave the samples' angles open
  std::function<std::vector<CircuitFile>(const std::vector<DeviceProgram>&)> files;
};

/// A file of OpenQASM 3 for each program.
extern const CircuitForm qasm3_form;

/// Writes the programs to one file, or to a folder with what turns counts into logits, and says what they ask
/// of a device.
nlohmann::ordered_json write_circuits(const ExportSource& source, const HeadCircuits& head,
                                      const CircuitForm& form);

}  // namespace qmtl
