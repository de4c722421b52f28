// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: the QMTL_FAIL_AT-th call of QMTL_FAIL_CALL on a file whose path holds QMTL_FAIL_FILE fails
// with the error number QMTL_FAIL_ERROR (default EIO), as do all that follow, or with QMTL_FAIL_ONCE=1 none.
// The error "short"
// (-1) lets writes take one byte. The file QMTL_FAIL_SEEN is made when the first call fails.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int wanted_error(void) {
  const char* text = getenv("QMTL_FAIL_ERROR");
  return text ? atoi(text) : EIO;
}

static int fails_path(const char* call, const char* path) {
  static atomic_int seen;
  const char *wanted = getenv("QMTL_FAIL_CALL"), *file = getenv("QMTL_FAIL_FILE"),
             *at = getenv("QMTL_FAIL_AT");
  if (!wanted || !file || !at || !path || strcmp(wanted, call) != 0 || !strstr(path, file)) return 0;
  const int number = atomic_fetch_add(&seen, 1) + 1, first = atoi(at);
  if (number == first && getenv("QMTL_FAIL_SEEN"))
    syscall(SYS_close,
            (int)syscall(SYS_openat, AT_FDCWD, getenv("QMTL_FAIL_SEEN"), O_CREAT | O_WRONLY, 0600));
  if (getenv("QMTL_FAIL_ONCE") ? number != first : number < first) return 0;
  errno = wanted_error();
  return 1;
}

static int fails(const char* call, int fd) {
  const int before = errno;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  errno = before;
  if (size < 0) return 0;
  path[size] = '\0';
  return fails_path(call, path);
}

#define REAL(type, name, ...)       \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define SHORT (wanted_error() < 0)

// Some names have a second one for large files, or one that checks the buffer.
#define READ(name, call, parameters, ...) \
  ssize_t name parameters {               \
    REAL(ssize_t, #name, READ_TYPES);     \
    if (fails(call, fd)) {                \
      if (!SHORT) return -1;              \
      size = size > 1 ? 1 : size;         \
    }                                     \
    return real(__VA_ARGS__);             \
  }
#define READ_TYPES int, void*, size_t
READ(read, "read", (int fd, void* to, size_t size), fd, to, size)
#undef READ_TYPES
#define READ_TYPES int, void*, size_t, size_t
READ(__read_chk, "read", (int fd, void* to, size_t size, size_t room), fd, to, size, room)
#undef READ_TYPES
#define READ_TYPES int, void*, size_t, off_t
READ(pread, "pread", (int fd, void* to, size_t size, off_t at), fd, to, size, at)
READ(pread64, "pread", (int fd, void* to, size_t size, off_t at), fd, to, size, at)
#undef READ_TYPES
#define READ_TYPES int, void*, size_t, off_t, size_t
READ(__pread_chk, "pread", (int fd, void* to, size_t size, off_t at, size_t room), fd, to, size, at, room)
READ(__pread64_chk, "pread", (int fd, void* to, size_t size, off_t at, size_t room), fd, to, size, at, room)
#undef READ_TYPES
#define READ_TYPES int, const void*, size_t
READ(write, "write", (int fd, const void* from, size_t size), fd, from, size)
#undef READ_TYPES
#define READ_TYPES int, const void*, size_t, off_t
READ(pwrite, "pwrite", (int fd, const void* from, size_t size, off_t at), fd, from, size, at)
READ(pwrite64, "pwrite", (int fd, const void* from, size_t size, off_t at), fd, from, size, at)

int close(int fd) {
  REAL(int, "close", int);
  if (fails("close", fd)) {
    const int error = errno;
    real(fd);
    errno = error;
    return -1;
  }
  return real(fd);
}

#define OF_DESCRIPTOR(name, call)           \
  int name(int fd) {                        \
    REAL(int, #name, int);                  \
    return fails(call, fd) ? -1 : real(fd); \
  }
OF_DESCRIPTOR(fsync, "fsync")
OF_DESCRIPTOR(fdatasync, "fsync")

int ftruncate(int fd, off_t size) {
  REAL(int, "ftruncate", int, off_t);
  return fails("ftruncate", fd) ? -1 : real(fd, size);
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int flock(int fd, int what) {
  REAL(int, "flock", int, int);
  return fails("flock", fd) ? -1 : real(fd, what);
}

int fstat(int fd, struct stat* to) {
  REAL(int, "fstat", int, struct stat*);
  return fails("fstat", fd) ? -1 : real(fd, to);
}

#define OPEN(name)                                                                \
  int name(const char* path, int flags, ...) {                                    \
    REAL(int, #name, const char*, int, ...);                                      \
    va_list list;                                                                 \
    va_start(list, flags);                                                        \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list);                                                                 \
    return fails_path("open", path) ? -1 : real(path, flags, mode);               \
  }
OPEN(open)
OPEN(open64)

FILE* fopen(const char* path, const char* mode) {
  REAL(FILE*, "fopen", const char*, const char*);
  return fails_path("open", path) ? NULL : real(path, mode);
}
FILE* fopen64(const char* path, const char* mode) { return fopen(path, mode); }

#define OF_PATH(name, call, type)                          \
  int name(const char* path, type more) {                  \
    REAL(int, #name, const char*, type);                   \
    return fails_path(call, path) ? -1 : real(path, more); \
  }
OF_PATH(mkdir, "mkdir", mode_t)
OF_PATH(stat, "stat", struct stat*)
OF_PATH(statfs, "statfs", struct statfs*)
OF_PATH(rename, "rename", const char*)
OF_PATH(link, "link", const char*)

int unlink(const char* path) {
  REAL(int, "unlink", const char*);
  return fails_path("unlink", path) ? -1 : real(path);
}
