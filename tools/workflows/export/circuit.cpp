// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/export/circuit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "hardware/formats/ionq.h"
#include "hardware/formats/qasm_writer.h"
#include "hardware/program_stats.h"
#include "hardware/transpile/transpile.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

std::vector<CircuitFile> file_each(const std::vector<DeviceProgram>& programs,
                                   std::string (*text)(const DeviceProgram&)) {
  std::vector<CircuitFile> files;
  for (const DeviceProgram& program : programs)
    files.push_back({program.name + ".qasm", text(program), {program.name}});
  return files;
}

/// What IonQ accepts in one job.
constexpr std::size_t ionq_circuits = 5000, ionq_gates = 150'000;

/// The input of one job or, where one is too small, of several.
std::vector<CircuitFile> ionq_files(const std::vector<DeviceProgram>& programs, IonqGates set) {
  std::vector<std::vector<DeviceProgram>> jobs;
  std::size_t gates = 0;
  for (const DeviceProgram& program : programs) {
    const std::size_t own = ionq_circuit(program, set).size();
    if (jobs.empty() || jobs.back().size() == ionq_circuits || gates + own > ionq_gates) {
      jobs.emplace_back();
      gates = 0;
    }
    jobs.back().push_back(program);
    gates += own;
  }
  std::vector<CircuitFile> files;
  for (const std::vector<DeviceProgram>& job : jobs) {
    CircuitFile file;
    file.name = jobs.size() == 1 ? "circuits.json" : "circuits" + std::to_string(files.size()) + ".json";
    file.text = (job.size() == 1 ? ionq_input(job.front(), set) : ionq_inputs(job, set)).dump() + "\n";
    for (const DeviceProgram& program : job) file.circuits.push_back(program.name);
    files.push_back(std::move(file));
  }
  return files;
}

/// A program as it is written: of all samples or, bound, of one.
struct WrittenCircuit {
  DeviceProgram program;
  std::string of;                     ///< the head's program
  std::optional<std::size_t> sample;  ///< number in the data set
};

DeviceProgram bound_to(const DeviceProgram& program, std::span<const double> values, std::size_t sample) {
  DeviceProgram bound = with_inputs(program, values);
  bound.name += fmt::format("_s{:06}", sample);
  return bound;
}

std::vector<WrittenCircuit> written_circuits(const ExportSource& source, const HeadCircuits& head,
                                             bool bound) {
  std::vector<WrittenCircuit> circuits;
  for (const HeadProgram& program : head.programs) {
    const std::string& name = program.program.name;
    if (!bound) {
      circuits.push_back({program.program, name, std::nullopt});
      continue;
    }
    const std::vector<double> values =
        input_values(program, source.learner.circuit_params(), source.rows.size(), head.angles,
                     static_cast<std::size_t>(head.circuit->angles));
    const std::size_t width = program.program.inputs.size();
    for (std::size_t i = 0; i < source.rows.size(); ++i)
      circuits.push_back(
          {bound_to(program.program, std::span(values).subspan(i * width, width), source.rows[i]), name,
           source.rows[i]});
  }
  return circuits;
}

Json programs_json(const ExportSource& source, const HeadCircuits& head, bool bound,
                   const std::vector<WrittenCircuit>& circuits, const std::vector<CircuitFile>& files) {
  Json json{{"format", "qmtl-programs"}, {"version", 1},   {"form", source.asked.format},
            {"split", name(head.split)}, {"bound", bound}, {"run_hash", source.checkpoint.run_hash},
            {"angles", "angles.csv"}};
  for (const HeadProgram& program : head.programs)
    json["programs"].push_back(program_json(source, head, program));
  std::size_t next = 0;
  for (const CircuitFile& file : files)
    for (std::size_t i = 0; i < file.circuits.size(); ++i, ++next) {
      Json entry{{"name", file.circuits[i]}, {"program", circuits[next].of}, {"file", file.name}};
      if (circuits[next].sample) entry["sample"] = *circuits[next].sample;
      json["circuits"].push_back(entry);
    }
  json["logits"] = logits_json(source);
  return json;
}

void write_folder(const ExportSource& source, const HeadCircuits& head, const std::vector<CircuitFile>& files,
                  const Json& programs) {
  std::error_code problem;
  std::filesystem::create_directories(source.asked.out, problem);
  if (problem || !std::filesystem::is_directory(source.asked.out))
    throw data_error(source.asked.out + ": expected a folder or a name for a new one" +
                     (problem ? ", found: " + problem.message() : ", found a file"));
  const std::filesystem::path folder(source.asked.out);
  for (const CircuitFile& file : files) write_file((folder / file.name).string(), file.text);
  write_file((folder / "angles.csv").string(), angles_csv(source, head));
  // Last, so that a folder with it is complete.
  write_file((folder / "programs.json").string(), programs.dump(1) + "\n");
}

