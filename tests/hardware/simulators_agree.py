#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random circuits over the whole gate set, read in X, Y and Z and as probabilities, on four simulators that share nothing:
the executor behind the emulated IBM and IonQ services, DDSIM behind QDMI, and Aer. Each must count what the circuit as it is
written gives by definition (statevector.py), within statistical error. Aer and DDSIM need the peers' environment."""

import csv
import json
import os
import pathlib
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]
import peers

if peers.python():
    peers.require("numpy", "qiskit_aer", "qiskit_qasm3_import", "mqt.core", skipped="Aer and DDSIM on random circuits")
elif not peers.is_there("numpy"):
    print("skipped: random circuits on several simulators; needs numpy (apt install python3-numpy)")
    sys.exit(0)

import numpy
import statevector
from replay_case import LONG, Emulator, ReplayCase, harness

AER = peers.is_there("qiskit_aer")
if AER:
    import qiskit.qasm3
    import qiskit_aer
DDSIM = peers.ddsim_library()

QUBITS, SHOTS, SAMPLES, GATES, CIRCUITS = 5, 2000, 3, 40, 20 if LONG else 2
# Of 5 outputs on 3 samples, 4 simulators and 20 circuits six deviations are exceeded once in a million runs.
DEVIATIONS = 6

ARITY = {1: ["x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "rx", "ry", "rz", "p", "u"],
         2: ["cx", "cz", "cy", "ch", "swap", "iswap", "ecr", "crx", "cry", "crz", "cp", "rxx", "ryy", "rzz", "rzx"],
         3: ["ccx", "ccz", "cswap"]}
ANGLES = {**dict.fromkeys(["rx", "ry", "rz", "p", "crx", "cry", "crz", "cp", "rxx", "ryy", "rzz", "rzx"], 1), "u": 3}

# Register and observables of the tasks in the data set's order; each task has one basis, and all together are one program.
TASKS = {"kind": ([2, 3], ["Y0 Z1", "Y0", "0.5 Z1 - 0.5 Y0"]), "sum": ([0, 1], ["X0 X1"]), "value": ([4], ["P1"])}
EXACT = 1e-9  # some hundred gates in double on both sides


def random_gates(seed):
    """Lines of OpenQASM in which every gate of the table may stand; the first read z[i] alone, which names the angles."""
    generator = random.Random(seed)
    trained = 0

    def angle():
        nonlocal trained
        kind = generator.randrange(4)
        if kind == 0:
            return f"{generator.uniform(-3, 3):.6f}"
        if kind == 1:
            return f"{generator.uniform(-2, 2):.6f} * z[{generator.randrange(QUBITS)}] + {generator.uniform(0, 1):.6f}"
        if kind == 2:
            return f"z[{generator.randrange(QUBITS)}] * z[{generator.randrange(QUBITS)}]"
        trained += 1
        return f"w[{trained - 1}] - {generator.uniform(0, 1):.6f}"

    lines = [f"ry(z[{q}]) q[{q}];" for q in range(QUBITS)]
    names = [name for names in ARITY.values() for name in names]
    # Each gate once in a random order, then any.
    order = generator.sample(names, len(names)) + generator.choices(names, k=max(0, GATES - len(names)))
    for name in order:
        arity = next(count for count, names in ARITY.items() if name in names)
        angles = ", ".join(angle() for _ in range(ANGLES.get(name, 0)))
        qubits = ", ".join(f"q[{q}]" for q in generator.sample(range(QUBITS), arity))
        lines.append(f"{name}{f'({angles})' if angles else ''} {qubits};")
    return lines


def configuration(lines):
    begin, end = harness.CONFIGURATION.index("[circuit]"), harness.CONFIGURATION.index("[train]")
    tasks = "".join(f"[task.{name}]\nregister = {register}\nbare = true\nobservables = {json.dumps(observables)}\n"
                    for name, (register, observables) in TASKS.items())
    circuit = f"[circuit]\nqubits = {QUBITS}\n[[circuit.layer]]\nqasm = '''\n" + "\n".join(lines) + "\n'''\n[block]\n"
    return (harness.CONFIGURATION[:begin] + circuit + tasks + harness.CONFIGURATION[end:]).replace("epochs = 3", "epochs = 1")


def split_angles(text):
    """The angles of a gate, at commas outside of parentheses."""
    return [part.strip() for part in text.split(",")] if text else []


def exact_outputs(lines, z, w):
    """Every task's outputs by definition."""
    state = statevector.zero_state(QUBITS)
    for name, angles, qubits in statevector.lines_of_gates("\n".join(lines)):
        state = statevector.apply(state, name, qubits,
                                  [statevector.evaluate(angle, {"z": z, "w": w}) for angle in split_angles(angles)])

    def mean(register, text):
        if text == "P1":
            return (1 - statevector.expectation(state, {register[0]: "Z"})) / 2
        if " - " in text:
            first, second = (part.split() for part in text.split(" - "))
            return sum(sign * float(weight) * statevector.expectation(state, {register[int(pauli[1:])]: pauli[0]})
                       for sign, (weight, pauli) in ((1, first), (-1, second)))
        return statevector.expectation(state, {register[int(p[1:])]: p[0] for p in text.split()})

    return [mean(register, text) for register, texts in TASKS.values() for text in texts]


class SimulatorsAgree(ReplayCase):
    def outputs_of(self, counts, program):
        """Mean and its standard error for every output of one circuit's counts, in the outputs' order."""
        values = {}
        for output in program["outputs"]:
            shots, total, squares = 0, 0.0, 0.0
            for text, count in counts.items():
                bits = text.replace(" ", "")
                value = sum(term["weight"] * (-1) ** sum(bits[-1 - bit] == "1" for bit in term["bits"])
                            for term in output["terms"])
                shots, total, squares = shots + count, total + count * value, squares + count * value * value
            self.assertEqual(shots, SHOTS)
            mean = total / shots
            # One shot more or less where all were the same.
            values[output["output"]] = (mean, ((squares / shots - mean * mean + 1 / shots) / shots) ** 0.5)
        return [values[number] for number in sorted(values)]

    def check(self, who, counts, program, expected, lines):
        for row, (measured, exact) in enumerate(zip(counts, expected)):
            found = self.outputs_of(measured, program)
            self.assertEqual(len(found), len(exact))
            for number, ((mean, error), value) in enumerate(zip(found, exact)):
                self.assertLess(abs(mean - value), DEVIATIONS * error,
                                f"{who}, sample {row}, output {number}: {mean} +- {error}, exact {value}\n" + "\n".join(lines))

    def replayed(self, run, endpoint, name, *options):
        """Counts of every sample."""
        self.good("run", run, "--endpoint", endpoint, "--name", name, "--samples", str(SAMPLES), "--shots", str(SHOTS),
                  "--mitigate", "none", "--longest-poll", "0.2", *options)
        folder = pathlib.Path(self.path(run)) / "replay" / name / "results"
        counts = [sweep for file in folder.glob("*.json") for sweep in json.loads(file.read_text())["counts"]
                  if len(sweep) == SAMPLES]
        self.assertEqual(len(counts), 1, f"{name}: expected one sweep of the samples")
        return counts[0]

    def exported(self, run, form, *options):
        out = f"{run}-{form}"
        self.succeed("export", run, "--to", form, "--out", out, "--samples", str(SAMPLES), "--quiet", *options)
        return pathlib.Path(self.path(out))

    def test_random_circuits_over_the_whole_gate_set(self):
        measured = []
        for seed in range(CIRCUITS):
            run, lines = f"random{seed}", random_gates(seed)
            self.write(f"{run}.toml", configuration(lines))
            self.succeed("train", f"{run}.toml", "--quiet", "--set", f"run.folder={run}", "--set",
                         'train.precision="double"')
            folder = self.exported(run, "qasm3", "--bound")
            listing = json.loads((folder / "programs.json").read_text())
            self.assertEqual(len(listing["programs"]), 1)
            program = listing["programs"][0]
            with open(folder / "angles.csv") as file:
                samples = [[float(row[f"a{q:04}"]) for q in range(QUBITS)] for row in csv.DictReader(file)]
            with open(self.exported(run, "circuit") / "trained.csv") as file:
                w = [float(row["value"]) for row in csv.DictReader(file)]
            expected = [exact_outputs(lines, z, w) for z in samples]

            for circuit, exact in zip(listing["circuits"], expected):
                state, read = statevector.of_qasm((folder / circuit["file"]).read_text(), {})
                probabilities = statevector.distribution(state, read)
                for output in program["outputs"]:
                    mean = sum(term["weight"] * float(probabilities @ statevector.signs(term["bits"], len(read)))
                               for term in output["terms"])
                    self.assertLess(abs(mean - exact[output["output"]]), EXACT, f"{circuit['file']}\n" + "\n".join(lines))

            for protocol in ("ibm", "ionq"):
                with Emulator(self.path(f"{run}-{protocol}.log")) as emulator:
                    self.write("service.toml", emulator.endpoint(protocol))
                    counts = self.replayed(run, "service.toml", protocol, "--max-cost", "1e6")
                self.check(protocol, counts, program, expected, lines)
                measured.append(protocol)
            if DDSIM:
                self.write("ddsim.toml", f'kind = "qdmi"\nlibrary = "{DDSIM}"\nprefix = "MQT_DDSIM"\n')
                self.check("DDSIM", self.replayed(run, "ddsim.toml", "ddsim"), program, expected, lines)
                measured.append("DDSIM")
            if AER:
                counts = []
                for number, circuit in enumerate(listing["circuits"]):
                    loaded = qiskit.qasm3.loads((folder / circuit["file"]).read_text())
                    simulator = qiskit_aer.AerSimulator(seed_simulator=100 * seed + number)
                    counts.append(simulator.run(loaded, shots=SHOTS).result().get_counts())
                self.check("Aer", counts, program, expected, lines)
                measured.append("Aer")
        print(f"\n{CIRCUITS} circuits of all {sum(map(len, ARITY.values()))} gates on {', '.join(sorted(set(measured)))}"
              f"{'' if AER else ' (Aer and DDSIM: tests/hardware/setup makes their environment)'}")


if __name__ == "__main__":
    harness.main()
