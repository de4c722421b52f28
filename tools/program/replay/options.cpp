// SPDX-License-Identifier: Apache-2.0
#include "tools/program/replay/options.h"

#include <algorithm>
#include <cstdlib>

#include "runtime/base/error.h"

namespace qmtl {
namespace po = boost::program_options;
namespace {

constexpr const char* option_names[] = {
    "name",        "data",         "split",         "samples",  "endpoint",       "head-split",
    "max-qubits",  "qubits",       "avoid",

    "shots",       "allocate",     "mitigate",      "suppress", "randomisations", "noise",
    "pec-bias",    "pec-circuits", "noise-factors", "fold",     "extrapolate",    "calibration-shots",
    "probe-shots", "seed"};
constexpr std::int64_t most_shots = 1'000'000'000;

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
  add_mitigation_options(options, "readout");
  add("probe-shots", number(), "of the program that shows the order of bits (default 100)");
  add("seed", po::value<std::int64_t>()->value_name("N"),
      "of the intervals and of random programs (default 0)");
}

std::optional<std::string> given_request_option(const Options& options, bool scored) {
  for (const std::string option : option_names)
    if (options.has(option) && !(scored && (option == "mitigate" || option == "extrapolate"))) return option;
  return std::nullopt;
}

ReplayRequest read_model_options(const Options& options) {
  ReplayRequest request;
  request.data = options.text_or("data", "");
  request.split = options.text_or("split", "test");
  request.samples = whole(options, "samples", 0, 1, most_shots);
  request.max_qubits = static_cast<int>(whole(options, "max-qubits", 0, 1, 100'000));
  request.avoid = options.text_or("avoid", "");
  request.seed = static_cast<std::uint64_t>(whole(options, "seed", 0, 0, INT64_MAX));
  if (options.has("head-split"))
    request.head_split =
        of_option("head-split", [&] { return parse_head_split(options.text("head-split")); });
  if (options.has("allocate"))
    request.allocation =
        of_option("allocate", [&] { return parse_shot_allocation(options.text("allocate")); });
  return request;
}

ReplayRequest read_request_options(const Options& options) {
  ReplayRequest request = read_model_options(options);
  request.endpoint = options.text_or("endpoint", "");
  request.name = options.text_or("name", "");
  request.qubits = options.text_or("qubits", "");
  request.shots = whole(options, "shots", request.shots, 1, most_shots);
  read_mitigation_options(options, request, request.noise);
  request.probe_shots = whole(options, "probe-shots", request.probe_shots, 1, most_shots);
  return request;
}

}  // namespace qmtl
