// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qmtl::report {

/// Markup that is safe to put into a page. Texts become Html through text() alone, which escapes them; so a
/// name out of a file can never become an element.
class Html {
 public:
  Html() = default;
  /// Markup that this program itself wrote.
  static Html trusted(std::string markup);
  const std::string& markup() const { return markup_; }
  bool empty() const { return markup_.empty(); }
  Html& operator+=(const Html& other);

 private:
  std::string markup_;
};
Html operator+(Html left, const Html& right);

/// A text with <, >, &, quotes escaped and control characters (but line ends and tabs) replaced.
Html text(std::string_view content);
/// <tag attributes>content</tag>; `attributes` is markup of this program, values from files go through
/// text().
Html element(std::string_view tag, const Html& content, const Html& attributes = {});
/// class="..." as an attribute.
Html css_class(std::string_view name);

struct Column {
  std::string title;
  bool numeric = true;  ///< aligned at the right
};

/// A table with a caption; the first cell of a row is its heading. It scrolls sideways where it is too wide.
struct Table {
  std::string caption;
  std::vector<Column> columns = {};
  std::vector<std::vector<Html>> rows = {};  ///< each as long as `columns`
  Html html() const;
};

/// A collapsed part of the page.
Html details(const std::string& summary, const Html& content);
/// Texts with their values: [{"run hash", "ab12..."}].
Html definitions(const std::vector<std::pair<std::string, Html>>& entries);
/// Preformatted text, scrolling sideways; `label` names it for screen readers.
Html preformatted(std::string_view content, const std::string& label, const Html& attributes = {});
/// Long digits in the fixed-width face that may break anywhere.
Html hash_text(std::string_view hash);

}  // namespace qmtl::report
