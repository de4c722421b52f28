#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Microseconds a sample, forward and backward, of published circuits here and in PennyLane and TensorCircuit-NG.

    PYTHONPATH=build/release/tools/python python3 benchmarks/circuits/rivals.py [--circuits sim-14] [--qubits 8] [--layers 2]

Every rival computes the same step for a batch: the expectation of Z on every qubit, and the gradient of a fixed sum of them
to all inputs and trained numbers. Before anything is timed the answers are compared with default.qubit's in double. In
one run the rivals take turns, and the table shows the median of their rounds and its ratio to qmtl's. What is not
installed is left out and said so.
"""
import argparse
import importlib.util
import os
import statistics
import sys
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import numpy as np


# ---- The circuits, once for every library: `on` has rx(angle, q), ..., crx(angle, a, b), cx(a, b); w trained, in the
# presets' order, x the inputs of the samples.

def strongly_entangling(on, n, layers, w):
    for l in range(layers):
        for kind, gate in enumerate((on.rz, on.ry, on.rz)):
            for q in range(n):
                gate(w[(3 * l + kind) * n + q], q)
        step = l % (n - 1) + 1
        for q in range(n):
            on.cx(q, (q + step) % n)


def efficient_su2(on, n, layers, w):
    for l in range(layers + 1):
        for kind, gate in enumerate((on.ry, on.rz)):
            for q in range(n):
                gate(w[(2 * l + kind) * n + q], q)
        for q in reversed(range(n - 1 if l < layers else 0)):
            on.cx(q, q + 1)


def sim_14(on, n, layers, w):
    for l in range(layers):
        v = w[4 * n * l:4 * n * (l + 1)]
        for half in 0, 1:
            for q in range(n):
                on.ry(v[2 * n * half + q], q)
            for i, q in enumerate(reversed(range(n)) if half == 0 else [n - 1, *range(n - 1)]):
                on.crx(v[2 * n * half + n + i], q, (q + (1 if half == 0 else -1)) % n)


CIRCUITS = {  # preset: (its gates behind the upload, trained numbers)
    "strongly-entangling": (strongly_entangling, lambda n, layers: 3 * n * layers),
    "efficient-su2": (efficient_su2, lambda n, layers: 2 * n * (layers + 1)),
    "sim-14": (sim_14, lambda n, layers: 4 * n * layers),
}


# ---- The rivals: a function step() -> (values [B, n], gradient of x, of w) of arrays x [B, n], w, g [n].

def pennylane_gates():
    import pennylane as qml

    class Gates:
        rx = staticmethod(lambda a, q: qml.RX(a, wires=q))
        ry = staticmethod(lambda a, q: qml.RY(a, wires=q))
        rz = staticmethod(lambda a, q: qml.RZ(a, wires=q))
        crx = staticmethod(lambda a, p, q: qml.CRX(a, wires=[p, q]))
        cx = staticmethod(lambda p, q: qml.CNOT(wires=[p, q]))
    return Gates


def pennylane_node(circuit, n, layers, device, interface, method):
    import pennylane as qml
    gates = pennylane_gates()

    @qml.qnode(qml.device(device, wires=n), interface=interface, diff_method=method)
    def node(x, w):  # x [n] or [n, B]
        for q in range(n):
            gates.ry(x[q], q)
        circuit(gates, n, layers, w)
        return [qml.expval(qml.PauliZ(q)) for q in range(n)]
    return node


def reference(circuit, n, layers, x, w, g):
    """default.qubit through autograd, double, sample by sample."""
    import pennylane as qml
    from pennylane import numpy as pnp
    node = pennylane_node(circuit, n, layers, "default.qubit", "autograd", "backprop")
    x, w = pnp.array(x, requires_grad=True), pnp.array(w, requires_grad=True)

    def total(x, w):
        return pnp.sum(g[:, None] * pnp.stack(node(x.T, w)))
    gx, gw = qml.grad(total, argnums=[0, 1])(x, w)
    return np.array(pnp.stack(node(x.T, w))).T, np.array(gx), np.array(gw)


def pennylane_torch(circuit, n, layers, x, w, g, preset):
    import torch
    node = pennylane_node(circuit, n, layers, "default.qubit", "torch", "backprop")
    x, w = (torch.tensor(v, dtype=torch.float32, requires_grad=True) for v in (x, w))
    g = torch.tensor(g, dtype=torch.float32)

    def step():
        x.grad = w.grad = None
        values = torch.stack(node(x.T, w)).T
        (values * g).sum().backward()
        return values.detach().numpy(), x.grad.numpy(), w.grad.numpy()
    return step


def jax_step(total, x, w):
    """A compiled step of `total`, which gives its sum and the values: those, and the sum's gradients."""
    import jax
    both = jax.jit(jax.value_and_grad(total, (0, 1), has_aux=True))

    def step():
        (_, values), (gx, gw) = jax.block_until_ready(both(x, w))
        return np.asarray(values), np.asarray(gx), np.asarray(gw)
    return step


def pennylane_jax(circuit, n, layers, x, w, g, preset):
    import jax.numpy as jnp
    node = pennylane_node(circuit, n, layers, "default.qubit", "jax", "backprop")
    x, w, g = (jnp.asarray(v, jnp.float32) for v in (x, w, g))

    def total(x, w):
        values = jnp.stack(node(x.T, w)).T
        return (values * g).sum(), values
    return jax_step(total, x, w)


