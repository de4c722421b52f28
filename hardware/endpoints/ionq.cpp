// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/ionq.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "hardware/endpoints/ionq_results.h"
#include "hardware/endpoints/makers.h"
#include "hardware/endpoints/rest_service.h"
#include "hardware/executor.h"
#include "hardware/http/text_codes.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

struct IonqOptions {
  std::string backend, noise_model, session;
  bool own_session = false;  ///< one is opened for the jobs, with what they may cost as its limit
  bool debiasing = false, dry_run = false;
  IonqGates gates = IonqGates::qis;
  std::string sharpen;  ///< "", "true" or "false": asked for when debiased results are read
};

/// IonQ's API v0.4. A sweep has no symbolic inputs there: every row of every sweep is a circuit of one job.
class IonqEndpoint final : public Endpoint {
 public:
  IonqEndpoint(IonqOptions options, std::unique_ptr<RestService> service)
      : options_(std::move(options)), service_(std::move(service)) {}

  const EndpointInfo& info() override {
    if (!info_) info_ = ask_info();
    return *info_;
  }

  CostEstimate estimate(const DeviceJob& job) override {
    CostEstimate cost;
    cost.unit = "USD";
    cost.basis = "the service's own estimate of each program, times its rows";
    std::map<std::string, SortedJsonField> asked;  // programs of one size cost the same
    for (const Sweep& sweep : job.sweeps) {
      const std::string question = estimate_path(sweep, job.shots);
      if (!asked.contains(question)) asked.emplace(question, service_->read_json(question));
      const SortedJsonField& answer = asked.at(question);
      const double rows = static_cast<double>(sweep.rows);
      const auto amount = answer.find_any({"estimated_total_cost", "estimated_cost"});
      if (!amount) answer.wrong("the field estimated_total_cost", "none");
      cost.amount += rows * not_negative(*amount);
      if (const auto seconds = answer.find("estimated_execution_time"))
        cost.seconds += rows * not_negative(*seconds);
      if (const auto wait = answer.find("current_predicted_queue_time"))
        cost.wait_seconds = not_negative(*wait);
      if (const auto unit = answer.find_any({"estimated_unit", "cost_unit"})) cost.unit = identifier(*unit);
    }
    if (cost.unit == "usd") cost.unit = "USD";
    return cost;
  }

  std::string submit(const DeviceJob& job) override {
    const std::string body = job_body(job).dump();
    const HttpResponse response = service_->post("/jobs", body);
    return service_->accepted(response, "POST " + service_->base() + "/jobs",
                              [](const SortedJsonField& answer) { return identifier(answer.at("id")); });
  }

  std::vector<std::string> find(const std::string& tag) override {
    std::vector<std::string> found;
    std::string next;
    // Newest first; a job that is looked for was sent a short time ago.
    for (int page = 0; page < 100; ++page) {
      const SortedJsonField answer =
          service_->read_json("/jobs?limit=100" + (next.empty() ? "" : "&next=" + next));
      for (const SortedJsonField& job : answer.at("jobs").list()) {
        if (carries(job, tag)) found.push_back(identifier(job.at("id")));
      }
      const auto more = answer.find("next");
      if (!more || identifier(*more) == next) return found;
      next = identifier(*more);
    }
    return found;
  }

  JobStatus status(const std::string& id) override {
    const SortedJsonField job = service_->read_json(job_path(id));
    JobStatus status;
    status.state = state_of(job.at("status"));
    status.detail = job.at("status").text();
    if (status.state == JobState::failed) status.detail = failure_of(job);
    if (const auto wait = job.find("predicted_wait_time_ms"))
      status.wait_seconds = not_negative(*wait) / 1000;
    if (status.state != JobState::queued && status.state != JobState::running) status.cost = cost_of(id);
    return status;
  }

  JobResult fetch(const std::string& id, const DeviceJob& job) override {
    const SortedJsonField parent = service_->read_json(job_path(id));
    const auto children = circuits_of(parent, id, job);
    const auto together = shared_results(parent, id, children.size());
    JobResult result;
    std::size_t child = 0;
    for (std::size_t s = 0; s < job.sweeps.size(); ++s) {
      result.counts.emplace_back();
      for (std::size_t row = 0; row < job.sweeps[s].rows; ++row, ++child) {
        const IonqReading reading{job.sweeps[s].program, job.shots};
        const std::uint64_t key = sweep_key(job.tag, s) + row;
        const auto states = together ? together->find(children[child]) : std::nullopt;
        result.counts.back().push_back(
            states ? read_states(*states, reading, key).counts
                   : fetch_row(children[child], reading, key,
                               "sweep " + std::to_string(s) + " row " + std::to_string(row), result));
      }
    }
    result.cost = cost_of(id);
    return result;
  }

