// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/server.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr int io_seconds = 30, keep_alive_seconds = 5;
/// Connections that are served at once. A client that says nothing, or half of a request, keeps one.
constexpr std::size_t most_connections = 512;

/// A thread a connection, made when one is needed: clients that only stay connected block no others.
class GrowingPool final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() > waiting_ && threads_.size() < most_connections) {
      try {
        threads_.emplace_back([this] { work(); });
        return;
      } catch (const std::system_error&) {
        // No more threads to be had: those that are there take the task when they are done.
      }
    }
    changed_.notify_one();
  }
  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      ++waiting_;
      changed_.wait(lock, [&] { return ended_ || !tasks_.empty(); });
      --waiting_;
      if (tasks_.empty()) return;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t waiting_ = 0;  ///< threads without a task
  bool ended_ = false;
};

/// What a request may take: its head, its body, and the time until it is here.
struct RequestBounds {
  std::size_t head = 1 << 18, body = 0;
  std::chrono::seconds time{60};
};

/// What all requests together may hold that are still being read. httplib bounds a body by its announced
/// length alone, which chunked ones do not have, and no number of headers.
class ReadBudget {
 public:
  explicit ReadBudget(std::size_t most) : left_(static_cast<std::int64_t>(most)) {}
  bool take(std::size_t bytes) {
    const auto size = static_cast<std::int64_t>(bytes);
    if (left_.fetch_sub(size) >= size) return true;
    left_ += size;
    return false;
  }
  void give_back(std::size_t bytes) { left_ += static_cast<std::int64_t>(bytes); }

 private:
  std::atomic<std::int64_t> left_;
};

/// A connection whose writing can be made to end after some bytes: that is how connections are cut.
class CuttableStream final : public httplib::Stream {
 public:
  CuttableStream(socket_t socket, const RequestBounds& bounds, ReadBudget& budget)
      : socket_(socket), bounds_(bounds), budget_(budget) {}
  ~CuttableStream() override { budget_.give_back(taken_); }

  /// The next request begins.
  void begin() {
    budget_.give_back(taken_);
    taken_ = read_ = line_ = 0;
    head_ = true;
    head_text_.clear();
    until_ = std::chrono::steady_clock::now() + bounds_.time;
  }

