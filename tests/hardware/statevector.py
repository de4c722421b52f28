# SPDX-License-Identifier: Apache-2.0
"""A reader of straight-line OpenQASM 2 and 3 and of IonQ's circuits on a dense statevector: nothing but NumPy, and gates
by their definition. Qubit 0 is the lowest bit of an index. It takes what exports hold and refuses all else."""

import ast
import operator
import re

import numpy

RZZ = "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }\n"  # for readers that do not know it

_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def evaluate(text, names):
    """An angle: numbers, names, elements of lists, + - * / and parentheses."""

    def value(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.Name):
            return names[node.id]
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            return names[node.value.id][node.slice.value]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value(node.operand)
        if isinstance(node, ast.BinOp):
            return _OPERATORS[type(node.op)](value(node.left), value(node.right))
        raise ValueError(f"not an angle: {text}")

    return value(ast.parse(text, mode="eval").body)


def _turn(pauli):
    return lambda angle: numpy.cos(angle / 2) * numpy.eye(len(pauli)) - 1j * numpy.sin(angle / 2) * pauli


_X = numpy.array([[0, 1], [1, 0]], dtype=complex)
_Y = numpy.array([[0, -1j], [1j, 0]])
_Z = numpy.diag([1, -1]).astype(complex)
_CX = numpy.array([[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]], dtype=complex)  # control: the lower bit

def _controlled(matrix):
    """With the control on the lower bit; on two lower bits where the matrix is controlled already."""
    size = len(matrix)
    result = numpy.eye(2 * size, dtype=complex)
    odd = numpy.arange(size) * 2 + 1
    result[numpy.ix_(odd, odd)] = matrix
    return result


def _fixed(matrix):
    return lambda: matrix


def _phase(angle):
    return numpy.diag([1, numpy.exp(1j * angle)])


_SX = ((1 + 1j) * numpy.eye(2) + (1 - 1j) * _X) / 2
_H = (_X + _Z) / numpy.sqrt(2)
_SWAP = numpy.eye(4, dtype=complex)[[0, 2, 1, 3]]

# By their definition in OpenQASM's stdgates.inc and, beyond it, in Qiskit's library: the first qubit is the lowest bit.
GATES = {
    "x": _fixed(_X),
    "y": _fixed(_Y),
    "z": _fixed(_Z),
    "h": _fixed(_H),
    "s": _fixed(_phase(numpy.pi / 2)),
    "sdg": _fixed(_phase(-numpy.pi / 2)),
    "t": _fixed(_phase(numpy.pi / 4)),
    "tdg": _fixed(_phase(-numpy.pi / 4)),
    "sx": _fixed(_SX),
    "sxdg": _fixed(_SX.conj().T),
    "v": _fixed(_SX),
    "rx": _turn(_X),
    "ry": _turn(_Y),
    "rz": _turn(_Z),
    "p": _phase,
    "u": lambda t, f, l: numpy.array([[numpy.cos(t / 2), -numpy.exp(1j * l) * numpy.sin(t / 2)],
                                      [numpy.exp(1j * f) * numpy.sin(t / 2), numpy.exp(1j * (f + l)) * numpy.cos(t / 2)]]),
    "cx": _fixed(_CX),
    "cnot": _fixed(_CX),
    "cy": _fixed(_controlled(_Y)),
    "cz": _fixed(_controlled(_Z)),
    "ch": _fixed(_controlled(_H)),
    "swap": _fixed(_SWAP),
    "iswap": _fixed(_SWAP @ numpy.diag([1, 1j, 1j, 1])),
    "ecr": _fixed(numpy.array([[0, 1, 0, 1j], [1, 0, -1j, 0], [0, 1j, 0, 1], [-1j, 0, 1, 0]]) / numpy.sqrt(2)),
    "crx": lambda angle: _controlled(_turn(_X)(angle)),
    "cry": lambda angle: _controlled(_turn(_Y)(angle)),
    "crz": lambda angle: _controlled(_turn(_Z)(angle)),
    "cp": lambda angle: _controlled(_phase(angle)),
    "rxx": _turn(numpy.kron(_X, _X)),
    "ryy": _turn(numpy.kron(_Y, _Y)),
    "rzz": _turn(numpy.kron(_Z, _Z)),
    "rzx": _turn(numpy.kron(_X, _Z)),
    "ccx": _fixed(_controlled(_CX)),
    "ccz": _fixed(numpy.diag([1, 1, 1, 1, 1, 1, 1, -1]).astype(complex)),
    "cswap": _fixed(_controlled(_SWAP)),
}


def apply(state, name, qubits, angles):
    return apply_matrix(state, GATES[name](*angles), qubits)


