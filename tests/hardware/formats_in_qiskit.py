#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports in other people's readers: Qiskit's importers of OpenQASM 2 and 3, the reference parser of OpenQASM 3, Aer
and Amazon Braket's simulator. Random programs come with their state from the oracle of test_hardware; of trained heads
the logits must come back from the files alone."""

import csv
import glob
import json
import math
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness
import peers

peers.require("qiskit", "qiskit_qasm3_import", "qiskit_aer", "openqasm3", "braket.default_simulator",
              skipped="loading exports in Qiskit, Aer, openqasm3 and Braket's simulator")

import numpy
import openqasm3
import qiskit.qasm2
import qiskit.qasm3
import qiskit_aer
import qiskit_ionq
from braket.default_simulator import StateVectorSimulator
from braket.ir.openqasm import Program as BraketProgram
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

STATE = 1e-9  # double through two simulators, angles with 17 digits
SHOTS = 4000

HEADS = [
    ("qmtl", {}),
    ("qmtl", {"circuit.entangler": '"cx-ring"', "block.entangler": '"cz-line"', "block.readout": '"weights"'}),
    ("qmtl", {"circuit.entangler": '"brickwork-cz"', "circuit.layers": "2", "circuit.uploads": "2",
              "circuit.rotations": '["ry", "rz"]', "circuit.upload": '"rx"'}),
    ("qmtl", {"block.placement": '"global"', "block.entangler": '"cx-line"', "block.readout": '"first"'}),
    ("qmtl", {"circuit.qubits": "4", "block.size": "2", "circuit.layer":
              '[{ encode = "amplitude", numbers = 13 }, { gates = ["ry"], entangler = "cz", pattern = "line" }]'}),
    ("hybrid", {"circuit.entangler": '"cx-line"'}),
    ("separate", {"circuit.entangler": '"cz-ring"'}),
]


def bits_of(circuit):
    """The qubit that each classical bit reads, and the circuit without its readings."""
    measured = {}
    for instruction in circuit.data:
        if instruction.operation.name == "measure":
            measured[circuit.find_bit(instruction.clbits[0]).index] = circuit.find_bit(instruction.qubits[0]).index
    bare = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name != "measure":
            bare.append(instruction)
    bare.remove_final_measurements()
    return [measured[bit] for bit in range(len(measured))], bare


def bind(circuit, values):
    return circuit.assign_parameters({p: values[p.name] for p in circuit.parameters})


def ionq_circuit(job, circuit):
    """IonQ's gates by their documentation, in Qiskit's terms."""
    result = QuantumCircuit(job["qubits"])
    for gate in circuit:
        name, target = gate["gate"], gate["target"]
        if name in ("rx", "ry", "rz"):
            getattr(result, name)(gate["rotation"], target)
        elif name == "cnot":
            result.cx(gate["control"], target)
        else:
            {"x": result.x, "v": result.sx, "h": result.h}[name](target)
    return result


def native_circuit(job):
    """IonQ's native gates by its own client."""
    result = QuantumCircuit(job["qubits"])
    for gate in job["circuit"]:
        targets = gate.get("targets", [gate.get("target")])
        made = {"gpi": lambda: qiskit_ionq.GPIGate(gate["phase"]), "gpi2": lambda: qiskit_ionq.GPI2Gate(gate["phase"]),
                "ms": lambda: qiskit_ionq.MSGate(*gate["phases"], gate["angle"]), "zz": lambda: qiskit_ionq.ZZGate(gate["angle"])}
        result.append(made[gate["gate"]](), targets)
    return result


def distribution(state, measured):
    """Probability of each reading, bit c of the index = classical bit c."""
    return Statevector(state).probabilities(measured)


def signs(bits, width):
    index = numpy.arange(2**width)
    return 1 - 2 * (sum((index >> bit) & 1 for bit in bits) % 2)


def braket(text):
    """Braket's simulator reads no include and names cx and sx in its own way."""
    names = "gate cx a, b { cnot a, b; }\ngate sx a { v a; }\n"
    return text.replace('include "stdgates.inc";\n', names)


