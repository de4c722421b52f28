// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "distributed/launch/cores.h"
#include "runtime/base/error.h"
#include "runtime/noise/noisy.h"
#include "runtime/noise/schedule.h"
#include "runtime/train/transfer.h"
#include "tools/program/noise_options.h"
#include "tools/program/options.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::json;

const Usage usage{
    "qmtl noise (--circuit FILE | --checkpoint RUN) [options]",
    "Simulates circuits on a noisy device: probabilities of bitstrings, or with --shots counts of them "
    "(qubits[0]\n"
    "rightmost), and the schedule that was simulated. FILE holds one JSON object or a list of them; with\n"
    "--checkpoint, every task block's circuit of the first --samples samples of the test split is run.\n"
    "  {\"qubits\": 3, \"ops\": [[\"ry\", 0, 0.3], [\"cz\", 0, 1]], \"measure\": [0, 1]}",
    "  qmtl noise --circuit bell.json --noise noise.toml --shots 1000 --json\n"
    "  qmtl noise --checkpoint runs/digits --samples 2 --noise noise.toml --json"};

/// A circuit with numbers for all its angles; its samples share the parameters.
struct Work {
  std::string place;  ///< "file, circuit 3" for messages
  Circuit circuit;
  std::vector<double> params;
  std::vector<double> angles;       ///< [samples, circuit.angles]
  std::vector<std::uint32_t> keys;  ///< numbers of the samples
};

/// A qubit's number that fits; whether the circuit has it is checked with the circuit.
int read_qubit(const Json& value, const std::string& where) {
  if (!value.is_number_integer() || value.get<double>() < 0 || value.get<double>() > 1e6)
    throw data_error(where + ": expected a qubit's number from 0, found " + value.dump());
  return value.get<int>();
}

Op read_op(const Json& entry, const std::string& where, Work& work) {
  const std::string form =
      where + ": expected [\"gate\", qubit, angle] or [\"cz\", qubit, qubit], found " + entry.dump();
  if (!entry.is_array() || entry.size() != 3 || !entry[0].is_string() || !entry[1].is_number() ||
      !entry[2].is_number())
    throw data_error(form);
  const auto gate = gate_by_name(entry[0].get<std::string>());
  if (!gate) throw data_error(where + ": expected a gate of rx, ry, rz, cx, cz, found " + entry[0].dump());
  Op op{*gate, read_qubit(entry[1], where)};
  if (info(*gate).arity == 2) {
    if (!entry[2].is_number_integer()) throw data_error(form);
    op.q1 = read_qubit(entry[2], where);
  } else {
    op.source = Source::param;
    op.index = work.circuit.params++;
    work.params.push_back(entry[2].get<double>());
  }
  return op;
}

Work read_circuit(const Json& json, const std::string& where, std::uint32_t number) {
  if (!json.is_object()) throw data_error(where + ": expected a JSON object, found " + json.type_name());
  Work work;
  work.place = where;
  for (const auto& [key, value] : json.items())
    if (key != "qubits" && key != "ops" && key != "measure" && key != "name")
      throw data_error(where + ": unknown key '" + key + "'; expected qubits, ops, measure");
  if (!json.contains("qubits") || !json["qubits"].is_number_integer() ||
      json["qubits"].get<long long>() < 1 || json["qubits"].get<long long>() > 1000000)
    throw data_error(where + ": expected 'qubits', a number from 1 to 1000000");
  work.circuit.qubits = json["qubits"].get<int>();
  for (const char* key : {"ops", "measure"})
    if (!json.contains(key) || !json[key].is_array())
      throw data_error(where + ": expected an array '" + key + "', found none");
  for (const Json& entry : json["ops"])
    work.circuit.shared.push_back(
        read_op(entry, where + ", operation " + std::to_string(work.circuit.shared.size()), work));
  Block block;
  for (const Json& qubit : json["measure"]) {
    block.qubits.push_back(read_qubit(qubit, where + ", measure"));
  }
  work.circuit.blocks.push_back(std::move(block));
  work.keys = {number};
  return work;
}

std::vector<Work> read_circuits(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw data_error(path + ": expected a file with circuits in JSON, which cannot be read");
  Json json;
  try {
    json = Json::parse(file);
  } catch (const Json::exception& error) {
    throw data_error(path + ": expected circuits in JSON: " + error.what());
  }
  std::vector<Work> list;
  if (json.is_array())
    for (const Json& entry : json) {
      const auto number = static_cast<std::uint32_t>(list.size());
      list.push_back(read_circuit(entry, path + ", circuit " + std::to_string(number), number));
    }
  else
    list.push_back(read_circuit(json, path, 0));
  return list;
}

/// The head's circuit of a checkpoint with the angles of the test split's first samples.
Work read_head(const Comm& comm, const Options& options) {
  const Checkpoint checkpoint = load_checkpoint(comm, options.text("checkpoint"));
  Dataset data = load_dataset(comm, options.text_or("data", checkpoint.config.data_file));
  complete_tasks(data, finished_tasks(checkpoint.config.model));
  const auto learner = restore(comm, checkpoint, data, options.common.simd);
  if (!learner->circuit()) throw usage_error("--checkpoint: expected a head with a circuit, found none");
  auto rows = data.rows(Split::test);
  const auto wanted = options.has("samples") ? options.values["samples"].as<std::size_t>() : 1;
  if (wanted < 1 || wanted > rows.size())
    throw usage_error("--samples: expected 1 to " + std::to_string(rows.size()) + ", found " +
                      std::to_string(wanted));
  rows.resize(wanted);
  Work work;
  work.place = options.text("checkpoint");
  work.circuit = *learner->circuit();
  const auto params = learner->circuit_params();
  work.params.assign(params.begin(), params.end());
  work.keys.assign(rows.begin(), rows.end());
  work.angles = learner->circuit_angles(rows);
  return work;
}

