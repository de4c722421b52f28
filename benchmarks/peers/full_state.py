# SPDX-License-Identifier: Apache-2.0
"""What a simulator does when it is asked for the whole statevector of a wide circuit: run in a process of its own with a
memory limit, which ends with the library's own error.

    python full_state.py LIBRARY QUBITS LIMIT_GB"""
import os
import resource
import sys

os.environ.setdefault("JAX_PLATFORMS", "cpu")


def tensorcircuit(n):
    import tensorcircuit as tc
    tc.set_backend("jax")
    c = tc.Circuit(n)
    for q in range(n):
        c.ry(q, theta=0.1)
    for q in range(n - 1):
        c.cz(q, q + 1)
    return len(c.state().block_until_ready())


def pennylane(n, device="default.qubit"):
    import pennylane as qml

    @qml.qnode(qml.device(device, wires=n))
    def f():
        for q in range(n):
            qml.RY(0.1, wires=q)
        for q in range(n - 1):
            qml.CZ(wires=[q, q + 1])
        return qml.expval(qml.Z(0))

    return f()


def lightning(n):
    return pennylane(n, "lightning.qubit")


def qulacs(n):
    from qulacs import QuantumCircuit, QuantumState
    circuit, state = QuantumCircuit(n), QuantumState(n)
    for q in range(n):
        circuit.add_RY_gate(q, 0.1)
    for q in range(n - 1):
        circuit.add_CZ_gate(q, q + 1)
    circuit.update_quantum_state(state)
    return f"{len(state.get_vector())} amplitudes of squared norm {state.get_squared_norm()}"


def jax(n):
    import jax.numpy as jnp
    return len(jnp.zeros(2**n, jnp.complex64).block_until_ready())


if __name__ == "__main__":
    library, n, limit = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (int(limit * 2**30),) * 2)
    print({"tensorcircuit": tensorcircuit, "pennylane": pennylane, "lightning": lightning, "qulacs": qulacs,
                "jax": jax}[library](n))
