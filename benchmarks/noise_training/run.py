#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training for a noisy device beside training without noise: test scores of both on the device, the share of the lost score that
comes back, and what a step costs.

    benchmarks/noise_training/run.py --qmtl build/release/qmtl --out build/noise-training [--seeds 5] [--sets digits,ctg2,enb2,glue9]

Results are kept in OUT/results.json run by run, so that a stopped benchmark goes on; --tables prints the tables of one."""

import argparse
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LEVELS = (1, 2, 5)
SETS = {"digits": HERE.parent / "digits" / "digits.toml", "ctg2": HERE.parent / "ctg2" / "ctg2.toml",
        "enb2": HERE.parent / "enb2" / "enb2.toml", "glue9": HERE.parent / "circuits" / "glue.toml"}


class Results:
    """A file of named results, written after each."""

    def __init__(self, path):
        self.path = path
        self.found = json.loads(path.read_text()) if path.exists() else {}

    def of(self, name, make):
        if name not in self.found:
            self.found[name] = make()
            self.path.write_text(json.dumps(self.found, indent=1) + "\n")
        return self.found[name]


def run(qmtl, *arguments):
    done = subprocess.run([qmtl, *map(str, arguments), "--json", "--quiet", "--threads", "1"], text=True, capture_output=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"{qmtl} {' '.join(map(str, arguments))}: {done.stderr}")
    return json.loads(done.stdout)


def device(level):
    return HERE / f"device-{level}.toml"


def resplit(data, seed, to):
    """A copy of a data set whose rows are dealt out anew, as many to each split."""
    import h5py  # Debian: python3-h5py
    import numpy

    shutil.copyfile(data, to)
    to.chmod(0o644)
    with h5py.File(to, "r+") as file:
        file["split"][...] = numpy.random.default_rng(seed).permutation(file["split"][...])
        for name in [name for name in file.attrs if "hash" in name]:
            del file.attrs[name]
    return to


def train(options, name, seed, level):
    """Trains one model and scores it: exactly, and on every device that it is asked about."""
    folder = options.out / "runs" / f"{name}-{seed}-{level}"
    noise = ["--set", f"train.noise={device(level)}"] if level else []
    data = options.data.get(name)
    if options.resplits:
        data = resplit(data, seed, options.out / f"{name}-{seed}.h5")
    report = run(options.qmtl, "train", SETS[name], "--overwrite", "--set", f"seed={seed}", "--set", f"run.folder={folder}",
                 *(["--set", f"data.file={data}"] if data else []), *(["--set", f"train.epochs={options.epochs}"]
                                                                      if options.epochs else []), *noise)
    scores = {"samples_per_second": report["samples_per_second"], "hash": report["run_hash"]}
    for other in ((level,) if level else LEVELS):
        found = run(options.qmtl, "eval", folder, "--noise", device(other))
        scores["exact"] = mean(found)
        scores[str(other)] = mean(found["noise"])
    return scores


SERVED = 2  # the level at which models are also scored by trajectories and on an emulated device


def serve(options, name, seed, level):
    """The test score on the device of SERVED %: averaged trajectories, and a replay of 1000 shots on the simulated device, without
    mitigation and with errors of readings undone."""
    folder, noise = options.out / "runs" / f"{name}-{seed}-{level}", device(SERVED)
    scores = {"trajectories": mean(run(options.qmtl, "eval", folder, "--noise", noise, "--method", "trajectories")["noise"])}
    endpoint = options.out / "device.toml"
    endpoint.write_text(f'kind = "noisy"\nnoise = "{noise}"\n')
    replay = options.out / "replay"
    shutil.rmtree(replay, ignore_errors=True)
    found = run(options.qmtl, "replay", "run", folder, "--endpoint", endpoint, "--folder", replay, "--shots", 1000, "--replicates", 0,
                "--samples", options.samples)
    return {**scores, "exact": found["mean"]["exact"], "raw": found["mean"]["raw"], "readout": found["mean"]["value"]}


def served_table(found, sets, seeds):
    lines = ["| set | trained | by trajectories, there | replay: exact | as read | readings' errors undone |", "|---|---|---:|---:|---:|---:|"]
    for name in sets:
        for level in (0, SERVED):
            runs = [found[key] for seed in range(1, seeds + 1) if (key := f"{name} {seed} {level} served") in found]
            if runs:
                lines.append(f"| {name} | {'for the device' if level else 'without noise'} | "
                             + " | ".join(cell([one[key] for one in runs]) for key in ("trajectories", "exact", "raw", "readout")) + " |")
    return "\n".join(lines) + "\n"


def mean(report):
    """Of the tasks' scores, those where lower is better negated."""
    return report["mean"]


