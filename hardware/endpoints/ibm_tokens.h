// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "hardware/credentials.h"
#include "hardware/http/http_client.h"
#include "hardware/http/retry.h"

namespace qmtl {

/// Access tokens of IBM Cloud's IAM in exchange for an API key. A token is used until less than six minutes
/// or a tenth of its life are left.
class IbmTokens {
 public:
  IbmTokens(std::string iam_url, Secret key, const HttpOptions& options, const RetryPolicy& policy,
            ServiceClock& clock);

  /// Teaches a redactor, which must live as long, the key and every token to come.
  void teach(Redactor& redactor);
  /// A valid token; with `fresh` another one than before. Throws EndpointError: refused for a key that IAM
  /// does not know.
  const Secret& token(bool fresh);

 private:
  void exchange();

  std::string url_;
  Secret key_;
  HttpClient client_;
  RetryPolicy policy_;
  ServiceClock& clock_;
  Redactor redactor_;
  Redactor* taught_ = nullptr;
  Secret token_;
  double until_ = 0;  ///< seconds since 1970 from which another token is asked for
};

}  // namespace qmtl
