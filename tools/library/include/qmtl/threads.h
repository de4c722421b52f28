// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace qmtl {

/// While it lives, calls of this library use at most so many threads, in the whole process. No result depends
/// on it: it is there for callers whose other libraries have threads of their own. Without it: every core of
/// the affinity mask. Throws Error (usage) for fewer than 1.
class Threads {
 public:
  explicit Threads(int most);  ///< at least 1
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  struct Limit;
  std::unique_ptr<Limit> limit_;
};

}  // namespace qmtl
