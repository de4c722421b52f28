#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a score says, from outside: `eval`, `train` and `compare` against scikit-learn on the same labels and predictions."""

import csv
import json
import os
import random
import re
import sys
import warnings

import h5py
import numpy as np
from sklearn import dummy, metrics

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import CONFIGURATION, Program, main

DESCRIPTION = """
file = "mixed.csv"
[input.x]
columns = ["a0..a5"]
[task.flag]
column = "flag"
kind = "binary"
metric = "{flag}"
[task.kind]
column = "kind"
kind = "multiclass"
metric = "{kind}"
[task.tags]
columns = ["t0", "t1", "t2"]
kind = "multilabel"
metric = "{tags}"
[task.value]
column = "value"
kind = "regression"
metric = "{value}"
[split]
column = "split"
"""

# What each kind of task can be scored by; of lower is better below.
OF_CLASSES = ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "auc", "log_loss")
METRICS = {"flag": ("f1", *OF_CLASSES), "kind": OF_CLASSES, "tags": ("f1", *OF_CLASSES),
           "value": ("rmse", "mae", "r2", "pearson", "spearman")}
LOWER = {"log_loss", "rmse", "mae"}


def mixed_csv(rows=200):
    """A flag that one in four has, four uneven classes, three tags, a skewed value; labels are missing here and there."""
    generator = random.Random(8)
    lines = ["a0,a1,a2,a3,a4,a5,flag,kind,t0,t1,t2,value,split"]
    for row in range(rows):
        x = [generator.gauss(0, 1) for _ in range(6)]
        labels = [int(x[0] + x[1] > 1), "abcd"[sum(x[2] > level for level in (-0.2, 0.6, 1.2))], int(x[3] > 0.5),
                  int(x[4] > -0.7), generator.randrange(2), f"{np.exp(x[5]):.5f}"]
        labels = ["" if generator.random() < 0.05 else str(label) for label in labels]
        split = ("train", "train", "train", "validation", "test")[row % 5]
        lines.append(",".join([f"{v:.6f}" for v in x] + labels + [split]))
    return "\n".join(lines) + "\n"


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def of_classes(metric, labels, probability):
    """scikit-learn's score of one column of classes from its probabilities."""
    classes = np.arange(probability.shape[1])
    chosen = probability.argmax(axis=1) if len(classes) > 2 else (probability[:, 1] > 0.5).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of labels that nobody predicted
        if metric == "auc":
            return np.mean([metrics.roc_auc_score(labels == c, probability[:, c]) for c in classes])
        if metric == "log_loss":
            return metrics.log_loss(labels, probability, labels=classes)
        return {"accuracy": metrics.accuracy_score, "balanced_accuracy": metrics.balanced_accuracy_score,
                "mcc": metrics.matthews_corrcoef, "f1": metrics.f1_score,
                "macro_f1": lambda a, b: metrics.f1_score(a, b, average="macro")}[metric](labels, chosen)


def ranks(values):
    return np.array([np.mean(np.flatnonzero(np.sort(values) == v)) for v in values])


def of_numbers(metric, labels, values):
    correlation = lambda a, b: 0.0 if np.ptp(b) == 0 else np.corrcoef(a, b)[0, 1]
    return {"rmse": lambda: metrics.mean_squared_error(labels, values) ** 0.5,
            "mae": lambda: metrics.mean_absolute_error(labels, values), "r2": lambda: metrics.r2_score(labels, values),
            "pearson": lambda: correlation(labels, values),
            "spearman": lambda: correlation(ranks(labels), ranks(values))}[metric]()


class Data:
    """Labels and split of a data set, read by h5py."""

    def __init__(self, path):
        with h5py.File(path) as file:
            self.split = file["split"][:]
            self.labels = {name: file[f"tasks/{name}/labels"][:].astype(float) for name in file["tasks"]}
            kinds = {name: file[f"tasks/{name}/labels"].attrs["kind"] for name in file["tasks"]}
            self.kinds = {name: kind.decode() if isinstance(kind, bytes) else kind for name, kind in kinds.items()}

    def columns(self, task, split):
        """Of each column of the task the rows of the split that have a label, and the labels."""
        labels = self.labels[task].reshape(len(self.split), -1)
        for column in range(labels.shape[1]):
            rows = np.flatnonzero((self.split == split) & ~np.isnan(labels[:, column]))
            yield column, rows, labels[rows, column]


