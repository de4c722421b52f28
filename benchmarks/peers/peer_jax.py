# SPDX-License-Identifier: Apache-2.0
"""Hand-written JAX: the batched adjoint method (arXiv:2009.02823), as someone would write it who knows XLA on CPUs.

State [C, 2**n, B]: C = 1 while the amplitudes are real, else real and imaginary part; the batch innermost, so that every
gate is a stride and SIMD lanes are samples. What it does, all of it checked by measuring:
- RY(x) RY(w) merged; the first layer written as a product state, and its gradient contracted like one;
- RZ layer = one diagonal; CX ring = one gather; CZ entangler = one sign vector; diagonal and gather in one pass;
- a last RZ layer and a last entangler are folded into the readout's diagonal;
- a last RY layer before a Z-string is a product of one-qubit operators, so that the state is not turned and turned back;
- forward states after each RY layer are kept, so that backward moves only the bra;
- all RY gradients of a layer are read off at one point; sums over amplitudes are products with a vector of ones, which XLA
  hands to its GEMM (its own column sums are several times slower);
- tasks on one register by lax.scan; their bras are summed before the shared stage's backward pass.
Variant "adjoint@C:HOW": the batch in chunks of C samples, so that the states stay in cache (0: all at once); HOW "scan" or
"unrolled" tasks (XLA then fuses across them; in one basic block it is also faster a gate than inside a loop). "cones@C:U": cones_jax.py, U registers a turn of the loop."""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np

import circuits
from common import main


VARIANTS = ("adjoint@0:scan", "adjoint@64:scan", "adjoint@0:unrolled", "adjoint@64:unrolled")
UNROLLED = 8  # tasks; more only lengthens the compilation


def bit(n, q):
    """Bit of qubit q (0 is the most significant) of every basis index."""
    return (np.arange(2**n) >> (n - 1 - q)) & 1


def z_signs(n):
    return np.array([1 - 2 * bit(n, q) for q in range(n)], np.float32)


def gather_of(pairs, n):
    """Index array p with (CX .. CX psi)[b] = psi[p[b]]."""
    p = np.arange(2**n)
    for control, target in pairs:
        p = p[np.arange(2**n) ^ (bit(n, control) << (n - 1 - target))]
    return p


def signs_of(pairs, n):
    s = np.ones(2**n, np.float32)
    for a, b in pairs:
        s = s * (1 - 2 * bit(n, a) * bit(n, b))
    return s


class Mix:
    """A diagonal layer (RZ of layer `rz`, or none), then an entangler (gather or signs, or neither)."""

    def __init__(self, rz=None, gather=None, signs=None):
        self.rz, self.gather, self.signs = rz, gather, signs
        self.back = None if gather is None else np.argsort(gather)

    def empty(self):
        return self.rz is None and self.gather is None and self.signs is None


def entangler(kind, qubits, layer, n):
    pairs = circuits.pairs(kind, qubits, layer)
    if not pairs:
        return {}
    return {"gather": gather_of(pairs, n)} if kind == "cx-ring" else {"signs": signs_of(pairs, n)}


def stage(w, qubits, layers, kind, order, first=0):
    """Alternating list Mix, layer index, Mix, layer index, ..., Mix: a stage's RY layers and what lies between."""
    rz = "rz" in circuits.rotations(w)
    out, n = [Mix()], w["n"]
    for l in range(layers):
        tangle = entangler(kind, qubits, l, n)
        if order == "re":
            out += [l, Mix(l if rz else None, **tangle)]
        else:
            out[-1] = Mix(out[-1].rz, **tangle)
            out += [l, Mix(l if rz else None)]
    return out


def fold(steps, O):
    """Moves a stage's last Mix into the readout diagonals O[m, 2**n]: RZ and CZ commute with them, CX permutes them."""
    last = steps[-1]
    return steps[:-1] + [Mix()], O if last.back is None else O[:, last.back]


def z_string(O, n):
    """(weight, qubits) if the one diagonal O[1, 2**n] is a weighted Z-string, else None."""
    if len(O) != 1 or O[0, 0] == 0:
        return None
    qubits = [q for q in range(n) if O[0, 1 << (n - 1 - q)] == -O[0, 0]]
    string = reduce(np.multiply, [1 - 2 * bit(n, q) for q in qubits], np.ones(2**n))
    return (float(O[0, 0]), qubits) if np.array_equal(O[0], O[0, 0] * string) else None


