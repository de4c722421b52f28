// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "hardware/endpoint.h"

namespace qmtl {

/// For services that cannot look for a job by its tag: where somebody has looked there before this process
/// began (`absent`), what was interrupted then is not there. What this process sent itself nobody has seen.
class LostJobs {
 public:
  explicit LostJobs(bool absent) : absent_(absent) {}

  /// Before the job may reach the service.
  void sending(const std::string& tag) { sent_.insert(tag); }
  /// Endpoint::find. Throws EndpointError (refused) saying `why` and what to do.
  std::vector<std::string> find(const std::string& tag, const std::string& place,
                                const std::string& why) const {
    if (absent_ && !sent_.contains(tag)) return {};
    throw EndpointError(EndpointFault::refused, place + ": the submit of job " + tag +
                                                    " was interrupted, and " + why +
                                                    ", and if it is not there set lost_are_absent = true for "
                                                    "once");
  }

 private:
  bool absent_;
  std::set<std::string> sent_;
};

}  // namespace qmtl
