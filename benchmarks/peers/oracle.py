# SPDX-License-Identifier: Apache-2.0
"""The oracle: outputs and their exact vector-Jacobian product in double precision, gate by gate, by the adjoint method
(arXiv:2009.02823). It shares no code with any peer and is written to be checked by eye.

`python oracle.py` compares it with dense Kronecker matrices and central differences, on every kind of workload."""
import hashlib
import json
import pathlib

import numpy as np

import circuits

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])
PAULI = {"rx": X, "ry": Y, "rz": Z}
FULL_STATE = 12  # wider circuits are cut to each register's structural light cone: a statevector would not fit


def apply_matrix(psi, matrix, q):
    """psi[B, 2, 2, ...] with qubit q on axis q + 1; matrix[2, 2], or [B, 2, 2] with one matrix a sample."""
    moved = np.moveaxis(psi, q + 1, 1)
    shape = moved.shape
    moved = matrix @ moved.reshape(shape[0], 2, -1)
    return np.moveaxis(moved.reshape(shape), 1, q + 1)


def apply_controlled(psi, gate, control, target):
    psi = psi.copy()
    on = [slice(None)] * psi.ndim
    on[control + 1] = 1
    # after the control's axis is gone, the target's axis is one further left if it came later
    axis = target + 1 - (target > control)
    part = psi[tuple(on)]
    psi[tuple(on)] = np.flip(part, axis) if gate == "cx" else np.moveaxis(
        np.moveaxis(part, axis, -1) * [1, -1], -1, axis)
    return psi


def rotation(gate, angle):
    """exp(-i angle P / 2) for angle[...], as [..., 2, 2]."""
    a = np.asarray(angle, float)[..., None, None] / 2
    return np.cos(a) * np.eye(2) - 1j * np.sin(a) * PAULI[gate]


def apply(op, psi, x, params, sign=1):
    """The gate on psi, or with sign = -1 its inverse (CX and CZ are their own)."""
    if op.source is None:
        return apply_controlled(psi, op.gate, *op.qubits)
    angle = x[:, op.index] if op.source == "x" else params[op.index]
    return apply_matrix(psi, rotation(op.gate, sign * angle), op.qubits[0])


def backward(ops, psi, lam, x, params, gx, gp):
    """Takes ket psi and bra lam back through ops, adding 2 Re <lam| dU |psi> to gx[B, angles] and gp[params]."""
    for op in reversed(ops):
        if op.source is not None:
            overlap = lam.conj() * apply_matrix(psi, PAULI[op.gate], op.qubits[0])
            d = np.imag(overlap.reshape(len(psi), -1).sum(1))
            if op.source == "x":
                gx[:, op.index] += d
            else:
                gp[op.index] += d.sum()
        psi, lam = apply(op, psi, x, params, -1), apply(op, lam, x, params, -1)
    return lam


def diagonal(readout, n):
    """Eigenvalues of a sum of weighted Z-strings, shape [2, 2, ...]."""
    total = np.zeros((2,) * n)
    for qubits, weight in readout:
        value = np.full((2,) * n, float(weight))
        for q in qubits:
            value = np.moveaxis(np.moveaxis(value, q, -1) * [1, -1], -1, q)
        total += value
    return total


def run_state(c, x, params, g):
    """y[B, outputs], gx, gp of a circuit as one statevector; g[B, outputs]."""
    n, B = c.qubits, len(x)
    psi = np.zeros((B,) + (2,) * n, complex)
    psi[(slice(None),) + (0,) * n] = 1
    for op in c.shared:
        psi = apply(op, psi, x, params)
    y, gx, gp, lam, column = np.zeros_like(g), np.zeros_like(x), np.zeros_like(params), np.zeros_like(psi), 0
    for block in c.blocks:
        phi = psi
        for op in block.ops:
            phi = apply(op, phi, x, params)
        bra = np.zeros_like(phi)
        for readout in block.outputs:
            d = diagonal(readout, n)
            y[:, column] = (np.abs(phi) ** 2 * d).reshape(B, -1).sum(1)
            bra += g[:, column].reshape((B,) + (1,) * n) * d * phi
            column += 1
        lam += backward(block.ops, phi, bra, x, params, gx, gp)
    backward(c.shared, psi, lam, x, params, gx, gp)
    return y, gx, gp


def light_cone(c, block):
    """The gates that can reach the block's register at all, on renumbered qubits: a gate is kept if it touches a qubit
    that is already reached, and then reaches all of its own."""
    reached, kept = set(block.qubits), []
    for op in reversed(c.shared):
        if reached & set(op.qubits):
            reached |= set(op.qubits)
            kept.append(op)
    place = {q: i for i, q in enumerate(sorted(reached))}
    move = lambda qubits: tuple(place[q] for q in qubits)
    ops = lambda some: tuple(circuits.Op(o.gate, move(o.qubits), o.source, o.index) for o in some)
    outputs = tuple(tuple((move(qubits), weight) for qubits, weight in readout) for readout in block.outputs)
    small = circuits.Block(move(block.qubits), ops(block.ops), outputs)
    return circuits.Circuit(len(reached), c.angles, c.params, ops(kept[::-1]), (small,))


