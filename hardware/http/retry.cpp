// SPDX-License-Identifier: Apache-2.0
#include "hardware/http/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <thread>

#include "hardware/endpoint.h"
#include "runtime/base/philox.h"

namespace qmtl {
namespace {

class MachineClock final : public ServiceClock {
 public:
  double steady() override { return seconds(std::chrono::steady_clock::now()); }
  double wall() override { return seconds(std::chrono::system_clock::now()); }
  void sleep(double wait) override { std::this_thread::sleep_for(std::chrono::duration<double>(wait)); }

 private:
  template <typename Time>
  static double seconds(Time time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
  }
};

double backoff(const RetryPolicy& policy, int attempt) {
  const double wait = std::min(policy.first_wait * std::pow(policy.factor, attempt), policy.longest_wait);
  const auto word =
      philox({static_cast<std::uint32_t>(attempt), 0, 0, 0},
             {static_cast<std::uint32_t>(policy.seed), static_cast<std::uint32_t>(policy.seed >> 32)})[0];
  return wait * (1.0 - 0.5 * (word * 0x1p-32));
}

}  // namespace

ServiceClock& machine_clock() {
  static MachineClock clock;
  return clock;
}

bool is_passing(int status) {
  constexpr std::array statuses{429, 500, 502, 503, 504};
  return std::find(statuses.begin(), statuses.end(), status) != statuses.end() ||
         (status >= 520 && status <= 529);
}

std::optional<double> retry_after(const HttpResponse& response, double wall) {
  const std::string* text = response.header("Retry-After");
  if (!text) return std::nullopt;
  std::int64_t seconds = 0;
  const char* end = text->data() + text->size();
  if (const auto [last, error] = std::from_chars(text->data(), end, seconds);
      error == std::errc() && last == end)
    return seconds < 0 ? std::nullopt : std::optional(static_cast<double>(seconds));
  const time_t date = curl_getdate(text->c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::max(0.0, static_cast<double>(date) - wall);
}

HttpResponse send_repeating(HttpClient& client, const HttpRequest& request, const RetryPolicy& policy,
                            ServiceClock& clock) {
  const double deadline = clock.steady() + policy.total;
  for (int attempt = 0;; ++attempt) {
    double wait = backoff(policy, attempt);
    const auto gives_up = [&] { return attempt + 1 >= policy.attempts || clock.steady() + wait > deadline; };
    try {
      HttpResponse response = client.send(request);
      if (!is_passing(response.status)) return response;
      wait = std::max(wait, retry_after(response, clock.wall()).value_or(0.0));
      if (gives_up()) return response;
    } catch (const EndpointError& error) {
      const bool passing =
          error.fault() == EndpointFault::transient || error.fault() == EndpointFault::uncertain;
      if (!passing) throw;
      // Nothing was changed by it, so it may as well not have arrived.
      if (gives_up()) throw EndpointError(EndpointFault::transient, error.what());
    }
    clock.sleep(wait);
  }
}

}  // namespace qmtl
