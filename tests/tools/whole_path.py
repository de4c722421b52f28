#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Import, train, evaluate, predict and inspect on a tiny data set; the documented JSON fields and files are there."""

import csv
import json
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Program, main

TASKS = {"sum": "f1", "kind": "accuracy", "value": "r2"}
NUMBERS = ("epochs", "steps", "seconds", "samples_per_second", "mean", "best_epoch")


class WholePath(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.trained = cls.run_program("train", "train.toml", "--json")

    def check_report(self, report, split):
        self.assertEqual(len(report["run_hash"]), 64)
        for field in NUMBERS:
            self.assertIsInstance(report[field], (int, float), field)
        self.assertEqual({name: task["metric"] for name, task in report["tasks"].items()}, TASKS)
        for task in report["tasks"].values():
            self.assertIsInstance(task["value"], float)
        self.assertEqual(set(report["parameters"]), {"backbone", "head"})
        self.assertEqual(report["split"], split)

    def test_train_reports_and_fills_its_folder(self):
        self.assertEqual(self.trained.returncode, 0, self.trained.stderr)
        report = json.loads(self.trained.stdout)
        self.check_report(report, "validation")
        self.assertEqual(report["epochs"], 3)
        # 90 training rows in batches of 40 are 3 steps an epoch.
        self.assertEqual(report["steps"], 9)
        lines = [json.loads(line) for line in self.read("run/metrics.jsonl").decode().splitlines()]
        self.assertEqual([line["epoch"] for line in lines], [1, 2, 3])
        for name in ("config.toml", "checkpoints/last.h5", "checkpoints/best.h5"):
            self.assertTrue(os.path.exists(self.path(f"run/{name}")), name)
        self.assertEqual(self.trained.stderr.count("epoch "), 3, self.trained.stderr)

    def test_quiet_and_off_print_no_progress(self):
        for option in (["--quiet"], ["--progress", "off"]):
            result = self.succeed("train", "train.toml", "--set", "run.folder=silent", "--overwrite", *option)
            self.assertNotIn("epoch 1/", result.stderr)

    def test_the_resolved_configuration_trains_to_the_same_bits(self):
        again = json.loads(self.succeed("train", "run/config.toml", "--json", "--set", "run.folder=again").stdout)
        self.assertEqual(again["run_hash"], json.loads(self.trained.stdout)["run_hash"])

    def test_eval_scores_a_split_and_agrees_with_training(self):
        test = json.loads(self.succeed("eval", "run", "--json").stdout)
        self.check_report(test, "test")
        validation = json.loads(self.succeed("eval", "run", "--split", "validation", "--json", ranks=2).stdout)
        trained = json.loads(self.trained.stdout)
        for name, task in trained["tasks"].items():
            self.assertEqual({key: validation["tasks"][name][key] for key in task}, task)
        self.assertEqual(validation["mean"], trained["mean"])

    def test_predictions_from_csv_and_data_set_agree(self):
        with open(self.path("tiny.csv")) as file:
            rows = list(csv.reader(file))
        self.write("inputs.csv", "\n".join(",".join(row[:6]) for row in rows) + "\n")
        self.succeed("predict", "run", "inputs.csv", "--out", "from-csv.csv")
        self.succeed("predict", "run", "tiny.h5", "--out", "from-data.csv", ranks=2)
        self.assertEqual(self.read("from-csv.csv"), self.read("from-data.csv"))
        table = list(csv.DictReader(self.read("from-csv.csv").decode().splitlines()))
        self.assertEqual(len(table), 150)
        for row in table:
            for name, text in row.items():
                if name not in ("id", "sum.class", "kind.class"):
                    self.assertTrue(math.isfinite(float(text)), f"{name}: {text}")
        self.succeed("predict", "run", "inputs.csv", "--out", "predictions.h5")

    def test_inspect_describes_both_kinds_of_file(self):
        data = json.loads(self.succeed("inspect", "tiny.h5", "--json").stdout)
        self.assertEqual(data["samples"], 150)
        self.assertEqual(data["split"], {"train": 90, "validation": 30, "test": 30})
        self.assertEqual({name: task["metric"] for name, task in data["tasks"].items()}, TASKS)
        checkpoint = json.loads(self.succeed("inspect", "run/checkpoints/last.h5", "--json").stdout)
        self.assertEqual(checkpoint["run_hash"], json.loads(self.trained.stdout)["run_hash"])
        sizes = sum(math.prod(tensor["shape"]) for tensor in checkpoint["tensors"].values())
        self.assertEqual(sizes, sum(checkpoint["parameters"].values()))
        self.assertIn("parameters", self.succeed("inspect", "run").stdout)

    def test_more_epochs_on_a_finished_run_continue_it(self):
        self.train("longer", "--set", "train.epochs=2")
        longer = self.train("longer", "--resume", "--set", "train.epochs=3")
        self.assertEqual(longer["run_hash"], json.loads(self.trained.stdout)["run_hash"])

    def test_doctor_finds_what_it_looks_for(self):
        report = json.loads(self.succeed("doctor", "--json").stdout)
        topics = {finding["topic"] for finding in report["findings"]}
        self.assertLessEqual({"mpi", "mpirun", "ranks", "threads", "simd", "memory", "hdf5"}, topics)
        self.assertEqual(report["problems"], 0)


if __name__ == "__main__":
    main()
