// SPDX-License-Identifier: Apache-2.0
/* QEMU plugin: counts executed instructions, a translated block at a time; deterministic. The few prototypes
   of QEMU's plugin interface (version 1) that it needs are declared here, as Debian has no package with its
   header. */

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*each)(qemu_plugin_id_t id, struct qemu_plugin_tb* tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* tb, int add, void* to, uint64_t amount);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*last)(qemu_plugin_id_t id, void* data),
                                    void* data);

int qemu_plugin_version = 1;
static uint64_t count;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(tb, 0, &count, qemu_plugin_tb_n_insns(tb));
}
static void ended(qemu_plugin_id_t id, void* data) {
  (void)id, (void)data;
  fprintf(stderr, "instructions %" PRIu64 "\n", count);
}
int qemu_plugin_install(qemu_plugin_id_t id, const void* about, int count_arguments, char** arguments) {
  (void)about, (void)count_arguments, (void)arguments;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
