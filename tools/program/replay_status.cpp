// SPDX-License-Identifier: Apache-2.0
#include "tools/program/replay_status.h"

#include <algorithm>
#include <cstdio>

#include "runtime/base/error.h"
#include "tools/workflows/replay/endpoint_file.h"

namespace qmtl {

using Json = nlohmann::ordered_json;

Json replay_plan_json(const ReplaySession& session, const std::string& folder) {
  const ReplayPrograms& programs = session.programs;
  Json json{{"folder", folder},
            {"identity", session.identity},
            {"endpoint",
             {{"kind", session.request.endpoint_kind},
              {"backend", session.request.endpoint_backend},
              {"place", session.request.endpoint_place}}},
            {"samples", session.model.rows.size()},
            {"programs", session.parts.size()},
            {"shots", session.plan.shots},
            {"gates", programs.gates},
            {"two_qubit_gates", programs.two_qubit_gates},
            {"depth", programs.depth}};
  int qubits = 0;
  for (const ReplayProgram& program : programs.all) {
    std::vector<bool> used(static_cast<std::size_t>(program.sweep.program.qubits));
    for (const DeviceOp& op : program.sweep.program.ops) {
      used[static_cast<std::size_t>(op.q0)] = true;
      if (op.q1 >= 0) used[static_cast<std::size_t>(op.q1)] = true;
    }
    qubits = std::max(qubits, static_cast<int>(std::count(used.begin(), used.end(), true)));
  }
  json["qubits"] = qubits;
  std::int64_t executions = 0;
  CostEstimate total;
  auto& jobs = json["jobs"] = Json::array();
  for (std::size_t j = 0; j < session.jobs.size(); ++j) {
    const DeviceJob job =
        device_job(session.jobs[j], programs.all, job_tag(session.identity, static_cast<int>(j), 1));
    const CostEstimate estimate = session.endpoint->estimate(job);
    std::size_t rows = 0;
    for (const Sweep& sweep : job.sweeps) rows += sweep.rows;
    jobs.push_back({{"phase", name(session.jobs[j].phase)},
                    {"programs", job.sweeps.size()},
                    {"rows", rows},
                    {"shots", job.shots},
                    {"executions", job.executions()},
                    {"cost", estimate.amount},
                    {"seconds", estimate.seconds}});
    executions += job.executions();
    total.amount += estimate.amount;
    total.seconds += estimate.seconds;
    if (estimate.wait_seconds)
      total.wait_seconds = std::max(total.wait_seconds.value_or(0), *estimate.wait_seconds);
    if (estimate.queue) total.queue = std::max(total.queue.value_or(0), *estimate.queue);
    total.basis = estimate.basis;
  }
  json["executions"] = executions;
  json["cost"] = {{"amount", total.amount}, {"unit", session.plan.unit}, {"basis", total.basis}};
  json["paid"] = session.plan.paid;
  json["seconds"] = total.seconds;
  json["wait_seconds"] = total.wait_seconds ? Json(*total.wait_seconds) : Json(nullptr);
  json["queue"] = total.queue ? Json(*total.queue) : Json(nullptr);
  return json;
}

namespace {

void add_line(std::string& text, std::string key, const std::string& value) {
  key.resize(16, ' ');
  text += key + value + "\n";
}

std::string shown(const Json& value) {
  if (value.is_null()) return "-";
  if (!value.is_number_float()) return value.is_string() ? value.get<std::string>() : value.dump();
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value.get<double>());
  return text;
}

/// The named fields of objects as a table.
std::string table_of(const Json& list, const std::vector<std::string>& fields) {
  std::vector<std::vector<std::string>> rows{fields};
  for (const Json& entry : list) {
    rows.emplace_back();
    for (const std::string& field : fields)
      rows.back().push_back(entry.contains(field) ? shown(entry[field]) : "-");
  }
  std::vector<std::size_t> widths(fields.size());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size() + 2);
  std::string text;
  for (auto& row : rows) {
    for (std::size_t c = 0; c + 1 < row.size(); ++c) row[c].resize(widths[c], ' ');
    for (const std::string& cell : row) text += cell;
    text += "\n";
  }
  return text;
}

}  // namespace

std::string replay_plan_table(const Json& json) {
  std::string text =
      table_of(json["jobs"], {"phase", "programs", "rows", "shots", "executions", "cost", "seconds"});
  text += "\n";
  const Json& endpoint = json["endpoint"];
  add_line(text, "endpoint",
           shown(endpoint["kind"]) + ", " + shown(endpoint["backend"]) + " at " + shown(endpoint["place"]));
  add_line(text, "samples", shown(json["samples"]));
  add_line(text, "programs",
           shown(json["programs"]) + " of up to " + shown(json["qubits"]) + " qubits, depth " +
               shown(json["depth"]) + ", " + shown(json["gates"]) + " gates, " +
               shown(json["two_qubit_gates"]) + " of them on two qubits");
  add_line(text, "shots", json["shots"].dump());
  add_line(text, "executions", shown(json["executions"]));
  add_line(text, "cost",
           shown(json["cost"]["amount"]) + " " + shown(json["cost"]["unit"]) + " (" +
               shown(json["cost"]["basis"]) + ")");
  add_line(text, "time",
           shown(json["seconds"]) + " s on the device; wait " + shown(json["wait_seconds"]) +
               " s, jobs in the queue " + shown(json["queue"]));
  add_line(text, "folder", shown(json["folder"]));
  return text;
}

Json replay_status_json(const std::string& folder, const std::string& identity, const ReplayJournal& journal,
                        const std::string& endpoint) {
  Json json{{"folder", folder}, {"identity", identity}};
  std::unique_ptr<Endpoint> asked;
  auto& jobs = json["jobs"] = Json::array();
  Json states = Json::object();
  for (const JobRecord& record : journal.jobs()) {
    const JournalEntry& last = record.last;
    Json job{{"job", last.job},
             {"tag", last.tag},
             {"state", name(last.state)},
             {"ids", last.ids},
             {"executions", last.executions},
             {"estimate", last.estimate},
             {"spent", record.spent()}};
    if (!last.detail.empty()) job["detail"] = last.detail;
    if (!endpoint.empty() && last.state == ReplayState::submitted) {
      try {
        if (!asked) asked = make_endpoint(read_endpoint(endpoint));
        const JobStatus status = asked->status(last.ids.front());
        job["service"] = name(status.state);
        if (status.queue) job["queue"] = *status.queue;
        if (status.wait_seconds) job["wait_seconds"] = *status.wait_seconds;
      } catch (const EndpointError& error) {
        job["service"] = std::string("not known: ") + error.what();
      }
    }
    const std::string state(name(last.state));
    states[state] = states.value(state, 0) + 1;
    jobs.push_back(std::move(job));
  }
  json["states"] = states;
  json["spent"] = journal.spent();
  return json;
}

std::string replay_status_table(const Json& json) {
  std::string text =
      table_of(json["jobs"], {"job", "state", "executions", "estimate", "spent", "service", "tag", "detail"});
  text += "\n";
  std::string states;
  for (const auto& [state, count] : json["states"].items())
    states += (states.empty() ? "" : ", ") + count.dump() + " " + state;
  add_line(text, "jobs", states);
  add_line(text, "spent", shown(json["spent"]));
  add_line(text, "folder", shown(json["folder"]));
  return text;
}

}  // namespace qmtl
