# SPDX-License-Identifier: Apache-2.0
"""Circuits as data, on their way to and from other packages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .configuration import Config
from .errors import UsageError
from .tensors import Array

if TYPE_CHECKING:
    from .head import Head

Terms = Sequence[Mapping[str, Any]]


def value(terms: Terms, inputs: Any, trainable: Any) -> Any:
    """The sum of the terms: numbers, or whatever can be added and multiplied (parameters of Qiskit, tensors)."""
    total: Any = 0.0
    for term in terms:
        product: Any = term["factor"]
        if "trainable" in term:
            product = product * trainable[term["trainable"]]
        for number in term.get("inputs", ()):
            product = product * inputs[number]
        total = total + product
    return total


def amplitude_angles(numbers: Array, qubits: int) -> Array:
    """Angles [rows, 2^qubits - 1] of the rotations that make numbers [rows, up to 2^qubits], over their norm, a state's
    amplitudes (Mottonen et al. 2004, quant-ph/0407010): level by level of a tree of norms, each level's 2 atan2(right, left)
    spread over its rotations by a Walsh transform in the order of the Gray code."""
    norms = [np.zeros((*numbers.shape[:-1], 1 << qubits))]
    norms[0][..., :numbers.shape[-1]] = numbers
    for _ in range(qubits - 1):
        norms.insert(0, np.hypot(norms[0][..., 0::2], norms[0][..., 1::2]))
    angles, walsh = [], np.ones((1, 1))
    for level in norms:
        count = walsh.shape[0]
        order = [i ^ (i >> 1) for i in range(count)]
        angles.append((2 * np.arctan2(level[..., 1::2], level[..., 0::2]) @ walsh)[..., order] / count)
        walsh = np.block([[walsh, walsh], [walsh, -walsh]])
    return np.concatenate(angles, axis=-1)


class Circuit:
    """A head's circuit: a stage that all tasks share, blocks that each follow it, and what is read. Qubit 0 is the least
    significant bit. Gates are {"gate", "qubits"}, rx, ry, rz, cx or cz, rotations with the sum of terms "angle".

    qubits, inputs: how many, numbers of a sample being its inputs after the angle map and, behind them, the angles of
    amplitude encodings. trainable: names of the trained
    numbers, whose values are `values`, float64. shared, blocks, columns: as TaskHead::circuit() documents."""

    def __init__(self, data: Mapping[str, Any], values: Array) -> None:
        self.qubits: int = data["qubits"]
        self.inputs: int = data["inputs"]
        self.trainable: list[str] = data["trainable"]
        self.shared: list[dict[str, Any]] = data["shared"]
        self.blocks: list[dict[str, Any]] = data["blocks"]
        self.columns: list[dict[str, Any]] = data["columns"]
        self.map: dict[str, Any] = data["map"]
        self.encodings: list[dict[str, Any]] = data["encodings"]
        self.values = values

    @classmethod
    def of(cls, head: Head) -> Circuit:
        text = head._core.circuit()
        if not text:
            raise UsageError("expected a head with a circuit, found one without (head.kind)")
        data = json.loads(text)
        return cls(data, head.parameters[:len(data["trainable"])])

    def angles(self, z: Any) -> Array:
        """Inputs of the circuit [rows, inputs] of z [rows, width], by the head's angle map and encodings."""
        u = self.map["gain"] * np.asarray(z, dtype=np.float64)
        half = np.pi / 2
        maps = {"shift-tanh": lambda: half + half * np.tanh(u), "shift-atan": lambda: half + np.arctan(u),
                "pi-tanh": lambda: np.pi * np.tanh(u), "linear": lambda: u}
        encoded = [amplitude_angles(np.asarray(z, dtype=np.float64)[..., encoding["numbers"]], encoding["qubits"])
                   for encoding in self.encodings]
        return np.concatenate([maps[self.map["kind"]](), *encoded], axis=-1)

    def logits(self, expectations: Any) -> Array:
        """Logits [rows, columns] of the expectations [rows, outputs of all blocks]."""
        values = np.asarray(expectations, dtype=np.float64)
        logits = []
        for column in self.columns:
            logits.append(column["bias"] + values[..., column["outputs"]] @ np.asarray(column["weights"]))
            if "tanh" in column:
                middle, half_width = column["tanh"]
                logits[-1] = middle + half_width * np.tanh(logits[-1])
        return np.stack(logits, axis=-1)

    @property
    def outputs(self) -> list[tuple[int, Terms]]:
        """Each output of the circuit: its block, and the products of Z that are added up."""
        return [(number, output) for number, block in enumerate(self.blocks) for output in block["outputs"]]

    def gates(self, block: int | None = None) -> list[dict[str, Any]]:
        """The stage's, and those of a block behind it."""
        return self.shared + (self.blocks[block]["gates"] if block is not None else [])

    def to_qiskit(self, block: int | None = None, *, bound: bool = False) -> Any:
        """A qiskit.QuantumCircuit of the stage and one block (None: the stage alone) with the parameter vectors z (inputs)
        and w (trained numbers; bound: their values). `observables(block)` gives what is read."""
        from qiskit import QuantumCircuit
        from qiskit.circuit import ParameterVector
        inputs = ParameterVector("z", self.inputs)
        trainable = self.values if bound else ParameterVector("w", len(self.trainable))
        made = QuantumCircuit(self.qubits)
        for gate in self.gates(block):
            angle = [_number(value(gate["angle"], inputs, trainable))] if "angle" in gate else []
            getattr(made, gate["gate"])(*angle, *gate["qubits"])
        return made

    def observables(self, block: int) -> list[Any]:
        """What a block reads, as qiskit.quantum_info.SparsePauliOp with the weights as they are."""
        from qiskit.quantum_info import SparsePauliOp
        return [SparsePauliOp.from_sparse_list(
                    [("Z" * len(part["qubits"]), part["qubits"], float(value(part["weight"], (), self.values)))
                     for part in output], num_qubits=self.qubits)
                for number, output in self.outputs if number == block]

    def to_pennylane(self, block: int) -> Any:
        """A quantum function f(inputs, weights) of PennyLane for a QNode, which returns the expectations of a block:
        inputs [inputs] or [rows, inputs], weights [trained numbers], arrays of any interface; wires are qubits."""
        import pennylane as qml
        names = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "cx": qml.CNOT, "cz": qml.CZ}
        gates, outputs = self.gates(block), [output for number, output in self.outputs if number == block]

        def function(inputs: Any, weights: Any) -> list[Any]:
            columns = [inputs[..., i] for i in range(self.inputs)]
            for gate in gates:
                angle = [value(gate["angle"], columns, weights)] if "angle" in gate else []
                names[gate["gate"]](*angle, wires=gate["qubits"])
            observables = []
            for output in outputs:
                strings = [qml.prod(*(qml.Z(q) for q in part["qubits"])) if len(part["qubits"]) > 1
                           else qml.Z(part["qubits"][0]) for part in output]
                # A weight that is trained is its value now: observables are constants of a function.
                weights_now = [float(value(part["weight"], (), self.values)) for part in output]
                observables.append(qml.expval(qml.Hamiltonian(weights_now, strings)))
            return observables

        return function

    def inputs_read(self, block: int | None = None) -> list[int]:
        """Numbers of the inputs that gates of the stage and one block read, ascending: not those that only an encoding reads."""
        return sorted({number for gate in self.gates(block) for term in gate.get("angle", ()) for number in term.get("inputs", ())})

    def to_qasm3(self, block: int | None = None) -> str:
        """OpenQASM 3 of the stage and one block (None: the stage alone); Head.from_qasm3 reads it.

        Its inputs are z, the inputs of `inputs_read(block)`, and w, the trained numbers that its gates read in the order of
        `trainable`.
        """
        read = sorted({term["trainable"] for gate in self.gates(block) for term in gate.get("angle", ()) if "trainable" in term})
        weights = {number: place for place, number in enumerate(read)}
        inputs = {number: place for place, number in enumerate(self.inputs_read(block))}
        lines = ["OPENQASM 3.0;", 'include "stdgates.inc";']
        lines += [f"input array[float[64], {count}] {name};" for name, count in (("z", len(inputs)), ("w", len(weights))) if count]
        lines += [f"qubit[{self.qubits}] q;"]
        for gate in self.gates(block):
            terms = [{**term, **({"trainable": weights[term["trainable"]]} if "trainable" in term else {}),
                      **({"inputs": [inputs[number] for number in term["inputs"]]} if "inputs" in term else {})}
                     for term in gate.get("angle", ())]
            angle = f"({_text(terms)})" if "angle" in gate else ""
            lines.append(f"{gate['gate']}{angle} {', '.join(f'q[{q}]' for q in gate['qubits'])};")
        return "\n".join(lines) + "\n"


