// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <new>

#include "runtime/base/nearest.h"
#include "runtime/base/version.h"
#include "tools/program/commands.h"
#include "tools/program/options.h"
#include "tools/workflows/training/rank_log.h"

namespace qmtl {
namespace {

// Commands of a build that leaves rooms out (options of the same names in CMakeLists.txt).
#ifdef QMTL_STUDIES
#define IN_STUDIES(command) command
#else
#define IN_STUDIES(command) nullptr
#endif
#ifdef QMTL_HARDWARE
#define IN_HARDWARE(command) command
#else
#define IN_HARDWARE(command) nullptr
#endif

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const Comm&, const Arguments&);  ///< null where the build leaves the command out
  bool all_ranks;                             ///< runs on every rank; else on rank 0 only
};

constexpr std::array commands{
    Command{"import", "make a data set from tables, arrays or pictures and a TOML description",
            import_command, false},
    Command{"train", "train a model; run it under mpirun to use several ranks", train_command, true},
    Command{"supervise", "run a training and start it again from its newest checkpoint when it fails",
            supervise_command, false},
    Command{"eval", "metrics of a checkpoint on a split of its data set", eval_command, true},
    Command{"compare", "train several heads on the same splits and compare them", IN_STUDIES(compare_command),
            true},
    Command{"sweep", "a checkpoint's score against shots and noise strength", IN_STUDIES(sweep_command),
            true},
    Command{"scale", "head parameters and accuracy against the number of tasks", IN_STUDIES(scale_command),
            true},
    Command{"predict", "predictions of a checkpoint for a CSV or HDF5 file", predict_command, true},
    Command{"inspect", "what is in a checkpoint or data set", IN_STUDIES(inspect_command), false},
    Command{"bench", "time the circuit engine on workloads and check its answers", IN_STUDIES(bench_command),
            false},
    Command{"plan", "what a configuration would train: circuit, parameters, warnings, cost", plan_command,
            false},
    Command{"noise", "circuits on a noisy device: probabilities or counts of bitstrings",
            IN_HARDWARE(noise_command), false},
    Command{"export", "write a trained model as circuits for devices or as a program for the edge",
            IN_HARDWARE(export_command), false},
    Command{"emulate", "serve the protocols of quantum services from the simulator, with faults on demand",
            IN_HARDWARE(emulate_command), false},
    Command{"replay", "evaluate a checkpoint on a quantum device, without paying twice or losing results",
            IN_HARDWARE(replay_command), false},
    Command{"watch", "follow a training run from another terminal", watch_command, false},
    Command{"report", "one HTML page about runs, comparisons, scaling and noise", IN_STUDIES(report_command),
            false},
    Command{"doctor", "find problems of MPI, threads, SIMD and HDF5, and how to fix them", doctor_command,
            true},
};

void print_help(std::ostream& out) {
  out << "qmtl " << program_version << ": parameter-efficient quantum multi-task learning\n\n"
      << "Usage: qmtl COMMAND [arguments] [options]\n\nCommands:\n";
  for (const Command& command : commands) out << fmt::format("  {:<10}{}\n", command.name, command.summary);
  out << "\n`qmtl COMMAND --help` shows a command's options with an example.\n"
      << "Exit codes: 0 done, 2 wrong usage or configuration, 3 bad data or file, 4 a device's endpoint, 75 "
         "stopped\n"
         "after a checkpoint, 76 a rank that no longer answered (distributed.watchdog).\n";
}

int run(const Comm& comm, const Arguments& args) {
  if (args.empty()) {
    if (comm.root()) print_help(std::cerr);
    return static_cast<int>(Exit::usage);
  }
  const std::string& name = args[0];
  if (name == "--help" || name == "-h" || name == "help") {
    if (comm.root()) print_help(std::cout);
    return 0;
  }
  if (name == "--version") {
    if (comm.root()) std::cout << program_version << "\n";
    return 0;
  }
  std::vector<std::string> known;
  for (const Command& command : commands) {
    known.push_back(command.name);
    if (name != command.name) continue;
    if (!command.run)
      throw SharedError(Exit::usage, "expected a build with the command '" + name +
                                         "', found one without it; tools/build makes the whole program");
    const Arguments rest(args.begin() + 1, args.end());
    if (command.all_ranks) return command.run(comm, rest);
    return comm.root() ? command.run(Comm(Comm::Alone{}), rest) : 0;
  }
  const std::string near = nearest(name, known, likely_slips(name));
  throw SharedError(Exit::usage, "unknown command '" + name + "'" +
                                     (near.empty() ? "" : "; did you mean '" + near + "'?") +
                                     " `qmtl --help` lists the commands");
}

/// Errors that all ranks share are printed once; an error of one rank ends the others too.
int fail(const Comm& comm, const std::string& message, int code, bool shared) {
  rank_note(spdlog::level::err, message);
  if (comm.size() == 1 || (shared && comm.root())) {
    std::fprintf(stderr, "qmtl: error: %s\n", message.c_str());
  } else if (!shared) {
    std::fprintf(stderr, "qmtl: error: rank %d: %s\n", comm.rank(), message.c_str());
    std::fflush(stderr);
    comm.abort(code);
  }
  return code;
}

}  // namespace
}  // namespace qmtl

int main(int argc, char** argv) {
  using namespace qmtl;
  // A limit on file sizes is then an error of the write, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  const Comm comm;
  try {
    return run(comm, Arguments(argv + 1, argv + argc));
  } catch (const SharedError& error) {
    return fail(comm, error.what(), static_cast<int>(error.code()), true);
  } catch (const Error& error) {
    return fail(comm, error.what(), static_cast<int>(error.code()), false);
  } catch (const std::bad_alloc&) {
    return fail(comm, "out of memory; `qmtl plan` says how much a model needs, fewer --threads need less",
                static_cast<int>(Exit::data), false);
  } catch (const std::exception& error) {
    return fail(comm, std::string("internal error: ") + error.what(), 1, false);
  }
}
