#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a circuit written layer by layer costs beside the short form that says the same, in one run.

    PYTHONPATH=build/python/tools/python python3 benchmarks/circuits/short_forms.py [--out FOLDER]

Both must give the same logits and gradients, to the bit. Processor time of one thread, forward and backward at batch 128, in
turns; the median of the rounds' ratios. Goal: at most 1.3. --out writes short-forms.md there.
"""
import argparse
import pathlib
import statistics

import numpy as np

import qmtl
from timing import processor

LOCAL = {"placement": "local", "size": 4, "stride": 2}
WHOLE = {"placement": "global"}


def stage(layers, pattern, entangler="cz", gates=("ry",), again=False):
    """Layers of rotations and an entangler behind an upload by RY, or each behind one of the same angles."""
    layer = {"gates": list(gates), "entangler": entangler, "pattern": pattern}
    return [{"upload": "ry", **layer}] + [{**({"upload": "ry"} if again else {}), **layer} for _ in range(layers - 1)]


CASES = {  # name: (tasks, short [circuit], short [block], the same layers of the stage, of the block)
    "default head: cz-ring, 10 tasks on 20 qubits": (
        10, {"qubits": 20, "layers": 1, "entangler": "cz-ring"}, {**LOCAL, "layers": 1}, stage(1, "ring"), [{"gates": ["ry"]}]),
    "cz-ring twice, 10 tasks on 20 qubits": (
        10, {"qubits": 20, "layers": 2, "entangler": "cz-ring"}, {**LOCAL, "layers": 1}, stage(2, "ring"), [{"gates": ["ry"]}]),
    "cz-line, 3 layers, 8 qubits": (
        1, {"qubits": 8, "layers": 3, "entangler": "cz-line"}, {**WHOLE, "layers": 0}, stage(3, "line"), None),
    "cx-ring, RY RZ, 2 layers, 8 qubits": (
        1, {"qubits": 8, "layers": 2, "rotations": ["ry", "rz"], "entangler": "cx-ring"}, {**WHOLE, "layers": 0},
        stage(2, "ring", "cx", ["ry", "rz"]), None),
    "cx-line, RX RZ, 2 layers, 4 tasks on 8 qubits": (
        4, {"qubits": 8, "layers": 2, "rotations": ["rx", "rz"], "entangler": "cx-line"}, {**LOCAL, "layers": 1},
        stage(2, "line", "cx", ["rx", "rz"]), [{"gates": ["ry"]}]),
    "cx-ring, RY RZ, 3 layers, 10 qubits": (
        1, {"qubits": 10, "layers": 3, "rotations": ["ry", "rz"], "entangler": "cx-ring"}, {**WHOLE, "layers": 0},
        stage(3, "ring", "cx", ["ry", "rz"]), None),
}


def head(tasks, circuit, block, stage_layers=None, block_layers=None):
    return qmtl.Head({f"t{t}": "binary" for t in range(tasks)}, {
        "circuit": {**circuit, **({"layer": stage_layers} if stage_layers else {})},
        "block": {**block, **({"layer": block_layers} if block_layers else {})}})


def pair(tasks, circuit, block, by_hand, block_by_hand):
    kept = {key: value for key, value in block.items() if key not in ("layers",) or not block_by_hand}
    return head(tasks, circuit, block), head(tasks, {"qubits": circuit["qubits"]}, kept, by_hand, block_by_hand)


def step_of(one, parameters, z):
    one.parameters = parameters
    slopes = np.random.default_rng(3).uniform(-1, 1, (len(z), one.outputs)).astype(np.float32)
    return lambda: (one(z), *one.vjp(z, slopes))


def measure(name, rounds):
    short, by_hand = pair(*CASES[name])
    parameters = np.random.default_rng(1).uniform(-2, 2, len(short.parameters))
    z = np.random.default_rng(2).uniform(-1, 1, (128, short.width)).astype(np.float32)
    steps = [step_of(one, parameters, z) for one in (short, by_hand)]
    for a, b in zip(steps[0](), steps[1]()):
        assert np.array_equal(a, b), f"{name}: the short form and the layers differ by {np.abs(a - b).max()}"
    found = [[processor(step, 0.02) for step in steps] for _ in range(rounds)]
    return short.plan()["plan"], 1e6 * statistics.median(s for s, _ in found) / len(z), statistics.median(h / s for s, h in found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    qmtl.set_threads(1)
    lines = ["| circuit | plan | us/sample, short form | by hand, times |", "|---|---|---:|---:|"]
    for name in CASES:
        plan, us, ratio = measure(name, options.rounds)
        lines.append(f"| {name} | {plan} | {us:.3g} | {ratio:.2f} |")
        print(lines[-1], flush=True)
    if options.out:
        (options.out / "short-forms.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
