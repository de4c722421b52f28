// SPDX-License-Identifier: Apache-2.0
#include "hardware/endpoints/ibm_tokens.h"

#include <algorithm>

#include "hardware/endpoints/service_answer.h"
#include "hardware/http/text_codes.h"

namespace qmtl {

IbmTokens::IbmTokens(std::string iam_url, Secret key, const HttpOptions& options, const RetryPolicy& policy,
                     ServiceClock& clock)
    : url_(std::move(iam_url) + "/identity/token"),
      key_(std::move(key)),
      client_(options),
      policy_(policy),
      clock_(clock) {
  redactor_.add(key_);
}

void IbmTokens::teach(Redactor& redactor) {
  redactor.add(key_);
  taught_ = &redactor;
}

const Secret& IbmTokens::token(bool fresh) {
  if (fresh || token_.empty() || clock_.wall() >= until_) exchange();
  return token_;
}

void IbmTokens::exchange() {
  HttpRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  request.body =
      "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=" + url_encoded(key_.reveal());
  const HttpResponse response = send_repeating(client_, request, policy_, clock_);
  wipe_text(request.body);
  if (!response.ok()) {
    const bool passing = is_passing(response.status);
    const char* cure = "; check iam_url";
    if (passing) cure = "; the service is busy or down, the key was not looked at: try again later";
    if (response.status == 400 || response.status == 401 || response.status == 403) cure = "; check the key";
    throw EndpointError(passing ? EndpointFault::transient : EndpointFault::refused,
                        "POST " + url_ + ": expected an access token for the API key, found status " +
                            std::to_string(response.status) + ": " + service_words(response.body, redactor_) +
                            cure);
  }
  const std::string source = "POST " + url_;
  // Damaged answers may hold half a token: nothing of them is repeated.
  if (!nlohmann::json::accept(response.body))
    throw EndpointError(EndpointFault::malformed, source + ": expected JSON with an access token, found " +
                                                      std::to_string(response.body.size()) + " other bytes");
  const SortedJsonField answer = parse_answer(response.body, source, redactor_);
  token_ = Secret(answer.at("access_token").text());
  if (token_.empty()) answer.at("access_token").wrong("a token", "an empty text");
  redactor_.add(token_);
  if (taught_) taught_->add(token_);
  const double lifetime = static_cast<double>(answer.at("expires_in").integer(1, 10'000'000));
  until_ = clock_.wall() + lifetime - std::min(lifetime / 2, std::max(360.0, lifetime / 10));
}

}  // namespace qmtl