def dummies(kind, metric):
    """scikit-learn's constant models of a kind of task."""
    if kind == "regression":
        return [dummy.DummyRegressor(strategy=s) for s in ("mean", "median")]
    models = [dummy.DummyClassifier(strategy="prior")]
    if kind != "multiclass":
        models += [dummy.DummyClassifier(strategy="constant", constant=c) for c in (0, 1)]
    # A constant class has no probability that a logarithm takes.
    return models[:1] if metric == "log_loss" else models


def baseline(data, task, metric, split):
    """Of each column the constant model with the best score on the training labels, scored on the split; their mean."""
    scores = []
    for (_, rows, labels), (_, other_rows, others) in zip(data.columns(task, 0), data.columns(task, split), strict=True):
        found = []
        for model in dummies(data.kinds[task], metric):
            model.fit(np.zeros((len(rows), 1)), labels if data.kinds[task] == "regression" else labels.astype(int))

            def score(at, wanted):
                inputs = np.zeros((len(at), 1))
                if data.kinds[task] == "regression":
                    return of_numbers(metric, wanted, model.predict(inputs))
                return of_classes(metric, wanted, model.predict_proba(inputs))
            found.append((score(rows, labels) * (-1 if metric in LOWER else 1), score(other_rows, others)))
        scores.append(max(found, key=lambda pair: pair[0])[1])
    return np.mean(scores)


