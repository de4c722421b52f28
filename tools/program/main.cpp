// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#ifdef QMTL_MPI
#include "distributed/comm.h"
#endif
#include "distributed/launch/launcher.h"
#include "runtime/base/any_error.h"
#include "runtime/base/nearest.h"
#include "runtime/base/text.h"
#include "runtime/base/version.h"
#include "tools/program/commands.h"
#include "tools/program/options.h"
#include "tools/program/signals.h"
#include "tools/program/standard_output.h"
#include "tools/workflows/training/rank_log.h"

namespace qmtl {
namespace {

constexpr bool every_rank = true, rank_0 = false, stops = true, ends = false;

#ifdef QMTL_MPI
using Job = Comm;
/// Ranks that another MPI library's launcher started would each take themselves for the only one.
void require_own_launcher(const Ranks& ranks) {
  const int launched = launched_ranks();
  if (launched > 1 && ranks.size() == 1)
    throw SharedError(Exit::usage, "expected the launcher of " + ranks.transport() +
                                       ", with which qmtl was built, found another, whose " +
                                       std::to_string(launched) +
                                       " ranks do not see each other; start it with the mpirun or mpiexec "
                                       "that belongs to the library");
}
#else
using Job = OneRank;
/// Ranks that do not know of each other would all do the whole work, in one run folder.
void require_own_launcher(const Ranks&) {
  if (launched_ranks() != 1)
    throw SharedError(
        Exit::usage,
        "expected a build with MPI under mpirun and srun, found one without (QMTL_MPI=OFF); start "
        "qmtl by itself");
}
#endif

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const Ranks&, const Arguments&);  ///< null where the build leaves the command out
  bool all_ranks;                              ///< runs on every rank; else on rank 0 only
  bool stops;                                  ///< a signal asks it to stop, which it does in its own time
};

#define COMMAND(name, where, signal, summary) Command{#name, summary, name##_command, where, signal},
constexpr Command commands[] = {QMTL_COMMANDS(COMMAND)};
#undef COMMAND

void print_help(std::ostream& out) {
  out << "qmtl " << program_version << ": parameter-efficient quantum multi-task learning\n\n"
      << "Usage: qmtl COMMAND [arguments] [options]\n\nCommands:\n";
  for (const Command& command : commands) out << fmt::format("  {:<11}{}\n", command.name, command.summary);
  out << "\n`qmtl COMMAND --help` shows a command's options with an example.\n"
      << "Exit codes: 0 done, 2 wrong usage or configuration, 3 bad data or file, 4 a device's endpoint, 75 "
         "stopped\n"
         "after a checkpoint, 76 a rank that no longer answered (distributed.watchdog).\n";
}

int run(const Ranks& ranks, const Arguments& args) {
  ranks.require_equal("the command", args.empty() ? "" : args[0]);
  if (args.empty()) {
    if (ranks.root()) print_help(std::cerr);
    return static_cast<int>(Exit::usage);
  }
  const std::string& name = args[0];
  if (name == "--help" || name == "-h" || name == "help") {
    if (ranks.root()) print_help(std::cout);
    return 0;
  }
  if (name == "--version") {
    if (ranks.root()) std::cout << program_version << "\n";
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
    if (command.all_ranks) return command.run(ranks, rest);
    return ranks.root() ? command.run(OneRank(), rest) : 0;
  }
  const std::string near = nearest(name, known, likely_slips(name));
  throw SharedError(Exit::usage, "unknown command '" + name + "'" +
                                     (near.empty() ? "" : "; did you mean '" + near + "'?") +
                                     " `qmtl --help` lists the commands");
}

/// From the first moment on: MPI takes a while to start, and a signal may come meanwhile.
void catch_signals_of(const Arguments& args) {
  for (const Command& command : commands)
    if (!args.empty() && args[0] == command.name && command.stops) catch_stop_signals();
}

/// Errors that all ranks share are printed once; an error of one rank ends the others too.
int fail(const Ranks& ranks, const std::string& message, int code, bool shared) {
  std::fflush(stdout);  // what was printed comes before
  rank_note(spdlog::level::err, message);
  const std::string shown = visible(message);
  if (ranks.size() == 1 || (shared && ranks.root())) {
    std::fprintf(stderr, "qmtl: error: %s\n", shown.c_str());
  } else if (!shared) {
    std::fprintf(stderr, "qmtl: error: rank %d: %s\n", ranks.rank(), shown.c_str());
    std::fflush(stderr);
    ranks.abort(code);
  }
  return code;
}

/// The last net: what nobody caught, as in a thread, ends with a documented code and words too.
[[noreturn]] void end_told() {
  std::string message = "a fault of this program; please report it with the command";
  try {
    if (std::current_exception()) std::rethrow_exception(std::current_exception());
  } catch (const std::exception& error) {
    message = any_error(error).what();
  } catch (...) {
  }
  std::fprintf(stderr, "qmtl: error: %s\n", visible(message).c_str());
  std::_Exit(static_cast<int>(Exit::data));
}

}  // namespace
}  // namespace qmtl

int main(int argc, char** argv) {
  using namespace qmtl;
  std::set_terminate(end_told);
  // A limit on file sizes is then an error of the write, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  take_standard_output();
  const Arguments args(argv + 1, argv + argc);
  catch_signals_of(args);
  const Job ranks;
  try {
    require_own_launcher(ranks);
    const int code = run(ranks, args);
    finish_standard_output();
    return code;
  } catch (const SharedError& error) {
    return fail(ranks, error.what(), static_cast<int>(error.code()), true);
  } catch (const std::exception& error) {
    const Error told = any_error(error);
    return fail(ranks, told.what(), static_cast<int>(told.code()), false);
  }
}
