// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/iqm.h"

#include <algorithm>
#include <cstdlib>

#include "hardware/endpoints/iqm_device.h"
#include "hardware/endpoints/lost_jobs.h"
#include "hardware/endpoints/makers.h"
#include "hardware/endpoints/rest_service.h"
#include "hardware/http/text_codes.h"
#include "hardware/isa.h"
#include "hardware/transpile/iqm_metrics.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

struct IqmOptions {
  std::string computer;     ///< alias; "": the only one that the server has
  std::string calibration;  ///< id of a calibration set; "": the server's own choice
  std::string heralding = "none", decoupling = "disabled";
  bool timeslot = false, lost_are_absent = false;
  std::optional<DeviceProperties> properties;
  double price_per_shot = 0;
  std::int64_t circuits = 0, shots = 0;  ///< most of a job
};

/// IQM Server's REST interface, version 1. Circuits have no inputs there: every row of every sweep is one of
/// a job's circuits.
class IqmEndpoint final : public Endpoint {
 public:
  IqmEndpoint(IqmOptions options, std::unique_ptr<RestService> service)
      : options_(std::move(options)), service_(std::move(service)), lost_(options_.lost_are_absent) {}

  const EndpointInfo& info() override {
    if (!info_) info_ = ask_info();
    return *info_;
  }

  CostEstimate estimate(const DeviceJob& job) override {
    const bool priced = options_.price_per_shot > 0;
    const auto executions = static_cast<double>(job.executions());
    CostEstimate cost;
    cost.amount = info().paid ? executions * (priced ? options_.price_per_shot : 1.0) : 0.0;
    cost.unit = priced ? "USD" : "shots";
    cost.basis = priced ? "executions times price_per_shot: the server tells no costs"
                        : "the server tells no costs: executions are counted";
    return cost;
  }

  std::string submit(const DeviceJob& job) override {
    lost_.sending(job.tag);
    const std::string body = job_body(job).dump();
    const std::string path = "/jobs/" + url_encoded(info().backend) +
                             "/circuit?use_timeslot=" + (options_.timeslot ? "true" : "false");
    const HttpResponse response = service_->post(path, body);
    return service_->accepted(response, "POST " + service_->base() + path,
                              [](const SortedJsonField& answer) { return identifier(answer.at("id")); });
  }

  /// The interface lists no jobs and knows no names of a client's.
  std::vector<std::string> find(const std::string& tag) override {
    return lost_.find(
        tag, info_place(),
        "the server cannot look for it by its name; see its own list of jobs (circuits carry the "
        "tag as metadata)");
  }

  JobStatus status(const std::string& id) override { return status_of(service_->read_json(job_path(id))); }

  JobResult fetch(const std::string& id, const DeviceJob& job) override {
    const JobStatus now = status(id);
    if (pending(now.state))
      throw EndpointError(EndpointFault::not_ready, "iqm: job " + id + " is not completed");
    if (now.state != JobState::completed)
      throw EndpointError(EndpointFault::refused,
                          "iqm: job " + id + " is " + std::string(name(now.state)) + ": " + now.detail);
    const std::string path = job_path(id) + "/artifacts/measurement_counts";
    const std::string source = "GET " + service_->base() + path;
    const auto response = service_->read_existing(path);
    if (!response) throw EndpointError(EndpointFault::not_ready, source + ": there are no results yet");
    return read_iqm_counts(service_->json(*response, source), job, options_.heralding == "zeros");
  }

  void cancel(const std::string& id) override { service_->put("POST", job_path(id) + "/cancel", ""); }

 private:
  static std::string job_path(const std::string& id) { return "/jobs/" + url_encoded(id); }
  std::string info_place() const { return "iqm at " + service_->base(); }

