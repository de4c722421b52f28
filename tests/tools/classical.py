#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""qmtl inspect --classical against a dense statevector: the expansion's terms by a Fourier transform over all angles, and what
cutting it down does to the logits."""

import itertools
import json

import numpy
from harness import Program, main

QUBITS, SIZE = 6, 3
CONFIGURATION = """
seed = 5
[data]
file = "tiny.h5"
standardise = false
[backbone]
layers = []
[head]
gain = 0.8
start_deviation = 0.5
[circuit]
qubits = 6
layers = 1
[block]
size = 3
stride = 1
[train]
epochs = 15
batch = 20
learning_rate = 0.05
precision = "double"
"""
# Tasks of the tiny data set in the model's order, with their columns.
TASKS = {"kind": [0, 1, 2], "sum": [3], "value": [4]}


def state_of(angles, shared):
    """A statevector of all qubits, written as an array with one axis a qubit: RY of angles + shared, then CZ around the ring."""
    state = numpy.ones(())
    for qubit in range(QUBITS):
        half = (angles[qubit] + shared[qubit]) / 2
        state = numpy.multiply.outer(state, numpy.array([numpy.cos(half), numpy.sin(half)]))
    for qubit in range(QUBITS):
        both = [slice(None)] * QUBITS
        both[qubit] = both[(qubit + 1) % QUBITS] = 1
        state[tuple(both)] *= -1
    return state


def expectation(state, register, block):
    """Mean of <Z> over the register after an RY on each of its qubits."""
    for qubit, angle in zip(register, block):
        c, s = numpy.cos(angle / 2), numpy.sin(angle / 2)
        state = numpy.moveaxis(numpy.tensordot([[c, -s], [s, c]], state, (1, qubit)), 0, qubit)
    weight = state ** 2
    return numpy.mean([2 * weight.take(0, qubit).sum() - weight.sum() for qubit in register])


def fourier(values):
    """values[4, 4, ...] on quarter turns -> coefficients[3, 3, ...] of 1, cos and sin of each angle. Exact for functions that are
    linear in these."""
    turns = numpy.arange(4) * numpy.pi / 2
    basis = numpy.stack([numpy.full(4, 0.25), numpy.cos(turns) / 2, numpy.sin(turns) / 2])
    for axis in range(values.ndim):
        values = numpy.moveaxis(numpy.tensordot(basis, values, (1, axis)), 0, axis)
    return values


class Oracle:
    """What the checkpoint's head is, from its numbers alone."""

    def __init__(self, path, x):
        import h5py
        with h5py.File(path) as file:
            param = {name: values[...] for name, values in file["params"].items()}
        z = x @ param["representation.weight"].reshape(QUBITS, QUBITS) + param["representation.bias"]
        self.angles = numpy.pi / 2 * (1 + numpy.tanh(0.8 * z))
        self.shared = param["head.shared"]
        blocks = param["head.block"].reshape(5, SIZE)
        scale = param["head.scale"][[0, 0, 0, 1, 2]] / 0.8
        registers = [[(o + i) % QUBITS for i in range(SIZE)] for o in range(5)]
        self.logits = numpy.array([[scale[o] * expectation(state_of(a, self.shared), registers[o], blocks[o]) for o in range(5)]
                                   for a in self.angles]) + param["head.bias"]
        turns = numpy.arange(4) * numpy.pi / 2
        grid = numpy.zeros((5, *[4] * QUBITS))
        for at in itertools.product(range(4), repeat=QUBITS):
            state = state_of(turns[list(at)], numpy.zeros(QUBITS))  # as functions of angle + shared angle
            for o in range(5):
                grid[(o, *at)] = expectation(state, registers[o], blocks[o])
        self.terms = [{} for _ in range(5)]
        for o in range(5):
            found = scale[o] * fourier(grid[o])
            # Rounding leaves about 1e-16 of what is absent; angles that training has moved are far from making terms so small.
            for at in zip(*numpy.nonzero(abs(found) > 1e-12)):
                if any(at):
                    self.terms[o][at] = found[at]

    def contributions(self, o):
        """{product: values over the rows}."""
        parts = numpy.stack([numpy.ones_like(self.angles), numpy.cos(self.angles + self.shared), numpy.sin(self.angles + self.shared)])
        return {at: c * numpy.prod([parts[kind, :, q] for q, kind in enumerate(at)], axis=0) for at, c in self.terms[o].items()}


def decisions(task, logits):
    return logits.argmax(axis=1) if task == "kind" else logits[:, 0] > 0


