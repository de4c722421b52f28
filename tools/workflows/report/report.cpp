// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/report/report.h"

#include <filesystem>
#include <set>

#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/base/json_field.h"
#include "tools/workflows/report/sections.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

/// A file of results and the section it becomes.
struct Kind {
  const char *file, *format;
  report::Section (*section)(const JsonField& root, report::Charts& charts);
};
constexpr Kind kinds[] = {{"compare.json", "qmtl-compare", report::compare_section},
                          {"scale.json", "qmtl-scale", report::scale_section},
                          {"noise.json", "qmtl-noise-sweep", report::noise_sweep_section},
                          {"replay.json", "qmtl-replay", report::replay_section},
                          {"eval.json", "qmtl-eval", report::eval_section}};

report::Section file_section(const std::string& file, report::Charts& charts) {
  const nlohmann::ordered_json parsed = parse_json(read_file(file), file);
  const JsonField root(parsed, file);
  const JsonField format = root.at("format");
  for (const Kind& kind : kinds)
    if (format.text() == kind.format) return kind.section(root, charts);
  format.wrong("\"qmtl-compare\", \"qmtl-scale\", \"qmtl-noise-sweep\", \"qmtl-replay\" or \"qmtl-eval\"");
}

/// What the paths hold: run folders, and files of results in the order given.
struct Sources {
  std::vector<std::string> runs, files;
};

/// Finished replays of a run, by name.
std::vector<std::string> replays_in(const std::string& run) {
  std::set<std::string> files;
  const fs::path folder = fs::path(run) / "replay";
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder))
      if (const fs::path file = entry.path() / "replay.json"; fs::exists(file)) files.insert(file.string());
  return {files.begin(), files.end()};
}

Sources find_sources(const std::vector<std::string>& paths) {
  Sources sources;
  for (const std::string& path : paths) {
    if (!fs::exists(path))
      throw data_error(path + ": no such file or folder; expected a run folder, compare.json, scale.json, " +
                       "noise.json or replay.json");
    if (!fs::is_directory(path)) {
      sources.files.push_back(path);
      continue;
    }
    bool results = false;
    for (const Kind& kind : kinds)
      if (const fs::path file = fs::path(path) / kind.file; fs::exists(file)) {
        sources.files.push_back(file.string());
        results = true;
      }
    const bool run =
        fs::exists(fs::path(path) / "metrics.jsonl") || fs::exists(fs::path(path) / "checkpoints");
    if (run) {
      sources.runs.push_back(path);
      for (const std::string& file : replays_in(path)) sources.files.push_back(file);
    }
    if (!run && !results)
      throw data_error(path + ": expected a run folder (metrics.jsonl, checkpoints/best.h5), or one with " +
                       "compare.json, scale.json, noise.json or replay.json, found neither");
  }
  return sources;
}

/// Runs of one name are told apart by the paths as given.
std::vector<report::Run> read_runs(const std::vector<std::string>& folders) {
  std::vector<report::Run> runs;
  std::multiset<std::string> names;
  for (const std::string& folder : folders) {
    runs.push_back(report::read_run(folder));
    names.insert(runs.back().name);
  }
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (names.count(runs[i].name) > 1) runs[i].name = folders[i];
  return runs;
}

std::string default_out(const std::string& path) {
  return ((fs::is_directory(path) ? fs::path(path) : fs::path(path).parent_path()) / "report.html").string();
}

/// An earlier report may be replaced, anything else not.
void check_out(const std::string& out) {
  if (fs::is_directory(out)) throw usage_error(out + ": expected a file's name in --out, found a folder");
  if (fs::exists(out) && !read_file(out).starts_with("<!doctype html>"))
    throw usage_error(
        out + ": expected no such file or an earlier report, found another file; choose another " + "--out");
}

}  // namespace

ReportResult write_report_page(const ReportRequest& request) {
  if (request.paths.empty()) throw usage_error("expected at least one path to report about, found none");
  const Sources sources = find_sources(request.paths);
  const std::string out = request.out.empty() ? default_out(request.paths.front()) : request.out;
  check_out(out);
  report::Charts charts;
  std::vector<report::Section> sections;
  for (const std::string& file : sources.files) sections.push_back(file_section(file, charts));
  const std::vector<report::Run> runs = read_runs(sources.runs);
  if (runs.size() > 1) sections.push_back(report::runs_section(runs, charts));
  for (const report::Run& run : runs) sections.push_back(report::run_section(run, charts));
  std::string title = request.title;
  if (title.empty()) title = sections.size() == 1 ? sections.front().title : "qmtl report";
  const std::string page = report::render_page(title, sections, charts);
  write_file(out, page);
  ReportResult result{out, page.size(), {}};
  for (const report::Section& section : sections) result.sections.push_back({section.kind, section.title});
  return result;
}

}  // namespace qmtl
