#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Evaluation, prediction, noisy evaluation and replay give the same numbers on any number of ranks and threads."""

import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import Program, main

TIMES = ("seconds", "samples_per_second")


class Predictions(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # More samples than one shard of prediction, so that several ranks have work.
        cls.trained = cls.run_program("train", "train.toml", "--quiet")
        header, *rows = [",".join(row.split(",")[:6]) for row in cls.read("tiny.csv").decode().splitlines()]
        cls.write("new.csv", "\n".join([header] + rows * 4) + "\n")
        cls.write("noise.toml", "[error]\none_qubit = 0.01\ntwo_qubit = 0.02\n")

    def scores(self, *arguments, **options):
        found = json.loads(self.succeed("eval", "run", "--json", *arguments, **options).stdout)
        for part in (found, found.get("noise", {})):
            for key in TIMES:
                part.pop(key, None)
        return found

    def test_evaluation(self):
        expected = self.scores("--split", "train")
        for ranks, threads in ((2, 1), (3, 2), (5, 1)):
            self.assertEqual(self.scores("--split", "train", "--threads", str(threads), ranks=ranks), expected)

    def test_evaluation_with_shots(self):
        expected = self.scores("--shots", "200", "--seed", "4")
        self.assertNotEqual(expected["noise"]["tasks"], expected["tasks"])
        for ranks in (2, 3):
            self.assertEqual(self.scores("--shots", "200", "--seed", "4", "--threads", "1", ranks=ranks), expected)

    def test_prediction(self):
        self.succeed("predict", "run", "new.csv", "--out", "one.csv", "--quiet")
        self.assertEqual(len(self.read("one.csv").splitlines()), 601)
        for ranks in (2, 3, 7):
            self.succeed("predict", "run", "new.csv", "--out", f"many{ranks}.csv", "--quiet", "--threads", "1", ranks=ranks)
            self.assertEqual(self.read(f"many{ranks}.csv"), self.read("one.csv"))

    def test_prediction_of_more_rows_than_are_in_memory_at_a_time(self):
        header, *rows = self.read("new.csv").decode().splitlines()
        self.write("long.csv", "\n".join([header] + rows * 40) + "\n")  # a block has 16,384
        self.succeed("predict", "run", "long.csv", "--out", "long-one.csv", "--quiet")
        self.assertEqual(len(self.read("long-one.csv").splitlines()), 24001)
        self.succeed("predict", "run", "long.csv", "--out", "long-many.csv", "--quiet", "--threads", "1", ranks=3)
        self.assertEqual(self.read("long-many.csv"), self.read("long-one.csv"))

    def test_ranks_with_other_files_of_one_name_are_refused(self):
        rows = self.read("new.csv").decode().splitlines()
        for rank, lines in enumerate((rows, rows[:-1], rows[:300] + [rows[301], rows[300]] + rows[302:])):
            os.makedirs(self.path(str(rank)))
            self.write(f"{rank}/new.csv", "\n".join(lines) + "\n")
            os.symlink("../run", self.path(f"{rank}/run"))
        for ranks in (2, 3):
            result = self.run_program("predict", "run", "new.csv", "--out", "never.csv", ranks=ranks,
                                      prefix=["sh", "-c", 'cd "$OMPI_COMM_WORLD_RANK" && exec "$@"', "sh"])
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("the samples of new.csv", result.stderr)
            self.assertEqual(result.stdout, "")
            self.assertFalse(os.path.exists(self.path("0/never.csv")))

    def test_replay_runs_once_whatever_the_number_of_ranks(self):
        found = []
        for ranks in (0, 2):
            # A run of its own: a replay beside an earlier one keeps its readout calibration.
            shutil.copytree(self.path("run"), self.path(f"run{ranks}"))
            self.succeed("replay", "run", f"run{ranks}", "--endpoint", "exact", "--shots", "64", "--samples", "8",
                         "--quiet", "--json", ranks=ranks)
            replay = json.loads(self.read(f"run{ranks}/replay/exact/replay.json"))
            found.append((replay["tasks"], replay["samples"], replay["executions"]))
        self.assertEqual(found[0], found[1])


if __name__ == "__main__":
    main()
