// SPDX-License-Identifier: Apache-2.0
#include "io/data/inflate.h"

#include <zlib.h>

#include <filesystem>
#include <memory>

#include "runtime/base/error.h"

namespace qmtl {

// zlib passes files through that are not compressed.
std::string inflate_file(const std::string& path, const std::string& expected) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::exists(path, error))
    throw data_error(path + ": no such file; check the path (it is relative to the description's folder)");
  if (fs::is_directory(path, error)) throw data_error(path + ": expected " + expected + ", found a folder");
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw data_error(path + ": cannot be read; check its permissions");
  std::string text, piece(1 << 18, '\0');
  while (true) {
    const int got = gzread(file.get(), piece.data(), static_cast<unsigned>(piece.size()));
    int code = Z_OK;
    const char* message = gzerror(file.get(), &code);
    if (got < 0 || code != Z_OK)
      throw data_error(path + ": the compressed file is truncated or damaged (" + message +
                       "); fetch it again");
    if (got == 0) return text;
    text.append(piece, 0, static_cast<std::size_t>(got));
  }
}

}  // namespace qmtl
