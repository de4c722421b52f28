// SPDX-License-Identifier: Apache-2.0
#include "hardware/replay/sessions.h"

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

using enum SessionState;

constexpr std::array<std::string_view, 5> session_names{"session-opening", "session-open", "session-closed",
                                                        "session-ended", "session-lost"};

SessionState parse_session_state(const std::string& text) {
  for (std::size_t i = 0; i < session_names.size(); ++i)
    if (session_names[i] == text) return static_cast<SessionState>(i);
  throw std::invalid_argument("unknown state '" + text + "'");
}

constexpr const char* if_folder_damaged =
    "what it says of open sessions is lost, so repair it from a copy, or close them at the service and use a "
    "new folder";

}  // namespace

std::string_view name(SessionState state) { return session_names[static_cast<std::size_t>(state)]; }

SessionBook::SessionBook(const std::string& text, std::string file, const std::string& identity,
                         AppendText append)
    : file_(std::move(file)), identity_(identity), append_(std::move(append)) {
  if (text.empty()) return;
  SessionRecord session;
  std::size_t number = 0;
  lines_.emplace(text, CheckedFile{"qmtl-replay-sessions", file_, identity_, if_folder_damaged}, append_,
                 CheckedLines::Reader{[&](const JsonField& line) {
                                        constexpr auto most = std::numeric_limits<std::int64_t>::max();
                                        session = {};
                                        number = static_cast<std::size_t>(line.at("session").count());
                                        session.state = parse_session_state(line.at("state").text());
                                        session.time = line.at("time").integer(0, most);
                                        if (const auto id = line.find("id")) session.id = id->text();
                                        if (const auto cost = line.find("cost"))
                                          session.cost = cost->number();
                                      },
                                      [&](const std::string& place) { take(number, session, place); }});
}

void SessionBook::take(std::size_t number, const SessionRecord& session, const std::string& place) {
  const bool fresh = number == sessions_.size() && session.state == opening;
  const bool next = number < sessions_.size() && session.state != opening &&
                    sessions_[number].state != ended && sessions_[number].state != lost;
  if (!fresh && !next)
    throw data_error(place + "expected a step of a session that is known, or the opening of session " +
                     std::to_string(sessions_.size()) + ", found session " + std::to_string(number) + " " +
                     std::string(name(session.state)));
  if (fresh) sessions_.emplace_back();
  SessionRecord& record = sessions_[number];
  record.state = session.state;
  record.time = session.time;
  if (!session.id.empty()) record.id = session.id;
  if (session.cost) record.cost = session.cost;
}

void SessionBook::record(std::size_t number, SessionRecord session) {
  if (!lines_)
    lines_.emplace("", CheckedFile{"qmtl-replay-sessions", file_, identity_, if_folder_damaged}, append_,
                   CheckedLines::Reader{});
  SessionBook next = *this;
  next.take(number, session, file_ + ": ");
  CheckedLines::Json line{{"time", session.time}, {"session", number}, {"state", name(session.state)}};
  if (!session.id.empty()) line["id"] = session.id;
  if (session.cost) line["cost"] = *session.cost;
  next.lines_->append(line);
  *this = std::move(next);
}

double SessionBook::beyond(const SessionCosts& jobs) const {
  double sum = 0;
  for (const SessionRecord& session : sessions_) {
    if (!session.cost) continue;
    const auto own = jobs.find(session.id);
    sum += std::max(0.0, *session.cost - (own == jobs.end() ? 0.0 : own->second));
  }
  return sum;
}

ReplaySessions::ReplaySessions(Endpoint& endpoint, SessionBook book, std::function<double()> now,
                               std::function<void(const std::string&)> tell)
    : endpoint_(endpoint), book_(std::move(book)), now_(std::move(now)), tell_(std::move(tell)) {}

ReplaySessions::~ReplaySessions() {
  try {
    close();
  } catch (...) {
    // Nothing may leave a destructor; the file says that it is open.
  }
}

void ReplaySessions::write(std::size_t number, SessionState state, std::string id,
                           std::optional<double> cost) {
  book_.record(number, {state, std::move(id), cost, static_cast<std::int64_t>(now_())});
}

std::string ReplaySessions::require(std::optional<double> most_cost) {
  if (!endpoint_.wants_session()) return "";
  if (!current_.empty()) {
    // Services end sessions at limits of their own.
    const DeviceSession now = endpoint_.session(current_);
    if (now.accepts) return current_;
    write(book_.sessions().size() - 1, now.ended ? ended : closed, current_, now.cost);
    current_.clear();
  }
  const std::size_t number = book_.sessions().size();
  write(number, opening, "", {});
  try {
    current_ = endpoint_.open_session(most_cost);
  } catch (const EndpointError&) {
    write(number, lost, "", {});
    throw;
  }
  write(number, open, current_, {});
  endpoint_.use_session(current_);
  tell_("session " + current_ + " opened");
  return current_;
}

void ReplaySessions::ask() {
  for (std::size_t s = 0; s < book_.sessions().size(); ++s) {
    const SessionRecord session = book_.sessions()[s];
    if (session.state != open && session.state != closed) continue;
    const DeviceSession now = endpoint_.session(session.id);
    if (now.ended || now.cost != session.cost)
      write(s, now.ended ? ended : session.state, session.id, now.cost);
  }
}

void ReplaySessions::close() {
  if (!closes_) return;
  for (std::size_t s = 0; s < book_.sessions().size(); ++s) {
    const SessionRecord session = book_.sessions()[s];
    if (session.state == opening) {
      tell_(
          "warning: the opening of a session was interrupted; it has no jobs, and the service ends it by "
          "itself");
      write(s, lost, "", {});
    }
    if (session.state != open) continue;
    if (busy_.contains(session.id) && !endpoint_.closed_sessions_execute()) continue;
    try {
      endpoint_.close_session(session.id);
      const DeviceSession now = endpoint_.session(session.id);
      write(s, now.ended ? ended : closed, session.id, now.cost);
    } catch (const EndpointError& error) {
      tell_("warning: session " + session.id + " is still open, the next command closes it: " + error.what());
    }
    if (session.id != current_) continue;
    current_.clear();
    endpoint_.use_session("");
  }
}

void ReplaySessions::add_jobs(const SessionCosts& jobs) {
  for (const auto& [session, cost] : jobs) before_[session] += cost;
}

double ReplaySessions::beyond(const SessionCosts& jobs) const {
  SessionCosts all = before_;
  for (const auto& [session, cost] : jobs) all[session] += cost;
  return book_.beyond(all);
}

}  // namespace qmtl
