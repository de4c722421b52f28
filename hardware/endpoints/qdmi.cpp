// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>

#include "hardware/endpoint_config.h"
#include "hardware/endpoints/immediate.h"
#include "hardware/endpoints/lost_jobs.h"
#include "hardware/endpoints/makers.h"
#include "hardware/endpoints/qdmi_library.h"
#include "hardware/formats/iqm.h"
#include "hardware/formats/qasm_writer.h"

namespace qmtl {
namespace {

using Names = std::span<const std::string>;  // of the device's qubits

struct ProgramText {
  std::string_view name;
  QdmiFormat format;
  std::string (*write)(const DeviceProgram& program, Names qubits);
  bool first_to_last = false;  ///< bitstrings begin with classical bit 0
  bool compiled = false;       ///< by the service, for its devices: programs are sent as they are
};
constexpr std::array<ProgramText, 4> program_texts{
    {{"qasm2", QdmiFormat::qasm2, [](const DeviceProgram& program, Names) { return write_qasm2(program); }},
     {"qasm3", QdmiFormat::qasm3, [](const DeviceProgram& program, Names) { return write_qasm3(program); }},
     {"iqm", QdmiFormat::iqm_json,
      [](const DeviceProgram& program, Names qubits) { return iqm_circuit(program, qubits).dump(); }, true},
     {"braket", QdmiFormat::qasm3, [](const DeviceProgram& program, Names) { return write_braket(program); },
      false, true}}};

const ProgramText& text_format(const std::string& file, const std::string& name) {
  for (const ProgramText& row : program_texts)
    if (row.name == name) return row;
  throw usage_error(file + ": format: expected qasm2, qasm3, iqm or braket, found '" + name + "'");
}

/// Whether jobs are a service's, counted and bounded by --max-cost, or computed by the library here. Nothing
/// in QDMI tells, so that the user must say it wherever the settings lead elsewhere.
bool read_remote(EndpointSettings& settings, const QdmiSettings& library) {
  std::string leads;
  const auto add = [&](const char* what, bool found) {
    if (found) leads += (leads.empty() ? "" : ", ") + std::string(what);
  };
  const auto has = [&](const char* part) {
    return std::any_of(library.custom.begin(), library.custom.end(),
                       [&](const std::string& text) { return text.find(part) != std::string::npos; });
  };
  add("base_url", !library.base_url.empty());
  add("auth_url", !library.auth_url.empty());
  add("auth_file", !library.auth_file.empty());
  add("an API key", !library.token.empty());
  add("an address among custom1 .. custom5", has("://"));
  add("an ARN", has("arn:") || library.base_url.starts_with("arn:"));
  if (!leads.empty() && !settings.has("remote"))
    throw usage_error(
        settings.file() +
        ": remote: expected true (jobs run at a service: they cost, and "
        "--max-cost bounds them) or false (the library computes on this machine), found none beside " +
        leads);
  const bool remote = settings.boolean("remote", false);
  if (!remote && (has(":device/qpu/") || library.base_url.find(":device/qpu/") != std::string::npos))
    throw usage_error(settings.file() +
                      ": remote: expected true for the ARN of a device, whose tasks are paid, "
                      "found false");
  return remote;
}

/// A device, and programs and counts as it writes them.
class QdmiPrograms {
 public:
  QdmiPrograms(std::unique_ptr<QdmiDevice> device, std::string place, const ProgramText& text, bool reversed)
      : device_(std::move(device)), place_(std::move(place)), text_(&text), reversed_(reversed) {
    for (const QdmiSite& site : device_->sites()) names_.push_back(site.name);
  }

  const std::string& place() const { return place_; }
  QdmiDevice::Job find(const std::string& id) const { return device_->find_job(id); }

  QdmiDevice::Job made(const Sweep& sweep, std::size_t row, std::int64_t shots) const {
    const DeviceProgram bound = with_inputs(sweep.program, sweep.row(row));
    return device_->make_job(text_->format, text_->write(bound, names_), static_cast<std::size_t>(shots));
  }

