#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the edge runtime may cost on a Cortex-M4F, held against what others take; and that its throughput can be measured beside
ONNX Runtime and `qmtl predict`. Prints the tables of benchmarks/edge; QMTL_LONG=1 for all of their models."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools"), str(HERE.parent / "hardware"), str(ROOT / "benchmarks" / "edge")]
import boards
import cost
import models
import peers
import throughput
from harness import Program, main

LONG = os.environ.get("QMTL_LONG") == "1"
EIGHT_QUBITS, PAIRS, OPERATORS = (models.MODELS[i][0] for i in range(3))
# The smallest program that was written for the 8-qubit circuit by hand.
HAND_WRITTEN = 62809


class Limits(Program):
    def test_flash_and_instructions(self):
        if boards.M4F.missing():
            self.skipTest(f"not installed: {', '.join(boards.M4F.missing())}")
        rows = cost.measure(models.MODELS if LONG else models.MODELS[:3])
        print("\n" + cost.markdown(rows), file=sys.stderr)
        row = {r["model"]: r for r in rows}
        # cost.measure refuses undefined symbols.
        # 160 bytes of them bound the work of files that somebody made, 100 are the checksum's table of half bytes: an eighth of what
        # TensorFlow Lite Micro takes for its smallest example.
        self.assertLess(row[EIGHT_QUBITS]["circuit_runtime_bytes"], 2800)
        self.assertLess(row[PAIRS]["circuit_runtime_bytes"], 2300)
        self.assertLess(row[EIGHT_QUBITS]["instructions"], HAND_WRITTEN)
        self.assertLess(row[PAIRS]["instructions"], HAND_WRITTEN / 5)
        self.assertLess(row[OPERATORS]["instructions"], 0.6 * HAND_WRITTEN)
        for r in rows:
            # An estimate from counts of operations: right to a third.
            self.assertLess(abs(r["expected_cycles"] / r["instructions"] - 1), 1 / 3, r["model"])

    def test_throughput(self):
        some = models.MODELS if LONG else models.MODELS[-1:]
        if not peers.python():
            print("\n  skipped: ONNX Runtime (tests/hardware/setup makes its environment)", file=sys.stderr)
        rows = throughput.measure(some, throughput.ROWS if LONG else 20_000)
        print("\n" + throughput.markdown(rows), file=sys.stderr)
        for r in rows:
            for way in ("edge", "c", "predict", *(["onnx_1", "onnx_batch"] if peers.python() else [])):
                self.assertGreater(r[way], 0, f"{r['model']}: {way}")


if __name__ == "__main__":
    main()
