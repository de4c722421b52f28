#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole trainings, samples a second: qmtl with its quantum head beside PyTorch and jitted JAX with a linear head.

    benchmarks/training/race.py [--qmtl PROGRAM] [--peers PYTHON] [--sets digits ...] [--batches 64 ...] [--threads 1 2] [--ranks 1 2]

PYTHON is an environment with jax, torch and h5py (requirements.txt); without it qmtl runs alone. Everything is repeated in turns,
--rounds times; a cell is the median. Rates of qmtl count all that a training does but its start: batches, gradients, the update,
validation after every epoch, checkpoints and metrics. The peers do no more than the steps. Rates depend on the machine and on what else
it does; the ratios of one run are what to read. `phases` are microseconds a step of qmtl at one thread.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# The peers that have the layers of a configuration: name, script, options.
DENSE = (("torch", "peer_torch.py", ()), ("jax", "peer_jax.py", ()), ("jax-scan", "peer_jax.py", ("--scan",)))
IMAGES = (("torch", "peer_torch_images.py", ()),)
# Configuration, hidden units, timed epochs, peers.
SETS = {"digits": ("benchmarks/digits/digits.toml", 64, 400, DENSE), "ctg2": ("benchmarks/ctg2/ctg2.toml", 64, 20, DENSE),
        "table": ("benchmarks/training/table.toml", 64, 1, DENSE), "chest14": ("benchmarks/chest14/chest14.toml", 64, 10, IMAGES)}


def make_table(path, rows=1000000, columns=50):
    """A table of a million rows: two classes and a number that depend on all columns."""
    import h5py
    import numpy
    random = numpy.random.default_rng(7)
    x = random.standard_normal((rows, columns), numpy.float32)
    score = x @ random.standard_normal(columns).astype(numpy.float32)
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "qmtl-dataset", "version": 1, "title": "a table", "source": "random", "licence": "none"})
        file["inputs/x"] = x
        for name, kind, labels in (("sign", "binary", (score > 0)), ("value", "regression", numpy.tanh(score / 5))):
            file[f"tasks/{name}/labels"] = labels.astype(numpy.float32)
            file[f"tasks/{name}/labels"].attrs.update({"kind": kind, "classes": 2 if kind == "binary" else 0,
                                                "metric": "accuracy" if kind == "binary" else "rmse"})
        split = numpy.zeros(rows, numpy.uint8)
        split[::50] = 1
        split[1::50] = 2
        file["split"] = split


def run(command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if result.returncode:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stderr}")
    return result.stdout


def phases(folder):
    total, steps = {}, 0
    with open(os.path.join(folder, "metrics.jsonl")) as file:
        for line in map(json.loads, file):
            if line["kind"] == "epoch":
                steps += line["timing"]["steps"]
                for name, phase in line["timing"]["phases"].items():
                    total[name] = total.get(name, 0) + phase["mean"]
    return {name: round(1e6 * seconds / steps, 1) for name, seconds in total.items()}


def qmtl(options, config, data, batch, threads, ranks, epochs, folder):
    launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks > 1 else []
    said = json.loads(run([*launcher, options.qmtl, "train", config, "--json", "--quiet", "--overwrite", "--threads", str(threads),
                           "--set", f"data.file={data}", "--set", f"run.folder={folder}", "--set", f"train.batch={batch}",
                           "--set", f"train.epochs={epochs}", "--set", "train.patience=0", "--set", "distributed.shard=0"]))
    return said["samples_per_second"], phases(folder)


def peer(options, script, data, hidden, batch, threads, epochs, *more):
    return json.loads(run([options.peers, os.path.join(HERE, script), data, "--hidden", str(hidden), "--batch", str(batch),
                           "--threads", str(threads), "--epochs", str(epochs), *more],
                          env={**os.environ, "OMP_NUM_THREADS": str(threads)}))["samples_per_second"]


def data_of(config, folder):
    """The data set that a configuration names; the digits and the table are made where they are missing."""
    with open(config) as file:
        name = next(line.split('"')[1] for line in file if line.startswith("file ="))
    path = os.path.join(os.path.dirname(config), name)
    return path if os.path.exists(path) else os.path.join(folder, os.path.basename(name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qmtl", default=os.path.join(ROOT, "build/release/qmtl"))
    parser.add_argument("--peers")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--batches", nargs="+", type=int, default=[64, 256, 1024])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--ranks", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for name in options.sets:
            config, hidden, epochs, peers = SETS[name]
            config = os.path.join(ROOT, config)
            data = data_of(config, folder)
            if not os.path.exists(data) and name == "digits":
                run([options.qmtl, "import", os.path.join(ROOT, "benchmarks/digits/import.toml"), "--out", data, "--quiet"])
            if not os.path.exists(data) and name == "table":
                make_table(data)
            if not os.path.exists(data):
                print(f"{name}: left out, there is no {data}", file=sys.stderr)
                continue
            for batch in options.batches:
                for threads, ranks in [(t, 1) for t in options.threads] + [(1, r) for r in options.ranks if r > 1]:
                    rates = {}
                    for _ in range(options.rounds):
                        rate, where = qmtl(options, config, data, batch, threads, ranks, epochs, os.path.join(folder, "run"))
                        rates.setdefault("qmtl", []).append(rate)
                        if options.peers and ranks == 1:
                            for label, script, more in peers:
                                rates.setdefault(label, []).append(
                                    peer(options, script, data, hidden, batch, threads, epochs, *more))
                    middle = {label: statistics.median(values) for label, values in rates.items()}
                    text = f"{name:8} batch {batch:5}  {threads} thread(s) {ranks} rank(s)  qmtl {middle['qmtl']:9.0f}"
                    for label, rate in middle.items():
                        if label != "qmtl":
                            text += f"  {label} {rate:9.0f} (qmtl {middle['qmtl'] / rate:.2f} of it)"
                    print(text + "  phases " + " ".join(f"{k} {v}" for k, v in where.items() if v), flush=True)


if __name__ == "__main__":
    main()