  Json job_body(const DeviceJob& job) {
    info();
    Json circuits = Json::array();
    for (std::size_t s = 0; s < job.sweeps.size(); ++s) {
      const Sweep& sweep = job.sweeps[s];
      check_program(sweep.program);
      for (std::size_t row = 0; row < sweep.rows; ++row) {
        Json circuit = iqm_circuit(with_inputs(sweep.program, sweep.row(row)), device_.qubits);
        circuit["name"] = "s" + std::to_string(s) + "r" + std::to_string(row);
        circuit["metadata"] = {{"qmtl_tag", job.tag}};
        circuits.push_back(std::move(circuit));
      }
    }
    return {{"circuits", std::move(circuits)},
            {"calibration_set_id", options_.calibration.empty() ? Json() : Json(options_.calibration)},
            {"qubit_mapping", nullptr},
            {"shots", job.shots},
            {"heralding_mode", options_.heralding},
            {"dd_mode", options_.decoupling}};
  }

  /// Refuses what the server would refuse, before anything is sent.
  void check_program(const DeviceProgram& program) {
    std::string problem = isa_problem(program, info().target);
    for (int qubit : program.measured)
      if (problem.empty() && !device_.usable.contains(qubit))
        problem = "qubit " + device_.qubits[static_cast<std::size_t>(qubit)] +
                  " is not calibrated for prx and measure";
    if (!problem.empty())
      throw EndpointError(EndpointFault::refused, "iqm: program " + program.name + ": " + problem +
                                                      "; transpile it for the device as it is now");
  }

  JobStatus status_of(const SortedJsonField& job) {
    JobStatus status;
    const std::string& text = job.at("status").text();
    constexpr std::pair<std::string_view, JobState> states[] = {{"waiting", JobState::queued},
                                                                {"processing", JobState::running},
                                                                {"completed", JobState::completed},
                                                                {"failed", JobState::failed},
                                                                {"cancelled", JobState::cancelled}};
    const auto state = std::find_if(std::begin(states), std::end(states),
                                    [&](const auto& row) { return row.first == text; });
    if (state == std::end(states))
      job.at("status").wrong("waiting, processing, completed, failed or cancelled",
                             "'" + text.substr(0, 40) + "'");
    status.state = state->second;
    status.detail = text;
    if (const auto position = job.find("queue_position"))
      status.queue = static_cast<int>(position->integer(0, 1'000'000'000));
    if (const auto errors = job.find("errors"))
      for (const SortedJsonField& error : errors->list())
        if (const auto words = error.find("message"); words && words->is_text())
          status.detail += ": " + words->text();
    status.detail = service_->redactor().clean(status.detail);
    return status;
  }

  EndpointInfo ask_info() {
    EndpointInfo about;
    about.kind = "iqm";
    about.backend = computer();
    const std::string alias = url_encoded(about.backend);
    about.place = service_->base();
    device_ = read_iqm_device(
        service_->read_json("/quantum-computers/" + alias + "/artifacts/static-quantum-architectures"),
        service_->read_json("/calibration-sets/" + alias + "/" +
                            (options_.calibration.empty() ? "default" : url_encoded(options_.calibration)) +
                            "/dynamic-quantum-architecture"));
    about.target.name = about.backend;
    about.target.qubits = static_cast<int>(device_.qubits.size());
    about.target.basis.assign(std::begin(iqm_basis), std::end(iqm_basis));
    about.target.coupling = device_.coupling;
    about.target.properties = options_.properties ? *options_.properties : ask_metrics(alias);
    // The servers' simulators have this in their names.
    about.paid = !about.backend.ends_with(":mock");
    about.limits.rows = options_.circuits;
    about.limits.shots = options_.shots;
    about.limits.bytes = 20'000'000;
    return about;
  }

  /// How well the device works, as far as the server says so.
  DeviceProperties ask_metrics(const std::string& alias) {
    const std::string set = options_.calibration.empty() ? "default" : url_encoded(options_.calibration);
    const std::string path = "/calibration-sets/" + alias + "/" + set + "/metrics";
    const std::string source = "GET " + service_->base() + path;
    const auto response = service_->read_existing(path);
    if (!response) return {};
    try {
      return iqm_properties(service_->json(*response, source), device_.qubits);
    } catch (const Error& error) {
      throw EndpointError(
          EndpointFault::malformed,
          service_->redactor().clean(error.what()) +
              "; a key properties in the endpoint's file names a file to take instead, or none");
    }
  }

  /// The alias that the settings name, or the only one.
  std::string computer() {
    std::vector<std::string> known;
    std::string listed;
    for (const SortedJsonField& row :
         service_->read_json("/quantum-computers").at("quantum_computers").list()) {
      known.push_back(identifier(row.at("alias")));
      listed += (listed.empty() ? "" : ", ") + known.back();
    }
    if (options_.computer.empty() && known.size() == 1) return known.front();
    if (std::find(known.begin(), known.end(), options_.computer) != known.end()) return options_.computer;
    throw EndpointError(EndpointFault::refused, info_place() + ": quantum_computer: expected one of " +
                                                    listed + ", found '" + options_.computer + "'");
  }

  IqmOptions options_;
  std::unique_ptr<RestService> service_;
  LostJobs lost_;
  std::optional<EndpointInfo> info_;
  IqmDevice device_;  ///< known with info_
};

std::string iqm_base(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with("/api/v1") ? url : url + "/api/v1";
}

std::string one_of_modes(EndpointSettings& settings, const std::string& key,
                         std::initializer_list<const char*> modes) {
  const std::string mode = settings.text(key, *modes.begin());
  std::string listed;
  for (const char* known : modes) {
    if (mode == known) return mode;
    listed += (listed.empty() ? "" : " or ") + std::string(known);
  }
  throw usage_error(settings.file() + ": " + key + ": expected " + listed + ", found '" + mode + "'");
}

std::int64_t positive(EndpointSettings& settings, const std::string& key, std::int64_t otherwise) {
  const std::int64_t value = settings.integer(key, otherwise);
  if (value < 1)
    throw usage_error(settings.file() + ": " + key + ": expected at least 1, found " + std::to_string(value));
  return value;
}

std::string from_environment(std::initializer_list<const char*> names, const char* otherwise) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value && *value) return value;
  return otherwise;
}

}  // namespace

