#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A training step of the head of the method's published GLUE model in torch, forward and backward, beside other libraries.

    PYTHONPATH=build/python/tools/python python3 benchmarks/python/peers.py [--batches 1,32,128,1024] [--threads 2]

Nine tasks own 10 qubits: three layers of RX uploads (30 angles), RZ and a line of CZ, one RY on every qubit, read by Z and,
for the task of three classes, X X: 11 outputs. Every library computes the outputs of one batch and the slopes of a fixed sum of
them to angles and trained numbers, as torch modules do. Answers are compared with qmtl's in double before anything is timed; the
libraries then take turns, and the table has the median of their rounds in microseconds a sample, of the wall's clock and of all
threads' processor time, and the ratio to qmtl's. What is not installed is left out and said so; what takes longer than --longest a
step is timed once.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import statistics
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import numpy as np
import torch

QUBITS, LAYERS, PAIR = 10, 3, (2, 3)  # the pair that the task of three classes owns
TASKS = [1, 1, 2, 1, 1, 1, 1, 1, 1]
OBSERVABLES = [["Z0"]] * 2 + [["Z0", "Z1", "X0 X1"]] + [["Z0"]] * 6
OUTPUTS = QUBITS + 1  # Z of every qubit, then X X


def qmtl_head(z, shared, block):
    import qmtl
    from qmtl.torch import QuantumCircuit
    qmtl.set_threads(torch.get_num_threads())
    module = QuantumCircuit(TASKS, [1] * len(TASKS), OBSERVABLES, LAYERS, dtype=z.dtype)
    with torch.no_grad():
        module.circuit.shared.copy_(shared)
        module.circuit.block.copy_(block)
    # In the order of the qubits, X X last.
    order = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 4]
    return (lambda z: module.circuit(z)[:, order]), [module.circuit.shared, module.circuit.block]


def pennylane(device, method):
    def make(z, shared, block):
        import pennylane as qml

        @qml.qnode(qml.device(device, wires=QUBITS), interface="torch", diff_method=method)
        def node(inputs, shared, block):
            for layer in range(LAYERS):
                for q in range(QUBITS):
                    qml.RX(inputs[..., layer * QUBITS + q], wires=q)
                for q in range(QUBITS):
                    qml.RZ(shared[layer * QUBITS + q], wires=q)
                for q in range(QUBITS - 1):
                    qml.CZ(wires=[q, q + 1])
            for q in range(QUBITS):
                qml.RY(block[q], wires=q)
            return [qml.expval(qml.Z(q)) for q in range(QUBITS)] + [qml.expval(qml.X(PAIR[0]) @ qml.X(PAIR[1]))]

        layer = qml.qnn.TorchLayer(node, {"shared": shared.shape, "block": block.shape})
        layer = layer.to(z.dtype)
        with torch.no_grad():
            layer.shared.copy_(shared)
            layer.block.copy_(block)
        # An adjoint pass knows no batch: sample by sample.
        forward = layer if method == "backprop" else (lambda z: torch.stack([layer(row) for row in z]))
        return forward, [layer.shared, layer.block]
    return make


def tensorcircuit(z, shared, block):
    import tensorcircuit as tc
    tc.set_backend("jax")
    tc.set_dtype("complex128" if z.dtype == torch.float64 else "complex64")

    def function(inputs, shared, block):
        circuit = tc.Circuit(QUBITS)
        for layer in range(LAYERS):
            for q in range(QUBITS):
                circuit.rx(q, theta=inputs[layer * QUBITS + q])
            for q in range(QUBITS):
                circuit.rz(q, theta=shared[layer * QUBITS + q])
            for q in range(QUBITS - 1):
                circuit.cz(q, q + 1)
        for q in range(QUBITS):
            circuit.ry(q, theta=block[q])
        values = [circuit.expectation_ps(z=[q]) for q in range(QUBITS)] + [circuit.expectation_ps(x=list(PAIR))]
        return tc.backend.real(tc.backend.stack(values))

    layer = tc.TorchLayer(function, weights_shape=[tuple(shared.shape), tuple(block.shape)], use_vmap=True, use_interface=True,
                          use_jit=True, enable_dlpack=True)
    weights = list(layer.parameters())
    for weight, values in zip(weights, (shared, block)):
        weight.data = values.clone()
    return layer, weights


