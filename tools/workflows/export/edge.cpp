// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "io/edge/c.h"
#include "io/edge/file.h"
#include "io/edge/lower.h"
#include "io/edge/quantise.h"
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "runtime/model/heads/bind_tasks.h"
#include "runtime/model/metrics.h"
#include "tools/workflows/export/edge_cores.h"
#include "tools/workflows/export/format.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

/// Training rows that scales of packed weights are calibrated on.
constexpr std::size_t calibration_rows = 256;

/// Whole samples as the runtime takes them: all inputs one after another.
std::vector<float> samples_of(const ExportSource& source, const std::vector<std::size_t>& rows) {
  const auto inputs = bind_inputs(source.data, source.checkpoint.config.model);
  std::vector<float> x;
  for (std::size_t row : rows)
    for (const Input* input : inputs) {
      x.insert(x.end(), input->values.begin() + static_cast<std::ptrdiff_t>(row * input->width),
               input->values.begin() + static_cast<std::ptrdiff_t>((row + 1) * input->width));
      float* const sample = x.data() + x.size() - input->width;
      for (std::size_t c = 0; c < input->shift.size(); ++c)
        sample[c] = static_cast<float>(input->shift[c] + static_cast<double>(sample[c]));
    }
  return x;
}

/// y of every row, one after another.
std::vector<float> run_all(const EdgeModel& model, const std::vector<float>& x) {
  const EdgeProgram program(edge_words(model), "the new head file");
  const std::size_t rows = x.size() / model.x;
  std::vector<float> y(rows * model.y);
  for (std::size_t i = 0; i < rows; ++i) {
    const int code =
        program.run(std::span(x).subspan(i * model.x, model.x), std::span(y).subspan(i * model.y, model.y));
    if (code != QMTL_EDGE_OK)
      throw data_error("sample " + std::to_string(i) + " of the check: " + qmtl_edge_strerror(code));
  }
  return y;
}

/// Largest class or sign of every task: the same for both?
std::size_t equal_predictions(const EdgeModel& model, const std::vector<float>& a,
                              const std::vector<float>& b) {
  const auto predicted = [&](const std::vector<float>& y, std::size_t row, const EdgeItem& task) {
    const auto first = y.begin() + static_cast<std::ptrdiff_t>(row * model.y + task.first);
    std::vector<std::ptrdiff_t> classes;
    if (task.kind == static_cast<std::uint32_t>(TaskKind::multiclass))
      classes.push_back(std::max_element(first, first + task.count) - first);
    else if (task.kind != static_cast<std::uint32_t>(TaskKind::regression))
      for (std::uint32_t c = 0; c < task.count; ++c) classes.push_back(first[c] > 0.0f);
    return classes;
  };
  std::size_t equal = 0;
  const std::size_t rows = a.size() / model.y;
  for (std::size_t row = 0; row < rows; ++row)
    equal += std::all_of(model.tasks.begin(), model.tasks.end(), [&](const EdgeItem& task) {
      return predicted(a, row, task) == predicted(b, row, task);
    });
  return equal;
}

struct Agreement {
  double largest = 0.0;   ///< difference
  double relative = 0.0;  ///< the same over max(1, value)
};

Agreement compare(const std::vector<float>& found, const std::vector<float>& expected) {
  Agreement result;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    result.largest = std::max(result.largest, difference);
    result.relative =
        std::max(result.relative, difference / std::max(1.0, std::abs(static_cast<double>(expected[i]))));
  }
  return result;
}

/// Against the checkpoint on real samples. Float sums of both sides differ in order, so that some 1e-6 of a
/// value's size remain; ten times more would be a wrong model.
Json check(const ExportSource& source, const EdgeModel& model, bool packed) {
  const std::vector<float> y = run_all(model, samples_of(source, source.rows));
  std::vector<float> expected(y.size());
  source.learner.predict(source.rows, expected);
  const Agreement agreement = compare(y, expected);
  if (!packed && !(agreement.relative < 1e-4))
    throw data_error("the exported model does not reproduce the checkpoint: outputs differ by up to " +
                     std::to_string(agreement.largest) + "; nothing was written");
  return {{"samples", source.rows.size()},
          {"largest_difference", agreement.largest},
          {"equal_predictions", equal_predictions(model, y, expected)}};
}

