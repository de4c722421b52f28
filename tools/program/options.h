// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/engine/engine.h"
#include "tools/program/commands.h"

namespace qmtl {

/// How a subcommand is used, for its --help.
struct Usage {
  std::string line;         ///< e.g. "qmtl eval CHECKPOINT [options]"
  std::string description;  ///< what it does, a few lines
  std::string example;      ///< whole commands
  bool reads_keys = false;  ///< of a configuration, so that it takes --set
};

/// Options that every subcommand understands.
struct CommonOptions {
  bool json = false;              ///< the result as one JSON object on standard output
  bool quiet = false;             ///< no logs and progress but errors
  int threads = 0;                ///< 0: the cores of this rank
  std::vector<std::string> set;   ///< configuration overrides, "key=value"
  std::string progress = "auto";  ///< auto, line, plain or off
  SimdTarget simd = SimdTarget::best;
};

/// A subcommand's parsed command line.
struct Options {
  CommonOptions common;
  boost::program_options::variables_map values;  ///< of the subcommand's own options
  std::string shared;                            ///< those that all ranks must have alike, as text

  bool has(const std::string& key) const { return values.count(key) > 0; }
  const std::string& text(const std::string& key) const { return values.at(key).as<std::string>(); }
  std::string text_or(const std::string& key, const std::string& otherwise) const {
    return has(key) ? text(key) : otherwise;
  }
};

/// Parses `args`. `own` are the subcommand's options, `positional` the names of its arguments without dashes,
/// in order ("path...": as many as are given, a vector of texts named "path"); all of `required` must be
/// given. With --help rank 0 prints the help and the result is nothing: the command ends with 0. All ranks
/// throw SharedError (usage) for unknown options, missing and surplus arguments and wrong values. Sets up the
/// log: standard error, on ranks other than 0 errors only. Collective.
std::optional<Options> parse_options(const Ranks& ranks, const Usage& usage,
                                     boost::program_options::options_description own,
                                     const std::vector<std::string>& positional,
                                     const std::vector<std::string>& required, const Arguments& args);

/// What a subcommand takes on its command line.
struct CommandLine {
  struct Option {
    std::string name;      ///< "--out"
    std::string letter;    ///< "-o", or nothing
    std::string argument;  ///< what it is followed by, "FILE"; nothing for a switch
  };
  std::vector<Option> options;          ///< those that every subcommand has included
  std::vector<std::string> positional;  ///< names of its arguments without dashes
  std::vector<std::string> actions;     ///< what the first of them may be, where the usage line says "a|b|c"
};

/// Of a subcommand, which is asked but does not run.
CommandLine command_line_of(int (*command)(const Ranks&, const Arguments&), const Arguments& args = {});

/// Texts that --progress takes.
std::span<const char* const> progress_modes();

/// Throws Error (usage) for --set, which a command that reads no configuration would ignore.
void refuse_set(const Options& options, const std::string& command);

/// "4,8,12" as numbers. Throws Error (usage) that names the option unless all are from `least` to `most`.
std::vector<int> parse_numbers(const std::string& option, const std::string& text, int least, int most);

}  // namespace qmtl