class Classical(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("classical.toml", CONFIGURATION)
        cls.must("train", "classical.toml", "--quiet", "--set", "run.folder=run")
        import h5py
        with h5py.File(cls.path("tiny.h5")) as file:
            validation = file["split"][...] == 1
            cls.x = file["inputs/x"][...][validation].astype(float)
            cls.present = ~numpy.isnan(file["tasks/value/labels"][...][validation])
        cls.oracle = Oracle(cls.path("run/checkpoints/best.h5"), cls.x)

    def classical(self, *arguments, folder="run"):
        return json.loads(self.succeed("inspect", folder, "--classical", "--json", "--quiet", *arguments).stdout)

    def test_terms_degrees_and_their_shares_are_those_of_a_fourier_transform_of_the_statevector(self):
        found = self.classical()
        self.assertEqual((found["circuit"], found["head"], list(found["tasks"])), (True, "qmtl", list(TASKS)))
        for task, columns in TASKS.items():
            rows = self.present if task == "value" else slice(None)
            said = found["tasks"][task]
            degrees, norms, variances = {}, {}, {}
            for o in columns:
                sums = {}
                for at, values in self.oracle.contributions(o).items():
                    d = sum(kind > 0 for kind in at)
                    degrees[d] = degrees.get(d, 0) + 1
                    norms[d] = norms.get(d, 0) + self.oracle.terms[o][at] ** 2 / 2 ** d
                    sums[d] = sums.get(d, 0) + values[rows]
                for d, values in sums.items():
                    variances[d] = variances.get(d, 0) + values.var()
            with self.subTest(task):
                self.assertEqual({d["degree"]: d["terms"] for d in said["degrees"]}, degrees)
                self.assertEqual(said["terms"], sum(degrees.values()))
                for share in said["degrees"]:
                    # The angles come from the backbone in double; sums are in other orders.
                    self.assertAlmostEqual(share["norm"], norms[share["degree"]] / sum(norms.values()), places=9)
                    self.assertAlmostEqual(share["variance"], variances[share["degree"]] / sum(variances.values()), places=9)
                self.assertAlmostEqual(said["deviation"], numpy.sqrt(self.oracle.logits[rows][:, columns].var(axis=0).mean()), places=9)
                self.assertLess(said["expansion_error"], 1e-5)  # predictions are float32

    def test_a_cut_model_has_the_errors_and_decisions_that_it_says_and_one_term_fewer_is_not_within_epsilon(self):
        for epsilon in (0.3, 0.05):
            found = self.classical("--epsilon", str(epsilon))
            for task, columns in TASKS.items():
                rows = self.present if task == "value" else slice(None)
                parts = sorted(((values[rows], i, sum(kind > 0 for kind in at)) for i, o in enumerate(columns)
                                for at, values in self.oracle.contributions(o).items()), key=lambda part: part[0].std())
                logits = self.oracle.logits[rows][:, columns]
                bound = epsilon * found["tasks"][task]["deviation"]

                def missing(dropped):
                    lost = numpy.zeros_like(logits)
                    for values, i, _ in dropped:
                        lost[:, i] += values - values.mean()
                    return lost

                said = found["tasks"][task]["by_weight"]
                dropped = parts[:len(parts) - said["terms"]]
                fewer = [numpy.sqrt((missing(parts[:n]) ** 2).mean()) for n in range(len(dropped) + 1, len(parts) + 1)]
                by_degree = found["tasks"][task]["by_degree"]
                for model, lost in ((said, missing(dropped)),
                                    (by_degree, missing([part for part in parts if part[2] > by_degree["degree"]]))):
                    with self.subTest(task=task, epsilon=epsilon, terms=model["terms"]):
                        self.assertAlmostEqual(model["rms_error"], numpy.sqrt((lost ** 2).mean()), places=9)
                        self.assertAlmostEqual(model["greatest_error"], abs(lost).max(), places=9)
                        self.assertLessEqual(model["rms_error"], bound)
                        if task == "value":
                            self.assertIsNone(model["changed_decisions"])
                        else:
                            changed = decisions(task, logits) != decisions(task, logits - lost)
                            self.assertAlmostEqual(model["changed_decisions"], changed.mean(), places=9)
                self.assertTrue(all(error > bound for error in fewer), (task, epsilon, fewer, bound))
                below = missing([part for part in parts if part[2] > by_degree["degree"] - 1])
                self.assertGreater(numpy.sqrt((below ** 2).mean()), bound)

    def test_a_classical_head_is_said_to_be_one(self):
        self.must("train", "classical.toml", "--quiet", "--set", "run.folder=linear", "--set", "head.kind=linear", "--set",
                  "train.epochs=1")
        found = self.classical(folder="linear")
        self.assertFalse(found["circuit"])
        self.assertIn("classical already", found["remark"])
        self.assertIn("classical already", self.succeed("inspect", "linear", "--classical").stdout)

    def test_an_expansion_that_is_too_large_is_said_in_a_line(self):
        self.must("train", "classical.toml", "--quiet", "--set", "run.folder=deep", "--set", "train.epochs=1", "--set",
                  "circuit.qubits=10", "--set", "circuit.layers=10", "--set", "circuit.rotations=[\"ry\", \"rz\"]")
        found = self.classical(folder="deep")
        for task in TASKS:
            self.assertFalse(found["tasks"][task]["written"])
            self.assertRegex(found["tasks"][task]["remark"], "more than [0-9]+ terms")

    def test_the_report_has_the_same_and_does_without_the_data(self):
        self.succeed("report", "run", "--out", "whole.html")
        page = self.read("whole.html").decode()
        self.assertIn("How classical the head is", page)
        self.assertIn("Smallest classical local models", page)
        self.must("train", "classical.toml", "--quiet", "--set", "run.folder=moved", "--set", "train.epochs=1")
        hidden = self.path("tiny.h5")
        import os
        os.rename(hidden, hidden + ".away")
        try:
            self.succeed("report", "moved", "--out", "moved.html")
        finally:
            os.rename(hidden + ".away", hidden)
        self.assertIn("Not computed: ", self.read("moved.html").decode())

    def test_wrong_values_are_refused(self):
        for arguments, words in ((("--epsilon", "0"), "--epsilon"), (("--split", "all"), "--split")):
            refused = self.run_program("inspect", "run", "--classical", *arguments)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn(words, refused.stderr)
        refused = self.run_program("inspect", "tiny.h5", "--classical")
        self.assertEqual(refused.returncode, 3, refused.stderr)


if __name__ == "__main__":
    main()
