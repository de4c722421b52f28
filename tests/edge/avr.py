#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Generated C on 8-bit AVRs, whose ints have 16 bits and whose tables stay in flash: the bits of this machine, on a simulated
ATmega2560. Left out, with a word, where the tools are not installed."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
from harness import Program, main

TOOLS = [tool for tool in ("avr-gcc", "simavr") if not shutil.which(tool)]
SAMPLES = 4
LONG = os.environ.get("QMTL_LONG") == "1"
CONVOLUTIONS = ('backbone.layers=[{ type = "conv", channels = 3, kernel = 2, padding = 1, activation = "relu" }, '
                '{ type = "pool", kind = "max", size = 2 }, { type = "dense", width = 8, activation = "gelu" }, { type = "layer-norm" }]')
# Trained with, exported with.
MODELS = {"expansion": ((), ()),
          "expansion, int8": ((), ("--quantise", "int8")),
          "statevector": ((), ("--method", "state")),
          "operators": (("--set", 'circuit.entangler="cx-ring"', "--set", 'circuit.rotations=["rx", "ry", "rz"]'), ()),
          "convolutions": (("--set", "input.x.shape=[1, 2, 3]", "--set", CONVOLUTIONS), ())}


class Avr(Program):
    def compile(self, compiler, program, *options):
        done = subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", f"-DSAMPLES={SAMPLES}", *options, f"-I{self.base}",
                               str(HERE / "targets" / "avr.c"), self.path("model.c"), "-o", self.path(program)],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def on_avr(self, *options):
        """What the firmware writes, and the bytes of RAM that its data take."""
        self.compile("avr-gcc", "model.elf", "-mmcu=atmega2560", *options)
        ran = subprocess.run(["simavr", "-m", "atmega2560", "-f", "16000000", self.path("model.elf")], capture_output=True,
                             text=True, timeout=300, stdin=subprocess.DEVNULL)
        written = re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout + ran.stderr)
        size = subprocess.run(["avr-size", self.path("model.elf")], capture_output=True, text=True, check=True).stdout.split()
        return re.findall(r"^([0-9a-f]{8})\.*$", written, re.MULTILINE), int(size[7])

    def here(self):
        self.compile("cc", "model", "-std=c99", "-O2")
        return subprocess.run([self.path("model")], capture_output=True, text=True, check=True).stdout.split()

    def test_generated_c_gives_the_bits_of_this_machine(self):
        if TOOLS:
            self.skipTest(f"needs gcc-avr, avr-libc and simavr (tools/packages.txt, edge); missing: {', '.join(TOOLS)}")
        trained = {}
        for name, (settings, options) in MODELS.items():
            with self.subTest(name):
                if settings not in trained:
                    trained[settings] = f"run{len(trained)}"
                    self.train(trained[settings], "--set", "train.epochs=1", *settings)
                self.succeed("export", trained[settings], "--to", "c", "--out", "model", "--overwrite", "--quiet", *options)
                expected = self.here()
                self.assertEqual(expected[0], "00000000")
                outputs = (len(expected) - 1) // SAMPLES - 1
                self.assertEqual(len(expected), 1 + SAMPLES * (1 + outputs))
                for optimise in ("-Os", "-O2") if LONG else ("-Os",):
                    found, data = self.on_avr("-std=gnu99", optimise)
                    self.assertEqual(found, expected, f"{name} {optimise}")
                    # No table is copied to RAM; what is there is the test's own text of digits.
                    self.assertLess(data, 32, name)
                    print(f"  {name} {optimise}: {len(found)} words, equal", file=sys.stderr)

    def test_without_named_address_spaces_tables_go_to_ram_with_the_same_bits(self):
        if TOOLS:
            self.skipTest("as above")
        self.train("run-strict", "--set", "train.epochs=1")
        self.succeed("export", "run-strict", "--to", "c", "--out", "model", "--overwrite", "--quiet")
        found, data = self.on_avr("-std=c99", "-Os")
        self.assertEqual(found, self.here())
        self.assertGreater(data, 500)


if __name__ == "__main__":
    main()
