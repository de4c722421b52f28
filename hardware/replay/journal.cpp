// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/journal.h"

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
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

bool may_follow(ReplayState from, ReplayState to) {
  return std::any_of(std::begin(steps), std::end(steps),
                     [&](const Step& step) { return step.from == from && step.to == to; });
}

ReplayState parse_state(const std::string& text) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text) return static_cast<ReplayState>(i);
  throw std::invalid_argument("unknown state '" + text + "'");
}

std::string check_of(const std::string& before, const std::string& line) {
  Sha256 hash;
  hash.update_text(before);
  hash.update_text(line);
  return hash.hex().substr(0, 16);
}

std::string line_of(Json json, std::string& check) {
  check = check_of(check, json.dump());
  json["check"] = check;
  return json.dump() + "\n";
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
  if (const auto cost = json.find("cost")) entry.cost = cost->number();
  if (const auto hash = json.find("file_hash")) entry.file_hash = hash->text();
  if (const auto detail = json.find("detail")) entry.detail = detail->text();
  return entry;
}

constexpr std::string_view journal_format = "qmtl-replay-journal";

/// The line without its check, which must be right. Throws std::exception.
Json checked(const std::string& line, std::string& check) {
  Json json = parse_json<Json>(line, std::string(journal_format));
  const std::string found = json.at("check").get<std::string>();
  json.erase("check");
  check = check_of(check, json.dump());
  if (check != found) throw std::invalid_argument("its check does not fit");
  return json;
}

}  // namespace

std::string whole_lines(const std::string& text) { return text.substr(0, text.rfind('\n') + 1); }

std::string_view name(ReplayState state) { return names[static_cast<std::size_t>(state)]; }

bool JobRecord::wrote(const std::string& file_hash) const {
  return std::find(file_hashes.begin(), file_hashes.end(), file_hash) != file_hashes.end();
}

double JobRecord::spent() const {
  const bool surely_not_sent =
      last.state == planned || (last.ids.empty() && (last.state == failed || last.state == cancelled));
  if (surely_not_sent) return before;
  const double doubles = last.ids.size() > 1 ? static_cast<double>(last.ids.size() - 1) : 0.0;
  const double one = last.cost.value_or(last.estimate);
  return before + one * (1.0 + doubles);
}

ReplayJournal::ReplayJournal(const std::string& text, std::string file, const std::string& identity,
                             Append append)
    : file_(std::move(file)), append_(std::move(append)) {
  int number = 0;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string place = file_ + ":" + std::to_string(++number) + ": ";
    Json json;
    JournalEntry entry;
    try {
      json = checked(text.substr(begin, end - begin), check_);
      if (number > 1) entry = read_entry(JsonField(json, file_));
    } catch (const std::exception&) {
      throw data_error(place +
                       "expected a line of the journal that follows the one before, found a damaged line; " +
                       "what it says of paid jobs is lost, so repair it from a copy, or look the jobs up at "
                       "the service and use a new folder");
    }
    if (number > 1) {
      take(entry, place);
    } else if (!json.is_object() || json["format"] != journal_format || json["version"] != 1) {
      throw data_error(place + "expected the format qmtl-replay-journal, version 1, found " + json.dump());
    } else if (json["identity"] != identity) {
      throw data_error(place + "expected the journal of the replay " + identity.substr(0, 12) +
                       ", found that of " + json["identity"].dump().substr(0, 14) +
                       "; use another folder for another replay");
    }
  }
  if (number > 0) return;
  const Json opening{{"format", journal_format}, {"version", 1}, {"identity", identity}};
  append_(line_of(opening, check_));
}

void ReplayJournal::record(JournalEntry entry) {
  // Copies, so that a write that fails leaves what is known as it is on disk.
  ReplayJournal next = *this;
  next.take(entry, file_ + ": ");
  const std::string line = line_of(to_json(entry), next.check_);
  append_(line);
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
  if (!may_follow(before.state, entry.state) || entry.attempt != before.attempt + (again ? 1 : 0) ||
      (entry.tag != before.tag) != again)
    throw data_error(place + "job " + std::to_string(entry.job) + ": expected what may follow " +
                     std::string(name(before.state)) + ", attempt " + std::to_string(before.attempt) +
                     ", found " + std::string(name(entry.state)) + ", attempt " +
                     std::to_string(entry.attempt));
  if (again) {
    record.before = record.spent();
    record.last = entry;
    record.last.sweeps = before.sweeps;
    record.file_hashes.clear();
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
  if (entry.state == fetched) record.file_hashes.push_back(entry.file_hash);
  if (entry.ids.empty()) record.last.ids = before.ids;
  if (!entry.cost) record.last.cost = before.cost;
}

double ReplayJournal::spent() const {
  double sum = 0;
  for (const JobRecord& job : jobs_) sum += job.spent();
  return sum;
}

}  // namespace qmtl
