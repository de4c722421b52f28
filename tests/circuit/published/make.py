#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes numbers.json: what every preset of the circuit should compute, from constructions that know nothing of it.

    python3 -m venv made && made/bin/pip install -r requirements.txt && made/bin/python make.py

A family's function builds the published circuit from a library's own template, or gate by gate from the paper. It takes
the trained numbers and the inputs in the order that the preset has for them, and the comment above it says what order the
template has. The presets' order is always: repetition by repetition, in it gate kind by gate kind as the gates act, over
the qubits (pairs) that each acts on; an upload with trained weight and summand has the two after each other.

Presets that load no data stand behind RY(input q) on every qubit q.
"""
import argparse
import json
import math
import pathlib
import zlib

import pennylane as qml
from pennylane import numpy as np

import sim
from translate import play_qiskit, same_as_mindquantum
from qiskit.circuit import library

FAMILIES = {}  # preset -> (function, (qubits, repetitions) of its cases, source, whether it loads the data itself)


def family(preset, source, sizes=(3, 4), repetitions=(1, 2), uploads=False, **fixed):
    def keep(function):
        def play(n, layers, params, inputs):
            return function(n, layers, params, inputs, **fixed)
        FAMILIES[preset] = (play, [(n, layers) for n in sizes for layers in repetitions], source, uploads)
        return function
    return keep


def rotate(gate, angles):
    for q, angle in enumerate(angles):
        gate(angle, wires=q)


class Take:
    """Trained numbers one after another."""

    def __init__(self, numbers):
        self.numbers, self.used = numbers, 0

    def one(self):
        self.used += 1
        return self.numbers[self.used - 1]

    def some(self, count):
        return [self.one() for _ in range(count)]


# ---- PennyLane's templates.

# weights[l][q] = (phi, theta, omega) of Rot = RZ(phi), RY(theta), RZ(omega); ours: phi of all qubits, theta, omega.
@family("strongly-entangling", "pennylane.StronglyEntanglingLayers")
def strongly_entangling(n, layers, params, inputs):
    qml.StronglyEntanglingLayers(np.transpose(np.reshape(params, (layers, 3, n)), (0, 2, 1)), wires=range(n))


# AmplitudeEmbedding's first wire is the highest bit of a basis state's number; ours is the lowest.
@family("circuit-centric", "pennylane.AmplitudeEmbedding and StronglyEntanglingLayers", sizes=(1, 3, 4), uploads=True)
def circuit_centric(n, layers, params, inputs):
    qml.AmplitudeEmbedding(inputs, wires=range(n - 1, -1, -1), normalize=True)
    strongly_entangling(n, layers, params, inputs)


# weights[l][q] as ours.
@family("basic-entangler", "pennylane.BasicEntanglerLayers", rotation=qml.RX)
@family("basic-entangler-ry", "pennylane.BasicEntanglerLayers with RY", rotation=qml.RY)
def basic_entangler(n, layers, params, inputs, rotation):
    qml.BasicEntanglerLayers(np.reshape(params, (layers, n)), wires=range(n), rotation=rotation)


# initial[q], then weights[l][pair] = (angle of the first, of the second qubit), pairs (0, 1), (2, 3), ... (1, 2), ...
@family("simplified-two-design", "pennylane.SimplifiedTwoDesign")
def simplified_two_design(n, layers, params, inputs):
    qml.SimplifiedTwoDesign(params[:n], np.reshape(params[n:], (layers, n - 1, 2)), wires=range(n))


@family("iqp", "pennylane.IQPEmbedding", uploads=True)
def iqp(n, layers, params, inputs):
    qml.IQPEmbedding(inputs, wires=range(n), n_repeats=layers)


# weights[l] = ZZ of the ring, then RY: as ours.
@family("qaoa-embedding", "pennylane.QAOAEmbedding", uploads=True)
def qaoa_embedding(n, layers, params, inputs):
    qml.QAOAEmbedding(inputs, np.reshape(params, (layers, 2 * n)), wires=range(n), local_field="Y")


def tree_block(weights, wires):
    qml.RY(weights[0], wires=wires[0])
    qml.RY(weights[1], wires=wires[1])
    qml.CNOT(wires=wires)


# template_weights[block] = two angles, as ours.
@family("matrix-product", "pennylane.MPS with RY, RY, CNOT")
def matrix_product(n, layers, params, inputs):
    for weights in np.reshape(params, (layers, n - 1, 2)):
        qml.MPS(range(n), 2, tree_block, 2, weights)


# As ours, and Grant et al. turn the last qubit once more: 2 n - 1 angles.
@family("tree-tensor", "pennylane.TTN with RY, RY, CNOT; the last RY of arXiv:1804.03680", sizes=(4, 8))
def tree_tensor(n, layers, params, inputs):
    for weights in np.reshape(params[:-1], (layers, n - 1, 2)):
        qml.TTN(range(n), 2, tree_block, 2, weights)
    qml.RY(params[-1], wires=n - 1)


# ---- Qiskit's circuit library: numbers theta[i] and x[q] in the order of their indices, as ours.

def qiskit_name(function, options):
    return f"qiskit.circuit.library.{function.__name__}" + "".join(f", {key}={value}" for key, value in options.items())


def qiskit_family(preset, function, **options):
    def play(n, layers, params, inputs):
        play_qiskit(function(n, reps=layers, **options), params)
    family(preset, qiskit_name(function, options))(play)


def qiskit_map(preset, function, **options):
    def play(n, layers, params, inputs):
        play_qiskit(function(n, reps=layers, **options), inputs)
    family(preset, qiskit_name(function, options), uploads=True)(play)


def two_local(n, reps, entanglement):
    return library.n_local(n, "ry", "cz", entanglement, reps=reps)


two_local.__name__ = "n_local ry, cz"
qiskit_family("two-local", two_local, entanglement="full")
qiskit_family("two-local-linear", two_local, entanglement="linear")
for name, function in ("efficient-su2", library.efficient_su2), ("real-amplitudes", library.real_amplitudes):
    qiskit_family(name, function)
    for entanglement in "linear", "circular", "full", "sca", "pairwise":
        qiskit_family(f"{name}-{entanglement}", function, entanglement=entanglement)
qiskit_family("excitation-preserving", library.excitation_preserving)
qiskit_map("z-map", library.z_feature_map)
qiskit_map("zz-map", library.zz_feature_map)
qiskit_map("zz-map-linear", library.zz_feature_map, entanglement="linear")


# ---- Gate by gate from papers.

for number, circuit in sim.CIRCUITS.items():
    def play_sim(n, layers, params, inputs, number=number, circuit=circuit):
        circuit(n, layers, Take(params))
    family(f"sim-{number}", f"arXiv:1905.10876, figure 2, circuit {number}; mindquantum's Ansatz{number}")(play_sim)


# exp(-i g / 2 sum ZZ) around the ring, exp(-i b / 2 sum X); each repetition has its g and b.
@family("ising", "arXiv:1507.08969 for the transverse-field Ising ring (arXiv:2008.02941)")
def ising(n, layers, params, inputs):
    for coupling, field in np.reshape(params, (layers, 2)):
        for q in range(n):
            qml.IsingZZ(coupling, wires=[q, (q + 1) % n])
        for q in range(n):
            qml.RX(field, wires=q)


# Each stage: 15 numbers of the convolution, shared by all its pairs, and 2 of the pooling, as in the paper.
@family("qcnn", "arXiv:2108.00661: SU(4) convolution, ZX pooling", sizes=(4, 8))
def qcnn(n, layers, params, inputs):
    def convolve(w, a, b):
        qml.U3(*w[0:3], wires=a)
        qml.U3(*w[3:6], wires=b)
        qml.CNOT(wires=[a, b])
        qml.RY(w[6], wires=a)
        qml.RZ(w[7], wires=b)
        qml.CNOT(wires=[b, a])
        qml.RY(w[8], wires=a)
        qml.CNOT(wires=[a, b])
        qml.U3(*w[9:12], wires=a)
        qml.U3(*w[12:15], wires=b)

    def pool(w, dropped, kept):  # a rotation for each outcome of measuring the dropped qubit
        qml.ctrl(qml.RZ(w[0], wires=kept), dropped)
        qml.ctrl(qml.RX(w[1], wires=kept), dropped, control_values=0)
        qml.PauliX(wires=dropped)

    take = Take(params)
    for _ in range(layers):
        alive = list(range(n))
        while len(alive) > 1:
            w, v = take.some(15), take.some(2)
            if len(alive) == 2:
                convolve(w, *alive)
                pool(v, *alive)
                break
            convolve(w, alive[0], alive[-1])
            for first in 0, 1:
                for i in range(first, len(alive) - 1, 2):
                    convolve(w, alive[i], alive[i + 1])
            for i in range(0, len(alive), 2):
                pool(v, alive[i + 1], alive[i])
            alive = alive[::2]


# U(phi) = RZ(phi_2) RY(phi_1) RZ(phi_3), rightmost first, with phi = theta + w x and x on every qubit; controlled Z
# between repetitions, on (0, 1), (2, 3) and (1, 2), (0, 3) in turns. Ours: w and theta of RZ(phi_3), of RY, of RZ.
@family("reupload", "arXiv:1907.02085 and its code", sizes=(2, 4), repetitions=(1, 2, 3), uploads=True)
def reupload(n, layers, params, inputs):
    weights = np.reshape(params, (layers, 3, n, 2))
    for l in range(layers):
        for kind, (gate, x) in enumerate(((qml.RZ, inputs[2]), (qml.RY, inputs[0]), (qml.RZ, inputs[1]))):
            for q in range(n):
                gate(weights[l, kind, q, 0] * x + weights[l, kind, q, 1], wires=q)
        if l + 1 < layers:
            for a, b in [(0, 1)] if n == 2 else [(0, 1), (2, 3)] if l % 2 == 0 else [(1, 2), (0, 3)]:
                qml.CZ(wires=[a, b])


# As ours: the paper's weights[l][3 q + i] is number (l, i, q).
@family("hqsl", "arXiv:2409.16593 and its code", sizes=(2,), uploads=True)
def hqsl(n, layers, params, inputs):
    for l in range(layers):
        for i, gate in enumerate((qml.RZ, qml.RY, qml.RZ)):
            for q in range(n):
                qml.RX(inputs[i], wires=q)
                gate(params[3 * n * l + n * i + q], wires=q)
            if i < 2:
                qml.CZ(wires=[0, 1])


# The circuit's code is not public: RX of fresh inputs in each encoding layer, RZ, CZ on a line.
@family("glue9", "arXiv:2604.13560, as described", uploads=True)
def glue9(n, layers, params, inputs):
    for l in range(layers):
        rotate(qml.RX, inputs[n * l:n * (l + 1)])
        rotate(qml.RZ, params[n * l:n * (l + 1)])
        for q in range(n - 1):
            qml.CZ(wires=[q, q + 1])


@family("qfnn", "its code, github.com/prayagtiwari/QFNN", uploads=True)
def qfnn(n, layers, params, inputs):
    for _ in range(layers):
        rotate(qml.RX, inputs[:n])
        for q in range(n):
            qml.CNOT(wires=[q, (q + 1) % n])


# ---- The numbers.

def counts(preset, n, layers):
    """Trained numbers and inputs, from the papers' tables and the templates' shapes."""
    pairs, full = n - 1, n * (n - 1) // 2
    inputs = {"glue9": n * layers, "hqsl": 3, "reupload": 3, "circuit-centric": 2 ** n}.get(preset, n)
    if preset.startswith("sim-"):
        return sim.angles(int(preset[4:]), n, layers), inputs
    if preset.startswith(("two-local", "real-amplitudes")):
        return n * (layers + 1), inputs
    if preset.startswith("efficient-su2"):
        return 2 * n * (layers + 1), inputs
    trained = {
        "strongly-entangling": 3 * n * layers, "circuit-centric": 3 * n * layers, "basic-entangler": n * layers, "basic-entangler-ry": n * layers,
        "simplified-two-design": n + 2 * pairs * layers, "qaoa-embedding": 2 * n * layers,
        "matrix-product": 2 * pairs * layers, "tree-tensor": 2 * pairs * layers + 1, "ising": 2 * layers,
        "excitation-preserving": n * (layers + 1) + full * layers, "qcnn": 17 * int(math.log2(n)) * layers,
        "reupload": 6 * n * layers, "hqsl": 3 * n * layers, "glue9": n * layers,
    }
    return trained.get(preset, 0), inputs


def short(values):
    return [float(f"{value:.13f}") for value in values]


def make_case(preset, n, layers):
    play, _, source, uploads = FAMILIES[preset]
    random = np.random.default_rng(zlib.crc32(f"{preset} {n} {layers}".encode()))
    trained, loaded = counts(preset, n, layers)
    # Multiples of 1/256: exact in single precision too.
    params = np.array(np.round(random.uniform(-3, 3, trained) * 256) / 256, requires_grad=True)
    inputs = np.array(np.round(random.uniform(-2, 2, loaded) * 256) / 256, requires_grad=True)
    weights = np.round(random.uniform(-1, 1, n + (2 if n > 1 else 1)) * 256) / 256

    def circuit(params, inputs):
        if not uploads:
            rotate(qml.RY, inputs)
        play(n, layers, params, inputs)
        outputs = [qml.expval(qml.PauliZ(q)) for q in range(n)] + [qml.expval(qml.PauliX(0))]
        if n > 1:
            outputs.append(qml.expval(qml.PauliX(0) @ qml.PauliX(1)))
        return outputs

    node = qml.QNode(circuit, qml.device("default.qubit", wires=n), interface="autograd", diff_method="backprop")

    def combined(params, inputs):
        return np.sum(weights * np.stack(node(params, inputs)))

    values = [float(value) for value in node(params, inputs)]
    gradients = [qml.grad(combined, argnums=i)(params, inputs) if count else [] for i, count in enumerate((trained, loaded))]
    if preset.startswith("sim-"):
        same_as_mindquantum(int(preset[4:]), n, layers, params, inputs, values)
    return {"preset": preset, "qubits": n, "layers": layers, "source": source, "params": params.tolist(),
            "inputs": inputs.tolist(), "values": short(values), "weights": weights.tolist(),
            "param_gradient": short(gradients[0]), "input_gradient": short(gradients[1])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", help="one preset, printed instead of written")
    only = parser.parse_args().only
    lines = []
    for preset, (_, cases, _, _) in FAMILIES.items():
        for n, layers in cases:
            if only in (None, preset) and (n < 8 or layers == 1):  # eight qubits once: the file is kept small
                lines.append(json.dumps(make_case(preset, n, layers)))
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    if only:
        print(text, end="")
    else:
        pathlib.Path(__file__).with_name("numbers.json").write_text(text)
        print(f"{len(FAMILIES)} presets, {len(lines)} cases")


if __name__ == "__main__":
    main()
