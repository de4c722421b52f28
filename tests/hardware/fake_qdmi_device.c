// SPDX-License-Identifier: Apache-2.0
/* A QDMI device library for tests, in C as real ones are: with FAKE_QDMI_LISTS of QDMI 1.4, else of 1.3. It
 * executes OpenQASM 2 whose gates are x and ry(angle): a qubit reads 1 if its angles (3 for x) add up to more
 * than pi / 2. One shot of each job reads all zeros. CUSTOM1 of the session asks for misbehaviour (see
 * `mode`). Jobs stay known by their id for the life of the process, as those of a device elsewhere would. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define PASTE(prefix, name) prefix##_QDMI_device_##name
#define PASTED(prefix, name) PASTE(prefix, name)
#define NAME(name) PASTED(FAKE_QDMI_PREFIX, name)

enum {
  SUCCESS = 0,
  FATAL = -1,
  NOTFOUND = -5,
  INVALIDARGUMENT = -7,
  PERMISSIONDENIED = -8,
  NOTSUPPORTED = -9,
  BADSTATE = -10,
  TIMEOUT = -11
};
enum { MOST_JOBS = 1024, MOST_QUBITS = 16 };

struct job {
  char id[16];
  char mode[32];
  char* program;
  size_t shots;
  int state;  /* QDMI's job states */
  int checks; /* left before a slow job is done */
  char keys[2 * MOST_QUBITS + 4];
  size_t values[2];
  size_t outcomes;
};

struct session {
  char mode[32];
  char token[32];
  char base_url[64];
  int ready;
};

static struct job jobs[MOST_JOBS];
static size_t job_count;
static int initialised;
static int sites[3] = {0, 1, 2};
static const char* const operations[] = {"ry", "cz", "measure"};

static int is(const char* mode, const char* name) { return strcmp(mode, name) == 0; }

static int give(const void* source, size_t size, size_t room, void* value, size_t* needed) {
  if (needed) *needed = size;
  if (!value) return SUCCESS;
  if (room < size) return INVALIDARGUMENT;
  memcpy(value, source, size);
  return SUCCESS;
}

static int give_text(const char* text, size_t room, void* value, size_t* needed) {
  return give(text, strlen(text) + 1, room, value, needed);
}

EXPORT int NAME(initialize)(void) {
  if (initialised) return BADSTATE;
  initialised = 1;
  return SUCCESS;
}

EXPORT int NAME(finalize)(void) {
  if (!initialised) return BADSTATE;
  initialised = 0;
  return SUCCESS;
}

EXPORT int NAME(session_alloc)(void** session) {
  *session = calloc(1, sizeof(struct session));
  return *session ? SUCCESS : FATAL;
}

EXPORT int NAME(session_set_parameter)(void* handle, int parameter, size_t size, const void* value) {
  struct session* session = handle;
  char* field = parameter == 0           ? session->base_url
                : parameter == 1         ? session->token
                : parameter == 999999995 ? session->mode
                                         : NULL;
  const size_t room = parameter == 0 ? sizeof(session->base_url) : sizeof(session->token);
  if (!field) return NOTSUPPORTED;
  if (size > room || ((const char*)value)[size - 1] != '\0') return INVALIDARGUMENT;
  memcpy(field, value, size);
  return SUCCESS;
}

EXPORT int NAME(session_init)(void* handle) {
  struct session* session = handle;
  if (is(session->mode, "needs-token") && !is(session->token, "right")) return PERMISSIONDENIED;
  session->ready = 1;
  return SUCCESS;
}

EXPORT void NAME(session_free)(void* session) { free(session); }

