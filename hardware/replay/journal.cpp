// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/journal.h"

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/base/error.h"
#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;
using enum ReplayState;

constexpr std::array<std::string_view, 8> names{"planned", "submitting", "submitted", "completed",
                                                "fetched", "failed",     "cancelled", "abandoned"};

/// What may follow what.
struct Step {
  ReplayState from, to;
};
constexpr Step steps[] = {
    {planned, submitting},  {planned, cancelled},    {submitting, submitted},
    {submitting, planned},  // surely not accepted, or not found: the same attempt again
    {submitting, failed},   {submitting, abandoned}, {submitted, completed},
    {submitted, failed},    {submitted, cancelled},  {completed, fetched},
    {completed, failed},    {completed, cancelled},  {fetched, completed},  // its file was lost
    {fetched, fetched},                                                     // asked again, it had more rows
    {failed, planned},      {cancelled, planned},    {abandoned, planned},
    {abandoned, submitted},
};

/// Whether a line in the same state says what the service asks for a job that has ended.
bool is_charge(const JournalEntry& before, const JournalEntry& entry) {
  const bool ended = before.state == completed || before.state == fetched ||
                     ((before.state == failed || before.state == cancelled) && !before.ids.empty());
  return ended && entry.state == before.state && entry.cost && entry.file_hash.empty();
}

bool may_follow(ReplayState from, ReplayState to) {
  return std::any_of(std::begin(steps), std::end(steps),
                     [&](const Step& step) { return step.from == from && step.to == to; });
}

ReplayState parse_state(const std::string& text) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text) return static_cast<ReplayState>(i);
  throw std::invalid_argument("unknown state '" + text + "'");
}

Json to_json(const JournalEntry& entry) {
  Json json{{"time", entry.time},
            {"job", entry.job},
            {"attempt", entry.attempt},
            {"state", name(entry.state)},
            {"tag", entry.tag}};
  if (entry.state == planned) {
    json["request"] = entry.request;
    json["executions"] = entry.executions;
    json["estimate"] = entry.estimate;
    if (!entry.sweeps.empty()) json["sweeps"] = Json::array();
    for (const SweepPlace& place : entry.sweeps)
      json["sweeps"].push_back({place.program, place.first, place.rows});
  }
  if (entry.state == submitting && entry.cap) json["cap"] = *entry.cap;
  if (entry.state == submitting && !entry.session.empty()) json["session"] = entry.session;
  if (entry.state == submitted) json["ids"] = entry.ids;
  if (entry.cost) json["cost"] = *entry.cost;
  if (!entry.file_hash.empty()) json["file_hash"] = entry.file_hash;
  if (!entry.detail.empty()) json["detail"] = entry.detail;
  return json;
}

JournalEntry read_entry(const JsonField& json) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  JournalEntry entry;
  entry.time = json.at("time").integer(std::numeric_limits<std::int64_t>::min(),
                                       std::numeric_limits<std::int64_t>::max());
  entry.job = static_cast<int>(json.at("job").integer(-most, most));
  entry.attempt = static_cast<int>(json.at("attempt").integer(-most, most));
  entry.state = parse_state(json.at("state").text());
  entry.tag = json.at("tag").text();
  if (entry.state == planned) {
    entry.request = json.at("request").text();
    entry.executions = json.at("executions").count();
    entry.estimate = json.at("estimate").number();
    if (const auto sweeps = json.find("sweeps"))
      for (const JsonField& place : sweeps->list())
        entry.sweeps.push_back({static_cast<int>(place.at(0).integer(0, most)),
                                static_cast<std::size_t>(place.at(1).integer(0, most)),
                                static_cast<std::size_t>(place.at(2).integer(1, most))});
  }
  if (entry.state == submitted)
    for (const JsonField& id : json.at("ids").list()) entry.ids.push_back(id.text());
  if (const auto cap = json.find("cap")) entry.cap = cap->number();
  if (const auto session = json.find("session")) entry.session = session->text();
  if (const auto cost = json.find("cost")) entry.cost = cost->number();
  if (const auto hash = json.find("file_hash")) entry.file_hash = hash->text();
  if (const auto detail = json.find("detail")) entry.detail = detail->text();
  return entry;
}

constexpr std::string_view journal_format = "qmtl-replay-journal";

constexpr const char* if_damaged =
    "what it says of paid jobs is lost, so repair it from a copy, or look the jobs up at the service and use "
    "a "
    "new folder";

}  // namespace

std::string_view name(ReplayState state) { return names[static_cast<std::size_t>(state)]; }

