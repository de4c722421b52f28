#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Published circuits, forward and backward, here and in the libraries in which people write them, in one run.

    PYTHONPATH=build/python/tools/python python3 benchmarks/circuits/rivals.py [--circuits sim-14,zz-map] [--out FOLDER]

A step is the Z of every qubit for a batch and the gradients of a fixed sum of them to inputs and trained numbers. The gates
are the published constructions' (published.py), not qmtl's; default.qubit computes them in double: the oracle, which shares
no code with qmtl. qmtl is compared with it in double (1e-10) and in single precision (a bound of roundings), every library
before it is timed. Then all take turns, each on one thread: processor time, the median of the rounds. --out writes
circuits.json and circuits.md there, beside the rows that they have of other circuits. What a library cannot do, or what is
not installed, stands in the table with the reason.
"""
import argparse
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import statistics
import sys

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
import numpy as np

import libraries
import published
import tables
from timing import processor

HERE = pathlib.Path(__file__).resolve().parent
# (qubits, repetitions); others (8, 1). Encodings that begin with H on every qubit read 0 after one repetition.
SIZES = {"hqsl": (2, 2), "reupload": (4, 2), "glue9": (8, 2), "iqp": (8, 2), "z-map": (8, 2), "zz-map": (8, 2), "zz-map-linear": (8, 2)}
MORE = [("strongly-entangling", 8, 2), ("sim-14", 8, 2), ("strongly-entangling", 12, 1), ("real-amplitudes", 12, 1),
        ("sim-14", 12, 1), ("glue9", 12, 1), ("ising", 12, 1)]
ROWS = {"PennyLane lightning.qubit": 4}  # it takes sample after sample: few cost the same a sample


def cases(options, known):
    chosen = options.circuits.split(",") if options.circuits else list(published.make.FAMILIES)
    listed = [(preset, *SIZES.get(preset, (8, 1))) for preset in chosen] + [case for case in MORE if case[0] in chosen]
    return [case for case in listed if not options.missing or case not in known]


def numbers(circuit, batch):
    random = np.random.default_rng([batch, circuit.qubits, *circuit.preset.encode()])
    draw = lambda low, *shape: np.float32(random.uniform(low, -low, shape)).astype(np.float64)
    return draw(-2, batch, circuit.inputs), draw(-3, circuit.trained), draw(-1, circuit.qubits)


def difference(found, expected):
    """Largest of the values, of the gradients."""
    apart = [float(np.abs(np.asarray(a, np.float64) - b).max(initial=0)) for a, b in zip(found, expected)]
    return apart[0], max(apart[1:])


def bounds(circuit, x, w, g):
    """What roundings of single precision may do to a value and to a gradient, as the tests derive it: four roundings a gate
    both ways, rotations about Z by a sample's angle being up to four gates and a preset's gate up to three of qmtl's, a
    rounded angle, 2^n in a sum over the state; a gradient adds as many as gates turn by its number, over the batch."""
    angles = sum(float(np.abs(angle.value(x.T, w)).max()) for gate in circuit.gates for angle in gate.angles)
    value = 8 + 16 * 3 * len(circuit.gates) + angles + 2 ** circuit.qubits
    unit = float(np.finfo(np.float32).eps)
    return unit * value, unit * value * np.abs(g).sum() * max(1, circuit.turns()) * len(x)


def measure(preset, qubits, layers, options):
    circuit = published.record(preset, qubits, layers)
    x, w, g = numbers(circuit, options.batch)
    expected = libraries.default_qubit(circuit, x, w, g, np.float64)()
    head = libraries.qmtl_head(circuit)
    plan = head.plan()
    row = {"circuit": preset, "qubits": qubits, "layers": layers, "gates": len(circuit.gates), "trained": circuit.trained,
           "inputs": circuit.inputs, "plan": plan["plan"], "libraries": {}}
    if len(head.parameters) != circuit.trained or head.width != circuit.inputs:
        sys.exit(f"{preset}: expected {circuit.trained} trained numbers and {circuit.inputs} inputs, found {len(head.parameters)}, {head.width}")
    in_double = difference(libraries.qmtl_step(head, x, w, g, np.float64)(), expected)
    step = libraries.qmtl_step(head, x, w, g, np.float32)
    single = difference(step(), expected)
    # The oracle's own roundings of double, over the batch, are in the first.
    bound = bounds(circuit, x, w, g)
    if max(in_double) > 1e-10 or single[0] > bound[0] or single[1] > bound[1]:
        sys.exit(f"{preset}: qmtl differs by {in_double} in double, {single} in single precision, bounds {bound}")
    row["double"], row["single"], row["bound"] = in_double, single, bound
    steps = {"qmtl": (step, len(x))}
    for name, (build, modules, _) in libraries.LIBRARIES.items():
        absent = [m for m in modules if importlib.util.find_spec(m) is None]
        if name not in options.libraries:
            continue
        if absent:
            row["libraries"][name] = {"left": f"{absent[0]} is not installed"}
        elif name == "TensorCircuit-NG, jax" and len(circuit.gates) > options.compiled:
            row["libraries"][name] = {"left": "not compiled in this run: jax takes up to half a second a gate"}
        else:
            rows = min(len(x), ROWS.get(name, len(x)))
            right = expected if rows == len(x) else libraries.default_qubit(circuit, x[:rows], w, g, np.float64)()
            try:
                one = build(circuit, x[:rows], w, g, np.float32)
                apart = difference(one(), right)
            except libraries.Left as reason:
                row["libraries"][name] = {"left": str(reason)}
                continue
            if apart[0] > max(1e-6, bound[0]) or apart[1] > max(1e-6, bound[1]):
                sys.exit(f"{name}: {preset}: differs by {apart} from default.qubit in double, bounds {bound}")
            row["libraries"][name] = {"differs": apart}
            steps[name] = (one, rows)
    rounds = {name: [] for name in steps}
    for _ in range(options.rounds):
        for name, (one, rows) in steps.items():
            if not rounds[name] or rounds[name][0] * rows < 1e6 * options.longest:
                rounds[name].append(1e6 * processor(one, 0.03) / rows)
    times = {name: statistics.median(found) for name, found in rounds.items()}
    row["us"] = times.pop("qmtl")
    for name, us in times.items():
        row["libraries"][name]["us"] = us
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--circuits", help="presets, with commas; default: all")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3, help="of every library, in turns")
    parser.add_argument("--longest", type=float, default=0.5, help="seconds of a step that is timed more than once")
    parser.add_argument("--libraries", default=";".join(libraries.LIBRARIES), help="names, with semicolons")
    parser.add_argument("--compiled", type=int, default=60, help="gates of the largest circuit that jax is asked to compile")
    parser.add_argument("--missing", action="store_true", help="only circuits that --out has no row of")
    parser.add_argument("--out", type=pathlib.Path, help="folder of circuits.json and circuits.md")
    options = parser.parse_args()
    options.libraries = options.libraries.split(";")
    import qmtl
    import torch
    torch.set_num_threads(1)
    qmtl.set_threads(1)
    of = {distribution: importlib.metadata.version(distribution) for name, (_, modules, distribution) in libraries.LIBRARIES.items()
          if name in options.libraries and all(map(importlib.util.find_spec, modules))}
    of |= {module: importlib.metadata.version(module) for module in ("torch", "jax") if importlib.util.find_spec(module)}
    found = {"batch": options.batch, "instructions": qmtl.instruction_set(), "versions": of, "circuits": []}
    file = options.out / "circuits.json" if options.out else None
    if file and file.exists():
        found["circuits"] = json.loads(file.read_text())["circuits"]
    order = list(published.make.FAMILIES)
    for case in cases(options, set(map(tables.case_of, found["circuits"]))):
        row = measure(*case, options)
        print(tables.circuit_line(row), flush=True)
        if "jax" in sys.modules:
            sys.modules["jax"].clear_caches()
        found["circuits"] = [other for other in found["circuits"] if tables.case_of(other) != case] + [row]
        found["circuits"].sort(key=lambda r: (r["qubits"] > 8, order.index(r["circuit"]), r["layers"]))
        if file:
            options.out.mkdir(parents=True, exist_ok=True)
            file.write_text(tables.json_text(found))
    text = tables.circuits(found)
    print(text)
    if options.out:
        (options.out / "circuits.md").write_text(text)


if __name__ == "__main__":
    main()