EXPORT int NAME(session_query_device_property)(void* handle, int property, size_t size, void* value,
                                               size_t* needed) {
  struct session* session = handle;
  const size_t qubits = 3;
  void* coupled[4] = {&sites[0], &sites[1], &sites[1], &sites[2]};
  void* offered[3] = {(void*)&operations[0], (void*)&operations[1], (void*)&operations[2]};
  if (!session->ready) return BADSTATE;
  switch (property) {
    case 0:
      return give_text("fake device", size, value, needed);
    case 3:
#ifdef FAKE_QDMI_LISTS
      return give_text(is(session->mode, "old") ? "1.2.1" : "1.4.0", size, value, needed);
#else
      return give_text(is(session->mode, "old") ? "1.2.1" : "1.3.3", size, value, needed);
#endif
    case 4:
      return give(&qubits, sizeof(qubits), size, value, needed);
    case 6:
      if (is(session->mode, "no-operations")) return NOTSUPPORTED;
      return is(session->mode, "strange-gates") ? give(&offered[2], sizeof(void*), size, value, needed)
                                                : give(offered, sizeof(offered), size, value, needed);
    case 7:
      return is(session->mode, "no-operations") ? NOTSUPPORTED
                                                : give(coupled, sizeof(coupled), size, value, needed);
    default:
      return NOTSUPPORTED;
  }
}

EXPORT int NAME(session_query_site_property)(void* session, void* site, int property, size_t size,
                                             void* value, size_t* needed) {
  const size_t index = (size_t) * (int*)site;
  (void)session;
  return property == 0 ? give(&index, sizeof(index), size, value, needed) : NOTSUPPORTED;
}

EXPORT int NAME(session_query_operation_property)(void* session, void* operation, size_t site_count,
                                                  void* const* at, size_t parameter_count,
                                                  const double* parameters, int property, size_t size,
                                                  void* value, size_t* needed) {
  (void)session, (void)site_count, (void)at, (void)parameter_count, (void)parameters;
  return property == 0 ? give_text(*(const char* const*)operation, size, value, needed) : NOTSUPPORTED;
}

EXPORT int NAME(session_create_device_job)(void* handle, void** job) {
  struct session* session = handle;
  if (job_count == MOST_JOBS) return FATAL;
  struct job* made = &jobs[job_count];
  memcpy(made->mode, session->mode, sizeof(made->mode));
  snprintf(made->id, sizeof(made->id), "job-%zu", job_count++);
  *job = made;
  return SUCCESS;
}

EXPORT int NAME(session_retrieve_device_job_by_id)(void* session, const char* id, void** job) {
  (void)session;
  for (size_t i = 0; i < job_count; ++i)
    if (is(jobs[i].id, id)) {
      *job = &jobs[i];
      return SUCCESS;
    }
  return NOTFOUND;
}

static int keep_program(struct job* job, size_t size, const void* program) {
  if (((const char*)program)[size - 1] != '\0') return INVALIDARGUMENT;
  free(job->program);
  job->program = malloc(size);
  if (!job->program) return FATAL;
  memcpy(job->program, program, size);
  return SUCCESS;
}

EXPORT int NAME(job_set_parameter)(void* handle, int parameter, size_t size, const void* value) {
  struct job* job = handle;
#ifndef FAKE_QDMI_LISTS
  if (parameter == 0) return *(const int*)value == 0 ? SUCCESS : NOTSUPPORTED;
  if (parameter == 1) return keep_program(job, size, value);
#endif
  if (parameter != 2 || size != sizeof(size_t)) return NOTSUPPORTED;
  memcpy(&job->shots, value, size);
  return SUCCESS;
}

#ifdef FAKE_QDMI_LISTS
EXPORT int NAME(job_set_programs)(void* handle, int format, size_t count, const size_t* sizes,
                                  const void* const* programs) {
  if (format != 0 || count != 1) return NOTSUPPORTED;
  return keep_program(handle, sizes[0], programs[0]);
}
#endif

EXPORT int NAME(job_query_property)(void* handle, int property, size_t size, void* value, size_t* needed) {
  struct job* job = handle;
  return property == 0 ? give_text(job->id, size, value, needed) : NOTSUPPORTED;
}

