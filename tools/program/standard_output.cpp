// SPDX-License-Identifier: Apache-2.0
#include "tools/program/standard_output.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <streambuf>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace qmtl {
namespace {

struct Output {
  std::string begun;  ///< of a character whose last bytes have not come yet
  int error = 0;      ///< of the first write that failed
};
// Never destroyed: stdio writes what is left when the program is over.
Output& output = *new Output;

void write_all(std::string_view text) {
  while (!text.empty() && output.error == 0) {
    const ssize_t wrote = ::write(STDOUT_FILENO, text.data(), text.size());
    if (wrote < 0 && errno != EINTR) output.error = errno;
    if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

/// How many bytes at the end begin a character of UTF-8 without ending it.
std::size_t unfinished(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return size > back ? back : 0;
  }
  return 0;
}

/// As stdio wants it: all is taken, and what failed is told in the end.
ssize_t take(void*, const char* data, std::size_t size) {
  output.begun.append(data, size);
  const std::string_view all = output.begun;
  const std::size_t later = unfinished(all);
  write_all(visible(all.substr(0, all.size() - later)));
  output.begun.erase(0, all.size() - later);
  return static_cast<ssize_t>(size);
}

/// std::cout over stdio's stream, so that both keep their order.
class StdioBuffer final : public std::streambuf {
 private:
  int overflow(int c) override { return c == EOF ? 0 : std::fputc(c, stdout); }
  std::streamsize xsputn(const char* data, std::streamsize size) override {
    return static_cast<std::streamsize>(std::fwrite(data, 1, static_cast<std::size_t>(size), stdout));
  }
  int sync() override { return std::fflush(stdout); }
};

}  // namespace

void take_standard_output() {
  // Reading alone is allowed on the stand-in of an output, so that writing to it is the error that it is.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0 &&
        ::open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY) < 0)
      return;
  // A reader that has gone is then an error of the write.
  std::signal(SIGPIPE, SIG_IGN);
  cookie_io_functions_t functions{};
  functions.write = take;
  FILE* const stream = ::fopencookie(nullptr, "w", functions);
  if (!stream) return;
  std::setvbuf(stream, nullptr, ::isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
  stdout = stream;
  // Never destroyed: std::cout is flushed once more when everything else is gone.
  static StdioBuffer& buffer = *new StdioBuffer;
  std::cout.rdbuf(&buffer);
}

void finish_standard_output() {
  std::cout.flush();
  std::fflush(stdout);
  write_all(visible(output.begun));
  output.begun.clear();
  if (output.error == 0) return;
  const int error = output.error;
  output.error = 0;
  throw data_error("standard output: what was printed could not be written: " +
                   (error == EPIPE   ? std::string("its reader has gone")
                    : error == EBADF ? std::string("it is closed")
                                     : system_error(error)) +
                   "; give it a place that can be written, for example a file on a disk with room");
}

void write_to_terminal(std::string_view text) {
  std::fflush(stdout);
  write_all(text);
}

}  // namespace qmtl
