// SPDX-License-Identifier: Apache-2.0
/* As much of Arduino's interface as the example uses, on this machine: the serial port is standard input and output. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdio.h>
#include <stdlib.h>

inline void delay(unsigned long) {}

struct SerialPort {
  void begin(unsigned long) {}
  int available() {
    const int next = getchar();
    if (next == EOF) exit(0);
    ungetc(next, stdin);
    return 1;
  }
  float parseFloat() {
    float value = 0;
    if (scanf("%f ", &value) != 1) exit(1);
    return value;
  }
  void println(const char* text) { puts(text); }
  void println(double value, int digits) { printf("%.*f\n", digits, value); }
};
static SerialPort Serial;

void setup();
void loop();

#endif
