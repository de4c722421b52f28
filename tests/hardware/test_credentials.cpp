// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "hardware/credentials.h"
#include "hardware/endpoints/service_answer.h"
#include "hardware/http/text_codes.h"
#include "runtime/base/error.h"

using namespace qmtl;

namespace {

template <typename Type>
concept Printable = requires(std::ostream& out, const Type& value) {
  out << value;
};
static_assert(!Printable<Secret>);
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_convertible_v<Secret, std::string>);

/// A file in a folder of its own that goes away with it.
struct KeyFile {
  explicit KeyFile(const std::string& content, mode_t mode = 0600) {
    char name[] = "/tmp/qmtl-key-XXXXXX";
    folder = mkdtemp(name);
    path = folder + "/key";
    std::ofstream(path) << content;
    chmod(path.c_str(), mode);
  }
  ~KeyFile() { std::filesystem::remove_all(folder); }
  std::string folder, path;
};

EndpointSettings settings_of(std::map<std::string, std::string> values) {
  return EndpointSettings("endpoint.toml", std::move(values));
}

}  // namespace

TEST_CASE("A key comes from a file of mode 600, without the white space around it", "[credentials]") {
  const KeyFile file("  the-key-1\r\n\n");
  CHECK(secret_from_file(file.path).reveal() == "the-key-1");
  EndpointSettings settings = settings_of({{"api_key_file", file.path}});
  CHECK(read_secret(settings, {}).reveal() == "the-key-1");
}

TEST_CASE("Key files that others can read, or that are no files, are refused with the cure",
          "[credentials]") {
  using Catch::Contains;
  for (mode_t mode : {0644, 0640, 0604, 0620, 0602, 0610}) {
    const KeyFile file("the-key-1", mode);
    CHECK_THROWS_WITH(secret_from_file(file.path), Contains("chmod 600 " + file.path));
  }
  CHECK_THROWS_WITH(secret_from_file(KeyFile("").path), Contains("found nothing"));
  CHECK_THROWS_WITH(secret_from_file(KeyFile(" \n").path), Contains("found nothing"));
  CHECK_THROWS_WITH(secret_from_file(KeyFile("two\nlines").path), Contains("one line"));
  CHECK_THROWS_WITH(secret_from_file(KeyFile("k\xc3\xa9y").path), Contains("ASCII"));
  CHECK_THROWS_WITH(secret_from_file(KeyFile(std::string(20000, 'k')).path), Contains("16384"));
  const KeyFile file("the-key-1");
  CHECK_THROWS_WITH(secret_from_file(file.folder), Contains("regular file"));
  CHECK_THROWS_WITH(secret_from_file(file.folder + "/none"), Contains("No such file"));
  const std::string pipe = file.folder + "/pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(secret_from_file(pipe), Contains("regular file"));
  CHECK_THROWS_WITH(secret_from_file("/dev/zero"), Contains("regular file"));
  if (geteuid() == 0) {
    REQUIRE(chown(file.path.c_str(), 65534, 65534) == 0);
    CHECK_THROWS_WITH(secret_from_file(file.path), Contains("another user"));
  }
}

TEST_CASE("A key comes from a named or a usual variable, never from the settings", "[credentials]") {
  setenv("QMTL_TEST_KEY", "the-key-2", 1);
  setenv("QMTL_TEST_EMPTY", "", 1);
  unsetenv("QMTL_TEST_UNSET");
  EndpointSettings named = settings_of({{"api_key_env", "QMTL_TEST_KEY"}});
  CHECK(read_secret(named, {}).reveal() == "the-key-2");
  EndpointSettings none = settings_of({});
  CHECK(read_secret(none, {"QMTL_TEST_UNSET", "QMTL_TEST_EMPTY", "QMTL_TEST_KEY"}).reveal() == "the-key-2");
  CHECK_THROWS_WITH(read_secret(none, {"QMTL_TEST_UNSET"}), Catch::Contains("QMTL_TEST_UNSET"));
  EndpointSettings missing = settings_of({{"api_key_env", "QMTL_TEST_UNSET"}});
  CHECK_THROWS_WITH(read_secret(missing, {}), Catch::Contains("QMTL_TEST_UNSET"));
  EndpointSettings both = settings_of({{"api_key_env", "QMTL_TEST_KEY"}, {"api_key_file", "x"}});
  CHECK_THROWS_AS(read_secret(both, {}), Error);
  EndpointSettings open = settings_of({{"api_key", "the-key-3"}});
  try {
    read_secret(open, {});
    FAIL("expected a refusal");
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    CHECK(std::string(error.what()).find("the-key-3") == std::string::npos);
  }
}

