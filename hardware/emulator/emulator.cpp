// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/emulator.h"

#include <fstream>

#include "hardware/emulator/ibm_service.h"
#include "hardware/emulator/ionq_service.h"
#include "hardware/emulator/iqm_service.h"
#include "hardware/emulator/routes.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;

enum class Realm : std::uint8_t { token, ibm, ionq, iqm, own };

struct Prefix {
  const char* path;
  Realm realm;
};
constexpr std::array<Prefix, 5> prefixes{{{"/identity", Realm::token},
                                          {"/api/v1", Realm::ibm},
                                          {"/v1", Realm::ibm},
                                          {"/v0.4", Realm::ionq},
                                          {"/_emulator", Realm::own}}};

/// A request's place: whose it is, and its path there.
struct Place {
  std::optional<Realm> realm;
  std::string path;
};

Place place_of(const std::string& path) {
  for (const Prefix& prefix : prefixes) {
    const std::string_view start = prefix.path;
    if (!path.starts_with(start) || (path.size() > start.size() && path[start.size()] != '/')) continue;
    // The token's path is whole in rules of faults; only versions are cut off.
    return {prefix.realm, prefix.realm == Realm::token ? path : path.substr(start.size())};
  }
  return {std::nullopt, path};
}

/// What faults do to an answer that was made.
void spoil(WireReply& reply, const FaultSet& faults) {
  if (faults.has(FaultAction::truncate_json)) reply.body.resize(reply.body.size() / 2);
  if (faults.has(FaultAction::not_json)) {
    reply.body = "<!doctype html><title>Service</title><p>Please try again later.";
    reply.type = "text/html";
  }
  if (const Fault* fault = faults.find(FaultAction::huge_body))
    reply.blanks = static_cast<std::size_t>(std::min(std::max(fault->value("bytes", 1e9), 0.0), 1e12));
  if (const Fault* fault = faults.find(FaultAction::slow)) reply.delay = fault->value("seconds", 1.0);
  if (faults.has(FaultAction::drop_during)) reply.cut = WireCut::halfway;
  if (faults.has(FaultAction::drop_after)) reply.cut = WireCut::unanswered;
}

}  // namespace

struct Emulator::Impl {
  Emulation emulation;
  IbmService ibm;
  IonqService ionq;
  IqmService iqm;
  FaultPlan plan;
  std::ofstream log;

  explicit Impl(EmulatorOptions options)
      : emulation(std::move(options)), ibm(emulation), ionq(emulation), iqm(emulation) {
    plan.set(emulation.options().faults);
    if (emulation.options().log.empty()) return;
    log.open(emulation.options().log, std::ios::app);
    if (!log) throw data_error(emulation.options().log + ": cannot be opened to write the log of requests");
  }

  WireReply refuse(const Place& place, const WireRefusal& refusal) const {
    if (place.realm == Realm::iqm) return iqm.refuse(refusal);
    return place.realm == Realm::ionq ? ionq.refuse(refusal) : ibm.refuse(refusal);
  }

  /// The emulator's own pages.
  WireReply own(const Place& place, const WireRequest& request) {
    if (!same_secret(request.header("authorization"), "Bearer " + emulation.options().token))
      throw WireRefusal{401, 0, "expected the header Authorization: Bearer TOKEN", {}};
    if (place.path != "/faults") throw WireRefusal{404, 0, "expected /_emulator/faults", {}};
    if (request.method == "PUT" || request.method == "POST") {
      const Json body = parse_request(request.body);
      std::vector<Fault> faults;
      try {
        for (const SortedJsonField& text : request_fields(body).at("faults").list())
          faults.push_back(parse_fault(text.text()));
      } catch (const Error& error) {
        throw WireRefusal{400, 0, error.what(), {}};
      }
      plan.set(std::move(faults));
    } else if (request.method == "DELETE") {
      plan.set({});
    } else if (request.method != "GET") {
      throw WireRefusal{405, 0, "expected GET, PUT or DELETE", {}};
    }
    Json list = Json::array();
    for (const Fault& fault : plan.faults()) list.push_back(fault.text);
    return json_reply(200, {{"faults", list}});
  }

  WireReply served(const Place& place, EmulatorCall& call) {
    if (call.request.body.size() > emulation.options().most_bytes)
      throw WireRefusal{413, 0, "the body is too large", {}};
    if (!place.realm) throw WireRefusal{404, 0, "no such path", {}};
    if (*place.realm == Realm::token) {
      if (place.path != "/identity/token") throw WireRefusal{404, 0, "no such path", {}};
      if (call.request.method != "POST") throw WireRefusal{405, 0, "expected POST", {}};
      return ibm.give_token(call);
    }
    const auto segments = path_segments(place.path);
    if (*place.realm == Realm::iqm) return iqm.answer(segments, call);
    return *place.realm == Realm::ibm ? ibm.answer(segments, call) : ionq.answer(segments, call);
  }

  WireReply reply_to(const Place& place, EmulatorCall& call) {
    if (call.faults.has(FaultAction::drop_before)) {
      WireReply reply;
      reply.status = 0;
      reply.cut = WireCut::unanswered;
      return reply;
    }
    if (call.faults.has(FaultAction::expire_token)) emulation.tokens().expire();
    if (const Fault* fault = call.faults.find(FaultAction::status)) {
      WireReply reply =
          refuse(place, {fault->status, fault->status == 429 ? 1202 : 1337, "emulated fault", {}});
      if (fault->values.contains("retry-after"))
        reply.headers.emplace_back("Retry-After",
                                   std::to_string(static_cast<std::int64_t>(fault->value("retry-after", 0))));
      return reply;
    }
    try {
      return served(place, call);
    } catch (const WireRefusal& refusal) {
      return refuse(place, refusal);
    } catch (const std::exception& error) {
      return refuse(place, {500, 1000, error.what(), {}});
    }
  }

  void write_log(const EmulatorCall& call, const WireReply& reply) {
    if (!log.is_open()) return;
    nlohmann::ordered_json line{{"time", iso_time(emulation.now())},
                                {"method", call.request.method},
                                {"path", call.request.path},
                                {"status", reply.status}};
    if (!call.job.empty()) line["job"] = call.job;
    if (!call.tag.empty()) line["tag"] = call.tag;
    if (!call.more.is_null()) line.update(call.more);
    if (const std::string faults = call.faults.text(); !faults.empty()) line["fault"] = faults;
    log << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
  }
};

Emulator::Emulator(EmulatorOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Emulator::~Emulator() = default;
const EmulatorOptions& Emulator::options() const { return impl_->emulation.options(); }

WireReply Emulator::answer(const WireRequest& request) {
  std::unique_lock lock(impl_->emulation.mutex);
  Place place = place_of(request.path);
  // IBM's and IQM's clients both want /api/v1 of the host.
  if (place.realm == Realm::ibm && impl_->iqm.wants(path_segments(place.path), request))
    place.realm = Realm::iqm;
  if (place.realm == Realm::own) {
    try {
      return impl_->own(place, request);
    } catch (const WireRefusal& refusal) {
      return impl_->refuse(place, refusal);
    }
  }
  const FaultSet faults = impl_->plan.take(request.method, place.path);
  EmulatorCall call{request, faults, lock, {}, "", "", {}};
  WireReply reply = impl_->reply_to(place, call);
  if (!faults.has(FaultAction::drop_before)) spoil(reply, faults);
  impl_->write_log(call, reply);
  return reply;
}

}  // namespace qmtl
