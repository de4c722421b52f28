#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Circuits and heads on their way to other packages and back: OpenQASM 3, Qiskit, PennyLane, ONNX, each against the head's own
logits. What is not installed is left out and said so."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import door

qmtl = door.the_package()
import numpy as np
from door import HEADS, TASKS

CIRCUITS = {name: config for name, config in HEADS.items() if config.get("head", {}).get("kind") in (None, "hybrid")}
CIRCUITS["published"] = {"circuit": {"preset": "glue9", "layers": 2, "qubits": 4}, "head": {"angle_map": "linear", "gain": 1.0},
                         "block": {"size": 2, "observables": ["0.5 Z0 - X0 Y1"]}}
CIRCUITS["products"] = {"circuit": {"qubits": 3, "layer": [{"gates": ["h"]}, {"upload": "rzz", "pattern": "full", "reflect": True,
                                                                               "trained": "weights"},
                                                           {"upload": "ry"}, {"gates": ["u"], "entangler": "crx"}]},
                        "block": {"size": 2}}
CIRCUITS["amplitudes"] = {"circuit": {"qubits": 3, "layer": [{"encode": "amplitude", "numbers": 6}, {"upload": "ry", "first_input": 2},
                                                             {"gates": ["u"], "entangler": "crx"}]},
                          "block": {"size": 2}, "task": {next(iter(TASKS)): {"output": "tanh", "range": [-2.0, 3.0]}}}


def there(name):
    return importlib.util.find_spec(name) is not None


def double(config, **more):
    return qmtl.Head(TASKS, {**config, "train": {"precision": "double"}, **more}, seed=3)


