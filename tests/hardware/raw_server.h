// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "hardware/http/retry.h"

struct RawRequest {
  std::string line;  ///< "GET /path HTTP/1.1"
  std::string head;  ///< everything before the body
  std::string body;
};

/// What a server sends, byte by byte as the test says.
struct RawReply {
  std::string bytes;
  std::size_t blanks = 0;  ///< sent after them
  bool keep = false;       ///< the connection stays open for another request
  bool hold = false;       ///< afterwards nothing more comes until the client hangs up
  bool drip = false;       ///< afterwards a blank comes now and then until the client hangs up
};

inline RawReply http_reply(int status, const std::string& body, const std::string& headers = "") {
  return {"HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\nConnection: close\r\n" + headers + "\r\n" + body};
}

/// A server on the loopback that answers one request after another.
class RawServer {
 public:
  explicit RawServer(std::function<RawReply(const RawRequest&)> answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 16) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no socket for the test's server");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~RawServer() {
    stop_ = true;
    thread_.join();
    for (std::thread& connection : connections_) connection.join();
    close(listener_);
  }

  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::vector<RawRequest> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  bool readable(int socket) {
    while (!stop_) {
      pollfd poll_for{socket, POLLIN, 0};
      if (poll(&poll_for, 1, 10) > 0) return true;
    }
    return false;
  }

  void serve() {
    while (readable(listener_)) {
      const int connection = accept(listener_, nullptr, nullptr);
      if (connection < 0) continue;
      connections_.emplace_back([this, connection] {
        while (answer_one(connection)) {
        }
        close(connection);
      });
    }
  }

  bool receive(int connection, std::string& text) {
    char piece[65536];
    if (!readable(connection)) return false;
    const ssize_t got = recv(connection, piece, sizeof piece, 0);
    if (got <= 0) return false;
    text.append(piece, static_cast<std::size_t>(got));
    return true;
  }

  bool send_all(int connection, const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      pollfd poll_for{connection, POLLOUT, 0};
      if (stop_) return false;
      if (poll(&poll_for, 1, 10) <= 0) continue;
      const ssize_t sent =
          ::send(connection, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) return false;
      at += static_cast<std::size_t>(sent);
    }
    return true;
  }

  /// Whether another request may follow on this connection.
  bool answer_one(int connection) {
    std::string text;
    std::size_t end;
    while ((end = text.find("\r\n\r\n")) == std::string::npos)
      if (!receive(connection, text)) return false;
    RawRequest request{text.substr(0, text.find("\r\n")), text.substr(0, end), ""};
    std::size_t length = 0;
    if (const std::size_t at = request.head.find("Content-Length: "); at != std::string::npos)
      length = std::stoul(request.head.substr(at + 16));
    while (text.size() < end + 4 + length)
      if (!receive(connection, text)) return false;
    request.body = text.substr(end + 4);
    RawReply reply;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      reply = answer_(request);
    }
    if (!send_all(connection, reply.bytes)) return false;
    const std::string chunk(65536, ' ');
    for (std::size_t sent = 0; sent < reply.blanks; sent += chunk.size())
      if (!send_all(connection, chunk)) return false;
    while (reply.drip && !stop_ && send_all(connection, " ")) {
      pollfd poll_for{connection, POLLIN, 0};
      if (poll(&poll_for, 1, 10) > 0) break;
    }
    if (reply.hold) readable(connection);
    return reply.keep;
  }

  std::function<RawReply(const RawRequest&)> answer_;
  std::mutex mutex_;
  std::vector<RawRequest> requests_;
  std::atomic<bool> stop_{false};
  int listener_ = -1, port_ = 0;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

/// Time that passes only by being waited for.
class FakeClock final : public qmtl::ServiceClock {
 public:
  double steady() override { return now; }
  double wall() override { return 1'800'000'000 + now; }
  void sleep(double seconds) override {
    waits.push_back(seconds);
    now += seconds;
  }

  double now = 0;
  std::vector<double> waits;
};
