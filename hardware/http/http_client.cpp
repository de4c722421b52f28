// SPDX-License-Identifier: Apache-2.0
#include "hardware/http/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "hardware/endpoint.h"

namespace qmtl {
namespace {

/// Once for the process; the library asks for it before any thread uses it.
void start_library() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw Error(Exit::endpoint, "the HTTP library cannot be set up");
}

struct UrlParts {
  std::string scheme, host, user;
};

UrlParts parts_of(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  const auto refuse = [&](const char* reason) {
    throw EndpointError(EndpointFault::refused, "URL " + url + ": " + reason);
  };
  if (!parsed) throw std::bad_alloc();
  if (const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0); code != CURLUE_OK)
    refuse(curl_url_strerror(code));
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    std::string result = curl_url_get(parsed.get(), which, &text, 0) == CURLUE_OK ? text : "";
    curl_free(text);
    return result;
  };
  return {part(CURLUPART_SCHEME), part(CURLUPART_HOST), part(CURLUPART_USER)};
}

bool loopback_host(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  const bool numbers =
      std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return numbers && host.starts_with("127.");
}

/// What arrives, and why it was cut off.
struct Receipt {
  const HttpOptions& options;
  HttpResponse response;
  std::size_t header_bytes = 0;
  bool headers_end = false;  ///< the blank line behind them has come
  std::string refusal;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& receipt = *static_cast<Receipt*>(user);
  const std::size_t bytes = size * count;
  std::string& body = receipt.response.body;
  if (bytes > receipt.options.body_limit - body.size()) {
    receipt.refusal = "the answer has more than " + std::to_string(receipt.options.body_limit) + " bytes";
    return 0;
  }
  try {
    body.append(data, bytes);
  } catch (const std::exception&) {
    receipt.refusal = "memory is too short for the answer";
    return 0;
  }
  return bytes;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& receipt = *static_cast<Receipt*>(user);
  const std::size_t bytes = size * count;
  if (bytes > receipt.options.header_limit - receipt.header_bytes) {
    receipt.refusal =
        "the answer's headers have more than " + std::to_string(receipt.options.header_limit) + " bytes";
    return 0;
  }
  receipt.header_bytes += bytes;
  const std::string_view line(data, bytes);
  // A status line starts the headers anew: interim answers (1xx) come before the final one.
  if (line.starts_with("HTTP/")) receipt.response.headers.clear();
  receipt.headers_end = trimmed(line).empty();
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && !line.starts_with("HTTP/"))
    receipt.response.headers.push_back(
        {std::string(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1)))});
  return bytes;
}

/// What a failed transfer means; `sent` if any byte of the request has left.
EndpointFault fault_of(CURLcode code, bool sent) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      if (!sent) return EndpointFault::refused;
      return EndpointFault::malformed;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY:
      return EndpointFault::malformed;
    default:
      return sent ? EndpointFault::uncertain : EndpointFault::transient;
  }
}

/// A line end in a header would begin a new one.
void check_header(const HttpHeader& header, const HttpRequest& request) {
  const auto plain = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c != 0x7f; });
  };
  if (header.name.empty() || header.name.find(':') != std::string::npos || !plain(header.name) ||
      !plain(header.value))
    throw EndpointError(EndpointFault::refused, request.method + " " + request.url + ": header " +
                                                    (plain(header.name) ? header.name : "?") +
                                                    ": expected visible ASCII characters");
}

long milliseconds(double seconds) { return std::max(1L, std::lround(std::min(seconds, 1e6) * 1000)); }

using HeaderList = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

HeaderList header_list(const HttpRequest& request) {
  HeaderList list(nullptr, curl_slist_free_all);
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (!longer) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
  };
  add("Expect:");
  for (const HttpHeader& header : request.headers) {
    check_header(header, request);
    add(header.name + ": " + header.value);
  }
  return list;
}

}  // namespace

const std::string* HttpResponse::header(std::string_view name) const {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const HttpHeader& header : headers)
    if (std::equal(header.name.begin(), header.name.end(), name.begin(), name.end(),
                   [&](char a, char b) { return lower(a) == lower(b); }))
      return &header.value;
  return nullptr;
}

