# SPDX-License-Identifier: Apache-2.0
"""Races qmtl against other simulators on the same workloads, in one run, and checks every answer against the oracle.

    benchmarks/peers/setup                                    # once: build/peers-venv
    build/peers-venv/bin/python benchmarks/peers/race.py --qmtl build/release/qmtl [--w W1,W2] [--peers jax,qulacs]
                                                              [--threads 2] [--out FOLDER/NAME]

Every peer stays in a process of its own that compiled and was checked once; then rounds of qmtl and of every peer alternate,
so that a noisy machine hurts all alike, and the quietest round of each counts (its median). With one thread everything is
pinned to one core. --out writes NAME.jsonl (every row), NAME.md (tables) and NAME.svg (plot). Ends with 1 if an answer of
qmtl is wrong.
--race DIR adds peers from another folder with the same protocol (DIR/workloads.json, DIR/reference.py, DIR/peer_*.py, one
process a round), on the workloads that both have."""
import argparse
import json
import os
import pathlib
import select
import subprocess
import sys
import time

import circuits
import common
import oracle
import qmtl_program
import tables

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# peer -> (file, variants, largest batch: a loop over samples in Python costs the same a sample)
PEERS = {
    "jax": ("peer_jax.py", ("adjoint@0:scan", "adjoint@64:scan", "adjoint@0:unrolled", "adjoint@64:unrolled", "cones", "cones@64"),
            0),
    "tensorcircuit": ("peer_tensorcircuit.py", ("state", "network"), 0),
    "pennylane": ("peer_pennylane.py", ("backprop",), 0),
    "lightning": ("peer_pennylane.py", ("lightning",), 4),
    "qulacs": ("peer_qulacs.py", ("",), 8),
}
WIDE, WIDE_BATCH = 14, 2  # from so many qubits on peers that hold the full state get a batch that fits the memory
LONG_STEP = 5  # seconds; noise is no concern for longer ones, one round is enough
# Largest error, relative to the largest entry of its array, that single precision explains: the sums run over up to
# 2**n * B terms of rounding 6e-8 each; 1e-4 leaves room for 2**12 * 256 of them adding up at random.
TOLERANCE = 1e-4


def environment(threads):
    env = dict(os.environ, JAX_PLATFORMS="cpu", CUDA_VISIBLE_DEVICES="", NPROC=str(threads))
    for key in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
        env[key + "_NUM_THREADS"] = str(threads)
    if threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return env


