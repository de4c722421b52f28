// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/ibm_sessions.h"

#include <algorithm>

#include "hardware/http/text_codes.h"

namespace qmtl {
namespace {

std::string session_path(const std::string& id) { return "/sessions/" + url_encoded(id); }

}  // namespace

std::string IbmSessions::open(const std::string& backend, std::optional<double> most_cost) {
  constexpr double service_limit = 8 * 3600;
  nlohmann::ordered_json body{{"mode", mode_}, {"backend", backend}};
  std::int64_t life = longest_;
  if (most_cost && price_ > 0 && mode_ == "dedicated") {
    const auto most = static_cast<std::int64_t>(std::clamp(*most_cost / price_, 1.0, service_limit));
    life = life > 0 ? std::min(life, most) : most;
  }
  if (life > 0) body["max_ttl"] = life;
  const HttpResponse response = service_.post("/sessions", body.dump());
  return service_.accepted(response, "POST " + service_.base() + "/sessions",
                           [](const SortedJsonField& answer) { return identifier(answer.at("id")); });
}

DeviceSession IbmSessions::ask(const std::string& id) {
  const std::string path = session_path(id);
  const auto response = service_.read_existing(path);
  if (!response) return {false, true, std::nullopt};
  const SortedJsonField answer = service_.json(*response, "GET " + service_.base() + path);
  DeviceSession session;
  session.ended = answer.at("state").text() == "closed";
  session.accepts = !session.ended && answer.at("accepting_jobs").boolean();
  const auto mode = answer.find("mode");
  const auto elapsed = answer.find("elapsed_time");
  if (price_ > 0 && mode && mode->text() == "dedicated" && elapsed) {
    if (elapsed->number() < 0) elapsed->wrong("a time that is not negative");
    session.cost = elapsed->number() * price_;
  }
  return session;
}

void IbmSessions::close(const std::string& id) {
  if (ask(id).accepts) service_.put("PATCH", session_path(id), R"({"accepting_jobs": false})");
}

}  // namespace qmtl
