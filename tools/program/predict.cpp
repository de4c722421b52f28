// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/predict.h"

#include <spdlog/spdlog.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "distributed/launch/cores.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl predict CHECKPOINT INPUT --out FILE [options]",
    "Predictions of a checkpoint, or of a run folder's best one, for every sample of INPUT: a CSV file with "
    "the\n"
    "input columns one after another (optionally a header and a first column \"id\"), or a data set (HDF5).\n"
    "The ending of --out picks the form, .csv or .h5; io/FORMATS.md describes both.",
    "  qmtl predict runs/digits new.csv --out predictions.csv\n"
    "  qmtl predict runs/digits benchmarks/digits/digits.h5 --out predictions.h5"};

}  // namespace

int predict_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of predict");
  own.add_options()("out,o", po::value<std::string>()->value_name("FILE"),
                    "where the predictions go: .csv or .h5")("overwrite", "replace an existing file");
  const auto options =
      parse_options(ranks, usage, own, {"checkpoint", "input"}, {"checkpoint", "input", "out"}, args);
  if (!options) return 0;
  ranks.together([&] { refuse_set(*options, "predict", "the checkpoint"); });
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  const PredictRequest request{options->text("checkpoint"), options->text("input"), options->text("out"),
                               options->has("overwrite"), options->common.simd};
  const PredictOutcome outcome = predict_file(ranks, request);
  if (ranks.root() && options->common.json) {
    nlohmann::ordered_json json;
    json["samples"] = outcome.samples;
    json["out"] = request.out;
    json["run_hash"] = outcome.run_hash;
    std::cout << json.dump(2) << std::endl;
  } else {
    spdlog::info("{} predictions in {}", outcome.samples, request.out);
  }
  return 0;
}

}  // namespace qmtl
