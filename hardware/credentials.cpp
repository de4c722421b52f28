// SPDX-License-Identifier: Apache-2.0
#include "hardware/credentials.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "hardware/http/text_codes.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

constexpr std::size_t largest_secret = 16384;

/// Without white space around it; what is left must be fit for a header.
Secret checked_secret(std::string text, const std::string& where) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  std::size_t first = 0, last = text.size();
  while (first < last && blank(text[first])) ++first;
  while (last > first && blank(text[last - 1])) --last;
  Secret secret(text.substr(first, last - first));
  wipe_text(text);
  if (secret.empty()) throw usage_error(where + ": expected a key, found nothing");
  for (char c : secret.reveal())
    if (c < 0x21 || c > 0x7e)
      throw usage_error(where + ": expected a key of visible ASCII characters on one line, found others");
  return secret;
}

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
};

}  // namespace

void wipe_text(std::string& text) noexcept {
  // Up to the capacity: earlier, longer content may lie behind the end.
  text.resize(text.capacity());
  explicit_bzero(text.data(), text.size());
  text.clear();
}

Secret::Secret(std::string text) : text_(text) { wipe_text(text); }

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  text_ = std::move(other.text_);
  other.wipe();
  return *this;
}

void Secret::wipe() noexcept { wipe_text(text_); }

Secret secret_from_environment(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (!value)
    throw usage_error("environment variable " + variable +
                      ": expected a key, but it is not set; set it, or " + "name a file by api_key_file");
  return checked_secret(value, "environment variable " + variable);
}

Secret secret_from_file(const std::string& path) {
  const auto refuse = [&](const std::string& what) -> Error {
    return usage_error("api_key_file " + path + ": " + what);
  };
  // Non-blocking, so that a named pipe is refused instead of waited for.
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.number < 0) throw refuse(std::string("cannot be read: ") + system_error(errno));
  struct stat about {};
  if (fstat(file.number, &about) != 0 || !S_ISREG(about.st_mode))
    throw refuse("expected a regular file, found something else");
  if (about.st_uid != geteuid()) throw refuse("expected a file of your own, found one of another user");
  if ((about.st_mode & 077) != 0) throw refuse("others may read or change it; run: chmod 600 " + path);
  std::string text(largest_secret + 1, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = read(file.number, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw refuse(std::string("cannot be read: ") + system_error(errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled > largest_secret) {
    wipe_text(text);
    throw refuse("expected one key, found more than " + std::to_string(largest_secret) + " bytes");
  }
  text.resize(filled);
  return checked_secret(std::move(text), "api_key_file " + path);
}

Secret read_secret(EndpointSettings& settings, const std::vector<std::string>& defaults) {
  if (settings.has("api_key"))
    throw usage_error(settings.file() +
                      ": api_key: keys do not belong into this file; put it into a file of " +
                      "mode 600 and name that by api_key_file, or a variable by api_key_env");
  const bool from_file = settings.has("api_key_file"), from_variable = settings.has("api_key_env");
  if (from_file && from_variable)
    throw usage_error(settings.file() + ": expected api_key_file or api_key_env, found both");
  if (from_file) return secret_from_file(settings.text("api_key_file"));
  if (from_variable) return secret_from_environment(settings.text("api_key_env"));
  std::string names;
  for (const std::string& variable : defaults) {
    if (const char* value = std::getenv(variable.c_str()); value && *value)
      return secret_from_environment(variable);
    names += (names.empty() ? "" : ", ") + variable;
  }
  throw usage_error(settings.file() + ": expected a key in the environment (" + names +
                    "), found none; set it, or name a file by api_key_file");
}

void Redactor::add(const Secret& secret) {
  // A replacement of a few letters would only garble texts.
  if (secret.reveal().size() < 4) return;
  for (std::string& form : forms_of(secret.reveal())) {
    const bool known = std::any_of(forms_.begin(), forms_.end(),
                                   [&](const Secret& other) { return other.reveal() == form; });
    if (!known) forms_.emplace_back(form);
    wipe_text(form);
  }
  std::stable_sort(forms_.begin(), forms_.end(),
                   [](const Secret& a, const Secret& b) { return a.reveal().size() > b.reveal().size(); });
}

std::vector<std::string> Redactor::forms_of(const std::string& secret) const {
  std::vector<std::string> forms{secret, url_encoded(secret), url_encoded(secret, "0123456789abcdef")};
  // In base64 of a longer text the secret may start at each of three phases; the letters at both ends also
  // depend on its neighbours and are left out.
  for (std::size_t phase = 0; phase < 3; ++phase) {
    const std::string coded = base64_encoded(std::string(phase, '\0') + secret);
    const std::size_t first = phase == 0 ? 0 : phase + 1;
    const std::size_t last = (phase + secret.size()) * 8 / 6;
    if (last < first + 6) continue;
    std::string middle = coded.substr(first, last - first);
    forms.push_back(middle);
    std::replace(middle.begin(), middle.end(), '+', '-');
    std::replace(middle.begin(), middle.end(), '/', '_');
    forms.push_back(middle);
  }
  return forms;
}

std::string Redactor::redact(std::string_view text) const {
  std::string result(text);
  for (const Secret& form : forms_)
    for (std::size_t at = 0; (at = result.find(form.reveal(), at)) != std::string::npos;) {
      result.replace(at, form.reveal().size(), "[secret]");
      at += 8;
    }
  return result;
}

std::string Redactor::clean(std::string_view text, std::size_t longest) const {
  // Nothing behind the cut can be seen, but a secret that straddles it must be found whole.
  constexpr std::size_t window = 1 << 16;
  const bool windowed = text.size() > window;
  std::string result = redact(text.substr(0, window));
  for (char& c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || static_cast<unsigned char>(c) >= 0x80) c = ' ';
  if (result.size() <= longest && !windowed) return result;
  return result.substr(0, longest) + " ...";
}

}  // namespace qmtl
