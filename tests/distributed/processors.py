#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One run hash on processors with and without AVX-512, and the bits that --simd asks for on every processor.

Other processors are emulated by qemu-x86_64 (Debian's qemu-user); says so where it is missing."""

import json
import os
import platform
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import PROGRAM, Program, environment, main

QEMU = shutil.which("qemu-x86_64")

# What runs once a step (angles, block unitaries, expansions) and what runs for each sample, on every plan.
MODELS = {
    "cones, real": {"engine.plan": '"cones"', "circuit.rotations": '["ry"]'},
    "complex operators": {"engine.plan": '"operators"', "circuit.rotations": '["rx", "rz"]',
                          "block.rotations": '["rz", "ry"]', "block.layers": "2"},
    "statevectors with shots": {"engine.plan": '"state"', "train.shots": "50"},
    "expansions": {"engine.plan": '"pauli"'},
    "linear head": {"head.kind": '"linear"'},
    "double precision": {"train.precision": '"double"'},
}


@unittest.skipIf(platform.machine() != "x86_64" or not QEMU, "needs x86-64 and qemu-x86_64 of Debian's qemu-user")
class Processors(Program):
    def hash_of(self, model, *options, processor=None):
        sets = [word for key, value in MODELS[model].items() for word in ("--set", f"{key}={value}")]
        launcher = [QEMU, "-cpu", processor] if processor else []
        done = subprocess.run([*launcher, PROGRAM, "train", "train.toml", "--json", "--quiet", "--overwrite", "--threads", "1",
                               *sets, *options], cwd=self.base, env=environment(), text=True, capture_output=True, timeout=300)
        self.assertEqual(done.returncode, 0, f"{model} on {processor or 'this processor'} {options}\n{done.stderr}")
        return json.loads(done.stdout)["run_hash"]

    def test_avx2_has_the_bits_of_this_processor(self):
        """An emulated Haswell is the least processor with fused multiply-adds; any wider one must agree with it."""
        self.need("avx2")
        for model in MODELS:
            with self.subTest(model=model):
                self.assertEqual(self.hash_of(model, processor="Haswell"), self.hash_of(model))

    def test_scalar_kernels_have_the_bits_of_a_processor_without_fused_multiply_adds(self):
        """So that nodes with and without them can train together with --simd scalar."""
        for model in MODELS:
            with self.subTest(model=model):
                self.assertEqual(self.hash_of(model, processor="Nehalem"), self.hash_of(model, "--simd", "scalar"))

    def need(self, instructions):
        with open("/proc/cpuinfo") as file:
            if instructions not in file.read():
                self.skipTest(f"this processor lacks {instructions}")


if __name__ == "__main__":
    main()
