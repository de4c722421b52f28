// SPDX-License-Identifier: Apache-2.0
#include "io/import/first_row.h"

#include <algorithm>
#include <charconv>

#include "io/data/match_data.h"
#include "io/import/values.h"
#include "io/sources/image_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr const char* way_out =
    "; --header takes it as names, --no-header as data, its columns in the model's order";

}  // namespace

bool FirstRow::is_header(const std::vector<std::string>& cells) const {
  // Nothing of the table is read where every input has a file of its own: it is as the one before was.
  if (needed.empty()) return expected;
  const std::set<std::string> known(needed.begin(), needed.end());
  if (named &&
      std::any_of(cells.begin(), cells.end(), [&](const auto& cell) { return known.contains(cell); }))
    return true;
  const auto doubt = [&](const std::string& why) {
    return data_error(file + ": the first row (" + listed_names(cells) +
                      ") may be names of columns or data: " + why + way_out);
  };
  if (named && expected)
    throw doubt("it has none of the names " + listed_names(needed) + " that the model's columns have");
  const std::vector<std::string>& layout = all.size() == cells.size() ? all : needed;
  std::size_t numeric = 0, words = 0, looked_at = 0;
  bool counting = !named;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (c < layout.size() && texts.contains(layout[c])) {
      if (is_image_name(cells[c])) return false;
      continue;
    }
    ++looked_at;
    double number = 0;
    if (parse_number(cells[c], numbers, number))
      ++numeric;
    else if (!is_always_missing(cells[c]) && !means_missing(cells[c]))
      ++words;
    counting = counting &&
               (cells[c] == std::to_string(c) || (cells.size() > 1 && cells[c] == std::to_string(c + 1)));
  }
  if (counting) throw doubt("its numbers count up, as the names that programs give to columns without any");
  if (words == 0 && numeric > 0) return false;
  if (numeric == 0 && words > 0 && words == looked_at) return true;
  throw doubt("its cells are neither all numbers nor all names");
}

void FirstRow::check_names(const std::vector<std::string>& header) const {
  const std::set<std::string> found(header.begin(), header.end());
  std::vector<std::string> missing;
  for (const std::string& name : needed)
    if (!found.contains(name)) missing.push_back(name);
  if (missing.empty()) return;
  throw data_error(file + ": expected the columns " + listed_names(needed) + " of the model, found " +
                   listed_names(header) + "; missing: " + listed_names(missing));
}

std::vector<std::string> FirstRow::order(std::size_t columns, bool with_id) const {
  const std::size_t first = with_id ? 1 : 0, own = columns - first;
  if (named && own == all.size()) return all;
  if (named && own == needed.size()) return needed;
  std::vector<std::string> places;
  std::size_t most = 0;
  for (std::size_t c = 0; c < needed.size() && !named; ++c) {
    std::size_t place = 0;
    std::from_chars(needed[c].data(), needed[c].data() + needed[c].size(), place);
    if (own == needed.size()) place = c + 1;
    most = std::max(most, place);
    places.push_back(std::to_string(first + place));
  }
  if (!named && (own == needed.size() || (wider && most <= own))) return places;
  throw data_error(
      file + ": expected " + std::to_string(needed.size()) + " columns (" + listed_names(needed) + ")" +
      (all.empty() ? "" : ", or the " + std::to_string(all.size()) + " that the data set was made from") +
      ", found " + std::to_string(own) + " without names" + (with_id ? " beside the ids" : "") +
      "; keep those, in that order, or name them in a first row");
}

}  // namespace qmtl
