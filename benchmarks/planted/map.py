#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A map of advantage: where the labels are planted by a known rule, the score of each head at equal width, and how many head
parameters each kind of head needs to come within epsilon of the best.

    benchmarks/planted/map.py --qmtl build/release/qmtl --out build/planted [--form small]

Each cell is a folder of OUT with its data, `compare.toml` and results; finished cells are kept, so that a stopped map goes on.
OUT/map.md has the tables, OUT/map.json the numbers."""

import argparse
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import make  # noqa: E402

TRAIN = """seed = 1
[data]
file = "data.h5"
standardise = false
[run]
folder = "run"
[backbone]
layers = []
[head]
kind = "qmtl"
gain = 1.0
[circuit]
qubits = {n}
layers = {depth}
[block]
size = 4
stride = 2
[train]
epochs = {epochs}
batch = 64
patience = 30
"""

FORMS = {
    # kind, depths, noise, samples, tasks
    "quick": [("circuit", [1], [0.0], [400], [4])],
    "small": [("circuit", [1, 2], [0.0, 0.1], [1000], [4]), ("parity", [2], [0.0], [1000], [4]), ("low-rank", [2], [0.0], [1000], [4])],
    "default": [("circuit", [1, 2, 3], [0.0, 0.1], [500, 2000], [4, 8]), ("parity", [2, 3], [0.0], [2000], [4, 8]),
                ("low-rank", [2], [0.0], [500], [4, 8])],
}
QUANTUM = ("qmtl", "no entangler")
CLASSICAL = ("linear", "low-rank", "local", "local-tanh", "mlp")
GROWING = ("local-tanh", "mlp")  # the others are linear rules, behind a linear backbone at any size


def variants(n, depth, quick):
    """(kind of head, is it the one at equal width, settings), the small ones first."""
    half = max(4, n // 2)
    circuit = {"head.kind": "qmtl"}
    made = [("qmtl", layers == min(depth, 3), circuit | {"circuit.qubits": n, "circuit.layers": layers}) for layers in (1, 2, 3)]
    made += [("qmtl", False, circuit | {"circuit.qubits": half, "circuit.layers": layers, "block.stride": 1}) for layers in (1, 2)]
    made += [("qmtl", False, circuit | {"circuit.qubits": 2 * n, "circuit.layers": 1, "block.stride": 4})]
    made += [("no entangler", size == n, circuit | {"circuit.qubits": size, "circuit.layers": 1, "circuit.entangler": "none",
                                                    "block.stride": stride}) for size, stride in ((half, 1), (n, 2), (2 * n, 4))]
    made += [("linear", width == n, {"head.kind": "linear", "head.width": width}) for width in (max(2, n // 4), half, n)]
    made += [("low-rank", rank == 2, {"head.kind": "low-rank", "head.width": n, "head.hidden": rank}) for rank in (1, 2, 4)]
    for kind in ("local", "local-tanh"):
        made += [(kind, size == 4, {"head.kind": kind, "circuit.qubits": n, "block.size": size})
                 for size in (1, 2, 4, 6, 8)]
        made += [(kind, False, {"head.kind": kind, "circuit.qubits": 2 * n, "block.size": 8, "block.stride": 4})]
    made += [("mlp", (width, hidden) == (n, 16), {"head.kind": "mlp", "head.width": width, "head.hidden": hidden})
             for width, hidden in ((half, 1), (half, 2), (half, 4), (half, 8), (n, 1), (n, 2), (n, 4), (n, 8), (n, 16), (n, 32))]
    made += [("hybrid", size == n, {"head.kind": "hybrid", "circuit.qubits": size, "circuit.layers": 2}) for size in (half, n)]
    return [v for v in made if v[1]] if quick else made


def named(kind, settings):
    rest = [f"{key.split('.')[1]} {value}" for key, value in settings.items() if key != "head.kind" and key != "circuit.entangler"]
    return f"{kind}: {', '.join(rest)}"


def run(command, **options):
    done = subprocess.run(command, text=True, capture_output=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def compare_text(heads, form):
    rates = "[2e-2]" if form == "quick" else "[1e-2, 5e-2]"
    seeds = "[1]" if form == "quick" else "[1, 2]"
    text = f'config = "train.toml"\nfolder = "compare"\nseeds = {seeds}\nreference = {json.dumps(named(*heads[0][::2]))}\n'
    text += f'[splits]\nkind = "file"\n[tune]\ngrid = {{ "train.learning_rate" = {rates} }}\n'
    for kind, _, settings in heads:
        values = ", ".join(f'"{key}" = {json.dumps(value)}' for key, value in settings.items())
        text += f"[[variant]]\nname = {json.dumps(named(kind, settings))}\nset = {{ {values} }}\n"
    return text


def cell(qmtl, out, form, kind, depth, noise, samples, tasks, threads):
    """Makes one cell's data, compares the heads and sums up; a finished cell is only summed up."""
    folder = out / f"{kind}-{depth}-noise{noise}-n{samples}-T{tasks}"
    n = max(make.STRIDE * tasks, 2 * make.REGISTER)
    heads = variants(n, depth if kind == "circuit" else 2, form == "quick")
    result = folder / "compare" / "compare.json"
    if not result.exists():
        make.write(folder, *make.make(kind, depth, tasks, samples, noise, 1))
        run([qmtl, "import", "import.toml", "--out", "data.h5", "--quiet"], cwd=folder)
        (folder / "train.toml").write_text(TRAIN.format(n=n, depth=depth if kind == "circuit" else 2,
                                                        epochs=30 if form == "quick" else 150))
        (folder / "compare.toml").write_text(compare_text(heads, form))
        run([qmtl, "compare", "compare.toml", "--folder", "compare", "--quiet", "--threads", str(threads)], cwd=folder)
    found = {v["name"]: v for v in json.loads(result.read_text())["variants"]}
    rows = []
    for head, equal, settings in heads:
        variant = found[named(head, settings)]
        rows.append({"head": head, "name": variant["name"], "equal_width": equal, "parameters": variant["parameters"]["head"],
                     "backbone": variant["parameters"]["backbone"], "test": variant["summary"]["mean"]})
    return {"kind": kind, "depth": depth, "noise": noise, "samples": samples, "tasks": tasks, "rows": rows}


