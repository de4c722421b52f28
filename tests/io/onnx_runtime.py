#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl export --to onnx` against `qmtl predict`: every head and layer, in an evaluator of our own (onnx_numpy.py) and, with the
optional environment of tests/hardware/setup, in ONNX Runtime."""

import json
import os
import subprocess
import sys

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: python3-h5py and python3-numpy are needed ({missing})")
    sys.exit(0)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "tools"), os.path.join(ROOT, "tests", "hardware")]
from harness import Program, main
import onnx_numpy
import peers

PEER = peers.python()

# Probabilities and values per deviation of the labels. Both sides compute in float32 (relative rounding 6e-8) and differ in
# the order of sums; a logit of 30 then differs by several 1e-6. An expectation differs in proportion to its observable's norm.
TOLERANCE = 1e-5

CONFIGURATION = """
seed = 2
[data]
file = "data.h5"
[head]
gain = 0.7
[circuit]
qubits = 6
layers = 2
[block]
size = 3
stride = 1
[train]
epochs = 1
batch = 40
[distributed]
shard = 16
"""

DENSE = 'backbone.layers=[{ type = "dense", width = 9, activation = "gelu" }, { type = "layer-norm" }]'

# Of observables whose weights do not add up to 1.
NORMS = {"layers by hand": 2.5}

FLAT = {
    "pauli": [],
    "pauli of many outputs on wide registers": ["circuit.qubits=12", "block.size=4", "circuit.layers=1"],
    "complex Pauli strings": ['circuit.rotations=["rz", "ry"]', 'block.rotations=["ry", "rx"]', 'circuit.upload="rx"'],
    "two uploads": ["circuit.uploads=2", 'circuit.entangler="cx-ring"', 'circuit.rotations=["ry", "rz"]'],
    "repeated uploads": ["circuit.uploads=2", "circuit.repeat_uploads=true", 'circuit.upload="rx"',
                         'circuit.rotations=["rx", "ry"]', 'circuit.entangler="cx-line"'],
    "blocks on all qubits": ['block.placement="global"', "block.layers=3", 'block.rotations=["ry", "rz"]',
                             'block.entangler="cx-ring"', "circuit.layers=4"],
    "real blocks on all qubits": ['block.placement="global"', "block.layers=3", 'block.entangler="cx-ring"',
                                  "circuit.layers=4", 'circuit.entangler="cx-ring"', "circuit.qubits=7"],
    "layers by hand": ['circuit.layer=[{ upload = "rx", gates = ["rz"], entangler = "crx", pattern = "line" }, '
                       '{ upload = "rzz", pattern = "full", factor = 0.5, reflect = true, trained = "both" }]',
                       'block.layer=[{ upload = "ry", first_input = 1, gates = ["ry", "h"] }]',
                       'block.observables=["0.5 X0 - Y1 + Z0 Z1"]', 'head.angle_map="linear"'],
    "a preset": ['circuit.preset="zz-map-linear"', "circuit.layers=2", 'block.preset="sim-2"', 'block.observables=["X0"]'],
    "amplitudes": ['circuit.layer=[{ encode = "amplitude", qubits = [0, 1, 2, 3], numbers = 13 }, '
                   '{ upload = "ry", first_input = 2, entangler = "cz" }]', 'block.readout="weights"'],
    "bounded outputs": ['task.a.output="raw"', 'task.labels={ output = "tanh", range = [-3.0, 2.0] }',
                        'task.value={ output = "raw" }'],
    "operators": ["circuit.layers=5", "block.size=2", 'circuit.entangler="cx-ring"', "block.layers=2",
                  'block.entangler="cz-ring"'],
    "complex operators": ["circuit.layers=5", "block.size=2", 'circuit.rotations=["rx", "rz"]', "block.layers=2",
                          'block.rotations=["rx", "rz"]', 'block.entangler="cx-ring"'],
    "circuits between layers": ['backbone.layers=[{ type = "circuit", qubits = 3, rotations = ["rz", "ry"] }, { type = "circuit", '
                                'qubits = 2, reads = "stripes", share = true, train_gain = true, angle_map = "linear", '
                                'observables = ["Z0", "w X0 Y1 - 0.5 Z1"] }]'],
    "circuits by hand that all read the same": [
        'backbone.layers=[{ type = "dense", width = 4 }, { type = "residual", layers = [{ type = "circuit", qubits = 2, copies = 4, '
        'reads = "all", angle_map = "shift-atan", observables = ["P01"], layer = [{ upload = "ry", inputs = [0, 1], trained = "both" }, '
        '{ upload = "rx", inputs = [[0, 3], 2] }, { gates = ["ry"], entangler = "crx", pattern = "line" }] }] }]', 'head.kind="linear"'],
    "trained weights": ['block.readout="weights"', 'head.angle_map="shift-atan"', "head.train_gain=true"],
    "strings": ['block.readout="strings"', "block.strings=[[0, 1], [2]]", 'head.angle_map="pi-tanh"'],
    "one block a task": ["head.block_per_task=true", 'head.angle_map="linear"'],
    "hybrid": ['head.kind="hybrid"', "head.train_gain=true"],
    "separate": ['head.kind="separate"', 'circuit.rotations=["ry", "rz"]', "circuit.layers=3"],
    "linear": ['head.kind="linear"', "head.width=5"],
    "mlp": ['head.kind="mlp"', "head.width=5", "head.hidden=7"],
    "local": ['head.kind="local"'],
    "local with two uploads": ['head.kind="local"', "circuit.uploads=2"],
}

CONV = ('branch.image.layers=[{ type = "conv", channels = 4, kernel = 3, padding = 1, activation = "relu" },'
        '{ type = "augment", shift = 1 }, { type = "residual", layers = [{ type = "conv", channels = 4, kernel = 3,'
        'padding = 1, activation = "tanh" }, { type = "layer-norm" }] }, { type = "pool", size = 2, kind = "%s" },'
        '{ type = "conv", channels = 3, kernel = 2, stride = 2 }, { type = "activation", activation = "gelu" }%s]')

BRANCHES = {
    "convolutions and a pair": [CONV % ("max", ""), 'backbone.pairs=[["a", "b"]]'],
    "global mean": [CONV % ("mean", ', { type = "global-pool", kind = "mean" }')],
    "global max": [CONV % ("max", ', { type = "global-pool", kind = "max" }'), 'head.kind="linear"', "head.width=4"],
    "circuits on windows": [
        'branch.image.layers=[{ type = "circuit", qubits = 4, uploads = 2, reads = "windows", observables = ["Z0", "Z1", "Z3", "X2"] },'
        '{ type = "circuit", qubits = 4, copies = 16, plan = "state", angle_map = "pi-tanh", activation = "gelu" }]'],
    "a quanvolution": [
        'branch.image.layers=[{ type = "circuit", qubits = 8, reads = "windows", share = true, entangler = "cx-line", '
        'angle_map = "linear" }, { type = "conv", channels = 2, kernel = 2, activation = "tanh" }]'],
    "gated": [CONV % ("mean", ', { type = "dense", width = 5 }'), 'backbone.fusion="gated"',
              'branch.a.layers=[{ type = "dense", width = 5, activation = "tanh" }]',
              'branch.b.layers=[{ type = "dropout", rate = 0.2 }, { type = "dense", width = 5 }]'],
}


def write_data(path, inputs, rows=120):
    """Inputs by name, and tasks of all kinds; one is called like an input."""
    random = np.random.default_rng(4)
    first = next(iter(inputs.values())).reshape(rows, -1)
    tasks = {
        "a": ("binary", first[:, 0] > first[:, 0].mean()),
        "kind": ("multiclass", random.integers(0, 3, rows)),
        "labels": ("multilabel", random.integers(0, 2, (rows, 2))),
        "value": ("regression", 40.0 + 7.0 * random.normal(size=rows)),
    }
    with h5py.File(path, "w") as file:
        file.attrs.update(format="qmtl-dataset", version=1)
        for name, x in inputs.items():
            file[f"inputs/{name}"] = x
        for name, (kind, labels) in tasks.items():
            file[f"tasks/{name}/labels"] = np.asarray(labels, np.float32)
            file[f"tasks/{name}/labels"].attrs["kind"] = kind
            if kind == "multiclass":
                file[f"tasks/{name}/labels"].attrs["classes"] = 3
        file["split"] = np.arange(rows, dtype=np.uint8) % 5 // 3


def users_values(kind, outputs):
    """As `qmtl predict` gives them."""
    if kind == "regression":
        return outputs
    if kind == "multiclass":
        return onnx_numpy.softmax(outputs.astype(np.float64), 1)
    return 1 / (1 + np.exp(-outputs.astype(np.float64)))


class Onnx(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.peer = PEER is not None and subprocess.run([PEER, "-c", "import onnx, onnxruntime"]).returncode == 0
        if not cls.peer:
            print("skipped: the comparison with ONNX Runtime (tests/hardware/setup makes its environment)", file=sys.stderr)
        random = np.random.default_rng(3)
        cls.inputs = {
            # One column is large against its spread, as a year is.
            "flat": {"x": (random.normal(size=(120, 6)) + [0, 0, 30000, 0, 2, 0]).astype(np.float32)},
            "branches": {"image": random.integers(0, 256, (120, 2, 9, 8), dtype=np.uint8),
                         "a": random.normal(size=(120, 5)).astype(np.float32),
                         "b": random.normal(size=(120, 5)).astype(np.float32)},
        }
        for name, inputs in cls.inputs.items():
            write_data(cls.path(f"{name}.h5"), inputs)
        cls.write("train.toml", CONFIGURATION)

    def trained(self, folder, data, settings):
        arguments = [a for setting in settings for a in ("--set", setting)]
        self.succeed("train", "train.toml", "--quiet", "--set", f'data.file="{data}.h5"', "--set", f'run.folder="{folder}"',
                     *arguments)
        self.succeed("predict", folder, f"{data}.h5", "--out", f"{folder}.h5")
        return json.loads(self.succeed("export", folder, "--to", "onnx", "--out", f"{folder}.onnx", "--json").stdout)

    def compare(self, folder, model, outputs, rows=slice(None)):
        tasks = json.loads(model.metadata["qmtl.tasks"])
        with h5py.File(self.path(f"{folder}.h5")) as file:
            for task in tasks:
                expected = file["predictions"][task["name"]][rows]
                found = users_values(task["kind"], outputs[task["output"]])
                self.assertEqual(found.shape, expected.shape, task)
                scale = self.norm * (max(1.0, expected.std()) if task["kind"] == "regression" else 1.0)
                worst = np.abs(found - expected).max() / scale
                self.assertLess(worst, TOLERANCE, f"{folder}: {task}")
                self.worst = max(self.worst, worst)

    def check(self, folder, data, settings, norm=1.0):
        self.norm = norm
        told = self.trained(folder, data, settings)
        model = onnx_numpy.Model(self.path(f"{folder}.onnx"))
        x = {name: value.astype(np.float32) for name, value in self.inputs[data].items()}
        self.assertEqual((model.ir, model.opsets, model.producer), (8, {"": 13}, "qmtl"))
        self.assertEqual(len(model.nodes), told["nodes"])
        self.assertEqual(os.path.getsize(self.path(f"{folder}.onnx")), told["file_bytes"])
        self.assertEqual({name: dims for name, _, dims in model.inputs},
                         {name: ["batch", *value.shape[1:]] for name, value in x.items()})
        self.worst = 0.0
        found = model.run(x)
        self.compare(folder, model, found)
        empty = model.run({name: value[:0] for name, value in x.items()})
        self.assertEqual({name: values.shape for name, values in empty.items()},
                         {name: (0, *values.shape[1:]) for name, values in found.items()}, folder)
        if self.peer:
            np.savez(self.path("x.npz"), **x)
            ran = subprocess.run([PEER, os.path.join(HERE, "onnx_peer.py"), f"{folder}.onnx", "x.npz", "y.npz"], cwd=self.base,
                                 text=True, capture_output=True)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            y = dict(np.load(self.path("y.npz")))
            self.compare(folder, model, y)
            for batch in (1, 7):
                part = {name: y[f"{batch}/{name}"] for name, _, _ in model.outputs}
                self.compare(folder, model, part, slice(0, min(120, 10 * batch)))
        print(f"  {folder}: {len(model.nodes)} nodes, {told['file_bytes']} bytes, worst {self.worst:.1e}", file=sys.stderr)
        return model

    def test_every_head_and_circuit_predicts_as_the_program_does(self):
        for case, settings in FLAT.items():
            with self.subTest(case):
                self.check(case.replace(" ", "-"), "flat", [DENSE, *settings], NORMS.get(case, 1.0))

    def test_every_layer_and_fusion_predicts_as_the_program_does(self):
        for case, settings in BRANCHES.items():
            with self.subTest(case):
                self.check(case.replace(" ", "-"), "branches", [*settings, DENSE])

    def test_the_file_says_what_it_was_made_from(self):
        model = self.check("meta", "branches", ["head.kind=\"linear\"", "head.width=3"])
        self.assertEqual(model.metadata["qmtl.head"], "linear")
        self.assertEqual(len(model.metadata["qmtl.content_hash"]), 64)
        # A task and an input cannot both be called a.
        names = [task["output"] for task in json.loads(model.metadata["qmtl.tasks"])]
        self.assertEqual(names, ["a_output", "kind", "labels", "value"])

    def test_every_image_of_digits_gets_the_same_classes(self):
        folder = os.path.join(ROOT, "benchmarks", "digits")
        self.succeed("import", os.path.join(folder, "import.toml"), "--out", "digits.h5", "--quiet")
        self.succeed("train", os.path.join(folder, "digits.toml"), "--quiet", "--set", 'data.file="digits.h5"', "--set",
                     'run.folder="digits"', "--set", "train.epochs=3")
        with h5py.File(self.path("digits.h5")) as file:
            pixels = file["inputs/pixels"][()].astype(np.float32)
        self.succeed("predict", "digits", "digits.h5", "--out", "expected.h5")
        self.succeed("export", "digits", "--to", "onnx", "--out", "digits.onnx")
        found = onnx_numpy.Model(self.path("digits.onnx")).run({"pixels": pixels})
        if self.peer:
            np.savez(self.path("x.npz"), pixels=pixels)
            subprocess.run([PEER, os.path.join(HERE, "onnx_peer.py"), "digits.onnx", "x.npz", "y.npz"], cwd=self.base, check=True)
            found = dict(np.load(self.path("y.npz")))
        with h5py.File(self.path("expected.h5")) as file:
            for task, expected in file["predictions"].items():
                np.testing.assert_array_equal(found[task] > 0, expected[()] > 0.5, task)

    def test_a_circuit_that_needs_a_large_statevector_is_refused(self):
        wide = ["circuit.qubits=18", "circuit.entangler=\"cx-ring\"", "circuit.layers=4", "train.epochs=1",
                'circuit.rotations=["rx", "rz"]', "data.file=\"flat.h5\"", 'block.placement="global"']
        self.succeed("train", "train.toml", "--quiet", "--set", 'run.folder="wide"', "--set", "train.batch=72",
                     *[a for setting in wide for a in ("--set", setting)])
        self.refuse(2, ["18 qubits", "16"], "export", "wide", "--to", "onnx", "--out", "wide.onnx")
        self.assertFalse(os.path.exists(self.path("wide.onnx")))


if __name__ == "__main__":
    main()
