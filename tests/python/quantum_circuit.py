#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""qmtl.torch.QuantumCircuit against the circuit that its docstring says, as a statevector in NumPy."""

import unittest

import door

qmtl = door.the_package("torch")
import numpy as np
import torch

import qmtl.torch

PAULI = {"X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}


def rotation(letter, angle):
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * PAULI[letter]


class State:
    def __init__(self, qubits):
        self.qubits, self.amplitudes = qubits, np.zeros([2] * qubits, complex)
        self.amplitudes[(0,) * qubits] = 1

    def turn(self, letter, angle, qubit):
        self.apply(rotation(letter, angle), qubit)

    def apply(self, matrix, qubit):
        self.amplitudes = np.moveaxis(np.tensordot(matrix, self.amplitudes, (1, qubit)), 0, qubit)

    def cz(self, a, b):
        index = [slice(None)] * self.qubits
        index[a] = index[b] = 1
        self.amplitudes[tuple(index)] *= -1

    def expectation(self, text, first):
        after = State(self.qubits)
        after.amplitudes = self.amplitudes
        for word in text.split():
            after.apply(PAULI[word[0]], first + int(word[1:]))
        return np.vdot(self.amplitudes, after.amplitudes).real


def expected(tasks_qubits, layers, observables, encoding, z, shared, block):
    n, first, outputs, used = sum(tasks_qubits), 0, [], 0
    for qubits, depth, texts in zip(tasks_qubits, layers, observables):
        state = State(n)
        for layer in range(encoding):
            for q in range(n):
                state.turn("X", z[layer * n + q], q)
            for q in range(n):
                state.turn("Z", shared[layer * n + q], q)
            for q in range(n - 1):
                state.cz(q, q + 1)
        for layer in range(depth):
            if layer:
                for q in range(qubits - 1):
                    state.cz(first + q, first + q + 1)
            for q in range(qubits):
                state.turn("Y", block[used + layer * qubits + q], first + q)
        used += depth * qubits
        outputs.append([state.expectation(text, first) for text in texts])
        first += qubits
    return outputs


class QuantumCircuit(unittest.TestCase):
    QUBITS, LAYERS = [1, 2, 1, 2], [1, 1, 1, 2]
    OBSERVABLES = [["Z0"], ["Z0", "Z1", "X0 X1"], ["Z0"], ["Z0", "Y0 X1"]]

    def test_logits_are_the_expectations_of_the_published_circuit(self):
        circuit = qmtl.torch.QuantumCircuit(self.QUBITS, self.LAYERS, self.OBSERVABLES, 3, dtype=torch.float64)
        z = torch.randn(4, 18, dtype=torch.float64)
        found = circuit(z)
        self.assertEqual([tuple(part.shape) for part in found], [(4, 1), (4, 3), (4, 1), (4, 2)])
        self.assertEqual(sum(p.numel() for p in circuit.parameters()), 18 + 1 + 2 + 1 + 4)
        shared, block = (getattr(circuit.circuit, name).detach().numpy() for name in ("shared", "block"))
        for row in range(4):
            want = expected(self.QUBITS, self.LAYERS, self.OBSERVABLES, 3, z[row].numpy(), shared, block)
            for part, numbers in zip(found, want):
                # Two hundred roundings of double.
                np.testing.assert_allclose(part[row].detach().numpy(), numbers, atol=1e-13)

    def test_slopes_are_those_of_differences(self):
        circuit = qmtl.torch.QuantumCircuit([1, 2], [1, 1], [["Z0"], ["Z0", "X0 X1"]], 2, dtype=torch.float64)
        z = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
        self.assertTrue(torch.autograd.gradcheck(lambda given: torch.cat(circuit(given), dim=-1), (z,)))

    def test_observables_of_pennylane_are_taken(self):
        try:
            import pennylane as qml
        except ImportError:
            self.skipTest("pennylane is not installed")
        texts = qmtl.torch.QuantumCircuit([2], [1], [["Z0", "X0 X1"]], 1, dtype=torch.float64)
        objects = qmtl.torch.QuantumCircuit([2], [1], [[qml.PauliZ(0), qml.PauliX(0) @ qml.PauliX(1)]], 1,
                                            dtype=torch.float64)
        z = torch.randn(2, 2, dtype=torch.float64)
        torch.testing.assert_close(texts(z)[0], objects(z)[0])

    def test_what_is_no_circuit_is_refused(self):
        with self.assertRaisesRegex(ValueError, "one length"):
            qmtl.torch.QuantumCircuit([1], [1, 1], [["Z0"]], 1)
        with self.assertRaisesRegex(qmtl.UsageError, "Z1"):
            qmtl.torch.QuantumCircuit([1], [1], [["Z1"]], 1)
        with self.assertRaises(TypeError):
            qmtl.torch.QuantumCircuit([1], [1], [[3]], 1)


if __name__ == "__main__":
    unittest.main()
