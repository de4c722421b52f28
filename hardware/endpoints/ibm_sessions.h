// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "hardware/endpoints/rest_service.h"

namespace qmtl {

/// IBM's sessions: in mode "batch" only jobs are paid, in mode "dedicated" the time from the first job until
/// it is closed and its jobs have ended.
class IbmSessions {
 public:
  /// `longest`: seconds, 0: the service's own limit. `price` of a second; 0: nothing is paid.
  IbmSessions(RestService& service, std::string mode, std::int64_t longest, double price)
      : service_(service), mode_(std::move(mode)), longest_(longest), price_(price) {}

  /// A dedicated one lives no longer than it may cost.
  std::string open(const std::string& backend, std::optional<double> most_cost);
  DeviceSession ask(const std::string& id);
  void close(const std::string& id);

 private:
  RestService& service_;
  std::string mode_;
  std::int64_t longest_;
  double price_;
};

}  // namespace qmtl
