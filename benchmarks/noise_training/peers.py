#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A training step through a device's noise beside density-matrix simulators: outputs and all gradients of a head of four tasks, in one
run, one thread each, processor time. Answers are compared with qmtl's before anything is timed.

    PYTHONPATH=build/release/tools/python python3 benchmarks/noise_training/peers.py [--qubits 4,6] [--batch 32] [--layers 1]

The noise is device-2.toml's: 2 % of depolarising behind a CZ, a tenth of it behind a rotation, errors of readings. TensorCircuit-NG's
DMCircuit goes on from the shared stage's density matrix, jitted and mapped over samples by jax; PennyLane's default.mixed, jitted too,
runs stage and block once a block. What is not installed is left out and said so (benchmarks/peers/requirements.txt)."""

import argparse
import importlib.util
import itertools
import os
import pathlib
import statistics
import sys
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
import numpy as np

import qmtl

HERE = pathlib.Path(__file__).resolve().parent
DEVICE = HERE / "device-2.toml"
PAIR, SINGLE, P1_GIVEN_0, P0_GIVEN_1 = 0.02, 0.002, 0.02, 0.04  # the same, for the others
TASKS = {"a": "binary", "b": "binary", "c": "binary", "d": "regression"}
PAULIS = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]


def pair_kraus():
    """Depolarising with probability p: the state is replaced by the mixed one, as Qiskit Aer defines it."""
    return [np.sqrt(1 - PAIR * 15 / 16 if i + j == 0 else PAIR / 16) * np.kron(PAULIS[i], PAULIS[j])
            for i, j in itertools.product(range(4), repeat=2)]


def single_kraus():
    return [np.sqrt(1 - SINGLE * 3 / 4 if i == 0 else SINGLE / 4) * PAULIS[i] for i in range(4)]


def readings(circuit, block):
    """f[outputs, 2^qubits]: what a block's outputs are when the qubits are in a basis state, wire 0 the most significant bit; errors of
    readings make a Z + b of each Z."""
    slope, offset = 1 - P1_GIVEN_0 - P0_GIVEN_1, P0_GIVEN_1 - P1_GIVEN_0
    bits = np.arange(2**circuit.qubits)[:, None] >> np.arange(circuit.qubits - 1, -1, -1) & 1
    read = slope * (1 - 2 * bits) + offset
    rows = []
    for number, output in circuit.outputs:
        if number == block:
            rows.append(sum(float(qmtl.circuits.value(part["weight"], (), circuit.values)) * np.prod(read[:, part["qubits"]], axis=1)
                            for part in output))
    return np.array(rows)


def angle_of(gate, inputs, weights):
    return qmtl.circuits.value(gate["angle"], inputs, weights)


def tensorcircuit(circuit, angles, slopes):
    import jax
    import tensorcircuit as tc
    jax.config.update("jax_enable_x64", True)
    tc.set_backend("jax")
    tc.set_dtype("complex128")
    pair = [tc.gates.Gate(k.reshape(2, 2, 2, 2)) for k in pair_kraus()]
    single = [tc.gates.Gate(k.astype(complex)) for k in single_kraus()]

    def apply(made, gates, inputs, weights):
        for gate in gates:
            if "angle" in gate:
                getattr(made, gate["gate"])(*gate["qubits"], theta=angle_of(gate, inputs, weights))
                if gate["gate"] != "rz":
                    made.general_kraus(single, *gate["qubits"])
            else:
                getattr(made, gate["gate"])(*gate["qubits"])
                made.general_kraus(pair, *gate["qubits"])
        return made.densitymatrix()

    reads = [readings(circuit, b) for b in range(len(circuit.blocks))]

    def loss(inputs, weights, slope):
        stage = apply(tc.DMCircuit(circuit.qubits), circuit.shared, inputs, weights)
        values = []
        for number, block in enumerate(circuit.blocks):
            made = tc.DMCircuit(circuit.qubits, dminputs=stage)
            state = apply(made, block["gates"], inputs, weights)
            values.append(reads[number] @ jax.numpy.real(jax.numpy.diag(state)))
        values = jax.numpy.concatenate(values)
        return slope @ values, values

    return of_jax(loss, circuit, angles, slopes)


def pennylane(circuit, angles, slopes):
    import jax
    import pennylane as qml
    jax.config.update("jax_enable_x64", True)
    names = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "cx": qml.CNOT, "cz": qml.CZ}
    device = qml.device("default.mixed", wires=circuit.qubits)
    kraus = pair_kraus()

    def node(block):
        @qml.qnode(device, interface="jax", diff_method="backprop")
        def run(inputs, weights):
            for gate in circuit.gates(block):
                if "angle" in gate:
                    names[gate["gate"]](angle_of(gate, inputs, weights), wires=gate["qubits"][0])
                    if gate["gate"] != "rz":
                        qml.DepolarizingChannel(SINGLE * 3 / 4, wires=gate["qubits"][0])
                else:
                    names[gate["gate"]](wires=gate["qubits"])
                    qml.QubitChannel(kraus, wires=gate["qubits"])
            return qml.probs(wires=range(circuit.qubits))
        return run

    nodes = [node(b) for b in range(len(circuit.blocks))]
    reads = [readings(circuit, b) for b in range(len(circuit.blocks))]

    def loss(inputs, weights, slope):
        values = jax.numpy.concatenate([read @ run(inputs, weights) for read, run in zip(reads, nodes)])
        return slope @ values, values

    return of_jax(loss, circuit, angles, slopes)


def of_jax(loss, circuit, angles, slopes):
    """step() -> (values [rows, outputs], gradients to the trained numbers, summed over rows)."""
    import jax
    step = jax.jit(jax.vmap(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True), in_axes=(0, None, 0)))
    weights = np.array(circuit.values)

    def run():
        (_, values), (_, of_weights) = step(angles, weights, slopes)
        return np.asarray(values), np.asarray(of_weights).sum(axis=0)
    return run


PEERS = {"TensorCircuit-NG, DMCircuit": ("tensorcircuit", tensorcircuit), "PennyLane, default.mixed": ("pennylane", pennylane)}


def timed(run, seconds):
    """Processor microseconds of a step: the median of at least three."""
    found, end = [], time.monotonic() + seconds
    while len(found) < 3 or time.monotonic() < end:
        begin = time.process_time()
        run()
        found.append(1e6 * (time.process_time() - begin))
        if found[-1] > 1e6 * seconds:
            break
    return statistics.median(found)


def race(qubits, batch, layers, seconds):
    qmtl.set_threads(1)
    head = qmtl.Head(TASKS, {"circuit": {"qubits": qubits, "layers": layers, "entangler": "brickwork-cz"}}).with_precision("double")
    circuit, noisy = head.circuit(), head.with_noise(str(DEVICE))
    random = np.random.default_rng(3)
    z = random.normal(size=(batch, head.width))
    cotangents = random.normal(size=(batch, len(circuit.columns)))
    logits = noisy.forward(z, noise=(1, 0))
    # A logit is a weighted sum of outputs: what its cotangent is to them.
    slopes = np.zeros((batch, len(circuit.outputs)))
    for number, column in enumerate(circuit.columns):
        assert "tanh" not in column, column
        for output, weight in zip(column["outputs"], column["weights"]):
            slopes[:, output] += cotangents[:, number] * weight
    own = timed(lambda: noisy.vjp(z, cotangents, noise=(1, 0)), seconds)
    of_weights = np.asarray(noisy.vjp(z, cotangents, noise=(1, 0))[1])[:len(circuit.trainable)]
    exact = timed(lambda: head.vjp(z, cotangents), seconds)
    line = [str(qubits), str(batch), f"{own / batch:.2f}", f"{own / exact:.2f}"]
    for name, (module, make) in PEERS.items():
        if importlib.util.find_spec(module) is None:
            print(f"left out: {name}, which is not installed", file=sys.stderr)
            line.append("-")
            continue
        run = make(circuit, circuit.angles(z), slopes)
        values, gradients = run()
        # Sums of some thousand products below 1 in double.
        for what, found, expected in (("logits", circuit.logits(values), logits), ("gradients", gradients, of_weights)):
            worst = np.abs(found - expected).max()
            if worst > 1e-9 * max(1.0, np.abs(expected).max()):
                sys.exit(f"{name}, {qubits} qubits: {what} differ from qmtl's by {worst}")
        line.append(f"{timed(run, seconds) / own:,.0f}")
    print("| " + " | ".join(line) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qubits", default="4,6")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2, help="that each is timed for, at least")
    options = parser.parse_args()
    print("| qubits | batch | qmtl, us a sample | over its noise-free step | " + " | ".join(f"{name} / qmtl" for name in PEERS) + " |")
    print("|---:|---:|---:|---:|" + "---:|" * len(PEERS))
    for qubits in options.qubits.split(","):
        race(int(qubits), options.batch, options.layers, options.seconds)


if __name__ == "__main__":
    main()
