#!/usr/bin/env python3
"""A model trained on the digits, exported as a head file and as C: both predict what `qmtl predict` does on the whole
test set, and give the same bits as each other."""

import csv
import ctypes
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tools"))
try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: python3-h5py and python3-numpy are needed ({missing})")
    sys.exit(0)
from harness import PROGRAM, environment

ROOT = pathlib.Path(__file__).parent.parent.parent
IMPORT = ROOT / "benchmarks" / "digits" / "import.toml"

CONFIGURATION = """
seed = 1
[data]
file = "digits.h5"
[run]
folder = "run"
[backbone]
layers = [{ type = "dense", width = 32, activation = "tanh" }]
[head]
kind = "qmtl"
[train]
epochs = 6
"""


def qmtl(*args):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True, env=environment())
    assert done.returncode == 0, f"qmtl {' '.join(args)} ended with {done.returncode}: {done.stderr}"
    return done.stdout


def compile_library(name, *sources, flags=()):
    command = ["cc", "-std=c99", "-Os", "-ffp-contract=off", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wconversion",
               "-pedantic", "-Werror", *flags, *map(str, sources), "-o", name]
    subprocess.run(command, check=True)
    return ctypes.CDLL(os.path.abspath(name))


class HeadFile:
    """The runtime as a device has it, through its C interface."""

    def __init__(self, path, features):
        sources = [ROOT / "runtime" / "edge" / f"{name}.c" for name in ("qmtl_edge", "edge_check", "edge_run")]
        self.library = compile_library(f"edge_{features}.so", *sources, flags=[f"-DQMTL_EDGE_FEATURES={features}"])
        self.blob = ctypes.create_string_buffer(path.read_bytes(), path.stat().st_size)
        need = self.library.qmtl_edge_need(self.blob, ctypes.c_size_t(len(self.blob)))
        assert need >= 0, need
        self.arena = ctypes.create_string_buffer(max(need, 4))
        self.head = (ctypes.c_void_p * 2)()
        code = self.library.qmtl_edge_open(self.head, self.blob, ctypes.c_size_t(len(self.blob)), self.arena,
                                           ctypes.c_size_t(need))
        assert code == 0, code

    def run(self, x, outputs):
        y = (ctypes.c_float * outputs)()
        code = self.library.qmtl_edge_run(self.head, x.ctypes.data_as(ctypes.c_void_p), y)
        assert code == 0, code
        return bytes(y)


class Digits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        pathlib.Path("digits.toml").write_text(CONFIGURATION)
        qmtl("import", str(IMPORT), "--out", "digits.h5", "--quiet")
        qmtl("train", "digits.toml", "--quiet")
        cls.about = json.loads(qmtl("export", "run", "--to", "edge", "--out", "digits.qmh", "--samples", "100000", "--json"))
        qmtl("export", "run", "--to", "c", "--out", "digits", "--quiet")
        with h5py.File("digits.h5") as file:
            split = file["split"][:]
            cls.rows = np.flatnonzero(split == 2)
            name = list(file["inputs"])[0]
            cls.x = np.ascontiguousarray(file["inputs"][name][:].reshape(len(split), -1)[cls.rows], dtype=np.float32)

    def test_the_exporter_finds_equal_predictions(self):
        check = self.about["check"]
        self.assertEqual(check["samples"], len(self.rows))
        self.assertEqual(check["equal_predictions"], len(self.rows))
        self.assertLess(check["largest_difference"], 5e-5)

    def test_inspect_replays_the_samples(self):
        about = json.loads(qmtl("inspect", "digits.qmh", "--json"))
        self.assertEqual(about["selftest"], "equal")
        self.assertEqual(about["bytes"], pathlib.Path("digits.qmh").stat().st_size)
        self.assertEqual(len(about["tasks"]), 10)

    def test_head_file_and_c_predict_as_the_program(self):
        outputs = 10
        features = self.about["build_with"].split("=")[1]
        head = HeadFile(pathlib.Path("digits.qmh"), features)
        code = compile_library("digits.so", "digits.c")
        arena = ctypes.create_string_buffer(self.about["arena_bytes"])
        qmtl("predict", "run", "digits.h5", "--out", "predictions.csv", "--quiet")
        with open("predictions.csv") as file:
            predictions = list(csv.DictReader(file))
        different = 0
        for i, x in enumerate(self.x):
            y = (ctypes.c_float * outputs)()
            self.assertEqual(code.digits_run(x.ctypes.data_as(ctypes.c_void_p), y, arena), 0)
            self.assertEqual(bytes(y), head.run(x, outputs), f"row {i}: head file and C differ")
            for t in range(outputs):
                different += int(predictions[self.rows[i]][f"digit{t}.class"]) != int(y[t] > 0)
        self.assertEqual(different, 0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        unittest.main(verbosity=2)