class Signs:
    """Diagonals of a statevector whose first qubit is the most significant bit, and what reads it."""

    def __init__(self, dtype):
        bits = torch.arange(2**QUBITS)[:, None] >> torch.arange(QUBITS - 1, -1, -1) & 1
        self.z = (1 - 2 * bits).to(dtype)
        self.line = (1 - 2 * ((bits[:, :-1] * bits[:, 1:]).sum(1) % 2)).to(dtype)
        self.flipped = torch.arange(2**QUBITS) ^ (1 << QUBITS - 1 - PAIR[0]) ^ (1 << QUBITS - 1 - PAIR[1])


def fastqml(z, shared, block):
    from fastqml import gate_fusion as fusion
    signs = Signs(z.dtype)
    weights = [torch.nn.Parameter(shared.clone()), torch.nn.Parameter(block.clone())]
    shape = (-1, *[2] * QUBITS)

    def forward(z):
        re = torch.zeros(len(z), 2**QUBITS, dtype=z.dtype)
        re[:, 0] = 1
        im = torch.zeros_like(re)
        for layer in range(LAYERS):
            part = slice(layer * QUBITS, (layer + 1) * QUBITS)
            re, im = fusion.apply_per_batch_su2_chain(re.reshape(shape), im.reshape(shape), *fusion.build_rx_per_batch(z[:, part]))
            re, im = fusion.apply_su2_layer(re, im, *fusion.build_rz_gates(weights[0][part]))
            re, im = re.reshape(len(z), -1) * signs.line, im.reshape(len(z), -1) * signs.line
        re, im = fusion.apply_su2_layer(re, im, *fusion.build_ry_gates(weights[1]))
        pair = (re * re[:, signs.flipped] + im * im[:, signs.flipped]).sum(1, keepdim=True)
        return torch.cat([(re**2 + im**2) @ signs.z, pair], dim=1)

    return forward, weights


def torq(z, shared, block):
    from torq import Ops, Rotations
    signs = Signs(z.dtype)
    kind = torch.complex128 if z.dtype == torch.float64 else torch.complex64
    weights = [torch.nn.Parameter(shared.clone()), torch.nn.Parameter(block.clone())]

    def wall(state, gates, shape):
        return Ops.apply_single_qubit_wall_batched(state, gates.reshape(*shape, QUBITS, 2, 2).to(kind), QUBITS)

    def forward(z):
        state = torch.zeros(len(z), 2**QUBITS, dtype=kind)
        state[:, 0] = 1
        for layer in range(LAYERS):
            part = slice(layer * QUBITS, (layer + 1) * QUBITS)
            state = wall(state, Rotations.get_rx(z[:, part].reshape(-1)), (len(z),))
            state = wall(state, Rotations.get_rz(weights[0][part]), ()) * signs.line
        state = wall(state, Rotations.get_ry(weights[1]), ())
        pair = (state.conj() * state[:, signs.flipped]).real.sum(1, keepdim=True)
        return torch.cat([state.abs()**2 @ signs.z, pair], dim=1)

    return forward, weights


PEERS = {  # name: (function, modules that it needs)
    "qmtl": (qmtl_head, ["qmtl"]),
    "PennyLane TorchLayer, default.qubit": (pennylane("default.qubit", "backprop"), ["pennylane"]),
    "PennyLane TorchLayer, lightning.qubit": (pennylane("lightning.qubit", "adjoint"), ["pennylane", "pennylane_lightning"]),
    "TensorCircuit-NG TorchLayer, jax": (tensorcircuit, ["tensorcircuit", "jax"]),
    "fastqml": (fastqml, ["fastqml"]),
    "TorQ": (torq, ["torq"]),
}
DISTRIBUTIONS = {"pennylane_lightning": "pennylane-lightning", "tensorcircuit": "tensorcircuit-ng", "torq": "torq-quantum"}


