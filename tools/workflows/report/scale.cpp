// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "tools/workflows/report/format.h"
#include "tools/workflows/report/sections.h"

namespace qmtl::report {
namespace {

/// The series of a head, made when it comes up first.
Series& series_of(std::vector<Series>& all, const std::string& head) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Series& s) { return s.name == head; });
  if (found != all.end()) return *found;
  all.push_back({head, {}});
  return all.back();
}

Html counted_html(const JsonField& list, Charts& charts) {
  Table table{"Counted parameters",
              {{"head", false}, {"tasks T"}, {"width"}, {"head parameters"}, {"all parameters"}},
              {}};
  Chart head{"Head parameters and tasks",
             "Head parameters of every kind of head over the number of tasks, both axes logarithmic.",
             {"tasks T", true},
             {"head parameters", true},
             {},
             {}};
  Chart total = head;
  total.title = "All parameters and tasks";
  total.description = "All parameters of the model over the number of tasks, both axes logarithmic.";
  total.y.title = "all parameters";
  for (const JsonField& row : list.list()) {
    const std::string& name = row.at("head").text();
    const std::int64_t tasks = row.at("T").count(), head_parameters = row.at("head_parameters").count(),
                       all_parameters = row.at("total_parameters").count();
    table.rows.push_back({text(name), text(count(tasks)), text(count(row.at("width").count())),
                          text(count(head_parameters)), text(count(all_parameters))});
    const double t = static_cast<double>(tasks);
    series_of(head.series, name).points.push_back({t, static_cast<double>(head_parameters)});
    series_of(total.series, name).points.push_back({t, static_cast<double>(all_parameters)});
  }
  return charts_html(charts.add(head) + charts.add(total)) +
         details("Counted parameters as a table", table.html());
}

Html slopes_html(const JsonField& list) {
  if (list.list().empty()) return {};
  Table table{"Growth: parameters ~ T^slope, fitted on the logarithms",
              {{"head", false}, {"parameters of the", false}, {"slope"}, {"interval"}},
              {}};
  for (const JsonField& row : list.list()) {
    const JsonField of = row.at("of");
    if (of.text() != "head" && of.text() != "total") of.wrong("\"head\" or \"total\"");
    const double low = row.at("low").number_or_nan(), high = row.at("high").number_or_nan();
    table.rows.push_back(
        {text(row.at("head").text()), text(of.text() == "head" ? "head" : "whole model"),
         text(fixed(row.at("slope").number_or_nan(), 3)),
         text(std::isfinite(low) && std::isfinite(high) ? fixed(low, 3) + " to " + fixed(high, 3) : "–")});
  }
  return table.html();
}

Html trained_html(const JsonField& list, Charts& charts) {
  if (list.list().empty()) return {};
  Table table{"Trained models",
              {{"head", false},
               {"tasks T"},
               {"width"},
               {"head parameters"},
               {"accuracy"},
               {"time of a step"},
               {"memory"}},
              {}};
  Chart accuracy{"Accuracy and tasks",
                 "Accuracy of the trained models over the number of tasks.",
                 {"tasks T", true},
                 {"accuracy"},
                 {},
                 {}};
  Chart time{"Time of a step and tasks",
             "Seconds of a training step over the number of tasks, both axes logarithmic.",
             {"tasks T", true},
             {"seconds per step", true},
             {},
             {}};
  const auto optional = [](const JsonField& row, const char* key) {
    const auto found = row.find(key);
    return found ? found->number() : no_value;
  };
  for (const JsonField& row : list.list()) {
    const std::string& name = row.at("head").text();
    const std::int64_t tasks = row.at("T").count();
    const double value = row.at("accuracy").number_or_nan(), seconds = optional(row, "seconds_per_step");
    table.rows.push_back({text(name), text(count(tasks)), text(count(row.at("width").count())),
                          text(count(row.at("head_parameters").count())), text(score(value)),
                          text(duration(seconds)), text(bytes(optional(row, "memory_bytes")))});
    series_of(accuracy.series, name).points.push_back({static_cast<double>(tasks), value});
    series_of(time.series, name).points.push_back({static_cast<double>(tasks), seconds});
  }
  return element("h3", text("Trained models")) + charts_html(charts.add(accuracy) + charts.add(time)) +
         table.html();
}

}  // namespace

Section scale_section(const JsonField& root, Charts& charts) {
  require_json_format(root, "qmtl-scale", 1);
  Html body =
      element("p", text("How the number of parameters grows with the number of tasks, counted from real "
                        "models of matched capacity."));
  body += counted_html(root.at("counted"), charts);
  body += slopes_html(root.at("slopes"));
  body += trained_html(root.at("trained"), charts);
  const auto title = root.find("title");
  return {"scale", "Scaling" + (title ? ": " + title->text() : ""), std::move(body)};
}

}  // namespace qmtl::report
