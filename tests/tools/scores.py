#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a score says, from outside: `eval`, `train` and `compare` against scikit-learn on the same labels and predictions."""

import csv
import json
import os
import random
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

    @classmethod
    def must(cls, *arguments, **options):
        done = cls.run_program(*arguments, **options)
        if done.returncode != 0:
            raise RuntimeError(f"qmtl {' '.join(arguments)}: {done.stderr}")
        return done

    def eval(self, *arguments, **options):
        return json.loads(self.succeed("eval", *arguments, "--json", **options).stdout)


class Baseline(Scores):
    def test_every_score_stands_beside_that_of_the_best_constant_answer(self):
        # A run for each round of metrics: the data set decides which one a task is scored by.
        for turn in range(max(len(names) for names in METRICS.values())):
            chosen = {task: names[turn % len(names)] for task, names in METRICS.items()}
            self.make(f"round{turn}.h5", chosen)
            data = Data(self.path(f"round{turn}.h5"))
            trained = json.loads(self.succeed("train", "mixed.toml", "--json", "--quiet", "--set", f"data.file=round{turn}.h5",
                                              "--set", f"run.folder=round{turn}", "--set", "train.epochs=1").stdout)
            test = self.eval(f"round{turn}", ranks=turn % 3)
            for report, split in ((trained, 1), (test, 2)):
                signed = []
                for task, metric in chosen.items():
                    with self.subTest(task=task, metric=metric, split=split):
                        found = report["tasks"][task]
                        self.assertEqual(found["metric"], metric)
                        expected = baseline(data, task, metric, split)
                        # Shares and means are rounded to float, 6e-8 of themselves.
                        self.assertAlmostEqual(found["baseline"], expected, delta=1e-6 * (1 + abs(expected)))
                        signed.append(-expected if metric in LOWER else expected)
                        better = found["value"] < expected if metric in LOWER else found["value"] > expected
                        self.assertEqual(task in report["baseline"]["no_better_tasks"], not better)
                self.assertAlmostEqual(report["baseline"]["mean"], np.mean(signed), delta=1e-5)

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
        self.assertIn("constant answer", page)
        self.assertIn("no better", page)


if __name__ == "__main__":
    main()