  void cancel(const std::string& id) override { service_->put("PUT", job_path(id) + "/status/cancel", ""); }

  bool wants_session() override { return options_.own_session && info().paid; }

  std::string open_session(std::optional<double> most_cost) override {
    Json body{{"backend", options_.backend}};
    if (most_cost) body["settings"]["cost_limit"] = {{"unit", "usd"}, {"value", *most_cost}};
    const HttpResponse response = service_->post("/sessions", body.dump());
    return service_->accepted(response, "POST " + service_->base() + "/sessions",
                              [](const SortedJsonField& answer) { return identifier(answer.at("id")); });
  }

  void use_session(const std::string& id) override { options_.session = id; }

  DeviceSession session(const std::string& id) override {
    const std::string path = "/sessions/" + url_encoded(id);
    const auto response = service_->read_existing(path);
    if (!response) return {false, true, std::nullopt};
    const bool active = service_->json(*response, "GET " + service_->base() + path).at("active").boolean();
    return {active, !active, std::nullopt};
  }

  void close_session(const std::string& id) override {
    if (session(id).accepts) service_->put("POST", "/sessions/" + url_encoded(id) + "/end", "");
  }

  /// The service does not say what becomes of them.
  bool closed_sessions_execute() override { return false; }

 private:
  EndpointInfo ask_info() {
    EndpointInfo about;
    about.kind = "ionq";
    about.backend = options_.backend;
    about.place = service_->base();
    about.target = ionq_target(options_.gates);
    about.target.name = options_.backend;
    about.paid = about.bills = options_.backend != "simulator";
    about.limits = {0, 5000, 0, 1'000'000, 150'000, 9'500'000, 0};
    // Fewer cannot be spread over the symmetric variants.
    if (options_.debiasing && about.paid) about.limits.least_shots = 500;
    const SortedJsonField list = service_->read_json("/backends");
    std::string known;
    for (const SortedJsonField& backend : list.list()) {
      const std::string& name = backend.at("backend").text();
      known += (known.empty() ? "" : ", ") + name;
      if (name != options_.backend) continue;
      about.target.qubits = static_cast<int>(backend.at("qubits").integer(1, 1'000'000));
      return about;
    }
    throw EndpointError(EndpointFault::refused, "ionq: expected a backend of " +
                                                    service_->redactor().clean(known) + ", found '" +
                                                    options_.backend + "'");
  }

  static double not_negative(const SortedJsonField& answer) {
    const double value = answer.number();
    if (value < 0 || value > 1e12) answer.wrong("a number from 0 to 1e12");
    return value;
  }

  static std::string job_path(const std::string& id) { return "/jobs/" + url_encoded(id); }

  /// Whether a job of the list is the one that was sent with this tag; parts of jobs are not.
  static bool carries(const SortedJsonField& job, const std::string& tag) {
    const auto is_tag = [&](const std::optional<SortedJsonField>& text) {
      return text && text->is_text() && text->text() == tag;
    };
    if (job.find("parent_job_id")) return false;
    const auto metadata = job.find("metadata");
    return is_tag(job.find("name")) || (metadata && is_tag(metadata->find("qmtl_tag")));
  }

  std::string estimate_path(const Sweep& sweep, std::int64_t shots) const {
    std::int64_t one = 0, two = 0;
    for (const auto& gate : ionq_circuit(bind_row(sweep, 0), options_.gates))
      ++(gate.contains("control") || gate.contains("targets") ? two : one);
    return "/jobs/estimate?backend=" + url_encoded(options_.backend) +
           "&type=ionq.circuit.v1&qubits=" + std::to_string(ionq_width(sweep.program)) +
           "&shots=" + std::to_string(shots) + "&1q_gates=" + std::to_string(one) +
           "&2q_gates=" + std::to_string(two) +
           "&error_mitigation=" + (options_.debiasing ? "true" : "false");
  }

  static DeviceProgram bind_row(const Sweep& sweep, std::size_t row) {
    return with_inputs(sweep.program, sweep.row(row));
  }

  Json job_body(const DeviceJob& job) const {
    std::vector<DeviceProgram> circuits;
    for (std::size_t s = 0; s < job.sweeps.size(); ++s)
      for (std::size_t row = 0; row < job.sweeps[s].rows; ++row) {
        circuits.push_back(bind_row(job.sweeps[s], row));
        circuits.back().name = "s" + std::to_string(s) + "r" + std::to_string(row);
      }
    Json body{{"type", "ionq.multi-circuit.v1"},
              {"backend", options_.backend},
              {"name", job.tag},
              {"shots", job.shots},
              {"metadata", {{"qmtl_tag", job.tag}}},
              {"input", ionq_inputs(circuits, options_.gates)}};
    // Said in any case: devices debias by themselves from 500 shots on.
    if (options_.backend != "simulator")
      body["settings"]["error_mitigation"]["debiasing"] = options_.debiasing;
    if (!options_.noise_model.empty()) body["noise"]["model"] = options_.noise_model;
    if (!options_.session.empty()) body["session_id"] = options_.session;
    if (options_.dry_run) body["dry_run"] = true;
    return body;
  }

  static JobState state_of(const SortedJsonField& status) {
    const std::string& text = status.text();
    if (text == "submitted" || text == "ready") return JobState::queued;
    if (text == "started" || text == "running") return JobState::running;
    if (text == "completed") return JobState::completed;
    if (text == "failed") return JobState::failed;
    if (text == "canceled" || text == "cancelled") return JobState::cancelled;
    status.wrong("submitted, ready, started, completed, failed or canceled");
  }

  std::string failure_of(const SortedJsonField& job) {
    std::string words = "no reason given";
    if (const auto failure = job.find("failure")) {
      words.clear();
      if (const auto code = failure->find("code"); code && code->is_text()) words = code->text() + ": ";
      if (const auto message = failure->find_any({"message", "error"}); message && message->is_text())
        words += message->text();
    }
    return service_->redactor().clean(words);
  }

  /// The jobs of the circuits, in their order; a job of one circuit may be its own. Throws EndpointError for
  /// a job without results.
  std::vector<std::string> circuits_of(const SortedJsonField& parent, const std::string& id,
                                       const DeviceJob& job) {
    const JobState state = state_of(parent.at("status"));
    const auto refuse = [&](EndpointFault fault, const std::string& what) {
      throw EndpointError(fault, "ionq: job " + id + " " + what);
    };
    if (pending(state)) refuse(EndpointFault::not_ready, "is not completed");
    if (state == JobState::cancelled) refuse(EndpointFault::refused, "was cancelled");
    if (const auto dry = parent.find("dry_run"); dry && dry->boolean())
      refuse(EndpointFault::refused, "was a dry run: it has no results");
    std::vector<std::string> ids;
    if (const auto list = parent.find("child_job_ids"))
      for (const SortedJsonField& child : list->list()) ids.push_back(identifier(child));
    if (state == JobState::failed && ids.empty())
      refuse(EndpointFault::refused, "failed: " + failure_of(parent));
    std::size_t rows = 0;
    for (const Sweep& sweep : job.sweeps) rows += sweep.rows;
    if (ids.empty() && rows == 1) ids.push_back(id);
    if (ids.size() != rows)
      refuse(EndpointFault::malformed, "has " + std::to_string(ids.size()) + " circuits, expected " +
                                           std::to_string(rows) + "; are these the results of another job?");
    return ids;
  }

  /// {child: states} of all circuits in one answer, where the service gives addresses of results.
  std::optional<SortedJsonField> shared_results(const SortedJsonField& parent, const std::string& id,
                                                std::size_t circuits) {
    const auto results = parent.find("results");
    if (circuits < 2 || !results || !results->find("probabilities")) return std::nullopt;
    return ready(job_path(id) + "/results/probabilities" + sharpening());
  }

  std::optional<double> cost_of(const std::string& id) {
    const std::string path = job_path(id) + "/cost";
    const auto response = service_->read_existing(path);
    if (!response) return std::nullopt;
    const SortedJsonField answer = service_->json(*response, "GET " + service_->base() + path);
    const auto cost = answer.find("cost");
    if (!cost) return std::nullopt;
    return not_negative(cost->is_object() ? cost->at("value") : *cost);
  }

  /// One circuit's counts; a child that failed is written down as missing.
  Counts fetch_row(const std::string& child, const IonqReading& reading, std::uint64_t key,
                   const std::string& place, JobResult& result) {
    const SortedJsonField job = service_->read_json(job_path(child));
    const JobState state = state_of(job.at("status"));
    if (state == JobState::failed || state == JobState::cancelled) {
      result.missing.push_back(place + ": " + (state == JobState::failed ? failure_of(job) : "cancelled"));
      return {};
    }
    const auto results = job.find("results");
    if (state != JobState::completed || !results)
      throw EndpointError(EndpointFault::not_ready, "ionq: job " + child + " has no results yet");
    const IonqCounts counts = read_results(child, *results, reading, key);
    result.dropped += counts.dropped;
    return counts.counts;
  }

  IonqCounts read_results(const std::string& child, const SortedJsonField& results,
                          const IonqReading& reading, std::uint64_t key) {
    // Artifacts say more than addresses: shots carry leakage, histograms are exact counts.
    for (const char* form :
         {"ionq.result.shots.json.v2", "ionq.result.histogram.json.v2", "ionq.result.histogram.json.v1",
          "ionq.result.probabilities.json.v2", "ionq.result.probabilities.json.v1"}) {
      const auto artifact = results.find(form);
      if (!artifact || ideal()) continue;
      const SortedJsonField answer = ready(job_path(child) + "/artifacts/" + identifier(artifact->at("id")));
      const std::string_view name = form;
      if (name.find("shots") != std::string_view::npos) return read_ionq_shots(answer, reading);
      if (name.find("histogram") != std::string_view::npos) return count_ionq(answer, reading);
      return round_ionq(answer, reading);
    }
    std::string path = job_path(child) + "/results/probabilities" + sharpening();
    if (const auto artifact = results.find("ionq.result.probabilities.json.v1");
        artifact && !results.find("probabilities"))
      path = job_path(child) + "/artifacts/" + identifier(artifact->at("id"));
    return read_states(ready(path), reading, key);
  }

  IonqCounts read_states(const SortedJsonField& states, const IonqReading& reading, std::uint64_t key) const {
    return ideal() ? sample_ionq(states, reading, key) : round_ionq(states, reading);
  }

  std::string sharpening() const { return options_.sharpen.empty() ? "" : "?sharpen=" + options_.sharpen; }

  /// The ideal simulator ignores shots and answers with exact probabilities.
  bool ideal() const {
    return options_.backend == "simulator" &&
           (options_.noise_model.empty() || options_.noise_model == "ideal");
  }

  /// A result that a completed job should have, if not yet.
  SortedJsonField ready(const std::string& path) {
    const auto response = service_->read_existing(path);
    const std::string source = "GET " + service_->base() + path;
    if (!response)
      throw EndpointError(EndpointFault::not_ready, source + ": these results are not there yet");
    return service_->json(*response, source);
  }

  IonqOptions options_;
  std::unique_ptr<RestService> service_;
  std::optional<EndpointInfo> info_;
};

/// `gateset` of the endpoint's file, or for "native" what the backend, or the simulator's noise, has.
IonqGates read_gates(EndpointSettings& settings, const IonqOptions& options) {
  const std::string asked = settings.text("gateset", "qis");
  if (asked == "native") {
    const bool aria = (options.backend + options.noise_model).find("aria") != std::string::npos;
    return aria ? IonqGates::ms : IonqGates::zz;
  }
  for (const IonqGatesName& row : ionq_gates)
    if (row.name == asked) return row.gates;
  throw usage_error(settings.file() + ": gateset: expected qis, native, ms or zz, found '" + asked + "'");
}

std::string ionq_base(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with("/v0.4") ? url : url + "/v0.4";
}

}  // namespace

