#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peak memory of every rank on a data set wider than that, and the run hash beside that with everything in memory.

    benchmarks/training/memory.py [--qmtl PROGRAM] [--gigabytes 4] [--ranks 4] [--memory MB]

Makes a table of random numbers of that size in a temporary folder (TMPDIR decides where), trains an epoch on it with
data.memory = --memory, then on one rank with data.memory = 0. A fifth of the rows is trained on.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
COLUMNS = 1000
# Runs a rank and says on standard error what it took at most, in kilobytes.
RANK = ("import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
        "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(code)")


def make_data(path, rows):
    import h5py
    import numpy
    generator = numpy.random.default_rng(5)
    labels = numpy.empty(rows, numpy.float32)
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "qmtl-dataset", "version": 1, "title": "wide", "source": "random", "licence": "none"})
        x = file.create_dataset("inputs/x", (rows, COLUMNS), numpy.float32)
        for first in range(0, rows, 20000):
            piece = generator.standard_normal((min(20000, rows - first), COLUMNS), numpy.float32)
            x[first:first + len(piece)] = piece
            labels[first:first + len(piece)] = piece[:, :10].sum(axis=1) > 0
        file["tasks/sign/labels"] = labels
        file["tasks/sign/labels"].attrs.update({"kind": "binary", "classes": 2, "metric": "accuracy"})
        split = numpy.full(rows, 2, numpy.uint8)
        split[::5] = 0
        split[1::50] = 1
        file["split"] = split


def train(options, folder, ranks, memory):
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks > 1 else []
    result = subprocess.run([*launcher, sys.executable, "-c", RANK, options.qmtl, "train", "wide.toml", "--json", "--quiet",
                             "--overwrite", "--threads", "1", "--set", f"data.memory={memory}", "--set", "run.folder=run"],
                            cwd=folder, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"exit code {result.returncode}\n{result.stderr}")
    peaks = sorted(int(line.split()[1]) / 1e6 for line in result.stderr.splitlines() if line.startswith("peak "))
    return json.loads(result.stdout), peaks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qmtl", default=os.path.join(ROOT, "build/release/qmtl"))
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--memory", type=float, default=1024, help="data.memory, MB")
    options = parser.parse_args()
    options.qmtl = os.path.abspath(options.qmtl)
    with tempfile.TemporaryDirectory() as folder:
        make_data(os.path.join(folder, "wide.h5"), int(options.gigabytes * 1e9 / 4 / COLUMNS))
        with open(os.path.join(folder, "wide.toml"), "w") as file:
            file.write('seed = 1\n[data]\nfile = "wide.h5"\n[train]\nepochs = 1\nbatch = 1024\n')
        hashes = set()
        for ranks, memory in ((options.ranks, options.memory), (1, 0)):
            said, peaks = train(options, folder, ranks, memory)
            hashes.add(said["run_hash"])
            print(f"{ranks} rank(s), data.memory {memory:g}: peak {' '.join(f'{peak:.2f}' for peak in peaks)} GB, "
                  f"{said['samples_per_second']:.0f} samples/s, run hash {said['run_hash'][:16]}", flush=True)
        if len(hashes) != 1:
            sys.exit("the run hashes differ")


if __name__ == "__main__":
    main()
