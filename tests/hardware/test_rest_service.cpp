// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "hardware/endpoints/ibm_tokens.h"
#include "hardware/endpoints/rest_service.h"
#include "tests/hardware/endpoint_checks.h"
#include "tests/hardware/raw_server.h"

using namespace qmtl;

namespace {

constexpr const char* key = "the-key-of-this-test";

/// A service whose every call has the key in its headers.
struct ServiceCase {
  explicit ServiceCase(std::function<RawReply(const RawRequest&)> answer)
      : server(std::move(answer)), service(server.url(""), {}, {}, clock, [](bool fresh) {
          return std::vector<HttpHeader>{{"Authorization", std::string(fresh ? "Fresh " : "Old ") + key}};
        }) {
    service.redactor().add(Secret(key));
  }
  std::size_t calls() { return server.requests().size(); }

  FakeClock clock;
  RawServer server;
  RestService service;
};

std::string body_of(const std::string& message) { return "{\"message\": \"" + message + "\"}"; }

}  // namespace

TEST_CASE("Every status of a submit has its fault, and none is repeated", "[rest]") {
  const std::pair<int, EndpointFault> cases[] = {
      {301, EndpointFault::refused},   {302, EndpointFault::refused},   {400, EndpointFault::refused},
      {403, EndpointFault::refused},   {404, EndpointFault::refused},   {409, EndpointFault::refused},
      {413, EndpointFault::refused},   {422, EndpointFault::refused},   {423, EndpointFault::refused},
      {429, EndpointFault::transient}, {503, EndpointFault::transient}, {500, EndpointFault::uncertain},
      {502, EndpointFault::uncertain}, {504, EndpointFault::uncertain}, {520, EndpointFault::uncertain},
      {524, EndpointFault::uncertain}, {599, EndpointFault::uncertain}};
  for (const auto& [status, fault] : cases) {
    INFO("status " << status);
    ServiceCase at([status = status](const RawRequest&) {
      return http_reply(status, body_of(std::string("no ") + key), "Location: /other\r\n");
    });
    CHECK(fault_of([&] { at.service.post("/jobs", "{}"); }, key) == fault);
    CHECK(at.calls() == 1);
    CHECK(at.clock.waits.empty());
  }
}

TEST_CASE("Every status of a reading call has its fault, those that pass are repeated", "[rest]") {
  const std::tuple<int, EndpointFault, std::size_t> cases[] = {
      {302, EndpointFault::refused, 1},   {400, EndpointFault::refused, 1},
      {403, EndpointFault::refused, 1},   {404, EndpointFault::refused, 1},
      {501, EndpointFault::refused, 1},   {429, EndpointFault::transient, 6},
      {500, EndpointFault::transient, 6}, {502, EndpointFault::transient, 6},
      {503, EndpointFault::transient, 6}, {504, EndpointFault::transient, 6},
      {521, EndpointFault::transient, 6}};
  for (const auto& [status, fault, calls] : cases) {
    INFO("status " << status);
    ServiceCase at([status = status](const RawRequest&) { return http_reply(status, body_of(key)); });
    CHECK(fault_of([&] { at.service.read("/jobs/1"); }, key) == fault);
    CHECK(at.calls() == calls);
  }
  for (int status : {204, 404}) {
    ServiceCase at([status](const RawRequest&) { return http_reply(status, ""); });
    CHECK_FALSE(at.service.read_existing("/jobs/1/results").has_value());
  }
}

TEST_CASE("Credentials that are not accepted are renewed once, for submits too", "[rest]") {
  ServiceCase at([](const RawRequest& request) {
    const bool fresh = request.head.find("Fresh") != std::string::npos;
    return fresh ? http_reply(200, "{\"id\": \"j1\"}") : http_reply(401, body_of("expired"));
  });
  CHECK(at.service.read_json("/jobs/1").at("id").text() == "j1");
  CHECK(at.calls() == 2);
  CHECK(at.service.post("/jobs", "{}").ok());
  CHECK(at.calls() == 4);
  ServiceCase never([](const RawRequest&) { return http_reply(401, body_of(key)); });
  CHECK(fault_of([&] { never.service.read("/jobs/1"); }, key) == EndpointFault::refused);
  CHECK(fault_of([&] { never.service.post("/jobs", "{}"); }, key) == EndpointFault::refused);
  CHECK(never.calls() == 4);
}