struct HttpClient::Impl {
  HttpOptions options;
  std::unique_ptr<CURL, void (*)(CURL*)> handle{curl_easy_init(), curl_easy_cleanup};
  char reason[CURL_ERROR_SIZE] = "";

  template <typename Value>
  void set(CURLoption option, Value value) {
    if (const CURLcode code = curl_easy_setopt(handle.get(), option, value); code != CURLE_OK)
      throw Error(Exit::endpoint,
                  std::string("the HTTP library refuses an option: ") + curl_easy_strerror(code));
  }

  void set_connection(const UrlParts& url) {
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
    if (loopback_host(url.host)) set(CURLOPT_PROXY, "");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_timeout));
    set(CURLOPT_TIMEOUT_MS, milliseconds(options.timeout));
    set(CURLOPT_ERRORBUFFER, reason);
  }

  void set_request(const HttpRequest& request, const curl_slist* headers) {
    const bool reads = request.method == "GET";
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    if (!reads) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.c_str());
      set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
      // On a connection that is kept open the library itself repeats a request whose answer never began.
      set(CURLOPT_FRESH_CONNECT, 1L);
    }
  }

  bool sent() {
    long bytes = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
  }
};

HttpClient::HttpClient(HttpOptions options) : impl_(std::make_unique<Impl>()) {
  start_library();
  impl_->options = std::move(options);
  if (!impl_->handle) throw std::bad_alloc();
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::send(const HttpRequest& request) {
  Impl& impl = *impl_;
  const std::string what = request.method + " " + request.url + ": ";
  const UrlParts url = parts_of(request.url);
  if (!url.user.empty())
    throw EndpointError(EndpointFault::refused, "URL: names and passwords do not belong into it");
  if (url.scheme != "https" && url.scheme != "http")
    throw EndpointError(EndpointFault::refused, what + "expected https, found " + url.scheme);
  if (url.scheme == "http" && !impl.options.allow_plain_http && !loopback_host(url.host))
    throw EndpointError(EndpointFault::refused, what + "plain http would show the key to everybody on the " +
                                                    "way; use https, or set allow_plain_http = true");
  Receipt receipt{impl.options, {}, 0, false, ""};
  const HeaderList headers = header_list(request);
  curl_easy_reset(impl.handle.get());
  impl.reason[0] = '\0';
  impl.set_connection(url);
  impl.set_request(request, headers.get());
  impl.set(CURLOPT_WRITEFUNCTION, take_body);
  impl.set(CURLOPT_WRITEDATA, &receipt);
  impl.set(CURLOPT_HEADERFUNCTION, take_header);
  impl.set(CURLOPT_HEADERDATA, &receipt);
  const CURLcode code = curl_easy_perform(impl.handle.get());
  if (code != CURLE_OK) {
    const std::string reason = !receipt.refusal.empty() ? receipt.refusal
                               : impl.reason[0]         ? impl.reason
                                                        : curl_easy_strerror(code);
    const EndpointFault fault = fault_of(code, impl.sent());
    const bool authority = fault == EndpointFault::refused && url.scheme == "https";
    throw EndpointError(fault, what + reason + (authority ? "; name a private authority by ca_file" : "") +
                                   (fault == EndpointFault::transient ? " (nothing was sent)" : ""));
  }
  // The library takes a connection that closes amid the headers for the end of an empty answer.
  if (!receipt.headers_end)
    throw EndpointError(EndpointFault::uncertain, what + "the answer breaks off in its headers");
  long status = 0;
  curl_easy_getinfo(impl.handle.get(), CURLINFO_RESPONSE_CODE, &status);
  receipt.response.status = static_cast<int>(status);
  if (const std::string* coding = receipt.response.header("Content-Encoding");
      coding && *coding != "identity" && !receipt.response.body.empty())
    throw EndpointError(EndpointFault::malformed, what + "the answer is compressed, which was not asked for");
  return std::move(receipt.response);
}

bool is_loopback(const std::string& url) { return loopback_host(parts_of(url).host); }

}  // namespace qmtl