/// [[slice, gate, qubits, angle], ...] of one block for one sample.
nlohmann::ordered_json schedule_json(const Work& work, const Block& block, const double* angles) {
  std::vector<Op> ops = work.circuit.shared;
  ops.insert(ops.end(), block.ops.begin(), block.ops.end());
  auto list = nlohmann::ordered_json::array();
  for (const Timed& entry : schedule(ops, work.circuit.qubits)) {
    const Op& op = entry.op;
    nlohmann::ordered_json row{entry.moment, std::string(info(op.gate).name), {op.q0}};
    if (op.q1 >= 0) row[2].push_back(op.q1);
    if (op.source == Source::angle) row.push_back(angles[op.index]);
    if (op.source == Source::param) row.push_back(work.params[static_cast<std::size_t>(op.index)]);
    list.push_back(row);
  }
  return list;
}

/// The simulator; what it refuses gets the circuit's place.
NoisySimulator make_simulator(const Work& work, const NoiseRequest& request) {
  try {
    return NoisySimulator(work.circuit, request.model, request.options);
  } catch (const Error& error) {
    throw Error(error.code(), work.place + ": " + error.what());
  }
}

nlohmann::ordered_json run(const Work& work, const NoiseRequest& request) {
  NoisySimulator simulator = make_simulator(work, request);
  simulator.bind(work.params);
  const bool shots = request.options.shots > 0;
  std::vector<Counts> counts;
  std::vector<std::vector<double>> probabilities;
  if (shots)
    counts = simulator.counts(work.keys, work.angles.data());
  else
    probabilities = simulator.probabilities(work.keys, work.angles.data());
  auto list = nlohmann::ordered_json::array();
  const std::size_t blocks = work.circuit.blocks.size();
  for (std::size_t s = 0; s < work.keys.size(); ++s)
    for (std::size_t b = 0; b < blocks; ++b) {
      const NoisyPart& part = simulator.parts()[b];
      nlohmann::ordered_json json;
      json["sample"] = work.keys[s];
      json["block"] = b;
      json["qubits"] = work.circuit.qubits;
      json["measured"] = part.measured;
      json["method"] = name(part.method);
      json["cone"] = part.cone;
      json["qubits_alive"] = part.peak;
      json["schedule"] =
          schedule_json(work, work.circuit.blocks[b],
                        work.angles.data() + s * static_cast<std::size_t>(work.circuit.angles));
      if (shots)
        json["counts"] = counts[s * blocks + b];
      else
        json["probabilities"] = probabilities[s * blocks + b];
      list.push_back(std::move(json));
    }
  return list;
}

void print(const nlohmann::ordered_json& result) {
  std::printf("sample %d, block %d: %d qubits in the cone, %d at once, %s\n", result["sample"].get<int>(),
              result["block"].get<int>(), result["cone"].get<int>(), result["qubits_alive"].get<int>(),
              result["method"].get<std::string>().c_str());
  if (result.contains("counts")) {
    for (const auto& [bits, count] : result["counts"].items())
      std::printf("  %s %10llu\n", bits.c_str(), static_cast<unsigned long long>(count.get<std::uint64_t>()));
    return;
  }
  const auto width = result["measured"].size();
  for (std::size_t i = 0; i < result["probabilities"].size(); ++i) {
    std::string bits;
    for (std::size_t q = width; q-- > 0;) bits += (i >> q & 1) ? '1' : '0';
    std::printf("  %s %12.9f\n", bits.c_str(), result["probabilities"][i].get<double>());
  }
}

}  // namespace

int noise_command(const Comm& comm, const Arguments& args) {
  po::options_description own("Options of noise");
  own.add_options()("circuit", po::value<std::string>()->value_name("FILE"), "circuits in JSON")(
      "checkpoint", po::value<std::string>()->value_name("RUN"), "a checkpoint or run folder instead")(
      "data", po::value<std::string>()->value_name("FILE"), "another data set than the one of training")(
      "samples", po::value<std::size_t>()->value_name("N"), "of the test split, from its start (default 1)");
  add_noise_options(own);
  const auto options = parse_options(comm, usage, own, {}, {}, args);
  if (!options) return 0;
  const ThreadLimit limit(find_cores(comm), options->common.threads);
  if (options->has("circuit") == options->has("checkpoint"))
    throw usage_error("expected either --circuit or --checkpoint. Usage: " + usage.line);
  NoiseRequest request = read_noise_request(*options);
  request.options.joint = request.options.shots == 0;
  std::vector<Work> works;
  if (options->has("circuit"))
    works = read_circuits(options->text("circuit"));
  else
    works.push_back(read_head(comm, *options));
  auto results = nlohmann::ordered_json::array();
  for (const Work& work : works)
    for (auto& result : run(work, request)) results.push_back(std::move(result));
  if (options->common.json)
    std::cout << results.dump() << std::endl;
  else
    for (const auto& result : results) print(result);
  return 0;
}

}  // namespace qmtl
