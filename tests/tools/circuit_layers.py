#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Circuits in the backbone through a model's life: plan, training on any ranks, resuming, prediction, exports and refusals; and the
example configurations of benchmarks/circuits on the digits."""

import csv
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Program, main

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIGITS = os.path.join(ROOT, "benchmarks", "digits")
CIRCUITS = os.path.join(ROOT, "benchmarks", "circuits")

# Two stages of measured circuits, the second of which reads from all circuits of the first.
STAGES = ('backbone.layers=[{ type = "circuit", qubits = 3, rotations = ["ry", "rz"], entangler = "cx-ring" }, '
          '{ type = "circuit", qubits = 2, reads = "stripes", share = true, gain = 2.0, '
          'observables = ["Z0", "X0 X1"] }]')


def layers(*texts):
    return ("--set", "backbone.layers=[" + ", ".join("{ type = \"circuit\", " + text + " }" for text in texts) + "]")


class CircuitLayers(Program):
    def train_stages(self, folder, *options, **where):
        return self.train(folder, "--set", STAGES, *options, **where)

    def test_plan_draws_and_counts_every_layer(self):
        plan = json.loads(self.succeed("plan", "train.toml", "--json", "--set", STAGES).stdout)
        first, second = plan["layers"]
        self.assertEqual((first["layer"], first["copies"], first["qubits"], first["inputs"], first["outputs"], first["shared"]),
                         ("trunk.0", 2, 3, 3, 3, False))
        # Two layers of two rotations on three qubits, two copies; two layers of one on two qubits, once for all.
        self.assertEqual((first["parameters"], second["parameters"]), (2 * 2 * 2 * 3, 2 * 2))
        self.assertEqual((second["copies"], second["outputs"], second["shared"]), (3, 2, True))
        tensors = plan["parameters"]["tensors"]
        self.assertEqual((tensors["trunk.0.circuit"], tensors["trunk.1.circuit"]), (24, 4))
        self.assertEqual(plan["parameters"]["backbone"], 24 + 4 + 6 * 6 + 6)
        shown = self.succeed("plan", "train.toml", "--set", STAGES).stdout
        for words in ("trunk.0: 2 circuits of 3 qubits, each 3 inputs (a slice", "24 trained numbers, 12 for each circuit",
                      "trunk.1: 3 circuits of 2 qubits", "the same for every circuit"):
            self.assertIn(words, shown)
        preset = self.succeed("plan", "train.toml", *layers('qubits = 6, preset = "sim-2"')).stdout
        self.assertIn("[[backbone.layers.layer]]", preset)
        # What no output depends on is said with the layer's name; so are circuits that stay exact.
        noisy = self.succeed("plan", "train.toml", *layers('qubits = 6, rotations = ["ry", "rz"]'), "--set", "train.shots=50").stdout
        self.assertIn("warning: trunk.0: ", noisy)
        self.assertIn("warning: train.shots = 50: only the head's circuit has shot noise", noisy)
        # Two corners of a window are enough for a circuit by hand.
        self.succeed("plan", "train.toml", *layers('qubits = 2, reads = "windows", layer = [{ upload = "ry", inputs = [0, 3] }]'),
                     "--set", "input.x.shape=[2, 3]")

    def test_stages_train_to_the_same_bits_on_any_ranks_and_threads(self):
        found, losses = set(), []
        for ranks, threads in ((0, 1), (2, 1), (3, 2)):
            folder = f"r{ranks}t{threads}"
            report = self.train_stages(folder, "--threads", str(threads), "--set", "train.epochs=8", ranks=ranks)
            found.add((report["run_hash"], json.dumps(self.bits(folder))))
            losses = [line["train_loss"] for line in self.metrics(folder, "epoch")]
        self.assertEqual(len(found), 1)
        self.assertLess(losses[-1], losses[0])
        # Shots are the head's alone; every kind of head stands behind such layers, also one without a circuit.
        hashes = set()
        for head in ("qmtl", "linear"):
            with self.subTest(head=head):
                options = ("--set", f"head.kind={head}", "--set", "train.shots=100", "--set", 'train.precision="double"')
                one, three = self.train_stages(f"{head}1", *options), self.train_stages(f"{head}3", *options, ranks=3)
                self.assertEqual(one["run_hash"], three["run_hash"])
                hashes.add(one["run_hash"])
        self.assertEqual(len(hashes), 2)

    def test_a_model_goes_on_predicts_and_is_exported(self):
        whole = self.train_stages("whole", "--set", "train.epochs=4")
        self.train_stages("parts", "--set", "train.epochs=2")
        self.assertEqual(self.train_stages("parts", "--resume", "--set", "train.epochs=4")["run_hash"], whole["run_hash"])
        self.refuse(2, ["backbone.layers", "restore"], "train", "train.toml", "--resume", "--set", "run.folder=parts", "--set",
                    STAGES.replace("gain = 2.0", "gain = 1.5"), "--set", "train.epochs=4")
        tensors = json.loads(self.succeed("inspect", "whole/checkpoints/last.h5", "--json").stdout)["tensors"]
        self.assertEqual(tensors["trunk.0.circuit"]["shape"], [2, 12])
        self.assertEqual(tensors["trunk.1.circuit"]["shape"], [4])

        scores = json.loads(self.succeed("eval", "whole", "--split", "validation", "--json").stdout)
        self.assertEqual(scores["mean"], whole["mean"])
        self.succeed("predict", "whole", "tiny.h5", "--out", "here.csv")
        self.succeed("predict", "whole", "tiny.h5", "--out", "ranks.csv", ranks=2)
        self.assertEqual(self.read("here.csv"), self.read("ranks.csv"))
        # The layers are computed, the head's circuit runs on the simulator.
        self.succeed("replay", "run", "whole", "--endpoint", "exact", "--shots", "100")
        self.succeed("export", "whole", "--to", "qasm3", "--out", "programs")
        for kind, file in (("onnx", "whole.onnx"), ("edge", "whole.qmh"), ("c", "whole_c")):
            self.succeed("export", "whole", "--to", kind, "--out", file)

        frozen = self.train_stages("frozen", "--set", 'train.frozen=["trunk.0.circuit"]')
        self.assertEqual(frozen["frozen_parameters"], 24)

    def test_what_does_not_fit_is_one_message_with_key_and_cure(self):
        image = ("--set", "input.x.shape=[2, 3]")
        for texts, fragments, more in (
                (["qubits = 4"], ["trunk.0.qubits", "reads 4 numbers", "the 6 numbers", "put a dense layer of width 4"], ()),
                (["qubits = 2, copies = 2"], ["trunk.0.copies", "2 copies", "put a dense layer of width 4"], ()),
                (["qubits = 2", "qubits = 4"], ["trunk.1.qubits", "the 6 numbers"], ()),
                (['qubits = 2, reads = "all"'], ['trunk.0.reads = "all"', "found 6", "put a dense layer of width 2"], ()),
                (['qubits = 4, reads = "windows"'], ['trunk.0.reads = "windows"', "expected images", "[input.<name>] shape"], ()),
                (['qubits = 4, reads = "windows", window = 3'], ["trunk.0.window", "expected a window that fits"], image),
                (['qubits = 3, reads = "windows"'], ["trunk.0.window", "4 numbers", "reads 3"], image),
                (['qubits = 4, reads = "windows", copies = 2'], ["trunk.0.copies", "expected 1", "leave copies out"], image),
                (['qubits = 2, reads = "rows"'], ["backbone.layers[0].reads", "slices", "rows"], ()),
                (["copies = 2"], ["backbone.layers[0]", "needs a key qubits"], ()),
                (["qubits = 0"], ["backbone.layers[0].qubits", "at least 1", "0"], ()),
                (["qubits = 6, qubit = 2"], ["unknown key backbone.layers[0].qubit", "backbone.layers[0].qubits"], ()),
                (['qubits = 6, upload = "rz"'], ["trunk.0.upload", "expected one of rx, ry", "unchanged"], ()),
                (['qubits = 6, preset = "sim-99"'], ["trunk.0", "sim-99"], ()),
                (['qubits = 6, preset = "sim-2", layer = [{ upload = "ry" }]'], ["trunk.0.preset", "trunk.0.layer", "one of them"], ()),
                (['qubits = 6, layer = [{ gates = ["ry"] }]'], ["trunk.0", "expected a layer with an upload"], ()),
                (['qubits = 6, layer = [{ upload = "ry", qubits = [6] }]'], ["trunk.0.layer"], ()),
                (['qubits = 2, layer = [{ upload = "ry", inputs = [0, 2] }]'], ["trunk.0.layer[0].inputs", "none for input 1;"], ()),
                (['qubits = 6, observables = ["Z6"]'], ["trunk.0.observables"], ()),
                (['qubits = 6, observables = ["Q0"]'], ["trunk.0.observables"], ()),
                (['qubits = 6, plan = "fast"'], ["trunk.0.plan", "fast"], ()),
                (['qubits = 6, gain = -1.0'], ["backbone.layers[0].gain", "above 0"], ()),
                (['qubits = 6, activation = "swish"'], ["backbone.layers[0].activation", "swish"], ()),
                (['qubits = 1000000'], ["backbone.layers[0].qubits", "at most 16384"], ()),
                (['qubits = 16384, layers = 10000'], ["trunk.0", "gates"], ()),
                (['qubits = 6, reads = "all", copies = 65536'], ["trunk.0.copies", "at most 4096", "share = true"], ()),
                (['qubits = 6, reads = "all", copies = 4096, layers = 200'], ["trunk.0.copies", "gates", "share = true"], ()),
        ):
            for command in ("train", "plan"):
                with self.subTest(texts, command=command):
                    self.refuse(2, fragments, command, "train.toml", *layers(*texts), *more,
                                *(("--set", "run.folder=refused") if command == "train" else ()))
        self.assertFalse(os.path.exists(self.path("refused/checkpoints")))

    def digits(self, file, *options):
        if not os.path.exists(self.path("digits.h5")):
            self.succeed("import", os.path.join(DIGITS, "import.toml"), "--out", "digits.h5", "--quiet")
        result = self.succeed("train", os.path.join(CIRCUITS, file), "--json", "--quiet", "--set", 'data.file="digits.h5"', "--set",
                              f'run.folder="{file[:-5]}"', *options)
        return json.loads(result.stdout)

    def test_the_example_configurations_learn_the_digits(self):
        for file, tensors in (("fc-vqc.toml", {"trunk.0.circuit": [16, 16], "trunk.1.circuit": [16, 16]}),
                              ("quanvolution.toml", {"trunk.0.circuit": [16]})):
            with self.subTest(file):
                report = self.digits(file, "--set", "train.epochs=5")
                losses = [line["train_loss"] for line in self.metrics(file[:-5], "epoch")]
                self.assertLess(losses[-1], losses[0])
                # Always "no" has F1 0 in all ten tasks, a guess by the classes' shares 0.1.
                self.assertGreater(report["mean"], 0.5)
                found = json.loads(self.succeed("inspect", f"{file[:-5]}/checkpoints/last.h5", "--json").stdout)["tensors"]
                for name, shape in tensors.items():
                    self.assertEqual(found[name]["shape"], shape)
        self.succeed("predict", "quanvolution", "digits.h5", "--out", "digits.csv")
        self.assertEqual(len(list(csv.DictReader(self.read("digits.csv").decode().splitlines()))), 1797)


if __name__ == "__main__":
    main()
