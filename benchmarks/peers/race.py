"""Races qmtl against other simulators on the same workloads, in one run, and checks every answer.

    python3 race.py --qmtl build/release/qmtl --race DIR --python VENV/bin/python [--w W1,W2] [--threads 1]

DIR holds the peers (peer_jax.py, ...), the workloads and the independent oracle reference.py; VENV has their
requirements (numpy, jax). Rounds of qmtl and of each peer alternate, so that a noisy machine hurts both; the quietest
round of each counts. Prints microseconds per sample, the ratio, and qmtl's largest error against the oracle."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ORACLE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import reference as ref
w = json.loads(sys.argv[2])
data = ref.inputs(w, w["B"])
answers = ref.step(w, *data)
w["inputs"] = {k: v.ravel().tolist() for k, v in zip("x ws wt g".split(), data)}
w["expected"] = {k: v.ravel().tolist() for k, v in zip("y gx gws gwt".split(), answers)}
json.dump(w, open(sys.argv[3], "w"))
"""


def run_json(command, env, core, threads):
    pin = ["taskset", "-c", core] if threads == 1 else []
    done = subprocess.run(pin + command, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--qmtl", required=True, help="the program")
    p.add_argument("--race", required=True, help="folder with reference.py, workloads.json and peer_*.py")
    p.add_argument("--python", default=sys.executable, help="interpreter with the peers' requirements")
    p.add_argument("--peers", default="peer_jax.py:adj,peer_jax.py:adjf,peer_jax.py:adj@32")
    p.add_argument("--w", default="", help="names, default all")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--core", default="1")
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--out", help="write the rows as JSON lines")
    a = p.parse_args()

    race = pathlib.Path(a.race).resolve()
    env = dict(os.environ, JAX_PLATFORMS="cpu")
    for key in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
        env[key + "_NUM_THREADS"] = str(a.threads)
    env["NPROC"] = str(a.threads)
    if a.threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

    rows = []
    print(f"{'':5s}{'qmtl':>10s}  {'peer us/sample':>32s}{'ratio':>8s}{'max err':>10s}{'rel err':>10s}"
          f"{'peak GFLOP/s':>14s}{'peak kFLOP/sample':>19s}")
    with tempfile.TemporaryDirectory() as folder:
        for w in json.loads((race / "workloads.json").read_text()):
            if a.w and w["name"] not in a.w.split(","):
                continue
            file = str(pathlib.Path(folder) / (w["name"] + ".json"))
            subprocess.run([a.python, "-c", ORACLE, str(race), json.dumps(w), file], check=True)
            best, peers = None, {}
            for _ in range(a.rounds):
                out = run_json([a.qmtl, "bench", "--workload", file, "--threads", str(a.threads), "--json",
                                "--seconds", str(a.seconds)], env, a.core, a.threads)
                row = json.loads(out)
                if best is None or row["us_per_sample"] < best["us_per_sample"]:
                    best = row
                for peer in a.peers.split(","):
                    script, _, variant = peer.partition(":")
                    command = [a.python, str(race / script), "--w", w["name"], "--seconds", str(a.seconds)]
                    command += ["--variant", variant] if variant else []
                    for line in run_json(command, env, a.core, a.threads).splitlines():
                        r = json.loads(line)
                        if "us_per_sample" in r:
                            name = r["peer"] + " " + r["variant"]
                            peers[name] = min(peers.get(name, 1e99), r["us_per_sample"])
            fastest = min(peers, key=peers.get)
            ratio = peers[fastest] / best["us_per_sample"]
            rows.append({**best, "peers": peers, "ratio": ratio})
            print(f"{w['name']:5s}{best['us_per_sample']:10.3f}  {fastest:>20s}{peers[fastest]:12.2f}{ratio:8.1f}"
                  f"{best['max_error']:10.1e}{best['max_relative_error']:10.1e}{best['peak_gflops']:14.1f}"
                  f"{best['peak_kflop_per_sample']:19.1f}", flush=True)
    if a.out:
        pathlib.Path(a.out).write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
