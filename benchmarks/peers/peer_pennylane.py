# SPDX-License-Identifier: Apache-2.0
"""PennyLane. "backprop": default.qubit with JAX, one QNode for the encoding (parameter broadcasting over samples) and one
for each register, which gets the encoded state by StatePrep and is vmapped over tasks; jit and vjp around all. "lightning":
lightning.qubit's C++ adjoint Jacobian through the device's own interface (no QNode overhead); it knows no batch and no
branching, so samples and tasks are a loop. RY(x) RY(w) is merged."""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
from importlib.metadata import version

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

import circuits
from common import main


def layer(kind, qubits, l, ry, rz, order):
    """ry[..., k] and rz[k] or None."""
    def tangle():
        for a, b in circuits.pairs(kind, qubits, l):
            (qml.CNOT if kind == "cx-ring" else qml.CZ)(wires=[a, b])
    if order == "er":
        tangle()
    for i, q in enumerate(qubits):
        qml.RY(ry[..., i], wires=q)
        if rz is not None:
            qml.RZ(rz[i], wires=q)
    if order == "re":
        tangle()


def stage_shared(w, x, ws):
    for l in range(w["Ls"]):
        ry = ws[l, :, 0] + (x if l == 0 or w["upload"] == "every" else 0 * x)
        layer(w["entangler"], range(w["n"]), l, ry, ws[l, :, 1] if ws.shape[2] == 2 else None, "re")


def stage_block(w, v, qubits):
    for l in range(w["Lt"]):
        layer(w["block_entangler"], qubits, l, v[l, :, 0], v[l, :, 1] if v.shape[2] == 2 else None, w["order"])


def z_string(qubits):
    return qml.prod(*(qml.Z(q) for q in qubits)) if len(qubits) > 1 else qml.Z(qubits[0])


def build_backprop(w, inputs, precision):
    if precision == "c128":
        jax.config.update("jax_enable_x64", True)
    x, ws, wt, g = (jnp.asarray(v, jnp.float64 if precision == "c128" else jnp.float32) for v in inputs)
    n, dev = w["n"], qml.device("default.qubit", wires=w["n"])
    registers = {}
    for t in range(w["T"]):
        registers.setdefault(circuits.register(w, t), []).append(t)

    @qml.qnode(dev, interface="jax", diff_method="backprop")
    def encode(x, ws):
        stage_shared(w, x, ws)
        return qml.state()

    def block(qubits):
        outputs = circuits.observables(w, qubits)

        @qml.qnode(dev, interface="jax", diff_method="backprop")
        def strings(state, v):
            qml.StatePrep(state, wires=range(n), validate_norm=False)
            stage_block(w, v, qubits)
            return [qml.expval(z_string(s)) for o in outputs for s, _ in o]

        def values(state, v):  # [m, B]
            flat, out, i = strings(state, v), [], 0
            for o in outputs:
                out.append(sum(weight * flat[i + j] for j, (_, weight) in enumerate(o)))
                i += len(o)
            return jnp.stack(out)

        return values

    def f(x, ws, wt):
        state, y = encode(x, ws), jnp.zeros((w["T"], w["m"], len(x)), x.dtype)
        for qubits, tasks in registers.items():
            tasks = np.array(tasks)
            y = y.at[tasks].set(jax.vmap(block(qubits), (None, 0))(state, wt[tasks]).astype(x.dtype))
        return y.transpose(2, 0, 1)

    def step(x, ws, wt, g):
        y, pull = jax.vjp(f, x, ws, wt)
        return y, *pull(g)

    run = jax.jit(step)
    return lambda: jax.block_until_ready(run(x, ws, wt, g))


def build_lightning(w, inputs, precision):
    x, ws, wt, g = (np.asarray(v, float) for v in inputs)
    dev = qml.device("lightning.qubit", wires=w["n"], c_dtype=np.complex64 if precision == "c64" else np.complex128)
    config = qml.devices.ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)

    def tape(b, t):
        qubits = circuits.register(w, t)
        with qml.queuing.AnnotatedQueue() as queue:
            stage_shared(w, x[b], ws)
            stage_block(w, wt[t], qubits)
            for o in circuits.observables(w, qubits):
                parts = [z_string(s) for s, _ in o]
                qml.expval(parts[0] if len(parts) == 1 else qml.Hamiltonian([weight for _, weight in o], parts))
        out = qml.tape.QuantumScript.from_queue(queue)
        out.trainable_params = list(range(ws.size + wt[t].size))
        return out

    def step():
        y, gx, gws, gwt = np.empty(g.shape), np.zeros(x.shape), np.zeros(ws.shape), np.zeros(wt.shape)
        for b in range(len(x)):
            values, jacobians = dev.execute_and_compute_derivatives([tape(b, t) for t in range(w["T"])], config)
            for t in range(w["T"]):
                y[b, t] = values[t]
                d = g[b, t] @ np.array(jacobians[t], float).reshape(w["m"], -1)
                s = d[: ws.size].reshape(ws.shape)
                gws += s
                gx[b] += s[:, :, 0].sum(0) if w["upload"] == "every" else s[0, :, 0]
                gwt[t] += d[ws.size:].reshape(wt[t].shape)
        return y, gx, gws, gwt

    return step


def build(w, inputs, precision, variant):
    return (build_lightning if variant == "lightning" else build_backprop)(w, inputs, precision)


if __name__ == "__main__":
    main("pennylane", f"{qml.__version__}+jax{jax.__version__}+lightning{version('pennylane_lightning')}", build,
         ("backprop", "lightning"), ("c64", "c128"))
