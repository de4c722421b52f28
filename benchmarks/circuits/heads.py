#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The method's published heads, here and as PennyLane's TorchLayer, forward and backward in one run.

    PYTHONPATH=build/python/tools/python python3 benchmarks/circuits/heads.py [--batch 128] [--out FOLDER]

Configurations and circuits are those of tests/circuit/published/heads.py. Logits are compared in double for five draws of
parameters and inputs (1e-6), slopes with them; then both take turns in single precision, processor time of one thread. Goal:
a thousand times. --out writes heads.md there.
"""
import argparse
import pathlib
import statistics
import sys

import numpy as np
import pennylane as qml
import torch

import qmtl

from timing import processor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "circuit" / "published"))
from heads import HEADS


def torch_layer(head, dtype):
    """The circuit as a layer, and what makes its columns logits."""
    def circuit(inputs, shared, block=None):
        return head.circuit(inputs, shared, block)

    node = qml.QNode(circuit if head.block else lambda inputs, shared: head.circuit(inputs, shared, None),
                     qml.device("default.qubit", wires=head.qubits), interface="torch", diff_method="backprop")
    shapes = {"shared": head.shared, **({"block": head.block} if head.block else {})}
    layer = qml.qnn.TorchLayer(node, shapes).to(dtype)

    def logits(z):
        columns = layer(z).unbind(-1)
        return torch.stack([0.5 + 0.5 * torch.tanh(c) if i in head.maps else c for i, c in enumerate(columns)], -1)
    return layer, logits


def steps(name, head, rows, dtype, seed):
    """step() of each -> logits, slopes of z, of the trained numbers; and the numbers of each."""
    random = np.random.default_rng(seed)
    kind = np.float64 if dtype == torch.float64 else np.float32
    z = random.uniform(-2, 2, (rows, head.inputs)).astype(kind)
    parameters = random.uniform(-3, 3, head.shared + head.block)
    ours = qmtl.Head({n: {"kind": k, "outputs": o} for n, k, o in head.tasks}, head.configuration)
    ours = ours.with_precision("double" if dtype == torch.float64 else "float")
    assert len(ours.parameters) == len(parameters) and ours.width == head.inputs, (name, len(ours.parameters), ours.width)
    ours.parameters = parameters
    slopes = random.uniform(-1, 1, (rows, ours.outputs)).astype(kind)
    layer, logits = torch_layer(head, dtype)
    with torch.no_grad():
        layer.shared.copy_(torch.tensor(parameters[:head.shared]))
        if head.block:
            layer.block.copy_(torch.tensor(parameters[head.shared:]))
    given, wanted = torch.tensor(z, requires_grad=True), torch.tensor(slopes)

    def theirs():
        given.grad = None
        layer.zero_grad()
        found = logits(given)
        found.backward(wanted.to(found.dtype))
        trained = [layer.shared.grad] + ([layer.block.grad] if head.block else [])
        return found.detach().numpy(), given.grad.numpy(), torch.cat(trained).numpy()
    return (lambda: (ours(z), *ours.vjp(z, slopes))), theirs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    qmtl.set_threads(1)
    torch.set_num_threads(1)
    lines = ["| head | lines | qubits | inputs | head parameters | logits differ by | slopes differ by | us/sample | TorchLayer, times |",
             "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for name, head in HEADS.items():
        apart = np.zeros(2)
        for seed in range(5):
            found, expected = (step() for step in steps(name, head, 4, torch.float64, seed))
            now = [np.abs(a - b).max() for a, b in zip(found, expected)]
            apart = np.maximum(apart, [now[0], max(now[1:])])
        assert apart.max() < 1e-6, f"{name}: logits and slopes differ by {apart} from PennyLane's"
        ours, theirs = steps(name, head, options.batch, torch.float32, 9)
        ours(), theirs()
        rounds = [(processor(ours, 0.05), processor(theirs, 0.05)) for _ in range(options.rounds)]
        us = 1e6 * statistics.median(a for a, _ in rounds) / options.batch
        lines.append(f"| {name} | {len(head.configuration.splitlines())} | {head.qubits} | {head.inputs} | {head.shared + head.block} "
                     f"| {apart[0]:.0e} | {apart[1]:.0e} | {us:.3g} | {statistics.median(b / a for a, b in rounds):,.0f} |")
        print(lines[-1], flush=True)
    if options.out:
        (options.out / "heads.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
