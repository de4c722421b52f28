// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace qmtl {

struct RestartRule {
  int most = 100;        ///< restarts in all
  int without_step = 3;  ///< restarts in a row after which the newest checkpoint was still the same
  double wait = 1;       ///< seconds before a restart; doubled while there is no newer checkpoint
  double longest = 300;  ///< seconds, at most
};

/// Decides how often a run is started again.
class Restarts {
 public:
  /// `step`: of the newest checkpoint before the first start.
  Restarts(const RestartRule& rule, std::optional<std::int64_t> step) : rule_(rule), step_(step) {}

  /// After an end that calls for a restart, with the newest checkpoint's step: the seconds to wait, or
  /// nothing when it is enough; why_not says why.
  std::optional<double> next(std::optional<std::int64_t> step);

  int count() const { return count_; }
  const std::string& why_not() const { return why_not_; }

 private:
  RestartRule rule_;
  std::optional<std::int64_t> step_;
  int count_ = 0, idle_ = 0;
  std::string why_not_;
};

/// Whether a run that ended with this code is worth another start: not when it is done, or when what it was
/// given is wrong and will be wrong again.
bool worth_a_restart(int exit_code);

/// What an exit code of qmtl, mpirun or srun means, for people.
std::string meaning_of(int exit_code);

}  // namespace qmtl