Json totals_json(const ExportSource& source, const HeadCircuits& head, std::size_t circuits,
                 std::size_t files) {
  int qubits = 0, depth = 0, two_qubit_depth = 0;
  std::size_t inputs = 0;
  std::map<std::string, std::size_t> gates;
  for (const HeadProgram& program : head.programs) {
    const ProgramStats stats = program_stats(program.program);
    for (const auto& [gate, count] : stats.gates) gates[gate] += count;
    qubits = std::max(qubits, program.program.qubits);
    inputs = std::max(inputs, program.program.inputs.size());
    depth = std::max(depth, stats.depth);
    two_qubit_depth = std::max(two_qubit_depth, stats.two_qubit_depth);
  }
  return {{"out", source.asked.out},
          {"split", name(head.split)},
          {"programs", head.programs.size()},
          {"samples", source.rows.size()},
          {"circuits", circuits},
          {"files", files},
          {"qubits", qubits},
          {"inputs", inputs},
          {"gates", gates},
          {"depth", depth},
          {"two_qubit_depth", two_qubit_depth}};
}

}  // namespace

Json write_circuits(const ExportSource& source, const HeadCircuits& head, const CircuitForm& form) {
  const bool bound = !form.inputs || source.asked.options.bound;
  const std::vector<WrittenCircuit> circuits = written_circuits(source, head, bound);
  std::vector<DeviceProgram> programs;
  for (const WrittenCircuit& circuit : circuits) programs.push_back(circuit.program);
  const std::vector<CircuitFile> files = form.files(programs);
  if (!source.asked.out.ends_with(form.ending)) {
    write_folder(source, head, files, programs_json(source, head, bound, circuits, files));
    return totals_json(source, head, circuits.size(), files.size());
  }
  if (files.size() != 1)
    throw usage_error("--out " + source.asked.out + ": expected a folder for " +
                      std::to_string(files.size()) + " files (" + std::to_string(head.programs.size()) +
                      " programs" +
                      (bound ? ", bound to " + std::to_string(source.rows.size()) + " samples" : "") +
                      "); a name that ends with " + form.ending + " is for one");
  write_file(source.asked.out, files.front().text);
  return totals_json(source, head, circuits.size(), 1);
}

namespace {

std::vector<CircuitFile> qasm3_files(const std::vector<DeviceProgram>& programs) {
  return file_each(programs, write_qasm3);
}
std::vector<CircuitFile> qasm2_files(const std::vector<DeviceProgram>& programs) {
  return file_each(programs, write_qasm2);
}

}  // namespace

const CircuitForm qasm3_form{".qasm", true, qasm3_files};

namespace {

Json export_qasm3(const ExportSource& source) {
  return write_circuits(source, head_circuits(source), qasm3_form);
}
Json export_qasm2(const ExportSource& source) {
  return write_circuits(source, head_circuits(source), {".qasm", false, qasm2_files});
}
Json export_ionq(const ExportSource& source) {
  const IonqGates set = source.asked.options.gates;
  HeadCircuits head = head_circuits(source);
  if (set != IonqGates::qis)
    for (HeadProgram& program : head.programs)
      program.program = transpile(program.program, ionq_target(set)).program;
  return write_circuits(source, head,
                        {".json", false, [set](const auto& programs) { return ionq_files(programs, set); }});
}

constexpr std::array<std::string_view, 3> program_options{"split", "max-qubits", "bound"};
constexpr std::array<std::string_view, 2> bound_options{"split", "max-qubits"};
constexpr std::array<std::string_view, 3> ionq_options{"split", "max-qubits", "gateset"};

}  // namespace

const ExportFormat qasm3_format{"qasm3", "OpenQASM 3: the head's circuit, its angles as inputs or bound",
                                program_options, export_qasm3, check_has_circuit};
const ExportFormat qasm2_format{"qasm2", "OpenQASM 2: the head's circuit for each sample", bound_options,
                                export_qasm2, check_has_circuit};
const ExportFormat ionq_format{"ionq", "IonQ JSON (API v0.4): the head's circuit for each sample",
                               ionq_options, export_ionq, check_has_circuit};

}  // namespace qmtl
