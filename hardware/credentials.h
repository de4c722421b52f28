// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hardware/endpoint_config.h"

namespace qmtl {

/// A key or token. It cannot be printed, formatted or copied; its memory is overwritten in the end.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text);
  ~Secret() { wipe(); }
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  /// For the place where a header or form is made, and nowhere else.
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  void wipe() noexcept;
  std::string text_;
};

/// Overwrites a text that held a secret.
void wipe_text(std::string& text) noexcept;

/// The secret in an environment variable. Throws Error (usage) naming the variable, never its content.
Secret secret_from_environment(const std::string& variable);

/// The secret in a file: a regular file that belongs to the user and that nobody else can read. White space
/// around it is dropped. Throws Error (usage) saying what is wrong and how to mend it.
Secret secret_from_file(const std::string& path);

/// The secret that settings name by `api_key_file` or `api_key_env`, else that of the first variable of
/// `defaults` that is set. A key written into the settings themselves is refused.
Secret read_secret(EndpointSettings& settings, const std::vector<std::string>& defaults);

/// Makes texts of others fit for messages and journals: known secrets are replaced, whether plain, base64 or
/// URL-encoded.
class Redactor {
 public:
  void add(const Secret& secret);

  /// The text without secrets.
  std::string redact(std::string_view text) const;
  /// Without secrets and control characters, and no longer than `longest` bytes.
  std::string clean(std::string_view text, std::size_t longest = 300) const;

 private:
  std::vector<std::string> forms_of(const std::string& secret) const;
  std::vector<Secret> forms_;  ///< longest first
};

}  // namespace qmtl
