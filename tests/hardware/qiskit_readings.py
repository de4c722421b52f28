# SPDX-License-Identifier: Apache-2.0
"""What Qiskit makes of a program that ends in measurements; for tests that are inside an environment with Qiskit (peers.py)."""

from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector


def state_and_measured(circuit, inputs, only_used):
    """The state of a circuit with its inputs bound, and the qubits that it measures in the order of the bits; `only_used`: on the
    qubits that have gates, where the others are a device's."""
    bound = circuit.assign_parameters({p: inputs[p.name] for p in circuit.parameters})
    used = list(range(bound.num_qubits))
    if only_used:
        used = sorted({bound.find_bit(q).index for entry in bound.data for q in entry.qubits})
    bare, measured = QuantumCircuit(len(used)), {}
    for entry in bound.data:
        qubits = [used.index(bound.find_bit(q).index) for q in entry.qubits]
        if entry.operation.name == "measure":
            measured[bound.find_bit(entry.clbits[0]).index] = qubits[0]
        else:
            bare.append(entry.operation, qubits)
    return Statevector(bare), [measured[bit] for bit in sorted(measured)]
