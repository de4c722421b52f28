// SPDX-License-Identifier: Apache-2.0
// Reads the inputs of a sample as numbers from the serial port and prints the outputs of the model in head.h, which
// tools/package/edge.py writes from a head file (qmtl export --to edge).
#include <qmtl_edge.h>

#include "head.h"

static float x[HEAD_INPUTS], y[HEAD_OUTPUTS];
static uint32_t arena[HEAD_ARENA / 4 + 1];
static qmtl_edge_head model;

static void halt(int code) {
  Serial.println(qmtl_edge_strerror(code));
  for (;;) delay(1000);
}

void setup() {
  Serial.begin(115200);
  int code = qmtl_edge_open(&model, head, sizeof head, arena, sizeof arena);
  if (code == QMTL_EDGE_OK) code = qmtl_edge_selftest(&model, y);
  if (code != QMTL_EDGE_OK) halt(code);
  Serial.println("ready");
}

void loop() {
  for (int i = 0; i < HEAD_INPUTS; ++i) {
    while (!Serial.available()) delay(1);
    x[i] = Serial.parseFloat();
  }
  const int code = qmtl_edge_run(&model, x, y);
  if (code != QMTL_EDGE_OK) {
    Serial.println(qmtl_edge_strerror(code));
    return;
  }
  for (int i = 0; i < HEAD_OUTPUTS; ++i) Serial.println(y[i], 6);
}
