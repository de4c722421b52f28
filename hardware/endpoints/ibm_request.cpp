// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/ibm_request.h"

#include <cmath>
#include <numbers>
#include <span>

#include "hardware/formats/packed_array.h"
#include "hardware/formats/qasm_writer.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_tag = 86;

void check_pair_rotations(const Sweep& sweep) {
  constexpr double slack = 1e-9;  // of rounding; the service rounds too
  for (const DeviceOp& op : sweep.program.ops) {
    if (!is_pair_rotation(op.gate)) continue;
    for (std::size_t row = 0; row < sweep.rows; ++row) {
      const double angle = value(op.angle, sweep.row(row));
      if (angle < -slack || angle > std::numbers::pi / 2 + slack)
        throw usage_error("ibm: program " + sweep.program.name + ", row " + std::to_string(row) +
                          ": expected angles of " + std::string(info(op.gate).name) +
                          " from 0 to pi/2, found " + std::to_string(angle) +
                          "; use the device without fractional gates");
    }
  }
}

Json values_of(const Sweep& sweep, bool packed) {
  const std::size_t width = sweep.program.inputs.size();
  if (packed) {
    std::vector<std::size_t> shape{width};
    if (width > 0 || sweep.rows > 1) shape.insert(shape.begin(), sweep.rows);
    return {{"__type__", "ndarray"}, {"__value__", pack_array(npy_doubles(shape, sweep.values))}};
  }
  if (width == 0 && sweep.rows == 1) return nullptr;
  Json rows = Json::array();
  for (std::size_t row = 0; row < sweep.rows; ++row) {
    const auto values = sweep.row(row);
    rows.push_back(Json(std::vector<double>(values.begin(), values.end())));
  }
  return rows;
}

}  // namespace

Json ibm_job_body(const DeviceJob& job, const IbmJobOptions& options) {
  if (job.tag.size() > longest_tag)
    throw usage_error("ibm: expected a tag of at most " + std::to_string(longest_tag) +
                      " characters, found '" + job.tag + "'");
  Json pubs = Json::array();
  for (const Sweep& sweep : job.sweeps) {
    check_pair_rotations(sweep);
    pubs.push_back(
        Json::array({write_qasm3(sweep.program), values_of(sweep, options.packed_values), job.shots}));
  }
  Json body{{"program_id", "sampler"},
            {"backend", options.backend},
            {"tags", Json::array({job.tag})},
            {"params",
             {{"pubs", std::move(pubs)},
              {"version", 2},
              {"support_qiskit", options.packed_results},
              {"options", {{"default_shots", job.shots}}}}}};
  if (!options.session_id.empty()) body["session_id"] = options.session_id;
  if (options.max_seconds > 0) body["cost"] = options.max_seconds;
  return body;
}

}  // namespace qmtl