  /// Of a job that has ended. Throws EndpointError (malformed) for counts of other bits or more shots.
  Counts read(const QdmiDevice::Job& job, const DeviceProgram& program, std::int64_t shots) const {
    Counts counts;
    std::uint64_t sum = 0;
    for (const auto& [bits, count] : job.histogram()) {
      if (bits.size() != program.measured.size() || bits.find_first_not_of("01") != std::string::npos)
        throw EndpointError(EndpointFault::malformed, place_ + ": program " + program.name +
                                                          ": expected bitstrings of " +
                                                          std::to_string(program.measured.size()) +
                                                          " characters 0 and 1, found '" + bits + "'");
      counts[reversed_ ? std::string(bits.rbegin(), bits.rend()) : bits] += count;
      sum += count;
    }
    if (sum != static_cast<std::uint64_t>(shots))
      throw EndpointError(EndpointFault::malformed, place_ + ": program " + program.name + ": expected " +
                                                        std::to_string(shots) + " shots, found " +
                                                        std::to_string(sum));
    return counts;
  }

 private:
  std::unique_ptr<QdmiDevice> device_;
  std::string place_;
  const ProgramText* text_;
  bool reversed_;
  std::vector<std::string> names_;  // of the sites by their numbers
};

/// A library that computes on this machine, row by row. What is fetched twice may differ in its shots, as the
/// device's random numbers are its own.
class LocalQdmi final : public ImmediateEndpoint {
 public:
  LocalQdmi(EndpointInfo about, QdmiPrograms device, std::size_t timeout)
      : ImmediateEndpoint(std::move(about), "the device library computes on this machine: free"),
        device_(std::move(device)),
        timeout_(timeout) {}

 private:
  std::string problem(const DeviceProgram& program) const override {
    if (target().qubits == 0 || program.qubits <= target().qubits) return {};
    return "expected at most " + std::to_string(target().qubits) + " qubits, found " +
           std::to_string(program.qubits);
  }

  std::vector<Counts> execute(const DeviceJob& job, std::size_t sweep) const override {
    std::vector<Counts> counts;
    for (std::size_t row = 0; row < job.sweeps[sweep].rows; ++row)
      counts.push_back(run(job.sweeps[sweep], row, job.shots));
    return counts;
  }

  Counts run(const Sweep& sweep, std::size_t row, std::int64_t shots) const {
    const std::string where =
        device_.place() + ": program " + sweep.program.name + ", row " + std::to_string(row) + ": ";
    QdmiDevice::Job job = device_.made(sweep, row, shots);
    job.submit(false);
    if (!job.wait(timeout_)) {
      try {
        job.cancel();
      } catch (const EndpointError&) {  // what matters is that it is late
      }
      throw EndpointError(EndpointFault::transient,
                          where + "not done after " + std::to_string(timeout_) + " s (setting timeout)");
    }
    if (const QdmiJobState state = job.state(); state != QdmiJobState::done)
      throw EndpointError(EndpointFault::refused,
                          where + (state == QdmiJobState::failed ? "the device failed to execute it"
                                                                 : "it ended without a result"));
    return device_.read(job, sweep.program, shots);
  }

  QdmiPrograms device_;
  std::size_t timeout_;
};

/// A library that speaks to a device elsewhere: jobs outlive the process and are found again by their id. One
/// program a job, so that a submit is all or nothing.
class RemoteQdmi final : public Endpoint {
 public:
  RemoteQdmi(EndpointInfo about, QdmiPrograms device, bool lost_are_absent)
      : info_(std::move(about)), device_(std::move(device)), lost_(lost_are_absent) {}

  const EndpointInfo& info() override { return info_; }

  CostEstimate estimate(const DeviceJob& job) override {
    CostEstimate cost;
    cost.amount = static_cast<double>(job.executions());
    cost.unit = "shots";
    cost.basis = "QDMI names no prices: executions are counted";
    return cost;
  }

  std::string submit(const DeviceJob& job) override {
    lost_.sending(job.tag);
    if (job.sweeps.size() != 1 || job.sweeps[0].rows != 1)
      throw EndpointError(EndpointFault::refused, info_.place + ": expected one program and row in a job");
    QdmiDevice::Job made_job = device_.made(job.sweeps[0], 0, job.shots);
    made_job.submit(true);
    std::string id;
    try {
      id = made_job.id();
    } catch (const EndpointError& error) {
      throw EndpointError(EndpointFault::uncertain,
                          std::string("submitted, but without an id: ") + error.what());
    }
    jobs_.insert_or_assign(id, std::move(made_job));
    return id;
  }

  std::vector<std::string> find(const std::string& tag) override {
    return lost_.find(tag, info_.place,
                      "QDMI cannot look for it by its name; see the device's own list of jobs");
  }

