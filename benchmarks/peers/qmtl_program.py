"""Runs qmtl on a workload: `qmtl bench` where it can express it, the explicit circuit through `bench_circuit` elsewhere."""
import json
import pathlib
import subprocess
import tempfile

import numpy as np

import circuits


class Failed(RuntimeError):
    pass


def call(command, limit=None):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=limit)
    if done.returncode:
        raise Failed(f"{pathlib.Path(command[0]).name} ended with {done.returncode}: {done.stderr[-1500:].strip()}")
    return json.loads(done.stdout)


def bench(qmtl, w, data, expected, threads, seconds, precision="float", plan="auto", limit=None):
    """`qmtl bench` on a plain workload with given inputs (x, ws, wt, g) and expected answers (y, gx, gws, gwt)."""
    keys = ("name", "n", "Ls", "Lt", "T", "m", "local")
    file_of = {**{k: w[k] for k in keys}, "B": len(data[0]),
               "inputs": dict(zip(("x", "ws", "wt", "g"), (v.ravel().tolist() for v in data))),
               "expected": dict(zip(("y", "gx", "gws", "gwt"), (v.ravel().tolist() for v in expected)))}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "workload.json"
        file.write_text(json.dumps(file_of))
        return call([qmtl, "bench", "--workload", file, "--json", "--threads", threads, "--seconds", seconds,
                     "--precision", precision, "--plan", plan], limit)


def run_circuit(program, circuit, data, threads, seconds, precision="float", plan="auto", limit=None):
    """bench_circuit on an explicit circuit; data = (params, x, g[B, outputs]). Returns its JSON and (y, gx, gp)."""
    params, x, g = (np.ascontiguousarray(v, "<f8") for v in data)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "circuit.json").write_text(json.dumps(circuits.as_json(circuit)))
        (folder / "data").write_bytes(params.tobytes() + x.tobytes() + g.tobytes())
        row = call([program, folder / "circuit.json", folder / "data", folder / "answers", "--threads", threads,
                    "--seconds", seconds, "--precision", precision, "--plan", plan], limit)
        answers = np.fromfile(folder / "answers", "<f8")
    y, gx, gp = np.split(answers, np.cumsum([g.size, x.size]))
    return row, (y.reshape(g.shape), gx.reshape(x.shape), gp)


def run_workload(qmtl, bench_circuit, w, data, expected, threads, seconds, **more):
    """One row {us_per_sample, plan, max_err, rel_err, ...} of qmtl on a workload, its answers checked."""
    from common import errors
    if circuits.plain(w):
        row = bench(qmtl, w, data, expected, threads, seconds, **more)
        row["max_err"], row["rel_err"] = row["max_error"], row["max_relative_error"]
        return row
    x, ws, wt, g = data
    params = np.concatenate([ws.ravel(), wt.ravel()])
    row, (y, gx, gp) = run_circuit(bench_circuit, circuits.circuit(w), (params, x, g.reshape(len(x), -1)), threads,
                                   seconds, **more)
    answers = (y.reshape(g.shape), gx, gp[: ws.size].reshape(ws.shape), gp[ws.size:].reshape(wt.shape))
    row["max_err"], row["rel_err"] = errors(answers, expected)
    return row
