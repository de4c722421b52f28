# SPDX-License-Identifier: Apache-2.0
"""The nineteen circuits of figure 2 of Sim, Johnson and Aspuru-Guzik 2019 (arXiv:1905.10876), gate by gate.

The figure has four qubits. Its patterns for n: a line from the last qubit up, neighbours, a ring, all to all. The second
ring of circuits 13 to 15 joins each qubit to the one before it, which for four qubits is the range 3 of the paper's table.
"""
import pennylane as qml


def turn(gate, qubits, take):
    for q in qubits:
        gate(take.one(), wires=q)


def control(gate, pairs, take):
    for pair in pairs:
        if gate in (qml.CRX, qml.CRZ):
            gate(take.one(), wires=pair)
        else:
            gate(wires=pair)


def line(n):
    return [(q, q - 1) for q in reversed(range(1, n))]


def neighbours(n, first):
    return [(q + 1, q) for q in range(first, n - 1, 2)]


def ring(n):
    return [(q, (q + 1) % n) for q in reversed(range(n))]


def ring_back(n):
    return [(q % n, (q - 1) % n) for q in range(n - 1, 2 * n - 1)]


def all_to_all(n):
    return [(a, b) for a in reversed(range(n)) for b in reversed(range(n)) if a != b]


def simple(*steps):
    """Steps (gate, wires of n) of one repetition; one-qubit gates take an angle on each qubit."""
    def circuit(n, layers, take):
        for _ in range(layers):
            for gate, wires in steps:
                if gate is qml.Hadamard:
                    for q in range(n):
                        qml.Hadamard(wires=q)
                else:
                    (turn if gate in (qml.RX, qml.RY, qml.RZ) else control)(gate, wires(n), take)
    return circuit


def circuit_10(n, layers, take):
    turn(qml.RY, range(n), take)  # once: the box that repeats begins behind it
    for _ in range(layers):
        control(qml.CZ, line(n) + [(0, n - 1)], take)
        turn(qml.RY, range(n), take)


XZ = (qml.RX, range), (qml.RZ, range)
YZ = (qml.RY, range), (qml.RZ, range)
INNER = (qml.RY, lambda n: range(1, n - 1)), (qml.RZ, lambda n: range(1, n - 1))
EVEN, ODD = (lambda n: neighbours(n, 0)), (lambda n: neighbours(n, 1))
CIRCUITS = {
    1: simple(*XZ),
    2: simple(*XZ, (qml.CNOT, line)),
    3: simple(*XZ, (qml.CRZ, line)),
    4: simple(*XZ, (qml.CRX, line)),
    5: simple(*XZ, (qml.CRZ, all_to_all), *XZ),
    6: simple(*XZ, (qml.CRX, all_to_all), *XZ),
    7: simple(*XZ, (qml.CRZ, EVEN), *XZ, (qml.CRZ, ODD)),
    8: simple(*XZ, (qml.CRX, EVEN), *XZ, (qml.CRX, ODD)),
    9: simple((qml.Hadamard, None), (qml.CZ, line), (qml.RX, range)),
    10: circuit_10,
    11: simple(*YZ, (qml.CNOT, EVEN), *INNER, (qml.CNOT, ODD)),
    12: simple(*YZ, (qml.CZ, EVEN), *INNER, (qml.CZ, ODD)),
    13: simple((qml.RY, range), (qml.CRZ, ring), (qml.RY, range), (qml.CRZ, ring_back)),
    14: simple((qml.RY, range), (qml.CRX, ring), (qml.RY, range), (qml.CRX, ring_back)),
    15: simple((qml.RY, range), (qml.CNOT, ring), (qml.RY, range), (qml.CNOT, ring_back)),
    16: simple(*XZ, (qml.CRZ, EVEN), (qml.CRZ, ODD)),
    17: simple(*XZ, (qml.CRX, EVEN), (qml.CRX, ODD)),
    18: simple(*XZ, (qml.CRZ, ring)),
    19: simple(*XZ, (qml.CRX, ring)),
}


def angles(number, n, layers):
    """The paper's table of the number of parameters, with n gates in the second ring of circuits 13 and 14."""
    each = {1: 2 * n, 2: 2 * n, 3: 3 * n - 1, 4: 3 * n - 1, 5: n * n + 3 * n, 6: n * n + 3 * n, 7: 5 * n - 1,
            8: 5 * n - 1, 9: n, 10: n, 11: 4 * n - 4, 12: 4 * n - 4, 13: 4 * n, 14: 4 * n, 15: 2 * n, 16: 3 * n - 1,
            17: 3 * n - 1, 18: 3 * n, 19: 3 * n}
    return each[number] * layers + (n if number == 10 else 0)
