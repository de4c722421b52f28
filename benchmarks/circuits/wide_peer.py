#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The circuits of wide.cpp in pauli-propagator (PyPI, Python 3.12), which makes the same closed sums of products.

    python3.12 -m venv wide && wide/bin/pip install pauli-propagator==3.4.0
    wide/bin/python benchmarks/circuits/wide_peer.py [--tasks 64,128,256] [--layers 1]

Values and the full Jacobian of one sample, which is what it has, by processor time: a batch is sample after sample. Four tasks are
compared with default.qubit first.
"""
import argparse
import time

import numpy as np
import pennylane as qml
from pprop.propagator import Propagator


def circuit(tasks, layers):
    n = 2 * tasks

    def ansatz(p):
        at = iter(range(n * (2 + layers) + (n - 1) * layers))
        for q in range(n):
            qml.RX(p[next(at)], wires=q)
        for layer in range(layers):
            for q in range(n):
                (qml.RX if layer else qml.RY)(p[next(at)], wires=q)
            for q in range(n - 1):
                qml.CNOT(wires=[q, q + 1])  # it has no rotation of pairs
                qml.RZ(p[next(at)], wires=q + 1)
                qml.CNOT(wires=[q, q + 1])
        for q in range(n):
            qml.RY(p[next(at)], wires=q)
        return [qml.expval(qml.PauliX(2 * t) @ qml.PauliX(2 * t + 1)) for t in range(tasks)]
    return ansatz


def made(tasks, layers):
    propagator = Propagator(circuit(tasks, layers))
    propagator.propagate(n_threads=1)
    return propagator, np.random.default_rng(1).uniform(-2, 2, propagator.num_params)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default="64,128,256")
    parser.add_argument("--layers", type=int, default=1)
    options = parser.parse_args()
    propagator, numbers = made(4, options.layers)
    right = qml.QNode(circuit(4, options.layers), qml.device("default.qubit", wires=8))(numbers)
    assert np.allclose(propagator(numbers), right, atol=1e-10), "pauli-propagator differs from default.qubit"
    print("| layers | tasks | propagating, s | values and Jacobian of a sample, us |\n|---:|---:|---:|---:|")
    for tasks in map(int, options.tasks.split(",")):
        begin = time.process_time()
        propagator, numbers = made(tasks, options.layers)
        took, least = time.process_time() - begin, np.inf
        for _ in range(5):
            begin = time.process_time()
            propagator.eval_and_grad(numbers)
            least = min(least, time.process_time() - begin)
        print(f"| {options.layers} | {tasks} | {took:.2g} | {1e6 * least:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
