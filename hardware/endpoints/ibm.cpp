#include <algorithm>
#include <cstdlib>

#include "hardware/endpoints/ibm_results.h"
#include "hardware/endpoints/ibm_tokens.h"
#include "hardware/endpoints/makers.h"
#include "hardware/endpoints/rest_service.h"
#include "hardware/formats/qasm_writer.h"
#include "hardware/http/text_codes.h"
#include "hardware/transpile/target_json.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

/// The date of the API that the adapter was tested with.
constexpr const char* api_version = "2026-04-15";

struct IbmOptions {
  std::string backend, session_mode, session_id;
  std::int64_t session_ttl = 0, max_seconds = 0;
  double price_per_second = 0, rep_delay = 250e-6, submit_interval = 0;
  bool packed_results = false;
};

/// IBM's Qiskit Runtime REST API: sampler V2, one PUB per sweep with all its rows.
class IbmEndpoint final : public Endpoint {
 public:
  IbmEndpoint(IbmOptions options, std::unique_ptr<RestService> service)
      : options_(std::move(options)), service_(std::move(service)) {}

  const EndpointInfo& info() override {
    if (!info_) info_ = ask_info();
    return *info_;
  }

  CostEstimate estimate(const DeviceJob& job) override {
    // What the device is busy with: each execution waits for the qubits' reset and runs; a job has a fixed
    // part for loading.
    constexpr double loading = 2.0, gate = 60e-9, reading = 2e-6;
    CostEstimate cost;
    for (const Sweep& sweep : job.sweeps) {
      const double length = static_cast<double>(sweep.program.ops.size()) * gate + reading;
      cost.seconds +=
          static_cast<double>(sweep.rows) * static_cast<double>(job.shots) * (options_.rep_delay + length);
    }
    cost.seconds += loading;
    const bool priced = options_.price_per_second > 0;
    cost.amount = info().paid ? cost.seconds * (priced ? options_.price_per_second : 1.0) : 0.0;
    cost.unit = priced ? "USD" : "seconds";
    cost.basis = "executions times the repetition delay and the program's length, plus two seconds a job";
    const ServiceAnswer status = service_->read_json("/backends/" + options_.backend + "/status");
    if (const auto queue = status.find("length_queue"))
      cost.queue = static_cast<int>(queue->integer(0, 1'000'000'000));
    return cost;
  }

  std::string submit(const DeviceJob& job) override {
    if (options_.session_id.empty() && !options_.session_mode.empty()) open_session();
    const HttpResponse response = service_->post("/jobs", job_body(job).dump());
    return service_->accepted(response, "POST " + service_->base() + "/jobs",
                              [](const ServiceAnswer& answer) { return answer.at("id").identifier(); });
  }

  std::vector<std::string> find(const std::string& tag) override {
    std::vector<std::string> found;
    for (std::int64_t offset = 0;; offset += 200) {
      const ServiceAnswer answer = service_->read_json("/jobs?limit=200&offset=" + std::to_string(offset) +
                                                       "&exclude_params=true&tags=" + url_encoded(tag));
      const auto jobs = answer.at("jobs").list();
      for (const ServiceAnswer& job : jobs) {
        const auto tags = job.find("tags");
        if (!tags) continue;
        for (const ServiceAnswer& one : tags->list())
          if (one.is_text() && one.text() == tag) {
            found.push_back(job.at("id").identifier());
            break;
          }
      }
      if (jobs.size() < 200) return found;
    }
  }

  JobStatus status(const std::string& id) override { return status_of(job(id)); }

  JobResult fetch(const std::string& id, const DeviceJob& sent) override {
    const ServiceAnswer about = job(id);
    const JobStatus now = status_of(about);
    if (now.state == JobState::queued || now.state == JobState::running)
      throw EndpointError(EndpointFault::not_ready, "ibm: job " + id + " is not completed");
    if (now.state != JobState::completed)
      throw EndpointError(EndpointFault::refused,
                          "ibm: job " + id + " is " + std::string(name(now.state)) + ": " + now.detail);
    const HttpResponse response = results_of(id);
    JobResult result = read_ibm_results(
        service_->json(response, "GET " + service_->base() + "/jobs/" + id + "/results"), sent);
    result.cost = now.cost;
    return result;
  }

  void cancel(const std::string& id) override { service_->put("POST", "/jobs/" + id + "/cancel", ""); }

 private:
  ServiceAnswer job(const std::string& id) {
    return service_->read_json("/jobs/" + id + "?exclude_params=true");
  }

  HttpResponse results_of(const std::string& id) {
    const auto late = [&] {
      return EndpointError(EndpointFault::not_ready,
                           "ibm: job " + id + " is completed, its results are not there yet");
    };
    try {
      HttpResponse response = service_->read("/jobs/" + id + "/results");
      if (response.status == 204) throw late();
      return response;
    } catch (const EndpointError& error) {
      if (std::string_view(error.what()).find("404") == std::string_view::npos) throw;
      throw late();
    }
  }

  JobStatus status_of(const ServiceAnswer& job) {
    JobStatus status;
    const ServiceAnswer state = job.at("state");
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
    status.detail = service_->redactor().clean(status.detail);
    if (const auto usage = job.find("usage"))
      if (const auto charged = usage->find("qpu_charge_time_seconds"))
        if (status.state != JobState::queued && status.state != JobState::running) {
          const double seconds = charged->number();
          if (seconds < 0) charged->wrong("a time that is not negative");
          status.cost = seconds * (options_.price_per_second > 0 ? options_.price_per_second : 1.0);
        }
    return status;
  }

  EndpointInfo ask_info() {
    const std::string path = "/backends/" + options_.backend + "/configuration";
    const ServiceAnswer configuration = service_->read_json(path);
    EndpointInfo about;
    about.kind = "ibm";
    about.backend = options_.backend;
    about.place = service_->base();
    try {
      about.target = parse_target(configuration.raw().dump(), "GET " + service_->base() + path);
    } catch (const EndpointError&) {
      throw;
    } catch (const Error& error) {
      throw EndpointError(EndpointFault::malformed, service_->redactor().clean(error.what()));
    }
    const auto simulator = configuration.find("simulator");
    about.paid = !(simulator && simulator->boolean());
    about.limits.executions = 10'000'000;
    if (const auto most = configuration.find("max_shots"))
      about.limits.shots = most->integer(1, 1'000'000'000);
    about.limits.bytes = 50'000'000;
    about.limits.submit_interval = options_.submit_interval;
    return about;
  }

  void open_session() {
    Json body{{"mode", options_.session_mode}, {"backend", options_.backend}};
    if (options_.session_ttl > 0) body["max_ttl"] = options_.session_ttl;
    const HttpResponse response = service_->post("/sessions", body.dump());
    options_.session_id =
        service_->accepted(response, "POST " + service_->base() + "/sessions",
                           [](const ServiceAnswer& answer) { return answer.at("id").identifier(); });
  }

  Json job_body(const DeviceJob& job) {
    Json pubs = Json::array();
    for (const Sweep& sweep : job.sweeps) {
      const EndpointInfo& about = info();
      if (!sweep.program.physical && !about.target.coupling.empty())
        throw usage_error("ibm: program " + sweep.program.name +
                          ": expected one for the device's qubits and basis gates; transpile it first");
      Json values = nullptr;
      const std::size_t width = sweep.program.inputs.size();
      if (width > 0 || sweep.rows > 1) {
        values = Json::array();
        for (std::size_t row = 0; row < sweep.rows; ++row)
          values.push_back(Json(
              std::vector<double>(sweep.values.begin() + static_cast<std::ptrdiff_t>(row * width),
                                  sweep.values.begin() + static_cast<std::ptrdiff_t>((row + 1) * width))));
      }
      pubs.push_back(Json::array({write_qasm3(sweep.program), std::move(values), job.shots}));
    }
    Json body{{"program_id", "sampler"},
              {"backend", options_.backend},
              {"tags", Json::array({job.tag})},
              {"params",
               {{"pubs", std::move(pubs)},
                {"version", 2},
                {"support_qiskit", options_.packed_results},
                {"options", {{"default_shots", job.shots}}}}}};
    if (!options_.session_id.empty()) body["session_id"] = options_.session_id;
    if (options_.max_seconds > 0) body["cost"] = options_.max_seconds;
    return body;
  }

  IbmOptions options_;
  std::unique_ptr<RestService> service_;
  std::optional<EndpointInfo> info_;
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

/// ".../api", ".../api/v1" and a bare host mean the same service.
std::string normal_base(std::string url) {
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
  options.backend = settings.text("backend", resource);
  if (options.backend.empty()) options.backend = settings.text("backend");
  const std::string base = normal_base(setting("url", "ENDPOINT", "https://quantum.cloud.ibm.com/api/v1"));
  std::string iam = setting("iam_url", "IAM_ENDPOINT", "https://iam.cloud.ibm.com");
  while (iam.ends_with('/')) iam.pop_back();
  const std::string crn = setting("crn", "SERVICE_CRN", "");
  if (crn.empty())
    throw usage_error(settings.file() + ": expected a key crn (the service instance's CRN), found none");
  options.session_mode = setting("session", "SESSION_MODE", "");
  if (options.session_mode == "none") options.session_mode.clear();
  if (!options.session_mode.empty() && options.session_mode != "batch" && options.session_mode != "dedicated")
    throw usage_error(settings.file() + ": session: expected none, batch or dedicated, found '" +
                      options.session_mode + "'");
  options.session_id = setting("session_id", "SESSION_ID", "");
  options.session_ttl = settings.integer("session_ttl", 0);
  options.max_seconds = settings.integer("max_seconds", 0);
  options.price_per_second = settings.number("price_per_second", 0);
  options.rep_delay = settings.number("rep_delay", options.rep_delay);
  // The service takes five jobs a minute.
  options.submit_interval = settings.number("submit_interval", is_loopback(base) ? 0 : 12);
  const std::string results = settings.text("results", "samples");
  if (results != "samples" && results != "packed")
    throw usage_error(settings.file() + ": results: expected samples or packed, found '" + results + "'");
  options.packed_results = results == "packed";

  std::vector<std::string> variables{"QISKIT_IBM_TOKEN"};
  if (!resource.empty()) variables.insert(variables.begin(), resource + "_QRMI_IBM_QCS_IAM_APIKEY");
  Secret key = read_secret(settings, variables);
  const HttpOptions http = http_options(settings);
  const RetryPolicy retries = retry_policy(settings);
  settings.finish();

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
