# SPDX-License-Identifier: Apache-2.0
"""What every peer shares: its command line, the check against the oracle, the clock, one JSON line.

A peer gives build(w, inputs, precision, variant) -> step, where step() does one forward pass with its exact
vector-Jacobian product and returns (y, gx, gws, gwt), finished. Keys of the line: peer, variant, version, workload,
threads, precision, B, extrapolated (a smaller batch than the workload's), T, compile_s, max_err and rel_err against the
oracle, reps, median_s, min_s, us_per_sample (median), cpu_us_per_sample, peak_memory_bytes; or error."""
import argparse
import json
import os
import pathlib
import statistics
import sys
import time

import numpy as np

import circuits
import oracle
import qmtl_program

CACHE = os.environ.get("PEERS_CACHE", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "peers-oracle"))


def arguments(variants, precisions):
    p = argparse.ArgumentParser()
    p.add_argument("--w", default="", help="workload names, comma-separated; default all")
    p.add_argument("--list", help="file of workloads, default the project's")
    p.add_argument("--answers", help="write the answers to this .npz instead of checking them: the caller does")
    p.add_argument("--variant", default=",".join(variants))
    p.add_argument("--precision", default=precisions[0], choices=precisions)
    p.add_argument("--seconds", type=float, default=2, help="measuring time")
    p.add_argument("--B", type=int, default=0, help="a smaller batch")
    p.add_argument("--serve", action="store_true",
                   help="after the check wait for lines `SECONDS` on the standard input and measure once for each")
    return p.parse_args()


def errors(found, expected):
    """Largest absolute difference, and largest relative to the largest entry of its array. Not-a-number is infinite."""
    absolute = relative = 0.0
    for a, b in zip(found, expected, strict=True):
        a = np.asarray(a)
        if a.shape != b.shape:
            raise ValueError(f"expected an answer of shape {b.shape}, found {a.shape}")
        if b.size:
            d = np.abs(a - b).max()
            d = float(d) if np.isfinite(d) else float("inf")
            absolute, relative = max(absolute, d), max(relative, d / max(np.abs(b).max(), 1e-300))
    return absolute, relative


def measure(step, seconds):
    """Repeats step for the time given, at least 5 times unless one takes very long."""
    wall, cpu = [], []
    while (len(wall) < 5 and sum(wall) < 10 * seconds + 1) or (sum(wall) < seconds and len(wall) < 100000):
        t0, c0 = time.perf_counter(), time.process_time()
        step()
        wall.append(time.perf_counter() - t0)
        cpu.append(time.process_time() - c0)
    return {"reps": len(wall), "median_s": statistics.median(wall), "min_s": min(wall), "cpu_s": statistics.median(cpu)}


def per_sample(times, B):
    return {**times, "us_per_sample": round(times["median_s"] / B * 1e6, 4),
            "cpu_us_per_sample": round(times["cpu_s"] / B * 1e6, 4),
            "peak_memory_bytes": qmtl_program.peak_memory(os.getpid())}


def main(peer, version, build, variants=("",), precisions=("c64",)):
    a = arguments(variants, precisions)
    for w in circuits.workloads(a.w, [a.list]) if a.list else circuits.workloads(a.w):
        for variant in a.variant.split(","):
            B = min(a.B or w["B"], w["B"])
            line = {"peer": peer, "variant": variant, "version": version, "workload": w["name"],
                    "threads": int(os.environ.get("OMP_NUM_THREADS", 0)), "precision": a.precision, "B": B,
                    "extrapolated": B < w["B"], "T": w["T"]}
            try:
                t0 = time.perf_counter()
                step = build(w, circuits.inputs(w, B), a.precision, variant)
                answers = step()
                line["compile_s"] = round(time.perf_counter() - t0, 3)
                if a.answers:
                    np.savez(a.answers, *(np.asarray(v) for v in answers))
                else:
                    absolute, relative = errors(answers, oracle.cached(w, B, CACHE))
                    line |= {"max_err": float(f"{absolute:.2e}"), "rel_err": float(f"{relative:.2e}")}
                step()
                if not a.serve:
                    line |= per_sample(measure(step, a.seconds), B)
            except Exception as e:  # a peer that cannot is a result, not the end of the race
                line["error"] = f"{type(e).__name__}: {e}"[:400]
            print(json.dumps(line), flush=True)
            if a.serve and "error" not in line:
                for seconds in sys.stdin:
                    print(json.dumps(per_sample(measure(step, float(seconds)), B)), flush=True)
