// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>

#include "runtime/base/text.h"
#include "tools/program/replay/options.h"

namespace qmtl {
namespace po = boost::program_options;
namespace {

std::vector<double> parse_factors(const std::string& text) {
  std::vector<double> factors;
  for (const std::string& part : split(text, ',')) {
    char* rest = nullptr;
    const double factor = std::strtod(part.c_str(), &rest);
    if (part.empty() || *rest != 0 || !(factor >= 1) || factor > 99)
      throw usage_error("--noise-factors: expected numbers from 1 to 99 like 1,3,5, found '" + text + "'");
    factors.push_back(factor);
  }
  std::sort(factors.begin(), factors.end());
  factors.erase(std::unique(factors.begin(), factors.end()), factors.end());
  if (factors.front() != 1) throw usage_error("--noise-factors: expected 1 among them, found '" + text + "'");
  return factors;
}

/// "readout (default): undo ...; m3: ...; or none".
std::string kinds_text(MitigationOption option, std::string_view by_default) {
  std::string text;
  for (const MitigationKind& kind : mitigation_kinds())
    if (kind.option == option)
      text += std::string(kind.name) + (kind.name == by_default ? " (default): " : ": ") +
              std::string(kind.summary) + "; ";
  return text + "several with commas, or none";
}

}  // namespace

std::int64_t whole(const Options& options, const char* key, std::int64_t otherwise, std::int64_t least,
                   std::int64_t most) {
  if (!options.has(key)) return otherwise;
  const auto value = options.values[key].as<std::int64_t>();
  if (value < least || value > most)
    throw usage_error("--" + std::string(key) + ": expected " + std::to_string(least) + " to " +
                      std::to_string(most) + ", found " + std::to_string(value));
  return value;
}

void add_mitigation_options(po::options_description& options, const char* by_default) {
  auto add = options.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto number = [] { return po::value<std::int64_t>()->value_name("N"); };
  add("mitigate", text("LIST"), kinds_text(MitigationOption::mitigate, by_default).c_str());
  add("suppress", text("LIST"), kinds_text(MitigationOption::suppress, "none").c_str());
  add("randomisations", number(), "random programs that twirling makes of one (default 16)");
  add("noise", text("FILE"),
      "noise model or properties of the device (io/FORMATS.md): errors that pec cancels, gate lengths for "
      "decoupling (default: noise of the endpoint's file)");
  add("pec-bias", po::value<double>()->value_name("X"),
      "most that shaded-pec may leave of an expectation's error (default 0.005)");
  add("pec-circuits", number(),
      "most random programs with cancelling Paulis in the place of one (default 100)");
  add("noise-factors", text("LIST"), "e.g. 1,3: also with so many times the noise, and extrapolated to none");
  add("fold", text("WHAT"), "what amplifies the noise: two_qubit (default) or whole");
  add("extrapolate", text("HOW"), "linear (default), richardson or exponential");
  add("calibration-shots", number(), "of each of the calibration's programs (default 4000)");
}

void read_mitigation_options(const Options& options, MitigationSettings& settings, std::string& noise) {
  constexpr std::int64_t many = 1'000'000'000;
  settings.calibration_shots = whole(options, "calibration-shots", settings.calibration_shots, 1, many);
  if (options.has("fold"))
    settings.fold = of_option("fold", [&] { return parse_fold_kind(options.text("fold")); });
  if (options.has("extrapolate") && options.text("extrapolate") != "none")
    settings.extrapolation =
        of_option("extrapolate", [&] { return parse_extrapolation(options.text("extrapolate")); });
  if (options.has("noise-factors")) settings.factors = parse_factors(options.text("noise-factors"));
  if (options.has("mitigate"))
    of_option("mitigate", [&] {
      choose_mitigation(settings, MitigationOption::mitigate, options.text("mitigate"));
      return 0;
    });
  if (options.has("suppress"))
    of_option("suppress", [&] {
      choose_mitigation(settings, MitigationOption::suppress, options.text("suppress"));
      return 0;
    });
  settings.randomisations =
      static_cast<int>(whole(options, "randomisations", settings.randomisations, 1, 10'000));
  settings.pec_circuits = static_cast<int>(whole(options, "pec-circuits", settings.pec_circuits, 8, 100'000));
  noise = options.text_or("noise", "");
  if (options.has("pec-bias")) settings.pec_bias = options.values["pec-bias"].as<double>();
  if (!(settings.pec_bias >= 0 && settings.pec_bias < 1))
    throw usage_error("--pec-bias: expected a number from 0 below 1, found " +
                      std::to_string(settings.pec_bias));
  if (settings.extrapolates() && settings.cancellation != CancellationKind::none)
    throw usage_error(
        "--mitigate: expected pec or extrapolation (zne, --noise-factors), found both: what is "
        "cancelled is not there to be extrapolated");
}

}  // namespace qmtl
