// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/rest_service.h"

#include <string>

namespace qmtl {
namespace {

/// What a status without success means for a call that may be repeated.
EndpointFault read_fault(int status) {
  return is_passing(status) ? EndpointFault::transient : EndpointFault::refused;
}

/// For a call that may have changed something. 429 and 503 are said before anything is accepted; behind the
/// other faults of gateways and servers it may have been.
EndpointFault post_fault(int status) {
  if (status == 429 || status == 503) return EndpointFault::transient;
  return status >= 300 && status < 500 ? EndpointFault::refused : EndpointFault::uncertain;
}

double positive(EndpointSettings& settings, const std::string& key, double otherwise) {
  const double value = settings.number(key, otherwise);
  if (!(value > 0))
    throw usage_error(settings.file() + ": " + key + ": expected a number above 0, found " +
                      settings.text(key));
  return value;
}

}  // namespace

HttpOptions http_options(EndpointSettings& settings) {
  HttpOptions options;
  options.ca_file = settings.text("ca_file", "");
  options.allow_plain_http = settings.boolean("allow_plain_http", false);
  options.timeout = positive(settings, "timeout", options.timeout);
  options.connect_timeout = positive(settings, "connect_timeout", options.connect_timeout);
  options.body_limit = static_cast<std::size_t>(
      std::min(positive(settings, "body_limit", static_cast<double>(options.body_limit)), 4e9));
  return options;
}

RetryPolicy retry_policy(EndpointSettings& settings) {
  RetryPolicy policy;
  policy.attempts = static_cast<int>(std::min(1000.0, positive(settings, "retry_attempts", policy.attempts)));
  policy.total = positive(settings, "retry_seconds", policy.total);
  return policy;
}

RestService::RestService(std::string base, const HttpOptions& options, const RetryPolicy& policy,
                         ServiceClock& clock, Headers headers)
    : base_(std::move(base)),
      policy_(policy),
      clock_(clock),
      headers_(std::move(headers)),
      client_(options) {}

HttpRequest RestService::request(const Call& call, bool fresh) {
  HttpRequest request{call.method, base_ + call.path, headers_(fresh), call.body};
  request.headers.push_back({"Accept", "application/json"});
  if (call.method != "GET") request.headers.push_back({"Content-Type", call.type});
  return request;
}

HttpResponse RestService::send(const Call& call) {
  HttpResponse response = send_repeating(client_, request(call, false), policy_, clock_);
  if (response.status == 401) response = send_repeating(client_, request(call, true), policy_, clock_);
  return response;
}

std::optional<HttpResponse> RestService::read_existing(const std::string& path) {
  const Call call{"GET", path, "", ""};
  HttpResponse response = send(call);
  if (response.status == 204 || response.status == 404) return std::nullopt;
  if (!response.ok()) fail(read_fault(response.status), call, response);
  return response;
}

HttpResponse RestService::repeat(const Call& call) {
  HttpResponse response = send(call);
  if (!response.ok()) fail(read_fault(response.status), call, response);
  return response;
}

HttpResponse RestService::post(const std::string& path, const std::string& body, const std::string& type) {
  const Call call{"POST", path, body, type};
  const auto once = [&](bool fresh) {
    const HttpRequest sent = request(call, fresh);
    try {
      return client_.send(sent);
    } catch (const EndpointError& error) {
      // An answer came, so the service had the request: what it did is not known.
      if (error.fault() == EndpointFault::malformed)
        throw EndpointError(EndpointFault::uncertain, error.what());
      throw;
    }
  };
  HttpResponse response = once(false);
  if (response.status == 401) response = once(true);
  if (!response.ok()) fail(post_fault(response.status), call, response);
  return response;
}

void RestService::fail(EndpointFault fault, const Call& call, const HttpResponse& response) const {
  std::string message =
      call.method + " " + base_ + call.path + ": status " + std::to_string(response.status) + ": ";
  if (response.status >= 300 && response.status < 400)
    message += "redirects are not followed; set the service's own url";
  else
    message += service_words(response.body, redactor_);
  if (const std::string* wait = response.header("Retry-After"); wait && fault == EndpointFault::transient)
    message += " (asks to wait: " + redactor_.clean(*wait, 40) + ")";
  throw EndpointError(fault, message);
}

}  // namespace qmtl
