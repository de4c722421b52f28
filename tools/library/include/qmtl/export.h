// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "qmtl/model.h"
#include "qmtl/rows.h"

namespace qmtl {

/// The forms that this library's build can write: "qasm3", "isa", "qasm2", "ionq", "edge", "c", "onnx".
/// Empty where it was built without the room hardware (QMTL_HARDWARE=OFF).
std::vector<std::string> export_forms();

/// Writes a model in another form to a file or folder, and checks what was written with the rows of `x`,
/// which are also the samples of forms that have a circuit for each. `options` are those of `qmtl export`
/// without their dashes, such as {{"target", "heavy-hex-5"}, {"basis", "cz,rz,sx,x"}}; a switch has the value
/// "". Returns what `qmtl export --json` prints. Throws Error: (usage) for an unknown form or option, a file
/// that is there and a model that the form cannot hold; (data) for a file that cannot be written and a
/// result that does not reproduce the model.
std::string export_model(const Model& model, const std::string& form, const std::string& path, Rows x,
                         const std::map<std::string, std::string>& options = {});

}  // namespace qmtl
