// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "hardware/endpoints/ibm_request.h"
#include "hardware/endpoints/ibm_results.h"
#include "hardware/endpoints/ibm_sessions.h"
#include "hardware/endpoints/ibm_tokens.h"
#include "hardware/endpoints/makers.h"
#include "hardware/endpoints/rest_service.h"
#include "hardware/http/pacer.h"
#include "hardware/http/text_codes.h"
#include "hardware/isa.h"
#include "hardware/transpile/properties_json.h"
#include "hardware/transpile/target_json.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

/// The date of the API that the adapter was tested with.
constexpr const char* api_version = "2026-04-15";

struct IbmOptions {
  IbmJobOptions job;
  std::string session_mode;
  std::int64_t session_ttl = 0;
  double price_per_second = 0, submit_interval = 0;
  std::optional<double> rep_delay;  ///< seconds; else the backend's own
  bool fractional_gates = true;
  std::optional<DeviceProperties> properties;  ///< else the backend's own
};

/// IBM's Qiskit Runtime REST API: the executor with an item, or the sampler V2 with a PUB, per sweep with all
/// its rows.
class IbmEndpoint final : public Endpoint {
 public:
  IbmEndpoint(IbmOptions options, std::unique_ptr<RestService> service)
      : options_(std::move(options)),
        service_(std::move(service)),
        pacer_(options_.submit_interval, machine_clock()),
        given_session_(!options_.job.session_id.empty()) {}

  const EndpointInfo& info() override {
    if (!info_) info_ = ask_info();
    return *info_;
  }

