#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Layouts on published snapshots of IBM's devices (those that qiskit-ibm-runtime carries) against Qiskit's level 3: no dead part
is used, and the product of 1 - error of gates and readings is within 5 % of the best that Qiskit finds, or better. Prints the table;
with QMTL_LONG=1 all snapshots and programs."""

import glob
import json
import os
import sys
import unittest
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]
import peers

peers.require("qiskit", "qiskit_qasm3_import", "qiskit_ibm_runtime", skipped="layouts on published snapshots beside Qiskit")
from harness import CONFIGURATION, Program, main
from qiskit import qasm3, transpile

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from qiskit_ibm_runtime import fake_provider

LONG = os.environ.get("QMTL_LONG") == "1"
SNAPSHOTS = ["torino", "kingston", "fez", "marrakesh", "aachen", "pittsburgh"] if LONG else ["torino"]
# Searches are heuristics on both sides; Qiskit's best of three seeds counts.
SEEDS, WITHIN = (0, 1, 2), 0.95

# The digits' head, and that of the authors' model (glue9).
DIGITS = """
[circuit]
qubits = 20
layers = 2
entangler = "cz-ring"
[block]
size = 4
stride = 2
entangler = "none"
"""
GLUE = """
[circuit]
preset = "glue9"
qubits = %d
layers = 3
[block]
layers = 1
rotations = ["ry"]
readout = "first"
[task."*"]
qubits = 1
"""
PROGRAMS = {"digits": DIGITS, "glue9-6": GLUE % 6, "glue9-9": GLUE % 9, "glue9-20": GLUE % 20} if LONG else {"digits": DIGITS}


def listed(entries, name):
    return next((entry["value"] for entry in entries if entry["name"] == name), None)


class Snapshot:
    """What the properties of a device say, and Qiskit's model of it."""

    def __init__(self, name):
        folder = os.path.join(os.path.dirname(fake_provider.__file__), "backends", name)
        (self.configuration,), (self.properties,) = (glob.glob(f"{folder}/{kind}_*.json") for kind in ("conf", "props"))
        self.backend = getattr(fake_provider, f"Fake{name.capitalize()}")()
        with open(self.properties) as file:
            properties = json.load(file)
        self.error = {(gate["gate"], tuple(gate["qubits"])): listed(gate["parameters"], "gate_error")
                      for gate in properties["gates"]}
        # Where somebody measured both directions, their mean counts: `readout_error` may be from another day.
        self.readout = [(listed(qubit, "prob_meas0_prep1") + listed(qubit, "prob_meas1_prep0")) / 2
                        for qubit in properties["qubits"]]

    def products(self, circuit):
        """Of gates and of readings; the gates that are dead."""
        gates = readings = 1.0
        dead = []
        for entry in circuit.data:
            name, qubits = entry.operation.name, tuple(circuit.find_bit(q).index for q in entry.qubits)
            if name == "measure":
                readings *= 1 - self.readout[qubits[0]]
            elif name not in ("rz", "barrier"):
                error = self.error[name, qubits]
                gates *= 1 - error
                if error >= 1:
                    dead.append((name, qubits))
        return gates, readings, dead


class Layouts(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, circuit in PROGRAMS.items():
            text = CONFIGURATION.replace('folder = "run"', f'folder = "{name}"').replace("epochs = 3", "epochs = 1")
            begin, end = text.index("[circuit]"), text.index("[train]")
            if "glue9" in circuit:
                text = text.replace('kind = "qmtl"', 'kind = "qmtl"\nangle_map = "linear"\ngain = 1.0')
                begin, end = text.index("[circuit]"), text.index("[train]")
            cls.write(f"{name}.toml", text[:begin] + circuit + text[end:])
            cls.must("train", f"{name}.toml", "--quiet")

    def export(self, run, *arguments):
        """The head's first program, and what is told of it."""
        told = json.loads(self.succeed("export", run, "--out", "out", "--overwrite", "--json", *arguments).stdout)
        files = sorted(glob.glob(self.path("out") + "/*.qasm")) or [self.path("out")]
        with open(files[0]) as file:
            return told, qasm3.loads(file.read())

    def test_products_of_one_minus_error_beside_level_3(self):
        print(f"\n{'':10} {'program':9} {'layout':8} {'swaps':>5} {'gates':>7} {'readings':>8} {'product':>8}   Qiskit level 3: "
              "gates, readings, product")
        for name in SNAPSHOTS:
            snapshot = Snapshot(name)
            for run in PROGRAMS:
                with self.subTest(snapshot=name, program=run):
                    told, ours = self.export(run, "--to", "isa", "--target", snapshot.configuration, "--properties",
                                             snapshot.properties)
                    layout = told["layouts"][0]
                    gates, readings, dead = snapshot.products(ours)
                    logical = self.export(run, "--to", "qasm3")[1]
                    theirs = max((snapshot.products(transpile(logical, backend=snapshot.backend, optimization_level=3,
                                                              seed_transpiler=seed))[:2] for seed in SEEDS),
                                 key=lambda found: found[0] * found[1])
                    print(f"{name:10} {run:9} {layout['layout_kind']:8} {layout['swaps']:5} {gates:7.4f} {readings:8.4f} "
                          f"{gates * readings:8.4f}   {theirs[0]:.4f} {theirs[1]:.4f} {theirs[0] * theirs[1]:.4f}")
                    self.assertEqual(dead, [])
                    # What the program says of itself, by another reader: roundings of some hundred factors.
                    self.assertAlmostEqual(layout["success"]["gates"], gates, delta=1e-9)
                    self.assertAlmostEqual(layout["success"]["readout"], readings, delta=1e-9)
                    self.assertGreaterEqual(gates * readings, WITHIN * theirs[0] * theirs[1])


if __name__ == "__main__":
    main()