def ry(S, c, s, q):
    """RY on qubit q of S[C, 2**n, B]; c, s: cos and sin of half the angle, scalars or [B]."""
    v = S.reshape(S.shape[0] * 2**q, 2, -1, S.shape[-1])
    a, b = v[:, 0], v[:, 1]
    return jnp.stack([c * a - s * b, s * a + c * b], 1).reshape(S.shape)


def total(v):
    """Sum over all but the last axis."""
    v = v.reshape(-1, v.shape[-1])
    return (jnp.ones((1, len(v)), v.dtype) @ v)[0]


def ry_gradient(K, L, q):
    """Im <L| Y_q |K> for every sample."""
    split = lambda S: S.reshape(S.shape[0] * 2**q, 2, -1, S.shape[-1])
    k, l = split(K), split(L[: len(K)])
    return total(l[:, 1] * k[:, 0] - l[:, 0] * k[:, 1])


def string_readout(K, string, qubits, angles, g):
    """A Z-string read after RY(angles[k, 1 or B]) on the qubits of K, as the operator RY(-a) Z RY(a) = cos a Z - sin a X on
    each of its qubits, without turning the state. Returns y[B], the bra before the RY layer, the RY gradients [k, B]."""
    weight, on = string
    c, s = materialise(jnp.cos(angles)), materialise(jnp.sin(angles))
    L, rows = K, [jnp.zeros_like(g)] * len(qubits)
    for i, q in enumerate(qubits):
        if q in on:
            v = L.reshape(L.shape[0] * 2**q, 2, -1, L.shape[-1])
            a, b = v[:, 0], v[:, 1]
            L = jnp.stack([c[i] * a - s[i] * b, -s[i] * a - c[i] * b], 1).reshape(L.shape)
    y = weight * total(K * L)
    for i, q in enumerate(qubits):
        if q in on:
            rows[i] = weight * g * ry_gradient(K, L, q)
    return y, weight * g * L, jnp.stack(rows)


def rotate(S, phase, sign):
    """exp(-i sign phase) on S, given (cos, sin)[2**n, 1]; a real state becomes complex."""
    c, s = phase[0], sign * phase[1]
    if len(S) == 1:
        return jnp.stack([S[0] * c, -S[0] * s])
    return jnp.stack([S[0] * c + S[1] * s, S[1] * c - S[0] * s])


def mix(S, m, phase):
    if m.rz is not None:
        S = rotate(S, phase, 1)
    if m.gather is not None:
        S = S[:, m.gather]
    return S if m.signs is None else S * m.signs[:, None]


def unmix(L, K, m, phase, signs):
    """Bra before a Mix, and the RZ gradients there; K is the kept ket before it, signs[k, 2**n] its qubits'."""
    if m.signs is not None:
        L = L * m.signs[:, None]
    if m.back is not None:
        L = L[:, m.back]
    if m.rz is None:
        return L, None
    L = rotate(L, phase, -1)
    overlap = -L[1] * K[0] if len(K) == 1 else L[0] * K[1] - L[1] * K[0]
    return L, signs @ (overlap @ jnp.ones((overlap.shape[1],), L.dtype))


def product_state(c, s):
    """Prefix products [2**q, B] for q = 0 .. n of the columns (cos, sin)[n, B]."""
    prefixes = [jnp.ones((1, c.shape[1]), c.dtype)]
    for q in range(len(c)):
        A = prefixes[-1]
        prefixes.append(jnp.stack([A * c[q], A * s[q]], 1).reshape(-1, c.shape[1]))
    return prefixes


def product_gradient(D, prefixes, c, s):
    """Gradient [n, B] of the angles of a product state, given half its cotangent D[2**n, B]."""
    out = []
    for q in reversed(range(len(c))):
        A, d = prefixes[q], D.reshape(2**q, 2, -1)
        out.append(c[q] * total(A * d[:, 1]) - s[q] * total(A * d[:, 0]))
        D = c[q] * d[:, 0] + s[q] * d[:, 1]
    return jnp.stack(out[::-1])


def materialise(v):
    """Keeps XLA from fusing v[k, ...] into every gate that uses it, where cosines would be taken per amplitude."""
    return jnp.eye(len(v), dtype=v.dtype) @ v


def half_angles(a):
    return materialise(jnp.cos(a / 2)), materialise(jnp.sin(a / 2))


def phases(rz, signs):
    a = (rz / 2 @ signs)[:, None]
    return jnp.cos(a), jnp.sin(a)


