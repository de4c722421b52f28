# SPDX-License-Identifier: Apache-2.0
"""How each library computes one step of a published circuit, as its users would write it: a function
build(circuit, x, w, g, dtype) gives step() -> Z of every qubit [rows, n] and the gradients of sum g Z to x and w.

x [rows, inputs], w [trained] and g [n] are arrays of NumPy. Raises Left with the reason where a library has no way."""
import math

import numpy as np


class Left(Exception):
    """Why a library is left out of a circuit."""


# ---- qmtl

def qmtl_head(circuit):
    """Trained numbers are head.shared; the expectations are the logits."""
    import qmtl
    return qmtl.Head({"z": {"kind": "multilabel", "outputs": circuit.qubits}}, {
        "circuit": {"preset": circuit.preset, "qubits": circuit.qubits, "layers": circuit.layers},
        "block": {"placement": "global", "layers": 0},
        "head": {"angle_map": "linear", "gain": 1.0},
        "task": {"z": {"observables": [f"Z{q}" for q in range(circuit.qubits)], "scale": 1.0, "bias": 0.0}}})


def qmtl_step(head, x, w, g, dtype):
    head = head.with_precision("double" if dtype == np.float64 else "float")
    head.parameters = w
    x = np.ascontiguousarray(x, dtype)
    slopes = np.ascontiguousarray(np.broadcast_to(g, (len(x), len(g))), dtype)
    return lambda: (head(x), *head.vjp(x, slopes))


def qmtl(circuit, x, w, g, dtype):
    return qmtl_step(qmtl_head(circuit), x, w, g, dtype)


# ---- PennyLane

def pennylane_node(circuit, device, interface, method):
    import pennylane as qml
    gates = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "p": qml.PhaseShift, "rot": qml.Rot, "u3": qml.U3, "h": qml.Hadamard,
             "x": qml.PauliX, "cx": qml.CNOT, "cz": qml.CZ, "crx": qml.CRX, "crz": qml.CRZ, "rzz": qml.IsingZZ, "xy": qml.IsingXY}

    @qml.qnode(qml.device(device, wires=circuit.qubits), interface=interface, diff_method=method)
    def node(x, w):  # x [inputs] or [rows, inputs]
        if circuit.amplitudes:
            qml.AmplitudeEmbedding(x, wires=range(circuit.qubits - 1, -1, -1), normalize=True)
        columns = [x[..., i] for i in range(circuit.inputs)]
        for gate in circuit.gates:
            gates[gate.name](*(angle.value(columns, w) for angle in gate.angles), wires=gate.qubits)
        return [qml.expval(qml.PauliZ(q)) for q in range(circuit.qubits)]
    return node


def torch_step(forward, x, w, g, dtype):
    """A step of forward(x, w) -> Z, through torch's own differentiation."""
    import torch
    kind = torch.float64 if dtype == np.float64 else torch.float32
    x, w, g = (torch.tensor(v, dtype=kind, requires_grad=v is not g) for v in (x, w, g))

    def step():
        x.grad = w.grad = None
        values = forward(x, w)
        (values * g).sum().backward()
        gradients = [np.zeros(v.shape) if v.grad is None else v.grad.numpy() for v in (x, w)]
        return values.detach().numpy(), *gradients
    return step


def default_qubit(circuit, x, w, g, dtype):
    import torch
    node = pennylane_node(circuit, "default.qubit", "torch", "backprop")
    return torch_step(lambda x, w: torch.stack(node(x, w), -1), x, w, g, dtype)


def lightning(circuit, x, w, g, dtype):
    """Its adjoint pass knows no batch: sample by sample."""
    import torch
    if circuit.amplitudes:
        raise Left("its adjoint pass gives no gradient of an encoding of amplitudes")
    node = pennylane_node(circuit, "lightning.qubit", "torch", "adjoint")
    return torch_step(lambda x, w: torch.stack([torch.stack(node(row, w)) for row in x]), x, w, g, dtype)


# ---- TensorCircuit-NG

TENSORCIRCUIT = {  # whose names or numbers are others
    "p": lambda c, a, q: c.phase(q, theta=a),
    # Rot = RZ(c) RY(b) RZ(a) is U3(b, c, a) but for a phase of the whole state.
    "rot": lambda c, a, b, d, q: c.u(q, theta=b, phi=d, lbd=a),
    "u3": lambda c, a, b, d, q: c.u(q, theta=a, phi=b, lbd=d),
    "xy": lambda c, a, p, q: c.iswap(p, q, theta=a / math.pi),
    **{name: lambda c, *at, name=name: getattr(c, name)(*at) for name in ("h", "x", "cx", "cz")},
    **{name: lambda c, a, *at, name=name: getattr(c, name)(*at, theta=a) for name in ("rx", "ry", "rz", "crx", "crz", "rzz")},
}