/* Reads the program; 0 if it is not of the kind that this device executes. */
static int execute(struct job* job) {
  double angle[MOST_QUBITS] = {0};
  char read[MOST_QUBITS + 1] = {0}, zeros[MOST_QUBITS + 1] = {0};
  int bits = 0;
  const char* at = job->program;
  if (!at || strncmp(at, "OPENQASM 2.0;", 13) != 0) return 0;
  for (; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : at) {
    double turn;
    int qubit, bit;
    if (sscanf(at, "ry(%lf) q[%d];", &turn, &qubit) == 2) {
      if (qubit < 0 || qubit >= MOST_QUBITS) return 0;
      angle[qubit] += turn;
    } else if (sscanf(at, "x q[%d];", &qubit) == 1) {
      if (qubit < 0 || qubit >= MOST_QUBITS) return 0;
      angle[qubit] += 3.0;
    } else if (sscanf(at, "measure q[%d] -> c[%d];", &qubit, &bit) == 2) {
      if (qubit < 0 || qubit >= MOST_QUBITS || bit != bits) return 0;
      read[bits++] =
          angle[qubit] > 1.5707963267948966 ? '1' : '0'; /* classical bit 0 first; turned round below */
    }
  }
  if (bits == 0) return 0;
  memset(zeros, '0', (size_t)bits);
  if (!is(job->mode, "reversed"))
    for (int i = 0; i < bits / 2; ++i) {
      const char first = read[i];
      read[i] = read[bits - 1 - i];
      read[bits - 1 - i] = first;
    }
  job->outcomes = strcmp(read, zeros) == 0 || job->shots < 2 ? 1 : 2;
  job->values[0] = job->outcomes == 1 ? job->shots : job->shots - 1;
  job->values[1] = 1;
  if (is(job->mode, "wrong-bits")) read[0] = '2';
  if (is(job->mode, "lost-shots")) job->values[0] -= 1;
  snprintf(job->keys, sizeof(job->keys), job->outcomes == 1 ? "%s" : "%s,%s", read, zeros);
  return 1;
}

EXPORT int NAME(job_submit)(void* handle) {
  struct job* job = handle;
  if (is(job->mode, "refuse-submit")) return INVALIDARGUMENT;
  if (is(job->mode, "lose-submit")) return FATAL;
  job->checks = is(job->mode, "slow") ? 2 : 0;
  job->state = is(job->mode, "fail-job") || !execute(job) ? 6 : 4;
  return SUCCESS;
}

EXPORT int NAME(job_cancel)(void* handle) {
  struct job* job = handle;
  if (job->state == 4 && job->checks == 0) return BADSTATE;
  job->state = 5;
  return SUCCESS;
}

EXPORT int NAME(job_check)(void* handle, int* state) {
  struct job* job = handle;
  *state = job->checks > 0 && job->state == 4 ? 4 - job->checks : job->state; /* queued, running, done */
  if (job->checks > 0) job->checks -= 1;
  return SUCCESS;
}

EXPORT int NAME(job_wait)(void* handle, size_t seconds) {
  struct job* job = handle;
  if (is(job->mode, "hang")) return seconds > 0 ? TIMEOUT : FATAL;
  job->checks = 0;
  return SUCCESS;
}

static int results(struct job* job, int kind, size_t size, void* value, size_t* needed) {
  if (job->state != 4 || job->checks > 0) return BADSTATE;
  if (kind == 1) return give_text(job->keys, size, value, needed);
  if (kind == 2)
    return give(job->values, (is(job->mode, "fewer-values") ? 0 : job->outcomes) * sizeof(size_t), size,
                value, needed);
  return NOTSUPPORTED;
}

#ifdef FAKE_QDMI_LISTS
EXPORT int NAME(job_get_results)(void* job, size_t program, int kind, size_t size, void* value,
                                 size_t* needed) {
  return program == 0 ? results(job, kind, size, value, needed) : INVALIDARGUMENT;
}
#else
EXPORT int NAME(job_get_results)(void* job, int kind, size_t size, void* value, size_t* needed) {
  return results(job, kind, size, value, needed);
}
#endif

EXPORT void NAME(job_free)(void* job) { (void)job; }
