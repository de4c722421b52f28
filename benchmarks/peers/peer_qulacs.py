# SPDX-License-Identifier: Apache-2.0
"""Qulacs (double precision only): ParametricQuantumCircuit.backprop with one observable sum_j g_j O_j a task, a loop over
samples and tasks. It cannot branch, so the shared stage is repeated for every task; RY(x) RY(w) is merged; y costs one more
forward pass. Qulacs turns RY and RZ the other way round, hence the minus signs."""
from importlib.metadata import version

import numpy as np
from qulacs import Observable, ParametricQuantumCircuit, QuantumState

import circuits
from common import main


def layer(c, kind, qubits, l, rz, order):
    def tangle():
        for a, b in circuits.pairs(kind, qubits, l):
            c.add_CNOT_gate(a, b) if kind == "cx-ring" else c.add_CZ_gate(a, b)
    if order == "er":
        tangle()
    for q in qubits:
        c.add_parametric_RY_gate(q, 0.0)
        if rz:
            c.add_parametric_RZ_gate(q, 0.0)
    if order == "re":
        tangle()


def build(w, inputs, precision, variant):
    x, ws, wt, g = (np.asarray(v, float) for v in inputs)
    n, rz, tasks = w["n"], "rz" in circuits.rotations(w), []
    for t in range(w["T"]):
        c, qubits = ParametricQuantumCircuit(n), circuits.register(w, t)
        for l in range(w["Ls"]):
            layer(c, w["entangler"], range(n), l, rz, "re")
        for l in range(w["Lt"]):
            layer(c, w["block_entangler"], qubits, l, rz, w["order"])
        outputs = [[(" ".join(f"Z {q}" for q in s), weight) for s, weight in o] for o in circuits.observables(w, qubits)]
        values = []
        for o in outputs:
            values.append(Observable(n))
            for string, weight in o:
                values[-1].add_operator(weight, string)
        tasks.append((c, outputs, values))
    psi = QuantumState(n)

    def step():
        y, gx, gws, gwt = np.empty(g.shape), np.zeros_like(x), np.zeros_like(ws), np.zeros_like(wt)
        for b in range(len(x)):
            up = ws.copy()
            up[: None if w["upload"] == "every" else 1, :, 0] += x[b]
            for t, (c, outputs, values) in enumerate(tasks):
                for i, a in enumerate(np.concatenate([-up.ravel(), -wt[t].ravel()]).tolist()):
                    c.set_parameter(i, a)
                psi.set_zero_state()
                c.update_quantum_state(psi)
                y[b, t] = [v.get_expectation_value(psi) for v in values]
                folded = Observable(n)
                for j, o in enumerate(outputs):
                    for string, weight in o:
                        folded.add_operator(g[b, t, j] * weight, string)
                d = -np.array(c.backprop(folded))
                s = d[: ws.size].reshape(ws.shape)
                gws += s
                gx[b] += s[:, :, 0].sum(0) if w["upload"] == "every" else s[0, :, 0]
                gwt[t] += d[ws.size:].reshape(wt[t].shape)
        return y, gx, gws, gwt

    return step


if __name__ == "__main__":
    main("qulacs", version("qulacs"), build, ("",), ("c128",))
