#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one more task costs, and what a second thread or rank gives.

    benchmarks/engine/scaling.py --qmtl build/release/qmtl [--config train.toml] [--out FILE.md]

Tasks: blocks of two layers RY RZ + CX ring on 4-qubit registers of 8 qubits, one readout each, batch 256; the cost of one
more is the slope between 64 and 256 tasks, given as a share of the shared stage alone (the same circuit with no gate in its
only block). Threads: each workload with 1 and 2 threads in alternating runs, the quietest of each. Ranks: samples per second
of `qmtl train` on 1 and 2 ranks of one thread."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def run_json(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    row = json.loads(done.stdout)
    return row[0] if isinstance(row, list) else row


def best(a, workload, threads, rounds=3):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(workload, file)
        file.flush()
        rows = [run_json([a.qmtl, "bench", "--workload", file.name, "--threads", str(threads), "--seconds", str(a.seconds),
                          "--json"]) for _ in range(rounds)]
    return min(row["us_per_sample_least"] for row in rows)


def tasks(a):
    base = {"n": 8, "Ls": 2, "Lt": 2, "m": 1, "B": 256, "local": 4}
    stage = best(a, {**base, "name": "stage", "Lt": 0, "T": 1}, 1)
    times = {t: best(a, {**base, "name": f"T{t}", "T": t}, 1) for t in (1, 64, 128, 256)}
    marginal = (times[256] - times[64]) / 192
    lines = ["| shared stage | 1 task | 64 tasks | 128 tasks | 256 tasks | one more task | of the shared stage |",
             "|---|---|---|---|---|---|---|",
             f"| {stage:.3g} us | {times[1]:.3g} us | {times[64]:.3g} us | {times[128]:.3g} us | {times[256]:.3g} us | "
             f"{1e3 * marginal:.1f} ns | {100 * marginal / stage:.1f} % |"]
    return lines


def threads(a):
    lines = ["| | 1 thread | 2 threads | speed-up |", "|---|---|---|---|"]
    for workload in json.loads(pathlib.Path(a.workloads).read_text()):
        # Enough samples for two units of work that are worth a thread.
        workload = {**workload, "B": max(256, workload["B"])}
        one = two = float("inf")
        for _ in range(3):
            one = min(one, best(a, workload, 1, 1))
            two = min(two, best(a, workload, 2, 1))
        lines.append(f"| {workload['name']} | {one:.3g} us | {two:.3g} us | {one / two:.2f} |")
        print(lines[-1], flush=True)
    return lines


def ranks(a):
    lines = ["| ranks | samples/s | speed-up |", "|---|---|---|"]
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    rates = {1: 0.0, 2: 0.0}
    for _ in range(3):
        for count in rates:
            with tempfile.TemporaryDirectory() as folder:
                row = run_json(["mpirun", "-n", str(count), "--oversubscribe", "--bind-to", "none", a.qmtl, "train", a.config,
                                "--threads", "1", "--json", "--quiet", "--set", f"run.folder={folder}/run"], env=environment)
            rates[count] = max(rates[count], row["samples_per_second"])
    for count, rate in rates.items():
        lines.append(f"| {count} | {rate:.3g} | {rate / rates[1]:.2f} |")
    return lines


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--qmtl", required=True)
    p.add_argument("--workloads", default=str(HERE / "workloads.json"))
    p.add_argument("--config", help="a configuration to train, for the ranks")
    p.add_argument("--seconds", type=float, default=0.5)
    p.add_argument("--out", help="write the tables there too")
    a = p.parse_args()
    a.qmtl = str(pathlib.Path(a.qmtl).resolve())
    parts = [("One more task", tasks(a)), ("Threads", threads(a))]
    if a.config:
        parts.append(("Ranks", ranks(a)))
    text = "\n".join(f"**{title}**\n\n" + "\n".join(lines) + "\n" for title, lines in parts)
    print(text)
    if a.out:
        pathlib.Path(a.out).write_text(text)


if __name__ == "__main__":
    main()
