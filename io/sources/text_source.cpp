// SPDX-License-Identifier: Apache-2.0
#include "io/sources/text_source.h"

#include <utility>

#include "io/sources/file_kind.h"
#include "io/sources/inflate.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

void require_text(std::string_view bytes, const std::string& path) {
  if (const std::string kind = kind_of_no_table(bytes); !kind.empty())
    throw data_error(path + ": expected a table of texts (CSV), found " + kind);
}

/// What reading a file needs between two pieces.
struct Reading {
  Reading(const std::string& file, const std::string& encoding)
      : path(file), source(file, "a table of texts (CSV)"), decoder(encoding, file) {}

  std::string path;
  InflatedFile source;
  TextDecoder decoder;
  bool first = true, last = false;
};

}  // namespace

NextPiece open_text(const std::string& path, const std::string& encoding, ImportReport& report) {
  auto reading = std::make_shared<Reading>(path, encoding);
  return [reading, &report](std::string& text) {
    Reading& file = *reading;
    if (file.last) return false;
    const std::string_view bytes = file.source.next();
    file.last = bytes.empty();
    const std::size_t before = text.size();
    if (file.first) require_text(bytes, file.path);
    file.decoder.decode(bytes, file.last, text, report);
    if (file.first) require_text(std::string_view(text).substr(before), file.path);
    file.first = false;
    report.tell("reading " + file.path, file.source.done(), file.source.size());
    return true;
  };
}

NextPiece one_piece(std::string text) {
  return [whole = std::move(text), done = false](std::string& to) mutable {
    if (done) return false;
    done = true;
    to += whole;
    whole = {};
    return true;
  };
}

}  // namespace qmtl
