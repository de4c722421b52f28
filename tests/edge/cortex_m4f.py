#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The worked example: a digits model on a simulated Cortex-M4F reads images from the host and predicts as the program does."""

import csv
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import boards
from harness import Program, main

ROOT = HERE.parent.parent
EXAMPLE = ROOT / "runtime" / "edge" / "examples" / "cortex-m4f"
DIGITS = ROOT / "benchmarks" / "digits"
IMAGES = 60


class CortexM4F(Program):
    def shell(self, *command):
        done = subprocess.run([str(c) for c in command], cwd=self.base, text=True, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_the_example_predicts_as_the_program(self):
        if boards.M4F.missing():
            self.skipTest(f"not installed: {', '.join(boards.M4F.missing())}")
        self.succeed("import", str(DIGITS / "import.toml"), "--out", "digits.h5", "--quiet")
        self.succeed("train", str(DIGITS / "digits.toml"), "--quiet", "--set", 'data.file="digits.h5"', "--set",
                     'run.folder="digits"', "--set", "train.epochs=4")
        self.succeed("export", "digits", "--to", "edge", "--out", "digits.qmh")
        self.succeed("predict", "digits", "digits.h5", "--out", "expected.csv", "--quiet")
        with open(self.path("expected.csv")) as file:
            rows = [row for row, _ in zip(csv.DictReader(file), range(IMAGES))]
        expected = [max(range(10), key=lambda d: float(row[f"digit{d}.probability"])) for row in rows]
        self.shell(EXAMPLE / "build", "digits.qmh", "digits.elf")
        printed = self.shell(EXAMPLE / "run", "digits.elf", DIGITS / "digits.csv", IMAGES)
        found = [int(digit) for digit in re.findall(r"label \d  predicted (\d)", printed)]
        self.assertEqual(found, expected)
        right, images, cycles = map(int, re.search(r"(\d+) of (\d+) right; at most (\d+) cycles", printed).groups())
        self.assertEqual(images, IMAGES)
        labels = [int(line.split(",")[-1]) for line in (DIGITS / "digits.csv").read_text().splitlines()[:IMAGES]]
        self.assertEqual(right, sum(a == b for a, b in zip(found, labels)))
        # The expansion of 20 qubits and 64 x 64 + 64 x 20 products: less means that the clock did not run.
        self.assertGreater(cycles, 64 * 64 + 64 * 20)
        self.assertLess(cycles, 200_000)


if __name__ == "__main__":
    main()
