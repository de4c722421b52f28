// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "hardware/endpoint.h"
#include "hardware/http/http_client.h"
#include "tests/hardware/endpoint_checks.h"

using namespace qmtl;

namespace {

/// A folder with a key and a certificate for 127.0.0.1 that no authority knows.
struct Certificate {
  Certificate() {
    char name[] = "/tmp/qmtl-tls-XXXXXX";
    folder = mkdtemp(name);
    made =
        std::system(("openssl req -x509 -newkey rsa:2048 -nodes -keyout " + folder + "/key.pem -out " +
                     file() + " -days 2 -subj /CN=test -addext subjectAltName=IP:127.0.0.1 2>/dev/null >&2")
                        .c_str()) == 0;
  }
  ~Certificate() { std::filesystem::remove_all(folder); }
  std::string file() const { return folder + "/certificate.pem"; }
  std::string folder;
  bool made = false;
};

/// OpenSSL's own server, which answers every GET with a page.
class TlsServer {
 public:
  TlsServer(const Certificate& certificate) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe for the test's server");
    child_ = fork();
    if (child_ == 0) {
      dup2(ends[1], 1);
      dup2(ends[1], 2);
      const std::string key = certificate.folder + "/key.pem";
      execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert",
             certificate.file().c_str(), "-key", key.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
    char line[256];
    while (fgets(line, sizeof line, output_))
      if (std::sscanf(line, "ACCEPT 127.0.0.1:%d", &port_) == 1) return;
  }
  ~TlsServer() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    fclose(output_);
  }
  std::string url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(port_) + "/";
  }
  int port() const { return port_; }

 private:
  pid_t child_ = -1;
  FILE* output_ = nullptr;
  int port_ = 0;
};

EndpointFault fault_of_post(const HttpOptions& options, const std::string& url) {
  HttpClient client(options);
  return fault_of([&] { client.send({"POST", url, {{"Authorization", "Bearer x"}}, "body"}); });
}

}  // namespace

TEST_CASE("Certificates are verified against the authorities of ca_file, names included", "[http]") {
  const Certificate own, other;
  if (!own.made || !other.made) {
    WARN("skipped: the program openssl cannot make a certificate here");
    return;
  }
  const TlsServer server(own);
  REQUIRE(server.port() > 0);
  HttpOptions trusted;
  trusted.ca_file = own.file();
  HttpClient client(trusted);
  CHECK(client.send({"GET", server.url("127.0.0.1"), {}, ""}).status == 200);
  // The system's authorities do not know it, another authority did not make it, it has another name, and a
  // file without certificates trusts nobody.
  CHECK(fault_of_post({}, server.url("127.0.0.1")) == EndpointFault::refused);
  HttpOptions wrong;
  wrong.ca_file = other.file();
  CHECK(fault_of_post(wrong, server.url("127.0.0.1")) == EndpointFault::refused);
  CHECK(fault_of_post(trusted, server.url("localhost")) == EndpointFault::refused);
  wrong.ca_file = own.folder + "/none.pem";
  CHECK(fault_of_post(wrong, server.url("127.0.0.1")) == EndpointFault::refused);
  // Plain HTTP where TLS is spoken, and the other way round, never pass for an answer.
  CHECK_THROWS_AS(client.send({"GET", "http://127.0.0.1:" + std::to_string(server.port()) + "/", {}, ""}),
                  EndpointError);
}
