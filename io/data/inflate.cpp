// SPDX-License-Identifier: Apache-2.0
#include "io/data/inflate.h"

#include <zlib.h>

#include <memory>

#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {

// zlib passes files through that are not compressed.
std::string inflate_file(const std::string& path, const std::string& expected) {
  if (file_kind(path) == FileKind::nothing)
    throw data_error(path + ": no such file; check the path (it is relative to the description's folder)");
  require_file(path, expected);
  const std::uint64_t most = machine_memory();
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
    if (text.size() > most)
      throw data_error(path + ": holds more than the " + std::to_string(most) +
                       " bytes of this machine's memory; cut it into parts");
  }
}

}  // namespace qmtl
