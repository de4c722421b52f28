#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What running over ranks costs and gives: the tree beside MPI_Allreduce, 1 -> 2 ranks, a slow rank, how long a save stops
training, and a schedule up to 1,024 ranks.

    benchmarks/distributed/cost.py --build build/release [--out FILE.md] [--quick]

Prints a page of tables. The schedule takes units and bytes from `qmtl train --dry-run`, times of units and update as
measured here, and a link of latency alpha and bandwidth beta: rows of one exchange arrive one after the other.
"""

import argparse
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

CONFIGURATION = """
seed = 1
[data]
file = "data.h5"
[backbone]
layers = [{hidden}{{ type = "dense", width = 16 }}]
[head]
kind = "qmtl"
[circuit]
qubits = 16
layers = 1
[train]
batch = {batch}
epochs = {epochs}
[distributed]
shard = 16
task_groups = {groups}
"""
# name, batch, task groups, what it is
MODELS = (("small", 64, 1, "a default batch"), ("large", 16384, 4, "a large batch, four task groups"))
# name, hidden layers, batch, steps between saves, epochs
SAVED = (("small", (64,), 64, 500, 30), ("wide backbone", (1500, 1500), 256, 20, 2))
# name, alpha in s, beta in bytes/s
LINKS = (("10 Gbit/s Ethernet", 30e-6, 1.1e9), ("100 Gbit/s InfiniBand", 2e-6, 11e9))
TASKS, COLUMNS, ROWS = 8, 20, 20000


def run(command, folder=None):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    done = subprocess.run([str(part) for part in command], cwd=folder, env=environment, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def make_data(folder, qmtl, rows):
    generator = random.Random(1)
    lines = [",".join([f"x{i}" for i in range(COLUMNS)] + [f"t{i}" for i in range(TASKS)] + ["split"])]
    for row in range(rows):
        x = [generator.gauss(0, 1) for _ in range(COLUMNS)]
        labels = [str(int(x[t] + x[t + 1] > 0)) for t in range(TASKS)]
        lines.append(",".join([f"{v:.4f}" for v in x] + labels + ["validation" if row % 50 == 0 else "train"]))
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    description = f'file = "data.csv"\nheader = true\n[input.x]\ncolumns = ["x0..x{COLUMNS - 1}"]\n'
    for task in range(TASKS):
        description += f'[task.t{task}]\ncolumn = "t{task}"\nkind = "binary"\npositive = ["1"]\n'
    (folder / "import.toml").write_text(description + '[split]\ncolumn = "split"\n')
    run([qmtl, "import", "import.toml", "--out", "data.h5"], folder)


def write_config(folder, name, batch, groups, epochs, hidden=(64,)):
    path = folder / f"{name}-{epochs}.toml"
    layers = "".join(f'{{ type = "dense", width = {width}, activation = "tanh" }}, ' for width in hidden)
    path.write_text(CONFIGURATION.format(batch=batch, groups=groups, epochs=epochs, hidden=layers))
    return path


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def tree_against_plain(a, bench, folder):
    rows, steps = [], {}
    config = write_config(folder, *MODELS[0][:3], 1)
    cases = (("1 rank", 1, []), ("2 ranks, shared memory", 2, ["--bind-to", "core"]),
             ("2 ranks, TCP", 2, ["--bind-to", "core", "--mca", "btl", "tcp,self"]))
    for name, ranks, options in cases:
        found = json.loads(run(["mpirun", "-q", *options, "-n", ranks, bench, config, a.rounds]))
        for row in found["exchange"]:
            rows.append((name, f"{row['numbers']:,} numbers", f"{row['plain_us']:.1f}", f"{row['tree_us']:.1f}", f"{row['ratio']:.2f}"))
        step = steps[name] = found["step"]
        rows.append((name, f"**a whole step**, {step['units']} units", f"{step['plain_us']:.0f}", f"{step['tree_us']:.0f}",
                     f"**{step['ratio']:.2f}**"))
    return table(("ranks", "what", "plain sum, us", "tree, us", "ratio"), rows), steps


def speed(a, folder, name, batch, ranks, groups):
    """Samples per second of a training, the best of a few; a rank has one core, also for its saves, which are few."""
    config = write_config(folder, f"{name}-{batch}", batch, groups, 2 if a.quick else 30)
    return max(json.loads(run(["mpirun", "-q", "--bind-to", "core", "-n", ranks, a.qmtl, "train", config, "--json", "--quiet",
                               "--threads", 1, "--overwrite", "--set", f"run.folder={folder / 'run'}", "--set",
                               "checkpoint.every_epochs=0"]))["samples_per_second"] for _ in range(a.repeats))


def scaling(a, folder):
    rows = []
    for name, batch, groups, _ in MODELS:
        batch = min(batch, 1024)
        one = speed(a, folder, name, batch, 1, groups)
        strong = speed(a, folder, name, batch, 2, groups)
        weak = speed(a, folder, name, 2 * batch, 2, groups)
        rows.append((name, batch, f"{one:,.0f}", f"{strong:,.0f} ({strong / one / 2:.0%})", f"{weak:,.0f} ({weak / one / 2:.0%})"))
    return table(("model", "batch", "1 rank, samples/s", "2 ranks, same batch (efficiency)", "2 ranks, twice the batch"), rows)


def step_timings(run_folder):
    """Where the time of each step went, of a run with run.log_every = 1."""
    lines = map(json.loads, (run_folder / "metrics.jsonl").read_text().splitlines())
    return [line["timing"] for line in lines if line["kind"] == "step"]


def slow_rank(a, folder):
    """Milliseconds of a step while units still lie evenly, and after they were moved, with other programs on rank 1's core."""
    config = write_config(folder, "slow", 1024 if a.quick else 4096, 4, 8 if a.quick else 30)
    kept = folder / "slow"
    rows = []
    for others in (0, 1, 2):
        spin = [subprocess.Popen([sys.executable, "-c", "import os; os.sched_setaffinity(0, [1])\nwhile True: pass"])
                for _ in range(others)]
        try:
            run(["mpirun", "-q", "--bind-to", "core", "-n", 2, a.qmtl, "train", config, "--quiet", "--threads", 1, "--overwrite",
                 "--set", f"run.folder={kept}", "--set", "run.log_every=1"])
        finally:
            for process in spin:
                process.kill()
                process.wait()
        steps = [step for step in step_timings(kept) if step["phases"]["evaluate"]["max"] == 0]
        # The first cut comes after 4 steps, the next after 16.
        row = [others]
        for part in (steps[1:4], steps[17:]):
            milliseconds = statistics.mean(step["seconds"] for step in part) * 1e3
            slowest = sum(step["phases"]["compute"]["max"] for step in part)
            row += [f"{milliseconds:.3g}", f"{slowest / sum(step['phases']['compute']['mean'] for step in part):.2f}"]
        rows.append(row)
    return table(("other programs on the core of rank 1", "steps 2 to 4, ms", "slowest / mean", "from step 18 on, ms", "slowest / mean"), rows)


