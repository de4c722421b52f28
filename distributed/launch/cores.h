// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/train/loop/ranks.h"

namespace qmtl {

/// The cores that this rank may use, from its affinity mask.
struct Cores {
  int allowed = 1;       ///< cores of the mask
  int online = 1;        ///< cores of the machine
  bool unbound = false;  ///< a binding that nobody asked for was undone
  int local = 1;         ///< ranks of this node
  int sharing = 1;       ///< ranks of this node that have the very same mask
  /// Threads for this rank: its share of the mask's cores, at least 1.
  int share() const { return allowed > sharing ? allowed / sharing : 1; }
};

/// Open MPI binds one or two ranks to a core each when nobody says anything about binding, and leaves the
/// other cores idle; this undoes it: the rank may then use the cores that mpirun itself may. Collective.
Cores find_cores(const Ranks& ranks);

/// The numbers of the cores that this rank may use, such as "0-3,8".
std::string core_list();

/// Problems of binding and thread number, one sentence with its cure each; empty when all is well. `threads`
/// is what was asked for, or 0.
std::vector<std::string> core_warnings(const Cores& cores, int threads);

/// Limits TBB to `threads` threads (0: the rank's share of the cores) while it lives.
class ThreadLimit {
 public:
  ThreadLimit(const Cores& cores, int threads);
  ~ThreadLimit();
  int count() const { return count_; }

 private:
  struct Control;  // TBB's headers are heavy, and every command includes this one
  int count_;
  std::unique_ptr<Control> control_;
};

}  // namespace qmtl
