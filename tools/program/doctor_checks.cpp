// SPDX-License-Identifier: Apache-2.0
#include "tools/program/doctor_checks.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "distributed/launch/launcher.h"
#include "io/data/dataset.h"
#include "io/files/library_version.h"
#include "runtime/base/text.h"
#include "runtime/engine/engine.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

#ifdef QMTL_MPI
constexpr bool with_mpi = true;
#else
constexpr bool with_mpi = false;
#endif

/// Full path of a program in PATH, or nothing.
std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::stringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const fs::path file = fs::path(folder) / name; access(file.c_str(), X_OK) == 0) return file;
  return {};
}

Finding check_mpi(const Ranks& ranks) { return {"mpi", ranks.transport(), ""}; }

Finding check_mpirun() {
  const std::string path = find_program("mpirun");
  if (path.empty())
    return {"mpirun", "not found in PATH", "apt install openmpi-bin, or add its folder to PATH"};
  return {"mpirun", path, ""};
}

Finding check_root() {
  if (geteuid() != 0) return {"user", "not root", ""};
  if (std::getenv("OMPI_ALLOW_RUN_AS_ROOT") && std::getenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"))
    return {"user", "root, allowed to run mpirun", ""};
  return {"user", "root: mpirun refuses to start",
          "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1, or use another user"};
}

Finding check_ranks(const Ranks& ranks) {
  const std::string value =
      std::to_string(ranks.size()) + " (" + std::to_string(ranks.local_ranks()) + " on this node)";
  if (ranks.size() == 1 && !started_by_launcher()) return {"ranks", value + ", started without mpirun", ""};
  return {"ranks", value, ""};
}

Finding check_cores(const Cores& cores, int threads) {
  std::string cure;
  for (const std::string& warning : core_warnings(cores, threads))
    cure += (cure.empty() ? "" : "; ") + warning;
  return {"threads",
          std::to_string(threads > 0 ? threads : cores.share()) + " per rank (" +
              std::to_string(cores.allowed) + " of " + std::to_string(cores.online) +
              " cores allowed, shared by " + std::to_string(cores.sharing) +
              (cores.sharing == 1 ? " rank" : " ranks") +
              (cores.unbound ? "; mpirun's default binding undone)" : ")"),
          cure};
}

/// Variables of Open MPI that change binding or transport as options of mpirun would: easily forgotten in a
/// profile.
Finding check_variables() {
  std::string found;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string variable(*entry);
    for (const char* start :
         {"OMPI_MCA_btl", "OMPI_MCA_pml", "OMPI_MCA_mtl", "OMPI_MCA_hwloc_base_binding_policy",
          "OMPI_MCA_rmaps_base_mapping_policy", "OMPI_MCA_hwloc_base_cpu_set", "OMPI_MCA_oob_tcp_if",
          "OMPI_MCA_mpi_yield_when_idle"})
      if (variable.starts_with(start)) found += (found.empty() ? "" : ", ") + variable.substr(9);
  }
  return {"options", found.empty() ? "none of mpirun's change binding or transport" : found, ""};
}

/// Ranks of one node exchange messages through files in /dev/shm (or TMPDIR), which containers make small.
Finding check_shared_memory(const Ranks& ranks) {
  struct statvfs info {};
  if (statvfs("/dev/shm", &info) != 0) return {"shm", "no /dev/shm", ""};
  const double free = static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize);
  const double needed = 8e6 * ranks.local_ranks();
  return {
      "shm", fixed(free / 1e6, 0) + " MB free in /dev/shm",
      free < needed ? "ranks of one node need about 8 MB each: start the container with --shm-size=1g" : ""};
}

Finding check_watchdog(const Ranks& ranks) {
  if (ranks.size() == 1) return {"watchdog", "one rank: only that it gets on is watched", ""};
  if (ranks.can_watch()) return {"watchdog", "can watch all ranks (MPI_THREAD_MULTIPLE)", ""};
  return {
      "watchdog", "off: this MPI library has no MPI_THREAD_MULTIPLE",
      "use a library that has it, such as Debian's openmpi-bin; else a lost rank leaves the others waiting"};
}

Finding check_simd() {
  std::string all;
  for (SimdTarget target : available_targets()) all += (all.empty() ? "" : ", ") + std::string(name(target));
  const bool vectors = !available_targets().empty() && available_targets().front() != SimdTarget::scalar;
  return {"simd", all,
          vectors ? "" : "this processor offers no vector instructions that are used; training is slow"};
}

Finding check_memory() {
  const double total =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  const double free =
      static_cast<double>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return {"memory", fixed(total / 1e9, 1) + " GB, " + fixed(free / 1e9, 1) + " GB free",
          free < 5e8 ? "less than 0.5 GB is free: close other programs or use fewer ranks" : ""};
}

/// Writes and reads a tiny data set in the current folder: network file systems without locks fail here.
Finding check_hdf5() {
  const std::string version = hdf5_version();
  const std::string file = "qmtl-doctor-" + std::to_string(getpid()) + ".h5";
  Dataset data;
  data.title = "doctor";
  data.samples = 2;
  data.inputs = {{"x", {1}, 1, {0.0f, 1.0f}}};
  data.tasks = {{"y", TaskKind::binary, 2, "accuracy", 1, {0.0f, 1.0f}}};
  data.split = {0, 1};
  std::string problem;
  try {
    write_dataset(file, data);
    read_dataset(file);
  } catch (const std::exception& error) {
    problem = error.what();
  }
  std::error_code ignored;
  fs::remove(file, ignored);
  if (problem.empty()) return {"hdf5", version + ", writes and reads here", ""};
  const bool lock = problem.find("lock file") != std::string::npos;
  return {"hdf5", version + ", cannot write here: " + problem.substr(0, problem.find('\n')),
          lock ? "the file system has no locks: export HDF5_USE_FILE_LOCKING=FALSE"
               : "start in a folder that you may write to and that has space"};
}

Finding check_disk() {
  struct statvfs info {};
  if (statvfs(".", &info) != 0) return {"disk", "cannot ask for free space", ""};
  const double free = static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize);
  return {"disk", fixed(free / 1e9, 1) + " GB free in the current folder",
          free < 2e8 ? "free some space: checkpoints are refused on a full disk" : ""};
}

}  // namespace

std::vector<Finding> find_problems(const Ranks& ranks, const Cores& cores, int threads) {
  std::vector<Finding> findings{check_mpi(ranks)};
  const auto add = [&findings](Finding finding) { findings.push_back(std::move(finding)); };
  if (with_mpi) {
    add(check_mpirun());
    add(check_root());
  }
  add(check_ranks(ranks));
  add(check_cores(cores, threads));
  if (with_mpi) {
    add(check_variables());
    add(check_shared_memory(ranks));
    add(check_watchdog(ranks));
  }
  add(check_simd());
  add(check_memory());
  if (ranks.root()) {
    add(check_hdf5());
    add(check_disk());
  }
  return findings;
}

}  // namespace qmtl
