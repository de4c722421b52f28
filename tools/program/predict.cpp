// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/training/predict.h"

#include <spdlog/spdlog.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "distributed/launch/cores.h"
#include "io/runs/predictions.h"
#include "runtime/base/error.h"
#include "runtime/model/threshold.h"
#include "tools/program/options.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;

const Usage usage{
    "qmtl predict CHECKPOINT INPUT --out FILE [options]",
    "Predictions of a checkpoint, or of a run folder's best one, for every sample of INPUT: a table, an "
    "array, "
    "a\n"
    "picture, a folder of pictures or a data set, told by its content. It is read as the description of the\n"
    "model's data set says (kept in the checkpoint): columns by their names in any order, with the same\n"
    "categories, fills and scaling; labels and other columns may be there. The log says what each was.\n"
    "The ending of --out picks the form, .csv or .h5; io/FORMATS.md describes both. Classes are called as "
    "in\n"
    "the data set of the training. With --json and without --out the predictions are printed.",
    "  qmtl predict runs/digits new.csv --no-header --out predictions.csv\n"
    "  qmtl predict runs/photos new-photos/ --json\n"
    "  qmtl predict runs/digits benchmarks/digits/digits.h5 --out predictions.h5"};

using Json = nlohmann::ordered_json;

std::vector<std::string> classes_of(const PredictOutcome& outcome, const TaskSpec& task) {
  const TaskMeaning& meaning = outcome.meaning.task(task.name);
  std::vector<std::string> names;
  for (std::size_t c = 0; c < class_names_of(parse_task_kind(task.kind), task.outputs); ++c)
    names.push_back(class_name(meaning, c));
  return names;
}

/// What is predicted, and how its classes are called.
Json tasks_json(const PredictOutcome& outcome) {
  Json tasks = Json::object();
  for (const TaskSpec& task : outcome.model.tasks) {
    Json& json = tasks[task.name] = {{"kind", task.kind}};
    if (const auto classes = classes_of(outcome, task); !classes.empty()) json["classes"] = classes;
    if (const std::string& unit = outcome.meaning.task(task.name).unit; !unit.empty()) json["unit"] = unit;
    if (const auto chosen = outcome.thresholds.find(task.name); chosen != outcome.thresholds.end())
      for (double logit : chosen->second) json["thresholds"].push_back(Threshold{logit}.probability());
  }
  return tasks;
}

/// An object a sample: its id and, for each task, the class with all probabilities, or the value.
Json predictions_json(const PredictOutcome& outcome) {
  Json list = Json::array();
  std::vector<std::vector<std::string>> classes;
  for (const TaskSpec& task : outcome.model.tasks) classes.push_back(classes_of(outcome, task));
  const float* value = outcome.values.data();
  for (std::size_t row = 0; row < outcome.samples; ++row) {
    Json sample{{"id", outcome.ids.empty() ? Json(row) : Json(outcome.ids[row])}};
    for (std::size_t t = 0; t < outcome.model.tasks.size(); ++t) {
      const TaskSpec& task = outcome.model.tasks[t];
      const TaskKind kind = parse_task_kind(task.kind);
      const std::span part(value, static_cast<std::size_t>(task.outputs));
      value += part.size();
      Json& json = sample[task.name];
      if (kind == TaskKind::regression) {
        json = part[0];
        continue;
      }
      if (kind != TaskKind::multilabel)
        json["class"] = classes[t][outcome.classes[row * outcome.model.tasks.size() + t]];
      if (kind == TaskKind::binary)
        json["probability"] = part[0];
      else
        for (std::size_t c = 0; c < part.size(); ++c) json["probabilities"][classes[t][c]] = part[c];
    }
    list.push_back(std::move(sample));
  }
  return list;
}

NewSamples samples_of(const Options& options) {
  NewSamples given{.file = options.text("file"), .images = options.text_or("images", "")};
  if (options.has("header") && options.has("no-header"))
    throw usage_error("--header and --no-header exclude each other");
  given.header = options.has("header")      ? CsvHeader::yes
                 : options.has("no-header") ? CsvHeader::no
                                            : CsvHeader::guess;
  if (!options.has("input")) return given;
  for (const std::string& text : options.values.at("input").as<std::vector<std::string>>()) {
    const std::size_t sign = text.find('=');
    if (sign == std::string::npos || sign == 0 || sign + 1 == text.size())
      throw usage_error("--input: expected NAME=FILE, found '" + text + "'");
    if (!given.inputs.emplace(text.substr(0, sign), text.substr(sign + 1)).second)
      throw usage_error("--input: " + text.substr(0, sign) + " is given twice");
  }
  return given;
}

}  // namespace

int predict_command(const Ranks& ranks, const Arguments& args) {
  po::options_description own("Options of predict");
  own.add_options()("out,o", po::value<std::string>()->value_name("FILE"),
                    "where the predictions go: .csv or .h5")("overwrite", "replace an existing file")(
      "thresholds", po::value<std::string>()->value_name("FILE"),
      "what eval --threshold --out wrote: binary tasks are decided at its thresholds, not at one half")(
      "header", "the first row of the table are names of columns")(
      "no-header", "it is data: the columns are in the model's order")(
      "input", po::value<std::vector<std::string>>()->value_name("NAME=FILE"),
      "file of an input that is an array or pictures, beside INPUT; may be repeated")(
      "images", po::value<std::string>()->value_name("FOLDER"),
      "where the pictures lie that a table names (default: beside it)");
  const auto options = parse_options(ranks, usage, own, {"checkpoint", "file"}, {"checkpoint", "file"}, args);
  if (!options) return 0;
  ranks.together([&] {
    if (!options->has("out") && !options->common.json)
      throw usage_error("expected --out FILE, or --json to print the predictions, found neither");
  });
  const ThreadLimit threads(find_cores(ranks), options->common.threads);
  PredictRequest request{options->text("checkpoint"), {},
                         options->text_or("out", ""), options->has("overwrite"),
                         options->common.simd,        options->text_or("thresholds", "")};
  ranks.together([&] { request.input = samples_of(*options); });
  const PredictOutcome outcome = predict_file(ranks, request);
  if (ranks.root() && options->common.json) {
    Json json;
    json["samples"] = outcome.samples;
    if (!request.out.empty()) json["out"] = request.out;
    json["run_hash"] = outcome.run_hash;
    json["tasks"] = tasks_json(outcome);
    if (!outcome.uses.empty()) {
      auto& uses = json["columns"] = Json::array();
      for (const ColumnUse& use : outcome.uses) uses.push_back({{"use", use.use}, {"columns", use.columns}});
    }
    if (request.out.empty()) json["predictions"] = predictions_json(outcome);
    std::cout << json.dump(2) << std::endl;
  } else {
    spdlog::info("{} predictions in {}", outcome.samples, request.out);
  }
  return 0;
}

}  // namespace qmtl