TEST_CASE("A submit that was answered without sense may have been accepted", "[rest]") {
  const auto id_of = [](const SortedJsonField& answer) { return identifier(answer.at("id")); };
  for (const char* body :
       {"", "{", "[]", "{\"id\": 7}", "{\"id\": \"\"}", "{\"id\": \"../other\"}", "null"}) {
    INFO(body);
    ServiceCase at([&](const RawRequest&) { return http_reply(200, body); });
    CHECK(fault_of([&] { at.service.accepted(at.service.post("/jobs", "{}"), "POST /jobs", id_of); }, key) ==
          EndpointFault::uncertain);
  }
  ServiceCase huge([](const RawRequest&) {
    return RawReply{"HTTP/1.1 200 X\r\nContent-Length: 104857600\r\n\r\n", 100u << 20};
  });
  CHECK(fault_of([&] { huge.service.post("/jobs", "{}"); }, key) == EndpointFault::uncertain);
  CHECK(huge.calls() == 1);
}

TEST_CASE("IBM's tokens are kept until six minutes or a tenth of their life are left", "[rest]") {
  FakeClock clock;
  int given = 0;
  RawServer server([&](const RawRequest&) {
    ++given;
    return http_reply(200, "{\"access_token\": \"token-" + std::to_string(given) +
                               "\", \"expires_in\": " + (given == 1 ? "3600" : "36000") + "}");
  });
  IbmTokens tokens(server.url(""), Secret(key), {}, {}, clock);
  Redactor redactor;
  tokens.teach(redactor);
  CHECK(tokens.token(false).reveal() == "token-1");
  CHECK(server.requests().at(0).body ==
        std::string("grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=") + key);
  CHECK(server.requests().at(0).line == "POST /identity/token HTTP/1.1");
  clock.now = 3239;
  CHECK(tokens.token(false).reveal() == "token-1");
  clock.now = 3241;
  CHECK(tokens.token(false).reveal() == "token-2");
  clock.now = 3241 + 32399;
  CHECK(tokens.token(false).reveal() == "token-2");
  CHECK(tokens.token(true).reveal() == "token-3");
  CHECK(redactor.redact("token-1 token-3 the-key-of-this-test") == "[secret] [secret] [secret]");
}

TEST_CASE("IBM's tokens: refusals name the cure, damaged answers show nothing of the token", "[rest]") {
  const std::tuple<int, std::string, EndpointFault> cases[] = {
      {400, R"({"errorCode":"BXNIM0415E","errorMessage":"key the-key-of-this-test not found"})",
       EndpointFault::refused},
      {503, "busy", EndpointFault::transient},
      {200, R"({"access_token":"eyJhbGciOi)", EndpointFault::malformed},
      {200, R"({"access_token":"eyJhbGciOi","expires_in":0})", EndpointFault::malformed},
      {200, R"({"access_token":"eyJhbGciOi","expires_in":"eyJhbGciOi"})", EndpointFault::malformed},
      {200, R"({"access_token":"","expires_in":3600})", EndpointFault::malformed},
      {200, R"({"token":"eyJhbGciOi"})", EndpointFault::malformed},
      {200, std::string(100000, '['), EndpointFault::malformed}};
  for (const auto& [status, body, fault] : cases) {
    INFO(body.substr(0, 80));
    FakeClock clock;
    RawServer server([status = status, &body = body](const RawRequest&) { return http_reply(status, body); });
    IbmTokens tokens(server.url(""), Secret(key), {}, {}, clock);
    try {
      tokens.token(false);
      FAIL("expected an EndpointError");
    } catch (const EndpointError& error) {
      INFO(error.what());
      CHECK(error.fault() == fault);
      CHECK(std::string(error.what()).find("eyJhbG") == std::string::npos);
      CHECK(std::string(error.what()).find(key) == std::string::npos);
    }
  }
}