def tensorcircuit_outputs(circuit, backend, signs, dtype):
    """Z of every qubit of one sample."""
    import tensorcircuit as tc
    tc.set_backend(backend)
    tc.set_dtype("complex128" if dtype == np.float64 else "complex64")

    def outputs(row, w):
        if circuit.amplitudes:
            c = tc.Circuit(circuit.qubits, inputs=(row / (row ** 2).sum() ** 0.5)[high_first(circuit.qubits)])
        else:
            c = tc.Circuit(circuit.qubits)
        for gate in circuit.gates:
            TENSORCIRCUIT[gate.name](c, *(angle.value(row, w) for angle in gate.angles), *gate.qubits)
        return abs(c.state()) ** 2 @ signs
    return outputs


def tensorcircuit_torch(circuit, x, w, g, dtype):
    import torch
    signs = torch.tensor(z_signs(circuit.qubits), dtype=torch.float64 if dtype == np.float64 else torch.float32)
    outputs = tensorcircuit_outputs(circuit, "pytorch", signs, dtype)
    return torch_step(torch.vmap(outputs, (0, None)), x, w, g, dtype)


def tensorcircuit_jax(circuit, x, w, g, dtype):
    """Compiled for the whole batch; compiling is not timed."""
    import jax
    import jax.numpy as jnp
    jx, jw, jg = (jnp.asarray(v, jnp.float32) for v in (x, w, g))
    outputs = tensorcircuit_outputs(circuit, "jax", jnp.asarray(z_signs(circuit.qubits), jnp.float32), np.float32)

    def total(x, w):
        values = jax.vmap(outputs, (0, None))(x, w)
        return (values * jg).sum(), values

    both = jax.jit(jax.value_and_grad(total, (0, 1), has_aux=True)).lower(jx, jw).compile()

    def step():
        (_, values), (gx, gw) = jax.block_until_ready(both(jx, jw))
        return np.asarray(values), np.asarray(gx), np.asarray(gw)
    return step


# ---- fastqml and TorQ: states as tensors of torch, whose first qubit is the highest bit

def high_first(n):
    """Where an amplitude is in a state whose first qubit is the lowest bit."""
    return np.arange(2 ** n).reshape([2] * n).transpose().reshape(-1)


def z_signs(n):
    return 1.0 - 2.0 * (np.arange(2 ** n)[:, None] >> np.arange(n - 1, -1, -1) & 1)


LARGEST = 10  # qubits of a register whose layers are matrices of all of it
FIXED = ("cx", "cz", "x")  # gates without angles that move amplitudes or change their signs


def runs(circuit):
    """The gates in groups that one call of such a library applies: ("wall", kind, [gate]) of one-qubit gates of a kind on
    different qubits, ("fixed", permutation, signs) of all gates without angles, ("pairs", kind, [gate])."""
    n, groups = circuit.qubits, []
    index = np.arange(2 ** n)

    def bit(q):
        return index >> n - 1 - q & 1

    for gate in circuit.gates:
        last = groups[-1] if groups else None
        if gate.name in FIXED:
            if not last or last[0] != "fixed":
                groups.append(["fixed", index.copy(), np.ones(2 ** n)])
            _, moved, signs = groups[-1]
            if gate.name == "cz":
                signs[:] = signs * (1 - 2 * bit(gate.qubits[0]) * bit(gate.qubits[1]))
            else:
                target = gate.qubits[-1]
                flip = bit(gate.qubits[0]) if gate.name == "cx" else np.ones_like(index)
                come = index ^ flip << n - 1 - target  # new[i] = old[come[i]]
                groups[-1][1:] = [moved[come], signs[come]]
            continue
        kind, sampled = gate.name, any(angle.of_sample() for angle in gate.angles)
        form = "wall" if len(gate.qubits) == 1 else "pairs"
        used = {q for other in last[2] for q in other.qubits} if last and last[0] == form else set()
        if last and last[:2] == [form, (kind, sampled)] and (form == "pairs" or gate.qubits[0] not in used):
            last[2].append(gate)
        else:
            groups.append([form, (kind, sampled), [gate]])
    return groups


