# SPDX-License-Identifier: Apache-2.0
"""Circuits of other libraries, gate by gate in PennyLane."""
import numpy
import pennylane as qml
import sympy

QISKIT = {
    "rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "p": qml.PhaseShift, "h": qml.Hadamard, "cx": qml.CNOT, "cz": qml.CZ,
    # exp(-i b (XX + YY) / 4), PennyLane's with the other sign
    "xx_plus_yy": lambda b, beta, wires: qml.IsingXY(-b, wires=wires),
}


def function_of(expression):
    """The expression as a function of its parameters by name: of numbers, or of whatever can be added and multiplied."""
    names = sorted(p.name for p in expression.parameters)
    formula = sympy.lambdify([sympy.Symbol(name) for name in names], expression.sympify(), modules=[])
    return lambda values: formula(*(values[name] for name in names))


def play_qiskit(circuit, numbers):
    """The circuit with its numbers, in the order of its parameters, replaced."""
    parameters = list(circuit.parameters)
    assert len(parameters) == len(numbers), (len(parameters), len(numbers))
    values = {p.name: x for p, x in zip(parameters, numbers)}

    def angle(expression):
        return function_of(expression)(values) if getattr(expression, "parameters", None) else float(expression)

    def play(circuit, wires):
        for step in circuit.data:
            qubits = [wires[circuit.find_bit(q).index] for q in step.qubits]
            if step.operation.name == "barrier":
                continue
            if step.operation.name in QISKIT:
                QISKIT[step.operation.name](*[angle(a) for a in step.operation.params], wires=qubits)
            else:
                play(step.operation.definition, qubits)

    play(circuit, list(range(circuit.num_qubits)))


def same_as_mindquantum(number, n, layers, params, inputs, values):
    """mindquantum's AnsatzN has the paper's circuit number N with its parameters in the order of the gates, as ours."""
    import mindquantum.algorithm.nisq as nisq  # who only wants the circuits need not have it
    from mindquantum.core.circuit import Circuit
    from mindquantum.core.gates import RY
    from mindquantum.core.operators import Hamiltonian, QubitOperator
    from mindquantum.simulator import Simulator
    circuit = Circuit([RY(float(x)).on(q) for q, x in enumerate(inputs)])
    circuit += getattr(nisq, f"Ansatz{number}")(n, layers).circuit
    names = circuit.params_name
    assert len(names) == len(params), (number, n, layers, len(names), len(params))
    observables = [f"Z{q}" for q in range(n)] + ["X0", "X0 X1"]
    simulator = Simulator("mqvector", n)
    simulator.apply_circuit(circuit, dict(zip(names, (float(p) for p in params))))
    found = [simulator.get_expectation(Hamiltonian(QubitOperator(o))).real for o in observables]
    assert numpy.allclose(found, values, atol=1e-10), (number, n, layers, found, values)
