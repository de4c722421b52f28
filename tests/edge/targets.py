#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same bits on every processor: head files run on simulated Cortex-M, Arm, RISC-V and big-endian cores give the outputs of
this machine, and their self tests pass. Runs on the targets whose tools are installed and says which it left out."""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]
import boards
from harness import Program, main


class Targets(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.heads = sorted((HERE / "golden").glob("*.qmh"))
        trained = cls.run_program("train", "train.toml", "--quiet", "--set", "head.gain=1.0")
        assert trained.returncode == 0, trained.stderr
        for packing in ("int8", "int16"):
            made = cls.run_program("export", "run", "--to", "edge", "--quantise", packing, "--out", f"{packing}.qmh")
            assert made.returncode == 0, made.stderr
            cls.heads.append(pathlib.Path(cls.path(f"{packing}.qmh")))
        cls.sources = [HERE / "targets" / "check.c", *boards.RUNTIME, *boards.embed(cls.base, cls.heads)]
        cls.expected = cls.outputs(boards.HOST, "-O2")

    @classmethod
    def outputs(cls, target, optimise):
        program = cls.path(f"{target.name}{optimise}".replace(" ", "-"))
        target.build(program, cls.sources, optimise=optimise)
        ran = target.run(program)
        assert ran.returncode == 0, f"{target.name}: exit code {ran.returncode}\n{ran.stdout}{ran.stderr}"
        return ran.stdout.splitlines()

    def test_every_target_gives_the_bits_of_this_machine(self):
        self.assertEqual(self.expected.count("equal"), len(self.heads))
        for target in boards.present():
            for optimise in ("-Os", "-O3") if os.environ.get("QMTL_LONG") == "1" else ("-Os",):
                with self.subTest(target.name, optimise=optimise):
                    self.assertEqual(self.outputs(target, optimise), self.expected)
                    print(f"  {target.name} {optimise}: {len(self.heads)} heads, equal", file=sys.stderr)


if __name__ == "__main__":
    main()