  CostEstimate estimate(const DeviceJob& job) override {
    // What the device is busy with: each execution waits for the qubits' reset and runs; a job has a fixed
    // part for loading.
    constexpr double loading = 2.0, gate = 60e-9, reading = 2e-6;
    const bool paid = info().paid;
    CostEstimate cost;
    for (const Sweep& sweep : job.sweeps) {
      const double length = static_cast<double>(sweep.program.ops.size()) * gate + reading;
      cost.seconds +=
          static_cast<double>(sweep.rows) * static_cast<double>(job.shots) * (rep_delay_ + length);
    }
    cost.seconds += loading;
    const bool dedicated = options_.session_mode == "dedicated";
    // The next job comes after a look at the one before and the pause between two submits.
    const double held = dedicated ? 5.0 + options_.submit_interval : 0.0;
    cost.amount = paid ? (cost.seconds + held) * price() : 0.0;
    cost.unit = options_.price_per_second > 0 ? "USD" : "seconds";
    cost.basis = "executions times the repetition delay and the program's length, plus two seconds a job";
    if (dedicated) cost.basis += "; a dedicated session is paid between its jobs too";
    const SortedJsonField status = service_->read_json(backend_path() + "/status");
    if (const auto queue = status.find("length_queue"))
      cost.queue = static_cast<int>(queue->integer(0, 1'000'000'000));
    return cost;
  }

  std::string submit(const DeviceJob& job) override {
    check_programs(job);
    IbmJobOptions options = options_.job;
    if (job.most_cost) {
      // Not below one second, of which the service's whole numbers begin.
      const auto seconds = static_cast<std::int64_t>(std::floor(*job.most_cost / price() + 1e-9));
      const std::int64_t most = options.max_seconds > 0 ? options.max_seconds : longest_job;
      options.max_seconds = std::clamp<std::int64_t>(seconds, 1, most);
    }
    const std::string body = ibm_job_body(job, options).dump();
    pacer_.wait();
    const HttpResponse response = service_->post("/jobs", body);
    return service_->accepted(response, "POST " + service_->base() + "/jobs",
                              [](const SortedJsonField& answer) { return identifier(answer.at("id")); });
  }

  std::vector<std::string> find(const std::string& tag) override {
    std::vector<std::string> found;
    // Newest first; a job that is looked for was sent a short time ago.
    constexpr int most_pages = 100;
    for (int page = 0; page < most_pages; ++page) {
      const SortedJsonField answer =
          service_->read_json("/jobs?limit=200&offset=" + std::to_string(200 * page) +
                              "&exclude_params=true&tags=" + url_encoded(tag));
      const auto jobs = answer.at("jobs").list();
      for (const SortedJsonField& job : jobs) {
        const auto tags = job.find("tags");
        if (!tags) continue;
        for (const SortedJsonField& one : tags->list())
          if (one.is_text() && one.text() == tag) {
            found.push_back(identifier(job.at("id")));
            break;
          }
      }
      if (jobs.size() < 200) break;
    }
    return found;
  }

  JobStatus status(const std::string& id) override { return status_of(job(id)); }

  JobResult fetch(const std::string& id, const DeviceJob& sent) override {
    const SortedJsonField about = job(id);
    const JobStatus now = status_of(about);
    if (pending(now.state))
      throw EndpointError(EndpointFault::not_ready, "ibm: job " + id + " is not completed");
    if (now.state != JobState::completed)
      throw EndpointError(EndpointFault::refused,
                          "ibm: job " + id + " is " + std::string(name(now.state)) + ": " + now.detail);
    const std::string path = job_path(id) + "/results", source = "GET " + service_->base() + path;
    const auto response = service_->read_existing(path);
    if (!response) throw EndpointError(EndpointFault::not_ready, source + ": there are no results yet");
    JobResult result = read_ibm_results(service_->json(*response, source), sent);
    result.cost = now.cost;
    return result;
  }

  void cancel(const std::string& id) override { service_->put("POST", job_path(id) + "/cancel", ""); }

  bool wants_session() override { return !options_.session_mode.empty() && !given_session_; }

  std::string open_session(std::optional<double> most_cost) override {
    return sessions(most_cost && info().paid).open(options_.job.backend, most_cost);
  }

  void use_session(const std::string& id) override { options_.job.session_id = id; }

  DeviceSession session(const std::string& id) override { return sessions(info().paid).ask(id); }

  void close_session(const std::string& id) override { sessions(false).close(id); }

 private:
  static constexpr std::int64_t longest_job = 10'800;

  /// Of a second of the device, in CostEstimate::unit.
  double price() const { return options_.price_per_second > 0 ? options_.price_per_second : 1.0; }

  static double not_negative(const SortedJsonField& answer) {
    const double value = answer.number();
    if (value < 0) answer.wrong("a time that is not negative");
    return value;
  }

  IbmSessions sessions(bool paid) {
    return {*service_, options_.session_mode, options_.session_ttl, paid ? price() : 0.0};
  }

  static std::string job_path(const std::string& id) { return "/jobs/" + url_encoded(id); }
  std::string backend_path() const { return "/backends/" + url_encoded(options_.job.backend); }

  SortedJsonField job(const std::string& id) {
    return service_->read_json(job_path(id) + "?exclude_params=true");
  }

  JobStatus status_of(const SortedJsonField& job) {
    JobStatus status;
    const SortedJsonField state = job.at("state");
    const std::string& text = state.at("status").text();
    if (text == "Queued")
      status.state = JobState::queued;
    else if (text == "Running")
      status.state = JobState::running;
    else if (text == "Completed")
      status.state = JobState::completed;
    else if (text == "Cancelled")
      status.state = JobState::cancelled;
    else if (text == "Failed")
      status.state = JobState::failed;
    else
      state.at("status").wrong("Queued, Running, Completed, Cancelled or Failed",
                               "'" + text.substr(0, 40) + "'");
    status.detail = text;
    if (const auto reason = state.find("reason"); reason && reason->is_text() && !reason->text().empty())
      status.detail = reason->text();
    if (const auto code = state.find("reason_code"); code && code->is_number())
      status.detail += " (code " + std::to_string(code->integer(-1'000'000, 1'000'000)) + ")";
    if (const auto cure = state.find("reason_solution"); cure && cure->is_text() && !cure->text().empty())
      status.detail += "; " + cure->text();
    status.detail = service_->redactor().clean(status.detail);
    if (status.state != JobState::queued && status.state != JobState::running) status.cost = cost_of(job);
    return status;
  }

  /// What the job was charged; nothing while the service still counts.
  std::optional<double> cost_of(const SortedJsonField& job) const {
    const auto usage = job.find("usage");
    if (!usage) return std::nullopt;
    if (const auto state = usage->find("status"); state && state->text() == "pending") return std::nullopt;
    const auto charged = usage->find("qpu_charge_time_seconds");
    if (!charged) return std::nullopt;
    return not_negative(*charged) * price();
  }

  EndpointInfo ask_info() {
    const std::string path = backend_path() + "/configuration";
    const SortedJsonField configuration = service_->read_json(path);
    EndpointInfo about;
    about.kind = "ibm";
    about.backend = options_.job.backend;
    about.place = service_->base();
    try {
      about.target = parse_target(configuration.json().dump(), "GET " + service_->base() + path);
    } catch (const EndpointError&) {
      throw;
    } catch (const Error& error) {
      throw EndpointError(EndpointFault::malformed, service_->redactor().clean(error.what()));
    }
    device_ = about.target;
    about.target.properties = options_.properties ? *options_.properties : ask_properties();
    if (!options_.fractional_gates) drop_fractional(about.target);
    rep_delay_ = options_.rep_delay.value_or(rep_delay_of(configuration));
    const auto simulator = configuration.find("simulator");
    about.paid = !(simulator && simulator->boolean());
    about.bills = about.paid;
    about.cap_step = about.paid ? price() : 0.0;
    about.limits.executions = 10'000'000;
    if (const auto most = configuration.find("max_shots"))
      about.limits.shots = most->integer(1, 1'000'000'000);
    about.limits.bytes = 50'000'000;
    about.limits.submit_interval = options_.submit_interval;
    return about;
  }

  /// How well the backend works, as far as the service says so.
  DeviceProperties ask_properties() {
    const std::string path = backend_path() + "/properties", source = "GET " + service_->base() + path;
    const auto response = service_->read_existing(path);
    if (!response) return {};
    try {
      return parse_properties(response->body, source);
    } catch (const Error& error) {
      throw EndpointError(
          EndpointFault::malformed,
          service_->redactor().clean(error.what()) +
              "; a key properties in the endpoint's file names a file to take instead, or none");
    }
  }

  /// Leaves out pulses that turn by an angle, where the device's other gates do without them: such pulses
  /// exclude dynamic circuits and twirling, which no program here has but a session's other jobs may.
  static void drop_fractional(DeviceTarget& target) {
    const auto has = [&](auto which) {
      return std::any_of(target.basis.begin(), target.basis.end(),
                         [&](DeviceGate gate) { return which(qmtl::info(gate)); });
    };
    const auto quarter = [](const DeviceGateInfo& row) { return is_pulse(row.gate) && row.turn == half_pi; };
    const auto phase = [](const DeviceGateInfo& row) { return row.angle && !takes_time(row.gate); };
    const auto pair = [](const DeviceGateInfo& row) { return row.qubits == 2 && !row.angle; };
    if (!has(quarter) || !has(phase)) return;
    const bool pairs = has(pair);
    std::erase_if(target.basis, [&](DeviceGate gate) {
      return qmtl::info(gate).angle && takes_time(gate) && (qmtl::info(gate).qubits == 1 || pairs);
    });
  }

  /// Seconds between two executions; the configuration says microseconds.
  static double rep_delay_of(const SortedJsonField& configuration) {
    const auto delay = configuration.find("default_rep_delay");
    if (!delay) return 250e-6;
    const double microseconds = delay->number();
    if (microseconds < 0 || microseconds > 1e9) delay->wrong("microseconds from 0 to 1e9");
    return microseconds * 1e-6;
  }

  /// Refuses what the service would refuse, before anything is sent.
  void check_programs(const DeviceJob& job) {
    info();
    for (const Sweep& sweep : job.sweeps)
      if (const std::string problem = isa_problem(sweep.program, device_); !problem.empty())
        throw EndpointError(EndpointFault::refused, "ibm: program " + sweep.program.name + ": " + problem +
                                                        "; transpile it for the device");
  }

  IbmOptions options_;
  std::unique_ptr<RestService> service_;
  Pacer pacer_;
  std::optional<EndpointInfo> info_;
  DeviceTarget device_;   ///< with all its gates; known with info_
  double rep_delay_ = 0;  ///< seconds; known with info_
  bool given_session_;    ///< one that somebody else opens and closes
};

/// The environment's value, "" without it.
std::string from_environment(const std::string& name) {
  const char* const value = name.empty() ? nullptr : std::getenv(name.c_str());
  return value ? value : "";
}

/// QRMI's name of the resource: what precedes its variables.
std::string resource_of(EndpointSettings& settings) {
  std::string resource = settings.text("resource", "");
  for (const char* list : {"QRMI_JOB_QPU_RESOURCES", "SLURM_JOB_QPU_RESOURCES"})
    if (resource.empty()) resource = from_environment(list);
  return resource.substr(0, resource.find(','));
}

/// The address of a region, the sixth field of a service's CRN.
std::string url_of_region(const std::string& crn) {
  std::size_t at = 0;
  for (int field = 0; field < 5 && at != std::string::npos; ++field) at = crn.find(':', at + (field > 0));
  const std::string region =
      at == std::string::npos ? "" : crn.substr(at + 1, crn.find(':', at + 1) - at - 1);
  const bool usual = region.empty() || region == "us-east";
  return "https://" + (usual ? "" : region + ".") + "quantum.cloud.ibm.com/api/v1";
}

/// A whole number of seconds from the settings, else from the environment's `fallback`; 0 without both.
std::int64_t whole(EndpointSettings& settings, const std::string& key, const std::string& fallback,
                   std::int64_t most) {
  EndpointSettings outside("the environment", {{key, fallback}});
  const bool own = settings.has(key) || fallback.empty();
  const std::int64_t value = own ? settings.integer(key, 0) : outside.integer(key, 0);
  if (value < 0 || value > most)
    throw usage_error((own ? settings.file() : "the environment") + ": " + key +
                      ": expected seconds from 0 to " + std::to_string(most) + ", found " +
                      std::to_string(value));
  return value;
}

double not_negative(EndpointSettings& settings, const std::string& key, double otherwise) {
  const double value = settings.number(key, otherwise);
  if (value < 0)
    throw usage_error(settings.file() + ": " + key + ": expected a number from 0, found " +
                      settings.text(key));
  return value;
}

/// The executor unless the file asks for the sampler, or says how the sampler shall encode.
IbmProgram program_of(EndpointSettings& settings) {
  const bool encoded = settings.has("results") || settings.has("parameters");
  const std::string program = settings.text("program", encoded ? "sampler" : "executor");
  if (program != "executor" && program != "sampler")
    throw usage_error(settings.file() + ": program: expected executor or sampler, found '" + program + "'");
  if (program == "executor" && encoded)
    throw usage_error(settings.file() +
                      ": results and parameters say how the sampler encodes: remove them, or set program = "
                      "\"sampler\"");
  return program == "sampler" ? IbmProgram::sampler : IbmProgram::executor;
}

/// Whether `key` asks for packed arrays instead of the `plain` form.
bool is_packed(EndpointSettings& settings, const std::string& key, const std::string& plain,
               const std::string& usual) {
  const std::string form = settings.text(key, usual);
  if (form != plain && form != "packed")
    throw usage_error(settings.file() + ": " + key + ": expected " + plain + " or packed, found '" + form +
                      "'");
  return form == "packed";
}

/// ".../api", ".../api/v1" and a bare host mean the same service.
std::string ibm_base(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/v1")) return url;
  return url + (url.ends_with("/api") ? "/v1" : "/api/v1");
}

}  // namespace

std::unique_ptr<Endpoint> make_ibm_endpoint(EndpointConfig config) {
  EndpointSettings& settings = config.settings;
  const std::string resource = resource_of(settings);
  const auto qrmi = [&](const char* name) {
    return resource.empty() ? std::string() : from_environment(resource + "_QRMI_IBM_QCS_" + name);
  };
  const auto setting = [&](const char* key, const char* variable, const char* otherwise) {
    std::string value = settings.text(key, "");
    if (value.empty()) value = qrmi(variable);
    return value.empty() ? std::string(otherwise) : value;
  };
  IbmOptions options;
  options.job.backend = settings.text("backend", resource);
  if (options.job.backend.empty()) options.job.backend = settings.text("backend");
  std::string iam = setting("iam_url", "IAM_ENDPOINT", "https://iam.cloud.ibm.com");
  while (iam.ends_with('/')) iam.pop_back();
  const std::string crn = setting("crn", "SERVICE_CRN", "");
  if (crn.empty())
    throw usage_error(settings.file() + ": expected a key crn (the service instance's CRN), found none");
  const std::string base = ibm_base(setting("url", "ENDPOINT", url_of_region(crn).c_str()));
  options.session_mode = setting("session", "SESSION_MODE", "");
  if (options.session_mode == "none") options.session_mode.clear();
  if (!options.session_mode.empty() && options.session_mode != "batch" && options.session_mode != "dedicated")
    throw usage_error(settings.file() + ": session: expected none, batch or dedicated, found '" +
                      options.session_mode + "'");
  options.job.session_id = setting("session_id", "SESSION_ID", "");
  options.session_ttl = whole(settings, "session_ttl", qrmi("SESSION_MAX_TTL"), 8 * 3600);
  options.job.max_seconds = whole(settings, "max_seconds", qrmi("TIMEOUT_SECONDS"), 10'800);
  options.price_per_second = not_negative(settings, "price_per_second", 0);
  if (settings.has("rep_delay")) options.rep_delay = not_negative(settings, "rep_delay", 0);
  options.fractional_gates = settings.boolean("fractional_gates", true);
  // The service takes five jobs a minute.
  options.submit_interval = not_negative(settings, "submit_interval", is_loopback(base) ? 0 : 12);
  options.job.program = program_of(settings);
  options.job.packed_results = is_packed(settings, "results", "samples", "samples");
  options.job.packed_values = is_packed(settings, "parameters", "lists", "packed");

  std::vector<std::string> variables{"QISKIT_IBM_TOKEN"};
  if (!resource.empty()) variables.insert(variables.begin(), resource + "_QRMI_IBM_QCS_IAM_APIKEY");
  Secret key = read_secret(settings, variables);
  const HttpOptions http = http_options(settings);
  const RetryPolicy retries = retry_policy(settings);
  settings.finish();
  options.properties = std::move(config.properties);

  auto tokens = std::make_shared<IbmTokens>(iam, std::move(key), http, retries, machine_clock());
  auto service =
      std::make_unique<RestService>(base, http, retries, machine_clock(), [tokens, crn](bool fresh) {
        return std::vector<HttpHeader>{{"Authorization", "Bearer " + tokens->token(fresh).reveal()},
                                       {"Service-CRN", crn},
                                       {"IBM-API-Version", api_version},
                                       {"x-qx-client-application", "qmtl"}};
      });
  tokens->teach(service->redactor());
  return std::make_unique<IbmEndpoint>(std::move(options), std::move(service));
}

}  // namespace qmtl
