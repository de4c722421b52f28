// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

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
    request.headers = {{"Authorization", "apiKey " + std::string(EmulatorClient::key)},
                       {"Content-Type", "application/json"}};
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

/// A connection that is written by hand.
struct RawClient {
  explicit RawClient(int port) : socket(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(static_cast<std::uint16_t>(port));
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0);
  }
  RawClient(const RawClient&) = delete;
  RawClient(RawClient&& other) noexcept : socket(std::exchange(other.socket, -1)) {}
  ~RawClient() {
    if (socket >= 0) ::close(socket);
  }
  /// Whether all was taken.
  bool send(const std::string& bytes) const {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t now = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) return false;
      sent += static_cast<std::size_t>(now);
    }
    return true;
  }
  /// Sends the piece again and again; returns how many bytes were taken before the server hung up.
  std::size_t flood(const std::string& piece, std::size_t most) const {
    std::size_t taken = 0;
    while (taken < most && send(piece)) taken += piece.size();
    return taken;
  }

  int socket;
};

TEST_CASE("A good request is answered within a second beside two hundred slow ones", "[emulator]") {
  SocketCase at({"GET backends:*=huge-body,bytes=100000000"});
  const std::string head = std::string("POST /v0.4/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: apiKey ") +
                           EmulatorClient::key + "\r\n";
  const std::string starts[] = {"",                                        // says nothing
                                "GET /v0.4/whoami HT",                     // half a head
                                head + "Content-Length: 100000\r\n\r\n{",  // half a body
                                head + "Transfer-Encoding: chunked\r\n\r\nff\r\n{",
                                "GET /v0.4/backends HTTP/1.1\r\nHost: x\r\n\r\n"};  // reads no answer
  std::vector<RawClient> slow;
  for (int i = 0; i < 200; ++i) {
    slow.emplace_back(at.server.port());
    CHECK(slow.back().send(starts[i % 5]));
  }
  // The best of some: a machine that does other things beside this is not what is asked about.
  std::chrono::duration<double> best(1e9);
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    CHECK(at.send("POST", "/v0.4/jobs", job).status == 201);
    best = std::min<std::chrono::duration<double>>(best, std::chrono::steady_clock::now() - start);
  }
  CHECK(best < std::chrono::seconds(1));
}

TEST_CASE("Bodies in chunks and heads without an end are cut at the limits", "[emulator]") {
  SocketCase at({}, 1 << 20);
  const std::string head = std::string("POST /v0.4/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: apiKey ") +
                           EmulatorClient::key + "\r\n";
  constexpr std::size_t much = std::size_t{64} << 20, pipes = std::size_t{16} << 20;  // what sockets hold
  {
    const RawClient client(at.server.port());
    REQUIRE(client.send(head + "Transfer-Encoding: chunked\r\n\r\n"));
    CHECK(client.flood("10000\r\n" + std::string(0x10000, ' ') + "\r\n", much) < pipes);
  }
  {
    const RawClient client(at.server.port());
    REQUIRE(client.send(head));
    CHECK(client.flood("X: y\r\n", much) < pipes);
  }
  {
    const RawClient client(at.server.port());
    CHECK(client.flood("G", much) < pipes);
  }
  CHECK(at.jobs() == 0);
  // A body in chunks that is small enough is a body like others.
  const RawClient client(at.server.port());
  REQUIRE(client.send(head + "Transfer-Encoding: chunked\r\n\r\n"));
  const std::size_t half = job.size() / 2;
  for (const std::string& part : {job.substr(0, half), job.substr(half)}) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    REQUIRE(client.send(size + part + "\r\n"));
  }
  REQUIRE(client.send("0\r\n\r\n"));
  char answer[64] = "";
  REQUIRE(::recv(client.socket, answer, sizeof answer - 1, 0) > 12);
  CHECK(std::string(answer).starts_with("HTTP/1.1 201"));
}

TEST_CASE("Comments, nesting and lists of any length are read or refused in time", "[emulator]") {
  SocketCase at({}, std::size_t{1} << 20);
  const auto submit = [&](const std::string& qasm) {
    const Json body{{"type", "ionq.qasm3.v1"}, {"backend", "simulator"}, {"input", {{"data", qasm}}}};
    return at.send("POST", "/v0.4/jobs", body.dump()).status;
  };
  const std::string program = "OPENQASM 3.0; qubit[1] q; bit[1] c; x q[0]; c[0] = measure q[0];";
  CHECK(submit("// " + std::string(200'000, 'c') + "\n" + program) == 201);
  CHECK(submit("/*" + std::string(200'000, '*') + "*/" + program) == 201);
  CHECK(submit(program + std::string(200'000, '(')) == 201);  // a job that has failed
  CHECK(at.send("POST", "/v0.4/jobs", std::string(200'000, '[')).status == 400);
  std::string wide = "[0";
  for (int i = 0; i < 200'000; ++i) wide += ",0";
  CHECK(at.send("POST", "/v0.4/jobs", wide + "]").status == 400);
}

TEST_CASE("A port that is taken is refused with its number", "[emulator]") {
  SocketCase at({});
  CHECK_THROWS_WITH(EmulatorServer(SocketCase::options({}, 1000), "127.0.0.1", at.server.port()),
                    Catch::Contains(std::to_string(at.server.port())));
}
