// SPDX-License-Identifier: Apache-2.0
#include "tools/program/replay/options.h"

#include <algorithm>
#include <cstdlib>

#include "runtime/base/error.h"

namespace qmtl {
namespace po = boost::program_options;
namespace {

constexpr const char* option_names[] = {"name",          "data",       "split",       "samples",
                                        "endpoint",      "head-split", "max-qubits",  "qubits",
                                        "avoid",         "shots",      "allocate",    "mitigate",
                                        "noise-factors", "fold",       "extrapolate", "calibration-shots",
                                        "probe-shots",   "seed"};

std::int64_t whole(const Options& options, const char* key, std::int64_t otherwise, std::int64_t least,
                   std::int64_t most) {
  if (!options.has(key)) return otherwise;
  const auto value = options.values[key].as<std::int64_t>();
  if (value < least || value > most)
    throw usage_error("--" + std::string(key) + ": expected " + std::to_string(least) + " to " +
                      std::to_string(most) + ", found " + std::to_string(value));
  return value;
}

std::vector<double> parse_factors(const std::string& text) {
  std::vector<double> factors;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    char* rest = nullptr;
    const double factor = std::strtod(part.c_str(), &rest);
    if (part.empty() || *rest != 0 || !(factor >= 1) || factor > 99)
      throw usage_error("--noise-factors: expected numbers from 1 to 99 like 1,3,5, found '" + text + "'");
    factors.push_back(factor);
    begin = end + 1;
  }
  std::sort(factors.begin(), factors.end());
  factors.erase(std::unique(factors.begin(), factors.end()), factors.end());
  if (factors.front() != 1) throw usage_error("--noise-factors: expected 1 among them, found '" + text + "'");
  return factors;
}

/// Adds the option's name to what a parser says.
template <class Parse>
auto of_option(const char* option, Parse parse) {
  try {
    return parse();
  } catch (const Error& error) {
    throw usage_error("--" + std::string(option) + ": " + error.what());
  }
}

}  // namespace

void add_request_options(po::options_description& options) {
  auto add = options.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto number = [] { return po::value<std::int64_t>()->value_name("N"); };
  add("endpoint", text("FILE"), "endpoint file (io/FORMATS.md), or a kind: exact");
  add("name", text("NAME"), "of the replay (default: the endpoint's kind); another name measures anew");
  add("data", text("FILE"), "another data set than the one of training");
  add("split", text("NAME"), "train, validation or test (default)");
  add("samples", number(), "only the first N samples of the split");
  add("head-split", text("FORM"),
      "wide (default: few programs that read many registers), cones (one for each register, for small "
      "devices) or packed");
  add("max-qubits", number(), "most qubits of a program (default: the device's)");
  add("qubits", text("LIST"), "use these qubits of the device alone, e.g. 0-19,25");
  add("avoid", text("LIST"), "use none of these qubits and couplers, e.g. 3,7-9,12:13");
  add("shots", number(), "of a program and sample, on average (default 1000)");
  add("allocate", text("HOW"), "shots over programs: variance (default) or even");
  add("mitigate", text("HOW"), "readout (default: undo errors of readings, with calibration jobs) or none");
  add("noise-factors", text("LIST"), "e.g. 1,3: also with so many times the noise, and extrapolated to none");
  add("fold", text("WHAT"), "what amplifies the noise: two_qubit (default) or whole");
  add("extrapolate", text("HOW"), "linear (default), richardson or exponential");
  add("calibration-shots", number(), "of each of the calibration's programs (default 4000)");
  add("probe-shots", number(), "of the program that shows the order of bits (default 100)");
  add("seed", po::value<std::int64_t>()->value_name("N"), "of the intervals (default 0)");
}

std::optional<std::string> given_request_option(const Options& options, bool scored) {
  for (const std::string option : option_names)
    if (options.has(option) && !(scored && (option == "mitigate" || option == "extrapolate"))) return option;
  return std::nullopt;
}

ReplayRequest read_request_options(const Options& options) {
  constexpr std::int64_t many = 1'000'000'000;
  ReplayRequest request;
  request.endpoint = options.text_or("endpoint", "");
  request.name = options.text_or("name", "");
  request.data = options.text_or("data", "");
  request.split = options.text_or("split", "test");
  request.samples = whole(options, "samples", 0, 1, many);
  request.max_qubits = static_cast<int>(whole(options, "max-qubits", 0, 1, 100'000));
  request.qubits = options.text_or("qubits", "");
  request.avoid = options.text_or("avoid", "");
  request.shots = whole(options, "shots", request.shots, 1, many);
  request.calibration_shots = whole(options, "calibration-shots", request.calibration_shots, 1, many);
  request.probe_shots = whole(options, "probe-shots", request.probe_shots, 1, many);
  request.seed = static_cast<std::uint64_t>(whole(options, "seed", 0, 0, INT64_MAX));
  if (options.has("head-split"))
    request.head_split =
        of_option("head-split", [&] { return parse_head_split(options.text("head-split")); });
  if (options.has("allocate"))
    request.allocation =
        of_option("allocate", [&] { return parse_shot_allocation(options.text("allocate")); });
  if (options.has("fold"))
    request.fold = of_option("fold", [&] { return parse_fold_kind(options.text("fold")); });
  if (options.has("extrapolate") && options.text("extrapolate") != "none")
    request.extrapolation =
        of_option("extrapolate", [&] { return parse_extrapolation(options.text("extrapolate")); });
  if (options.has("noise-factors")) request.factors = parse_factors(options.text("noise-factors"));
  const std::string mitigate = options.text_or("mitigate", "readout");
  if (mitigate != "readout" && mitigate != "none")
    throw usage_error("--mitigate: expected readout or none, found '" + mitigate + "'");
  request.readout = mitigate == "readout";
  return request;
}

}  // namespace qmtl
