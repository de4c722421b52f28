// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/report/page.h"

#include <map>
#include <stdexcept>

#include "runtime/base/version.h"
#include "tools/workflows/report/assets.h"

namespace qmtl::report {
namespace {

/// Replaces {{name}} by its value, once: a value may hold braces itself.
std::string filled(std::string_view page,
                   const std::map<std::string, std::string_view, std::less<>>& values) {
  std::string result;
  while (true) {
    const std::size_t open = page.find("{{");
    result.append(page.substr(0, open));
    if (open == std::string_view::npos) return result;
    const std::size_t close = page.find("}}", open);
    const auto found = values.find(page.substr(open + 2, close - open - 2));
    if (close == std::string_view::npos || found == values.end())
      throw std::logic_error("page.html has a place that nothing fills");
    result.append(found->second);
    page.remove_prefix(close + 2);
  }
}

std::string section_id(std::size_t number) { return "section-" + std::to_string(number + 1); }

Html contents(const std::vector<Section>& sections) {
  if (sections.size() < 2) return {};
  Html list;
  for (std::size_t i = 0; i < sections.size(); ++i)
    list += element("li",
                    element("a", text(sections[i].title), Html::trusted("href=\"#" + section_id(i) + "\"")));
  return element("nav", element("ul", list), Html::trusted("aria-label=\"Contents\""));
}

}  // namespace

std::string render_page(const std::string& title, const std::vector<Section>& sections,
                        const Charts& charts) {
  Html body;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    // A page of one section needs no second heading of the same words.
    const Html heading = sections[i].title == title ? Html() : element("h2", text(sections[i].title));
    body += element("section", heading + Html::trusted("\n") + sections[i].body,
                    Html::trusted("id=\"" + section_id(i) + "\"")) +
            Html::trusted("\n");
  }
  const std::string data = charts.script_json();
  const Html page_title = text(title), navigation = contents(sections), version = text(program_version);
  return filled(asset_page(), {{"title", page_title.markup()},
                               {"style", asset_style()},
                               {"contents", navigation.markup()},
                               {"body", body.markup()},
                               {"version", version.markup()},
                               {"charts", data},
                               {"library", asset_chart_library()},
                               {"script", asset_script()}});
}

}  // namespace qmtl::report
