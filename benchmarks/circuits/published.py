# SPDX-License-Identifier: Apache-2.0
"""Published circuits gate by gate, from the constructions that the tests compare the presets with (tests/circuit/published):
other libraries' own templates, or gates as the paper draws them. They are played once with symbols for numbers, so that
every library gets the gates that were published, not the ones that qmtl makes of them."""
import pathlib
import sys
from dataclasses import dataclass

import numpy as np
import pennylane as qml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "circuit" / "published"))
import make

GATES = {  # of PennyLane: name here
    "RX": "rx", "RY": "ry", "RZ": "rz", "PhaseShift": "p", "Rot": "rot", "U3": "u3", "Hadamard": "h", "PauliX": "x",
    "CNOT": "cx", "CZ": "cz", "CRX": "crx", "CRZ": "crz", "IsingZZ": "rzz", "MultiRZ": "rzz", "IsingXY": "xy",
}
# Starts from a state whose amplitudes are the sample's numbers, over their norm, qubit 0 the lowest bit; then the gates of another.
AMPLITUDES = {"circuit-centric": "strongly-entangling"}


class Sum:
    """A sum of products: {sorted (letter, index) pairs: factor}, of inputs "x" and trained numbers "w"."""

    def __init__(self, terms):
        self.terms = {product: factor for product, factor in terms.items() if factor}

    @staticmethod
    def of(number):
        return number if isinstance(number, Sum) else Sum({(): float(number)})

    def __add__(self, other):
        terms = dict(self.terms)
        for product, factor in Sum.of(other).terms.items():
            terms[product] = terms.get(product, 0.0) + factor
        return Sum(terms)

    def __mul__(self, other):
        terms = {}
        for a, factor in self.terms.items():
            for b, times in Sum.of(other).terms.items():
                product = tuple(sorted(a + b))
                terms[product] = terms.get(product, 0.0) + factor * times
        return Sum(terms)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -Sum.of(other)

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, number):
        return self * (1.0 / number)

    def of_sample(self):
        """Whether samples differ in it."""
        return any(letter == "x" for product in self.terms for letter, _ in product)

    def value(self, x, w):
        """With x[i], w[i]: numbers, tensors."""
        total = 0.0
        for product, factor in self.terms.items():
            part = factor
            for letter, index in product:
                of = (x if letter == "x" else w)[index]
                part = of if isinstance(part, float) and part == 1.0 else part * of
            total = part if isinstance(total, float) and total == 0.0 else total + part
        return total


# PennyLane asks for the library of a gate's numbers by their module; those of no library are plain Python's.
Sum.__module__ = "builtins"


@dataclass(frozen=True)
class Gate:
    name: str
    qubits: tuple
    angles: tuple  # of Sum


@dataclass(frozen=True)
class Circuit:
    preset: str
    qubits: int
    layers: int
    inputs: int
    trained: int
    amplitudes: bool
    gates: tuple

    def turns(self):
        """The greatest number of gates that one number turns, with its factors there (products of inputs as pi)."""
        slope = {}
        for gate in self.gates:
            for angle in gate.angles:
                for product, factor in angle.terms.items():
                    for number in product:
                        slope[number] = slope.get(number, 0.0) + abs(factor) * np.pi ** (len(product) - 1)
        return max(slope.values(), default=1.0)


def symbols(letter, count):
    numbers = np.empty(count, dtype=object)
    for i in range(count):
        numbers[i] = Sum({((letter, i),): 1.0})
    return numbers


def native(operation):
    """The operation, or the gates with names here that it stands for."""
    if operation.name in GATES:
        return [operation]
    return [part for op in operation.decomposition() for part in native(op)]


def record(preset, qubits, layers):
    """The preset's published circuit. Those that load no data stand behind RY(input q) on every qubit q."""
    trained, inputs = make.counts(preset, qubits, layers)
    play, _, _, uploads = make.FAMILIES[AMPLITUDES.get(preset, preset)]
    x, w = symbols("x", inputs), symbols("w", trained)
    with qml.queuing.AnnotatedQueue() as queue:
        if not uploads and preset not in AMPLITUDES:
            make.rotate(qml.RY, x)
        play(qubits, layers, w, x)
    operations = [part for op in qml.tape.QuantumScript.from_queue(queue).operations for part in native(op)]
    gates = tuple(Gate(GATES[op.name], tuple(op.wires), tuple(Sum.of(getattr(a, "item", lambda a=a: a)()) for a in op.parameters))
                  for op in operations)
    return Circuit(preset, qubits, layers, inputs, trained, preset in AMPLITUDES, gates)
