#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every form in which every published circuit leaves qmtl, read by others: the program's state, what a device's own form
reads, and the expectations that other libraries' constructions have (tests/circuit/published). A reader of its own
(statevector.py) takes every file; Qiskit's importers do too where the peers' environment is there."""

import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]
import peers

if peers.python():
    peers.require("numpy", "qiskit", "qiskit_qasm3_import", skipped="loading presets in Qiskit")
elif not peers.is_there("numpy"):
    print("skipped: reading the presets' exports; needs numpy (apt install python3-numpy)")
    sys.exit(0)

import harness
import numpy
import statevector

QISKIT = peers.is_there("qiskit_qasm3_import")
if QISKIT:
    import qiskit.qasm2
    import qiskit.qasm3
    from qiskit_readings import state_and_measured

# Some hundred gates in double on both sides, angles with 17 digits; a device's form has some thousand.
STATE = 1e-9
DOUBLE = 1e-11  # expectations of up to 8 qubits in double; the published ones have 13 digits


def in_qiskit(form, text, inputs):
    """State and measured qubits of a file, on the qubits that it uses where they are a device's."""
    circuit = (qiskit.qasm2 if form == "qasm2" else qiskit.qasm3).loads(text)
    state, measured = state_and_measured(circuit, inputs, only_used=form == "isa")
    return state.data, measured


def readers(form, text, inputs):
    """(who reads, state, measured qubits)."""
    if form == "ionq":
        yield "NumPy", statevector.of_ionq(json.loads(text)), None
        return
    yield "NumPy", *statevector.of_qasm(text, inputs)
    # rzz is a device's own gate there, without a definition in the file.
    if QISKIT and not (form == "isa" and "rzz(" in text):
        yield "Qiskit", *in_qiskit(form, text, inputs)
    if QISKIT and form == "isa" and "rzz(" in text:
        defined = text.replace('include "stdgates.inc";\n', 'include "stdgates.inc";\n' + statevector.RZZ)
        yield "Qiskit", *in_qiskit(form, defined, inputs)


class PresetExports(harness.Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tests = os.path.join(os.path.dirname(harness.PROGRAM), "tests", "test_hardware")
        if not os.access(tests, os.X_OK):
            raise unittest.SkipTest(f"needs {tests}, which writes the exports")
        cls.folder = cls.path("presets")
        os.mkdir(cls.folder)
        subprocess.run([tests, "[preset-files]"], env=harness.environment({"QMTL_FORMATS_FOLDER": cls.folder}), check=True,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(cls.folder, "presets.json")) as file:
            cls.cases = json.load(file)

    def text(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def check_state(self, found, expected, case):
        self.assertEqual(len(found), len(expected), case)
        self.assertLess(abs(1 - abs(numpy.vdot(found, expected))), STATE, case)

    def check_device(self, isa, text, case):
        """What a device demands: gates of its basis on pairs that it couples, rzz between 0 and a quarter turn."""
        pairs = {tuple(pair) for pair in isa["coupling"]}
        for name, angle, qubits in statevector.lines_of_gates(text):
            self.assertIn(name, isa["basis"], case)
            if len(qubits) == 2:
                self.assertIn(tuple(qubits), pairs, case)
            if name == "rzz":
                self.assertTrue(0 <= float(angle) <= numpy.pi / 2, f"{case}: rzz({angle})")

    def test_every_form_of_every_preset_is_the_same(self):
        self.assertEqual(len({case["preset"] for case in self.cases}), len(
            json.loads(self.succeed("presets", "--json").stdout)))
        files = 0
        for case in self.cases:
            outputs, stage = {}, case["stage"]
            text = self.text(stage["file"])
            for who, state, _ in readers("stage", text, stage["inputs"]):
                self.check_state(state, numpy.array([complex(*amplitude) for amplitude in stage["state"]]),
                                 f"{case['case']}, stage with open numbers, {who}\n{text}")
                files += 1
            for program in case["programs"]:
                expected = numpy.array([complex(*amplitude) for amplitude in program["state"]])
                probabilities = statevector.distribution(expected, program["measured"])
                for form, file in program["files"].items():
                    text = self.text(file)
                    for who, state, measured in readers(form.split()[0], text, program["inputs"]):
                        where = f"{case['case']}, {form}, {who}\n{text}"
                        self.check_state(state, expected, where)
                        if measured is not None:
                            self.assertEqual(measured, program["measured"], where)
                        files += 1
                for native in program["native"]:
                    job = json.loads(self.text(native["file"]))
                    where = f"{case['case']}, native gates of IonQ, {native['gates']}\n{job}"
                    self.assertLessEqual({gate["gate"] for gate in job["circuit"]}, {"gpi", "gpi2", native["gates"]}, where)
                    found = statevector.distribution(statevector.of_ionq(job), native["measured"])
                    self.assertLess(max(abs(found - probabilities)), STATE, where)
                    files += 1
                for isa in program["isa"]:
                    text = self.text(isa["file"])
                    for who, state, measured in readers("isa", text, program["inputs"]):
                        where = f"{case['case']}, {isa['device']}, {who}\n{text}"
                        found = statevector.distribution(state, measured)
                        self.assertLess(max(abs(found - probabilities)), STATE, where)
                        files += 1
                    self.check_device(isa, text, where)
                for output in program["outputs"]:
                    outputs[output["output"]] = sum(
                        term["weight"] * float(probabilities @ statevector.signs(term["bits"], len(program["measured"])))
                        for term in output["terms"])
            for parts, value in zip(case["sums"], case["values"]):
                self.assertLess(abs(sum(outputs[part] for part in parts) - value), DOUBLE, case["case"])
        print(f"\n{len(self.cases)} circuits of {len({c['preset'] for c in self.cases})} presets, {files} files read"
              f"{'' if QISKIT else ' (without Qiskit: tests/hardware/setup makes its environment)'}")

    def test_turning_gates_save_two_qubit_gates(self):
        """What rx and rzz of a device's own save, where angles are bound and where the samples' are open."""
        print(f"\n{'two-qubit gates':32} {'cz':>5} {'and rzz':>8}   {'open: cz':>9} {'and rzz':>8}")
        fewer = []
        for case in self.cases:
            counts = {(device, bound): sum(isa["two_qubit_gates"] for program in case["programs"] for isa in program["isa"]
                                           if (isa["device"], isa["bound"]) == (device, bound))
                      for device in ("fixed", "fractional") for bound in (True, False)}
            line = [counts[device, bound] for bound in (True, False) for device in ("fixed", "fractional")]
            for fixed, turning in (line[:2], line[2:]):
                self.assertLessEqual(turning, fixed, case["case"])
            if line[1] < line[0]:
                fewer.append(case["preset"])
                print(f"{case['case'].replace(' repetitions', ''):32} {line[0]:5} {line[1]:8}   {line[2]:9} {line[3]:8}")
        # Those with rotations of pairs in them: rxx, ryy, rzz and controlled ones, but not those of fixed gates alone.
        for preset in ("iqp", "zz-map-linear", "sim-5", "sim-6", "sim-13", "sim-14", "ising", "qcnn", "excitation-preserving"):
            self.assertIn(preset, fewer)
        for preset in ("strongly-entangling", "real-amplitudes", "sim-9"):
            self.assertNotIn(preset, fewer)


if __name__ == "__main__":
    harness.main()