std::unique_ptr<Endpoint> make_iqm_endpoint(EndpointConfig config) {
  EndpointSettings& settings = config.settings;
  IqmOptions options;
  const std::string base = iqm_base(settings.text(
      "url", from_environment({"IQM_SERVER_URL", "IQM_BASE_URL"}, "https://resonance.iqm.tech")));
  options.computer = settings.text("quantum_computer", from_environment({"IQM_QUANTUM_COMPUTER"}, ""));
  options.calibration = settings.text("calibration_set_id", "");
  options.heralding = one_of_modes(settings, "heralding", {"none", "zeros"});
  options.decoupling = one_of_modes(settings, "dynamical_decoupling", {"disabled", "enabled"});
  options.timeslot = settings.boolean("use_timeslot", false);
  options.lost_are_absent = settings.boolean("lost_are_absent", false);
  options.price_per_shot = settings.number("price_per_shot", 0);
  if (options.price_per_shot < 0)
    throw usage_error(settings.file() + ": price_per_shot: expected a number from 0, found " +
                      settings.text("price_per_shot"));
  // What the public service takes; other servers say more.
  options.circuits = positive(settings, "max_circuits", 500);
  options.shots = positive(settings, "max_shots", 20'000);
  auto key = std::make_shared<Secret>(read_secret(settings, {"IQM_TOKEN"}));
  const HttpOptions http = http_options(settings);
  const RetryPolicy retries = retry_policy(settings);
  settings.finish();
  options.properties = std::move(config.properties);
  auto service = std::make_unique<RestService>(base, http, retries, machine_clock(), [key](bool) {
    return std::vector<HttpHeader>{{"Authorization", "Bearer " + key->reveal()}};
  });
  service->redactor().add(*key);
  return std::make_unique<IqmEndpoint>(std::move(options), std::move(service));
}

}  // namespace qmtl
