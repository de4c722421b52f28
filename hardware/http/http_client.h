// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace qmtl {

struct HttpHeader {
  std::string name, value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<HttpHeader> headers;
  std::string body;
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;

  /// The first header of that name in any case, or null.
  const std::string* header(std::string_view name) const;
  bool ok() const { return status >= 200 && status < 300; }
};

struct HttpOptions {
  std::string ca_file;            ///< PEM file of a private authority; empty: those of the system
  bool allow_plain_http = false;  ///< http to other machines than this one
  double connect_timeout = 15;    ///< seconds
  double timeout = 120;           ///< seconds for a whole request
  std::size_t body_limit = std::size_t{64} << 20;    ///< bytes
  std::size_t header_limit = std::size_t{64} << 10;  ///< bytes of all response headers
};

/// HTTP/1.1 over TLS with verified certificates; redirects are not followed, nothing is repeated. One object
/// per thread; connections stay open between reading calls.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is an answer. Throws EndpointError: transient if the request was never sent, uncertain if it
  /// may have arrived but its answer is not there, refused for a URL, certificate or header that cannot do,
  /// malformed for an answer that is too large or no HTTP.
  HttpResponse send(const HttpRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether a URL's host is this machine: localhost, 127.x.x.x or [::1].
bool is_loopback(const std::string& url);

}  // namespace qmtl