class Contestant:
    """One variant of a peer on one workload, alive between rounds."""

    def __init__(self, peer, variant, w, a):
        file, _, batch = PEERS[peer]
        if w["n"] >= WIDE and not variant.startswith("cones"):
            batch = WIDE_BATCH
        command = [*a.pin, sys.executable, str(HERE / file), "--w", w["name"], "--variant", variant, "--serve"]
        command += ["--B", str(batch)] if batch else []
        command += ["--precision", "c128"] if peer == "qulacs" else []
        self.limit = a.limit
        self.process = subprocess.Popen(command, env=environment(a.threads), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.row = {"peer": peer, "variant": variant, "workload": w["name"], "T": w["T"], "threads": a.threads}
        self.row |= self.read()
        self.row["peer"] = peer

    def read(self):
        ready, _, _ = select.select([self.process.stdout], [], [], self.limit)
        line = self.process.stdout.readline() if ready else ""
        if line:
            return json.loads(line)
        self.process.kill()
        code = self.process.wait()
        return {"error": f"no answer within {self.limit} s" if not ready else f"ended with {code}"}

    def round(self, seconds):
        if "error" in self.row or self.row.get("median_s", 0) > LONG_STEP:
            return
        try:
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
            new = self.read()
        except BrokenPipeError:
            new = {"error": "ended"}
        if "error" in new or new["us_per_sample"] < self.row.get("us_per_sample", float("inf")):
            self.row |= new

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Outsider:
    """A peer of another race folder: checks itself, runs anew every round."""

    def __init__(self, file, variant, w, a):
        self.command = [*a.pin, sys.executable, str(pathlib.Path(a.race) / file), "--w", w["name"]]
        self.command += ["--variant", variant] if variant else []
        self.a = a
        self.row = {"peer": "race:" + pathlib.Path(file).stem.removeprefix("peer_"), "variant": variant,
                    "workload": w["name"], "T": w["T"], "threads": a.threads}

    def round(self, seconds):
        try:
            done = subprocess.run([*self.command, "--seconds", str(seconds)], env=environment(self.a.threads),
                                  capture_output=True, text=True, timeout=self.a.limit)
        except subprocess.TimeoutExpired:
            self.row.setdefault("error", f"no answer within {self.a.limit} s")
            return
        for line in done.stdout.splitlines():
            new = json.loads(line)
            if "error" in new or new["us_per_sample"] < self.row.get("us_per_sample", float("inf")):
                self.row |= {k: v for k, v in new.items() if k != "peer"}

    def close(self):
        pass


class Qmtl:
    """qmtl itself, started anew every round."""

    def __init__(self, w, a):
        self.w, self.a = w, a
        self.data, self.expected = circuits.inputs(w), oracle.cached(w, w["B"], common.CACHE)
        self.row = {"peer": "qmtl", "variant": "auto", "workload": w["name"], "T": w["T"], "threads": a.threads,
                    "extrapolated": False}

    def round(self, seconds):
        try:
            new = qmtl_program.bench(self.a.qmtl, self.w, self.data, self.expected, self.a.threads, seconds,
                                     plan=self.a.plan, pin=self.a.pin, limit=self.a.limit)
        except (qmtl_program.Failed, OSError) as e:
            self.row["error"] = str(e)
            return
        worst = max(new["rel_err"], self.row.get("rel_err", 0))
        if new["us_per_sample"] < self.row.get("us_per_sample", float("inf")):
            self.row |= new
        self.row |= {"rel_err": worst, "variant": self.row.get("plan", "auto")}

    def close(self):
        pass


def contestants(w, a):
    yield Qmtl(w, a)
    for peer in a.peers:
        for variant in PEERS[peer][1]:
            if variant.startswith("cones") and not circuits.has_uniform_cones(w):
                continue
            if variant.endswith("unrolled") and (w["T"] == 1 or w["n"] >= WIDE):
                continue
            yield Contestant(peer, variant, w, a)
    if a.race and w["name"] in a.outside:
        for item in a.race_peers.split(","):
            file, _, variant = item.partition(":")
            yield Outsider(file, variant, w, a)


def race_one(w, a):
    """Rows of all contestants on a workload."""
    running = list(contestants(w, a))
    try:
        for _ in range(a.rounds):
            for c in running:
                c.round(a.seconds)
    finally:
        for c in running:
            c.close()
    rows = [{**c.row, "n": w["n"], "B_full": w["B"]} for c in running]
    for row in rows:
        if "error" not in row and row["rel_err"] > TOLERANCE * (10 if w["n"] >= WIDE else 1):
            row["error"] = f"wrong: relative error {row['rel_err']:.1e}"
    return rows


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--qmtl", default=str(ROOT / "build" / "release" / "qmtl"), help="the program")
    p.add_argument("--plan", default="auto", help="plan of qmtl")
    p.add_argument("--peers", default=",".join(PEERS), help="default %(default)s")
    p.add_argument("--w", default="", help="workload names, default all")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--core", default="1", help="core for one thread")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=1, help="measuring time of each in each round")
    p.add_argument("--limit", type=int, default=300, help="seconds for compilation, check and a round")
    p.add_argument("--race", help="folder of another race with the same protocol")
    p.add_argument("--race-peers", default="peer_jax.py:adj,peer_jax.py:adjf,peer_jax.py:adj@32")
    p.add_argument("--out", help="writes OUT.jsonl, OUT.md and OUT.svg")
    p.add_argument("--table", nargs="+", help="only make the tables of these .jsonl files anew")
    a = p.parse_args()
    a.peers = [name for name in a.peers.split(",") if name]
    if set(a.peers) - set(PEERS):
        p.error(f"--peers: no {sorted(set(a.peers) - set(PEERS))}; there are {', '.join(PEERS)}")
    a.pin = ["taskset", "-c", a.core] if a.threads == 1 else []
    a.outside = []
    if a.race:
        a.race = str(pathlib.Path(a.race).resolve())
        a.outside = [w["name"] for w in json.loads((pathlib.Path(a.race) / "workloads.json").read_text())]
    return a


def main():
    a = parse()
    if a.table:
        rows = [json.loads(line) for file in a.table for line in open(file)]
    else:
        rows = []
        out = open(a.out + ".jsonl", "w") if a.out else None
        start = time.time()
        for w in circuits.workloads(a.w):
            new = race_one(w, a)
            rows += new
            print(tables.workload_lines(new), flush=True)
            if out:
                out.write("".join(json.dumps(row) + "\n" for row in new))
                out.flush()
        print(f"{time.time() - start:.0f} s\n")
    text = tables.race_markdown(rows)
    print(text)
    if a.out:
        pathlib.Path(a.out + ".md").write_text(text)
        tables.race_plot(rows, a.out + ".svg")
    sys.exit(any(row["peer"] == "qmtl" and "error" in row for row in rows))


if __name__ == "__main__":
    main()
