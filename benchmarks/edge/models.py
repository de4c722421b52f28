# SPDX-License-Identifier: Apache-2.0
"""The models of the edge benchmarks, trained for a moment: cost does not depend on how well they predict."""

import json
import os
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
QMTL = os.environ.get("QMTL_PROGRAM", str(ROOT / "build" / "release" / "qmtl"))

# The shape that prototypes of other methods were measured with: RY encoding, two layers RY RZ and a ring of CX, all Z.
RING = ["circuit.qubits=8", "circuit.layers=2", 'circuit.rotations=["ry", "rz"]', 'circuit.entangler="cx-ring"']
EIGHT = RING + ["block.size=1", "block.layers=0", "block.stride=1", 'block.readout="first"']
PAIRS = ["block.size=2", "block.stride=1"]
DEEP_PAIRS = PAIRS + ["block.layers=2", 'block.rotations=["ry", "rz"]']
DIGITS = 'layers = [{ type = "dense", width = 64, activation = "tanh" }]'
CONVOLUTIONS = ('branch.x.layers=[{ type = "conv", channels = 8, kernel = 3, padding = 1, activation = "relu" }, { type = "pool", size = 2, kind = "max" }, '
                '{ type = "conv", channels = 8, kernel = 3, padding = 1, activation = "relu" }, { type = "global-pool", kind = "mean" }]')
# name, inputs, tasks, settings, further options of the export
MODELS = [
    ("8-qubit head, 8 values", 8, 8, EIGHT, []),
    ("10 tasks on 2-qubit registers", 10, 10, ["circuit.qubits=10", "circuit.layers=2", *PAIRS], []),
    ("10 tasks on 2-qubit registers, RY RZ, as operators", 10, 10,
     ["circuit.qubits=10", "circuit.layers=1", 'circuit.rotations=["ry", "rz"]', *DEEP_PAIRS], ["--method", "operators"]),
    ("10 such tasks behind the first row's circuit", 8, 10, [*RING, *DEEP_PAIRS, 'block.entangler="cx-ring"'], []),
    ("two convolutions of an 8 x 8 picture", 64, 4, ["circuit.qubits=8", *PAIRS, CONVOLUTIONS], []),
    ("digits, whole model", 64, 10, ["circuit.qubits=20", "circuit.layers=2", "backbone." + DIGITS], []),
]


def qmtl(*arguments, cwd):
    done = subprocess.run([QMTL, *map(str, arguments)], cwd=cwd, text=True, capture_output=True)
    assert done.returncode == 0, f"qmtl {arguments}: {done.stderr}"
    return done.stdout


def table(folder, inputs, tasks, rows, shape=""):
    """A data set of random numbers with a binary task for each of so many columns."""
    draw = random.Random(1)
    names = [f"x{i}" for i in range(inputs)] + [f"t{t}" for t in range(tasks)]
    lines = [",".join(names)]
    for _ in range(rows):
        x = [draw.gauss(0, 1) for _ in range(inputs)]
        lines.append(",".join([f"{v:.4f}" for v in x] + [str(int(x[t % inputs] > 0)) for t in range(tasks)]))
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    task = "".join(f'[task.t{t}]\ncolumn = "t{t}"\nkind = "binary"\n' for t in range(tasks))
    (folder / "import.toml").write_text(f'file = "table.csv"\n[input.x]\ncolumns = ["x0..x{inputs - 1}"]\n{shape}{task}'
                                        "[split]\nfractions = [0.6, 0.2, 0.2]\nseed = 1\n")
    qmtl("import", "import.toml", "--out", "data.h5", "--quiet", cwd=folder)


def make(folder, model, rows=200):
    """Trains a model in the folder and exports it as head.qmh, model.c / .h and model.onnx; what the exporter told."""
    name, inputs, tasks, settings, options = model
    table(folder, inputs, tasks, rows, "shape = [1, 8, 8]\n" if CONVOLUTIONS in settings else "")
    (folder / "train.toml").write_text('seed = 1\n[data]\nfile = "data.h5"\n[run]\nfolder = "run"\n[backbone]\nlayers = []\n[head]\nkind = "qmtl"\n'
                                       "[train]\nepochs = 1\n")
    qmtl("train", "train.toml", "--quiet", *[a for s in settings for a in ("--set", s)], cwd=folder)
    about = json.loads(qmtl("export", "run", "--to", "edge", "--out", "head.qmh", "--json", *options, cwd=folder))
    qmtl("export", "run", "--to", "c", "--out", "model", "--quiet", *options, cwd=folder)
    qmtl("export", "run", "--to", "onnx", "--out", "model.onnx", "--quiet", cwd=folder)
    return about


def show(name, rows, text):
    """Prints a benchmark's table and, with a folder on the command line, keeps it there as name.json and name.md."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True, capture_output=True).stdout.strip()
    text += f"\nMeasured at commit {commit or '(none)'}.\n"
    print(text, end="")
    if len(sys.argv) > 1:
        results = pathlib.Path(sys.argv[1])
        results.mkdir(exist_ok=True)
        (results / f"{name}.json").write_text(json.dumps({"commit": commit, "rows": rows}, indent=1) + "\n")
        (results / f"{name}.md").write_text(text)