def angles_of(gates, x, w):
    """[numbers of a gate][gates] or, of the sample, [numbers][rows, gates]."""
    import torch
    columns = x.unbind(-1)
    lists = [[gate.angles[k].value(columns, w) for gate in gates] for k in range(len(gates[0].angles))]
    rows = next((a.shape for l in lists for a in l if hasattr(a, "shape") and a.dim()), None)
    if rows is None:
        return [torch.stack([torch.as_tensor(a, dtype=x.dtype) for a in l]) for l in lists]
    return [torch.stack([torch.as_tensor(a, dtype=x.dtype).expand(rows) for a in l], -1) for l in lists]


def first_state(circuit, x, kind):
    import torch
    n = circuit.qubits
    if circuit.amplitudes:
        return (x / x.norm(dim=-1, keepdim=True))[:, high_first(n)].to(kind)
    state = torch.zeros(len(x), 2 ** n, dtype=kind)
    state[:, 0] = 1
    return state


def fastqml(circuit, x, w, g, dtype):
    import torch
    from fastqml import gate_fusion as fusion
    from fastqml import torch_sim_real as single
    if circuit.qubits > LARGEST:
        raise Left(f"makes a matrix of 2^{2 * circuit.qubits} numbers of each layer")
    n, kind = circuit.qubits, torch.float64 if dtype == np.float64 else torch.float32
    shape, groups = (-1, *[2] * n), runs(circuit)
    signs = torch.tensor(z_signs(n), dtype=kind)
    shared = {"rx": fusion.build_rx_gates, "ry": fusion.build_ry_gates, "rz": fusion.build_rz_gates, "rot": fusion.build_rot_gates,
              "p": fusion.build_phase_shift_gates,
              # U3(a, b, c) is RZ(b) RY(a) RZ(c) but for a phase of the whole state.
              "u3": lambda a, b, c: fusion.build_rot_gates(c, a, b)}
    sampled = {"rx": fusion.build_rx_per_batch, "ry": fusion.build_ry_per_batch, "rz": fusion.build_rz_per_batch,
               "p": fusion.build_rz_per_batch}
    pairs = {"crx": [(fusion.build_crx_4x4, 1.0)], "crz": [(fusion.build_crz_4x4, 1.0)], "rzz": [(fusion.build_ising_zz_4x4, 1.0)],
             # exp(i a (XX + YY) / 4)
             "xy": [(fusion.build_ising_xx_4x4, -0.5), (fusion.build_ising_yy_4x4, -0.5)]}
    order = {"crx": fusion.cry_commute, "crz": fusion.diagonal_commute, "rzz": fusion.diagonal_commute, "xy": fusion.symmetric_commute}
    fixed = {i: (torch.tensor(group[1]), torch.tensor(group[2], dtype=kind)) for i, group in enumerate(groups) if group[0] == "fixed"}

    one = {"rx": single.apply_rx, "ry": single.apply_ry, "rz": single.apply_rz, "p": single.apply_rz}

    def wall(re, im, name, of_sample, gates, x, w):
        qubits = [gate.qubits[0] for gate in gates]
        if of_sample and len(qubits) < n:
            for gate, q in zip(gates, qubits):
                re, im = one[name](re, im, gate.angles[0].value(x.unbind(-1), w), q, n)
            return re, im
        if name == "h":
            made = fusion.build_h_gates(len(gates), re.device, kind)
        else:
            made = (sampled if of_sample else shared)[name](*angles_of(gates, x, w))
        order = sorted(range(len(qubits)), key=qubits.__getitem__)
        if of_sample:
            return fusion.apply_per_batch_su2_chain(re, im, *(part[:, order] for part in made))
        made = [part[order] for part in made]
        if len(qubits) < n:
            made = fusion.identity_pad_gates(*made, sorted(qubits), n)
        return fusion.apply_su2_layer(re, im, *made)

    def both(re, im, name, of_sample, gates, x, w):
        if of_sample:
            for gate in gates:
                re, im = single.apply_izz(re, im, gate.angles[0].value(x.unbind(-1), w), *gate.qubits, n)
            return re, im
        angles = angles_of(gates, x, w)[0]
        for plan in fusion.compute_two_qubit_plans([gate.qubits for gate in gates], n, re.device, kind, order[name]):
            for build, times in pairs[name]:
                re, im = fusion.apply_disjoint_two_qubit_layer(re, im, plan, *build(times * angles[plan["k_idx"]]))
        return re, im

    def forward(x, w):
        re = first_state(circuit, x, kind).reshape(shape)
        im = torch.zeros_like(re)
        for i, (form, what, *rest) in enumerate(groups):
            if form == "fixed":
                come, sign = fixed[i]
                re, im = ((part.reshape(len(x), -1)[:, come] * sign).reshape(shape) for part in (re, im))
            else:
                re, im = (wall if form == "wall" else both)(re, im, *what, rest[0], x, w)
        return (re ** 2 + im ** 2).reshape(len(x), -1) @ signs

    return torch_step(forward, x, w, g, dtype)