def problem(rows, dtype):
    generator = torch.Generator().manual_seed(1)
    numbers = [torch.rand(shape, generator=generator, dtype=torch.float64) * 6 - 3
               for shape in ((rows, LAYERS * QUBITS), (LAYERS * QUBITS,), (QUBITS,), (rows, OUTPUTS))]
    return [part.to(dtype) for part in numbers]


def step_of(make, rows, dtype):
    z, shared, block, given = problem(rows, dtype)
    forward, weights = make(z, shared, block)
    z.requires_grad_()

    def step():
        z.grad = None
        for weight in weights:
            weight.grad = None
        outputs = forward(z)
        outputs.backward(given.to(outputs.dtype))
        return [outputs.detach(), z.grad, *(weight.grad for weight in weights)]

    return step


def compare(name, make):
    """The largest difference to qmtl's answers, both in float32, relative to the largest number."""
    expected = step_of(qmtl_head, 3, torch.float64)()
    worst = 0.0
    for one, two in zip(step_of(make, 3, torch.float32)(), expected):
        worst = max(worst, float((one.double() - two).abs().max() / two.abs().max()))
    # Some hundred roundings of float32.
    assert worst < 1e-4, f"{name}: answers differ by {worst:.1e}"
    return worst


def timed(step):
    begin = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - begin[0], time.process_time() - begin[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", default="128")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--longest", type=float, default=2.0, help="seconds")
    parser.add_argument("--peers", default=",".join(PEERS).replace(", ", ";"), help="names, with ; for their commas")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    chosen = [name.replace(";", ", ") for name in options.peers.split(",")]
    present, versions = {}, [f"torch {torch.__version__}"]
    for name in chosen:
        make, needed = PEERS[name]
        missing = [module for module in needed if importlib.util.find_spec(module) is None]
        if missing:
            print(f"{name}: left out, {', '.join(missing)} not installed")
            continue
        present[name] = make
        if needed[-1] not in ("qmtl", "jax"):
            versions.append(f"{needed[-1]} {importlib.metadata.version(DISTRIBUTIONS.get(needed[-1], needed[-1]))}")
    import qmtl
    print(f"{', '.join(versions)}; {qmtl.instruction_set()}, threads: {options.threads}\n")
    differences = {name: compare(name, make) for name, make in present.items()}
    print("| library | batch | wall us/sample | times qmtl | processor us/sample | times qmtl | differs by |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for rows in map(int, options.batches.split(",")):
        steps = {name: step_of(make, rows, torch.float32) for name, make in present.items()}
        rounds = {name: [] for name in steps}
        for name, step in steps.items():
            step()
            if timed(step)[0] > options.longest:
                rounds[name] = [timed(step)]
        slow = [name for name, found in rounds.items() if found]
        for _ in range(options.rounds):
            for name, step in steps.items():
                if name not in slow:
                    # As many steps as make a hundredth of a second, so that the clock's grain does not matter.
                    first = timed(step)
                    count = max(1, int(0.05 / first[0]))
                    found = [timed(step) for _ in range(count)]
                    rounds[name].append((statistics.median(wall for wall, _ in found), sum(own for _, own in found) / count))
        medians = {name: [1e6 * statistics.median(part) / rows for part in zip(*found)] for name, found in rounds.items()}
        for name, (wall, own) in medians.items():
            print(f"| {name} | {rows} | {wall:.1f} | {wall / medians['qmtl'][0]:.0f} | {own:.1f} | {own / medians['qmtl'][1]:.0f} "
                  f"| {differences[name]:.0e} |", flush=True)


if __name__ == "__main__":
    main()
