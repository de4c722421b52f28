// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace qmtl {

/// Access tokens in the form of a JWT (RFC 7519): clients decode their times without checking the signature.
/// They are signed with a secret of this process; nothing of the API key is in them.
class AccessTokens {
 public:
  explicit AccessTokens(double lifetime_seconds);

  std::string give(double now);
  bool valid(const std::string& token, double now) const;
  /// Those given so far are no longer valid.
  void expire() { first_valid_ = given_; }
  double lifetime() const { return lifetime_; }

 private:
  std::string signature(const std::string& text) const;

  std::string secret_;
  double lifetime_;
  std::uint64_t given_ = 0, first_valid_ = 0;
};

/// Whether two secrets are equal, in a time that does not tell where they differ.
bool same_secret(const std::string& a, const std::string& b);

/// A number of `digits` hexadecimal digits that nobody can guess.
std::string random_hex(std::size_t digits);

}  // namespace qmtl
