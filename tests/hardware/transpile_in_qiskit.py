#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports for a device's coupling map against Qiskit: they load, use only the basis and Qiskit's own coupling maps, do
the same on every device, and need no more two-qubit gates than Qiskit's transpiler finds. Prints the table."""

import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]
import peers

peers.require("qiskit", "qiskit_qasm3_import", skipped="checking ISA exports in Qiskit")
from harness import CONFIGURATION, Program, main
from qiskit import QuantumCircuit, qasm3, transpile
from qiskit.transpiler import CouplingMap
from qiskit_readings import state_and_measured

LONG = os.environ.get("QMTL_LONG") == "1"
BASIS = ["cz", "rz", "sx", "x"]


def configuration(run, qubits, register, ring):
    text = CONFIGURATION.replace('folder = "run"', f'folder = "{run}"').replace("epochs = 3", "epochs = 1")
    text = text.replace("qubits = 6\nlayers = 1", f'qubits = {qubits}\nlayers = 1\nentangler = "{ring}"')
    return text.replace("size = 3\nstride = 1", f"size = {register}\nstride = {register}")


def logical(qubits):
    """The head as its configuration says: uploads, rotations, ring, rotations of the blocks."""
    generator = random.Random(1)
    circuit = QuantumCircuit(qubits)
    for _ in range(2):
        for q in range(qubits):
            circuit.ry(generator.uniform(-3, 3), q)
    for q in range(qubits):
        circuit.cz(q, (q + 1) % qubits)
    for q in range(qubits):
        circuit.ry(generator.uniform(-3, 3), q)
    return circuit


def two_qubit(circuit):
    gates = circuit.num_nonlocal_gates()
    return gates, circuit.depth(lambda entry: entry.operation.num_qubits == 2)


class Transpile(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, qubits, register, ring in (("ring20", 20, 4, "cz-ring"), ("ring10", 10, 2, "cz-ring"),
                                             ("cx10", 10, 2, "cx-ring")):
            cls.write(f"{name}.toml", configuration(name, qubits, register, ring))
            done = cls.run_program("train", f"{name}.toml", "--json")
            if done.returncode != 0:
                raise RuntimeError("training failed: " + done.stderr)

    def export(self, run, target, basis, *arguments):
        report = json.loads(self.succeed("export", run, "--to", "isa", "--target", target, "--basis", ",".join(basis),
                                         "--out", "out.qasm", "--overwrite", "--json", *arguments).stdout)["layouts"][0]
        return report, qasm3.loads(self.read("out.qasm").decode())

    def check_rules(self, circuit, basis, edges):
        for entry in circuit.data:
            name, qubits = entry.operation.name, tuple(circuit.find_bit(q).index for q in entry.qubits)
            if name == "measure":
                continue
            self.assertIn(name, basis)
            if len(qubits) == 2:
                self.assertIn(qubits, edges)

    def test_digits_like_head_beside_qiskit(self):
        devices = [("heavy-hex-7", CouplingMap.from_heavy_hex(7)), ("grid-4x5", CouplingMap.from_grid(4, 5)),
                   ("line-20", CouplingMap.from_line(20))]
        if LONG:
            devices += [("heavy-hex-5", CouplingMap.from_heavy_hex(5)), ("grid-6x6", CouplingMap.from_grid(6, 6))]
        print(f"\n{'20 qubits, CZ ring':20} {'layout':9} {'swaps':>5} {'2q gates':>8} {'2q depth':>8}   Qiskit level 3: "
              "2q gates, 2q depth")
        for target, coupling in devices:
            with self.subTest(target=target):
                report, circuit = self.export("ring20", target, BASIS)
                self.check_rules(circuit, BASIS, set(coupling.get_edges()))
                gates, depth = two_qubit(circuit)
                self.assertEqual((gates, depth), (report["two_qubit_gates"], report["two_qubit_depth"]))
                theirs = min(two_qubit(transpile(logical(20), coupling_map=coupling, basis_gates=BASIS,
                                                 optimization_level=3, seed_transpiler=seed)) for seed in range(3))
                print(f"{target:20} {report['layout_kind']:9} {report['swaps']:5} {gates:8} {depth:8}   {theirs}")
                self.assertLessEqual(gates, theirs[0])

    def test_every_device_reads_the_same(self):
        everyone = {"backend_name": "all_pairs", "n_qubits": 10, "basis_gates": BASIS, "coupling_map": None}
        self.write("all.json", json.dumps(everyone))
        generator = random.Random(2)
        values = {f"a{i:04}": generator.uniform(-3, 3) for i in range(10)}

        def readings(circuit):
            state, measured = state_and_measured(circuit, values, only_used=True)
            return state.probabilities(measured)

        cases = [("line-10", BASIS), ("ring-12", BASIS), ("grid-3x4", BASIS + ["rx", "rzz"]),
                 ("heavy-hex-3", ["cx", "rz", "sx", "x"]), ("grid-2x5", ["rx", "ry", "rz", "cz"])]
        for run in ("ring10", "cx10"):
            expected = readings(self.export(run, "all.json", BASIS)[1])
            for target, basis in cases:
                with self.subTest(run=run, target=target, basis=basis):
                    found = readings(self.export(run, target, basis)[1])
                    self.assertEqual(len(found), len(expected))
                    # Two programs of some hundred gates in double.
                    self.assertLess(max(abs(a - b) for a, b in zip(found, expected)), 1e-9)

    def test_what_does_not_fit_is_refused(self):
        common = ("export", "ring10", "--to", "isa", "--out", "none.qasm")
        self.refuse(2, ["--target"], *common)
        self.refuse(2, ["torus-3"], *common, "--target", "torus-3")
        self.refuse(2, ["ecr"], *common, "--target", "line-12", "--basis", "ecr,rz")
        self.refuse(2, ["cz"], *common, "--target", "line-12", "--basis", "rz,sx")
        self.refuse(2, ["5"], *common, "--target", "line-5")
        self.write("broken.json", "{")
        self.refuse(3, ["broken.json"], *common, "--target", "broken.json")
        self.assertFalse(os.path.exists(self.path("none.qasm")))


if __name__ == "__main__":
    main()