def apply_matrix(state, matrix, qubits):
    """The state after a gate; the first qubit is the lowest bit of the matrix's index."""
    width = state.size.bit_length() - 1
    axes = [width - 1 - qubit for qubit in reversed(qubits)]
    matrix = matrix.reshape([2] * (2 * len(qubits)))
    moved = numpy.tensordot(matrix, state.reshape([2] * width), axes=(range(len(qubits), 2 * len(qubits)), axes))
    return numpy.moveaxis(moved, range(len(qubits)), axes).reshape(-1)


def zero_state(qubits):
    state = numpy.zeros(2**qubits, dtype=complex)
    state[0] = 1
    return state


_GATE = re.compile(r"(\w+)(?:\((.*)\))? ((?:q\[|\$)[^;]*);")
_QUBIT = re.compile(r"(?:q\[(\d+)\]|\$(\d+))")


def lines_of_gates(text):
    """(name, the angle's text or nothing, qubits) of every gate; declarations and measurements are left out."""
    for line in text.splitlines():
        match = _GATE.fullmatch(line)
        if match and match[1] not in ("measure", "qreg"):
            yield match[1], match[2], [int(a or b) for a, b in _QUBIT.findall(match[3])]


def measured_qubits(text):
    """measured[c]: the qubit that classical bit c reads."""
    pattern = r"c\[(\d+)\] = measure (?:q\[|\$)(\d+)" if "OPENQASM 3" in text else r"measure q\[(\d+)\] -> c\[(\d+)\]"
    pairs = [(int(a), int(b)) for a, b in re.findall(pattern, text)]
    bits = dict(pairs if "OPENQASM 3" in text else [(b, a) for a, b in pairs])
    return [bits[bit] for bit in range(len(bits))]


def of_qasm(text, inputs):
    """State and measured qubits of a program. On a device's qubits the state is that of those in use."""
    known = r"OPENQASM .*|include .*|gate rzz.*|input float\[64\] \w+;|(qu)?bit\[\d+\] \w;|[qc]reg \w\[\d+\];|.*measure .*"
    for line in text.splitlines():
        if not re.fullmatch(known, line) and not _GATE.fullmatch(line):
            raise ValueError(f"not read: {line}")
    gates, measured = list(lines_of_gates(text)), measured_qubits(text)
    declared = re.search(r"(?:qubit\[|qreg q\[)(\d+)\]", text)
    used = (list(range(int(declared[1]))) if declared
            else sorted({qubit for _, _, qubits in gates for qubit in qubits} | set(measured)))
    state = zero_state(len(used))
    for name, angle, qubits in gates:
        state = apply(state, name, [used.index(q) for q in qubits], [evaluate(angle, inputs)] if angle else [])
    return state, [used.index(q) for q in measured]


def of_native_ionq(job):
    """Gates gpi, gpi2, ms and zz with phases and angles in turns, by IonQ's documentation."""
    def gpi(phase):
        return numpy.array([[0, numpy.exp(-2j * numpy.pi * phase)], [numpy.exp(2j * numpy.pi * phase), 0]])

    def pair(first, second, angle):
        """exp(-i angle/2 P x Q), the first qubit the lowest bit."""
        return numpy.cos(numpy.pi * angle) * numpy.eye(4) - 1j * numpy.sin(numpy.pi * angle) * numpy.kron(second, first)

    z = numpy.diag([1, -1])
    matrices = {"gpi": lambda gate: gpi(gate["phase"]), "gpi2": lambda gate: (numpy.eye(2) - 1j * gpi(gate["phase"])) / 2**0.5,
                "ms": lambda gate: pair(*map(gpi, gate["phases"]), gate["angle"]), "zz": lambda gate: pair(z, z, gate["angle"])}
    state = zero_state(job["qubits"])
    for gate in job["circuit"]:
        state = apply_matrix(state, matrices[gate["gate"]](gate), gate.get("targets", [gate.get("target")]))
    return state


def of_ionq(job):
    if job["gateset"] == "native":
        return of_native_ionq(job)
    state = zero_state(job["qubits"])
    for gate in job["circuit"]:
        qubits = ([gate["control"]] if "control" in gate else []) + [gate["target"]]
        state = apply(state, gate["gate"], qubits, [gate["rotation"]] if "rotation" in gate else [])
    return state


def distribution(state, measured):
    """Probability of each reading, bit c of the index = classical bit c."""
    index = numpy.arange(state.size)
    reading = sum(((index >> qubit) & 1) << bit for bit, qubit in enumerate(measured)) + 0 * index
    return numpy.bincount(reading, weights=abs(state)**2, minlength=2**len(measured))


def expectation(state, paulis):
    """<P> of a string such as {0: "X", 2: "Y"}."""
    turned = state
    for qubit, letter in paulis.items():
        turned = apply(turned, letter.lower(), [qubit], [])
    return float(numpy.vdot(state, turned).real)


def signs(bits, width):
    """The product of (-1)^bit over `bits`, for each reading."""
    index = numpy.arange(2**width)
    return 1 - 2 * (sum((index >> bit) & 1 for bit in bits) % 2) + 0 * index
