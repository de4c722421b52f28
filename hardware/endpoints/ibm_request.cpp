// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/ibm_request.h"

#include <span>

#include "hardware/formats/packed_array.h"
#include "hardware/formats/qasm_writer.h"
#include "hardware/formats/wire_tensor.h"
#include "hardware/isa.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t longest_tag = 86;

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

Json sampler_params(const DeviceJob& job, const IbmJobOptions& options) {
  Json pubs = Json::array();
  for (const Sweep& sweep : job.sweeps)
    pubs.push_back(
        Json::array({write_qasm3(sweep.program), values_of(sweep, options.packed_values), job.shots}));
  return {{"pubs", std::move(pubs)},
          {"version", 2},
          {"support_qiskit", options.packed_results},
          {"options", {{"default_shots", job.shots}}}};
}

Json executor_params(const DeviceJob& job) {
  Json circuits = Json::array(), items = Json::array();
  for (const Sweep& sweep : job.sweeps) {
    circuits.push_back(write_qasm3(sweep.program));
    items.push_back({{"item_type", "circuit"},
                     {"circuit_arguments", tensor_json<Json>(tensor_of_doubles(
                                               {sweep.rows, sweep.program.inputs.size()}, sweep.values))},
                     {"shape", {sweep.rows}},
                     {"chunk_size", "auto"}});
  }
  return {{"schema_version", "v2.0"},
          {"quantum_program",
           {{"shots", job.shots},
            {"circuits", {{"data", std::move(circuits)}}},
            {"items", std::move(items)},
            {"meas_level", "classified"},
            {"passthrough_data", {{"tag", job.tag}}}}},
          {"options", {{"init_qubits", true}}}};
}

}  // namespace

Json ibm_job_body(const DeviceJob& job, const IbmJobOptions& options) {
  if (job.tag.size() > longest_tag)
    throw usage_error("ibm: expected a tag of at most " + std::to_string(longest_tag) +
                      " characters, found '" + job.tag + "'");
  for (const Sweep& sweep : job.sweeps)
    if (const std::string problem = pair_angle_problem(sweep); !problem.empty())
      throw usage_error("ibm: program " + sweep.program.name + ", " + problem +
                        "; set fractional_gates = false for the device");
  const bool executor = options.program == IbmProgram::executor;
  Json body{{"program_id", executor ? "executor" : "sampler"},
            {"backend", options.backend},
            {"tags", Json::array({job.tag})},
            {"params", executor ? executor_params(job) : sampler_params(job, options)}};
  if (!options.session_id.empty()) body["session_id"] = options.session_id;
  if (options.max_seconds > 0) body["cost"] = options.max_seconds;
  return body;
}

}  // namespace qmtl