std::unique_ptr<Endpoint> make_ionq_endpoint(EndpointConfig config) {
  EndpointSettings& settings = config.settings;
  IonqOptions options;
  options.backend = settings.text("backend", "simulator");
  options.noise_model = settings.text("noise_model", "");
  options.gates = read_gates(settings, options);
  options.session = settings.text("session_id", "");
  options.own_session = settings.boolean("session", false);
  if (options.own_session && !options.session.empty())
    throw usage_error(settings.file() + ": session: expected false with a session_id, found true");
  options.debiasing = settings.boolean("debiasing", false);
  options.dry_run = settings.boolean("dry_run", false);
  if (settings.has("sharpen")) options.sharpen = settings.boolean("sharpen", false) ? "true" : "false";
  const char* const usual = std::getenv("IONQ_API_URL");
  const std::string base = ionq_base(settings.text("url", usual ? usual : "https://api.ionq.co"));
  auto key = std::make_shared<Secret>(read_secret(settings, {"IONQ_API_KEY", "QISKIT_IONQ_API_TOKEN"}));
  const HttpOptions http = http_options(settings);
  const RetryPolicy retries = retry_policy(settings);
  settings.finish();
  auto service = std::make_unique<RestService>(base, http, retries, machine_clock(), [key](bool) {
    return std::vector<HttpHeader>{{"Authorization", "apiKey " + key->reveal()}};
  });
  service->redactor().add(*key);
  return std::make_unique<IonqEndpoint>(std::move(options), std::move(service));
}

}  // namespace qmtl
