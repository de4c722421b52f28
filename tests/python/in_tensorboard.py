#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""qmtl.tensorboard against TensorBoard's own reader: every number of metrics.jsonl, after a training and beside it."""

import json
import os
import subprocess
import sys

import door

door.environment("tensorboard", "numpy")
events = door.module("tensorboard")
import numpy as np
from harness import PROGRAM, Program, environment, main
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


class Curves(Program):
    def shown(self, folder):
        """What TensorBoard reads: {tag: [(step, value)]}, and the texts."""
        reader = EventAccumulator(self.path(folder), size_guidance={"scalars": 0, "tensors": 0}).Reload()
        scalars = {tag: [(one.step, one.value) for one in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}
        texts = {tag: b"".join(reader.Tensors(tag)[0].tensor_proto.string_val).decode() for tag in reader.Tags()["tensors"]}
        times = [one.wall_time for tag in ("loss/train",) for one in reader.Scalars(tag)]
        return scalars, texts, times

    def check(self, run, scalars):
        """Every finite number of the run, rounded to float32 as event files have it."""
        epochs, steps = self.metrics(run, "epoch"), self.metrics(run, "step")
        single = lambda rows, key, number: [(row[key], float(np.float32(number(row)))) for row in rows]
        self.assertEqual(scalars["loss/train"], single(epochs, "epoch", lambda row: row["train_loss"]))
        self.assertEqual(scalars["tasks/mean"], single(epochs, "epoch", lambda row: row["validation_mean"]))
        self.assertEqual(scalars["time/compute"], single(epochs, "epoch", lambda row: row["timing"]["phases"]["compute"]["mean"]))
        self.assertEqual(scalars["steps/loss"], single(steps, "step", lambda row: row["loss"]))
        for task in epochs[0]["tasks"]:
            self.assertEqual(scalars[f"tasks/{task}"], single(epochs, "epoch", lambda row: row["tasks"][task]))
            self.assertEqual(scalars[f"steps/loss/{task}"], single(steps, "step", lambda row: row["losses"][task]))
        for part in epochs[0]["gradient_norms"]:
            self.assertEqual(scalars[f"gradient_norms/{part}"],
                             single(epochs, "epoch", lambda row: row["gradient_norms"][part]))

    def test_a_run_is_shown_number_by_number(self):
        self.train("done", "--set", "run.log_every=2")
        self.assertEqual(events.main([self.path("done")]), 0)
        self.assertEqual(events.main([self.path("done")]), 0)  # replaces what is there
        scalars, texts, times = self.shown("done/tensorboard")
        self.check("done", scalars)
        self.assertIn("    epochs = 3\n", texts["configuration"])
        self.assertEqual(times, sorted(times))
        with open(self.path("done/environment.jsonl")) as file:
            self.assertGreaterEqual(times[0], json.loads(file.readline())["time"])

    def test_a_running_training_is_followed_to_its_end(self):
        trained = subprocess.Popen([PROGRAM, "train", "train.toml", "--quiet", "--set", "run.folder=live", "--set", "run.log_every=2",
                                    "--set", "train.epochs=3000"], cwd=self.base, env=environment())
        while not os.path.exists(self.path("live/metrics.jsonl")) and trained.poll() is None:
            pass
        followed = subprocess.run([sys.executable, events.__file__, self.path("live"), "--follow", "--out", self.path("seen")],
                                  capture_output=True, text=True, timeout=300)
        self.assertEqual(trained.wait(), 0)
        self.assertEqual(followed.returncode, 0, followed.stderr)
        scalars, _, _ = self.shown("seen")
        self.assertEqual(len(scalars["loss/train"]), 3000)
        self.check("live", scalars)

    def test_metrics_that_were_cut_back_are_shown_once(self):
        self.train("cut")
        whole = self.read("cut/metrics.jsonl")
        lines = whole.splitlines(keepends=True)
        self.write("cut/metrics.jsonl", b"".join(lines[:2]))
        run = events.Run(events.pathlib.Path(self.path("cut")), events.pathlib.Path(self.path("cut/tensorboard")))
        self.assertEqual(run.copy(), 2)
        # Resumed from an earlier checkpoint: other lines in the place of the second, then a line without its end.
        self.write("cut/metrics.jsonl", whole[:-5])
        self.assertEqual(run.copy(), len(lines) - 3)
        changed = lines[0] + lines[1].replace(b'"epoch":2', b'"epoch": 2') + b"".join(lines[2:])
        self.assertNotEqual(changed, whole)
        self.write("cut/metrics.jsonl", changed)
        run.copy()
        run.events.writer.close()
        scalars, _, _ = self.shown("cut/tensorboard")
        self.assertEqual([step for step, _ in scalars["loss/train"]], [1, 2, 3])

    def test_what_is_no_run_is_refused(self):
        self.assertEqual(events.main([self.path("none")]), 3)
        self.train("bad")
        self.write("bad/metrics.jsonl", b'{"kind": "epoch"}\n')
        self.assertEqual(events.main([self.path("bad")]), 3)
        os.makedirs(self.path("mine"), exist_ok=True)
        self.write("mine/thesis.txt", "x")
        self.train("good")
        self.assertEqual(events.main([self.path("good"), "--out", self.path("mine")]), 2)
        self.assertEqual(self.read("mine/thesis.txt"), b"x")


if __name__ == "__main__":
    main()
