// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "hardware/emulator/server.h"
#include "hardware/http/http_client.h"
#include "tests/hardware/emulator_client.h"

using namespace qmtl;
using Json = nlohmann::json;

namespace {

/// An emulator on a socket, and a client of the project for it.
struct SocketCase {
  explicit SocketCase(std::initializer_list<const char*> faults, std::size_t most_bytes = 1 << 20)
      : server(options(faults, most_bytes), "127.0.0.1", 0) {}

  static EmulatorOptions options(std::initializer_list<const char*> faults, std::size_t most_bytes) {
    EmulatorOptions options;
    options.most_bytes = most_bytes;
    options.queue = parse_queue_model("none");
    for (const char* rule : faults) options.faults.push_back(parse_fault(rule));
    return EmulatorClient::with_key(options);
  }

  HttpResponse send(HttpClient& client, const std::string& method, const std::string& path,
                    const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(server.port()) + path;
    request.headers = {{"Authorization", "apiKey " + std::string(EmulatorClient::key)}};
    request.body = body;
    return client.send(request);
  }
  HttpResponse send(const std::string& method, const std::string& path, const std::string& body = "") {
    HttpClient client{HttpOptions{}};
    return send(client, method, path, body);
  }
  std::size_t jobs() { return Json::parse(send("GET", "/v0.4/jobs").body)["jobs"].size(); }

  EmulatorServer server;
};

const std::string job = R"({"type": "ionq.circuit.v1", "backend": "simulator", "name": "n", "input":
  {"qubits": 1, "gateset": "qis", "circuit": [{"gate": "h", "target": 0}]}})";

}  // namespace

TEST_CASE("A connection is cut before the job is made, while it is answered, or after it", "[emulator]") {
  struct Row {
    const char* rule;
    std::size_t jobs;  ///< that were made although no answer came
  };
  for (const Row& row : {Row{"POST /jobs:1=drop-before", 0}, Row{"POST /jobs:1=drop-during", 1},
                         Row{"POST /jobs:1=drop-after", 1}}) {
    INFO(row.rule);
    SocketCase at({row.rule});
    bool lost = false;
    try {
      at.send("POST", "/v0.4/jobs", job);
    } catch (const EndpointError& error) {
      lost = error.fault() == EndpointFault::uncertain;
    }
    CHECK(lost);
    CHECK(at.jobs() == row.jobs);
    CHECK(at.send("POST", "/v0.4/jobs", job).status == 201);
  }
}

TEST_CASE("Large bodies are refused on both sides", "[emulator]") {
  SocketCase at({"GET whoami:1=huge-body,bytes=300000000", "GET whoami:2=huge-body,bytes=100000"});
  CHECK(at.send("POST", "/v0.4/jobs", std::string(2 << 20, ' ')).status == 413);
  try {
    at.send("GET", "/v0.4/whoami");
    FAIL("expected the client to refuse a body of 300 MB");
  } catch (const EndpointError& error) {
    CHECK(error.fault() == EndpointFault::malformed);
  }
  const HttpResponse padded = at.send("GET", "/v0.4/whoami");
  CHECK(padded.body.size() > 100000);
  CHECK(Json::parse(padded.body).is_object());
}

TEST_CASE("Many clients at once get their own jobs", "[emulator]") {
  SocketCase at({});
  constexpr int clients = 6, each = 5;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < clients; ++c)
    threads.emplace_back([&] {
      HttpClient client{HttpOptions{}};
      for (int i = 0; i < each; ++i) {
        const auto id = Json::parse(at.send(client, "POST", "/v0.4/jobs", job).body)["id"].get<std::string>();
        const auto states =
            Json::parse(at.send(client, "GET", "/v0.4/jobs/" + id + "/results/histogram").body);
        good += states["0"].get<int>() + states["1"].get<int>() == 100;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(good == clients * each);
  CHECK(at.jobs() == clients * each);
}

TEST_CASE("Clients that say nothing, or half of a request, block no others", "[emulator]") {
  SocketCase at({});
  std::vector<int> silent;
  for (int i = 0; i < 100; ++i) {
    silent.push_back(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(static_cast<std::uint16_t>(at.server.port()));
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(silent.back(), reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0);
    const std::string half = "GET /v0.4/whoami HT";
    if (i % 2 == 1)
      REQUIRE(::send(silent.back(), half.data(), half.size(), 0) == static_cast<ssize_t>(half.size()));
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK(at.send("GET", "/v0.4/whoami").status == 200);
  // Less than the server waits for a client that is silent: nobody's patience ended first.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
  for (int socket : silent) ::close(socket);
}

TEST_CASE("A port that is taken is refused with its number", "[emulator]") {
  SocketCase at({});
  CHECK_THROWS_WITH(EmulatorServer(SocketCase::options({}, 1000), "127.0.0.1", at.server.port()),
                    Catch::Contains(std::to_string(at.server.port())));
}