class Formats(harness.Program):
    def same_state(self, circuit, expected, case):
        overlap = abs(numpy.vdot(Statevector(circuit).data, expected))
        self.assertAlmostEqual(overlap, 1.0, delta=STATE, msg=case)

    def near(self, frequencies, probabilities, case):
        """Each frequency within six standard deviations of its probability: wrong once in 1e8 readings."""
        for p, f in zip(probabilities, frequencies):
            self.assertLess(abs(p - f), 6 * math.sqrt(p * (1 - p) / SHOTS) + 6 / SHOTS, case)

    def run_aer(self, circuit, bits):
        counts = qiskit_aer.AerSimulator(seed_simulator=7).run(circuit, shots=SHOTS).result().get_counts()
        frequencies = numpy.zeros(2**bits)
        for text, count in counts.items():
            frequencies[int(text.replace(" ", ""), 2)] += count / SHOTS
        return frequencies

    def run_braket(self, source, inputs, measured):
        result = StateVectorSimulator().run(BraketProgram(source=source, inputs=inputs), shots=SHOTS)
        columns = [list(result.measuredQubits).index(qubit) for qubit in measured]
        frequencies = numpy.zeros(2**len(measured))
        for shot in result.measurements:
            frequencies[sum(int(shot[column]) << bit for bit, column in enumerate(columns))] += 1 / SHOTS
        return frequencies

    def test_random_programs_are_the_same_everywhere(self):
        tests = os.path.join(os.path.dirname(harness.PROGRAM), "tests", "test_hardware")
        if not os.access(tests, os.X_OK):
            self.skipTest(f"needs {tests}, which writes the programs")
        folder = self.path("formats")
        os.mkdir(folder)
        subprocess.run([tests, "[formats-files]"], env=harness.environment({"QMTL_FORMATS_FOLDER": folder}), check=True,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(folder, "programs.json")) as file:
            programs = json.load(file)
        self.assertEqual(len(programs), 30)
        for number, entry in enumerate(programs):
            texts = {}
            for form in ("qasm3", "bound", "qasm2", "physical", "ionq", "ms", "zz", "braket"):
                with open(os.path.join(folder, entry[form])) as file:
                    texts[form] = file.read()
            case = f"{entry['name']}\n{texts['qasm3']}"
            expected = numpy.array([complex(*amplitude) for amplitude in entry["state"]])
            inputs = entry.get("inputs", {})
            probabilities = distribution(expected, entry["measured"])

            loaded = qiskit.qasm3.loads(texts["qasm3"])
            self.assertEqual(sorted(p.name for p in loaded.parameters), sorted(
                name for name in inputs if f"{name}" in texts["qasm3"].split("qubit[")[1]), case)
            bound = bind(loaded, inputs)
            for circuit in (bound, qiskit.qasm3.loads(texts["bound"]), qiskit.qasm2.loads(texts["qasm2"])):
                measured, bare = bits_of(circuit)
                self.assertEqual(measured, entry["measured"], case)
                self.same_state(bare, expected, case)
            for form in ("qasm3", "bound", "physical"):
                openqasm3.parse(texts[form])
            if "rzz" not in texts["physical"]:  # native on a device, unknown to this importer
                measured, bare = bits_of(qiskit.qasm3.loads(texts["physical"]))
                self.assertEqual(measured, entry["measured"], case)
                if bare.num_qubits == entry["qubits"]:
                    self.same_state(bare, expected, case)
            job = json.loads(texts["ionq"])
            self.same_state(ionq_circuit(job, job["circuit"]), expected, case)
            for form in ("ms", "zz"):
                job = json.loads(texts[form])
                self.assertEqual(job["gateset"], "native", case)
                # Rounding of some hundred gates. The native program has the qubits of the other, in their order.
                numpy.testing.assert_allclose(distribution(Statevector(native_circuit(job)).data, entry["measured"]), probabilities,
                                              rtol=0, atol=1e-12, err_msg=f"{form}: {case}")
            if number % 5 == 0:
                self.near(self.run_aer(bound, len(entry["measured"])), probabilities, "Aer: " + case)
                self.near(self.run_braket(braket(texts["qasm3"]), inputs, entry["measured"]), probabilities, "Braket: " + case)
                self.near(self.run_braket(texts["braket"], {}, entry["measured"]), probabilities, f"Braket's own names: {texts['braket']}")

    def logits_of(self, folder, angles):
        """Logits of every sample from a folder of exact probabilities, and the form's circuits."""
        with open(os.path.join(folder, "programs.json")) as file:
            listing = json.load(file)
        programs = {program["name"]: program for program in listing["programs"]}
        outputs = {sample: {} for sample in angles}
        for circuit in listing["circuits"]:
            program = programs[circuit["program"]]
            with open(os.path.join(folder, circuit["file"])) as file:
                text = file.read()
            for sample in [circuit["sample"]] if listing["bound"] else angles:
                state = self.state_of(listing["form"], text, circuit["name"], angles[sample], program)
                p = distribution(state, program["measured"])
                self.assertEqual(len(p), 2**program["bits"])
                for reading in program["outputs"]:
                    outputs[sample][reading["output"]] = sum(
                        term["weight"] * float(p @ signs(term["bits"], program["bits"])) for term in reading["terms"])
        def logit(row, measured):
            u = row["bias"] + sum(w["weight"] * measured[w["output"]] for w in row["weights"])
            return row["tanh"]["middle"] + row["tanh"]["half_width"] * numpy.tanh(u) if "tanh" in row else u

        return {sample: [logit(row, outputs[sample]) for row in listing["logits"]] for sample in angles}, listing

    def state_of(self, form, text, name, angles, program):
        if form == "ionq":
            job = json.loads(text)
            circuit = job["circuit"] if "circuit" in job else next(
                c["circuit"] for c in job["circuits"] if c["name"] == name)
            return Statevector(ionq_circuit({"qubits": program["qubits"]}, circuit)).data
        loaded = bind((qiskit.qasm2 if form == "qasm2" else qiskit.qasm3).loads(text), angles)
        measured, bare = bits_of(loaded)
        self.assertEqual(measured, program["measured"])
        counted = bare.count_ops()
        if form == "qasm3":
            self.assertEqual(dict(counted), program["gates"])
            self.assertEqual(bare.depth(), program["depth"])
            self.assertEqual(bare.depth(lambda gate: len(gate.qubits) == 2), program["two_qubit_depth"])
        return Statevector(bare).data

    def predictions(self, folder):
        self.succeed("predict", folder, "tiny.h5", "--out", folder + ".csv")
        with open(self.path(folder + ".csv")) as file:
            return {int(row["id"]): row for row in csv.DictReader(file)}

    def check_logits(self, logits, listing, predicted, case):
        """Probabilities and values of `qmtl predict`, which are single precision."""
        tasks = {}
        for row, value in zip(listing["logits"], logits):
            tasks.setdefault((row["task"], row["kind"]), []).append(value)
        for (task, kind), values in tasks.items():
            if kind == "regression":
                found = {task: values[0]}
            elif kind == "multiclass":
                weights = numpy.exp(numpy.array(values) - max(values))
                found = {f"{task}.probability.{c}": w for c, w in zip("abc", weights / weights.sum())}
            else:
                found = {f"{task}.probability": 1 / (1 + math.exp(-values[0]))}
            for column, value in found.items():
                self.assertAlmostEqual(value, float(predicted[column]), delta=2e-6 * max(1, abs(value)),
                                       msg=f"{case} {column}")

    def test_logits_of_trained_heads_come_back_from_every_form(self):
        for number, (kind, settings) in enumerate(HEADS):
            folder = f"head{number}"
            sets = [item for key, value in {**settings, "head.kind": f'"{kind}"', "train.epochs": "1",
                                            "train.precision": '"double"'}.items() for item in ("--set", f"{key}={value}")]
            self.train(folder, *sets)
            predicted = self.predictions(folder)
            for form, options in [("qasm3", []), ("qasm3", ["--split", "cones"]),
                                  ("qasm3", ["--split", "packed", "--max-qubits", "9"]), ("qasm3", ["--bound"]),
                                  ("qasm2", []), ("ionq", ["--split", "cones"])]:
                out = f"{folder}-{form}-" + "-".join(option.strip("-") for option in options)
                case = f"{kind} {settings} {out}"
                told = json.loads(self.succeed("export", folder, "--to", form, "--out", out, "--samples", "3", "--json",
                                               "--quiet", *options).stdout)
                with open(self.path(os.path.join(out, "angles.csv"))) as file:
                    angles = {int(row.pop("sample")): {k: float(v) for k, v in row.items() if k != "id"}
                              for row in csv.DictReader(file)}
                self.assertEqual(len(angles), 3, case)
                logits, listing = self.logits_of(self.path(out), angles)
                self.assertEqual(told["programs"], len(listing["programs"]), case)
                self.assertEqual(told["circuits"], len(listing["circuits"]), case)
                self.assertEqual(told["files"], len({c["file"] for c in listing["circuits"]}), case)
                self.assertEqual(told["depth"], max(p["depth"] for p in listing["programs"]), case)
                for sample, values in logits.items():
                    self.check_logits(values, listing, predicted[sample], case)
            sample, values = next(iter(angles.items()))
            for path in sorted(glob.glob(os.path.join(self.path(f"{folder}-qasm3-"), "*.qasm")))[:1]:
                with open(path) as file:
                    text = file.read()
                openqasm3.parse(text)
                circuit = bind(qiskit.qasm3.loads(text), values)
                measured, bare = bits_of(circuit)
                expected = distribution(Statevector(bare).data, measured)
                names = [p.name for p in qiskit.qasm3.loads(text).parameters]
                self.near(self.run_aer(circuit, len(measured)), expected, "Aer " + folder)
                self.near(self.run_braket(braket(text), {name: values[name] for name in names}, measured), expected,
                          "Braket " + folder)

    def test_one_file_is_written_where_one_is_asked_for(self):
        self.train("one", "--set", "train.epochs=1", "--set", 'head.kind="hybrid"')
        self.succeed("export", "one", "--to", "qasm3", "--out", "one.qasm")
        self.succeed("export", "one", "--to", "qasm2", "--samples", "1", "--out", "one2.qasm")
        self.succeed("export", "one", "--to", "ionq", "--samples", "1", "--out", "one.json")
        self.succeed("export", "one", "--to", "ionq", "--samples", "5", "--out", "many.json")
        self.assertIn("circuit", json.loads(self.read("one.json")))
        self.assertEqual(len(json.loads(self.read("many.json"))["circuits"]), 5)
        qiskit.qasm2.load(self.path("one2.qasm"))
        self.refuse(2, ["one3.qasm", "folder", "16 samples"], "export", "one", "--to", "qasm2", "--out", "one3.qasm")
        self.refuse(2, ["one.qasm", "--overwrite"], "export", "one", "--to", "qasm3", "--out", "one.qasm")
        self.refuse(2, ["wide, cones or packed", "tall"], "export", "one", "--to", "qasm3", "--split", "tall", "--out", "x")
        self.refuse(2, ["at most 2 qubits", "cones"], "export", "one", "--to", "qasm3", "--max-qubits", "2", "--out", "x")
        self.refuse(2, ["--max-qubits", "at least 1"], "export", "one", "--to", "qasm3", "--max-qubits", "0", "--out", "x")
        self.refuse(3, ["one.qasm", "folder"], "export", "one", "--to", "qasm3", "--out", "one.qasm/x")
        self.train("plain", "--set", "train.epochs=1", "--set", 'head.kind="linear"')
        self.refuse(2, ["--to qasm3", "linear"], "export", "plain", "--to", "qasm3", "--out", "x")
        self.refuse(2, ["qasm2", "ionq", "qasm9"], "export", "one", "--to", "qasm9", "--out", "x")
        self.assertFalse(os.path.exists(self.path("x")))


if __name__ == "__main__":
    harness.main()