def torq(circuit, x, w, g, dtype):
    import torch
    from dataclasses import replace
    from torq import Controls, Ops, Rotations
    n = circuit.qubits
    kind = torch.complex128 if dtype == np.float64 else torch.complex64
    for gate in circuit.gates:
        if gate.name == "xy":
            raise Left("no rotation about XX + YY")
        if gate.name in ("crx", "crz") and n > LARGEST:
            raise Left(f"makes a matrix of 2^{2 * n} numbers of each controlled rotation")
    # A rotation about ZZ is one about Z between two CX.
    flat = []
    for gate in circuit.gates:
        if gate.name == "rzz":
            cx = replace(gate, name="cx", angles=())
            flat += [cx, replace(gate, name="rz", qubits=gate.qubits[1:]), cx]
        else:
            flat.append(gate)
    groups = runs(replace(circuit, gates=tuple(flat)))
    signs = torch.tensor(z_signs(n), dtype=kind.to_real())
    fixed = {i: (torch.tensor(group[1]), torch.tensor(group[2], dtype=kind)) for i, group in enumerate(groups) if group[0] == "fixed"}
    turn = {"rx": Rotations.get_rx, "ry": Rotations.get_ry, "rz": Rotations.get_rz, "p": Rotations.get_rz}
    hadamard = torch.tensor([[1, 1], [1, -1]], dtype=kind) / math.sqrt(2)
    identity = torch.eye(2, dtype=kind)

    def matrices(name, gates, x, w):
        """[gates, 2, 2] or [rows, gates, 2, 2]."""
        if name == "h":
            return hadamard.expand(len(gates), 2, 2)
        angles = angles_of(gates, x, w)
        if name in turn:
            return turn[name](angles[0].reshape(-1)).reshape(*angles[0].shape, 2, 2).to(kind)
        if name == "u3":
            angles = [angles[2], angles[0], angles[1]]  # as RZ RY RZ, but for a phase of the whole state
        return Rotations.get_rot_gate(torch.stack(angles, -1).reshape(-1, 3)).reshape(*angles[0].shape, 2, 2).to(kind)

    def wall(state, name, of_sample, gates, x, w):
        made = matrices(name, gates, x, w)
        columns = dict(zip((gate.qubits[0] for gate in gates), made.unbind(-3)))
        rest = identity.expand(len(x), 2, 2) if of_sample else identity
        return Ops.apply_single_qubit_wall_batched(state.clone(), torch.stack([columns.get(q, rest) for q in range(n)], -3), n)

    def both(state, name, of_sample, gates, x, w):
        for gate in gates:
            phi, sigma = gate.angles[0].value(x.unbind(-1), w), turn[name[1:]]
            matrix = Controls.get_single_two_qubit_gate(n, *gate.qubits, phi=phi, sigma=sigma, dtype=kind, device=state.device)
            state = Ops.apply_matrix(state, matrix)
        return state

    def forward(x, w):
        state = first_state(circuit, x, kind)
        for i, (form, what, *rest) in enumerate(groups):
            if form == "fixed":
                come, sign = fixed[i]
                state = state[:, come] * sign
            else:
                state = (wall if form == "wall" else both)(state, *what, rest[0], x, w)
        return state.abs() ** 2 @ signs

    return torch_step(forward, x, w, g, dtype)


LIBRARIES = {  # name: (build, modules that it needs, distribution)
    "TensorCircuit-NG, jax": (tensorcircuit_jax, ["tensorcircuit", "jax"], "tensorcircuit-ng"),
    "TensorCircuit-NG, torch": (tensorcircuit_torch, ["tensorcircuit", "torch"], "tensorcircuit-ng"),
    "PennyLane default.qubit": (default_qubit, ["pennylane", "torch"], "pennylane"),
    "PennyLane lightning.qubit": (lightning, ["pennylane_lightning", "torch"], "pennylane_lightning"),
    "fastqml": (fastqml, ["fastqml", "torch"], "fastqml"),
    "TorQ": (torq, ["torq", "torch"], "torq-quantum"),
}
