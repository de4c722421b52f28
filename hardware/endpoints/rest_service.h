// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hardware/credentials.h"
#include "hardware/endpoint.h"
#include "hardware/endpoints/service_answer.h"
#include "hardware/http/http_client.h"
#include "hardware/http/retry.h"

namespace qmtl {

/// Settings that all services over HTTP have: ca_file, allow_plain_http, timeout, connect_timeout,
/// body_limit.
HttpOptions http_options(EndpointSettings& settings);
/// Likewise retry_attempts, retry_seconds.
RetryPolicy retry_policy(EndpointSettings& settings);

/// One REST service that speaks JSON: calls, and what their failures mean.
class RestService {
 public:
  /// Headers that every call has, made anew for each; `fresh` after the last ones were not accepted.
  using Headers = std::function<std::vector<HttpHeader>(bool fresh)>;

  RestService(std::string base, const HttpOptions& options, const RetryPolicy& policy, ServiceClock& clock,
              Headers headers);

  /// What texts of this service are cleaned with; add every secret that is sent to it.
  Redactor& redactor() { return redactor_; }
  const std::string& base() const { return base_; }

  /// A call that changes nothing or may be made twice, repeated after passing faults. Other statuses than
  /// success throw.
  HttpResponse read(const std::string& path) { return repeat({"GET", path, "", "application/json"}); }
  /// As read(), but nothing where the service has none of it (yet): 204 and 404.
  std::optional<HttpResponse> read_existing(const std::string& path);
  HttpResponse put(const std::string& method, const std::string& path, const std::string& body) {
    return repeat({method, path, body, "application/json"});
  }
  /// A call that must not be made twice: made once, and again only with fresh headers after a 401, which
  /// accepts nothing. Throws uncertain wherever it may have been accepted.
  HttpResponse post(const std::string& path, const std::string& body,
                    const std::string& type = "application/json");

  SortedJsonField read_json(const std::string& path) { return json(read(path), "GET " + base_ + path); }
  SortedJsonField json(const HttpResponse& response, const std::string& source) const {
    return parse_answer(response.body, source, redactor_);
  }
  /// Takes the answer of a post() apart: what cannot be understood of it is uncertain.
  template <typename Read>
  auto accepted(const HttpResponse& response, const std::string& source, Read read) const {
    try {
      return read(json(response, source));
    } catch (const EndpointError& error) {
      throw EndpointError(EndpointFault::uncertain, error.what());
    }
  }

 private:
  struct Call {
    std::string method, path, body, type;
  };
  HttpRequest request(const Call& call, bool fresh);
  HttpResponse send(const Call& call);
  HttpResponse repeat(const Call& call);
  [[noreturn]] void fail(EndpointFault fault, const Call& call, const HttpResponse& response) const;

  std::string base_;
  RetryPolicy policy_;
  ServiceClock& clock_;
  Headers headers_;
  HttpClient client_;
  Redactor redactor_;
};

}  // namespace qmtl