def forward_stage(S, steps, ry_of, phase_of, qubits, start):
    """Runs steps[start:]; returns the state and the kets kept after each RY layer."""
    kept = {}
    for i in range(start, len(steps)):
        if isinstance(steps[i], Mix):
            S = mix(S, steps[i], None if steps[i].rz is None else phase_of[steps[i].rz])
        else:
            c, s = ry_of[steps[i]]
            for j, q in enumerate(qubits):
                S = ry(S, c[j], s[j], q)
            kept[steps[i]] = S
    return S, kept


def backward_stage(L, steps, kept, ry_of, phase_of, qubits, signs, stop):
    """Takes the bra back over steps[stop:]; returns it with {layer: RY gradients [k, B]} and {layer: RZ gradients [k]}."""
    dy, dz = {}, {}
    for i in reversed(range(stop, len(steps))):
        if isinstance(steps[i], Mix):
            m = steps[i]
            L, d = unmix(L, kept[m.rz] if m.rz is not None else None, m,
                         None if m.rz is None else phase_of[m.rz], signs)
            if d is not None:
                dz[m.rz] = d
        else:
            l = steps[i]
            c, s = ry_of[l]
            dy[l] = jnp.stack([ry_gradient(kept[l], L, q) for q in qubits])
            for j, q in enumerate(qubits):
                L = ry(L, c[j], -s[j], q)
    return L, dy, dz


def gradients(w, dy, dz, layers, k, dtype):
    """[layers, k, R] from the batch-summed RY gradients and the RZ gradients; folded ones are zero."""
    zero = jnp.zeros((k,), dtype)
    columns = [jnp.stack([dy[l].sum(-1) for l in range(layers)])]
    if "rz" in circuits.rotations(w):
        columns.append(jnp.stack([dz.get(l, zero) for l in range(layers)]))
    return jnp.stack(columns, -1)