def run(c, x, params, g):
    """run_state, or for circuits of more than FULL_STATE qubits the sum over the blocks' light cones."""
    if c.qubits <= FULL_STATE:
        return run_state(c, x, params, g)
    y, gx, gp, column = np.zeros_like(g), np.zeros_like(x), np.zeros_like(params), 0
    for block in c.blocks:
        columns = slice(column, column + len(block.outputs))
        y[:, columns], dx, dp = run_state(light_cone(c, block), x, params, g[:, columns])
        gx, gp, column = gx + dx, gp + dp, columns.stop
    return y, gx, gp


def step(w, x, ws, wt, g):
    """y, gx, gws, gwt of a workload, shaped like g, x, ws, wt."""
    params = np.concatenate([ws.ravel(), wt.ravel()]).astype(float)
    y, gx, gp = run(circuits.circuit(w), np.asarray(x, float), params, np.asarray(g, float).reshape(len(x), -1))
    return y.reshape(g.shape), gx, gp[: ws.size].reshape(ws.shape), gp[ws.size:].reshape(wt.shape)


def cached(w, B, folder):
    """step() on the workload's inputs, kept in a folder: every peer is compared with the same answers."""
    text = json.dumps([w, B]) + pathlib.Path(__file__).read_text() + pathlib.Path(circuits.__file__).read_text()
    file = pathlib.Path(folder) / f"{w['name']}-{B}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".half.npz")
        np.savez(half, *step(w, *circuits.inputs(w, B)))
        half.rename(file)
    with np.load(file) as data:
        return list(data.values())


def dense_outputs(c, x, params):
    """Outputs by dense matrices, one sample after another: Kronecker products and nothing else."""
    n = c.qubits

    def spread(factors):
        full = np.eye(1)
        for q in range(n):
            full = np.kron(full, factors.get(q, np.eye(2)))
        return full

    y = []
    for row in x:
        def gate(op):
            if op.source is None:
                control, target = op.qubits
                return spread({control: np.diag([1, 0])}) + spread(
                    {control: np.diag([0, 1]), target: X if op.gate == "cx" else Z})
            a = row[op.index] if op.source == "x" else params[op.index]
            return spread({op.qubits[0]: np.cos(a / 2) * np.eye(2) - 1j * np.sin(a / 2) * PAULI[op.gate]})
        values = []
        for block in c.blocks:
            v = np.eye(2**n)[0]
            for op in (*c.shared, *block.ops):
                v = gate(op) @ v
            for readout in block.outputs:
                O = sum(weight * spread({q: Z for q in qubits}) for qubits, weight in readout)
                values.append(np.real(v.conj() @ O @ v))
        y.append(values)
    return np.array(y)


def self_check():
    base = {"n": 4, "Ls": 2, "Lt": 2, "T": 3, "m": 2, "B": 2}
    kinds = [{}, {"local": 2}, {"rotations": "ry", "entangler": "cz-ring", "upload": "first"},
             {"entangler": "cz-line", "local": 3, "stride": 2, "m": 1, "readout": "mean", "order": "er"},
             {"entangler": "brickwork", "readout": "parity", "m": 1}, {"entangler": "none", "readout": "pairs"},
             {"entangler": "cz-ring", "block_entangler": "none", "local": 2, "stride": 1}]
    worst = 0
    for kind in kinds:
        w = circuits.complete({"name": "check", **base, **kind})
        c = circuits.circuit(w)
        x, ws, wt, g = (v.astype(float) for v in circuits.inputs(w))
        p, g = np.concatenate([ws.ravel(), wt.ravel()]), g.reshape(len(x), -1)
        y, gx, gp = run_state(c, x, p, g)
        errors = [np.abs(y - dense_outputs(c, x, p)).max()]
        h = 1e-5
        for array, gradient in ((x, gx), (p, gp)):
            for i in np.ndindex(array.shape):
                kept = array[i]
                array[i] = kept + h
                up = (dense_outputs(c, x, p) * g).sum()
                array[i] = kept - h
                down = (dense_outputs(c, x, p) * g).sum()
                array[i] = kept
                errors.append(abs((up - down) / (2 * h) - gradient[i]))
        cut = [np.concatenate([run_state(light_cone(c, b), x, p, g[:, :len(b.outputs)])[0] for b in c.blocks], 1)]
        errors.append(np.abs(cut[0] - y).max())
        print(f"{json.dumps(kind):110s} largest difference {max(errors):.1e}")
        worst = max(worst, *errors)
    # central differences with h = 1e-5 are good to about h^2 plus rounding / h: 1e-9
    assert worst < 1e-8, worst


if __name__ == "__main__":
    self_check()