TEST_CASE("A secret that moved leaves nothing behind", "[credentials]") {
  Secret first("short"), second(std::string(100, 'k'));
  const Secret third(std::move(first));
  CHECK(first.empty());
  CHECK(third.reveal() == "short");
  first = std::move(second);
  CHECK(second.empty());
  CHECK(first.reveal() == std::string(100, 'k'));
  std::string text = "overwritten";
  const char* const memory = text.data();
  wipe_text(text);
  CHECK(text.empty());
  CHECK(std::string(memory, 11) == std::string(11, '\0'));
}

TEST_CASE("Secrets are removed from texts in every form they may come back in", "[credentials]") {
  const std::string key = "k3y/with+odd=letters&more";
  Redactor redactor;
  redactor.add(Secret(key));
  const auto hidden = [&](const std::string& text) {
    INFO(text);
    const std::string result = redactor.redact(text);
    CHECK(result.find("[secret]") != std::string::npos);
    CHECK(result.find(key) == std::string::npos);
  };
  hidden("unknown key " + key + " was given");
  hidden(key + key);
  hidden("apikey=" + url_encoded(key));
  hidden("apikey=" + url_encoded(key, "0123456789abcdef"));
  for (const char* before : {"", "a", "ab", "abc", "user:", "Bearer "}) {
    hidden("Basic " + base64_encoded(before + key));
    hidden("Basic " + base64_encoded(before + key + ":more"));
  }
  std::string url_safe = base64_encoded(key);
  for (char& c : url_safe) c = c == '+' ? '-' : c == '/' ? '_' : c;
  hidden(url_safe);
  CHECK(redactor.redact("nothing here") == "nothing here");
}

TEST_CASE("Texts of services are cut and cleaned, a secret at the cut as well", "[credentials]") {
  Redactor redactor;
  redactor.add(Secret("the-secret-key"));
  CHECK(redactor.clean("a\x1b[31m\r\nb\x80") == "a [31m  b ");
  for (std::size_t before = 280; before <= 320; ++before) {
    const std::string result = redactor.clean(std::string(before, 'x') + "the-secret-key and more");
    CHECK(result.size() <= 304);
    CHECK(result.find("the-") == std::string::npos);
  }
}

TEST_CASE("An error's words are found in each service's spelling, without the key", "[credentials]") {
  Redactor redactor;
  redactor.add(Secret("the-secret-key"));
  const std::pair<const char*, const char*> cases[] = {
      {R"({"trace":"t","errors":[{"code":1211,"message":"no backend","solution":"choose one"}]})",
       "1211: no backend: choose one"},
      {R"({"error":{"code":"a","message":"b"}})", "a: b"},
      {R"({"errorCode":"BXNIM0415E","errorMessage":"key the-secret-key unknown"})",
       "BXNIM0415E: key [secret] unknown"},
      {R"({"statusCode":400,"error":"Bad Request","message":"shots"})", "Bad Request: shots"},
      {"<html>the-secret-key</html>", "<html>[secret]</html>"},
      {"", "no reason given"},
      {R"({"errors":7,"code":[],"message":{}})", R"({"errors":7,"code":[],"message":{}})"},
  };
  for (const auto& [body, words] : cases) CHECK(service_words(body, redactor) == words);
  const std::string deep(100000, '[');
  CHECK(service_words(deep, redactor).size() < 400);
}

TEST_CASE("Settings are read by their type, and unknown keys are refused with the known ones",
          "[credentials]") {
  EndpointSettings settings =
      settings_of({{"a", "x"}, {"n", "1.5"}, {"i", "7"}, {"b", "true"}, {"bad", "7x"}, {"big", "1e999"}});
  CHECK(settings.text("a") == "x");
  CHECK(settings.text("none", "y") == "y");
  CHECK(settings.number("n", 0) == 1.5);
  CHECK(settings.integer("i", 0) == 7);
  CHECK(settings.boolean("b", false));
  using Catch::Contains;
  CHECK_THROWS_WITH(settings.finish(), Contains("bad") && Contains("none"));
  CHECK_THROWS_WITH(settings.number("bad", 0), Contains("endpoint.toml: bad: expected a number, found '7x'"));
  CHECK_THROWS_WITH(settings.number("big", 0), Contains("big"));
  CHECK_THROWS_WITH(settings.integer("n", 0), Contains("an integer"));
  CHECK_THROWS_WITH(settings.boolean("i", false), Contains("true or false"));
  CHECK_THROWS_WITH(settings.text("missing"), Contains("expected a key missing"));
  CHECK_NOTHROW(settings.finish());
}
