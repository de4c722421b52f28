# SPDX-License-Identifier: Apache-2.0
"""Wide models: T tasks on 2 T qubits (CZ line, registers of 4 qubits with stride 2, Ls shared layers), forward and full
gradient of 256 samples, by every plan of qmtl that can and by hand-written causal cones in JAX; and what other simulators do
when they are asked for the whole circuit.

    build/peers-venv/bin/python benchmarks/peers/wide.py --qmtl build/release/qmtl [--out FOLDER/NAME] [--T 64,128] [--Ls 1,2]

Each size: the answers of JAX (outputs, gradients of angles, shared and task parameters) must equal those of every plan; a
small model (6 tasks, 12 qubits) is checked against the full statevector of the oracle first. Memory is the peak of the whole
process: for qmtl with inputs and expected answers as JSON, for JAX with its runtime. --out writes NAME.jsonl, NAME.md and
NAME.svg. Ends with 1 if answers differ."""
import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
from scipy import stats

import circuits
import common
import oracle
import qmtl_program
import race
import tables

HERE = pathlib.Path(__file__).resolve().parent
LIBRARIES = ("jax", "tensorcircuit", "pennylane", "lightning", "qulacs")
# Both sides round to single precision; their angle and parameter gradients are sums of up to 256 x 8 terms of about 1.
TOLERANCE = 1e-4


def workload(T, Ls, B):
    return circuits.complete({
        "name": f"L{Ls}T{T}", "n": 2 * T, "Ls": Ls, "Lt": 1, "T": T, "m": 1, "B": B, "local": 4, "stride": 2,
        "entangler": "cz-line", "block_entangler": "none", "rotations": "ry", "upload": "first", "readout": "mean"})


def by_qmtl(a, w, data, expected, plan):
    row = {"who": "qmtl " + plan, "Ls": w["Ls"], "T": w["T"], "B": w["B"], "threads": a.threads}
    try:
        new = qmtl_program.bench(a.qmtl, w, data, expected, a.threads, a.seconds, plan=plan, pin=a.pin, limit=a.limit)
    except qmtl_program.Failed as e:
        return {**row, "error": str(e)}
    if not new["rel_err"] < TOLERANCE:
        return {**row, "error": f"answers differ by {new['rel_err']:.1e}"}
    return {**row, "seconds": new["us_per_sample"] * w["B"] / 1e6, "memory": new["peak_memory_bytes"], "rel_err": new["rel_err"]}