/// The tasks' metrics on the test split with float and with packed weights.
Json packing_loss(const ExportSource& source, const EdgeModel& exact, const EdgeModel& packed) {
  auto rows = source.data.rows(Split::test);
  if (rows.empty()) rows = source.rows;
  const std::vector<float> x = samples_of(source, rows), before = run_all(exact, x),
                           after = run_all(packed, x);
  const ModelSpec& spec = source.checkpoint.config.model;
  const auto scores_before = evaluate(source.data, spec, rows, before);
  const auto scores_after = evaluate(source.data, spec, rows, after);
  Json tasks = Json::object();
  for (std::size_t t = 0; t < spec.tasks.size(); ++t)
    tasks[spec.tasks[t].name] = {{"metric", spec.tasks[t].metric},
                                 {"float", json_number(scores_before[t])},
                                 {"packed", json_number(scores_after[t])}};
  const double mean_before = mean_score(spec, scores_before), mean_after = mean_score(spec, scores_after);
  return {{"mean_float", json_number(mean_before)},
          {"mean_packed", json_number(mean_after)},
          {"mean_change", json_number(mean_after - mean_before)},
          {"samples", rows.size()},
          {"equal_predictions", equal_predictions(exact, before, after)},
          {"tasks", tasks}};
}

std::vector<std::size_t> first_rows(std::vector<std::size_t> rows, std::size_t count) {
  rows.resize(std::min(rows.size(), count));
  return rows;
}

/// The model, packed if asked for, with samples for the self test; and what there is to tell.
EdgeModel make_model(const ExportSource& source, Json& about) {
  const ExportOptions& options = source.asked.options;
  const EdgePacking packing = options.packing;
  EdgeModel model = lower_model(trained_model(source.checkpoint), options.method);
  model.hash = source.checkpoint.content_hash;
  const EdgeCore& core = edge_core(options.core);
  if (packing != EdgePacking::none) {
    const EdgeModel exact = model;
    auto rows = source.data.rows(Split::train);
    if (rows.empty()) rows = source.rows;
    quantise(model, packing, samples_of(source, first_rows(std::move(rows), calibration_rows)));
    about["packing"] = packing_loss(source, exact, model);
  }
  about["check"] = check(source, model, packing != EdgePacking::none);
  add_samples(model, samples_of(source, first_rows(source.rows, options.goldens)));
  const EdgeWork work = edge_work(model);
  if (!model.method.empty()) about["circuit"] = model.method;
  about["arena_bytes"] = 4 * model.arena;
  about["ram_bytes"] = 4 * (model.arena + model.x + model.y);
  about["multiply_adds"] = work.multiply_adds;
  about["functions"] = work.functions;
  about["core"] = core.name;
  about["expected_cycles"] = std::round(edge_cycles(core, model));
  return model;
}

Json export_edge(const ExportSource& source) {
  Json about;
  about["file"] = source.asked.out;
  EdgeModel model = make_model(source, about);
  // They lie in the device's memory.
  if (!source.asked.options.class_names)
    for (EdgeItem& task : model.tasks) task.names.clear();
  if (!source.asked.options.column_names)
    for (EdgeItem& input : model.inputs) input.names.clear();
  const auto words = edge_words(model);
  write_edge(source.asked.out, model);
  about["flash_bytes"] = 4 * words.size();
  about["build_with"] = "-DQMTL_EDGE_FEATURES=" + std::to_string(edge_features(model));
  return about;
}

Json export_c(const ExportSource& source) {
  Json about;
  about["files"] = {source.asked.out + ".h", source.asked.out + ".c"};
  for (const char* ending : {".h", ".c"})
    if (std::filesystem::exists(source.asked.out + ending) && !source.asked.overwrite)
      throw usage_error(source.asked.out + ending +
                        ": expected nothing of that name; use --overwrite or another --out");
  const EdgeModel model = make_model(source, about);
  write_c(source.asked.out, model);
  std::size_t data = 0;
  for (const EdgeOp& op : model.ops) data += edge_data_words(op);
  about["flash_bytes_of_data"] = 4 * (data + model.samples.size());
  return about;
}

void check_edge(const TrainedModel& model) { EdgeProgram(edge_words(lower_model(model)), "the head file"); }

constexpr std::array<std::string_view, 5> edge_options{"quantise", "method", "core", "goldens", "names"};
constexpr std::array<std::string_view, 4> c_options{"quantise", "method", "core", "goldens"};

}  // namespace

const ExportFormat edge_format{"edge", "head file (.qmh) for the C99 runtime in runtime/edge", edge_options,
                               export_edge, check_edge};
const ExportFormat c_format{"c", "C99 source (PATH.h, PATH.c) with the parameters in it", c_options, export_c,
                            check_edge};

}  // namespace qmtl