def _number(angle: Any) -> Any:
    return float(angle) if isinstance(angle, (int, float, np.floating)) else angle


def _text(terms: Terms) -> str:
    products = []
    for term in terms:
        words = [f"w[{term['trainable']}]"] if "trainable" in term else []
        words += [f"z[{number}]" for number in term.get("inputs", ())]
        factor = [] if term["factor"] == 1 and words else [repr(float(term["factor"]))]
        products.append(" * ".join(factor + words))
    return " + ".join(products)


def stage_of_qasm3(text: str, config: Config) -> dict[str, Any]:
    """A configuration whose stage is the program, on top of a dict of tables."""
    if config is not None and not isinstance(config, Mapping):
        raise TypeError(f"config: expected a dict beside a program of OpenQASM 3, found {type(config).__name__}")
    tables = {key: dict(table) if isinstance(table, Mapping) else table for key, table in (config or {}).items()}
    declared = [int(size or 1) for size in re.findall(r"(?m)^\s*qubit\s*(?:\[\s*(\d+)\s*\])?\s*\w+\s*;", text)]
    circuit = tables.setdefault("circuit", {})
    circuit.setdefault("qubits", sum(declared) or 1)
    circuit["layer"] = [*circuit.get("layer", []), {"qasm": text}]
    tables.setdefault("block", {}).setdefault("size", min(4, circuit["qubits"]))
    head = tables.setdefault("head", {})
    head.setdefault("angle_map", "linear")
    head.setdefault("gain", 1.0)
    return tables
