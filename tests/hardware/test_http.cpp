// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "hardware/endpoint.h"
#include "hardware/http/http_client.h"
#include "hardware/http/pacer.h"
#include "tests/hardware/endpoint_checks.h"
#include "tests/hardware/raw_server.h"

using namespace qmtl;

namespace {

HttpRequest get(const std::string& url) { return {"GET", url, {}, ""}; }
HttpRequest post(const std::string& url) { return {"POST", url, {}, "body"}; }

HttpOptions bounds(double timeout, std::size_t body_limit = 1 << 20) {
  HttpOptions options;
  options.timeout = timeout;
  options.body_limit = body_limit;
  return options;
}

/// A port where nobody listens: it was free a moment ago.
std::string closed_url() {
  return RawServer([](const RawRequest&) { return RawReply{}; }).url();
}

}  // namespace

TEST_CASE("A request arrives as it was written and asks for no compression", "[http]") {
  RawServer server([](const RawRequest&) { return http_reply(201, "made", "X-Kind: a b \r\n"); });
  HttpClient client({});
  const HttpResponse response =
      client.send({"POST", server.url("/jobs?x=1"), {{"Key", "value"}}, "{\"a\":1}"});
  CHECK(response.status == 201);
  CHECK(response.body == "made");
  REQUIRE(response.header("x-kind"));
  CHECK(*response.header("x-kind") == "a b");
  CHECK_FALSE(response.header("x-kin"));
  const RawRequest request = server.requests().at(0);
  CHECK(request.line == "POST /jobs?x=1 HTTP/1.1");
  CHECK(request.body == "{\"a\":1}");
  CHECK(request.head.find("Key: value") != std::string::npos);
  CHECK(request.head.find("Accept-Encoding") == std::string::npos);
  CHECK(request.head.find("Expect") == std::string::npos);
}

TEST_CASE("Requests that must not leave are refused", "[http]") {
  HttpClient client({});
  for (const char* url :
       {"http://example.com/", "http://10.0.0.1/", "http://127.evil.example/", "ftp://127.0.0.1/",
        "file:///etc/passwd", "http://user:word@127.0.0.1/", "nonsense url", ""}) {
    INFO(url);
    CHECK(fault_of([&] { client.send(get(url)); }) == EndpointFault::refused);
  }
  for (const HttpHeader& header : {HttpHeader{"A", "b\r\nEvil: 1"}, HttpHeader{"A\n", "b"},
                                   HttpHeader{"A:", "b"}, HttpHeader{"", "b"}, HttpHeader{"A", "\x7f"}}) {
    CAPTURE(header.name, header.value);
    CHECK(fault_of([&] {
            client.send({"GET", "http://127.0.0.1:1/", {header}, ""});
          }) == EndpointFault::refused);
  }
  CHECK(is_loopback("http://localhost:80/a"));
  CHECK(is_loopback("https://127.1.2.3"));
  CHECK(is_loopback("http://[::1]:8080/"));
  CHECK_FALSE(is_loopback("http://localhost.example.com/"));
}

TEST_CASE("A request that found no listener was never sent", "[http]") {
  HttpClient client({});
  const std::string url = closed_url();
  CHECK(fault_of([&] { client.send(post(url)); }) == EndpointFault::transient);
  CHECK(fault_of([&] { client.send(post("http://127.0.0.1:1/")); }) == EndpointFault::transient);
}