class Scores(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("mixed.csv", mixed_csv())
        cls.write("mixed.toml", CONFIGURATION.replace("tiny.h5", "mixed.h5"))
        cls.make("mixed.h5", {task: names[0] for task, names in METRICS.items()})
        cls.must("train", "mixed.toml", "--quiet")

    @classmethod
    def make(cls, out, chosen):
        cls.write("description.toml", DESCRIPTION.format(**chosen))
        cls.must("import", "description.toml", "--out", out)

    def eval(self, *arguments, **options):
        return json.loads(self.succeed("eval", *arguments, "--json", **options).stdout)


class Metrics(Scores):
    """Every metric of every kind of task, of one run."""

    def columns_of(self, data, task, split, rows):
        """Of each column of a task its labels and scikit-learn's arguments: probabilities of the classes, or values."""
        predicted = rows[task].reshape(len(data.split), -1).astype(float)
        for column, at, labels in data.columns(task, split):
            if data.kinds[task] == "regression":
                yield labels, predicted[at, 0]
            elif data.kinds[task] == "multiclass":
                yield labels, predicted[at] / predicted[at].sum(axis=1, keepdims=True)
            else:
                yield labels, np.stack([1 - predicted[at, column], predicted[at, column]], axis=1)

    def expected(self, data, task, metric, split, rows):
        of = of_numbers if data.kinds[task] == "regression" else of_classes
        return np.mean([of(metric, labels, answer) for labels, answer in self.columns_of(data, task, split, rows)])

    def test_every_metric_of_a_task_is_reported_and_is_that_of_scikit_learn(self):
        self.write("all.toml", self.read("mixed.toml").decode() + "".join(
            f"[task.{task}]\nmetrics = {json.dumps(names)}\n" for task, names in METRICS.items()))
        result = self.succeed("train", "all.toml", "--json", "--quiet", "--set", "run.folder=all")
        trained, test = json.loads(result.stdout), self.eval("all", ranks=2)
        self.succeed("predict", "all", "mixed.h5", "--out", "all/predicted.h5")
        with h5py.File(self.path("all/predicted.h5")) as file:
            rows = {task: file[f"predictions/{task}"][:] for task in METRICS}
        data = Data(self.path("mixed.h5"))
        for report, split in ((trained, 1), (test, 2)):
            signed = []
            for task, names in METRICS.items():
                found = report["tasks"][task]
                self.assertEqual(found["metric"], names[0])
                self.assertEqual(list(found["metrics"]), list(names))
                self.assertEqual({"metric": names[0], **found["metrics"][names[0]]},
                                 {key: found[key] for key in ("metric", "value", "baseline")})
                for metric in names:
                    with self.subTest(task=task, metric=metric, split=split):
                        value = self.expected(data, task, metric, split, rows)
                        # Predictions and shares are rounded to float, 6e-8 of themselves.
                        self.assertAlmostEqual(found["metrics"][metric]["value"], value, delta=1e-6 * (1 + abs(value)))
                        constant = baseline(data, task, metric, split)
                        self.assertAlmostEqual(found["metrics"][metric]["baseline"], constant, delta=1e-6 * (1 + abs(constant)))
                constant = found["baseline"]
                signed.append(-constant if names[0] in LOWER else constant)
                better = found["value"] < constant if names[0] in LOWER else found["value"] > constant
                self.assertEqual(task in report["baseline"]["no_better_tasks"], not better)
            self.assertAlmostEqual(report["baseline"]["mean"], np.mean(signed), delta=1e-9)
        best = self.metrics("all", "epoch")[trained["best_epoch"] - 1]
        for task, names in METRICS.items():
            self.assertEqual(best["tasks"][task], trained["tasks"][task]["value"])
            self.assertEqual(best["metrics"][task], {m: trained["tasks"][task]["metrics"][m]["value"] for m in names})
        # They are told and shown; what is trained stays the same.
        self.assertEqual(trained["run_hash"], self.eval("run")["run_hash"])
        table = self.succeed("eval", "all").stdout
        for metric in {metric for names in METRICS.values() for metric in names}:
            self.assertIn(metric, table)
        self.succeed("report", "all", "--out", "all.html")
        page = self.read("all.html").decode()
        for task, names in METRICS.items():
            for metric in names:
                self.assertTrue(f"{best['metrics'][task][metric]:.4f}" in page, (task, metric))

    def test_the_first_metric_decides_about_the_best_epoch(self):
        for first, second in (("accuracy", "log_loss"), ("log_loss", "accuracy")):
            folder = f"first-{first}"
            report = self.train(folder, "--set", f'task.sum.metrics=["{first}", "{second}"]', "--set", 'data.tasks=["sum"]',
                                "--set", "train.epochs=6")
            sign = -1 if first in LOWER else 1
            values = [sign * line["metrics"]["sum"][first] for line in self.metrics(folder, "epoch")]
            # Of equal ones the last.
            self.assertEqual(report["best_epoch"], len(values) - values[::-1].index(max(values)))

    def test_a_description_names_several_metrics_and_wrong_ones_are_refused_at_import(self):
        description = DESCRIPTION.format(**{task: names[0] for task, names in METRICS.items()})
        several = description.replace('metric = "f1"', 'metrics = ["auc", "f1"]', 1)
        self.write("several.toml", several)
        self.succeed("import", "several.toml", "--out", "several.h5")
        with h5py.File(self.path("several.h5")) as file:
            self.assertEqual([m.decode() for m in file["tasks/flag/metrics"][:]], ["auc", "f1"])
            self.assertNotIn("metrics", file["tasks/kind"])
        report = json.loads(self.succeed("train", "mixed.toml", "--json", "--quiet", "--set", "data.file=several.h5", "--set",
                                         "run.folder=several", "--set", "train.epochs=1").stdout)
        self.assertEqual(list(report["tasks"]["flag"]["metrics"]), ["auc", "f1"])
        self.assertNotIn("metrics", report["tasks"]["kind"])
        for wrong, fragments in (('metric = "f9"', ["task.flag.metric", "'f9'", "f1"]),
                                 ('metrics = ["f1", "rmse"]', ["task.flag.metrics", "'rmse'", "binary"]),
                                 ('metrics = ["f1", "f1"]', ["task.flag.metrics", "twice"]),
                                 ('metric = "auc"\nmetrics = ["f1", "auc"]', ["first of its metrics", "f1", "auc"])):
            self.write("wrong.toml", description.replace('metric = "f1"', wrong, 1))
            with self.subTest(wrong=wrong):
                self.refuse(2, ["wrong.toml", *fragments], "import", "wrong.toml", "--out", "wrong.h5")
                # The same in a training configuration.
                self.write("wrong-train.toml", self.read("mixed.toml").decode() + f"[task.flag]\n{wrong}\n")
                self.refuse(2, fragments[1:], "train", "wrong-train.toml")


class CountedTasks(Program):
    """Which tasks count in the mean that chooses the best epoch is decided by labels, before the first epoch."""

    METRICS = ("f1", "auc", "balanced_accuracy", "mcc", "accuracy", "log_loss")

    def table(self, validation):
        """A task y that is learnt, and one p whose labels in the validation split are given."""
        source = random.Random(3)
        rows = []
        for row in range(120):
            x = [source.gauss(0, 1) for _ in range(2)]
            part = "train" if row < 80 else "validation"
            p = int(x[0] + x[1] > 0.5) if part == "train" else validation[row % len(validation)]
            rows.append(f"{x[0]:.5f},{x[1]:.5f},{int(x[0] > 0)},{p},{part}")
        return "a,b,y,p,part\n" + "\n".join(rows) + "\n"

    def epochs_of(self, metric, validation):
        self.write("counted.csv", self.table(validation))
        self.write("counted.toml", 'file = "counted.csv"\n[input.x]\ncolumns = ["a", "b"]\n[task.y]\ncolumn = "y"\nkind = "binary"\nmetric = "accuracy"\n' +
                   f'[task.p]\ncolumn = "p"\nkind = "binary"\nmetric = "{metric}"\n[split]\ncolumn = "part"\n')
        self.succeed("import", "counted.toml", "--out", "counted.h5", "--overwrite")
        # A rate at which the predictions of both tasks flip back and forth.
        self.write("counted-train.toml", '[data]\nfile = "counted.h5"\n[circuit]\nqubits = 4\n[train]\nepochs = 8\npatience = 0\nlearning_rate = 0.3\n')
        done = self.succeed("train", "counted-train.toml", "--overwrite", "--set", "run.folder=counted", "--json")
        return json.loads(done.stdout), self.metrics("counted", "epoch"), done.stderr

    def test_the_set_is_the_same_in_every_epoch_whatever_is_predicted(self):
        left_out = set()
        for metric in self.METRICS:
            for name, validation in (("none", [0]), ("all", [1]), ("both", [0, 1]), ("missing", [""])):
                with self.subTest(metric=metric, validation=name):
                    report, epochs, said = self.epochs_of(metric, validation)
                    scored = {tuple(task for task, value in line["tasks"].items() if value is not None) for line in epochs}
                    self.assertEqual(len(scored), 1, scored)
                    out = "p" not in next(iter(scored))
                    self.assertEqual(f"task p: the labels of the validation split have no {metric}" in said, out, said)
                    for line in epochs:
                        values = [value if task == "y" or metric != "log_loss" else -value
                                  for task, value in line["tasks"].items() if value is not None]
                        self.assertAlmostEqual(line["validation_mean"], sum(values) / len(values), places=12)
                    means = [line["validation_mean"] for line in epochs]
                    self.assertEqual(report["best_epoch"], len(means) - means[::-1].index(max(means)))  # of equal ones the last
                    if out:
                        left_out.add((metric, name))
        self.assertIn(("f1", "none"), left_out)
        self.assertIn(("auc", "all"), left_out)
        self.assertIn(("accuracy", "missing"), left_out)
        self.assertNotIn(("f1", "both"), left_out)

    def test_without_any_score_the_last_epoch_is_kept_and_that_is_said(self):
        text = self.table([1])
        for name, table, words in (("no samples", text.replace("validation", "train"), "the validation split has no samples"),
                                   ("no labels", "\n".join(re.sub(r",[01]?,[01]?,validation$", ",,,validation", line) for line in text.split("\n")),
                                    "the validation split has no score")):
            with self.subTest(name=name):
                self.write("last.csv", table)
                self.write("last.toml", 'file = "last.csv"\n[input.x]\ncolumns = ["a", "b"]\n[task.y]\ncolumn = "y"\nkind = "binary"\n' +
                           '[task.p]\ncolumn = "p"\nkind = "binary"\n[split]\ncolumn = "part"\n')
                self.succeed("import", "last.toml", "--out", "last.h5", "--overwrite")
                self.write("last-train.toml", '[data]\nfile = "last.h5"\n[circuit]\nqubits = 4\n[train]\nepochs = 5\npatience = 2\n')
                done = self.succeed("train", "last-train.toml", "--overwrite", "--set", "run.folder=last", "--json")
                self.assertEqual(done.stderr.count("the last one is kept"), 1, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertNotIn("nan", done.stderr)
                report = json.loads(done.stdout)
                self.assertEqual((report["epochs"], report["best_epoch"], report["mean"]), (5, 5, None))
                with h5py.File(self.path("last/checkpoints/best.h5")) as best:
                    self.assertEqual(best.attrs["run_hash"], report["run_hash"].encode())


class Baseline(Scores):
    def test_tasks_that_are_no_better_are_said_in_one_warning(self):
        # Nothing is learnt at a rate of 1e-9.
        result = self.succeed("train", "mixed.toml", "--set", "run.folder=lazy", "--set", "train.learning_rate=1e-9")
        said = [line for line in result.stderr.splitlines() if "the best constant answer" in line]
        self.assertEqual(len(said), 1, result.stderr)
        self.assertIn("baseline", result.stdout)
        evaluated = self.eval("lazy", "--split", "validation")
        for task in evaluated["baseline"]["no_better_tasks"]:
            self.assertIn(task, said[0].split("constant answer:")[1])
        self.assertIn("value", evaluated["baseline"]["no_better_tasks"])

    def test_a_strange_data_set_is_judged_by_the_constants_of_the_training_labels(self):
        rows = list(csv.reader(mixed_csv().splitlines()))
        kept = [rows[0]] + [[*row[:-1], "test"] for row in rows[1:] if row[-1] == "test"]
        self.write("strange.csv", "\n".join(",".join(row) for row in kept) + "\n")
        self.write("strange.toml", DESCRIPTION.format(**{t: n[0] for t, n in METRICS.items()}).replace("mixed.csv", "strange.csv"))
        self.must("import", "strange.toml", "--out", "strange.h5")
        here = self.eval("run")
        there = self.eval("run", "--data", "strange.h5")
        self.assertEqual(there["tasks"], here["tasks"])
        # Without the training labels nobody knows a baseline.
        os.rename(self.path("mixed.h5"), self.path("away.h5"))
        try:
            alone = self.eval("run", "--data", "strange.h5")
        finally:
            os.rename(self.path("away.h5"), self.path("mixed.h5"))
        self.assertNotIn("baseline", alone)
        self.assertEqual({t: v["value"] for t, v in alone["tasks"].items()}, {t: v["value"] for t, v in here["tasks"].items()})

    def test_a_comparison_has_the_baseline_as_its_last_row(self):
        self.write("compare.toml", """
config = "mixed.toml"
seeds = [1, 2]
[splits]
kind = "file"
[[variant]]
name = "quantum"
[[variant]]
name = "lazy"
set = { "train.learning_rate" = 1e-9, "head.kind" = "linear" }
""")
        result = json.loads(self.succeed("compare", "compare.toml", "--json", "--quiet", "--folder", "compared").stdout)
        data = Data(self.path("mixed.h5"))
        for task, names in METRICS.items():
            expected = baseline(data, task, names[0], 2)
            self.assertAlmostEqual(result["baseline"]["tasks"][task]["mean"], expected, delta=1e-6 * (1 + abs(expected)))
            for variant in result["variants"]:
                mean = np.mean([run["tasks"][task] for run in variant["runs"]])
                better = mean < expected if names[0] in LOWER else mean > expected
                self.assertEqual(task in variant["no_better_tasks"], not better, (variant["name"], task))
        self.assertIn("kind", result["variants"][1]["no_better_tasks"])
        table = self.read("compared/table.md").decode()
        self.assertIn("\n| baseline | 0 | 0 |", table)
        self.assertIn("No better than it is lazy in ", table)
        self.succeed("report", "compared", "--out", "compared.html")
        page = self.read("compared.html").decode()
        self.assertTrue("constant answer" in page)
        self.assertTrue("no better" in page)


if __name__ == "__main__":
    main()
