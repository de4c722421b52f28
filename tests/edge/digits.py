#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The digits model exported three ways: head file and generated C give each other's bits on every target, and all three
predict what `qmtl predict` does, on the whole test set (QMTL_LONG=1; else other targets than this machine run a part)."""

import csv
import ctypes
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools"), str(HERE.parent / "hardware"), str(HERE.parent / "io")]
try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: python3-h5py and python3-numpy are needed ({missing})")
    sys.exit(0)
import boards
import onnx_numpy
import peers
from harness import Program, main

LONG = os.environ.get("QMTL_LONG") == "1"
DIGITS = ROOT / "benchmarks" / "digits"
# Of outputs, and of the probabilities made of them: both sides compute in float, a logit of 10 in steps of 1e-6.
TOLERANCE = 1e-5
EVERYWHERE = 24  # samples on other targets in the short form


def compile_library(name, *sources, flags=()):
    command = ["cc", "-std=c99", "-Os", "-ffp-contract=off", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wconversion",
               "-pedantic", "-Werror", *flags, *map(str, sources), "-o", str(name)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(name))


class HeadFile:
    """The runtime as a device has it, through its C interface."""

    def __init__(self, library, path, features):
        self.library = compile_library(library, *boards.RUNTIME[:3], flags=[f"-DQMTL_EDGE_FEATURES={features}"])
        self.blob = ctypes.create_string_buffer(path.read_bytes(), path.stat().st_size)
        need = self.library.qmtl_edge_need(self.blob, ctypes.c_size_t(len(self.blob)))
        assert need >= 0, need
        self.arena = ctypes.create_string_buffer(max(need, 4))
        self.head = (ctypes.c_void_p * 2)()
        code = self.library.qmtl_edge_open(self.head, self.blob, ctypes.c_size_t(len(self.blob)), self.arena,
                                           ctypes.c_size_t(need))
        assert code == 0, code

    def run(self, x, y):
        return self.library.qmtl_edge_run(self.head, x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p))


def logit(probability):
    return np.log(probability) - np.log1p(-probability)


def all_bits(y):
    """As targets/both.c."""
    number = 2166136261
    for word in y.view(np.uint32).ravel():
        number = (number ^ int(word)) * 16777619 & 0xffffffff
    return number


class Digits(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        steps = [["import", str(DIGITS / "import.toml"), "--out", "digits.h5", "--quiet"],
                 ["train", str(DIGITS / "digits.toml"), "--quiet", "--set", 'data.file="digits.h5"', "--set",
                  'run.folder="run"', *([] if LONG else ["--set", "train.epochs=6"])],
                 ["predict", "run", "digits.h5", "--out", "predictions.h5", "--quiet"],
                 ["predict", "run", "digits.h5", "--out", "predictions.csv", "--quiet"],
                 ["export", "run", "--to", "c", "--out", "model", "--quiet"],
                 ["export", "run", "--to", "onnx", "--out", "model.onnx", "--quiet"]]
        for step in steps:
            cls.must(*step)
        cls.about = json.loads(cls.must("export", "run", "--to", "edge", "--out", "model.qmh", "--samples", "100000", "--json"))
        cls.features = cls.about["build_with"].split("=")[1]
        with h5py.File(cls.path("digits.h5")) as file:
            cls.rows = np.flatnonzero(file["split"][:] == 2)
            cls.pixels = file["inputs/pixels"][:][cls.rows]
        with h5py.File(cls.path("predictions.h5")) as file:
            cls.tasks = [f"digit{d}" for d in range(10)]
            cls.expected = np.stack([file["predictions"][t][:].reshape(-1)[cls.rows] for t in cls.tasks], axis=1).astype(np.float64)
        cls.x = np.ascontiguousarray(cls.pixels, dtype=np.float32)
        cls.edge, cls.code = cls.run_here()

    @classmethod
    def must(cls, *step):
        done = cls.run_program(*step)
        assert done.returncode == 0, f"qmtl {' '.join(step)}: {done.stderr}"
        return done.stdout

    @classmethod
    def run_here(cls):
        """Outputs of the head file and of C on the test set, on this machine."""
        head = HeadFile(cls.path("edge.so"), pathlib.Path(cls.path("model.qmh")), cls.features)
        code = compile_library(cls.path("model.so"), cls.path("model.c"))
        arena = ctypes.create_string_buffer(cls.about["arena_bytes"])
        edge, c = np.zeros((2, len(cls.rows), 10), np.float32)
        for row, x in enumerate(cls.x):
            assert head.run(x, edge[row]) == 0
            assert code.model_run(x.ctypes.data_as(ctypes.c_void_p), c[row].ctypes.data_as(ctypes.c_void_p), arena) == 0
        return edge, c

    def agree(self, name, outputs):
        probabilities = 1 / (1 + np.exp(-outputs.astype(np.float64)))
        self.assertEqual(int(((outputs > 0) != (self.expected > 0.5)).sum()), 0, f"{name}: other classes")
        self.assertLess(np.abs(probabilities - self.expected).max(), TOLERANCE, name)
        digits = outputs.argmax(axis=1)
        self.assertEqual(int((digits != self.expected.argmax(axis=1)).sum()), 0, f"{name}: other digits")
        print(f"  {name}: {len(outputs)} samples, the same classes, probabilities off by at most "
              f"{np.abs(probabilities - self.expected).max():.1e}", file=sys.stderr)

    def test_head_file_and_c_predict_as_the_program(self):
        self.assertEqual(self.edge.tobytes(), self.code.tobytes(), "head file and C differ")
        self.agree("head file and C", self.edge)
        with open(self.path("predictions.csv")) as file:
            lines = list(csv.DictReader(file))
        for d, task in enumerate(self.tasks):
            classes = np.array([lines[row][f"{task}.class"] for row in self.rows])
            np.testing.assert_array_equal(self.edge[:, d] > 0, classes == str(d), task)

    def test_the_outputs_are_the_checkpoints(self):
        check = self.about["check"]
        self.assertEqual(check["samples"], len(self.rows))
        self.assertEqual(check["equal_predictions"], len(self.rows))
        # Of logits up to some ten.
        self.assertLess(check["largest_difference"], TOLERANCE * max(1.0, float(np.abs(self.edge).max())))

    def test_onnx_predicts_as_the_program(self):
        self.agree("ONNX, evaluated in numpy", self.columns(onnx_numpy.Model(self.path("model.onnx")).run({"pixels": self.x})))
        peer = peers.python()
        if peer is None or subprocess.run([peer, "-c", "import onnx, onnxruntime"], capture_output=True).returncode != 0:
            print("  skipped: ONNX Runtime (tests/hardware/setup makes its environment)", file=sys.stderr)
            return
        np.savez(self.path("x.npz"), pixels=self.x)
        subprocess.run([peer, str(ROOT / "tests" / "io" / "onnx_peer.py"), "model.onnx", "x.npz", "y.npz"], cwd=self.base,
                       check=True)
        outputs = self.columns(np.load(self.path("y.npz")))
        self.agree("ONNX Runtime", outputs)
        self.assertLess(np.abs(outputs - self.edge).max(), TOLERANCE * max(1.0, float(np.abs(self.edge).max())))

    def columns(self, outputs):
        return np.concatenate([outputs[task].reshape(len(self.rows), 1) for task in self.tasks], axis=1)

    def test_inspect_replays_the_samples(self):
        about = json.loads(self.must("inspect", "model.qmh", "--json"))
        self.assertEqual(about["selftest"], "equal")
        self.assertEqual(about["bytes"], os.path.getsize(self.path("model.qmh")))
        self.assertEqual(len(about["tasks"]), 10)

    def test_every_target_gives_these_bits(self):
        samples = len(self.rows) if LONG else EVERYWHERE
        pathlib.Path(self.path("samples")).write_bytes(self.pixels[:samples].astype(np.uint8).tobytes())
        self.assertTrue((self.pixels == self.pixels.astype(np.uint8)).all())
        sources = [HERE / "targets" / "both.c", self.path("model.c"), *boards.RUNTIME,
                   *boards.embed(self.base, [self.path("model.qmh"), self.path("samples")])]
        expected = f"{all_bits(self.edge[:samples]):08x} equal\n"
        for target in boards.present():
            with self.subTest(target.name):
                program = self.path(target.name.replace(" ", "-"))
                target.build(program, sources, f"-I{self.base}", f"-DQMTL_EDGE_FEATURES={self.features}")
                ran = target.run(program)
                self.assertEqual((ran.returncode, ran.stdout), (0, expected), ran.stderr)
                print(f"  {target.name}: {samples} samples, head file and C give {expected}", end="", file=sys.stderr)


if __name__ == "__main__":
    main()