TEST_CASE("An answer that breaks off at any byte leaves the request uncertain", "[http]") {
  const std::string whole = http_reply(200, "0123456789").bytes;
  const std::size_t body = whole.size() - 10;
  for (std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{9}, std::size_t{20}, body - 1, body,
                          body + 1, whole.size() - 1}) {
    INFO("cut after " << cut << " of " << whole.size() << " bytes");
    RawServer server([&](const RawRequest&) { return RawReply{whole.substr(0, cut)}; });
    HttpClient client({});
    // A line of a status that is cut may also be taken for no HTTP at all.
    const EndpointFault fault = fault_of([&] { client.send(post(server.url())); });
    CHECK((fault == EndpointFault::uncertain || (cut < 12 && fault == EndpointFault::malformed)));
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("A connection that was kept open and dies does not make a second job", "[http]") {
  RawServer server([](const RawRequest& request) {
    if (request.line.starts_with("GET"))
      return RawReply{"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok", 0, true};
    return RawReply{};
  });
  HttpClient client({});
  CHECK(client.send(get(server.url())).body == "ok");
  CHECK(fault_of([&] { client.send(post(server.url())); }) == EndpointFault::uncertain);
  CHECK(server.requests().size() == 2);
}

TEST_CASE("Answers that never end are given up in time", "[http]") {
  const std::string begin = "HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n";
  for (const RawReply& reply : {RawReply{"", 0, false, true}, RawReply{begin, 0, false, true},
                                RawReply{begin, 0, false, false, true}}) {
    INFO("sent " << reply.bytes << (reply.drip ? " and then little by little" : " and then nothing"));
    RawServer server([&](const RawRequest&) { return reply; });
    HttpClient client(bounds(0.2));
    CHECK(fault_of([&] { client.send(post(server.url())); }) == EndpointFault::uncertain);
  }
}

TEST_CASE("Bodies and headers above their limits are not taken in", "[http]") {
  constexpr std::size_t limit = 1 << 20;
  const std::string chunk(70000, 'x');
  const std::pair<const char*, RawReply> cases[] = {
      {"length said", {"HTTP/1.1 200 X\r\nContent-Length: 104857600\r\n\r\n", 100u << 20}},
      {"length not said", {"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n", 100u << 20}},
      {"chunked", {"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n", 100u << 20}},
      {"long header", {"HTTP/1.1 200 X\r\nA: " + chunk + "\r\n\r\n"}},
      {"many headers", {[] {
         std::string text = "HTTP/1.1 200 X\r\n";
         for (int i = 0; i < 20000; ++i) text += "A: b\r\n";
         return text + "\r\n";
       }()}},
      {"compressed", http_reply(200, "\x1f\x8b damaged", "Content-Encoding: gzip\r\n")},
      {"no HTTP", {"SSH-2.0-OpenSSH_9.2\r\n\r\n"}},
  };
  for (const auto& [what, reply] : cases) {
    INFO(what);
    RawServer server([&, &reply = reply](const RawRequest&) { return reply; });
    HttpClient client(bounds(20, limit));
    CHECK(fault_of([&] { client.send(get(server.url())); }) == EndpointFault::malformed);
  }
  RawServer server([&](const RawRequest&) { return http_reply(200, std::string(limit, 'y')); });
  HttpClient client(bounds(20, limit));
  CHECK(client.send(get(server.url())).body.size() == limit);
}

TEST_CASE("Redirects are answers and are not followed", "[http]") {
  RawServer server([](const RawRequest&) { return http_reply(302, "", "Location: /other\r\n"); });
  HttpClient client({});
  CHECK(client.send(get(server.url())).status == 302);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("Reading calls wait as the service asks, in seconds or until a date", "[http]") {
  FakeClock clock;
  int asked = 0;
  RawServer server([&](const RawRequest&) {
    ++asked;
    if (asked == 1) return http_reply(429, "", "Retry-After: 7\r\n");
    // 1 800 000 040 seconds after 1970; seven have passed and one was waited for on top at most.
    if (asked == 2) return http_reply(503, "", "Retry-After: Fri, 15 Jan 2027 08:00:40 GMT\r\n");
    if (asked == 3) return http_reply(500, "", "Retry-After: soon\r\n");
    return http_reply(200, "done");
  });
  HttpClient client({});
  CHECK(send_repeating(client, get(server.url()), {}, clock).body == "done");
  REQUIRE(clock.waits.size() == 3);
  CHECK(clock.waits[0] == 7);
  CHECK(clock.waits[1] == 33);
  CHECK(clock.waits[2] <= 2);  // the third wait of the doubling ones, half a second first
}

TEST_CASE("Waits double up to their cap, differ by the seed and have an end", "[http]") {
  RawServer server([](const RawRequest&) { return http_reply(503, "busy"); });
  HttpClient client({});
  const auto waits = [&](const RetryPolicy& policy) {
    FakeClock clock;
    CHECK(send_repeating(client, get(server.url()), policy, clock).status == 503);
    return clock.waits;
  };
  RetryPolicy policy;
  policy.attempts = 9, policy.longest_wait = 8;
  const auto first = waits(policy);
  CHECK(server.requests().size() == 9);
  REQUIRE(first.size() == 8);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const double full = std::min(0.5 * std::pow(2.0, static_cast<double>(i)), 8.0);
    INFO("wait " << i);
    CHECK(first[i] <= full);
    CHECK(first[i] >= full / 2);
  }
  CHECK(waits(policy) == first);
  policy.seed = 1;
  CHECK(waits(policy) != first);
  policy.attempts = 1000, policy.total = 60;
  const auto bounded = waits(policy);
  double sum = 0;
  for (double wait : bounded) sum += wait;
  CHECK(sum <= 60);
  CHECK(sum > 30);
  // Longer than there is time for: the answer is given back at once.
  RawServer patient([](const RawRequest&) { return http_reply(429, "", "Retry-After: 86400\r\n"); });
  FakeClock clock;
  CHECK(send_repeating(client, get(patient.url()), {}, clock).status == 429);
  CHECK(clock.waits.empty());
}

TEST_CASE("Statuses that pass are those of overload and gateways", "[http]") {
  for (int status : {429, 500, 502, 503, 504, 520, 521, 522, 524, 529}) CHECK(is_passing(status));
  for (int status : {200, 204, 301, 400, 401, 403, 404, 409, 413, 422, 501, 505, 530})
    CHECK_FALSE(is_passing(status));
}

TEST_CASE("Reading calls survive broken connections, and give up after their attempts", "[http]") {
  FakeClock clock;
  int asked = 0;
  RawServer server([&](const RawRequest&) {
    return ++asked < 4
               ? RawReply{http_reply(200, "0123").bytes.substr(0, static_cast<std::size_t>(asked) * 15)}
               : http_reply(200, "0123");
  });
  HttpClient client({});
  CHECK(send_repeating(client, get(server.url()), {}, clock).body == "0123");
  CHECK(clock.waits.size() == 3);
  clock.waits.clear();
  const std::string url = closed_url();
  CHECK(fault_of([&] { send_repeating(client, get(url), {}, clock); }) == EndpointFault::transient);
  CHECK(clock.waits.size() == 5);
  clock.waits.clear();
  CHECK(fault_of([&] { send_repeating(client, get("http://example.com/"), {}, clock); }) ==
        EndpointFault::refused);
  CHECK(clock.waits.empty());
}

TEST_CASE("A pacer keeps the least time between two calls", "[http]") {
  FakeClock clock;
  Pacer pacer(12, clock);
  pacer.wait();
  CHECK(clock.waits.empty());
  clock.now += 5;
  pacer.wait();
  CHECK(clock.waits == std::vector<double>{7});
  clock.now += 20;
  pacer.wait();
  CHECK(clock.waits.size() == 1);
}
