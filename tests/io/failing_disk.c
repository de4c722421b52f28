// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: the QMTL_FAIL_AT-th call of QMTL_FAIL_CALL (pread, read or close) on a file whose path ends with
// QMTL_FAIL_FILE fails with EIO, as do all that follow.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(const char* call, int fd) {
  static int seen;
  const char *wanted = getenv("QMTL_FAIL_CALL"), *file = getenv("QMTL_FAIL_FILE"), *at = getenv("QMTL_FAIL_AT");
  if (!wanted || !file || !at || strcmp(wanted, call) != 0) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < (ssize_t)strlen(file)) return 0;
  path[size] = '\0';
  if (strcmp(path + size - strlen(file), file) != 0) return 0;
  return ++seen >= atoi(at);
}

ssize_t pread(int fd, void* to, size_t size, off_t at) {
  static ssize_t (*real)(int, void*, size_t, off_t);
  if (!real) real = (ssize_t(*)(int, void*, size_t, off_t))dlsym(RTLD_NEXT, "pread");
  if (fails("pread", fd)) return errno = EIO, -1;
  return real(fd, to, size, at);
}

ssize_t pread64(int fd, void* to, size_t size, off_t at) { return pread(fd, to, size, at); }

ssize_t read(int fd, void* to, size_t size) {
  static ssize_t (*real)(int, void*, size_t);
  if (!real) real = (ssize_t(*)(int, void*, size_t))dlsym(RTLD_NEXT, "read");
  if (fails("read", fd)) return errno = EIO, -1;
  return real(fd, to, size);
}

int close(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "close");
  if (fails("close", fd)) return real(fd), errno = EIO, -1;
  return real(fd);
}
