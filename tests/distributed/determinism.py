#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One run hash for every number of ranks and threads, and for runs that were stopped and resumed elsewhere."""

import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import MPIRUN, PROGRAM, Program, environment, main

HEADS = ("qmtl", "hybrid", "separate", "linear", "low-rank", "mlp", "local", "local-tanh")


class Determinism(Program):
    def test_any_ranks_and_threads_give_the_same_bits(self):
        expected = None
        for ranks in (0, 2, 3, 5):
            for threads in (1, 2):
                folder = f"r{ranks}t{threads}"
                report = self.train(folder, "--threads", str(threads), ranks=ranks)
                found = report["run_hash"], self.bits(folder), report["tasks"]
                expected = expected or found
                self.assertEqual(found, expected, f"{ranks} ranks, {threads} threads")

    def test_every_head_gives_the_same_bits_on_other_ranks(self):
        hashes = set()
        for head in HEADS:
            with self.subTest(head=head):
                options = ("--set", f"head.kind={head}", "--set", "train.shots=100", "--set", "distributed.task_groups=2",
                           "--threads", "1")
                one = self.train(f"{head}1", *options)
                three = self.train(f"{head}3", *options, ranks=3)
                self.assertEqual(three["run_hash"], one["run_hash"])
                self.assertEqual(three["tasks"], one["tasks"])
                hashes.add(one["run_hash"])
        self.assertEqual(len(hashes), len(HEADS))

    def test_every_head_weighed_by_gradients_gives_the_same_bits_on_other_ranks_and_threads(self):
        hashes = set()
        for head in HEADS:
            for weighting, ranks, threads in (("gradnorm", 2, 1), ("pcgrad", 3, 2)):
                with self.subTest(head=head, weighting=weighting):
                    options = ("--set", f"head.kind={head}", "--set", f"train.task_weighting={weighting}", "--set",
                               "train.epochs=3")
                    one = self.train(f"{head}-{weighting}", *options, "--threads", "1")
                    other = self.train(f"{head}-{weighting}-{ranks}", *options, "--threads", str(threads), ranks=ranks)
                    self.assertEqual(other["run_hash"], one["run_hash"])
                    self.assertEqual(self.bits(f"{head}-{weighting}-{ranks}"), self.bits(f"{head}-{weighting}"))
                    hashes.add(one["run_hash"])
                    weights = [json.loads(line).get("task_weights") for line in
                               open(self.path(f"{head}-{weighting}/metrics.jsonl"), encoding="utf-8")][-1]
                    if weighting == "gradnorm":
                        self.assertAlmostEqual(sum(weights.values()), len(weights), places=9)
                        self.assertEqual(set(weights), set(one["tasks"]))
                    else:
                        self.assertIsNone(weights)
        self.assertEqual(len(hashes), 2 * len(HEADS))

    def test_convolutions_give_the_same_bits_on_any_ranks(self):
        layers = ('backbone.layers=[{ type = "augment", shift = 1, flip = true, noise = 0.1 }, '
                  '{ type = "conv", channels = 3, kernel = 2, padding = 1, activation = "relu" }, '
                  '{ type = "pool", kind = "max", size = 2 }, '
                  '{ type = "residual", layers = [{ type = "conv", channels = 3, kernel = 3, padding = 1 }] }]')
        found = []
        for ranks in (1, 3):
            report = self.train(f"conv{ranks}", "--set", "input.x.shape=[2, 3]", "--set", layers, ranks=ranks)
            found.append((report["run_hash"], self.bits(f"conv{ranks}"), report["tasks"]))
        self.assertEqual(found[0], found[1])
        # The image's shape stays with the checkpoint.
        scores = json.loads(self.succeed("eval", "conv1", "--split", "validation", "--json").stdout)
        for name, task in found[0][2].items():
            self.assertEqual({key: scores["tasks"][name][key] for key in task}, task)

    def test_inputs_in_a_file_give_the_bits_of_those_in_memory(self):
        expected = self.train("in-memory")
        temporary = self.path("rows")
        os.makedirs(temporary)
        small = ("--set", "data.memory=0.001")
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                report = self.train(f"in-a-file{ranks}", *small, ranks=ranks, extra={"TMPDIR": temporary})
                self.assertEqual(report["run_hash"], expected["run_hash"])
                self.assertEqual(report["tasks"], expected["tasks"])
                self.assertEqual(self.bits(f"in-a-file{ranks}"), self.bits("in-memory"))
                self.assertEqual([name for name in os.listdir(temporary) if name.startswith("qmtl")], [])
        missing = self.path("no-such-folder")
        self.refuse(3, [missing, "data.memory"], "train", "train.toml", *small, "--set", "run.folder=refused",
                    extra={"TMPDIR": missing})

    def test_other_seed_gives_other_bits(self):
        one = self.train("seed3")["run_hash"]
        other = self.train("seed4", "--set", "seed=4")["run_hash"]
        self.assertNotEqual(one, other)

    def stopped_run(self, folder, stop, ranks):
        """Starts a long run, asks it to stop once an epoch is recorded, and expects 75 and a checkpoint."""
        command = [PROGRAM, "train", "train.toml", "--progress", "plain", "--set", f"run.folder={folder}",
                   "--set", "train.epochs=60"]
        if ranks:
            command = MPIRUN + ["-n", str(ranks)] + command
        process = subprocess.Popen(command, cwd=self.base, env=environment(), text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        log = []
        for line in process.stderr:
            log.append(line)
            if line.startswith("epoch 2/"):
                process.send_signal(stop)
                break
        log += process.stderr.readlines()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=120), 75, "".join(log))
        self.assertTrue(os.path.exists(self.path(f"{folder}/checkpoints/last.h5")))

    def test_stopped_and_resumed_elsewhere_continues_to_the_bit(self):
        whole = self.train("whole", "--set", "train.epochs=60")
        for name, stop, before, after in (("int", signal.SIGINT, 0, 3), ("usr1", signal.SIGUSR1, 2, 0),
                                          ("term", signal.SIGTERM, 0, 2)):
            with self.subTest(signal=name, before=before, after=after):
                folder = f"stopped-{name}"
                self.stopped_run(folder, stop, before)
                middle = json.loads(self.succeed("inspect", f"{folder}/checkpoints/last.h5", "--json").stdout)
                self.assertLess(middle["steps"], whole["steps"])
                resumed = self.train(folder, "--resume", "--set", "train.epochs=60", ranks=after)
                self.assertEqual(resumed["run_hash"], whole["run_hash"])
                self.assertEqual(resumed["tasks"], whole["tasks"])
                self.assertEqual(self.bits(folder), self.bits("whole"))


if __name__ == "__main__":
    main()
