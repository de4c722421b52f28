#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What saving costs a run whose every epoch is a new best: 60 epochs of about 20 ms, with saving and without.

    benchmarks/training/saves.py [--qmtl PROGRAM] [--rounds N] [--kills N]

Both runs take the same steps. With saving, validation agrees with what is learned and every epoch is the best so far; without,
its labels are negated and the first epoch stays the best: nothing is written between the start and the end. `wall` is the whole
program from its start to its end, medians of runs in turns, and `training` what it says of its loop. --kills kills such runs at
random moments and begins again until so many were killed: every one must end with the bits of the undisturbed run.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# A small rate, so that the error falls in every epoch.
CONFIG = """seed = 1
[data]
file = "%s.h5"
[backbone]
layers = [{ type = "dense", width = 256, activation = "tanh" }]
[train]
epochs = 60
batch = 64
patience = 0
optimiser = "sgd"
learning_rate = 1e-5
"""


def make_data(folder, rows):
    import h5py
    import numpy
    generator = numpy.random.default_rng(3)
    x = generator.standard_normal((rows, 32), numpy.float32)
    y = numpy.tanh(x @ generator.standard_normal(32).astype(numpy.float32) / 5)
    split = numpy.zeros(rows, numpy.uint8)
    split[::20] = 1
    for name, sign in (("saving", 1), ("without", -1)):
        with h5py.File(os.path.join(folder, name + ".h5"), "w") as file:
            file.attrs.update({"format": "qmtl-dataset", "version": 1, "title": name, "source": "random", "licence": "none"})
            file["inputs/x"] = x
            file["tasks/value/labels"] = numpy.where(split == 1, sign * y, y).astype(numpy.float32)
            file["tasks/value/labels"].attrs.update({"kind": "regression", "classes": 0, "metric": "rmse"})
            file["split"] = split
        with open(os.path.join(folder, name + ".toml"), "w") as file:
            file.write(CONFIG % name)


def train(options, folder, name, *more):
    began = time.perf_counter()
    result = subprocess.run([options.qmtl, "train", name + ".toml", "--json", "--quiet", "--threads", "1", *more,
                             "--set", f"run.folder={name}"], cwd=folder, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{name}: exit code {result.returncode}\n{result.stderr}")
    return time.perf_counter() - began, json.loads(result.stdout)


def epochs(folder, name):
    with open(os.path.join(folder, name, "metrics.jsonl")) as file:
        return [line for line in map(json.loads, file) if line["kind"] == "epoch"]


def kill_at_random(options, folder, seconds, expected):
    """Runs that are killed until options.kills were, each begun again until it ends."""
    chance = random.Random(7)
    killed = runs = 0
    while killed < options.kills:
        mode, here = "--overwrite", 0
        while True:
            process = subprocess.Popen([options.qmtl, "train", "saving.toml", "--json", "--quiet", "--threads", "1", mode,
                                        "--set", "run.folder=killed"], cwd=folder, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
            try:
                # Three times at most, so that a run also ends.
                out, _ = process.communicate(timeout=chance.uniform(0, seconds) if here < 3 else None)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                killed, here = killed + 1, here + 1
                saved = os.path.join(folder, "killed/checkpoints/last.h5")
                mode = "--resume" if os.path.exists(saved) else "--overwrite"
        if process.returncode:
            sys.exit(f"a run that was killed ended with exit code {process.returncode}")
        found = json.loads(out)
        for key in ("run_hash", "best_epoch"):
            if found[key] != expected[key]:
                sys.exit(f"{key}: expected {expected[key]}, found {found[key]} after {here} kills")
        runs += 1
    print(f"{killed} kills at random in {runs} runs: every run ended with the bits and the best epoch of the undisturbed one")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qmtl", default=os.path.join(ROOT, "build/release/qmtl"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=4096, help="about 20 ms an epoch on one core with AVX2")
    parser.add_argument("--kills", type=int, default=0)
    options = parser.parse_args()
    options.qmtl = os.path.abspath(options.qmtl)
    with tempfile.TemporaryDirectory() as folder:
        make_data(folder, options.rows)
        wall, training, said = {"saving": [], "without": []}, {"saving": [], "without": []}, {}
        for _ in range(options.rounds):
            for name in wall:
                seconds, said[name] = train(options, folder, name, "--overwrite")
                wall[name].append(seconds)
                training[name].append(said[name]["seconds"])
        best = {name: said[name]["best_epoch"] for name in wall}
        if best != {"saving": 60, "without": 1}:
            sys.exit(f"expected every epoch or only the first to be the best, found {best}")
        if said["saving"]["steps"] != said["without"]["steps"]:
            sys.exit("the runs do not take the same steps")
        for label, times in (("wall", wall), ("training", training)):
            with_saving, without = statistics.median(times["saving"]), statistics.median(times["without"])
            print(f"{label:9} {1000 * with_saving:7.0f} ms with saving, {1000 * without:7.0f} ms without: "
                  f"{100 * (with_saving / without - 1):+.1f} %  (fastest {100 * (min(times['saving']) / min(times['without']) - 1):+.1f} %)")
        stood = sum(line["timing"]["phases"]["save"]["mean"] for line in epochs(folder, "saving"))
        print(f"the steps stood still for {1000 * stood:.1f} ms of {1000 * said['saving']['seconds']:.0f}")
        if options.kills:
            kill_at_random(options, folder, statistics.median(wall["saving"]), said["saving"])


if __name__ == "__main__":
    main()