def adjoint(w, tasks_by):
    """f(x, ws, wt, g) -> y, gx, gws, gwt for one chunk of samples."""
    n, m, k = w["n"], w["m"], w["local"] or w["n"]
    zs = z_signs(n)
    shared = stage(w, range(n), w["Ls"], w["entangler"], "re")
    registers = {}
    for t in range(w["T"]):
        registers.setdefault(circuits.register(w, t), []).append(t)
    plans = []
    for qubits, tasks in registers.items():
        O = np.array([sum(weight * reduce(np.multiply, [zs[q] for q in string]) for string, weight in readout)
                      for readout in circuits.observables(w, qubits)], np.float32)
        steps = stage(w, qubits, w["Lt"], w["block_entangler"], w["order"])
        if w["Lt"]:
            steps, O = fold(steps, O)
        string = z_string(O, n)
        # a string on qubits that the last layer does not turn is left to the general way
        usable = w["Lt"] and string and set(string[1]) <= set(qubits)
        plans.append([np.array(tasks), qubits, steps, O, string if usable else None])
    if not w["Lt"]:
        for p in plans:
            p[3] = fold(shared, p[3])[1]
        shared = shared[:-1] + [Mix()]
    tail = z_string(plans[0][3], n) if not w["Lt"] and w["T"] == 1 and w["Ls"] > 1 else None

    def f(x, ws, wt, g):
        xT, gT, B, dtype = x.T, g.transpose(1, 2, 0), len(x), x.dtype
        one = jnp.asarray(zs, dtype)
        up = lambda l: l == 0 or w["upload"] == "every"
        ry_s = [half_angles((xT if up(l) else 0) + ws[l, :, :1]) for l in range(w["Ls"])]
        ph_s = [phases(ws[l, :, 1], one) if ws.shape[2] == 2 else None for l in range(w["Ls"])]
        prefixes = product_state(*ry_s[0])
        first = prefixes[-1][None]
        stop = len(shared) - 2 if tail else len(shared)
        S, kept = forward_stage(first, shared[:stop], ry_s, ph_s, range(n), 2)
        kept[0] = first
        if tail:
            last = w["Ls"] - 1
            y, Lam, d = string_readout(S, tail, range(n), (xT if up(last) else 0) + ws[last, :, :1], gT[0, 0])
            return finish(x, ws, wt, g, y[None, None], Lam, {last: d}, stop, kept, prefixes, ry_s, ph_s, one)

        y, gwt, Lam = jnp.zeros(gT.shape, dtype), jnp.zeros_like(wt), jnp.zeros_like(S)
        for tasks, qubits, steps, O, string in plans:
            O = jnp.asarray(O, dtype)
            own = one[np.array(qubits)]

            def task(acc, vg):
                v, gt = vg
                ry_t = [half_angles(v[l, :, :1]) for l in range(w["Lt"])]
                ph_t = [phases(v[l, :, 1], own) if v.shape[2] == 2 else None for l in range(w["Lt"])]
                if string:
                    Q, kept_t = forward_stage(S, steps[:-2], ry_t, ph_t, qubits, 0)
                    y, L, d = string_readout(Q, string, qubits, v[-1, :, :1], gt[0])
                    L, dy, dz = backward_stage(L, steps[:-2], kept_t, ry_t, ph_t, qubits, own, 0)
                    return acc + L, (y[None], gradients(w, {**dy, w["Lt"] - 1: d}, dz, w["Lt"], k, dtype))
                Q, kept_t = forward_stage(S, steps, ry_t, ph_t, qubits, 0)
                density = (Q * Q).sum(0) if len(Q) > 1 else Q[0] * Q[0]
                L = Q * (O.T @ gt)
                gv = v
                if w["Lt"]:
                    # every Mix of the block that carries RZ comes after an RY layer of the block, whose ket is kept
                    L, dy, dz = backward_stage(L, steps, kept_t, ry_t, ph_t, qubits, own, 0)
                    gv = gradients(w, dy, dz, w["Lt"], k, dtype)
                return acc + L[: len(acc)], (O @ density, gv)

            if len(tasks) == 1:
                Lam, (yt, gv) = task(Lam, (wt[tasks[0]], gT[tasks[0]]))
                yt, gv = yt[None], gv[None]
            else:
                Lam, (yt, gv) = jax.lax.scan(task, Lam, (wt[tasks], gT[tasks]),
                                             unroll=min(len(tasks), UNROLLED) if tasks_by == "unrolled" else 1)
            y, gwt = y.at[tasks].set(yt), gwt.at[tasks].set(gv)

        return finish(x, ws, wt, g, y, Lam, {}, len(shared), kept, prefixes, ry_s, ph_s, one, gwt)

    def finish(x, ws, wt, g, y, Lam, dy, stop, kept, prefixes, ry_s, ph_s, one, gwt=None):
        """Takes the bra back through shared[2:stop] and the product state; dy holds the layers already done."""
        Lam, more, dz = backward_stage(Lam, shared[:stop], kept, ry_s, ph_s, range(n), one, 2)
        dy = {**dy, **more, 0: product_gradient(Lam[0], prefixes, *ry_s[0])}
        gx = sum(d for l, d in dy.items() if l == 0 or w["upload"] == "every")
        gws = gradients(w, dy, dz, w["Ls"], n, x.dtype)
        return y.transpose(2, 0, 1), gx.T, gws, jnp.zeros_like(wt) if gwt is None else gwt

    return f


def chunked(f, size):
    """f over chunks of the batch, one after another, so that a chunk's states stay in cache."""
    def step(x, ws, wt, g):
        def body(acc, part):
            y, gx, *gw = f(part[0], ws, wt, part[1])
            return tuple(a + b for a, b in zip(acc, gw)), (y, gx)

        cut = lambda v: v.reshape(-1, size, *v.shape[1:])
        acc, (y, gx) = jax.lax.scan(body, (jnp.zeros_like(ws), jnp.zeros_like(wt)), (cut(x), cut(g)))
        return y.reshape(g.shape), gx.reshape(x.shape), *acc

    return step


def build(w, inputs, precision, variant):
    if precision == "c128":
        jax.config.update("jax_enable_x64", True)
    x, ws, wt, g = (jnp.asarray(v, jnp.float64 if precision == "c128" else jnp.float32) for v in inputs)
    kind, _, size = variant.partition("@")
    size, _, tasks_by = size.partition(":")
    if kind == "cones":
        from cones_jax import cones
        f = cones(w, int(tasks_by or 1))
    elif kind != "adjoint" or tasks_by not in ("scan", "unrolled"):
        raise ValueError(f"no variant '{variant}'; expected adjoint@CHUNK:scan, adjoint@CHUNK:unrolled or cones")
    else:
        f = adjoint(w, tasks_by)
    size = int(size or 0)
    if size and size < len(x) and len(x) % size == 0:
        f = chunked(f, size)
    step = jax.jit(f)
    return lambda: jax.block_until_ready(step(x, ws, wt, g))


if __name__ == "__main__":
    main("jax", jax.__version__, build, VARIANTS, ("c64", "c128"))
