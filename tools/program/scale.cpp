// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "distributed/launch/cores.h"
#include "distributed/watchdog.h"
#include "io/config/config.h"
#include "io/config/scale_file.h"
#include "io/files/atomic_file.h"
#include "runtime/base/json_field.h"
#include "runtime/model/statistics.h"
#include "runtime/train/subsets.h"
#include "tools/program/commands.h"
#include "tools/program/options.h"
#include "tools/program/signals.h"
#include "tools/workflows/training/load.h"
#include "tools/workflows/training/results.h"
#include "tools/workflows/training/trial.h"

namespace qmtl {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

const Usage usage{
    "qmtl scale FILE [options]",
    "Head parameters against the number of tasks T when the representation grows with T: counted from "
    "constructed\n"
    "models, with log-log slopes, and trained on class-subset tasks (is the class in the subset S_t?).\n"
    "Writes scale.json and table.md. io/FORMATS.md describes FILE.",
    "  qmtl scale benchmarks/scaling/scale.toml\n"
    "  mpirun -n 2 --bind-to none qmtl scale benchmarks/scaling/scale.toml --quick"};

struct Counted {
  std::size_t variant;
  int tasks, width;
  ParameterCount parameters;
};

struct Trained {
  Counted size;
  double accuracy = 0, seconds_per_step = 0;
  std::int64_t memory = 0;  ///< bytes; -1: unknown
  std::string run_hash;
};

struct Slope {
  std::size_t variant;
  std::string of;
  Line line;
};

/// The process's largest resident set since the last reset, in bytes (Linux).
std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  return -1;
}
/// Memory that earlier models left free would count as used.
void reset_peak_memory() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << 5;
}

class Study {
 public:
  Study(const Comm& comm, const ScaleSpec& spec, const Options& options)
      : comm_(comm), spec_(spec), options_(options) {}

  void load() {
    Config config;
    comm_.together([&] { config = read_config(spec_.config, options_.common.set); });
    watchdog_.emplace(comm_, config.watchdog, Doing::other);
    data_ = load_dataset(comm_, config.data_file);
  }

  void count() {
    for (std::size_t v = 0; v < spec_.variants.size(); ++v)
      for (const int tasks : spec_.counted) {
        if (tasks > spec_.variants[v].counted_to) continue;
        comm_.together([&] {
          counted_.push_back(
              make(v, tasks, class_subsets(data_, static_cast<std::size_t>(tasks), spec_.seed)).size);
        });
        say(counted_.back());
      }
    for (std::size_t v = 0; v < spec_.variants.size(); ++v)
      for (const std::string of : {"head", "total"}) {
        std::vector<double> x, y;
        for (const Counted& c : counted_) {
          if (c.variant != v) continue;
          x.push_back(std::log(c.tasks));
          y.push_back(
              std::log(static_cast<double>(c.parameters.head + (of == "total" ? c.parameters.backbone : 0))));
        }
        slopes_.push_back({v, of, fit_line(x, y)});
      }
  }

  /// False when a stop was asked for.
  bool train_all() {
    for (std::size_t v = 0; v < spec_.variants.size(); ++v)
      for (const int tasks : spec_.trained)
        if (tasks <= spec_.variants[v].trained_to && !train_one(v, tasks)) return false;
    return true;
  }

  Json json() const {
    Json json;
    json["format"] = "qmtl-scale";
    json["version"] = 1;
    json["title"] = spec_.title;
    json["per_task"] = spec_.per_task;
    json["counted"] = Json::array();
    for (const Counted& c : counted_) json["counted"].push_back(size_json(c));
    for (const Slope& s : slopes_)
      json["slopes"].push_back({{"head", spec_.variants[s.variant].name},
                                {"of", s.of},
                                {"slope", json_number(s.line.slope)},
                                {"low", json_number(s.line.low)},
                                {"high", json_number(s.line.high)}});
    json["trained"] = Json::array();
    for (const Trained& t : trained_) {
      Json row = size_json(t.size);
      row["accuracy"] = json_number(t.accuracy);
      row["seconds_per_step"] = t.seconds_per_step;
      row["memory_bytes"] = t.memory < 0 ? Json(nullptr) : Json(t.memory);
      row["run_hash"] = t.run_hash;
      json["trained"].push_back(std::move(row));
    }
    return json;
  }

  std::string markdown() const {
    char line[200];
    std::string out = "| T | width |";
    for (const auto& variant : spec_.variants) out += " " + variant.name + " |";
    out += "\n|---:|---:|" + repeat("---:|") + "\n";
    for (const int tasks : spec_.counted) {
      out += "| " + std::to_string(tasks) + " | " + std::to_string(tasks * spec_.per_task) + " |";
      for (std::size_t v = 0; v < spec_.variants.size(); ++v) {
        const auto found = std::find_if(counted_.begin(), counted_.end(),
                                        [&](const Counted& c) { return c.variant == v && c.tasks == tasks; });
        out += " " + (found == counted_.end() ? "-" : std::to_string(found->parameters.head)) + " |";
      }
      out += "\n";
    }
    for (const std::string of : {"head", "total"}) {
      out += of == "head" ? "| slope | head |" : "| slope | all |";
      for (const Slope& s : slopes_) {
        if (s.of != of) continue;
        std::snprintf(line, sizeof line, " %.3f [%.3f, %.3f] |", s.line.slope, s.line.low, s.line.high);
        out += line;
      }
      out += "\n";
    }
    if (trained_.empty()) return out;
    out +=
        "\n| head | T | width | head parameters | all | mean accuracy | ms a step | memory MiB |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|\n";
    for (const Trained& t : trained_) {
      std::snprintf(line, sizeof line, "| %s | %d | %d | %zu | %zu | %.4f | %.2f | %.0f |\n",
                    spec_.variants[t.size.variant].name.c_str(), t.size.tasks, t.size.width,
                    t.size.parameters.head, t.size.parameters.head + t.size.parameters.backbone, t.accuracy,
                    t.seconds_per_step * 1e3, static_cast<double>(t.memory) / 1048576);
      out += line;
    }
    return out;
  }

