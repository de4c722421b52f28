// SPDX-License-Identifier: Apache-2.0
#include "io/sources/inflate.h"

#include <zlib.h>

#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

gzFile gzip(void* file) { return static_cast<gzFile>(file); }

}  // namespace

// zlib passes files through that are not compressed.
InflatedFile::InflatedFile(const std::string& path, const std::string& expected) : path_(path) {
  if (file_kind(path) == FileKind::nothing)
    throw data_error(path + ": no such file; check the path (a description's own are relative to its folder)");
  size_ = require_file(path, expected);
  file_ = gzopen(path.c_str(), "rb");
  if (!file_) throw data_error(path + ": " + path_problem(errno));
  gzbuffer(gzip(file_), 1 << 17);
  piece_.resize(1 << 20);
}

InflatedFile::~InflatedFile() { gzclose(gzip(file_)); }

std::string_view InflatedFile::next() {
  const int got = gzread(gzip(file_), piece_.data(), static_cast<unsigned>(piece_.size()));
  int code = Z_OK;
  const char* message = gzerror(gzip(file_), &code);
  if (code == Z_ERRNO) throw data_error(path_ + ": " + path_problem(errno));
  if (got < 0 || code != Z_OK)
    throw data_error(path_ + ": the compressed file is truncated or damaged (" + message +
                     "); fetch it again");
  return std::string_view(piece_).substr(0, static_cast<std::size_t>(got));
}

std::uint64_t InflatedFile::done() const {
  return std::min(size_, static_cast<std::uint64_t>(gzoffset(gzip(file_))));
}

std::string inflate_file(const std::string& path, const std::string& expected) {
  InflatedFile file(path, expected);
  const std::uint64_t most = machine_memory();
  std::string text;
  for (std::string_view piece = file.next(); !piece.empty(); piece = file.next()) {
    text += piece;
    if (text.size() > most)
      throw data_error(path + ": holds more than the " + std::to_string(most) +
                       " bytes of this machine's memory; cut it into parts");
  }
  return text;
}

}  // namespace qmtl
