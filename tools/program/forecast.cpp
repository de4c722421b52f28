// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "distributed/launch/cores.h"
#include "io/files/atomic_file.h"
#include "runtime/base/json_field.h"
#include "tools/program/number_list.h"
#include "tools/program/replay/options.h"
#include "tools/program/replay/text.h"
#include "tools/program/work_clock.h"
#include "tools/workflows/replay/score_forecast.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl forecast CHECKPOINT --target PROPERTIES [options]",
    "The scores that a device will give, from its calibration data alone, with 95 % intervals that hold\n"
    "shots and the calibration's uncertainty: the programs that `qmtl replay` would send are simulated on\n"
    "devices drawn within it and scored with the same mitigation. Plans are compared: every --shots with\n"
    "every --mitigate and --or-mitigate on every --qubits.",
    "  qmtl forecast runs/digits --target torino.json --shots 250,1000,4000 --or-mitigate none\n"
    "  qmtl forecast runs/digits --target torino.json --samples 100 --width 0.02"};

po::options_description own_options() {
  po::options_description own("Options of forecast");
  auto add = own.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto texts = [](const char* name) { return po::value<std::vector<std::string>>()->value_name(name); };
  const auto number = [] { return po::value<std::int64_t>()->value_name("N"); };
  add("target", text("FILE"), "properties of an IBM backend, .json: qubits, gates and their calibration");
  add("shots", text("LIST"), "of a program and sample on average, e.g. 250,1000 (default 1000)");
  add("or-mitigate", texts("LIST"), "compare: this in the place of --mitigate; may be repeated");
  add("qubits", texts("LIST"),
      "these qubits of the device alone, e.g. 0-19,25; compare: repeat it; best: those of the calibration "
      "(default)");
  add("avoid", text("LIST"), "none of these qubits and couplers, e.g. 3,7-9,12:13");
  add("width", po::value<double>()->value_name("X"),
      "say which plan gives the mean score an interval as narrow with the fewest executions");
  add("uncertainty", po::value<double>()->value_name("X"),
      "relative standard deviation of every calibrated number (default 0.2)");
  add("relayout",
      "choose qubits anew on each drawn device, as a replay on another day will; else those of today's file");
  add("draws", number(), "of devices and their shots (default 30)");
  add("data", text("FILE"), "another data set than the one of training");
  add("split", text("NAME"), "train, validation or test (default)");
  add("samples", number(), "only the first N samples of the split");
  add("head-split", text("FORM"), "wide (default), cones or packed, as of qmtl replay");
  add("max-qubits", number(), "most qubits of a program (default: the device's)");
  add("allocate", text("HOW"), "shots over programs: variance (default) or even");
  add("seed", po::value<std::int64_t>()->value_name("N"), "of devices and shots (default 0)");
  add("out", text("FILE"), "also write the result there, as JSON");
  add_mitigation_options(own, "readout");
  return own;
}

ForecastRequest request_of(const Options& options) {
  ForecastRequest request;
  request.replay = read_model_options(options);
  request.replay.checkpoint = options.text("checkpoint");
  request.replay.name = "forecast";
  request.target = options.text("target");
  request.shots = number_list<std::int64_t>("shots", options.text_or("shots", "1000"), 1, 1e9);
  read_mitigation_options(options, request.replay, request.replay.noise);
  request.mitigations = {request.replay};
  if (options.has("or-mitigate"))
    for (const std::string& list : options.values["or-mitigate"].as<std::vector<std::string>>())
      of_option("or-mitigate", [&] {
        MitigationSettings other = request.replay;
        choose_mitigation(other, MitigationOption::mitigate, list);
        request.mitigations.push_back(std::move(other));
        return 0;
      });
  if (options.has("qubits")) {
    request.qubits = options.values["qubits"].as<std::vector<std::string>>();
    for (std::string& list : request.qubits)
      if (list == "best") list.clear();
  }
  if (options.has("width")) request.width = options.values["width"].as<double>();
  if (options.has("uncertainty")) request.foresight.uncertainty = options.values["uncertainty"].as<double>();
  request.foresight.draws = static_cast<int>(whole(options, "draws", request.foresight.draws, 2, 100'000));
  request.foresight.relayout = options.has("relayout");
  request.foresight.seed = request.replay.seed;
  request.simd = options.common.simd;
  return request;
}

}  // namespace

int forecast_command(const Ranks& ranks, const Arguments& args) {
  const auto options =
      parse_options(ranks, usage, own_options(), {"checkpoint"}, {"checkpoint", "target"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  ForecastRequest request = request_of(*options);
  WorkClock clock(ProgressPrinter::choose(options->common.progress, options->common.quiet));
  request.working = clock.follower();
  const auto json = forecast_scores(ranks, request);
  clock.step("", 0, 0);
  if (options->has("out")) write_file(options->text("out"), json_text(json, 1) + "\n");
  if (options->common.json)
    std::cout << json_text(json, 1) << std::endl;
  else
    std::cout << score_forecast_text(json) << std::flush;
  return 0;
}

}  // namespace qmtl