def saves(a, folder):
    """How long steps stop for a save, from the lines of single steps of a training that saves often."""
    rows = []
    for name, hidden, batch, every, epochs in SAVED:
        config = write_config(folder, f"saved-{name}", batch, 1, 1 if a.quick else epochs, hidden)
        kept = folder / f"saved-{name}"
        run([a.qmtl, "train", config, "--quiet", "--threads", 1, "--overwrite", "--set", f"run.folder={kept}", "--set",
             "run.log_every=1", "--set", f"checkpoint.every_steps={every}"])
        steps = step_timings(kept)
        stalls = [step["phases"]["save"]["max"] for step in steps if step["phases"]["save"]["max"] > 0] or [math.nan]
        rows.append((name, f"{(kept / 'checkpoints/last.h5').stat().st_size / 1e6:.2f} MB",
                     f"{statistics.median(step['seconds'] for step in steps) * 1e3:.3g}", len(stalls),
                     f"{statistics.median(stalls) * 1e3:.3g}", f"{max(stalls) * 1e3:.3g}",
                     f"**{statistics.median(stalls) / 60:.4%}**", f"{max(stalls) / 60:.4%}"))
    return table(("model", "checkpoint", "a step, ms", "saves", "stall a save, ms", "longest, ms", "of a minute", "longest"), rows)


