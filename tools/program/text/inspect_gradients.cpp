// SPDX-License-Identifier: Apache-2.0
#include "tools/program/text/inspect_gradients.h"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "runtime/base/text.h"
#include "tools/workflows/studies/gradients.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

constexpr int most_qubits = 20;

GradientRequest read_request(const Options& options) {
  GradientRequest request;
  request.config = options.text("file");
  request.overrides = options.common.set;
  request.draws = options.values["draws"].as<int>();
  if (request.draws < 2)
    throw usage_error("--draws: expected at least 2, found " + std::to_string(request.draws));
  request.depths = parse_numbers("--depths", options.text("depths"), 0, 1000);
  request.widths = parse_numbers("--widths", options.text("widths"), 1, most_qubits);
  return request;
}

nlohmann::ordered_json to_json(const GradientStudy& study) {
  nlohmann::ordered_json json{
      {"kind", "gradients"}, {"file", study.file}, {"draws", study.draws}, {"seed", study.seed}};
  auto& variances = json["variances"] = nlohmann::ordered_json::array();
  auto& rates = json["rates"] = nlohmann::ordered_json::array();
  for (const GradientRow& row : study.rows) {
    for (const GradientVariance& at : row.widths)
      variances.push_back({{"layers", at.layers},
                           {"qubits", at.qubits},
                           {"parameters", at.parameters},
                           {"first", json_number(at.first)},
                           {"mean", json_number(at.mean)}});
    rates.push_back({{"layers", row.layers},
                     {"first", json_number(row.first_rate)},
                     {"mean", json_number(row.mean_rate)}});
  }
  return json;
}

std::string rate_text(double rate) { return std::isfinite(rate) ? fixed(rate, 2) : "-"; }

void print(const GradientStudy& study) {
  std::printf("variance of d output / d angle over %d random points (angles uniform in [0, 2 pi))\n\n",
              study.draws);
  std::printf("%8s%8s%12s%14s%14s\n", "layers", "qubits", "parameters", "first", "mean");
  for (const GradientRow& row : study.rows)
    for (const GradientVariance& at : row.widths)
      std::printf("%8d%8d%12d%14.3e%14.3e\n", at.layers, at.qubits, at.parameters, at.first, at.mean);
  std::printf("\nfall with the width, variance ~ 2^(-rate x qubits): about 1 or more is a barren plateau\n");
  std::printf("%8s%14s%14s\n", "layers", "rate, first", "rate, mean");
  for (const GradientRow& row : study.rows)
    std::printf("%8d%14s%14s\n", row.layers, rate_text(row.first_rate).c_str(),
                rate_text(row.mean_rate).c_str());
  std::fflush(stdout);
}

}  // namespace

void add_gradient_options(po::options_description& own) {
  own.add_options()("gradients", "FILE is a training configuration: spread of its circuit's gradients")(
      "depths", po::value<std::string>()->value_name("LIST")->default_value("1,2,4"),
      "with --gradients: numbers of shared layers")(
      "widths", po::value<std::string>()->value_name("LIST")->default_value("4,8,12"),
      "with --gradients: numbers of qubits")("draws", po::value<int>()->value_name("N")->default_value(200),
                                             "with --gradients: random points");
}

int inspect_gradients(const Ranks& ranks, const Options& options) {
  GradientRequest request;
  ranks.together([&] { request = read_request(options); });
  const GradientStudy study = study_gradients(ranks, request);
  if (!ranks.root()) return 0;
  if (options.common.json)
    std::cout << to_json(study).dump(2) << std::endl;
  else
    print(study);
  return 0;
}

}  // namespace qmtl
