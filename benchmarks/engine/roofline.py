#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where a step's time goes: floating-point rate against the FMA peak, cache traffic, and the kernels' shares.

    benchmarks/engine/roofline.py --qmtl build/release/qmtl [--w W3,W7] [--out FILE.md]

Time and peak: `qmtl bench` on one core. Operations: those of the plan's cost model (what the algorithm needs, not what is
issued). Instructions and cache misses: callgrind's simulated caches (32 KiB L1, 1 MiB L2, lines of 64 bytes), on the AVX2
kernels, since valgrind knows no AVX-512; only what happens inside Engine::vjp_sums is counted. Shares: perf's samples of
the run that was timed. perf and valgrind must be installed."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STEP = "qmtl::Engine<float>::vjp_sums(*"


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def bench(a, workload, seconds, *more):
    return ["taskset", "-c", a.core, a.qmtl, "bench", "--workload", a.workloads, "--name", workload, "--threads", "1",
            "--seconds", str(seconds), "--json", *more]


def timed(a, workload):
    row = json.loads(run(bench(a, workload, a.seconds)))
    return row[0] if isinstance(row, list) else row


def simulated(a, workload, folder):
    """Instructions, data references, L1 and L2 misses of one sample."""
    out = folder / "callgrind.out"
    printed = run(["valgrind", "--tool=callgrind", "--cache-sim=yes", f"--toggle-collect={STEP}", "--D1=32768,8,64",
                   "--LL=1048576,8,64", f"--callgrind-out-file={out}", a.qmtl, "bench", "--workload", a.workloads, "--name",
                   workload, "--threads", "1", "--seconds", "0", "--json"], env=dict(os.environ, TBB_NUM_THREADS="1"))
    row = json.loads(printed)
    row = row[0] if isinstance(row, list) else row
    text = out.read_text()
    events = re.search(r"^events: (.*)$", text, re.M).group(1).split()
    totals = dict(zip(events, map(int, re.search(r"^(?:summary|totals): (.*)$", text, re.M).group(1).split())))
    totals = {**dict.fromkeys(events, 0), **totals}  # zeros at the end of a line are left out
    # The timed steps, one before them and the one that is checked.
    samples = (row["repeats"] + 2) * row["samples"]
    return {"instructions": totals["Ir"] / samples, "references": (totals["Dr"] + totals["Dw"]) / samples,
            "l1": (totals["D1mr"] + totals["D1mw"]) / samples, "l2": (totals["DLmr"] + totals["DLmw"]) / samples}


def shares(a, workload, folder, most=5):
    data = folder / "perf.data"
    run(["perf", "record", "-q", "-F", "2000", "-o", str(data), *bench(a, workload, a.seconds)])
    report = run(["perf", "report", "-i", str(data), "--stdio", "-F", "overhead,symbol"])
    found = []
    for line in report.splitlines():
        match = re.match(r"\s*([\d.]+)%\s+\[.\]\s+(.*)", line)
        if not match or "FmaBurst" in line or "double" in line:
            continue
        name = re.sub(r"\(.*|<.*", "", match.group(2)).split("::")[-1].strip()
        found.append((name or "other", float(match.group(1))))
    merged = {}
    for name, share in found:
        merged[name] = merged.get(name, 0) + share
    top = sorted(merged.items(), key=lambda item: -item[1])[:most]
    return ", ".join(f"{name} {share:.0f} %" for name, share in top)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--qmtl", required=True)
    p.add_argument("--workloads", default=str(HERE / "workloads.json"))
    p.add_argument("--w", default="", help="names, default all")
    p.add_argument("--core", default="0")
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--out", help="write the table there too")
    a = p.parse_args()
    a.qmtl = str(pathlib.Path(a.qmtl).resolve())
    names = a.w.split(",") if a.w else [w["name"] for w in json.loads(pathlib.Path(a.workloads).read_text())]
    lines = ["| | plan | us/sample | kFLOP | of the FMA peak | instr. (AVX2) | L1 traffic | L2 traffic | time by function |",
             "|---|---|---|---|---|---|---|---|---|"]
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            row, cost, parts = timed(a, name), simulated(a, name, folder), shares(a, name, folder)
        rate = row["flops_per_sample"] / row["us_per_sample_least"] / 1e3
        lines.append(f"| {name} | {row['plan']} | {row['us_per_sample_least']:.3g} | {row['flops_per_sample'] / 1e3:.3g} | "
                     f"{100 * rate / row['peak_gflops']:.0f} % | {cost['instructions']:.3g} | "
                     f"{cost['l1'] * 64 / 1024:.3g} KiB | {cost['l2'] * 64 / 1024:.2g} KiB | {parts} |")
        print(lines[-1], flush=True)
    table = "\n".join(lines) + "\n"
    if a.out:
        pathlib.Path(a.out).write_text(table)


if __name__ == "__main__":
    main()
