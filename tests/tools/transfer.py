#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A task added to a trained model: earlier tasks' predictions keep every byte; runs resume and evaluate like others."""

import csv
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import DESCRIPTION, Program, main

SMALL = []
WIDE = ["--set", "circuit.qubits=14", "--set", "block.stride=2"]


class Transfer(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A later data set with the same inputs and only a new task: the three-class column again.
        start, end = DESCRIPTION.index("[task.sum]"), DESCRIPTION.index("[split]")
        later = DESCRIPTION[:start] + '[task.later]\ncolumn = "kind"\nkind = "multiclass"\nmetric = "accuracy"\n'
        cls.write("later-import.toml", later + DESCRIPTION[end:])
        made = cls.run_program("import", "later-import.toml", "--out", "later.h5")
        assert made.returncode == 0, made.stderr

    def predictions(self, run):
        self.succeed("predict", run, "tiny.h5", "--out", f"{run}.csv", "--overwrite")
        return list(csv.DictReader(self.read(f"{run}.csv").decode().splitlines()))

    def add(self, folder, base, *arguments, **options):
        result = self.succeed("train", "train.toml", "--json", "--quiet", "--set", "data.file=later.h5", "--set",
                              f"run.folder={folder}", "--add-task", "later", "--from", base, *arguments, **options)
        return json.loads(result.stdout)

    def test_earlier_tasks_keep_every_byte(self):
        kinds = [("state", SMALL + ["--plan", "state"], 3 * 5), ("operators", SMALL + ["--plan", "operators"], 3 * 5),
                 ("pauli", WIDE + ["--plan", "pauli"], 3 * 5), ("cones", WIDE + ["--plan", "cones"], 3 * 5),
                 ("linear", ["--set", "head.kind=linear", "--set", "head.width=6"], 3 * 7)]
        for name, options, added in kinds:
            with self.subTest(name):
                base = self.train(f"base-{name}", *options)
                report = self.add(f"more-{name}", f"base-{name}")
                if name != "linear":
                    added = 3 * (3 + 1) + 1  # three blocks of three angles, three biases, one scale
                self.assertEqual(report["added_parameters"], added)
                self.assertEqual(report["frozen_parameters"], sum(base["parameters"].values()))
                self.assertEqual(sum(report["parameters"].values()), added + report["frozen_parameters"])
                # Without labels an earlier task has no score.
                self.assertIsNone(report["tasks"]["sum"]["value"])
                self.assertIsInstance(report["tasks"]["later"]["value"], float)
                before, after = self.predictions(f"base-{name}"), self.predictions(f"more-{name}")
                self.assertEqual(len(before), len(after))
                for old, new in zip(before, after):
                    self.assertEqual(old, {key: new[key] for key in old})
                    self.assertIn("later.class", new)

    def test_the_run_resumes_and_evaluates_and_ranks_do_not_matter(self):
        self.train("start")
        whole = self.add("whole", "start")
        ranks = self.add("ranks", "start", ranks=3)
        self.assertEqual(ranks["run_hash"], whole["run_hash"])
        self.add("short", "start", "--set", "train.epochs=1")
        resumed = self.succeed("train", "short/config.toml", "--resume", "--json", "--quiet", "--set",
                               "train.epochs=3")
        self.assertEqual(json.loads(resumed.stdout)["run_hash"], whole["run_hash"])
        self.assertEqual(self.bits("short"), self.bits("whole"))
        test = json.loads(self.succeed("eval", "whole", "--json").stdout)
        self.assertIsInstance(test["tasks"]["later"]["value"], float)
        self.succeed("plan", "whole/config.toml")
        norms = json.loads(self.read("whole/metrics.jsonl").decode().splitlines()[0])["gradient_norms"]
        self.assertEqual(set(norms), {"blocks", "readout"})

    def test_wrong_use_says_so(self):
        self.train("given")
        self.refuse(2, ["--from"], "train", "train.toml", "--add-task", "later")
        self.refuse(2, ["--add-task"], "train", "train.toml", "--register", "0,1,2")
        self.refuse(2, ["--resume", "--add-task"], "train", "train.toml", "--add-task", "later", "--from", "given",
                    "--resume")
        self.refuse(2, ["has this task already"], "train", "train.toml", "--add-task", "sum", "--from", "given",
                    "--set", "run.folder=wrong")
        self.refuse(2, ["no task 'later'"], "train", "train.toml", "--add-task", "later", "--from", "given", "--set",
                    "run.folder=wrong")
        self.refuse(2, ["--register", "0 to 5"], "train", "train.toml", "--add-task", "later", "--from", "given",
                    "--register", "4,5,6", "--set", "run.folder=wrong", "--set", "data.file=later.h5")
        self.add("made", "given", "--register", "5,0,2")
        self.refuse(2, ["head.generations", "--add-task"], "train", "made/config.toml", "--set", "run.folder=wrong")
        self.refuse(2, ["train.frozen[0]", "trunc"], "train", "train.toml", "--set", "train.frozen=[\"trunc\"]",
                    "--set", "run.folder=wrong")
        self.assertFalse(os.path.exists(self.path("wrong/metrics.jsonl")))

    def test_gradients_are_inspected(self):
        report = json.loads(self.succeed("inspect", "train.toml", "--gradients", "--depths", "1,2", "--widths", "3,4",
                                         "--draws", "20", "--json").stdout)
        self.assertEqual([(row["layers"], row["qubits"]) for row in report["variances"]],
                         [(1, 3), (1, 4), (2, 3), (2, 4)])
        self.assertEqual([rate["layers"] for rate in report["rates"]], [1, 2])
        for row in report["variances"]:
            self.assertGreater(row["mean"], 0)
        self.assertIn("barren plateau", self.succeed("inspect", "train.toml", "--gradients", "--draws", "5").stdout)
        self.refuse(2, ["--widths"], "inspect", "train.toml", "--gradients", "--widths", "3,")
        self.refuse(2, ["head.kind"], "inspect", "train.toml", "--gradients", "--set", "head.kind=linear")


if __name__ == "__main__":
    main()