def interval(values):
    """Mean and half of Student's 95 % interval over seeds."""
    t = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}
    middle = statistics.mean(values)
    if len(values) < 2:
        return middle, math.nan
    return middle, t.get(len(values), 2.0) * statistics.stdev(values) / math.sqrt(len(values))


def cell(values, digits=3):
    middle, half = interval(values)
    return f"{middle:.{digits}f}" + ("" if math.isnan(half) else f" ± {half:.{digits}f}")


def tables(found, sets, seeds):
    lines = ["| set | device | without noise, exact | there | trained for it, there | lost | share that comes back | step |",
             "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for name in sets:
        free = [found[f"{name} {seed} 0"] for seed in range(1, seeds + 1)]
        for level in LEVELS:
            aware = [found[f"{name} {seed} {level}"] for seed in range(1, seeds + 1)]
            exact, there = [f["exact"] for f in free], [f[str(level)] for f in free]
            for_it = [a[str(level)] for a in aware]
            lost = [e - t for e, t in zip(exact, there)]
            back = [a - t for a, t in zip(for_it, there)]
            # Of the means; none where what is lost may as well be nothing.
            middle, half = interval(lost)
            share = f"{100 * statistics.mean(back) / middle:.0f} %" if middle > half else "nothing lost"
            step = statistics.median(f["samples_per_second"] / a["samples_per_second"] for f, a in zip(free, aware))
            lines.append(f"| {name} | {level} % | {cell(exact)} | {cell(there)} | {cell(for_it)} | {cell(lost)} | "
                         f"{share} | {step:.2f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qmtl", default="qmtl")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/noise-training"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--epochs", type=int, default=0, help="fewer than the configurations have")
    parser.add_argument("--data", action="append", default=[], metavar="SET=FILE", help="where a set's data is")
    parser.add_argument("--served", action="store_true", help="also by trajectories and on an emulated device, where runs are there")
    parser.add_argument("--resplits", action="store_true", help="deal out the rows anew for each seed (the sets of --data)")
    parser.add_argument("--samples", type=int, default=60, help="of the test split, on the emulated device")
    parser.add_argument("--tables", action="store_true", help="only print what was found")
    options = parser.parse_args()
    options.data = dict(given.split("=", 1) for given in options.data)
    sets = options.sets.split(",")
    os.makedirs(options.out, exist_ok=True)
    results = Results(options.out / "results.json")
    if not options.tables:
        for name in sets:
            for seed in range(1, options.seeds + 1):
                for level in (0, *LEVELS):  # in turns: the machine is the same for all
                    scores = results.of(f"{name} {seed} {level}", lambda n=name, s=seed, v=level: train(options, n, s, v))
                    print(name, seed, f"{level} %", json.dumps(scores), file=sys.stderr, flush=True)
    if options.served and not options.tables:
        for name in sets:
            for seed in range(1, options.seeds + 1):
                for level in (0, SERVED):
                    results.of(f"{name} {seed} {level} served", lambda n=name, s=seed, v=level: serve(options, n, s, v))
    print(tables(results.found, sets, options.seeds))
    if any(key.endswith(" served") for key in results.found):
        print(served_table(results.found, sets, options.seeds))


if __name__ == "__main__":
    main()
