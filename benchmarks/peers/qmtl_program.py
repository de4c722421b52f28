# SPDX-License-Identifier: Apache-2.0
"""Runs `qmtl bench` on a workload, with given inputs and the answers it must find."""
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np

import circuits


class Failed(RuntimeError):
    pass


def peak_memory(pid):
    """Peak resident bytes of a running process so far; 0 once it has ended. (rusage would count its parent's memory.)"""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def call(command, pin=(), limit=None):
    """Standard output of a program as JSON, with the process's peak_memory_bytes. `pin` is put before it (taskset). Raises
    Failed with its message."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen([*pin, *(str(c) for c in command)], stdout=out, stderr=err)
        start, peak = time.monotonic(), 0
        while process.returncode is None:
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                peak = max(peak, peak_memory(process.pid))
            if limit and time.monotonic() - start > limit:
                process.kill()
                process.wait()
                raise Failed(f"no answer within {limit} s")
        out.seek(0), err.seek(0)
        if process.returncode:
            raise Failed(f"{pathlib.Path(command[0]).name} ended with {process.returncode}: {err.read()[-1500:].strip()}")
        return {**json.loads(out.read()), "peak_memory_bytes": peak}


def as_bench(w):
    """The workload in the words of `qmtl bench`: its own plain keys, else the tables [circuit] and [block]."""
    if circuits.plain(w):
        return {k: w[k] for k in ("name", "n", "Ls", "Lt", "T", "m", "local")}
    names = {"brickwork": "brickwork-cz"}
    gates = circuits.rotations(w)
    circuit = {"qubits": w["n"], "layers": w["Ls"], "rotations": gates, "upload": "ry",
               "entangler": names.get(w["entangler"], w["entangler"])}
    if w["upload"] == "every":
        circuit |= {"uploads": w["Ls"], "repeat_uploads": True}
    block = {"layers": w["Lt"], "rotations": gates, "order": w["order"], "outputs": [w["m"]] * w["T"],
             "entangler": names.get(w["block_entangler"], w["block_entangler"])}
    block |= {"placement": "local", "size": w["local"], "stride": w["stride"]} if w["local"] else {"placement": "global"}
    k = w["local"] or w["n"]
    strings = {"parity": [list(range(k))], "pairs": [[0, 1]]}  # further outputs are the first one, moved along the register
    block |= {"readout": "strings", "strings": strings[w["readout"]]} if w["readout"] in strings else {"readout": w["readout"]}
    return {"name": w["name"], "circuit": circuit, "block": block}


def bench(qmtl, w, data, expected, threads, seconds, precision="float", plan="auto", pin=(), limit=None):
    """One row of `qmtl bench` on a workload with given inputs (x, ws, wt, g) and expected answers (y, gx, gws, gwt), with
    max_err and rel_err as the peers name them."""
    text = lambda names, arrays: {k: np.asarray(v).ravel().tolist() for k, v in zip(names, arrays)}
    if circuits.plain(w):
        inputs, answers = text(("x", "ws", "wt", "g"), data), text(("y", "gx", "gws", "gwt"), expected)
    else:
        (x, ws, wt, g), (y, gx, gws, gwt) = data, expected
        # a configuration numbers the parameters of a layer rotation by rotation
        join = lambda *parts: np.concatenate([np.swapaxes(v, -1, -2).ravel() for v in parts])
        inputs, answers = text(("x", "params", "g"), (x, join(ws, wt), g)), text(("y", "gx", "gparams"), (y, gx, join(gws, gwt)))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "workload.json"
        file.write_text(json.dumps({**as_bench(w), "B": len(data[0]), "inputs": inputs, "expected": answers}))
        row = call([qmtl, "bench", "--workload", file, "--json", "--threads", threads, "--seconds", seconds,
                    "--precision", precision, "--plan", plan], pin, limit)
    return {**row, "max_err": row["max_error"], "rel_err": row["max_relative_error"]}