  JobStatus status(const std::string& id) override {
    JobStatus status;
    switch (job_of(id).state()) {
      case QdmiJobState::created:
      case QdmiJobState::submitted:
      case QdmiJobState::queued:
        status.state = JobState::queued;
        break;
      case QdmiJobState::running:
        status.state = JobState::running;
        break;
      case QdmiJobState::done:
        status.state = JobState::completed;
        break;
      case QdmiJobState::cancelled:
        status.state = JobState::cancelled;
        break;
      case QdmiJobState::failed:
        status.state = JobState::failed;
        status.detail = "the device gives no reason";
        break;
    }
    return status;
  }

  JobResult fetch(const std::string& id, const DeviceJob& job) override {
    const QdmiDevice::Job& device_job = job_of(id);
    const QdmiJobState state = device_job.state();
    if (state == QdmiJobState::failed || state == QdmiJobState::cancelled)
      throw EndpointError(EndpointFault::refused,
                          info_.place + ": job " + id + " has failed or was cancelled");
    if (state != QdmiJobState::done)
      throw EndpointError(EndpointFault::not_ready, info_.place + ": job " + id + " is not done");
    JobResult result;
    result.counts = {{device_.read(device_job, job.sweeps.at(0).program, job.shots)}};
    return result;
  }

  void cancel(const std::string& id) override { job_of(id).cancel(); }

 private:
  QdmiDevice::Job& job_of(const std::string& id) {
    const auto found = jobs_.find(id);
    if (found != jobs_.end()) return found->second;
    return jobs_.emplace(id, device_.find(id)).first->second;
  }

