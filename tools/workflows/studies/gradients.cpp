// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/studies/gradients.h"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "io/config/config.h"
#include "io/files/json_fields.h"
#include "runtime/base/error.h"
#include "runtime/model/gradient_variance.h"
#include "runtime/model/head_table.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

constexpr int most_qubits = 20;

/// Variances of one depth over all widths, with the rates of their fall.
struct Row {
  int layers = 0;
  std::vector<GradientVariance> widths;
  double first_rate = 0, mean_rate = 0;
};

/// The circuit that the model's head runs, at another size and with one output.
AnsatzSpec ansatz_at(ModelSpec model, int qubits, int layers) {
  model.head.ansatz = resized(model.head.ansatz, qubits, layers);
  model.tasks.resize(1);
  AnsatzSpec ansatz = head_ansatz(model);
  ansatz.block_outputs = {1};
  return ansatz;
}

Row measure(const ModelSpec& model, int layers, const std::vector<int>& widths, int draws,
            std::uint64_t seed) {
  Row row{layers, {}, 0, 0};
  std::vector<double> first, mean;
  for (int qubits : widths) {
    row.widths.push_back(gradient_variance(ansatz_at(model, qubits, layers), draws, seed));
    first.push_back(row.widths.back().first);
    mean.push_back(row.widths.back().mean);
  }
  row.first_rate = exponential_rate(widths, first);
  row.mean_rate = exponential_rate(widths, mean);
  return row;
}

nlohmann::ordered_json to_json(const std::string& file, int draws, std::uint64_t seed,
                               const std::vector<Row>& rows) {
  nlohmann::ordered_json json{{"kind", "gradients"}, {"file", file}, {"draws", draws}, {"seed", seed}};
  auto& variances = json["variances"] = nlohmann::ordered_json::array();
  auto& rates = json["rates"] = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
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

std::string rate_text(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", rate);
  return std::isfinite(rate) ? text : "-";
}

void print(int draws, const std::vector<Row>& rows) {
  std::printf("variance of d output / d angle over %d random points (angles uniform in [0, 2 pi))\n\n",
              draws);
  std::printf("%8s%8s%12s%14s%14s\n", "layers", "qubits", "parameters", "first", "mean");
  for (const Row& row : rows)
    for (const GradientVariance& at : row.widths)
      std::printf("%8d%8d%12d%14.3e%14.3e\n", at.layers, at.qubits, at.parameters, at.first, at.mean);
  std::printf("\nfall with the width, variance ~ 2^(-rate x qubits): about 1 or more is a barren plateau\n");
  std::printf("%8s%14s%14s\n", "layers", "rate, first", "rate, mean");
  for (const Row& row : rows)
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

int inspect_gradients(const Comm& comm, const Options& options) {
  const int draws = options.values["draws"].as<int>();
  std::vector<Row> rows;
  Config config;
  comm.together([&] {
    if (!comm.root()) return;
    if (draws < 2) throw usage_error("--draws: expected at least 2, found " + std::to_string(draws));
    const std::vector<int> depths = parse_numbers("--depths", options.text("depths"), 0, 1000);
    const std::vector<int> widths = parse_numbers("--widths", options.text("widths"), 1, most_qubits);
    config = read_config(options.text("file"), options.common.set);
    if (!head_kind(config.model.head.kind).circuit())
      throw usage_error(config.file + ": head.kind: expected a head with a circuit, found '" +
                        config.model.head.kind + "', which has none");
    for (int layers : depths) rows.push_back(measure(config.model, layers, widths, draws, config.train.seed));
  });
  if (!comm.root()) return 0;
  if (options.common.json)
    std::cout << to_json(config.file, draws, config.train.seed, rows).dump(2) << std::endl;
  else
    print(draws, rows);
  return 0;
}

}  // namespace qmtl
