// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "distributed/evaluate.h"
#include "distributed/watchdog.h"
#include "io/data/import.h"
#include "io/data/predictions.h"
#include "distributed/launch/cores.h"
#include "tools/workflows/training/load.h"
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

bool is_csv(const std::string& path) {
  const std::string name = path.ends_with(".gz") ? path.substr(0, path.size() - 3) : path;
  return name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".txt");
}

}  // namespace

int predict_command(const Comm& comm, const Arguments& args) {
  po::options_description own("Options of predict");
  own.add_options()("out,o", po::value<std::string>()->value_name("FILE"),
                    "where the predictions go: .csv or .h5")("overwrite", "replace an existing file");
  const auto options =
      parse_options(comm, usage, own, {"checkpoint", "input"}, {"checkpoint", "input", "out"}, args);
  if (!options) return 0;
  const ThreadLimit threads(find_cores(comm), options->common.threads);
  const std::string &input = options->text("input"), &out = options->text("out");
  comm.together([&] {
    if (!out.ends_with(".csv") && !out.ends_with(".h5") && !out.ends_with(".hdf5"))
      throw usage_error("--out: expected a file that ends with .csv, .h5 or .hdf5, found '" + out + "'");
    if (comm.root() && std::filesystem::exists(out) && !options->has("overwrite"))
      throw usage_error(out + ": expected no such file, found one; use --overwrite or another --out");
  });

  const Checkpoint checkpoint = load_checkpoint(comm, options->text("checkpoint"));
  const Watchdog watchdog(comm, checkpoint.config.watchdog, Doing::other);
  const ModelSpec& spec = checkpoint.config.model;
  Dataset data;
  if (is_csv(input))
    comm.together([&] { data = read_csv_inputs(input, spec); });
  else
    data = load_dataset(comm, input);
  data.tasks.clear();  // the model must not depend on labels that the file happens to hold
  const auto learner = restore(comm, checkpoint, data, options->common.simd);
  std::vector<std::size_t> rows(data.samples);
  std::iota(rows.begin(), rows.end(), 0);
  const std::vector<float> logits = predict_rows(comm, *learner, rows);
  comm.together([&] {
    if (comm.root()) write_predictions(out, spec, data.ids, rows.size(), logits);
  });
  if (comm.root() && options->common.json) {
    nlohmann::ordered_json json;
    json["samples"] = rows.size();
    json["out"] = out;
    json["run_hash"] = checkpoint.run_hash;
    std::cout << json.dump(2) << std::endl;
  } else {
    spdlog::info("{} predictions in {}", rows.size(), out);
  }
  return 0;
}

}  // namespace qmtl
