# SPDX-License-Identifier: Apache-2.0
"""Hand-written causal cones in JAX: the best a user of a simulator could do with a wide, shallow circuit.

For uniform workloads (circuits.has_uniform_cones: local registers of k qubits with one stride around all n qubits, RY
rotations, CZ line or ring, one upload) the outputs of a register depend on m = k + 2 Ls qubits only, and every register's
small circuit is the same: layer l turns the cone's qubits l .. m-1-l, since CZ gates that reach no later rotation of the
cone commute with the readout. One such circuit with real amplitudes [2**m, samples] is differentiated by the adjoint method
of peer_jax and run over the registers by lax.scan under one jit; gradients are added back to the qubits they belong to."""
import jax
import jax.numpy as jnp
import numpy as np

import circuits
from peer_jax import half_angles, product_gradient, product_state, ry, ry_gradient, signs_of, z_signs


def cone_qubits(w):
    """[T, m]: the qubits of every register's cone, in circular order."""
    m = w["local"] + 2 * w["Ls"]
    return (np.arange(w["T"])[:, None] * w["stride"] - w["Ls"] + np.arange(m)) % w["n"]


def sign_tables(w, qubits):
    """Entangler signs of every layer [kinds, Ls, 2**m] and each register's kind [T]: a line has no CZ (n-1, 0)."""
    m, tables, kind = qubits.shape[1], {}, []
    for row in qubits:
        missing = next((j for j in range(m - 1) if row[j] == w["n"] - 1 and w["entangler"] == "cz-line"), -1)
        if missing not in tables:
            tables[missing] = (len(tables), np.stack([
                signs_of([(j, j + 1) for j in range(l, m - 1 - l) if j != missing], m) for l in range(w["Ls"])]))
        kind.append(tables[missing][0])
    return np.stack([t for _, t in tables.values()]), np.array(kind)


def add_back(parts, w):
    """parts[T, m, ...] of the cones' qubits summed onto the n qubits: a roll for each place of the cone."""
    out = jnp.zeros((w["T"], w["stride"], *parts.shape[2:]), parts.dtype)
    for j in range(parts.shape[1]):
        turns, place = divmod(j - w["Ls"], w["stride"])
        out = out.at[:, place].add(jnp.roll(parts[:, j], turns, 0))
    return out.reshape(w["n"], *parts.shape[2:])


def cones(w, unroll=1):
    """f(x, ws, wt, g) -> y, gx, gws, gwt."""
    if not circuits.has_uniform_cones(w) or w["T"] * w["stride"] != w["n"] or w["Lt"] != 1:
        raise ValueError(f"workload {w['name']} has no uniform cones")
    k, Ls = w["local"], w["Ls"]
    qubits = cone_qubits(w)
    m = qubits.shape[1]
    tables, kind = sign_tables(w, qubits)
    O = z_signs(m)[Ls:Ls + k].mean(0)
    block = range(Ls, Ls + k)

    def register(x, ws, wt, g, signs):
        """x[m, B], ws[Ls, m], wt[k], g[B], signs[Ls, 2**m] -> y[B], gx[m, B], gws[Ls, m], gwt[k]."""
        turns = [half_angles(x + ws[0][:, None])] + [half_angles(ws[l][:, None]) for l in range(1, Ls)]
        own = half_angles(wt[:, None])
        prefixes = product_state(*turns[0])
        S, kept = prefixes[-1][None], [None]
        for l in range(Ls):
            if l > 0:
                for j in range(l, m - l):
                    S = ry(S, turns[l][0][j], turns[l][1][j], j)
                kept.append(S)
            S = S * signs[l][:, None]
        for i, j in enumerate(block):
            S = ry(S, own[0][i], own[1][i], j)
        o = jnp.asarray(O, x.dtype)
        y, L = o @ (S[0] * S[0]), S * (o[:, None] * g)
        gwt = jnp.stack([ry_gradient(S, L, j).sum() for j in block])
        for i, j in enumerate(block):
            L = ry(L, own[0][i], -own[1][i], j)
        gws = [None] * Ls
        for l in reversed(range(Ls)):
            L = L * signs[l][:, None]
            if l > 0:
                d = jnp.stack([ry_gradient(kept[l], L, j).sum() for j in range(l, m - l)])
                gws[l] = jnp.pad(d, l)
                for j in range(l, m - l):
                    L = ry(L, turns[l][0][j], -turns[l][1][j], j)
        gx = product_gradient(L[0], prefixes, *turns[0])
        gws[0] = gx.sum(-1)
        return y, gx, jnp.stack(gws), gwt

    def f(x, ws, wt, g):
        xs = (x.T[qubits], ws[:, qubits, 0].transpose(1, 0, 2), wt[:, 0, :, 0], g[:, :, 0].T)
        signs = jnp.asarray(tables, x.dtype)

        def body(_, part):
            return None, register(*part[:4], signs[part[4]])

        _, (y, gx, gws, gwt) = jax.lax.scan(body, None, (*xs, jnp.asarray(kind)), unroll=unroll)
        gws = add_back(gws.transpose(0, 2, 1), w)  # [n, Ls]
        return y.T[:, :, None], add_back(gx, w).T, gws.T[:, :, None], gwt[:, None, :, None]

    return f
