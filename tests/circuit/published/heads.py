#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes heads.json: logits and slopes of whole published heads, from circuits of PennyLane that know nothing of qmtl.

    made/bin/python heads.py        # the environment of make.py

A head is its tasks, its configuration, and a quantum function of (inputs, shared, block) that measures what the columns of
logits are before any output map. Trained numbers are the stage's, then the blocks', as make.py says.
"""
import json
import math
import pathlib
from dataclasses import dataclass, field

import pennylane as qml
from pennylane import numpy as np

GLUE = ["cola", "sst2", "mnli", "mrpc", "qqp", "stsb", "qnli", "rte", "wnli"]


@dataclass(frozen=True)
class Head:
    configuration: str
    tasks: list  # [name, kind, outputs]
    qubits: int
    inputs: int
    shared: int
    block: int
    circuit: object
    maps: dict = field(default_factory=dict)  # column: of its expectation


def glue9(inputs, shared, block):
    """Every task owns a qubit, that of three classes two; three times RX of fresh inputs, RZ, CZ between neighbours; RY."""
    for layer in range(3):
        for q in range(10):
            qml.RX(inputs[..., 10 * layer + q], wires=q)
        for q in range(10):
            qml.RZ(shared[10 * layer + q], wires=q)
        for q in range(9):
            qml.CZ(wires=[q, q + 1])
    for q in range(10):
        qml.RY(block[q], wires=q)
    z = qml.PauliZ
    observables = [*map(z, range(4)), qml.PauliX(2) @ qml.PauliX(3), *map(z, range(4, 10))]
    return [qml.expval(observable) for observable in observables]


def hqsl(inputs, shared, block):
    """Two repetitions: RX of each of three inputs on both qubits, RZ, RY, RZ behind them, CZ between; Y of each qubit."""
    for layer in range(2):
        for i, gate in enumerate((qml.RZ, qml.RY, qml.RZ)):
            for q in range(2):
                qml.RX(inputs[..., i], wires=q)
                gate(shared[6 * layer + 2 * i + q], wires=q)
            if i < 2:
                qml.CZ(wires=[0, 1])
    return [qml.expval(qml.PauliY(q)) for q in range(2)]


HEADS = {
    "glue9": Head('''head = { angle_map = "linear", gain = 1.0 }
circuit = { preset = "glue9", layers = 3 }
task."*" = { qubits = 1, output = "raw" }
task.mnli = { qubits = 2, observables = ["Z0", "Z1", "X0 X1"] }
task.stsb = { output = "tanh", range = [0.0, 1.0], scale = 1.0, bias = 0.0 }
''', [[name, {"mnli": "multiclass", "stsb": "regression"}.get(name, "binary"), 3 if name == "mnli" else 1] for name in GLUE],
                  10, 30, 30, 10, glue9, {7: lambda e: 0.5 + 0.5 * np.tanh(e)}),
    "hqsl": Head('''head = { angle_map = "linear", gain = 1.0 }
circuit = { preset = "hqsl", layers = 2 }
block = { size = 2 }
task.image = { qubits = 2, bare = true, output = "raw", observables = ["Y0", "Y1"] }
''', [["image", "multilabel", 2]], 2, 3, 12, 0, hqsl),
}


def logits(head, inputs, shared, block):
    node = qml.QNode(head.circuit, qml.device("default.qubit", wires=head.qubits), interface="autograd", diff_method="backprop")
    columns = node(inputs, shared, block)
    return np.stack([head.maps.get(c, lambda e: e)(column) for c, column in enumerate(columns)])  # [columns, rows]


def short(values):
    return [float(f"{value:.13f}") for value in np.ravel(values)]


def make_case(name, head, rows=3):
    random = np.random.default_rng(len(name))
    draw = lambda high, *shape: np.array(np.round(random.uniform(-high, high, shape) * 256) / 256, requires_grad=True)
    z, shared, block = draw(2, rows, head.inputs), draw(3, head.shared), draw(3, head.block)
    found = logits(head, z, shared, block)
    slopes = draw(1, rows, len(found))
    gradient = qml.grad(lambda *numbers: np.sum(slopes.T * logits(head, *numbers)), argnums=[0, 1, 2] if head.block else [0, 1])(z, shared, block)
    assert math.prod(found.shape) == math.prod(slopes.shape)
    return {"name": name, "configuration": head.configuration, "tasks": [{"name": n, "kind": k, "outputs": o} for n, k, o in head.tasks],
            "rows": rows, "z": z.ravel().tolist(), "parameters": [*shared.tolist(), *block.tolist()], "logits": short(found.T),
            "slopes": slopes.ravel().tolist(), "z_gradient": short(gradient[0]),
            "parameter_gradient": [number for part in gradient[1:] for number in short(part)]}


def main():
    cases = [json.dumps(make_case(name, head)) for name, head in HEADS.items()]
    pathlib.Path(__file__).with_name("heads.json").write_text("[\n" + ",\n".join(cases) + "\n]\n")


if __name__ == "__main__":
    main()
