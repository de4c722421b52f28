// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/error.h"
#include "tools/program/replay/options.h"

namespace qmtl {
namespace po = boost::program_options;
namespace {

double seconds_from(const Options& options, const char* key, double otherwise) {
  if (!options.has(key)) return otherwise;
  const double value = options.values[key].as<double>();
  if (!(value >= 0 && value < 1e9))
    throw usage_error("--" + std::string(key) + ": expected a number from 0, found " + std::to_string(value));
  return value;
}

int number_from(const Options& options, const char* key, int otherwise, int least, int most) {
  if (!options.has(key)) return otherwise;
  const int value = options.values[key].as<int>();
  if (value < least || value > most)
    throw usage_error("--" + std::string(key) + ": expected " + std::to_string(least) + " to " +
                      std::to_string(most) + ", found " + std::to_string(value));
  return value;
}

}  // namespace

void add_work_options(po::options_description& options) {
  auto add = options.add_options();
  add("max-cost", po::value<double>()->value_name("AMOUNT"),
      "most that may be spent, in the endpoint's unit; must be given where jobs are paid");
  add("in-flight", po::value<int>()->value_name("N"),
      "paid jobs that may be under way at once (default 1: what each has cost is known before the next is "
      "sent, so that the ceiling is passed by one job at most)");
  add("wait", "fetch: wait until all jobs have ended");
  add("retry", "submit and run: send failed and cancelled jobs, and rows without results, again");
  add("probe-wait", po::value<double>()->value_name("SECONDS"),
      "how long submit waits for the probe, and for what a job has cost, before it ends (default 60)");
  add("grace", po::value<double>()->value_name("SECONDS"),
      "a service may list a job so late: only then a submit without an answer is repeated (default 60)");
  add("longest-poll", po::value<double>()->value_name("SECONDS"),
      "questions after results come more and more slowly, but not more than this apart (default 30)");
  add("calibration-age", po::value<double>()->value_name("HOURS"),
      "for how long a calibration of readings is used again (default 12)");
  add("forecast", po::value<std::string>()->value_name("PROPERTIES"),
      "plan: the scores too, foretold from these properties of the device (qmtl forecast)");
  add("rehearse", po::value<std::string>()->value_name("NOISE"),
      "noise model (io/FORMATS.md): the same jobs on the simulator too");
  add("rehearsals", po::value<int>()->value_name("N"), "with so many seeds (default 5)");
  add("replicates", po::value<int>()->value_name("N"), "of the bootstrap of intervals (default 1000)");
}

ReplayWork read_work_options(const Options& options) {
  ReplayWork work;
  if (options.has("max-cost")) work.max_cost = seconds_from(options, "max-cost", 0);
  work.wait = options.has("wait");
  work.retry = options.has("retry");
  work.probe_wait = seconds_from(options, "probe-wait", work.probe_wait);
  ReplayPatience& patience = work.patience;
  patience.grace = seconds_from(options, "grace", patience.grace);
  patience.longest_poll =
      std::max(patience.first_poll, seconds_from(options, "longest-poll", patience.longest_poll));
  patience.in_flight = number_from(options, "in-flight", patience.in_flight, 1, 1'000'000);
  work.calibration_age = static_cast<std::int64_t>(3600 * seconds_from(options, "calibration-age", 12));
  work.forecast = options.text_or("forecast", "");
  work.rehearsal = options.text_or("rehearse", "");
  work.rehearsals = number_from(options, "rehearsals", work.rehearsals, 1, 10'000);
  work.replicates = number_from(options, "replicates", work.replicates, 0, 1'000'000);
  if (options.has("mitigate")) {
    MitigationSettings how;
    of_option("mitigate", [&] {
      choose_mitigation(how, MitigationOption::mitigate, options.text("mitigate"));
      return 0;
    });
    work.scoring.readout = how.readout;
    work.scoring.m3 = how.m3;
    if (how.extrapolates() || how.cancellation != CancellationKind::none)
      work.scoring.executed = options.text("mitigate");
  }
  if (options.has("extrapolate")) {
    const std::string kind = options.text("extrapolate");
    work.scoring.extrapolate = kind != "none";
    if (kind != "none") work.scoring.extrapolation = parse_extrapolation(kind);
  }
  work.simd = options.common.simd;
  return work;
}

}  // namespace qmtl
