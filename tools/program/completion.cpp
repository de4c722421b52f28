// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <map>

#include "io/config/key_reference.h"
#include "runtime/circuit/ansatz/presets.h"
#include "runtime/engine/simd_target.h"
#include "tools/program/commands.h"
#include "tools/program/options.h"
#ifdef QMTL_HARDWARE
#include "tools/workflows/export/export.h"
#endif

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl completion bash|zsh [options]",
    "Prints a script for the shell that completes commands, their options, what options take, and the keys\n"
    "of --set. The Debian package has it in place; elsewhere a line in .bashrc or .zshrc reads it.",
    "  eval \"$(qmtl completion bash)\"                                   # in ~/.bashrc\n"
    "  eval \"$(qmtl completion zsh)\"                                    # in ~/.zshrc\n"
    "  qmtl completion bash >~/.local/share/bash-completion/completions/qmtl"};

struct Command {
  std::string name;
  int (*run)(const Ranks&, const Arguments&);
};
#define COMMAND(name, where, signal, summary) Command{#name, name##_command},
const Command commands[] = {QMTL_COMMANDS(COMMAND)};
#undef COMMAND

void add(std::string& words, std::string_view word) {
  if (!words.empty()) words += ' ';
  words += word;
}

/// Keys as --set takes them; those of a table that a user names have no text before they are named.
std::string set_words() {
  std::string words;
  for (const KeyPage& page : key_pages())
    if (page.full().find_first_of("<[\"* ") == std::string::npos) add(words, page.full() + "=");
  return words;
}

std::string preset_words() {
  std::string words;
  for (const Preset& preset : preset_table()) add(words, preset.name);
  return words;
}

/// What an option takes where that is one of a few words.
std::map<std::string, std::string> option_words() {
  std::map<std::string, std::string> words{{"--set", set_words()}, {"--split", "train validation test"}};
  for (const char* mode : progress_modes()) add(words["--progress"], mode);
  for (int target = 0; target <= static_cast<int>(SimdTarget::scalar); ++target)
    add(words["--simd"], name(static_cast<SimdTarget>(target)));
#ifdef QMTL_HARDWARE
  for (const ExportFormat* format : export_formats()) add(words["--to"], format->name);
#endif
  return words;
}

/// The script's variable that holds the words of an option.
std::string variable_of(const std::string& option) { return "words_" + option.substr(2); }

/// What completes the value of an option: folders, files, its words' variable, or nothing (numbers, names).
std::string completed_by(const CommandLine::Option& option, const std::map<std::string, std::string>& words) {
  if (words.contains(option.name)) return "$" + variable_of(option.name);
  for (const char* folder : {"FOLDER", "DIR"})
    if (option.argument == folder) return "folders";
  for (const char* file : {"FILE", "PATH", "TABLE", "RUN", "CHECKPOINT", "NOISE"})
    if (option.argument == file) return "files";
  return "nothing";
}

/// One command as a branch of the script's case.
std::string branch(const std::string& pattern, const CommandLine& line,
                   const std::map<std::string, std::string>& words, const std::string& positional) {
  std::string options, values;
  std::map<std::string, std::string> takers;  // by what completes them
  for (const CommandLine::Option& option : line.options) {
    add(options, option.name);
    if (option.argument.empty()) continue;
    std::string& names = takers[completed_by(option, words)];
    names += (names.empty() ? "" : "|") + option.name;
    if (!option.letter.empty()) names += "|" + option.letter;
  }
  for (const auto& [by, names] : takers) values += "        " + names + ") value=" + by + " ;;\n";
  return "    " + pattern + ")\n      options='" + options + "'\n      arguments='" + positional +
         "'\n      case $before in\n" + values + "      esac ;;\n";
}

std::string positional_words(const Command& command, const CommandLine& line) {
  if (line.positional.empty()) return "nothing";
  if (command.name == "presets") return preset_words();
  if (line.positional[0] == "word") return "nothing";
  return "files";
}

constexpr const char* beginning =
    R"bash(# Completes qmtl's command line in bash; printed by `qmtl completion bash`.
_qmtl() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  local options='' arguments=files value='' actions='' at dashes=''
  COMPREPLY=()
  # --to=onnx and --set key=value arrive as three words.
  if [[ $current == = ]]; then
    current=''
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((at = 2; at < COMP_CWORD; ++at)); do
    if [[ ${COMP_WORDS[at]} == -- ]]; then dashes=$at; break; fi
  done
  # Behind `qmtl supervise --` stands a command of its own.
  if [[ -n $dashes ]]; then
    if declare -F _command_offset >/dev/null; then _command_offset $((dashes + 1)); fi
    return
  fi
)bash";

constexpr const char* ending = R"bash(  esac
  if [[ -n $value ]]; then
    arguments=$value
  elif [[ $current == -* ]]; then
    arguments=$options
  elif [[ -n $actions && $COMP_CWORD == 2 ]]; then
    arguments=$actions
  fi
  case $arguments in
    files) ;;  # what readline does by itself
    nothing) compopt +o default ;;
    folders) compopt -o dirnames +o default ;;
    *)
      compopt +o default
      mapfile -t COMPREPLY < <(compgen -W "$arguments" -- "$current")
      if [[ ${COMPREPLY[0]:-} == *= ]]; then compopt -o nospace; fi ;;
  esac
}
complete -o default -F _qmtl qmtl
)bash";

bool same_options(const CommandLine& a, const CommandLine& b) {
  const auto same = [](const auto& x, const auto& y) { return x.name == y.name; };
  return std::equal(a.options.begin(), a.options.end(), b.options.begin(), b.options.end(), same);
}

std::string script() {
  const auto words = option_words();
  std::string names, branches, apart, lists;
  for (const auto& [option, text] : words) lists += "  local " + variable_of(option) + "='" + text + "'\n";
  for (const Command& command : commands) {
    if (!command.run) continue;
    add(names, command.name);
    const CommandLine line = command_line_of(command.run);
    std::string text = branch(command.name, line, words, positional_words(command, line)), actions;
    for (const std::string& action : line.actions) {
      add(actions, action);
      if (const CommandLine own = command_line_of(command.run, {action}); !same_options(line, own)) {
        add(apart, command.name + "-" + action);
        branches += branch(command.name + "-" + action, own, words, "files");
      }
    }
    if (!actions.empty()) text.insert(text.find("      arguments="), "      actions='" + actions + "'\n");
    branches += text;
  }
  return std::string(beginning) + lists + "  if [[ $COMP_CWORD == 1 ]]; then\n    command='' value='" +
         names + " help --help --version'\n  elif [[ ' " + apart +
         " ' == *\" $command-${COMP_WORDS[2]} \"* ]]; then  # has options of its own\n"
         "    command+=-${COMP_WORDS[2]}\n  fi\n  case $command in\n" +
         branches + ending;
}

}  // namespace

int completion_command(const Ranks& ranks, const Arguments& args) {
  const auto options = parse_options(ranks, usage, {}, {"shell"}, {"shell"}, args);
  if (!options) return 0;
  const std::string& shell = options->text("shell");
  if (shell != "bash" && shell != "zsh") throw usage_error("expected bash or zsh, found '" + shell + "'");
  if (shell == "zsh") std::cout << "autoload -Uz bashcompinit compinit\ncompinit\nbashcompinit\n";
  std::cout << script() << std::flush;
  return 0;
}

}  // namespace qmtl