 private:
  struct Made {
    Config config;
    Counted size;
  };

  Made make(std::size_t v, int tasks, const Dataset& data) const {
    const ScaleVariant& variant = spec_.variants[v];
    const std::string width = std::to_string(tasks * spec_.per_task);
    std::vector<std::string> set = variant.set;
    set.push_back("circuit.qubits=" + width);
    set.insert(set.end(), options_.common.set.begin(), options_.common.set.end());
    Made made;
    try {
      made.config = read_config(spec_.config, set);
      if (!head_kind(made.config.model.head.kind).circuit())
        made.config.model.head.width = tasks * spec_.per_task;
      resolve(made.config, data);
      const auto learner =
          make_learner(made.config.model, made.config.train, data,
                       standardise(data, made.config.model, made.config.standardise), options_.common.simd);
      made.size = {v, tasks, made.config.model.head.width, count_parameters(learner->params())};
    } catch (const Error& error) {
      throw Error(error.code(), spec_.file + ": variant '" + variant.name + "' with " +
                                    std::to_string(tasks) + " tasks: " + error.what());
    }
    return made;
  }

  bool train_one(std::size_t v, int tasks) {
    comm_.here().enter(Doing::other);
    reset_peak_memory();
    Dataset data;
    Made made;
    comm_.together([&] {
      data = class_subsets(data_, static_cast<std::size_t>(tasks), spec_.seed);
      made = make(v, tasks, data);
    });
    const auto result = run_trial(comm_, made.config, data, options_.common.simd, stop_requested);
    if (!result) return false;
    const double seconds = result->seconds / static_cast<double>(std::max<std::int64_t>(1, result->steps));
    trained_.push_back({made.size, result->mean, seconds, peak_memory(), result->run_hash});
    if (comm_.root())
      spdlog::info("{} T {}: accuracy {:.4f}, {:.2f} ms a step", spec_.variants[v].name, tasks, result->mean,
                   seconds * 1e3);
    return true;
  }

  void say(const Counted& c) const {
    if (comm_.root())
      spdlog::info("{} T {}: {} head parameters of {}", spec_.variants[c.variant].name, c.tasks,
                   c.parameters.head, c.parameters.head + c.parameters.backbone);
  }
  Json size_json(const Counted& c) const {
    return {{"head", spec_.variants[c.variant].name},
            {"T", c.tasks},
            {"width", c.width},
            {"head_parameters", c.parameters.head},
            {"total_parameters", c.parameters.head + c.parameters.backbone}};
  }
  std::string repeat(const std::string& cell) const {
    std::string out;
    for (std::size_t v = 0; v < spec_.variants.size(); ++v) out += cell;
    return out;
  }

  const Comm& comm_;
  const ScaleSpec& spec_;
  const Options& options_;
  std::optional<Watchdog> watchdog_;
  Dataset data_;
  std::vector<Counted> counted_;
  std::vector<Slope> slopes_;
  std::vector<Trained> trained_;
};

}  // namespace

int scale_command(const Comm& comm, const Arguments& args) {
  po::options_description own("Options of scale");
  own.add_options()("folder", po::value<std::string>()->value_name("DIR"), "where results are written")(
      "quick", "at most 64 tasks counted and 8 trained, two epochs: does everything work?")("count-only",
                                                                                            "train nothing");
  auto options = parse_options(comm, usage, own, {"file"}, {"file"}, args);
  if (!options) return 0;
  catch_stop_signals();
  const ThreadLimit threads(find_cores(comm), options->common.threads);
  ScaleSpec spec;
  comm.together([&] {
    spec = read_scale_file(options->text("file"));
    if (options->has("folder")) spec.folder = options->text("folder");
    const auto keep = [](std::vector<int>& numbers, int most) {
      std::erase_if(numbers, [most](int n) { return n > most; });
    };
    if (options->has("count-only")) spec.trained.clear();
    if (options->has("quick")) {
      keep(spec.counted, 64);
      keep(spec.trained, 8);
      options->common.set.push_back("train.epochs=2");
    }
    std::filesystem::create_directories(spec.folder);
    require_writable(spec.folder);
  });
  Study study(comm, spec, *options);
  study.load();
  study.count();
  if (!study.train_all()) return static_cast<int>(Exit::interrupted);
  comm.together([&] {
    if (!comm.root()) return;
    const std::filesystem::path folder(spec.folder);
    write_file((folder / "scale.json").string(), study.json().dump(1) + "\n");
    write_file((folder / "table.md").string(), study.markdown());
    if (options->common.json)
      std::cout << study.json().dump(2) << std::endl;
    else
      std::cout << study.markdown() << std::flush;
  });
  return 0;
}

}  // namespace qmtl