  EndpointInfo info_;
  QdmiPrograms device_;
  LostJobs lost_;
  std::map<std::string, QdmiDevice::Job> jobs_;  // before the device they must go
};

/// What a device calls the gate; those of IQM have all pulses of one qubit in one operation.
bool is_operation(const QdmiOperation& operation, const DeviceGateInfo& row) {
  return operation.name == row.name || (operation.name == "prx" && row.gate == device_rotation("X"));
}

/// How well the operations work, as far as the device tells.
DeviceProperties properties_of(const QdmiDevice& device, const std::vector<QdmiOperation>& operations) {
  DeviceProperties properties;
  bool told = false;
  for (const QdmiSite& site : device.sites()) {
    if (site.number != static_cast<int>(properties.qubits.size())) return {};
    properties.qubits.emplace_back();
    properties.qubits.back().t1 = site.t1;
    properties.qubits.back().t2 = site.t2;
  }
  const auto within = [&](const QdmiOperation::Place& place) {
    return std::all_of(place.sites.begin(), place.sites.end(), [&](int site) {
      return site >= 0 && static_cast<std::size_t>(site) < properties.qubits.size();
    });
  };
  for (const QdmiOperation& operation : operations)
    for (const QdmiOperation::Place& place : operation.places) {
      if (!within(place) || !place.fidelity || !(*place.fidelity >= 0 && *place.fidelity <= 1)) continue;
      told = true;
      const double error = 1 - *place.fidelity;
      if (operation.name == "measure" && place.sites.size() == 1)
        properties.qubits[static_cast<std::size_t>(place.sites[0])].readout_error = error;
      for (const DeviceGateInfo& row : device_gates) {
        if (!is_operation(operation, row) || static_cast<std::size_t>(row.qubits) != place.sites.size())
          continue;
        GateProperties gate;
        gate.gate = row.gate;
        gate.q0 = place.sites[0];
        if (row.qubits == 2) gate.q1 = place.sites[1];
        gate.error = error;
        properties.gates.push_back(gate);
      }
    }
  return told ? properties : DeviceProperties{};
}

/// Pairs of which an operation is told to be calibrated there, and on both qubits those that every program
/// needs.
bool is_calibrated(const std::vector<QdmiOperation>& operations, int a, int b) {
  const auto at = [&](const QdmiOperation& operation, std::initializer_list<int> sites) {
    return operation.places.empty() ||
           std::any_of(operation.places.begin(), operation.places.end(),
                       [&](const QdmiOperation::Place& place) {
                         return std::is_permutation(place.sites.begin(), place.sites.end(), sites.begin(),
                                                    sites.end());
                       });
  };
  bool entangled = false, told = false;
  for (const QdmiOperation& operation : operations) {
    const std::size_t width = operation.places.empty() ? 0 : operation.places[0].sites.size();
    if (operation.name == "measure" || operation.name == "prx") {
      if (width == 1 && !(at(operation, {a}) && at(operation, {b}))) return false;
    } else if (width == 2 && device_gate_by_name(operation.name)) {
      told = true;
      entangled = entangled || at(operation, {a, b});
    }
  }
  return entangled || !told;
}

DeviceTarget target_of(const QdmiDevice& device, const std::string& library, const ProgramText& text) {
  DeviceTarget target;
  target.name = device.name();
  target.qubits = static_cast<int>(std::min<std::size_t>(device.qubits(), 1u << 20));
  if (text.compiled) return target;
  const std::vector<QdmiOperation> operations = device.operations();
  for (const auto& [a, b] : device.coupling())
    if (is_calibrated(operations, a, b)) target.coupling.emplace_back(a, b);
  if (target.coupling.empty() && !device.coupling().empty())
    throw EndpointError(
        EndpointFault::refused,
        library + ": expected calibrated pairs of qubits, found none of those that it couples");
  if (operations.empty()) return target;
  std::string found;
  for (const QdmiOperation& operation : operations) found += (found.empty() ? "" : ", ") + operation.name;
  const auto has = [&](const auto& fits) { return std::any_of(operations.begin(), operations.end(), fits); };
  for (const DeviceGateInfo& row : device_gates)
    if (has([&](const QdmiOperation& operation) { return is_operation(operation, row); }))
      target.basis.push_back(row.gate);
  // A phase of what follows is a rotation about Z.
  const DeviceGate phase = device_rotation("Z");
  if (has([](const QdmiOperation& operation) { return operation.name == "prx"; }) &&
      std::find(target.basis.begin(), target.basis.end(), phase) == target.basis.end())
    target.basis.push_back(phase);
  if (target.basis.empty())
    throw EndpointError(EndpointFault::refused, library + ": expected gates of " + listed_device_gates() +
                                                    ", or prx, found " + found);
  // A device that executes everything needs no basis, so that programs may stay logical.
  if (target.basis.size() == device_gates.size() && target.coupling.empty()) target.basis.clear();
  target.properties = properties_of(device, operations);
  return target;
}

QdmiSettings read_settings(EndpointSettings& settings) {
  QdmiSettings read;
  read.library = settings.text("library");
  read.prefix = settings.text("prefix");
  read.base_url = settings.text("base_url", "");
  read.auth_file = settings.text("auth_file", "");
  read.auth_url = settings.text("auth_url", "");
  for (int i = 1; i <= 5; ++i) read.custom.push_back(settings.text("custom" + std::to_string(i), ""));
  if (settings.has("api_key_file") || settings.has("api_key_env") || settings.has("api_key"))
    read.token = read_secret(settings, {});
  return read;
}

}  // namespace

std::unique_ptr<Endpoint> make_qdmi_endpoint(EndpointConfig config) {
  EndpointSettings& settings = config.settings;
  const QdmiSettings library = read_settings(settings);
  const ProgramText& text = text_format(settings.file(), settings.text("format", "qasm3"));
  const bool remote = read_remote(settings, library);
  const bool reversed = settings.boolean("reversed_bits", text.first_to_last);
  const bool lost_are_absent = settings.boolean("lost_are_absent", false);
  const std::int64_t timeout = settings.integer("timeout", 600);
  if (timeout < 1)
    throw usage_error(settings.file() + ": timeout: expected seconds of at least 1, found " +
                      std::to_string(timeout));
  settings.finish();

  auto device = std::make_unique<QdmiDevice>(library);
  EndpointInfo about;
  about.kind = config.kind;
  about.backend = device->name();
  about.place = library.base_url.empty() ? library.library : library.library + " at " + library.base_url;
  about.target = target_of(*device, library.library, text);
  if (config.properties) about.target.properties = *config.properties;
  about.paid = remote;
  QdmiPrograms programs(std::move(device), about.place, text, reversed);
  if (!remote)
    return std::make_unique<LocalQdmi>(std::move(about), std::move(programs),
                                       static_cast<std::size_t>(timeout));
  about.limits.sweeps = about.limits.rows = 1;
  return std::make_unique<RemoteQdmi>(std::move(about), std::move(programs), lost_are_absent);
}

}  // namespace qmtl
