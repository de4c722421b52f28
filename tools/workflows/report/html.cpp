// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/report/html.h"

namespace qmtl::report {

Html Html::trusted(std::string markup) {
  Html html;
  html.markup_ = std::move(markup);
  return html;
}

Html& Html::operator+=(const Html& other) {
  markup_ += other.markup_;
  return *this;
}

Html operator+(Html left, const Html& right) { return left += right; }

Html text(std::string_view content) {
  std::string escaped;
  escaped.reserve(content.size());
  for (char c : content) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else if (c == '"')
      escaped += "&quot;";
    else if (c == '\'')
      escaped += "&#39;";
    else if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
      escaped += "&#xfffd;";
    else
      escaped += c;
  }
  return Html::trusted(std::move(escaped));
}

Html element(std::string_view tag, const Html& content, const Html& attributes) {
  std::string markup("<");
  markup.append(tag);
  if (!attributes.empty()) markup.append(" ").append(attributes.markup());
  markup.append(">").append(content.markup()).append("</").append(tag).append(">");
  return Html::trusted(std::move(markup));
}

Html css_class(std::string_view name) { return Html::trusted("class=\"") + text(name) + Html::trusted("\""); }

namespace {

/// A box that scrolls sideways; it takes the keyboard's focus so that the arrow keys scroll it too.
Html scrolling(const Html& content, const std::string& label) {
  return element("div", content,
                 Html::trusted("class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"") +
                     text(label) + Html::trusted("\""));
}

}  // namespace

Html Table::html() const {
  const auto side = [](const Column& column) { return Html::trusted(column.numeric ? " class=\"n\"" : ""); };
  Html head;
  for (const Column& column : columns)
    head += element("th", text(column.title), Html::trusted("scope=\"col\"") + side(column));
  Html body;
  for (const std::vector<Html>& row : rows) {
    Html cells;
    for (std::size_t i = 0; i < row.size(); ++i)
      cells += i == 0 ? element("th", row[i], Html::trusted("scope=\"row\""))
                      : element("td", row[i], columns[i].numeric ? css_class("n") : Html());
    body += element("tr", cells) + Html::trusted("\n");
  }
  return scrolling(element("table", element("caption", element("span", text(caption))) + Html::trusted("\n") +
                                        element("thead", element("tr", head)) + Html::trusted("\n") +
                                        element("tbody", body)),
                   caption) +
         Html::trusted("\n");
}

Html details(const std::string& summary, const Html& content) {
  return element("details", element("summary", text(summary)) + content) + Html::trusted("\n");
}

Html definitions(const std::vector<std::pair<std::string, Html>>& entries) {
  Html list;
  for (const auto& [term, value] : entries)
    list += element("div", element("dt", text(term)) + element("dd", value));
  return element("dl", list) + Html::trusted("\n");
}

Html preformatted(std::string_view content, const std::string& label, const Html& attributes) {
  return scrolling(element("pre", text(content), attributes), label) + Html::trusted("\n");
}

Html hash_text(std::string_view hash) { return element("code", text(hash), css_class("hash")); }

}  // namespace qmtl::report