def lightning(circuit, n, layers, x, w, g, preset):
    """lightning.qubit's adjoint pass knows no batch: sample by sample."""
    import pennylane as qml
    from pennylane import numpy as pnp
    node = pennylane_node(circuit, n, layers, "lightning.qubit", "autograd", "adjoint")
    values = np.empty(x.shape)

    def total(one, w, row):
        found = pnp.stack(node(one, w))
        values[row] = qml.math.toarray(found)
        return pnp.sum(g * found)
    gradient = qml.grad(total, argnums=[0, 1])
    w = pnp.array(w, requires_grad=True)

    def step():
        rows = [gradient(pnp.array(one, requires_grad=True), w, row) for row, one in enumerate(x)]
        return values, np.array([r[0] for r in rows]), sum(r[1] for r in rows)
    return step


def tensorcircuit_jax(circuit, n, layers, x, w, g, preset):
    import jax
    import jax.numpy as jnp
    import tensorcircuit as tc
    tc.set_backend("jax")
    tc.set_dtype("complex64")
    x, w, g = (jnp.asarray(v, jnp.float32) for v in (x, w, g))

    def outputs(one, w):
        c = tc.Circuit(n)

        class Gates:
            ry = staticmethod(lambda a, q: c.ry(q, theta=a))
            rz = staticmethod(lambda a, q: c.rz(q, theta=a))
            crx = staticmethod(lambda a, p, q: c.crx(p, q, theta=a))
            cx = staticmethod(lambda p, q: c.cx(p, q))
        for q in range(n):
            Gates.ry(one[q], q)
        circuit(Gates, n, layers, w)
        return jnp.stack([jnp.real(c.expectation_ps(z=[q])) for q in range(n)])

    def total(x, w):
        values = jax.vmap(outputs, (0, None))(x, w)
        return (values * g).sum(), values
    return jax_step(total, x, w)


def qmtl_head(circuit, n, layers, x, w, g, preset):
    import qmtl
    head = qmtl.Head({f"z{q}": "regression" for q in range(n)}, {
        "circuit": {"preset": preset, "qubits": n, "layers": layers},
        "block": {"placement": "local", "size": 1, "stride": 1, "layers": 0, "observables": ["Z0"]},
        "head": {"angle_map": "linear", "gain": 1.0}})
    names = list(head.tensors)
    assert names[0] == "head.shared", names  # so that the circuit's numbers come first
    head.set_tensors({"head.shared": w, "head.scale": np.ones(n), "head.bias": np.zeros(n)})
    x = np.ascontiguousarray(x, np.float32)
    slopes = np.ascontiguousarray(np.broadcast_to(g, x.shape), np.float32)

    def step():
        values = head(x)
        gx, gw = head.vjp(x, slopes)
        return values, gx, gw[:w.size]
    return step


RIVALS = {  # name: (function, modules that it needs)
    "qmtl": (qmtl_head, ["qmtl"]),
    "PennyLane default.qubit, torch": (pennylane_torch, ["pennylane", "torch"]),
    "PennyLane default.qubit, jax": (pennylane_jax, ["pennylane", "jax"]),
    "PennyLane lightning.qubit": (lightning, ["pennylane", "pennylane_lightning"]),
    "TensorCircuit-NG, jax": (tensorcircuit_jax, ["tensorcircuit", "jax"]),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--circuits", default=",".join(CIRCUITS))
    parser.add_argument("--qubits", type=int, default=8)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5, help="of every rival, in turns")
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    a = parser.parse_args()
    clock = time.perf_counter if a.clock == "wall" else time.process_time
    for preset in a.circuits.split(","):
        circuit, trained = CIRCUITS[preset]
        random = np.random.default_rng(1)
        x, w = random.uniform(-2, 2, (a.batch, a.qubits)), random.uniform(-3, 3, trained(a.qubits, a.layers))
        g = random.uniform(-1, 1, a.qubits)
        right = reference(circuit, a.qubits, a.layers, x, w, g)
        steps = {}
        for name, (build, modules) in RIVALS.items():
            absent = [m for m in modules if importlib.util.find_spec(m) is None]
            if absent:
                print(f"left out: {name}: no module {absent[0]}", file=sys.stderr)
                continue
            step = build(circuit, a.qubits, a.layers, x, w, g, preset)
            # Single precision: each of some hundred gates rounds, sums over the batch have a scale of their own.
            for found, expected in zip(step(), right):
                if not np.allclose(found, expected, rtol=0, atol=1e-4 * max(1.0, np.abs(expected).max())):
                    sys.exit(f"{name}: {preset}: wrong by {np.abs(found - expected).max():.2g}")
            steps[name] = step
        rounds = {name: [] for name in steps}
        for _ in range(a.rounds):
            for name, step in steps.items():
                begin = clock()
                step()
                rounds[name].append(1e6 * (clock() - begin) / a.batch)
        print(f"\n{preset}, {a.qubits} qubits, {a.layers} repetitions, batch {a.batch}, {a.clock} clock\n")
        print("| | us a sample | against qmtl |\n|---|---:|---:|")
        times = {name: statistics.median(list_) for name, list_ in rounds.items()}
        for name, us in times.items():
            ratio = f"{us / times['qmtl']:.0f}" if "qmtl" in times else "-"
            print(f"| {name} | {us:.1f} | {ratio} |")


if __name__ == "__main__":
    main()
