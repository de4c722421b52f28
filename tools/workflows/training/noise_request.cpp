// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/noise_request.h"

#include <algorithm>

namespace qmtl {

nlohmann::ordered_json describe(const NoiseRequest& request, const NoisySimulator& simulator) {
  const std::vector<NoisyPart>& parts = simulator.parts();
  std::string method(name(parts.front().method));
  int alive = 0, cone = 0;
  for (const NoisyPart& part : parts) {
    if (name(part.method) != method) method = "mixed";
    alive = std::max(alive, part.peak);
    cone = std::max(cone, part.cone);
  }
  nlohmann::ordered_json json;
  json["file"] = request.file;
  json["method"] = method;
  json["shots"] = request.options.shots;
  if (method != "density" && request.options.shots == 0) json["trajectories"] = request.options.trajectories;
  json["seed"] = request.options.seed;
  json["cone"] = cone;
  json["qubits_alive"] = alive;
  return json;
}

}  // namespace qmtl
