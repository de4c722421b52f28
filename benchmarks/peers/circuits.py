# SPDX-License-Identifier: Apache-2.0
"""Workloads: what is raced, as a few numbers (workloads.json) and as an explicit list of gates.

A workload is a JSON object with
  name; n qubits; Ls shared layers; T tasks with Lt block layers each on their register; m outputs a task; B samples;
  local         0: every register is all qubits; k: the k qubits from (t stride) mod n, wrapping
and, where it is not one of the plain ones,
  stride        distance of registers, default k
  rotations     "ry+rz" (default) or "ry": the trainable rotations of every layer, shared and block
  upload        "every" (default): RY(x_q) before the rotations of every shared layer; "first": of the first only
  entangler     "cx-ring" (default), "cz-ring", "cz-line", "brickwork" (CZ, pairs from l mod 2) or "none"
  block_entangler, order   of the blocks: default the same entangler, "re" (rotations, then entangler) or "er"
  readout       "first" (default): Z of the register's first m qubits; "mean": the mean of its Z; "parity": the product of
                its Z; "pairs": Z Z of m neighbouring pairs
Arrays: x[B][n] angles, ws[Ls][n][R], wt[T][Lt][k][R] parameters (R = 2 or 1 rotations), g[B][T][m] cotangents.
A rotation turns by exp(-i a P / 2).
"""
import json
import pathlib
from dataclasses import dataclass

import numpy as np

HERE = pathlib.Path(__file__).parent
DEFAULTS = {"local": 0, "rotations": "ry+rz", "upload": "every", "entangler": "cx-ring", "order": "re", "readout": "first"}
KEYS = {"name", "n", "Ls", "Lt", "T", "m", "B", "stride", "block_entangler", *DEFAULTS}


@dataclass(frozen=True)
class Op:
    """One gate. `source` is "x" (column `index` of the sample's angles), "p" (parameter `index`, ws then wt) or None."""
    gate: str
    qubits: tuple
    source: str = None
    index: int = -1


@dataclass(frozen=True)
class Block:
    """A task: gates on its register after the shared stage, and outputs [[(qubits of a Z-string, weight)]]."""
    qubits: tuple
    ops: tuple
    outputs: tuple


@dataclass(frozen=True)
class Circuit:
    qubits: int
    angles: int
    params: int
    shared: tuple
    blocks: tuple


def complete(w):
    """The workload with every default filled in. Raises ValueError that names an unknown key or value."""
    unknown = set(w) - KEYS
    if unknown:
        raise ValueError(f"workload {w.get('name')}: unknown keys {sorted(unknown)}; known: {sorted(KEYS)}")
    w = {**DEFAULTS, **w}
    w.setdefault("stride", w["local"] or w["n"])
    w.setdefault("block_entangler", w["entangler"])
    if w["readout"] in ("mean", "parity") and w["m"] != 1:
        raise ValueError(f"workload {w['name']}: readout {w['readout']} has one output, found m = {w['m']}")
    return w


def plain(w):
    """True if the workload is one of the short form that `qmtl bench` shares with other races."""
    w = complete(w)
    k = w["local"] or w["n"]
    usual = all(w[key] == value for key, value in DEFAULTS.items() if key != "local")
    return usual and w["block_entangler"] == "cx-ring" and w["stride"] == k and w["n"] % k == 0 and w["n"] <= 20


def has_uniform_cones(w):
    """True for local registers under CZ entanglers with RY rotations and one upload: every register's causal cone is then
    the same small circuit, and few tasks share one."""
    w = complete(w)
    k = w["local"]
    return bool(k) and w["entangler"] in ("cz-line", "cz-ring") and w["rotations"] == "ry" and w["upload"] == "first" \
        and w["block_entangler"] == "none" and w["readout"] == "mean" and w["n"] > k + 2 * w["Ls"]