bool JobRecord::wrote(const std::string& file_hash) const {
  return std::find(file_hashes.begin(), file_hashes.end(), file_hash) != file_hashes.end();
}

double JobRecord::spent_with(double unknown) const {
  const bool surely_not_sent =
      last.state == planned || (last.ids.empty() && (last.state == failed || last.state == cancelled));
  if (surely_not_sent) return before;
  const double doubles = last.ids.size() > 1 ? static_cast<double>(last.ids.size() - 1) : 0.0;
  return before + last.cost.value_or(unknown) * (1.0 + doubles);
}

double JobRecord::spent() const { return spent_with(last.estimate); }
double JobRecord::exposed() const { return spent_with(std::max(last.estimate, last.cap.value_or(0.0))); }

ReplayJournal::ReplayJournal(const std::string& text, std::string file, const std::string& identity,
                             AppendText append)
    : lines_([&] {
        JournalEntry entry;
        return CheckedLines(text, {std::string(journal_format), std::move(file), identity, if_damaged},
                            std::move(append),
                            {[&](const JsonField& line) { entry = read_entry(line); },
                             [&](const std::string& place) { take(entry, place); }});
      }()) {}

void ReplayJournal::record(JournalEntry entry) {
  // Copies, so that a write that fails leaves what is known as it is on disk.
  ReplayJournal next = *this;
  next.take(entry, lines_.file() + ": ");
  next.lines_.append(to_json(entry));
  *this = std::move(next);
}

void ReplayJournal::take(const JournalEntry& entry, const std::string& place) {
  const auto job = static_cast<std::size_t>(entry.job);
  if (entry.job < 0 || job > jobs_.size() || (job == jobs_.size() && entry.state != planned))
    throw data_error(place + "expected a job from 0 to " + std::to_string(jobs_.size()) +
                     ", the last one planned, found job " + std::to_string(entry.job) + " " +
                     std::string(name(entry.state)));
  if (job == jobs_.size()) {
    jobs_.push_back({entry});
    return;
  }
  JobRecord& record = jobs_[job];
  const JournalEntry before = record.last;
  const bool again = before.state != submitting && entry.state == planned;
  if (!(may_follow(before.state, entry.state) || is_charge(before, entry)) ||
      entry.attempt != before.attempt + (again ? 1 : 0) || (entry.tag != before.tag) != again)
    throw data_error(place + "job " + std::to_string(entry.job) + ": expected what may follow " +
                     std::string(name(before.state)) + ", attempt " + std::to_string(before.attempt) +
                     ", found " + std::string(name(entry.state)) + ", attempt " +
                     std::to_string(entry.attempt));
  if (again) {
    record.before = record.spent();
    record.last = entry;
    record.last.sweeps = before.sweeps;
    record.file_hashes.clear();
    record.end_time = 0;
    return;
  }
  if (entry.state == submitting) record.submit_time = entry.time;
  record.last = entry;
  if (entry.state != planned) {
    record.last.request = before.request;
    record.last.executions = before.executions;
    record.last.estimate = before.estimate;
  }
  record.last.sweeps = before.sweeps;
  if (entry.state == fetched && !entry.file_hash.empty()) record.file_hashes.push_back(entry.file_hash);
  if (entry.ids.empty()) record.last.ids = before.ids;
  if (entry.state != planned && entry.state != submitting) {
    record.last.cap = before.cap;
    record.last.session = before.session;
  }
  if (entry.state == completed || entry.state == failed || entry.state == cancelled)
    if (record.end_time == 0) record.end_time = entry.time;
  if (!entry.cost) record.last.cost = before.cost;
  if (entry.state == before.state && entry.detail.empty()) record.last.detail = before.detail;
}

double ReplayJournal::spent() const {
  double sum = 0;
  for (const JobRecord& job : jobs_) sum += job.spent();
  return sum;
}

double ReplayJournal::exposed() const {
  double sum = 0;
  for (const JobRecord& job : jobs_) sum += job.exposed();
  return sum;
}

std::map<std::string, double> ReplayJournal::spent_in_sessions() const {
  std::map<std::string, double> sums;
  for (const JobRecord& job : jobs_)
    if (!job.last.session.empty()) sums[job.last.session] += job.spent();
  return sums;
}

std::set<std::string> ReplayJournal::busy_sessions() const {
  std::set<std::string> sessions;
  for (const JobRecord& job : jobs_)
    if (!job.last.session.empty() && (job.last.state == submitting || job.last.state == submitted))
      sessions.insert(job.last.session);
  return sessions;
}

}  // namespace qmtl
