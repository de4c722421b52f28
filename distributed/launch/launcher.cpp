// SPDX-License-Identifier: Apache-2.0
#include "distributed/launch/launcher.h"

#include <cstdlib>
#include <initializer_list>

namespace qmtl {

bool started_by_launcher() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"})
    if (std::getenv(name)) return true;
  return false;
}

int launched_ranks() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const char* size = std::getenv(name)) return std::atoi(size);
  return started_by_launcher() ? 0 : 1;
}

}  // namespace qmtl