def workloads(names="", files=(HERE.parent / "engine" / "workloads.json", HERE / "workloads.json")):
    """The named workloads (comma-separated; empty: all) of the project's lists, in their order."""
    lists = [json.loads(pathlib.Path(file).read_text()) for file in files]
    every = [complete(w) for some in lists for w in some if "circuit" not in w]  # others are the program's own
    chosen = names.split(",") if names else [w["name"] for w in every]
    missing = set(chosen) - {w["name"] for w in every}
    if missing:
        raise ValueError(f"no workload {sorted(missing)}; there are {[w['name'] for w in every]}")
    return [w for w in every if w["name"] in chosen]


def register(w, t):
    """Qubits of task t."""
    k = w["local"] or w["n"]
    return tuple((t * w["stride"] + i) % w["n"] for i in range(k))


def rotations(w):
    return w["rotations"].split("+")


def pairs(entangler, qubits, layer):
    """Two-qubit gates of one entangler as pairs (control, target), in order. CZ gates commute: even pairs come first, so
    that the circuit has the depth a device would give it."""
    k = len(qubits)
    if entangler == "none" or k < 2:
        return []
    if entangler == "cx-ring":
        return [(qubits[i], qubits[(i + 1) % k]) for i in range(k)]
    if entangler == "brickwork":
        return [(qubits[i], qubits[i + 1]) for i in range(layer % 2, k - 1, 2)]
    if entangler in ("cz-ring", "cz-line"):
        count = k if entangler == "cz-ring" and k > 2 else k - 1
        order = [*range(0, count, 2), *range(1, count, 2)]
        return [(qubits[i], qubits[(i + 1) % k]) for i in order]
    raise ValueError(f"unknown entangler '{entangler}'")


def observables(w, qubits):
    """Outputs of a task: each a list of (qubits of the Z-string, weight)."""
    kind, m, k = w["readout"], w["m"], len(qubits)
    if kind == "first":
        return tuple((((q,), 1.0),) for q in qubits[:m])
    if kind == "mean":
        return (tuple(((q,), 1.0 / k) for q in qubits),)
    if kind == "parity":
        return (((qubits, 1.0),),)
    if kind == "pairs":
        return tuple((((qubits[i], qubits[(i + 1) % k]), 1.0),) for i in range(m))
    raise ValueError(f"unknown readout '{kind}'")


def circuit(w):
    """The workload as an explicit circuit."""
    n, names = w["n"], rotations(w)
    shared, index = [], 0
    for l in range(w["Ls"]):
        for q in range(n):
            if l == 0 or w["upload"] == "every":
                shared.append(Op("ry", (q,), "x", q))
            for name in names:
                shared.append(Op(name, (q,), "p", index))
                index += 1
        gate = "cx" if w["entangler"] == "cx-ring" else "cz"
        shared += [Op(gate, pair) for pair in pairs(w["entangler"], range(n), l)]
    blocks = []
    for t in range(w["T"]):
        qubits, ops = register(w, t), []
        for l in range(w["Lt"]):
            turn = []
            for q in qubits:
                for name in names:
                    turn.append(Op(name, (q,), "p", index))
                    index += 1
            gate = "cx" if w["block_entangler"] == "cx-ring" else "cz"
            tangle = [Op(gate, pair) for pair in pairs(w["block_entangler"], qubits, l)]
            ops += turn + tangle if w["order"] == "re" else tangle + turn
        blocks.append(Block(qubits, tuple(ops), observables(w, qubits)))
    return Circuit(n, n, index, tuple(shared), tuple(blocks))


def inputs(w, B=None):
    """x, ws, wt, g as float32: the same numbers for every peer. The first B samples."""
    draw = np.random.Generator(np.random.Philox(key=2604))
    R, k = len(rotations(w)), w["local"] or w["n"]
    turn = lambda *shape: draw.uniform(-np.pi, np.pi, shape).astype(np.float32)
    ws, wt = turn(w["Ls"], w["n"], R), turn(w["T"], w["Lt"], k, R)
    x, g = turn(w["B"], w["n"]), draw.normal(size=(w["B"], w["T"], w["m"])).astype(np.float32)
    return x[:B], ws, wt, g[:B]
