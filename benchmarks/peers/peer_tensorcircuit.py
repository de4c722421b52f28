# SPDX-License-Identifier: Apache-2.0
"""TensorCircuit-NG with its JAX backend: vmap over samples, jit, autodiff (jax.vjp). The encoded state is computed once a
sample and handed to the tasks' circuits by Circuit(n, inputs=state); tasks on one register are a second vmap; RY(x) RY(w)
is merged. Variants: "state" reads outputs off the statevector, "network" contracts expectation_ps."""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np
import tensorcircuit as tc

import circuits
from common import main

K = tc.set_backend("jax")


def z_signs(n):
    return np.array([1 - 2 * ((np.arange(2**n) >> (n - 1 - q)) & 1) for q in range(n)])


def layer(c, w, kind, qubits, l, angles, order, x=None):
    """One layer on a circuit: angles[k, R], x[k] added to the RY angles or None."""
    def tangle():
        for a, b in circuits.pairs(kind, qubits, l):
            c.cx(a, b) if kind == "cx-ring" else c.cz(a, b)
    if order == "er":
        tangle()
    for i, q in enumerate(qubits):
        c.ry(q, theta=angles[i, 0] + (0 if x is None else x[i]))
        if angles.shape[1] == 2:
            c.rz(q, theta=angles[i, 1])
    if order == "re":
        tangle()


def one_sample(w, variant):
    n, signs = w["n"], z_signs(w["n"])
    registers = {}
    for t in range(w["T"]):
        registers.setdefault(circuits.register(w, t), []).append(t)

    def f(x, ws, wt):
        c = tc.Circuit(n)
        for l in range(w["Ls"]):
            up = l == 0 or w["upload"] == "every"
            layer(c, w, w["entangler"], range(n), l, ws[l], "re", x if up else None)
        state, y = c.state(), jnp.zeros((w["T"], w["m"]), x.dtype)
        for qubits, tasks in registers.items():
            outputs = circuits.observables(w, qubits)
            O = np.array([sum(weight * signs[list(s)].prod(0) for s, weight in o) for o in outputs])

            def task(v):
                d = tc.Circuit(n, inputs=state)
                for l in range(w["Lt"]):
                    layer(d, w, w["block_entangler"], qubits, l, v[l], w["order"])
                if variant == "network":
                    return jnp.stack([sum(weight * K.real(d.expectation_ps(z=list(s))) for s, weight in o)
                                      for o in outputs])
                return O.astype(x.dtype) @ (K.abs(d.state()) ** 2)

            tasks = np.array(tasks)
            y = y.at[tasks].set(K.vmap(task)(wt[tasks]))
        return y

    return f


def build(w, inputs, precision, variant):
    if precision == "c128":
        jax.config.update("jax_enable_x64", True)
    tc.set_dtype("complex64" if precision == "c64" else "complex128")
    x, ws, wt, g = (jnp.asarray(v, jnp.float32 if precision == "c64" else jnp.float64) for v in inputs)
    f = K.vmap(one_sample(w, variant), vectorized_argnums=0)

    def step(x, ws, wt, g):
        y, pull = jax.vjp(f, x, ws, wt)
        return y, *pull(g)

    run = K.jit(step)
    return lambda: jax.block_until_ready(run(x, ws, wt, g))


if __name__ == "__main__":
    main("tensorcircuit-ng", tc.__version__ + "+jax" + jax.__version__, build, ("state", "network"), ("c64", "c128"))
