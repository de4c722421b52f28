# SPDX-License-Identifier: Apache-2.0
"""A ReFrame check of an installed qmtl: training on 1, 2 and 4 ranks gives the reference's run hash, at about its speed or better.

    reframe -C SETTINGS -c tools/package/hpc/reframe/qmtl_check.py -r [-S program=/apps/qmtl/bin/qmtl]
"""

import pathlib

import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import parameter, performance_function, run_before, sanity_function, variable

DIGITS = pathlib.Path(__file__).resolve().parents[4] / "benchmarks" / "digits"
# Two epochs of benchmarks/digits/digits.toml, with fused multiply-adds (AVX2, AVX-512) and without.
HASHES = {"fused": "3abbe82dbcef2f548e48288d6f9d34a9a9a24d1f5805209e988c56d3cc7e2c00", "separate": "df23cd68348ff4d4eabed04a3e83d1c658452e6c6effd7c736c21fccddcd1476"}


@rfm.simple_test
class DigitsOnRanks(rfm.RunOnlyRegressionTest):
    """One run hash for 1, 2 and 4 ranks."""

    valid_systems = ["*"]
    valid_prog_environs = ["*"]
    ranks = parameter([1, 2, 4])
    rounding = parameter(["fused", "separate"])
    program = variable(str, value="qmtl")
    sourcesdir = None
    # Of one rank with one thread on a virtual machine of two cores. A centre puts its own beside it; anywhere, a twentieth of this
    # means ranks that wait for each other's cores.
    reference = {"*": {"throughput": (12000, -0.95, None, "samples/s")}}

    @run_before("run")
    def command(self):
        self.num_tasks = self.ranks
        self.num_cpus_per_task = 1
        self.executable = self.program
        self.prerun_cmds = [f"cp {DIGITS}/*.toml {DIGITS}/digits.csv .", f"{self.program} import import.toml --out digits.h5 --quiet"]
        simd = [] if self.rounding == "fused" else ["--simd", "scalar"]
        self.executable_opts = ["train", "digits.toml", "--set", "train.epochs=2", "--set", "run.folder=run", "--threads", "1",
                                "--quiet", "--json", *simd]

    @sanity_function
    def same_bits(self):
        return sn.assert_found(rf'"run_hash": "{HASHES[self.rounding]}"', self.stdout)

    @performance_function("samples/s")
    def throughput(self):
        return sn.extractsingle(r'"samples_per_second": ([0-9.]+)', self.stdout, 1, float)