  bool ready(short events, int seconds) const {
    pollfd waiting{socket_, events, 0};
    return ::poll(&waiting, 1, 1000 * seconds) > 0;
  }
  bool is_readable() const override { return ready(POLLIN, io_seconds); }
  bool is_writable() const override { return !cut_ && ready(POLLOUT, io_seconds); }
  ssize_t read(char* at, size_t size) override {
    if (read_ >= (head_ ? bounds_.head : bounds_.body) || std::chrono::steady_clock::now() > until_)
      return fail();
    const ssize_t got = is_readable() ? ::recv(socket_, at, size, 0) : -1;
    if (got > 0 && !account(std::string_view(at, static_cast<std::size_t>(got)))) return fail();
    return got;
  }
  ssize_t write(const char* at, size_t size) override {
    if (!is_writable()) return -1;
    // The first write is the head, the second begins the body.
    if (halfway_ && ++writes_ == 2) left_ = size / 2;
    const std::size_t allowed = std::min(size, left_);
    if (allowed < size) cut_ = true;
    std::size_t sent = 0;
    while (sent < allowed) {
      const ssize_t now = ::send(socket_, at + sent, allowed - sent, MSG_NOSIGNAL);
      if (now <= 0) return -1;
      sent += static_cast<std::size_t>(now);
    }
    left_ -= allowed;
    return cut_ ? -1 : static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { address(::getpeername, ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { address(::getsockname, ip, port); }
  socket_t socket() const override { return socket_; }

  void cut_now() { left_ = 0; }
  /// Lets the head and half of the body through.
  void cut_halfway() { halfway_ = true; }
  /// Whether nothing more is said or heard.
  bool cut() const { return cut_ || failed_; }
  /// The head of the request as it came: httplib decodes %41 in its values.
  const std::string& head() const { return head_text_; }

 private:
  ssize_t fail() {
    failed_ = true;
    return -1;
  }
  bool account(std::string_view bytes) {
    read_ += bytes.size();
    if (!budget_.take(bytes.size())) return false;
    taken_ += bytes.size();
    if (!head_) return true;
    // httplib reads a head byte by byte; an empty line ends it.
    head_text_ += bytes;
    for (char c : bytes) {
      if (c == '\n' && line_ == 0 && read_ > 2) {
        head_ = false;
        read_ = 0;
        return true;
      }
      line_ = c == '\n' ? 0 : c == '\r' ? line_ : line_ + 1;
    }
    return true;
  }
  template <class Ask>
  void address(Ask ask, std::string& ip, int& port) const {
    sockaddr_in found{};
    socklen_t size = sizeof found;
    char text[INET_ADDRSTRLEN] = "";
    if (ask(socket_, reinterpret_cast<sockaddr*>(&found), &size) != 0 || found.sin_family != AF_INET) return;
    ::inet_ntop(AF_INET, &found.sin_addr, text, sizeof text);
    ip = text;
    port = ntohs(found.sin_port);
  }

  socket_t socket_;
  const RequestBounds& bounds_;
  ReadBudget& budget_;
  std::size_t taken_ = 0, read_ = 0, line_ = 0;  ///< of the budget; of the head or body; bytes of the line
  bool head_ = true, failed_ = false;
  std::string head_text_;
  std::chrono::steady_clock::time_point until_;
  std::size_t left_ = SIZE_MAX;
  bool halfway_ = false;
  int writes_ = 0;
  bool cut_ = false;
};

/// The connection whose request this thread answers.
thread_local CuttableStream* current_stream = nullptr;

/// httplib's server with connections that can be cut.
class CuttableServer final : public httplib::Server {
 public:
  explicit CuttableServer(std::size_t most_bytes) : budget_(4 * most_bytes + (std::size_t{1} << 26)) {
    // Chunks have their lengths between them.
    bounds_.body = most_bytes + most_bytes / 8 + (1 << 16);
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    CuttableStream stream(socket, bounds_, budget_);
    current_stream = &stream;
    bool closed = false;
    while (!closed && svr_sock_ != INVALID_SOCKET && stream.ready(POLLIN, keep_alive_seconds)) {
      stream.begin();
      if (!process_request(stream, false, closed, nullptr) || stream.cut()) break;
    }
    current_stream = nullptr;
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
    return true;
  }

  RequestBounds bounds_;
  ReadBudget budget_;
};

WireRequest wire_of(const httplib::Request& request) {
  WireRequest wire;
  wire.method = request.method;
  wire.path = request.path;
  wire.body = request.body;
  for (const auto& [key, value] : request.params) wire.query.emplace(key, value);
  // A body that is a form is among httplib's parameters too; the emulator reads it itself.
  if (request.target.find('?') == std::string::npos) wire.query.clear();
  std::string_view head = current_stream->head();
  head.remove_prefix(std::min(head.find('\n'), head.size() - 1) + 1);
  while (!head.empty()) {
    const std::size_t end = std::min(head.find('\n'), head.size() - 1);
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon)), value(line.substr(colon + 1));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
    value.erase(value.find_last_not_of(" \t\r") + 1);
    wire.headers[name] = value;
  }
  return wire;
}

/// The body of a request with a method for which httplib reads none: some clients send one with a GET, and it
/// would be taken for the next request.
void read_unexpected_body(WireRequest& wire) {
  constexpr std::size_t most = 1 << 16;
  const std::string length = wire.header("content-length");
  std::size_t size = 0;
  std::from_chars(length.data(), length.data() + length.size(), size);
  if (wire.method != "GET" || size == 0) return;
  std::string body(std::min(size, most), '\0');
  std::size_t got = 0;
  while (got < body.size()) {
    const ssize_t now = current_stream->read(body.data() + got, body.size() - got);
    if (now <= 0) break;
    got += static_cast<std::size_t>(now);
  }
  body.resize(got);
  if (got == size) wire.body = std::move(body);
}

void send_blanks(httplib::Response& response, const WireReply& reply) {
  const std::size_t blanks = reply.blanks;
  response.set_content_provider(
      blanks + reply.body.size(), reply.type.c_str(),
      [blanks, body = reply.body](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        static const std::string chunk(1 << 16, ' ');
        return offset < blanks ? sink.write(chunk.data(), std::min({chunk.size(), length, blanks - offset}))
                               : sink.write(body.data() + (offset - blanks),
                                            std::min(length, body.size() - (offset - blanks)));
      });
}

void send(const WireReply& reply, httplib::Response& response) {
  if (reply.delay > 0) std::this_thread::sleep_for(std::chrono::duration<double>(reply.delay));
  response.status = reply.status == 0 ? 500 : reply.status;
  for (const auto& [name, value] : reply.headers) response.set_header(name, value);
  if (reply.blanks > 0)
    send_blanks(response, reply);
  else if (!reply.body.empty())
    response.set_content(reply.body, reply.type);
  if (reply.cut == WireCut::unanswered) current_stream->cut_now();
  if (reply.cut == WireCut::halfway) current_stream->cut_halfway();
}

}  // namespace

struct EmulatorServer::Impl {
  Emulator emulator;
  CuttableServer server;
  std::thread thread;
  int port = 0;

  explicit Impl(EmulatorOptions options)
      : emulator(std::move(options)), server(emulator.options().most_bytes) {
    server.new_task_queue = [] { return new GrowingPool; };
    server.set_payload_max_length(emulator.options().most_bytes);
    server.set_keep_alive_max_count(1000);
    server.set_tcp_nodelay(true);
    // httplib would share a port that is taken.
    server.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    const httplib::Server::Handler handler = [this](const httplib::Request& request,
                                                    httplib::Response& response) {
      WireRequest wire = wire_of(request);
      read_unexpected_body(wire);
      send(emulator.answer(wire), response);
    };
    server.Get(".*", handler)
        .Post(".*", handler)
        .Put(".*", handler)
        .Patch(".*", handler)
        .Delete(".*", handler);
  }
};

EmulatorServer::EmulatorServer(EmulatorOptions options, const std::string& address, int port)
    : impl_(std::make_unique<Impl>(std::move(options))) {
  const std::string place = address + ":" + std::to_string(port);
  if (port == 0)
    impl_->port = impl_->server.bind_to_any_port(address);
  else if (impl_->server.bind_to_port(address, port))
    impl_->port = port;
  if (impl_->port <= 0)
    throw usage_error("emulate: cannot listen at " + place +
                      "; expected an address of this machine and a port that is free");
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  while (!impl_->server.is_running()) std::this_thread::yield();
}

EmulatorServer::~EmulatorServer() { stop(); }

int EmulatorServer::port() const { return impl_->port; }

void EmulatorServer::wait() {
  if (impl_->thread.joinable()) impl_->thread.join();
}

void EmulatorServer::stop() {
  impl_->server.stop();
  wait();
}

}  // namespace qmtl
