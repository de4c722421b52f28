// SPDX-License-Identifier: Apache-2.0
#include "qmtl/threads.h"

#include <tbb/global_control.h>

#include <string>

#include "runtime/base/error.h"

namespace qmtl {

struct Threads::Limit {
  tbb::global_control control;
};

Threads::Threads(int most) {
  if (most < 1) throw usage_error("threads: expected at least 1, found " + std::to_string(most));
  limit_.reset(new Limit{
      tbb::global_control(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(most))});
}
Threads::~Threads() = default;

}  // namespace qmtl