def needed(rows, head, best, epsilon):
    """The fewest parameters of a head whose score is within epsilon of the best; None where no size is."""
    within = [row["parameters"] for row in rows if row["head"] == head and row["test"] >= best - epsilon]
    return min(within) if within else None


def judge(found, epsilon):
    """What each kind of head needs, and how many times fewer the quantum head does than every classical control: a lower bound
    where a control never comes so close (then its largest size counts); None where the quantum head does not."""
    rows = found["rows"]
    best = max(row["test"] for row in rows)
    found["best"] = best
    found["needed"] = {head: needed(rows, head, best, epsilon) for head in QUANTUM + ("hybrid",) + CLASSICAL}
    quantum = found["needed"]["qmtl"]
    found["ratio"], found["bound"], found["untried"] = None, False, []
    if quantum is not None:
        controls = [(found["needed"][head] or max(row["parameters"] for row in rows if row["head"] == head),
                     found["needed"][head] is None) for head in CLASSICAL]
        reached = [count for count, never in controls if not never]
        fewest = min(reached) if reached else max(count for count, _ in controls)
        found["ratio"], found["bound"] = fewest / quantum, not reached
        found["untried"] = [head for head, (count, never) in zip(CLASSICAL, controls)
                            if head in GROWING and never and count < 4 * quantum]
    return found


def label(found):
    return f"{found['kind']} {found['depth']} | {found['noise']} | {found['samples']} | {found['tasks']}"


def place(found):
    return f"{found['kind']} {found['depth']} with noise {found['noise']}, {found['samples']} samples, T = {found['tasks']}"


def tables(cells, epsilon):
    heads = QUANTUM + ("hybrid",) + CLASSICAL
    lines = ["Test accuracy at equal width (labels of the test rows are without noise; the ceiling is 1):", "",
             "| rule | noise | samples | T | " + " | ".join(heads) + " |", "|---|---:|---:|---:|" + "---:|" * len(heads)]
    for found in cells:
        scores = {row["head"]: row["test"] for row in found["rows"] if row["equal_width"]}
        lines.append(f"| {label(found)} | " + " | ".join(f"{scores[head]:.3f}" for head in heads) + " |")
    lines += ["", f"Fewest head parameters within {epsilon} of the best head of any size (–: no size tried is), and how many times "
              "fewer `qmtl` needs than the classical control (from linear on) that needs fewest (≥: no classical control comes so "
              "close, and the largest size counts):", "",
              "| rule | noise | samples | T | best | " + " | ".join(heads) + " | times fewer |",
              "|---|---:|---:|---:|---:|" + "---:|" * (len(heads) + 1)]
    for found in cells:
        counts = ["–" if found["needed"][head] is None else str(found["needed"][head]) for head in heads]
        ratio = "–" if found["ratio"] is None else ("≥ " if found["bound"] else "") + f"{found['ratio']:.2g}"
        lines.append(f"| {label(found)} | {found['best']:.3f} | " + " | ".join(counts) + f" | {ratio} |")
    return lines + ["", statement(cells)]


def statement(cells):
    """Which cells are ahead by 4 times; apart those in which a control that might grow was not tried at so many parameters."""
    ahead = [found for found in cells if found["ratio"] is not None and found["ratio"] >= 4]
    shown = [found for found in ahead if not found["untried"]]
    open_ = [found for found in ahead if found["untried"]]
    text = (f"In {len(shown)} of the {len(cells)} cells" if shown else f"In none of the {len(cells)} cells")
    text += " it is shown that the quantum head needs at least 4 times fewer parameters than every classical control"
    text += (": " + "; ".join(map(place, shown)) if shown else "") + "."
    if open_:
        heads = sorted({head for found in open_ for head in found["untried"]})
        text += (f" In {len(open_)} it needs at least 4 times fewer than every control that comes so close, but {', '.join(heads)} was not "
                 "tried at 4 times its parameters, so that they are undecided: " + "; ".join(map(place, open_)) + ".")
    without = [found for found in ahead if (found["needed"]["no entangler"] or 10 ** 9) <= found["needed"]["qmtl"]]
    if ahead:
        text += f" In {len(without)} of these {len(ahead)} a circuit without entanglement needs no more."
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qmtl", default=os.environ.get("QMTL_PROGRAM", "build/release/qmtl"))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/planted"))
    parser.add_argument("--form", choices=sorted(FORMS), default="default")
    parser.add_argument("--epsilon", type=float, default=0.02)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    qmtl = os.path.abspath(given.qmtl)
    cells = []
    for kind, depths, noises, samples, tasks in FORMS[given.form]:
        for point in ((d, e, s, t) for t in tasks for d in depths for s in samples for e in noises):
            print(f"{kind} {point}", file=sys.stderr, flush=True)
            cells.append(judge(cell(qmtl, given.out, given.form, kind, *point, given.threads), given.epsilon))
    text = "\n".join(tables(cells, given.epsilon)) + "\n"
    (given.out / "map.json").write_text(json.dumps({"form": given.form, "epsilon": given.epsilon, "cells": cells}, indent=1) + "\n")
    (given.out / "map.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
