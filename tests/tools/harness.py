# SPDX-License-Identifier: Apache-2.0
"""What the tests of the program share: a tiny data set and configuration, and running qmtl with exact expectations."""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.environ.get("QMTL_PROGRAM", "")

# QMTL_MPIRUN: the launcher of another MPI library, with its options.
MPIRUN = os.environ.get("QMTL_MPIRUN", "mpirun -q --oversubscribe --bind-to none --mca mpi_yield_when_idle 1").split()

DESCRIPTION = """
title = "tiny"
file = "tiny.csv"
header = true
[input.x]
columns = ["a0..a5"]
[task.sum]
column = "sum"
kind = "binary"
positive = ["1"]
metric = "f1"
[task.kind]
column = "kind"
kind = "multiclass"
metric = "accuracy"
[task.value]
column = "value"
kind = "regression"
metric = "r2"
missing = [""]
[split]
column = "split"
"""

CONFIGURATION = """
seed = 3
[data]
file = "tiny.h5"
[run]
folder = "run"
[backbone]
layers = [{ type = "dense", width = 8, activation = "tanh" }, { type = "dropout", rate = 0.1 }]
[head]
kind = "qmtl"
[circuit]
qubits = 6
layers = 1
[block]
size = 3
stride = 1
[train]
epochs = 3
batch = 40
patience = 0
[distributed]
shard = 16
"""


def tiny_csv(rows=150):
    """Six inputs; a binary, a three-class and a regression task that they decide; every ninth value is missing."""
    generator = random.Random(5)
    lines = ["a0,a1,a2,a3,a4,a5,sum,kind,value,split"]
    for row in range(rows):
        x = [generator.gauss(0, 1) for _ in range(6)]
        kind = "abc"[max(range(3), key=lambda i: x[i])]
        value = "" if row % 9 == 0 else f"{x[3] - x[4]:.6f}"
        split = ("train", "train", "train", "validation", "test")[row % 5]
        lines.append(",".join([f"{v:.6f}" for v in x] + [str(int(sum(x) > 0)), kind, value, split]))
    return "\n".join(lines) + "\n"


def environment(extra=None):
    variables = dict(os.environ)
    # Open MPI refuses root without these; as another user they do nothing.
    variables.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", LC_ALL="C")
    variables.update(extra or {})
    return variables


class Program(unittest.TestCase):
    """A test case with a folder of its own that holds tiny.csv, import.toml, train.toml and tiny.h5."""

    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="qmtl-test-")
        cls.addClassCleanup(cls.holder.cleanup)
        cls.base = cls.holder.name
        cls.write("tiny.csv", tiny_csv())
        cls.write("import.toml", DESCRIPTION)
        cls.write("train.toml", CONFIGURATION)
        made = cls.run_program("import", "import.toml", "--out", "tiny.h5")
        if made.returncode != 0:
            raise RuntimeError("importing the tiny data set failed: " + made.stderr)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.base, name)

    @classmethod
    def write(cls, name, content):
        with open(cls.path(name), "w" if isinstance(content, str) else "wb") as file:
            file.write(content)

    @classmethod
    def read(cls, name):
        with open(cls.path(name), "rb") as file:
            return file.read()

    @classmethod
    def run_program(cls, *arguments, ranks=0, extra=None, prefix=()):
        command = list(prefix) + [PROGRAM, *arguments]
        if ranks:
            command = MPIRUN + ["-n", str(ranks)] + command
        return subprocess.run(command, cwd=cls.base, env=environment(extra), text=True, capture_output=True, timeout=300)

    @classmethod
    def must(cls, *arguments, **options):
        """What a class of tests is set up with: no test runs where it fails."""
        done = cls.run_program(*arguments, **options)
        if done.returncode != 0:
            raise RuntimeError(f"qmtl {' '.join(arguments)}: {done.stderr}")
        return done

    def succeed(self, *arguments, **options):
        result = self.run_program(*arguments, **options)
        self.assertEqual(result.returncode, 0, f"qmtl {' '.join(arguments)}\n{result.stdout}\n{result.stderr}")
        return result

    def train(self, folder, *arguments, **options):
        """Trains train.toml into a folder and returns the JSON report."""
        result = self.succeed("train", "train.toml", "--json", "--quiet", "--set", f"run.folder={folder}", *arguments,
                              **options)
        return json.loads(result.stdout)

    def metrics(self, folder, kind=None):
        """The lines of a run's metrics.jsonl: all, or the epochs or steps alone."""
        lines = [json.loads(line) for line in self.read(f"{folder}/metrics.jsonl").decode().splitlines()]
        return [line for line in lines if kind in (None, line["kind"])]

    def bits(self, folder):
        """metrics.jsonl without the times, which alone may differ between runs of one configuration."""
        return [{key: value for key, value in line.items() if key != "timing"} for line in self.metrics(folder)]

    def refuse(self, code, fragments, *arguments, **options):
        """Expects the exit code, and exactly one error message that contains all fragments."""
        result = self.run_program(*arguments, **options)
        case = f"qmtl {' '.join(arguments)}\nstdout: {result.stdout}\nstderr: {result.stderr}"
        self.assertEqual(result.returncode, code, case)
        errors = [line for line in result.stderr.splitlines() if line.startswith("qmtl: error:")]
        self.assertEqual(len(errors), 1, case)
        for fragment in fragments:
            self.assertIn(fragment, result.stderr, case)
        self.assertEqual(result.stdout, "", case)
        return result


def main():
    if not PROGRAM:
        sys.exit("expected the program's path in QMTL_PROGRAM")
    unittest.main(verbosity=2)
