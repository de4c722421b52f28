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

    QUESTIONS = """
[[question]]
name = "Q1"
text = "not inferior"
of = "quantum"
against = "linear"
test = "not-inferior"
margin = 0.05
parameters = 0.5
[[question]]
name = "Q2"
of = "quantum"
against = ["linear", "small"]
test = "better"
[[question]]
name = "Q3"
of = "linear"
against = "small"
test = "equivalent"
margin = 0.9
[[variant]]
name = "small"
set = { "head.kind" = "linear", "head.width" = 2 }
"""

    @staticmethod
    def above(t):
        """P(T > t) of Student's t with two degrees of freedom (three splits), in closed form."""
        return 0.5 - t / (2 * (2 + t * t) ** 0.5)

    def test_questions_are_answered_by_the_test_that_was_fixed_for_each(self):
        self.write("compare.toml", COMPARE + self.QUESTIONS)
        result = json.loads(self.compare("--folder", "asked").stdout)
        self.assertEqual(result["design"]["status"], "exploratory")
        runs = {v["name"]: [sum(r["mean"] for r in v["runs"][2 * s:2 * s + 2]) / 2 for s in range(3)] for v in result["variants"]}
        parameters = {v["name"]: v["parameters"]["head"] for v in result["variants"]}
        share = 0.15 / 0.7  # the rows of a test part over those of a training part, but for rounding to whole rows
        p = []
        for question in result["questions"]:
            pairs = []
            for pair in question["pairs"]:
                d = [a - b for a, b in zip(runs[question["of"]], runs[pair["against"]])]
                mean, error = statistics.mean(d), statistics.stdev(d) * (1 / 3 + share) ** 0.5
                self.assertAlmostEqual(pair["difference"], mean, places=12)
                expected = {"better": 2 * self.above(abs(mean) / error), "not-inferior": self.above((mean + 0.05) / error),
                            "equivalent": max(self.above((mean + 0.9) / error), self.above((-mean + 0.9) / error))}[question["test"]]
                # Whole rows change the share by a few percent, and the error by half of that at most.
                self.assertAlmostEqual(pair["p"], expected, delta=0.05 * expected)
                self.assertAlmostEqual(pair["parameter_ratio"], parameters[question["of"]] / parameters[pair["against"]])
                self.assertTrue(pair["low"] < mean < pair["high"])
                pairs.append(pair["p"])
            p.append(max(pairs))
            self.assertEqual(question["p"], max(pairs))
        # Holm: the smallest times 3, the next times 2, never decreasing.
        order, most, adjusted = sorted(range(3), key=lambda q: p[q]), 0, [0] * 3
        for rank, q in enumerate(order):
            most = max(most, min(1, (3 - rank) * p[q]))
            adjusted[q] = most
        for question, expected in zip(result["questions"], adjusted):
            self.assertAlmostEqual(question["p_adjusted"], expected, places=12)
            if question["decision"] != "undecided":
                self.assertLessEqual(expected, 0.05)
        self.assertFalse(result["questions"][0]["parameters_met"])
        self.assertEqual(result["questions"][0]["decision"], "undecided")
        self.assertTrue(self.read("asked/table.md").decode().startswith("**Exploratory**"))
        self.succeed("report", "asked/compare.json", "--out", "asked.html")
        page = self.read("asked.html").decode()
        for words in ("Exploratory, no confirmation", "Questions and their answers", "not-inferior"):
            self.assertIn(words, page)

    def design(self, *arguments):
        return json.loads(self.compare("--design", *arguments).stdout)

    def test_a_design_is_known_by_what_decides_its_results(self):
        self.write("compare.toml", COMPARE + self.QUESTIONS)
        usual = self.design()["hash"]
        # How the file is written, and where things are, is no part of it.
        self.write("compare.toml", "# a comment\nfolder = 'elsewhere'\n" + (COMPARE + self.QUESTIONS).replace("1e-3", "0.001"))
        self.assertEqual(self.design("--folder", "any")["hash"], usual)
        seen = {usual}
        for old, new in (("count = 3", "count = 4"), ("seeds = [1, 2]", "seeds = [1, 3]"), ("3e-2", "4e-2"), ('"head.width" = 6', '"head.width" = 5'),
                         ("margin = 0.05", "margin = 0.04"), ('test = "better"', 'test = "equivalent"\nmargin = 0.1'), ("parameters = 0.5", ""),
                         ("[tune]", "[tune]\nhalving = { rungs = 2 }"), ('value = "to see that it is"', ""), ('title = "tiny"', 'title = "other"')):
            text = COMPARE + self.QUESTIONS
            self.assertIn(old, text)
            self.write("compare.toml", text.replace(old, new))
            seen.add(self.design()["hash"])
        self.write("compare.toml", COMPARE + self.QUESTIONS)
        for arguments in (("--quick",), ("--seeds", "1"), ("--splits", "2"), ("--variants", "quantum,linear"), ("--set", "train.epochs=4")):
            seen.add(self.design(*arguments)["hash"])
        self.assertEqual(len(seen), 16)

    def test_only_a_registered_design_is_called_confirmatory(self):
        self.write("compare.toml", 'register = "REGISTERED.md"\n' + COMPARE + self.QUESTIONS)
        self.write("REGISTERED.md", "| comparison | design |\n")
        told = self.design()
        self.assertEqual(told["status"], "exploratory")
        self.refuse(2, ["--confirm", "is not in REGISTERED.md"], "compare", "compare.toml", "--confirm", "--folder", "never")
        self.assertFalse((pathlib.Path(self.base) / "never").exists())
        self.write("REGISTERED.md", f'| comparison | design |\n| "tiny" | {"0" * 64} |\n')
        self.refuse(2, ["its design is " + told["hash"], "0" * 64 + " (REGISTERED.md:2)"], "compare", "compare.toml", "--confirm")
        self.write("REGISTERED.md", f'| comparison | design |\n| "tiny" | {told["hash"]} |\n')
        result = json.loads(self.compare("--confirm", "--folder", "confirmed").stdout)
        self.assertEqual(result["design"], {"hash": told["hash"], "status": "confirmatory", "reason": "REGISTERED.md:2"})
        self.assertTrue(self.read("confirmed/table.md").decode().startswith("**Confirmatory**"))
        # A part of it, or another setting, is another design.
        self.assertEqual(json.loads(self.compare("--seeds", "1", "--folder", "confirmed").stdout)["design"]["status"], "exploratory")
        self.refuse(2, ["--confirm"], "compare", "compare.toml", "--confirm", "--set", "train.epochs=4")

    def test_halving_tries_every_point_briefly_and_the_best_at_length(self):
        self.write("compare.toml", COMPARE.replace("[tune]\n", "[tune]\nhalving = { rungs = 3, keep = 0.5 }\n").replace(
            "[1e-3, 3e-2]", "[1e-4, 1e-3, 1e-2, 3e-2]"))
        alone = self.without_times(json.loads(self.compare("--folder", "halved", "--set", "train.epochs=8").stdout))
        spread = self.without_times(json.loads(self.compare("--folder", "halved-ranks", "--set", "train.epochs=8", ranks=2).stdout))
        self.assertEqual(alone, spread)
        trained = [line for name in pathlib.Path(self.base, "halved").glob("runs-*.jsonl") for line in name.read_text().splitlines()]
        # For each of 2 variants and 3 splits 4 points with one seed, then 2, then 1, which the last round trains with another seed.
        self.assertEqual(len(trained), 6 * (4 + 2 + 1 + 1))
        for variant in alone["variants"]:
            for run in variant["runs"]:
                self.assertIn(run["choice"]["train.learning_rate"], ("0.0001", "0.001", "0.01", "0.03"))

    @staticmethod
    def question(test, against="linear"):
        return f'[[question]]\nname = "a"\nof = "quantum"\nagainst = "{against}"\ntest = "{test}"\n[[variant]]'

    def test_mistakes_have_one_clear_message(self):
        for code, old, new, words in [
            (2, 'name = "linear"', 'name = "quantum"', "two variants 'quantum'"),
            (2, '"head.kind" = "linear"', '"head.knd" = "linear"', "head.knd"),
            (2, "count = 3", "count = 0", "splits.count"),
            (2, "[tune]", "[tune]\nhalving = { keep = 1.5 }", "tune.halving.keep"),
            (2, "[[variant]]", self.question("equivalent"), "question.margin"),
            (2, "[[variant]]", self.question("better", against="linaer"), "no variant 'linaer'"),
            (2, "[[variant]]", self.question("worse"), "better, not-inferior, equivalent"),
            (2, "[[variant]]", self.question("better", against="quantum"), "other variants than 'quantum'"),
            (3, 'kind = "resplits"', 'kind = "folds"', "no folds"),
            (2, 'config = "train.toml"', 'config = "nothing.toml"', "nothing.toml"),
            (2, "[1e-3, 3e-2]", "[]", "tune.grid.train.learning_rate"),
        ]:
            self.write("compare.toml", COMPARE.replace(old, new, 1))
            self.refuse(code, [words], "compare", "compare.toml", "--json", "--quiet", "--folder", "bad")
        self.write("compare.toml", COMPARE)
        for option in ("--splits", "--seeds"):
            self.refuse(2, [option, "-1"], "compare", "compare.toml", "--quiet", "--folder", "bad", option + "=-1")


if __name__ == "__main__":
    main()
