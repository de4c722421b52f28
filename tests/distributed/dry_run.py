#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A dry run says what every rank would do; it agrees with what runs, for real ranks and for simulated ones."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import Program, main

UNEVEN = ("--set", "distributed.task_groups=3", "--set", "train.batch=64")


class DryRun(Program):
    def forecast(self, *arguments, **options):
        before = sorted(os.listdir(self.base))
        text = self.succeed("train", "train.toml", "--dry-run", "--json", *arguments, **options).stdout
        self.assertEqual(sorted(os.listdir(self.base)), before, "a dry run wrote something")
        return json.loads(text)

    def check(self, found, ranks):
        self.assertEqual(found["ranks"], ranks)
        self.assertEqual(len(found["per_rank"]), ranks)
        at = 0
        for number, rank in enumerate(found["per_rank"]):
            self.assertEqual(rank["rank"], number)
            self.assertEqual(rank["units"][0], at)
            at = rank["units"][1]
            self.assertGreaterEqual(rank["threads"], 1)
        self.assertEqual(at, found["units"])
        self.assertAlmostEqual(sum(rank["cost_share"] for rank in found["per_rank"]), 1)
        self.assertAlmostEqual(found["imbalance"], ranks * max(rank["cost_share"] for rank in found["per_rank"]))
        self.assertAlmostEqual(found["bytes_per_step"], sum(rank["bytes_per_step"] for rank in found["per_rank"]))

    def test_simulated_ranks_are_cut_like_real_ones(self):
        for ranks in (1, 2, 3):
            real = self.forecast(*UNEVEN, ranks=ranks)
            simulated = self.forecast(*UNEVEN, "--ranks", str(ranks))
            for found in (real, simulated):
                self.check(found, ranks)
                # 64 samples in shards of 16, three groups each.
                self.assertEqual(found["units"], 12)
                # 90 training samples of 150.
                self.assertEqual((found["batch"], found["steps_per_epoch"], found["steps"]), (64, 2, 6))
            self.assertEqual(simulated["simulated"], True)
            self.assertEqual([rank["units"] for rank in real["per_rank"]], [rank["units"] for rank in simulated["per_rank"]])

    def test_two_ranks_exchange_one_row_each_where_the_cut_is_even(self):
        found = self.forecast("--set", "train.batch=64", ranks=2)
        report = self.train("counted", "--set", "train.batch=64")
        numbers = report["parameters"]["head"] + report["parameters"]["backbone"] + 3
        self.assertEqual(found["numbers"], numbers)
        self.assertEqual([rank["bytes_per_step"] for rank in found["per_rank"]], [8 * numbers, 8 * numbers])

    def test_memory_is_about_what_a_run_takes(self):
        found = self.forecast("--threads", "1")
        # /usr/bin/time is not everywhere: the shell's own child is asked.
        script = 'import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n' \
                 'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)'
        from harness import PROGRAM
        import subprocess
        taken = int(subprocess.run([sys.executable, "-c", script, PROGRAM, "train", "train.toml", "--json", "--quiet",
                                    "--threads", "1", "--set", "run.folder=taken"], cwd=self.base, text=True,
                                   capture_output=True, check=True).stdout)
        # Libraries that are only used later and memory that malloc keeps are not in the estimate.
        self.assertLess(found["per_rank"][0]["memory_bytes"], 1.5 * taken)
        self.assertGreater(found["per_rank"][0]["memory_bytes"], taken / 1.5)

    def test_a_thousand_ranks_say_who_is_idle_and_what_to_do(self):
        found = self.forecast("--ranks", "1024")
        self.check(found, 1024)
        self.assertIn("have nothing to do", found["advice"][0])
        self.assertIn("distributed.shard", found["advice"][0])
        text = self.succeed("train", "train.toml", "--dry-run", "--ranks", "4").stdout
        for word in ("plan", "units", "exchange", "watchdog", "memory", "-> "):
            self.assertIn(word, text)

    def test_wrong_uses_are_refused(self):
        self.refuse(2, ["--ranks", "--dry-run"], "train", "train.toml", "--ranks", "4")
        self.refuse(2, ["--ranks", "found 0"], "train", "train.toml", "--dry-run", "--ranks", "0")
        self.refuse(2, ["--ranks", "without mpirun"], "train", "train.toml", "--dry-run", "--ranks", "4", ranks=2)
        self.refuse(2, ["--resume", "--dry-run"], "train", "train.toml", "--dry-run", "--resume")


if __name__ == "__main__":
    main()