class Interchange(unittest.TestCase):
    def check(self, expectations):
        """expectations(circuit, inputs [rows, inputs]) must give every head's logits."""
        for name, config in CIRCUITS.items():
            with self.subTest(head=name):
                head = double(config)
                circuit = head.circuit()
                z = np.random.default_rng(1).normal(size=(3, head.width))
                found = circuit.logits(expectations(circuit, circuit.angles(z)))
                # Some hundred roundings of double of numbers up to the scale 4 / 0.3.
                np.testing.assert_allclose(found, head(z), atol=1e-11)

    def test_openqasm_comes_back_as_the_same_circuit(self):
        for name, config in CIRCUITS.items():
            with self.subTest(head=name):
                head = double(config)
                circuit = head.circuit()
                again = qmtl.from_qasm3(circuit.to_qasm3(), "a", {"train": {"precision": "double"}}).circuit()
                numbers = len(again.trainable)
                inputs = np.random.default_rng(2).normal(size=circuit.inputs)
                read = inputs[circuit.inputs_read()]
                self.assertEqual(again.inputs, len(read))
                self.assertEqual(len(again.shared), len(circuit.shared))
                for one, two in zip(circuit.shared, again.shared):
                    self.assertEqual((one["gate"], one["qubits"]), (two["gate"], two["qubits"]))
                    if "angle" in one:
                        from qmtl.circuits import value
                        weights = np.arange(1.0, 1 + max(numbers, len(circuit.trainable)))
                        self.assertAlmostEqual(value(one["angle"], inputs, weights), value(two["angle"], read, weights), 12)

    def test_a_head_of_openqasm_learns_what_its_text_says(self):
        text = """OPENQASM 3.0;
include "stdgates.inc";
input float[64] x;
input array[float[64], 2] theta;
qubit[2] q;
ry(x) q[0];
cry(theta[0]) q[0], q[1];
rx(2 * theta[1] + pi / 4) q[1];
"""
        head = qmtl.from_qasm3(text, "a", {"block": {"placement": "global", "layers": 0, "observables": ["Z1"]}, "task": {"a": {
            "scale": 1.0, "bias": 0.0}}, "train": {"precision": "double"}})
        self.assertEqual((head.width, list(head.tensors)), (1, ["head.shared"]))
        head.parameters = np.array([0.7, 0.2])
        z = np.array([[0.3], [1.1]])
        # <Z1> after the controlled turn is 1 - sin^2(x / 2) (1 - cos theta0); RX turns it by 2 theta1 + pi / 4.
        p = np.sin(z / 2) ** 2
        np.testing.assert_allclose(head(z), (1 - p * (1 - np.cos(0.7))) * np.cos(0.4 + np.pi / 4), atol=1e-14)
        with self.assertRaisesRegex(qmtl.UsageError, "8:"):
            qmtl.from_qasm3(text.replace("rx(2", "for(2"), "a")
        with self.assertRaisesRegex(TypeError, "expected a dict"):
            qmtl.from_qasm3(text, "a", "[block]")
        with self.assertRaisesRegex(qmtl.UsageError, "head.kind"):
            qmtl.Head("a", HEADS["linear"]).circuit()

    @unittest.skipUnless(sys.version_info >= (3, 11), "left out: tomllib came with Python 3.11")
    def test_a_configurations_file_names_a_circuit_beside_it(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "stage.qasm").write_text("OPENQASM 3.0;\ninput float z;\nqubit[2] q;\nry(z) q[1];\n")
            path = pathlib.Path(folder) / "model.toml"
            path.write_text('[circuit]\nqubits = 2\n[[circuit.layer]]\nfile = "stage.qasm"\n[block]\nsize = 2\n')
            head = qmtl.Head("a", path)
        self.assertEqual([gate["qubits"] for gate in head.circuit().shared], [[1]])

    @unittest.skipUnless(there("qiskit"), "left out: qiskit not installed")
    def test_qiskit_computes_the_same_logits(self):
        from qiskit.quantum_info import Statevector

        def expectations(circuit, inputs):
            rows = []
            for row in inputs:
                values = []
                for block in range(len(circuit.blocks)):
                    made = circuit.to_qiskit(block)
                    numbers = {"z": row, "w": circuit.values}
                    bound = made.assign_parameters({p: numbers[p.name[0]][p.index] for p in made.parameters})
                    state = Statevector(bound)
                    alone = circuit.to_qiskit(block, bound=True)
                    self.assertEqual(Statevector(alone.assign_parameters({p: row[p.index] for p in alone.parameters})), state)
                    values += [state.expectation_value(o).real for o in circuit.observables(block)]
                rows.append(values)
            return np.array(rows)

        self.check(expectations)

    @unittest.skipUnless(there("pennylane"), "left out: pennylane not installed")
    def test_pennylane_computes_the_same_logits(self):
        import pennylane as qml

        def expectations(circuit, inputs):
            values = []
            for block in range(len(circuit.blocks)):
                node = qml.QNode(circuit.to_pennylane(block), qml.device("default.qubit", wires=circuit.qubits))
                values += [np.asarray(v) * np.ones(len(inputs)) for v in node(inputs, circuit.values)]
            return np.stack(values, axis=1)

        self.check(expectations)

    def exported(self, model, folder):
        """A model's ONNX file, by the program."""
        model.save(f"{folder}/head.h5")
        model.save_data(f"{folder}/z.h5", np.zeros((1, model.inputs), np.float32), np.zeros((1, len(TASKS)), np.float32))
        subprocess.run([os.environ["QMTL_PROGRAM"], "export", "head.h5", "--data", "z.h5", "--to", "onnx", "--out", "head.onnx",
                        "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return f"{folder}/head.onnx"

    @unittest.skipUnless(there("onnx") and there("torch"), "left out: onnx or torch not installed")
    def test_a_backbone_of_torch_and_a_head_are_one_onnx_file(self):
        import torch

        import qmtl.onnx
        import qmtl.torch
        torch.manual_seed(0)
        head = qmtl.torch.Head(TASKS, HEADS["qmtl"], seed=2)
        backbone = torch.nn.Sequential(torch.nn.Linear(7, 16), torch.nn.ReLU(), torch.nn.LayerNorm(16),
                                       torch.nn.Linear(16, head.width))
        x = torch.randn(5, 7)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "whole.onnx"
            given = head
            if "onnx" not in qmtl.export_forms():  # then the program does
                with self.assertRaisesRegex(qmtl.UsageError, "qmtl export --to onnx"):
                    qmtl.onnx.join(backbone, head, path, x)
                given = self.exported(head.head().model(), folder)
            with self.assertRaisesRegex(qmtl.UsageError, "example"):
                qmtl.onnx.join(backbone, given, path)
            with self.assertRaisesRegex(qmtl.UsageError, "width 4, that of z, found 16"):
                qmtl.onnx.join(backbone[:1], given, path, x)
            model = qmtl.onnx.join(backbone, given, path, x)
            self.assertEqual([task["name"] for task in qmtl.onnx.tasks_of(model)], list(TASKS))
            if not there("onnxruntime"):
                self.skipTest("left out: onnxruntime not installed")
            import onnxruntime
            session = onnxruntime.InferenceSession(str(path))
            for rows in (x, torch.randn(3, 7)):
                found = session.run(list(TASKS), {"input": rows.numpy()})
                expected = head(backbone(rows)).detach().numpy()
                # float32 through both halves, logits of about 10.
                np.testing.assert_allclose(np.hstack(found), expected, atol=2e-5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
