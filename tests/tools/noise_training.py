#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training for a noisy device from outside: the same bits everywhere, the score that `qmtl eval --noise` gives, what a
checkpoint keeps, and refusals."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Program, main

NOISE = """
[[gate]]
names = ["ry"]
channels = [{ kind = "amplitude-damping", gamma = 0.03 }]
[[gate]]
names = ["cz"]
channels = [{ kind = "depolarising", probability = 0.1 }, { kind = "phase-damping", lambda = 0.05 }]
[[readout]]
p1_given_0 = 0.02
p0_given_1 = 0.06
"""
DEVICE = ("--set", "train.noise=device.toml")
# All tasks on all qubits behind two rings of CX: nothing but trajectories takes that.
WIDE = ("--set", "circuit.qubits=10", "--set", "block.placement=global", "--set", "circuit.entangler=cx-ring", "--set",
        "circuit.layers=3", "--set", "train.trajectories=2", "--set", "train.epochs=1", "--set", "train.batch=100")


class TrainForADevice(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("device.toml", NOISE)

    def evaluate(self, run, *arguments):
        return json.loads(self.succeed("eval", run, "--json", "--split", "validation", *arguments).stdout)

    def test_any_ranks_threads_and_restarts_give_the_same_bits(self):
        for name, options in (("exact", ()), ("shots", ("--set", "train.shots=100", "--set", "distributed.task_groups=2")),
                              ("rising", ("--set", "train.noise_warmup=2"))):
            with self.subTest(name=name):
                one = self.train(name, *DEVICE, *options, "--threads", "1")
                two = self.train(name + "2", *DEVICE, *options, "--threads", "2", ranks=2)
                self.assertEqual((two["run_hash"], two["tasks"]), (one["run_hash"], one["tasks"]))
                self.assertEqual(self.bits(name + "2"), self.bits(name))
                self.train(name + "r", *DEVICE, *options, "--set", "train.epochs=1")
                resumed = self.train(name + "r", *DEVICE, *options, "--resume", ranks=2)
                self.assertEqual(resumed["run_hash"], one["run_hash"])

    def test_trajectories_give_the_same_bits_on_any_ranks_and_threads(self):
        one = self.train("wide", *DEVICE, *WIDE, "--threads", "1")
        self.assertEqual(self.train("wide2", *DEVICE, *WIDE, "--threads", "2", ranks=2)["run_hash"], one["run_hash"])
        self.assertEqual(self.evaluate("wide")["noise"]["method"], "trajectories")

    def test_validation_scores_are_those_of_the_device(self):
        for head in ("qmtl", "hybrid", "separate"):
            with self.subTest(head=head):
                report = self.train(head, *DEVICE, "--set", f"head.kind={head}")
                found = self.evaluate(head, "--noise", "device.toml")
                for name, task in report["tasks"].items():
                    # The engine computes in float, the noisy simulator in double.
                    self.assertAlmostEqual(found["noise"]["tasks"][name]["value"], task["value"], delta=1e-4)
                self.assertNotEqual(found["tasks"]["value"]["value"], report["tasks"]["value"]["value"])

    def test_a_checkpoint_keeps_the_device_that_it_was_trained_for(self):
        self.write("gone.toml", NOISE)
        report = self.train("kept", "--set", "train.noise=gone.toml")
        os.remove(self.path("gone.toml"))
        found = self.evaluate("kept")
        self.assertEqual(found["noise"]["file"], "train.noise")
        for name, task in report["tasks"].items():
            self.assertEqual(found["noise"]["tasks"][name]["value"], task["value"])
        self.assertIn("the device that was trained for", self.succeed("eval", "kept").stdout)
        self.assertIn("amplitude-damping", self.read("kept/config.toml").decode())

    def test_a_file_stands_beside_its_configuration(self):
        os.makedirs(self.path("folder"), exist_ok=True)
        self.write("folder/own.toml", NOISE)
        self.write("folder/train.toml", self.read("train.toml").decode().replace("tiny.h5", "../tiny.h5").replace(
            "[train]", "[train]\nnoise = \"own.toml\""))
        there = json.loads(self.succeed("train", "folder/train.toml", "--json", "--quiet", "--set", "run.folder=beside").stdout)
        self.assertEqual(there["run_hash"], self.train("here", *DEVICE)["run_hash"])

    def test_no_noise_and_no_strength_are_a_training_without(self):
        self.write("none.toml", "[[readout]]\np1_given_0 = 0.0\n")
        exact = self.train("exact-none")
        none = self.train("none", "--set", "train.noise=none.toml")
        # Other sums of the same numbers in float: three epochs of them.
        for name, task in exact["tasks"].items():
            self.assertAlmostEqual(none["tasks"][name]["value"], task["value"], delta=0.02)

    def test_a_plan_says_by_which_methods_and_at_what_cost(self):
        text = self.succeed("plan", "train.toml", *DEVICE).stdout
        self.assertIn("by expansion (exact)", text)
        self.assertIn("times without noise", text)
        noise = json.loads(self.succeed("plan", "train.toml", "--json", *DEVICE).stdout)["noise"]
        self.assertEqual({part["method"] for part in noise["parts"]}, {"expansion"})
        self.assertEqual(sorted(block for part in noise["parts"] for block in part["blocks"]), list(range(5)))
        self.assertIn("2 trajectories of each sample", self.succeed("plan", "train.toml", *DEVICE, *WIDE).stdout)
        self.assertNotIn("noise", json.loads(self.succeed("plan", "train.toml", "--json").stdout))

    def test_what_cannot_be_trained_for_is_refused_before_any_work(self):
        refused = ("train", "train.toml", "--set", "run.folder=refused")
        self.refuse(2, ["train.noise", "absent.toml"], *refused, "--set", "train.noise=absent.toml")
        self.write("wrong.toml", NOISE.replace("gamma", "gama"))
        self.refuse(2, ["wrong.toml:4", "expected a key gate.channels.gamma"], *refused, "--set", "train.noise=wrong.toml")
        self.refuse(2, ["train.noise", "linear"], *refused, *DEVICE, "--set", "head.kind=linear", "--set", "head.width=6")
        self.write("empty.json", "{\"qubits\": [], \"gates\": []}")
        self.refuse(2, ["empty.json"], *refused, "--set", "train.noise=empty.json")
        self.refuse(2, ["train.noise_warmup"], *refused, *DEVICE, "--set", "train.noise_warmup=-1")
        wide = (*WIDE, "--set", "circuit.qubits=22", "--set", "circuit.layers=4")
        self.refuse(2, ["block 0", "22", "1 GB"], *refused, *DEVICE, *wide)
        self.assertFalse(os.path.exists(self.path("refused")))
        self.train("began", *DEVICE)
        self.refuse(2, ["train.noise"], "train", "train.toml", "--set", "run.folder=began", "--resume", "--set",
                    "train.epochs=9")


if __name__ == "__main__":
    main()
