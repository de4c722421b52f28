// SPDX-License-Identifier: Apache-2.0
#include "tools/program/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iostream>
#include <sstream>

#include "io/sources/text_encoding.h"
#include "runtime/base/nearest.h"
#include "runtime/base/text.h"
#include "tools/program/log.h"

namespace qmtl {
namespace po = boost::program_options;
namespace {

/// Where parse_options writes what a command takes, instead of parsing: see command_line_of.
CommandLine* asked = nullptr;

po::options_description common_options() {
  po::options_description common("Common options");
  auto add = common.add_options();
  add("help,h", "print this help");
  add("json", po::bool_switch(), "print the result as one JSON object");
  add("quiet,q", po::bool_switch(), "print errors only");
  add("threads", po::value<int>()->value_name("N"), "threads of this rank (default: its cores)");
  add("set", po::value<std::vector<std::string>>()->value_name("KEY=VALUE"),
      "override a key of the configuration, e.g. train.epochs=5; may be repeated");
  add("progress", po::value<std::string>()->value_name("MODE"),
      "auto, line (redrawn), plain (a line per epoch) or off");
  add("simd", po::value<std::string>()->value_name("TARGET"),
      "instruction set: best, avx512, avx2, sse4 or scalar");
  return common;
}

CommonOptions read_common(const po::variables_map& values) {
  CommonOptions common;
  common.json = values["json"].as<bool>();
  common.quiet = values["quiet"].as<bool>();
  if (values.count("threads")) {
    common.threads = values["threads"].as<int>();
    if (common.threads < 1 || common.threads > 4096)
      throw usage_error("--threads: expected 1 to 4096, found " + std::to_string(common.threads));
  }
  if (values.count("set")) common.set = values["set"].as<std::vector<std::string>>();
  for (const std::string& entry : common.set)
    if (entry.find('=') == std::string::npos || entry.front() == '=')
      throw usage_error("--set: expected KEY=VALUE such as train.epochs=5, found '" + entry + "'");
  if (values.count("progress")) common.progress = values["progress"].as<std::string>();
  const auto modes = progress_modes();
  if (std::find(modes.begin(), modes.end(), common.progress) == modes.end())
    throw usage_error("--progress: expected auto, line, plain or off, found '" + common.progress + "'");
  if (values.count("simd")) common.simd = parse_simd_target(values["simd"].as<std::string>());
  return common;
}

void print_help(const Usage& usage, const po::options_description& own) {
  std::cout << "Usage: " << usage.line << "\n\n" << usage.description << "\n";
  if (!own.options().empty()) std::cout << "\n" << own;
  std::cout << "\n" << common_options() << "\nExample:\n" << usage.example << std::endl;
}

/// What ranks do together follows from these options; of the others a rank may have its own, or they are
/// compared by what they lead to (configurations, files).
std::string shared_options(const po::parsed_options& parsed) {
  constexpr std::array own{"threads", "simd", "set",  "progress", "progress-every", "json",
                           "quiet",   "out",  "data", "from",     "folder"};
  std::vector<std::string> words;
  for (const po::option& option : parsed.options) {
    if (option.position_key >= 0 || std::find(own.begin(), own.end(), option.string_key) != own.end())
      continue;
    std::string word = "--" + option.string_key;
    for (const std::string& value : option.value) word += " " + value;
    words.push_back(std::move(word));
  }
  std::sort(words.begin(), words.end());
  std::string text;
  for (const std::string& word : words) text += word + "\n";
  return text;
}

/// A variable of a script that was never set arrives as an empty text: nothing is called that.
void refuse_empty(const po::parsed_options& parsed, const Usage& usage) {
  for (const po::option& option : parsed.options)
    for (const std::string& value : option.value)
      if (value.empty())
        throw usage_error((option.position_key >= 0 ? "argument " : "--") + option.string_key +
                          ": expected a value, found an empty text. Usage: " + usage.line);
}

Options parse(const Usage& usage, const po::options_description& own,
              const std::vector<std::string>& positional, const std::vector<std::string>& required,
              const Arguments& args) {
  for (const std::string& arg : args)
    if (foreign_byte(arg) != std::string::npos)
      throw usage_error("expected arguments in UTF-8, found \"" + shown(arg, 200) +
                        "\"; names of files and folders get into reports and checkpoints, so rename it");
  po::options_description hidden;
  po::positional_options_description positions;
  for (const std::string& name : positional) {
    if (name.ends_with("...")) {
      const std::string several = name.substr(0, name.size() - 3);
      hidden.add_options()(several.c_str(), po::value<std::vector<std::string>>(), "");
      positions.add(several.c_str(), -1);
    } else {
      hidden.add_options()(name.c_str(), po::value<std::string>(), "");
      positions.add(name.c_str(), 1);
    }
  }

  Options options;
  po::options_description all;
  all.add(common_options()).add(own).add(hidden);
  try {
    using namespace po::command_line_style;
    const po::parsed_options parsed = po::command_line_parser(args)
                                          .options(all)
                                          .positional(positions)
                                          .style(unix_style & ~allow_guessing)
                                          .run();
    refuse_empty(parsed, usage);
    options.shared = shared_options(parsed);
    po::store(parsed, options.values);
    po::notify(options.values);
  } catch (const po::unknown_option& error) {
    std::vector<std::string> known;
    for (const auto& option : all.options()) known.push_back("--" + option->long_name());
    const std::string near = nearest(error.get_option_name(), known, likely_slips(error.get_option_name()));
    throw usage_error("unknown option " + error.get_option_name() +
                      (near.empty() ? "" : "; did you mean " + near + "?") + " Usage: " + usage.line);
  } catch (const po::error& error) {
    throw usage_error(std::string(error.what()) + ". Usage: " + usage.line);
  }
  for (const std::string& name : required)
    if (!options.has(name))
      throw usage_error("missing argument " + name + ". Usage: " + usage.line + " (see --help)");
  options.common = read_common(options.values);
  if (!usage.reads_keys) refuse_set(options, usage.line.substr(5, usage.line.find(' ', 5) - 5));
  return options;
}

/// "qmtl replay plan|submit PATH" as {plan, submit}.
std::vector<std::string> actions_of(const std::string& usage) {
  std::istringstream words(usage);
  std::string word;
  for (int i = 0; i < 3; ++i) words >> word;
  std::vector<std::string> actions;
  if (word.find('|') == std::string::npos) return actions;
  std::istringstream parts(word);
  for (std::string part; std::getline(parts, part, '|');) actions.push_back(part);
  return actions;
}

CommandLine describe(const Usage& usage, const po::options_description& own,
                     const std::vector<std::string>& positional) {
  const po::options_description common = common_options();
  CommandLine line{.options = {}, .positional = positional, .actions = actions_of(usage.line)};
  for (const po::options_description* some : {&own, &common})
    for (const auto& option : some->options()) {
      const std::string shown = option->format_name();
      const bool lettered = shown.size() > 2 && shown[2] == ' ';
      // A value that may be left out is written behind "=": the next word is not it.
      const bool takes = option->semantic()->min_tokens() > 0;
      const std::string argument = takes ? option->semantic()->name() : "";
      line.options.push_back({"--" + option->long_name(), lettered ? shown.substr(0, 2) : "",
                              argument.substr(0, argument.find_first_of(" ="))});
    }
  return line;
}

}  // namespace

CommandLine command_line_of(int (*command)(const Ranks&, const Arguments&), const Arguments& args) {
  CommandLine line;
  asked = &line;
  command(OneRank(), args);
  asked = nullptr;
  return line;
}

std::span<const char* const> progress_modes() {
  static constexpr std::array modes{"auto", "line", "plain", "off"};
  return modes;
}

std::optional<Options> parse_options(const Ranks& ranks, const Usage& usage, po::options_description own,
                                     const std::vector<std::string>& positional,
                                     const std::vector<std::string>& required, const Arguments& args) {
  if (asked) {
    *asked = describe(usage, own, positional);
    return std::nullopt;
  }
  const bool help =
      std::any_of(args.begin(), args.end(), [](const auto& a) { return a == "--help" || a == "-h"; });
  // Before anything that ranks do together: one that does something else would leave the others waiting.
  ranks.require_equal("the option --help", help ? "given" : "not given");
  if (help) {
    if (ranks.root()) print_help(usage, own);
    return std::nullopt;
  }
  Options options;
  ranks.together([&] { options = parse(usage, own, positional, required, args); });
  ranks.require_equal("the options of the command", options.shared);
  start_log(options.common.quiet || !ranks.root());
  return options;
}

void refuse_set(const Options& options, const std::string& command) {
  if (!options.common.set.empty())
    throw usage_error("--set: expected none for " + command + ", found \"" + options.common.set[0] +
                      "\"; it would change nothing here: keys of a configuration count where one is read "
                      "(train, plan, compare, scale, inspect --gradients)");
}

std::vector<int> parse_numbers(const std::string& option, const std::string& text, int least, int most) {
  std::vector<int> values;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    int value = 0;
    const auto parsed = std::from_chars(at, end, value);
    const bool more = parsed.ptr != end && *parsed.ptr == ',';
    if (parsed.ec != std::errc{} || value < least || value > most || (parsed.ptr != end && !more))
      throw usage_error(option + ": expected whole numbers from " + std::to_string(least) + " to " +
                        std::to_string(most) + " such as 1,2,4, found '" + text + "'");
    values.push_back(value);
    if (!more) return values;
    at = parsed.ptr + 1;
  }
}

}  // namespace qmtl