def schedule(a, bench, folder):
    """Step time by rank count, one thread a rank: compute of the heaviest rank, exchange, update."""
    text = ""
    for name, batch, groups, about in MODELS:
        if a.quick:
            batch = min(batch, 1024)
        config = write_config(folder, name, batch, groups, 1)
        step = json.loads(run([bench, config, 5 if batch > 1000 else 50]))["step"]
        rows, best = [], {}
        for ranks in [2**k for k in range(11)]:
            plan = json.loads(run([a.qmtl, "train", config, "--dry-run", "--json", "--threads", 1, "--ranks", ranks]))
            compute = plan["units"] * step["unit_us"] * 1e-6 * max(rank["cost_share"] for rank in plan["per_rank"])
            received = max(rank["bytes_per_step"] for rank in plan["per_rank"])
            row = [ranks, max(r["units"][1] - r["units"][0] for r in plan["per_rank"]), f"{plan['imbalance']:.2f}", f"{compute * 1e3:.3g}"]
            for link, alpha, beta in LINKS:
                # One small exchange, then one message from each rank (by columns twice).
                messages = (2 if plan["exchange"] == "columns" else 1) * (ranks - 1) + math.ceil(math.log2(ranks)) if ranks > 1 else 0
                seconds = compute + messages * alpha + received / beta + step["update_us"] * 1e-6
                best.setdefault(link, []).append((ranks, seconds))
                first = best[link][0][1]
                row.append(f"{seconds * 1e3:.3g} ({first / seconds / ranks:.0%})")
            rows.append(row)
        text += f"**{name}** ({about}): batch {batch}, {plan['units']} units of {step['unit_us']:.0f} us, {plan['numbers']:,} numbers each.\n\n"
        text += table(["ranks", "units of the busiest", "imbalance", "compute, ms", *[f"step, ms ({link[0]})" for link in LINKS]], rows) + "\n"
        for link, times in best.items():
            efficient = max(ranks for ranks, seconds in times if times[0][1] / seconds / ranks >= 0.5)
            fastest = min(times, key=lambda entry: entry[1])
            text += f"- {link}: half of every rank's time is computing up to {efficient} ranks; fastest with {fastest[0]} " \
                    f"({fastest[1] * 1e3:.3g} ms a step). Beyond that " + \
                    ("ranks have no unit left.\n" if fastest[0] >= plan["units"] else "messages take longer than units that are moved away save.\n")
        text += "\n"
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    a = parser.parse_args()
    a.qmtl, bench = (a.build / "qmtl").resolve(), (a.build / "benchmarks/bench_distributed").resolve()
    a.rounds, a.repeats = (20, 1) if a.quick else (400, 3)
    with tempfile.TemporaryDirectory() as holder:
        folder = pathlib.Path(holder)
        make_data(folder, a.qmtl, 4000 if a.quick else ROWS)
        compared, _ = tree_against_plain(a, bench, folder)
        text = "### The tree beside MPI_Allreduce\n\n" + compared + "\n### From one rank to two\n\n" + scaling(a, folder)
        text += "\n### A slow rank\n\n" + slow_rank(a, folder)
        text += "\n### How long a save stops training\n\n" + saves(a, folder)
        text += "\n### Up to 1,024 ranks (simulated)\n\n" + schedule(a, bench, folder)
    if a.out:
        a.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
