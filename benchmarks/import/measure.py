#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A large table into a data set beside pandas.read_csv, then one epoch of training and `qmtl predict` beside a plain numpy
network, each in a process of its own, in processor seconds and largest memory:
benchmarks/import/measure.py [--rows N] [--pandas PYTHON]

PYTHON is one that has pandas (default: this one; without it that line is left out). QMTL_PROGRAM names the program."""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("QMTL_PROGRAM", ROOT / "build" / "release" / "qmtl")
INPUTS = 47

DESCRIPTION = """file = "big.csv"
[input.x]
columns = ["f0..f46"]
[task.kind]
kind = "multiclass"
column = "kind"
[task.flag]
kind = "binary"
column = "flag"
[task.size]
kind = "regression"
column = "size"
[split]
fractions = [0.7, 0.15, 0.15]
"""

# One hidden layer and three heads by hand, float32, Adam, on one thread.
NETWORK = """
import sys
import h5py
import numpy as np
with h5py.File(sys.argv[1]) as file:
    x, split = file["inputs/x"][:], file["split"][:]
    kind, flag, size = (file[f"tasks/{t}/labels"][:] for t in ("kind", "flag", "size"))
train = split == 0
x = (x - x[train].mean(0)) / x[train].std(0)
size = (size - size[train].mean()) / size[train].std()
source = np.random.default_rng(1)
shapes = [(x.shape[1], 24), (24,), (24, 5), (5,)]
weights = [source.normal(size=s).astype("f4") * .2 for s in shapes]
moments = [[np.zeros_like(w), np.zeros_like(w)] for w in weights]
def forward(rows):
    hidden = np.tanh(rows @ weights[0] + weights[1])
    return hidden, hidden @ weights[2] + weights[3]
if sys.argv[2] == "train":
    order, batch = source.permutation(np.flatnonzero(train)), 64
    for step, at in enumerate(range(0, len(order), batch), 1):
        rows = order[at:at + batch]
        hidden, out = forward(x[rows])
        error = np.empty_like(out)
        p = np.exp(out[:, :3] - out[:, :3].max(1, keepdims=True))
        error[:, :3] = p / p.sum(1, keepdims=True)
        error[np.arange(len(rows)), kind[rows].astype(int)] -= 1
        error[:, 3] = 1 / (1 + np.exp(-out[:, 3])) - flag[rows]
        error[:, 4] = out[:, 4] - size[rows]
        error /= len(rows)
        inner = (error @ weights[2].T) * (1 - hidden ** 2)
        for w, m, g in zip(weights, moments, (x[rows].T @ inner, inner.sum(0), hidden.T @ error, error.sum(0))):
            m[0] += .1 * (g - m[0])
            m[1] += .001 * (g * g - m[1])
            w -= .003 * m[0] / (1 - .9 ** step) / (np.sqrt(m[1] / (1 - .999 ** step)) + 1e-8)
else:
    out = np.concatenate([forward(x[at:at + 4096])[1] for at in range(0, len(x), 4096)])
    p = np.exp(out[:, :3] - out[:, :3].max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    with open(sys.argv[3], "w") as file:
        file.write("id,kind,p0,p1,p2,flag,p,size\\n")
        q = 1 / (1 + np.exp(-out[:, 3]))
        for i, row in enumerate(zip(p.argmax(1).tolist(), *p.T.tolist(), (q > .5).tolist(), q.tolist(), out[:, 4].tolist())):
            file.write(f"{i}," + ",".join(f"{v:.9g}" for v in row) + "\\n")
"""


def make(path, rows):
    source = np.random.default_rng(1)
    kinds = np.array(["red", "green", "blue"])
    with open(path, "w") as file:
        file.write(",".join(f"f{i}" for i in range(INPUTS)) + ",kind,flag,size\n")
        for at in range(0, rows, 20000):
            n = min(20000, rows - at)
            x = source.normal(size=(n, INPUTS)) * 100
            labels = zip(kinds[source.integers(0, 3, n)], source.integers(0, 2, n), x[:, 0] * 2 + source.normal(size=n))
            file.writelines(",".join(["%.6g" % v for v in row]) + f",{a},{b},{c:.6g}\n" for row, (a, b, c) in zip(x.tolist(), labels))


def measured(*command, cwd):
    """Processor seconds and MB of a process and those it started."""
    child = subprocess.Popen([str(c) for c in command], cwd=cwd, stdout=subprocess.DEVNULL,
                             env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, command
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def line(what, ours, theirs):
    print(f"{what:<34}{ours[0]:8.2f} s {ours[1]:7.0f} MB   {theirs[0]:8.2f} s {theirs[1]:7.0f} MB   "
          f"{ours[0] / theirs[0]:6.2f} {ours[1] / theirs[1]:6.2f}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--pandas", default=sys.executable)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        make(base / "big.csv", given.rows)
        (base / "big.toml").write_text(DESCRIPTION)
        (base / "train.toml").write_text('[data]\nfile = "big.h5"\n[train]\nepochs = 1\nbatch = 64\n[run]\nfolder = "run"\n')
        (base / "network.py").write_text(NETWORK)
        print(f"{given.rows} rows x {INPUTS + 3} columns, {(base / 'big.csv').stat().st_size / 1e6:.0f} MB of CSV\n"
              f"{'':<34}{'qmtl':>21}   {'the other':>21}   {'ratios':>13}")
        ours = measured(PROGRAM, "import", "big.toml", "--out", "big.h5", cwd=base)
        if subprocess.run([given.pandas, "-c", "import pandas"], stderr=subprocess.DEVNULL).returncode == 0:
            line("import, pandas.read_csv", ours,
                 measured(given.pandas, "-c", "import pandas; pandas.read_csv('big.csv')", cwd=base))
        else:
            print(f"import (no pandas to compare with) {ours[0]:7.2f} s {ours[1]:7.0f} MB")
        line("one epoch, batch 64; numpy", measured(PROGRAM, "train", "train.toml", "--threads", "1", cwd=base),
             measured(sys.executable, "network.py", "big.h5", "train", cwd=base))
        line("predict; numpy", measured(PROGRAM, "predict", "run", "big.h5", "--out", "p.csv", "--threads", "1", cwd=base),
             measured(sys.executable, "network.py", "big.h5", "predict", "q.csv", cwd=base))
        with open(base / "big.csv") as table, open(base / "x.csv", "w") as inputs:
            inputs.writelines(text.rsplit(",", 3)[0] + "\n" for text in table)
        line("predict from the CSV; numpy", measured(PROGRAM, "predict", "run", "x.csv", "--out", "p2.csv", "--threads", "1", cwd=base),
             measured(sys.executable, "network.py", "big.h5", "predict", "q.csv", cwd=base))


if __name__ == "__main__":
    main()
