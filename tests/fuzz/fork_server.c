// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: the program becomes a server that forks for each command line it is sent, so that a
// thousand runs load and initialise it once. With QMTL_FORK_SERVER=IN,OUT (descriptors) main() is
// replaced by a loop: IN brings words that end with '\0', an empty one ends a command line; its first is
// the file that takes what the command says. OUT is told the number of the process at once, at its end
// the wait status and the processor time in microseconds, as int64 each. The end of IN ends the server.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_words = 4096, most_bytes = 4 << 20, processor_seconds = 10 };

typedef int Main(int, char**, char**);
static Main* real_main;

static void tell(int out, int64_t number) {
  if (write(out, &number, sizeof number) != sizeof number) _exit(125);
}

/// Reads a command line; its number of words, or -1 at the end.
static int read_words(FILE* in, char* bytes, char** words) {
  int count = 0;
  for (size_t used = 0, start = 0;;) {
    const int c = fgetc(in);
    if (c == EOF) return -1;
    if (used == most_bytes || count == most_words) _exit(125);
    bytes[used++] = (char)c;
    if (c) continue;
    if (used - start == 1) return count;
    words[count++] = bytes + start;
    start = used;
  }
}

static int serve(int argc, char** argv, char** environment) {
  int from = -1, out = -1;
  (void)argc;
  if (sscanf(getenv("QMTL_FORK_SERVER"), "%d,%d", &from, &out) != 2) return 125;
  unsetenv("QMTL_FORK_SERVER");
  unsetenv("LD_PRELOAD");  // programs that the commands start are themselves
  FILE* in = fdopen(from, "r");
  static char bytes[most_bytes];
  static char* words[most_words + 1];
  for (int count; (count = read_words(in, bytes, words)) > 0;) {
    struct rusage before, after;
    getrusage(RUSAGE_CHILDREN, &before);
    const pid_t child = fork();
    if (child < 0) return 125;
    if (child == 0) {
      const int said = open(words[0], O_CREAT | O_TRUNC | O_WRONLY, 0600);
      dup2(said, 1);
      dup2(said, 2);
      close(said);
      close(from);
      close(out);
      const struct rlimit time = {processor_seconds, processor_seconds + 1}, core = {0, 0};
      setrlimit(RLIMIT_CPU, &time);
      setrlimit(RLIMIT_CORE, &core);
      words[0] = argv[0];
      words[count] = NULL;
      const int code = real_main(count, words, environment);
      // Without the destructors of a sanitizer's globals, which take longer than most commands do.
      fflush(NULL);
      _exit(code);
    }
    tell(out, child);
    int status = 0;
    waitpid(child, &status, 0);
    getrusage(RUSAGE_CHILDREN, &after);
    int64_t micros = 0;
    micros += (int64_t)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 + after.ru_utime.tv_usec -
              before.ru_utime.tv_usec;
    micros += (int64_t)(after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 + after.ru_stime.tv_usec -
              before.ru_stime.tv_usec;
    tell(out, status);
    tell(out, micros);
  }
  return 0;
}

int __libc_start_main(Main* program, int argc, char** argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void* stack_end) {
  int (*start)(Main*, int, char**, void (*)(void), void (*)(void), void (*)(void), void*) =
      (int (*)(Main*, int, char**, void (*)(void), void (*)(void), void (*)(void), void*))dlsym(
          RTLD_NEXT, "__libc_start_main");
  real_main = program;
  return start(getenv("QMTL_FORK_SERVER") ? serve : program, argc, argv, init, fini, rtld_fini, stack_end);
}
