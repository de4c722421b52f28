#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""qmtl compare from outside: the same numbers on any number of ranks and threads, resuming, statistics, refusals."""

import json
import pathlib
import statistics

from harness import Program, main

COMPARE = """
title = "tiny"
config = "train.toml"
seeds = [1, 2]
[splits]
kind = "resplits"
count = 3
[tune]
grid = { "train.learning_rate" = [1e-3, 3e-2] }
[left_out]
value = "to see that it is"
[[variant]]
name = "quantum"
[[variant]]
name = "linear"
set = { "head.kind" = "linear", "head.width" = 6 }
"""


class Compare(Program):
    def setUp(self):
        self.write("compare.toml", COMPARE)

    def compare(self, *arguments, ranks=0):
        return self.succeed("compare", "compare.toml", "--json", "--quiet", *arguments, ranks=ranks)

    @staticmethod
    def without_times(result):
        for variant in result["variants"]:
            del variant["summary"]["seconds"]
            for run in variant["runs"]:
                del run["seconds"]
        return result

    def test_ranks_and_threads_give_the_same_comparison(self):
        alone = self.without_times(json.loads(self.compare("--folder", "one", "--threads", "1").stdout))
        spread = self.without_times(json.loads(self.compare("--folder", "many", "--threads", "2", ranks=3).stdout))
        self.assertEqual(alone, spread)
        self.assertEqual([v["name"] for v in alone["variants"]], ["quantum", "linear"])
        self.assertEqual(alone["splits"], ["resplit0", "resplit1", "resplit2"])
        for variant in alone["variants"]:
            self.assertEqual([(r["split"], r["seed"]) for r in variant["runs"]],
                             [(f"resplit{s}", seed) for s in range(3) for seed in (1, 2)])
            scores = [run["mean"] for run in variant["runs"]]
            self.assertAlmostEqual(variant["summary"]["mean"], statistics.mean(scores), places=12)
            self.assertAlmostEqual(variant["summary"]["sd"], statistics.stdev(scores), places=12)
            # The mean leaves the task out that was to be left out.
            for run in variant["runs"]:
                self.assertAlmostEqual(run["mean"], (run["tasks"]["sum"] + run["tasks"]["kind"]) / 2, places=6)
        quantum, linear = ([r["mean"] for r in v["runs"]] for v in alone["variants"])
        paired = [statistics.mean(quantum[2 * s:2 * s + 2]) - statistics.mean(linear[2 * s:2 * s + 2]) for s in range(3)]
        difference = alone["differences"][0]
        self.assertAlmostEqual(difference["mean"], statistics.mean(paired), places=12)
        self.assertLess(difference["low"], difference["mean"])
        self.assertLess(difference["mean"], difference["high"])
        # The report takes what compare writes.
        page = json.loads(self.succeed("report", "one", "--out", "page.html", "--json").stdout)
        self.assertEqual([section["kind"] for section in page["sections"]], ["compare"])

    def test_every_split_keeps_the_point_that_is_best_on_its_validation_rows(self):
        result = json.loads(self.compare("--folder", "kept").stdout)
        tried = [json.loads(line) for file in pathlib.Path(self.path("kept")).glob("runs-*.jsonl")
                 for line in file.read_text().splitlines()]
        for variant in result["variants"]:
            for run in variant["runs"]:
                rivals = [t for t in tried if t["variant"] == variant["name"] and t["seed"] == 1
                          and t["split"] == result["splits"].index(run["split"])]
                self.assertEqual(len(rivals), 2)
                best = max(rivals, key=lambda t: t["validation"])
                self.assertEqual(best["point"], [f"{k}={v}" for k, v in run["choice"].items()])

    def test_finished_trials_are_not_trained_again(self):
        first = self.compare("--folder", "again")
        file = pathlib.Path(self.path("again")) / "runs-0.jsonl"
        lines = file.read_text().splitlines(keepends=True)
        # Half of the trials are lost, the last line is torn: what is left is used, the rest trained.
        file.write_text("".join(lines[: len(lines) // 2]) + lines[-1][:30])
        second = self.compare("--folder", "again")
        self.assertEqual(self.without_times(json.loads(first.stdout)), self.without_times(json.loads(second.stdout)))
        kept = file.read_text()
        self.compare("--folder", "again")
        self.assertEqual(file.read_text(), kept)

    def test_calibration_errors_are_those_of_eval_on_the_test_rows(self):
        self.write("compare.toml", COMPARE.replace('kind = "resplits"\ncount = 3', 'kind = "file"').replace(
            '[tune]\ngrid = { "train.learning_rate" = [1e-3, 3e-2] }', ""))
        found = json.loads(self.compare("--folder", "calibrated").stdout)
        for variant, head in zip(found["variants"], ((), ("--set", "head.kind=linear", "--set", "head.width=6"))):
            for run in variant["runs"]:
                folder = f"{variant['name']}-{run['seed']}"
                trained = self.train(folder, "--set", f"seed={run['seed']}", "--set", "task.value.in_mean=false", *head)
                self.assertEqual(trained["run_hash"], run["run_hash"])
                told = json.loads(self.succeed("eval", folder, "--split", "test", "--json").stdout)["tasks"]
                expected = {name: task["calibration"]["expected_error"] for name, task in told.items()
                            if "calibration" in task}
                self.assertEqual(set(expected), {"sum", "kind"})
                self.assertEqual(run["calibration"], expected)
            for name in ("sum", "kind"):
                errors = [run["calibration"][name] for run in variant["runs"]]
                summary = variant["summary"]["calibration"][name]
                self.assertAlmostEqual(summary["mean"], statistics.mean(errors), places=12)
                self.assertAlmostEqual(summary["sd"], statistics.stdev(errors), places=12)
        self.assertNotIn("value", found["variants"][0]["summary"]["calibration"])
        table = pathlib.Path(self.path("calibrated")) / "table.md"
        self.assertIn("| task: expected calibration error | quantum | linear |", table.read_text())

        # A store from before there were such errors is read, and says nothing of them.
        file = pathlib.Path(self.path("calibrated")) / "runs-0.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        for line in lines:
            del line["calibration"]
        older = "".join(json.dumps(line) + "\n" for line in lines)
        file.write_text(older)
        again = json.loads(self.compare("--folder", "calibrated").stdout)
        self.assertEqual(file.read_text(), older)
        for variant, before in zip(again["variants"], found["variants"]):
            self.assertNotIn("calibration", variant["summary"])
            self.assertEqual(variant["summary"]["mean"], before["summary"]["mean"])
        self.assertNotIn("calibration error", table.read_text())

    def test_weighings_of_tasks_are_variants(self):
        variants = "".join(f'[[variant]]\nname = "{name}"\nset = {{ "train.task_weighting" = "{name}" }}\n'
                           for name in ("none", "uncertainty", "gradnorm", "pcgrad"))
        self.write("compare.toml", COMPARE.partition("[tune]")[0] + variants)
        found = json.loads(self.compare("--folder", "weighed", "--splits", "1").stdout)
        hashes = {run["run_hash"] for variant in found["variants"] for run in variant["runs"]}
        self.assertEqual(len(hashes), 8)

    def test_mistakes_have_one_clear_message(self):
        for code, old, new, words in [
            (2, 'name = "linear"', 'name = "quantum"', "two variants 'quantum'"),
            (2, '"head.kind" = "linear"', '"head.knd" = "linear"', "head.knd"),
            (2, "count = 3", "count = 0", "splits.count"),
            (3, 'kind = "resplits"', 'kind = "folds"', "no folds"),
            (2, 'config = "train.toml"', 'config = "nothing.toml"', "nothing.toml"),
            (2, "[1e-3, 3e-2]", "[]", "tune.grid.train.learning_rate"),
        ]:
            self.write("compare.toml", COMPARE.replace(old, new))
            self.refuse(code, [words], "compare", "compare.toml", "--json", "--quiet", "--folder", "bad")
        self.write("compare.toml", COMPARE)
        for option in ("--splits", "--seeds"):
            self.refuse(2, [option, "-1"], "compare", "compare.toml", "--quiet", "--folder", "bad", option + "=-1")


if __name__ == "__main__":
    main()
