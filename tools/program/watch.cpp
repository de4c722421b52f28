// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <thread>

#include "runtime/base/json_field.h"
#include "runtime/base/text.h"
#include "tools/program/options.h"
#include "tools/program/standard_output.h"
#include "tools/workflows/training/run_view.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const Usage usage{
    "qmtl watch RUN [options]",
    "Follows a training run: epoch, losses and scores of the tasks, speed, time left, the last checkpoint "
    "and\n"
    "where the ranks' time goes. It only reads the run folder, so it works from any node that sees it, and "
    "ends\n"
    "with the run: 0 when the run has finished, 75 when it was stopped, 3 when it failed or its process is "
    "gone.\n"
    "In a terminal it redraws a table, else it prints a line for every epoch and change of state.",
    "  qmtl watch runs/digits\n  qmtl watch runs/digits --once --json"};

/// Prints views the way that was asked for.
class Screen {
 public:
  Screen(bool json, bool once) : json_(json), table_(once || isatty(STDOUT_FILENO) == 1), redraw_(!once) {}

  void show(const RunView& view) {
    if (json_)
      print_changed(view, json_text(view_json(view)));
    else if (table_)
      draw(view);
    else
      print_changed(view, view_line(view));
  }

 private:
  void print_changed(const RunView& view, const std::string& text) {
    const std::string now = view.state + " " + std::to_string(view.last ? view.last->epoch : 0);
    if (now == printed_) return;
    printed_ = now;
    std::cout << text << std::endl;
  }

  void draw(const RunView& view) {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && size.ws_row > 1;
    const auto lines = view_text(view, known ? size.ws_col - 1 : 1000, known ? size.ws_row - 1 : 1000);
    // Names and messages of the run are shown, never obeyed.
    std::string text = drawn_ > 0 ? "\033[" + std::to_string(drawn_) + "A\r" : "";
    const std::string end = redraw_ ? "\033[K\n" : "\n";
    for (const std::string& line : lines) text += visible(line) + end;
    if (drawn_ > 0) text += "\033[J";
    drawn_ = redraw_ ? lines.size() : 0;
    write_to_terminal(text);
  }

  bool json_, table_, redraw_;
  std::size_t drawn_ = 0;
  std::string printed_;
};

double seconds_option(const Options& options, const char* name, double least) {
  const double seconds = options.values[name].as<double>();
  if (!(seconds >= least && seconds <= 1e6))
    throw usage_error("--" + std::string(name) + ": expected seconds from " + (least > 0 ? "0.01" : "0") +
                      " to 1000000, found " + std::to_string(seconds));
  return seconds;
}

int exit_code(const RunView& view) {
  if (view.state == "stopped") return static_cast<int>(Exit::interrupted);
  if (view.state == "failed" || view.state == "gone") return static_cast<int>(Exit::data);
  return 0;
}

}  // namespace

int watch_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of watch");
  own.add_options()("once", "print what is known now and end with 0")(
      "stay",
      "wait for a run that is not there yet, and for the next start of one that ended before it finished")(
      "interval", po::value<double>()->value_name("SECONDS")->default_value(1, "1"),
      "time between two looks")("silence",
                                po::value<double>()->value_name("SECONDS")->default_value(60, "60"),
                                "a running one without news for so long is called silent");
  const auto options = parse_options(ranks, usage, own, {"run"}, {"run"}, args);
  if (!options) return 0;
  const std::string folder = options->text("run");
  const bool once = options->has("once"), stay = options->has("stay");
  if (once && stay) throw usage_error("expected --once or --stay, found both");
  const std::chrono::duration<double> interval(seconds_option(*options, "interval", 0.01));
  RunReader reader(folder, ranks.host(), seconds_option(*options, "silence", 0));
  Screen screen(options->common.json, once);
  while (true) {
    const RunView view = reader.look();
    if (view.present) screen.show(view);
    finish_standard_output();
    if (!view.present && !stay)
      throw data_error(
          folder + (fs::is_directory(folder) ? ": there is no run in this folder" : ": no such folder") +
          "; expected the folder of a run (run.folder in its configuration), or --stay to wait for "
          "one");
    if (once) return 0;
    if (view.present && view.ended() && (view.state == "finished" || !stay)) return exit_code(view);
    std::this_thread::sleep_for(interval);
  }
}

}  // namespace qmtl
