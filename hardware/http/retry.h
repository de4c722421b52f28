// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "hardware/http/http_client.h"

namespace qmtl {

/// The time as calls to services see it; tests have their own.
class ServiceClock {
 public:
  virtual ~ServiceClock() = default;
  virtual double steady() = 0;  ///< seconds since some point, never going back
  virtual double wall() = 0;    ///< seconds since 1970, UTC
  virtual void sleep(double seconds) = 0;
};

/// The machine's.
ServiceClock& machine_clock();

/// How reading calls are repeated: waits grow by `factor` from `first_wait` to `longest_wait`, each then cut
/// by up to a half at random; what the service asks for (Retry-After) is waited for at least.
struct RetryPolicy {
  int attempts = 6;
  double first_wait = 0.5, factor = 2, longest_wait = 30;  ///< seconds
  double total = 300;                                      ///< seconds after which no further attempt begins
  std::uint64_t seed = 0;                                  ///< of the random cuts
};

/// Statuses after which the same request may succeed: 429 and those of gateways and overload.
bool is_passing(int status);

/// Seconds that a Retry-After header asks for, given as seconds or as an HTTP date; nothing without it.
std::optional<double> retry_after(const HttpResponse& response, double wall);

/// Sends a request that changes nothing, or that may be sent twice, again after passing faults. Returns the
/// last answer, whatever its status; throws the last EndpointError where there is none.
HttpResponse send_repeating(HttpClient& client, const HttpRequest& request, const RetryPolicy& policy,
                            ServiceClock& clock);

}  // namespace qmtl
