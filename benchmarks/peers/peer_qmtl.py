# SPDX-License-Identifier: Apache-2.0
"""qmtl as one more peer of another race: a folder with workloads.json (the plain keys) and reference.py, which has
inputs(w, B) -> (x, ws, wt, g) and step(w, x, ws, wt, g) -> (y, gx, gws, gwt). Prints the JSON line that its peers print.

    QMTL=build/release/qmtl python peer_qmtl.py --race DIR --w W1,W3 --seconds 2

Without --race the folder of this file is taken if it holds a reference.py, else this project's workloads and oracle.
Threads: OMP_NUM_THREADS, as for the other peers. qmtl checks its answers and takes the time itself."""
import argparse
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import qmtl_program


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--qmtl", default=os.environ.get("QMTL", str(HERE.parents[1] / "build" / "release" / "qmtl")))
    p.add_argument("--race", default=str(HERE) if (HERE / "reference.py").exists() else "")
    p.add_argument("--w", default="")
    p.add_argument("--variant", default="auto", help="plans: auto, state, operators, cones, ...")
    p.add_argument("--precision", default="c64", choices=("c64", "c128"))
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--B", type=int, default=0)
    a = p.parse_args()
    if a.race:
        sys.path.insert(0, a.race)
        import reference
        every, inputs, answers = json.loads((pathlib.Path(a.race) / "workloads.json").read_text()), reference.inputs, reference.step
    else:
        import circuits
        import oracle
        every, inputs, answers = [w for w in circuits.workloads() if circuits.plain(w)], circuits.inputs, oracle.step
    threads = int(os.environ.get("OMP_NUM_THREADS", 1))
    for w in every:
        if a.w and w["name"] not in a.w.split(","):
            continue
        for plan in a.variant.split(","):
            B = min(a.B or w["B"], w["B"])
            line = {"peer": "qmtl", "variant": plan, "version": "", "workload": w["name"], "threads": threads,
                    "precision": a.precision, "B": B, "extrapolated": B < w["B"], "T": w["T"]}
            try:
                data = inputs(w, B)
                t0 = time.perf_counter()
                row = qmtl_program.bench(a.qmtl, w, data, answers(w, *data), threads, a.seconds,
                                         "float" if a.precision == "c64" else "double", plan)
                line |= {"variant": row["plan"], "compile_s": round(time.perf_counter() - t0 - a.seconds, 3),
                         "max_err": float(f"{row['max_error']:.2e}"),
                         "rel_err": float(f"{row['max_relative_error']:.2e}"), "reps": row["repeats"],
                         "median_s": row["us_per_sample"] * B / 1e6, "min_s": row["us_per_sample_least"] * B / 1e6,
                         "us_per_sample": round(row["us_per_sample"], 4),
                         "cpu_us_per_sample": round(row["us_per_sample"] * threads, 4)}
            except (qmtl_program.Failed, OSError) as e:
                line["error"] = str(e)[:400]
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
