#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Noisy evaluation and the noise command from outside: fields, reproducibility, refusals."""

import json
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Program, main

NOISE = """
[[gate]]
names = ["ry"]
channels = [{ kind = "depolarising", probability = 0.02 }]
[[gate]]
names = ["cz"]
channels = [{ kind = "amplitude-damping", gamma = 0.05 }]
[[readout]]
p1_given_0 = 0.02
"""


class Evaluate(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("noise.toml", NOISE)
        cls.write("none.toml", "")
        cls.run_program("train", "train.toml", "--json")

    def evaluate(self, *arguments, **options):
        return json.loads(self.succeed("eval", "run", "--json", *arguments, **options).stdout)

    def test_without_noise_the_scores_are_the_exact_ones(self):
        report = self.evaluate("--noise", "none.toml")
        for name, task in report["tasks"].items():
            # The engine computes in float, the noisy device in double: no decision is close enough to change, and the
            # regression's score follows rounding of 1e-7 relative in each logit.
            self.assertAlmostEqual(report["noise"]["tasks"][name]["value"], task["value"], delta=1e-4)

    def test_heads_of_z_values_run_on_a_noisy_device(self):
        for head in ("hybrid", "separate"):
            with self.subTest(head=head):
                self.train(head, "--set", f"head.kind={head}", "--set", "circuit.layers=2")
                exact = json.loads(self.succeed("eval", head, "--json", "--noise", "none.toml").stdout)
                for name, task in exact["tasks"].items():
                    self.assertAlmostEqual(exact["noise"]["tasks"][name]["value"], task["value"], delta=1e-4)
                noisy = json.loads(self.succeed("eval", head, "--json", "--noise", "noise.toml", "--shots", "50").stdout)
                self.assertEqual(noisy["noise"]["shots"], 50)
                self.assertNotEqual(noisy["noise"]["tasks"]["value"], exact["tasks"]["value"])

    def test_noise_changes_scores_and_says_how_it_was_simulated(self):
        noise = self.evaluate("--noise", "noise.toml")["noise"]
        self.assertEqual((noise["file"], noise["method"], noise["shots"]), ("noise.toml", "density", 0))
        self.assertGreaterEqual(noise["cone"], noise["qubits_alive"])
        self.assertNotEqual(noise["tasks"]["value"]["value"], self.evaluate()["tasks"]["value"]["value"])
        self.assertIn("noisy device", self.succeed("eval", "run", "--noise", "noise.toml").stdout)

    def test_shots_and_trajectories_do_not_depend_on_threads_and_ranks(self):
        for options in (["--shots", "100"], ["--method", "trajectories", "--trajectories", "50"]):
            arguments = ["--noise", "noise.toml", "--seed", "3", *options]
            first = self.evaluate(*arguments, "--threads", "1")["noise"]
            for other in (self.evaluate(*arguments, "--threads", "2"), self.evaluate(*arguments, ranks=2)):
                self.assertEqual(other["noise"]["tasks"], first["tasks"])
            moved = self.evaluate("--noise", "noise.toml", "--seed", "4", *options)["noise"]
            self.assertNotEqual(moved["tasks"], first["tasks"])

    def test_wrong_requests_are_refused(self):
        self.refuse(2, ["density or trajectories", "'exact'"], "eval", "run", "--method", "exact")
        self.refuse(2, ["shots", "-5"], "eval", "run", "--shots", "-5")
        self.refuse(3, ["absent.toml"], "eval", "run", "--noise", "absent.toml")
        self.write("wrong.toml", "[[gate]]\nnames = [\"ry\"]\nchannels = [{ kind = \"phase-damping\", lambda = 2 }]\n")
        self.refuse(2, ["wrong.toml:3", "lambda"], "eval", "run", "--noise", "wrong.toml")

    def test_a_head_without_a_circuit_is_refused(self):
        for head, width in (("linear", 4), ("mlp", 4), ("local", 6)):
            self.train(head, "--set", f"head.kind={head}", "--set", f"head.width={width}")
            self.refuse(2, [head, "circuit"], "eval", head, "--noise", "noise.toml")
            self.refuse(2, ["circuit"], "noise", "--checkpoint", head)


class Circuits(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("readout.toml", "[[readout]]\np1_given_0 = 0.1\np0_given_1 = 0.2\n")

    def run_circuit(self, circuit, *arguments):
        self.write("c.json", json.dumps(circuit))
        return json.loads(self.succeed("noise", "--circuit", "c.json", "--json", *arguments).stdout)

    def test_probabilities_and_counts_of_a_known_state(self):
        circuit = {"qubits": 2, "ops": [["ry", 0, math.pi], ["cx", 0, 1], ["rx", 1, math.pi]], "measure": [1, 0]}
        found = self.run_circuit(circuit, "--noise", "readout.toml")[0]["probabilities"]
        # Qubit 1 (bit 0) is 0, qubit 0 (bit 1) is 1, read with errors 0.1 and 0.2.
        for value, expected in zip(found, (0.9 * 0.2, 0.1 * 0.2, 0.9 * 0.8, 0.1 * 0.8)):
            self.assertAlmostEqual(value, expected, places=12)
        self.assertEqual(self.run_circuit(circuit, "--shots", "50")[0]["counts"], {"10": 50})

    def test_a_list_of_circuits_gives_a_list_of_results_with_their_schedules(self):
        circuit = {"qubits": 3, "ops": [["cz", 0, 1], ["cz", 1, 2], ["ry", 0, 0.5]], "measure": [0]}
        results = self.run_circuit([circuit, circuit])
        self.assertEqual(len(results), 2)
        self.assertEqual(results[0]["schedule"], [[0, "cz", [0, 1]], [1, "cz", [1, 2]], [1, "ry", [0], 0.5]])

    def test_mistakes_in_circuits_are_named(self):
        good = {"qubits": 2, "ops": [["ry", 0, 0.5]], "measure": [0]}
        for change, code, fragment in (
                ({"ops": [["h", 0, 0]]}, 3, "operation 0"), ({"ops": [["ry", 5, 0.1]]}, 2, "0 to 1, found 5"),
                ({"ops": [["cz", 1, 1]]}, 2, "1 twice"), ({"ops": [["ry", 0]]}, 3, "expected [\"gate\""),
                ({"ops": [["cz", 0, 0.5]]}, 3, "qubit, qubit"), ({"measure": []}, 2, "found none"),
                ({"measure": [0, 0]}, 2, "once"), ({"qubits": 0}, 3, "'qubits'"), ({"shots": 3}, 3, "'shots'"),
                ({"measure": [4000000000]}, 3, "measure"), ({"ops": [["ry", 4294967296, 0.1]]}, 3, "operation 0")):
            with self.subTest(change=change):
                self.write("bad.json", json.dumps({**good, **change}))
                self.refuse(code, ["bad.json", fragment], "noise", "--circuit", "bad.json")
        self.write("bad.json", "{")
        self.refuse(3, ["bad.json", "JSON"], "noise", "--circuit", "bad.json")
        self.refuse(3, ["absent.json"], "noise", "--circuit", "absent.json")
        self.refuse(2, ["--circuit or --checkpoint"], "noise")

    def test_a_circuit_that_cannot_fit_gives_the_numbers(self):
        ops = [["ry", q, 0.3] for q in range(40)] + [["cx", a, b] for a in range(40) for b in range(40) if a != b]
        self.write("wide.json", json.dumps({"qubits": 40, "ops": ops, "measure": [0]}))
        self.refuse(2, ["wide.json", "40 qubits", "16 * 2^", "1 GiB"], "noise", "--circuit", "wide.json")


if __name__ == "__main__":
    main()