class Cones:
    """The cones in JAX, alive between rounds; its answers in .answers."""

    def __init__(self, a, w, variant, folder):
        (folder / "list.json").write_text(json.dumps([w]))
        command = [*a.pin, sys.executable, HERE / "peer_jax.py", "--list", folder / "list.json", "--variant", variant,
                   "--serve", "--answers", folder / "answers.npz"]
        self.process = subprocess.Popen([str(c) for c in command], env=race.environment(a.threads), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.row = {"who": "JAX cones", "variant": variant, "Ls": w["Ls"], "T": w["T"], "B": w["B"], "threads": a.threads}
        first = json.loads(self.process.stdout.readline() or '{"error": "ended"}')
        if "error" in first:
            raise RuntimeError(f"JAX cones: {first['error']}")
        with np.load(folder / "answers.npz") as data:
            self.answers = list(data.values())

    def round(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        new = json.loads(self.process.stdout.readline())
        self.row["seconds"] = min(new["median_s"], self.row.get("seconds", float("inf")))
        self.row["memory"] = new["peak_memory_bytes"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def one_size(a, T, Ls):
    w, rows = workload(T, Ls, a.B), []
    data = circuits.inputs(w)
    with tempfile.TemporaryDirectory() as folder:
        cones = Cones(a, w, f"cones@{a.chunk[Ls]}", pathlib.Path(folder))
        best = {}
        for _ in range(a.rounds):
            cones.round(a.seconds)
            for plan in a.plans:
                row = by_qmtl(a, w, data, cones.answers, plan)
                old = best.get(plan)
                if old is None or "error" in row or row["seconds"] < old.get("seconds", 0):
                    best[plan] = row
        cones.close()
    rows = [*best.values(), cones.row]
    for r in rows:
        print(f"Ls {Ls}  T {T:5d}  {r['who']:14s}" + (f"{r['seconds']:10.4f} s a step  {r['memory'] / 2**20:8.0f} MiB"
              if "seconds" in r else "  " + r["error"]), flush=True)
    return rows


def small_check(a, Ls):
    """Both sides against the oracle's full statevector, 12 qubits."""
    w = workload(6, Ls, 16)
    data = circuits.inputs(w)
    expected = oracle.step(w, *data)
    with tempfile.TemporaryDirectory() as folder:
        cones = Cones(a, w, "cones", pathlib.Path(folder))
        cones.close()
    worst = {"JAX cones": common.errors(cones.answers, expected)[1]}
    for plan in a.plans:
        worst["qmtl " + plan] = qmtl_program.bench(a.qmtl, w, data, expected, 1, 0.01, plan=plan)["rel_err"]
    print(f"Ls {Ls}: 6 tasks on 12 qubits, relative error to the full statevector:",
          ", ".join(f"{k} {v:.1e}" for k, v in worst.items()), flush=True)
    return all(v < TOLERANCE for v in worst.values())


def whole_circuit(library, n, limit_gb):
    """What a library does with the full circuit: its own last words."""
    done = subprocess.run([sys.executable, str(HERE / "full_state.py"), library, str(n), str(limit_gb)],
                          capture_output=True, text=True, timeout=600)
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if "rror:" in line or "what():" in line]
    if done.returncode < 0 and not errors:
        errors = [f"killed by signal {-done.returncode}"]
    said = (errors or lines or ["nothing"])[-1] if done.returncode else "ended without an error: " + done.stdout.strip()
    return {"who": library, "qubits": n, "state_bytes": f"8 x 2^{n}, 1e{math.log10(2) * (n + 3):.0f}", "limit_gb": limit_gb, "says": re.sub(r"(2, |Error dispatching computation: ){3,}", r"\1... \1", said)[:200]}


def slopes(rows):
    """[(Ls, who, slope of log time over log T, half width of its 95 % interval, points)]."""
    out = []
    for Ls, who in dict.fromkeys((r["Ls"], r["who"]) for r in rows if "seconds" in r):
        points = [(r["T"], r["seconds"]) for r in rows if (r["Ls"], r["who"]) == (Ls, who) and "seconds" in r]
        if len(points) >= 3:
            fit = stats.linregress(*np.log(np.array(points)).T)
            out.append((Ls, who, fit.slope, stats.t.ppf(0.975, len(points) - 2) * fit.stderr, len(points)))
    return out


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--qmtl", default=str(race.ROOT / "build" / "release" / "qmtl"))
    p.add_argument("--T", default="64,128,256,512,1024")
    p.add_argument("--Ls", default="1,2,3")
    p.add_argument("--B", type=int, default=256)
    p.add_argument("--plans", default="pauli,cones")
    p.add_argument("--chunk", default="1:0,2:32,3:64", help="samples a chunk of the JAX cones for each Ls (0: all)")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--core", default="1")
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--limit", type=int, default=900)
    p.add_argument("--memory", type=float, default=8, help="GiB of address space for the libraries' full circuits")
    p.add_argument("--out")
    p.add_argument("--table", nargs="+", help="only make the tables of these .jsonl files anew")
    a = p.parse_args()
    a.pin = ["taskset", "-c", a.core] if a.threads == 1 else []
    a.plans = a.plans.split(",")
    a.chunk = {int(k): int(v) for k, v in (item.split(":") for item in a.chunk.split(","))}
    return a


def main():
    a = parse()
    good = True
    if a.table:
        everything = [json.loads(line) for file in a.table for line in open(file)]
    else:
        layers = [int(v) for v in a.Ls.split(",")]
        good = all([small_check(a, Ls) for Ls in layers])
        everything = [row for Ls in layers for T in map(int, a.T.split(",")) for row in one_size(a, T, Ls)]
        everything += [whole_circuit(library, n, a.memory) for library in LIBRARIES for n in (40, 2048)]
        if a.out:
            pathlib.Path(a.out + ".jsonl").write_text("".join(json.dumps(r) + "\n" for r in everything))
    rows, libraries = [r for r in everything if "T" in r], [r for r in everything if "says" in r]
    text = tables.wide_markdown(rows, slopes(rows), libraries)
    print(text)
    if a.out:
        pathlib.Path(a.out + ".md").write_text(text)
        tables.wide_plot(rows, slopes(rows), a.out + ".svg")
    sys.exit(not good or any("error" in r for r in rows))


if __name__ == "__main__":
    main()
