#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forecasts of scores held against emulated devices: how often the interval of `qmtl forecast` holds the score that a replay finds on
a device whose parameters are drawn within the calibration's uncertainty, and how much wider it is than it would have to be.

    benchmarks/forecast/run.py --qmtl build/release/qmtl --properties FOLDER --data ctg2=ctg2.h5 ... [--devices 20] [--days 2]

FOLDER holds properties of IBM backends, `props_*.json`, in any depth: those of the package qiskit-ibm-runtime are in its folder
fake_provider/backends. What is drawn is drawn by another generator than the forecast's. Results are kept in OUT/results.json case by
case, so that a stopped benchmark goes on; --tables prints the tables of one."""

import argparse
import json
import math
import os
import pathlib
import random
import subprocess
import sys

from days import moved

HERE = pathlib.Path(__file__).resolve().parent
BENCHMARKS = HERE.parent
MODELS = {"digits": ("digits", []), "ctg2": ("ctg2", []), "enb2": ("enb2", []), "mustard5": ("mustard5", []),
          "hybrid": ("digits", ["head.kind=hybrid"])}  # name: set and settings
SHOTS, SAMPLES, UNCERTAINTY = 300, 25, 0.2


def qmtl(program, *arguments, check=True):
    done = subprocess.run([program, *map(str, arguments), "--json", "--quiet"], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        if check:
            sys.exit(f"{program} {' '.join(map(str, arguments))}: {done.stderr}")
        return None, done.stderr.strip()
    return json.loads(done.stdout), ""


def train(options, name):
    folder = options.out / "runs" / name
    if not (folder / "checkpoints").exists():
        name, settings = MODELS[name]
        settings = settings + [f"run.folder={folder}", f"train.epochs={options.epochs}"]
        if data := options.data.get(name):
            settings.append(f"data.file={data}")
        qmtl(options.qmtl, "train", BENCHMARKS / name / f"{name}.toml", *(part for one in settings for part in ("--set", one)))
    return folder


def scores_of(report):
    return {**report["tasks"], "mean": report["mean"]}


def case(options, name, file):
    """The forecast and what the emulated days scored: {task: {"told", "found"}}, or why the device is no device for the model."""
    run = train(options, name)
    common = ["--samples", SAMPLES, "--shots", SHOTS]
    # Heads that are wider than the device go there in parts.
    for split in ("wide", "packed"):
        told, refusal = qmtl(options.qmtl, "forecast", run, "--target", file, "--head-split", split, *common, "--draws", options.draws,
                             "--uncertainty", UNCERTAINTY, check=False)
        if told is not None:
            break
    else:
        return {"refused": refusal}
    common += ["--head-split", split]
    properties = json.loads(file.read_text())
    places = options.out / "days"
    places.mkdir(exist_ok=True)
    found = {}
    for day in range(options.days):
        noise, endpoint = places / f"{day}.json", places / f"{day}.toml"
        noise.write_text(json.dumps(moved(properties, f"{name} {file.name} {day}", UNCERTAINTY)))
        endpoint.write_text(f'kind = "noisy"\nnoise = "{noise.name}"\nseed = {day}\ntarget = "{file}"\nproperties = "{file}"\n')
        folder = places / "replay"
        subprocess.run(["rm", "-rf", folder], check=True)
        report, _ = qmtl(options.qmtl, "replay", "run", run, "--endpoint", endpoint, "--folder", folder, *common, "--replicates", 0)
        for task, score in scores_of(report).items():
            found.setdefault(task, []).append(score["value"])
    return {task: {"told": score, "found": found[task]} for task, score in scores_of(told["plans"][0]).items()}


def quantile(values, p):
    ordered = sorted(values)
    place = p * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


class Tally:
    def __init__(self):
        self.held = self.count = 0
        self.reach = []  # distance from the middle in half widths

    def add(self, told, value):
        if told["value"] is None or value is None:
            return
        self.count += 1
        # A score that cannot move has an interval of one point; 1e-9 is the rounding of its printed digits.
        self.held += told["low"] - 1e-9 <= value <= told["high"] + 1e-9
        half = (told["high"] - told["low"]) / 2
        if half > 0:
            self.reach.append(abs(value - (told["high"] + told["low"]) / 2) / half)

    def row(self):
        """How many, the share held, and the width over that which would hold 95 %."""
        if not self.count:
            return "0 | - | -"
        needed = quantile(self.reach, 0.95) if self.reach else math.nan
        return f"{self.count} | {100 * self.held / self.count:.1f} % | {1 / needed:.2f}" if needed else f"{self.count} | 100 % | -"


def tables(results):
    lines = ["| model | devices | means: evaluations | held | width / needed | tasks: evaluations | held | width / needed |",
             "|---|---:|---:|---:|---:|---:|---:|---:|"]
    all_means, all_tasks, devices = Tally(), Tally(), set()
    for name in MODELS:
        cases = {key: value for key, value in results.items() if key.startswith(name + " ") and "refused" not in value}
        if not cases:
            continue
        means, tasks = Tally(), Tally()
        for key, value in cases.items():
            devices.add(key.split(" ")[1])
            for task, score in value.items():
                for found in score["found"]:
                    for tally in ((means, all_means) if task == "mean" else (tasks, all_tasks)):
                        tally.add(score["told"], found)
        lines.append(f"| {name} | {len(cases)} | {means.row()} | {tasks.row()} |")
    lines.append(f"| all | {len(devices)} | {all_means.row()} | {all_tasks.row()} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qmtl", default="qmtl")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/forecast"))
    parser.add_argument("--properties", type=pathlib.Path)
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--data", action="append", default=[], metavar="SET=FILE", help="where a set's data is")
    parser.add_argument("--tables", action="store_true", help="only print what was found")
    options = parser.parse_args()
    options.data = dict(given.split("=", 1) for given in options.data)
    os.makedirs(options.out, exist_ok=True)
    options.out = options.out.resolve()
    kept = options.out / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    if not options.tables:
        files = sorted(options.properties.rglob("props_*.json"), key=lambda file: random.Random(file.name).random())
        taken = 0
        for file in files:
            if taken == options.devices:
                break
            device = file.stem.removeprefix("props_")
            for name in options.models.split(","):
                key = f"{name} {device}"
                if key not in results:
                    results[key] = case(options, name, file)
                    kept.write_text(json.dumps(results, indent=1) + "\n")
                    print(key, results[key].get("refused") or results[key]["mean"], file=sys.stderr, flush=True)
                if "refused" in results[key]:
                    break  # too small, or without a calibration: another device
            else:
                taken += 1
    print(tables(results))


if __name__ == "__main__":
    main()
