// SPDX-License-Identifier: Apache-2.0
#include "distributed/launch/cores.h"

#include <sched.h>
#include <tbb/global_control.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace qmtl {
namespace {

/// mpirun bound this process, and neither its options nor the environment say how.
bool bound_by_default() {
  if (!std::getenv("OMPI_MCA_orte_bound_at_launch")) return false;
  for (const char* wish : {"OMPI_MCA_hwloc_base_binding_policy", "OMPI_MCA_rmaps_base_mapping_policy",
                           "OMPI_MCA_hwloc_base_cpu_set", "OMPI_MCA_rmaps_rank_file_path"})
    if (std::getenv(wish)) return false;
  return true;
}

/// The parent is mpirun's daemon, whose cores are those that the user or the batch system gave.
bool undo_default_binding(const Ranks& ranks) {
  cpu_set_t own, parent;
  CPU_ZERO(&own);
  CPU_ZERO(&parent);
  if (!bound_by_default() || sched_getaffinity(0, sizeof own, &own) != 0 ||
      sched_getaffinity(getppid(), sizeof parent, &parent) != 0)
    return false;
  // Bound to a socket each, ranks may well use all cores.
  if (CPU_COUNT(&own) * ranks.local_ranks() >= CPU_COUNT(&parent)) return false;
  return sched_setaffinity(0, sizeof parent, &parent) == 0;
}

}  // namespace

std::string core_list() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return "unknown";
  std::string text;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &mask)) continue;
    const int first = core;
    while (core + 1 < CPU_SETSIZE && CPU_ISSET(core + 1, &mask)) ++core;
    text += (text.empty() ? "" : ",") + std::to_string(first);
    if (core > first) text += "-" + std::to_string(core);
  }
  return text;
}

Cores find_cores(const Ranks& ranks) {
  Cores cores;
  cores.local = ranks.local_ranks();
  cores.unbound = undo_default_binding(ranks);
  cores.online = static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) {
    cores.allowed = cores.online;
    cores.sharing = ranks.local_ranks();
    return cores;
  }
  cores.allowed = std::max(1, CPU_COUNT(&mask));
  const std::string mine = ranks.host() + '\0' + std::string(reinterpret_cast<char*>(&mask), sizeof mask);
  const auto all = ranks.gather(mine);
  cores.sharing = static_cast<int>(std::count(all.begin(), all.end(), mine));
  return cores;
}

std::vector<std::string> core_warnings(const Cores& cores, int threads) {
  std::vector<std::string> warnings;
  const auto count = [](int n, const char* what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
  };
  if (cores.allowed < cores.sharing)
    warnings.push_back(count(cores.sharing, "rank") + " share " + count(cores.allowed, "core") + " of " +
                       std::to_string(cores.online) +
                       (cores.online > cores.allowed
                            ? "; start with `mpirun --bind-to none`"
                            : "; start fewer ranks, or mpirun with --mca mpi_yield_when_idle 1"));
  else if (cores.allowed == 1 && cores.online > cores.local && threads != 1)
    warnings.push_back(
        "this rank may use one core of " + std::to_string(cores.online) +
        "; start with `mpirun --bind-to none` or `--map-by slot:PE=k` to use more threads, or ask "
        "the batch system (taskset, container) for more cores");
  if (threads > cores.share())
    warnings.push_back(count(threads, "thread") + " asked for on " + count(cores.share(), "core") +
                       " of this rank; use --threads " + std::to_string(cores.share()) + " or other binding");
  return warnings;
}

struct ThreadLimit::Control {
  tbb::global_control limit;
};

ThreadLimit::ThreadLimit(const Cores& cores, int threads)
    : count_(threads > 0 ? threads : cores.share()),
      control_(
          new Control{{tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(count_)}}) {}

ThreadLimit::~ThreadLimit() = default;

}  // namespace qmtl
