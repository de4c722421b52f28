#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl eval` takes decisions apart: classes, confusions and calibration against scikit-learn and numpy, thresholds, and
permutation importance against data sets whose columns are permuted here."""

import csv
import json
import math
import os
import sys

import h5py
import numpy as np
from sklearn import metrics

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scores
from harness import CONFIGURATION, main
from scores import LOWER, Data, of_classes


class Evaluation(scores.Scores):
    """The mixed data set with all metrics, trained long enough that thresholds and features matter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("trained.toml", cls.read("mixed.toml").decode() + "".join(
            f"[task.{task}]\nmetrics = {json.dumps(names)}\n" for task, names in scores.METRICS.items()))
        cls.must("train", "trained.toml", "--quiet", "--set", "run.folder=trained", "--set", "train.epochs=30",
                 "--set", "train.learning_rate=0.02")
        cls.must("predict", "trained", "mixed.h5", "--out", "predicted.h5")
        cls.data = Data(cls.path("mixed.h5"))
        with h5py.File(cls.path("predicted.h5")) as file:
            cls.predicted = {task: file[f"predictions/{task}"][:].astype(float) for task in scores.METRICS}

    def columns(self, task, split):
        """Of each column of a task of classes: labels, and probabilities of the classes."""
        answers = self.predicted[task].reshape(len(self.data.split), -1)
        for column, rows, labels in self.data.columns(task, split):
            if self.data.kinds[task] == "multiclass":
                yield labels.astype(int), answers[rows]
            else:
                yield labels.astype(int), np.stack([1 - answers[rows, column], answers[rows, column]], axis=1)


class Classes(Evaluation):
    def test_precision_recall_f1_and_support_are_those_of_scikit_learn(self):
        test = self.eval("trained")
        for task in ("flag", "kind", "tags"):
            found = test["tasks"][task]["per_class"]
            expected = []
            for labels, probability in self.columns(task, 2):
                classes = np.arange(probability.shape[1])
                chosen = probability.argmax(axis=1) if len(classes) > 2 else (probability[:, 1] > 0.5).astype(int)
                rows = list(zip(*metrics.precision_recall_fscore_support(labels, chosen, labels=classes, zero_division=0)))
                matrix = metrics.confusion_matrix(labels, chosen, labels=classes)
                predicted = matrix.sum(axis=0)
                rows = [(row, predicted[c]) for c, row in enumerate(rows)]
                expected += rows[1:] if task == "tags" else rows
            self.assertEqual(len(found), len(expected))
            for one, ((precision, recall, f1, support), predicted) in zip(found, expected, strict=True):
                with self.subTest(task=task, name=one["name"]):
                    # Where scikit-learn says 0 for want of a prediction, nothing is said here.
                    self.assertEqual(one["precision"] is None, predicted == 0)
                    for value, other in ((one["precision"] or 0, precision), (one["recall"] or 0, recall), (one["f1"] or 0, f1)):
                        self.assertAlmostEqual(value, other, places=14)
                    self.assertEqual(one["support"], support)
        self.assertEqual([c["name"] for c in test["tasks"]["kind"]["per_class"]], list("abcd"))
        self.assertEqual([c["name"] for c in test["tasks"]["tags"]["per_class"]], ["t0", "t1", "t2"])
        self.assertNotIn("per_class", test["tasks"]["value"])

    def test_confusion_matrices_are_those_of_scikit_learn(self):
        test = self.eval("trained", "--split", "train")
        for task in ("flag", "kind", "tags"):
            expected = []
            for labels, probability in self.columns(task, 0):
                classes = np.arange(probability.shape[1])
                chosen = probability.argmax(axis=1) if len(classes) > 2 else (probability[:, 1] > 0.5).astype(int)
                expected.append(metrics.confusion_matrix(labels, chosen, labels=classes).tolist())
            self.assertEqual(test["tasks"][task]["confusion"], expected if task == "tags" else expected[0])

    def test_calibration_is_that_of_numpy(self):
        test = self.eval("trained", "--split", "train")
        for task in ("flag", "kind", "tags"):
            probability, true = [], []
            for labels, answers in self.columns(task, 0):
                if task == "kind":
                    probability += list(answers.max(axis=1))
                    true += list(answers.argmax(axis=1) == labels)
                else:
                    probability += list(answers[:, 1])
                    true += list(labels == 1)
            probability, true = np.array(probability), np.array(true)
            bins = np.minimum((probability * 10).astype(int), 9)
            found = test["tasks"][task]["calibration"]
            error = 0.0
            for b, one in enumerate(found["bins"]):
                inside = bins == b
                self.assertEqual((one["low"], one["high"], one["count"]), (b / 10, (b + 1) / 10, inside.sum()))
                if not inside.any():
                    self.assertEqual((one["probability"], one["frequency"]), (None, None))
                    continue
                # Predictions are rounded to float, 6e-8 of themselves.
                self.assertAlmostEqual(one["probability"], probability[inside].mean(), delta=1e-6)
                self.assertAlmostEqual(one["frequency"], true[inside].mean(), places=12)
                error += inside.mean() * abs(probability[inside].mean() - true[inside].mean())
            self.assertAlmostEqual(found["expected_error"], error, delta=1e-6)

    def test_the_text_shows_classes_where_that_is_short_and_on_request(self):
        text = self.succeed("eval", "trained").stdout
        for word in ("precision", "as b", "support", "t2", "expected calibration error"):
            self.assertIn(word, text)
        self.assertNotIn("frequency", text)
        self.assertIn("0.9 to 1.0", self.succeed("eval", "trained", "--classes").stdout)

    def test_the_report_shows_what_train_and_eval_kept(self):
        kept = json.loads(self.read("trained/evaluation-validation.json"))
        now = self.eval("trained", "--split", "validation")
        for key in ("seconds", "samples_per_second", "steps", "epochs", "checkpoint"):
            now.pop(key), kept.pop(key, None)
        self.assertEqual(kept, now)
        self.succeed("eval", "trained", "--threshold", "f1", "--importance", "--out", "trained/evaluation-test.json", "--json")
        made = json.loads(self.succeed("report", "trained", "--json", "--out", "trained.html").stdout)
        self.assertEqual([section["kind"] for section in made["sections"]], ["run"])
        page = self.read("trained.html").decode()
        for text in ("Evaluation on validation", "Evaluation on test", "Permutation importance", "Calibration",
                     "kind: expected calibration error", "as b", "false 1", "Thresholds, chosen on validation"):
            self.assertTrue(text in page, text)
        # The file alone is a section of its own; another run's is not taken for this one's.
        alone = json.loads(self.succeed("report", "trained/evaluation-test.json", "--json", "--out", "alone.html").stdout)
        self.assertEqual([section["kind"] for section in alone["sections"]], ["eval"])
        self.assertFalse("Of another state" in page)
        old = json.loads(self.read("trained/evaluation-test.json"))
        self.write("trained/evaluation-old.json", json.dumps(dict(old, run_hash="0" * 64)))
        self.succeed("report", "trained", "--out", "old.html")
        self.assertTrue("Of another state of this run" in self.read("old.html").decode())
        os.remove(self.path("trained/evaluation-old.json"))
        # What is damaged is named; what is no evaluation is never replaced.
        self.write("bad.json", json.dumps(dict(old, tasks={"flag": {"metric": "f1"}})))
        self.refuse(3, ["bad.json", "tasks.flag.value"], "report", "bad.json", "--out", "bad.html")
        self.refuse(2, ["mixed.toml", "earlier evaluation"], "eval", "trained", "--out", "mixed.toml")


class Thresholds(Evaluation):
    def test_thresholds_are_the_best_on_validation_and_decide_on_test(self):
        for metric in ("f1", "accuracy", "balanced_accuracy", "macro_f1", "mcc"):
            test = self.eval("trained", "--threshold", metric)
            plain = self.eval("trained")
            for task in ("flag", "tags"):
                outputs = test["tasks"][task]["threshold"]["outputs"]
                validation, others = list(self.columns(task, 1)), list(self.columns(task, 2))
                self.assertEqual(len(outputs), len(validation))
                values = []
                for one, (labels, probability), (test_labels, test_probability) in zip(outputs, validation, others):
                    with self.subTest(task=task, metric=metric):
                        self.assertAlmostEqual(one["probability"], 1 / (1 + math.exp(-one["logit"])), places=14)
                        p = np.sort(np.unique(probability[:, 1]))
                        candidates = np.concatenate([[0.0], (p[1:] + p[:-1]) / 2, [1.0], [0.5]])
                        best = max(self.at(metric, labels, probability, c) for c in candidates)
                        self.assertAlmostEqual(one["score"], best, places=12)
                        self.assertAlmostEqual(self.at(metric, labels, probability, one["probability"]), best, places=12)
                        self.assertAlmostEqual(one["score_at_half"], self.at(metric, labels, probability, 0.5), places=12)
                    values.append(self.at(metric, test_labels, test_probability, one["probability"]))
                found = test["tasks"][task]["metrics"]
                self.assertAlmostEqual(found[metric]["value"], np.mean(values), places=12)
                # What is no decision stays what it was.
                for other in ("auc", "log_loss"):
                    self.assertEqual(found[other], plain["tasks"][task]["metrics"][other])
                self.assertEqual(test["tasks"][task]["value_at_half"], plain["tasks"][task]["value"])
            for task in ("kind", "value"):
                self.assertEqual(test["tasks"][task], plain["tasks"][task])
            predicted = sum(row[1] for row in test["tasks"]["flag"]["confusion"])
            labels, probability = list(self.columns("flag", 2))[0]
            limit = test["tasks"]["flag"]["threshold"]["outputs"][0]["probability"]
            self.assertEqual(predicted, (probability[:, 1] > limit).sum())

    @staticmethod
    def at(metric, labels, probability, threshold):
        """scikit-learn's score of the decisions at a threshold."""
        decided = (probability[:, 1] > threshold).astype(float)
        return of_classes(metric, labels, np.stack([1 - decided, decided], axis=1))

    def test_predictions_are_decided_at_the_thresholds_that_eval_kept(self):
        kept = self.eval("trained", "--threshold", "f1", "--out", "kept.json")
        limit = kept["tasks"]["flag"]["threshold"]["outputs"][0]["probability"]
        self.assertGreater(abs(limit - 0.5), 0.01)
        self.succeed("predict", "trained", "mixed.h5", "--out", "plain.csv")
        for ranks in (0, 2):
            self.succeed("predict", "trained", "mixed.h5", "--out", "decided.csv", "--thresholds", "kept.json", "--overwrite",
                         ranks=ranks)
            rows, plain = (list(csv.DictReader(self.read(name).decode().splitlines())) for name in ("decided.csv", "plain.csv"))
            moved = 0
            for row, other in zip(rows, plain, strict=True):
                self.assertEqual(row["flag.class"], str(int(float(row["flag.probability"]) > limit)))
                moved += row["flag.class"] != other["flag.class"]
                for column in row:
                    if column != "flag.class":
                        self.assertEqual(row[column], other[column])
            self.assertGreater(moved, 0)
        told = json.loads(self.succeed("predict", "trained", "mixed.h5", "--json", "--thresholds", "kept.json").stdout)
        self.assertEqual(told["tasks"]["flag"]["thresholds"], [limit])
        self.assertEqual([one["flag"]["class"] for one in told["predictions"]], [row["flag.class"] for row in rows])
        # Those of another model, and files without any, are refused.
        self.write("strange.json", json.dumps(dict(kept, run_hash="0" * 64)))
        self.refuse(3, ["strange.json", "run hash", "choose them again"], "predict", "trained", "mixed.h5", "--out", "no.csv",
                    "--thresholds", "strange.json")
        self.eval("trained", "--out", "none.json")
        self.refuse(3, ["none.json", "found none"], "predict", "trained", "mixed.h5", "--out", "no.csv", "--thresholds", "none.json")
        self.refuse(3, ["absent.json"], "predict", "trained", "mixed.h5", "--out", "no.csv", "--thresholds", "absent.json")

    def test_each_task_may_go_by_its_own_metric(self):
        test = self.eval("trained", "--threshold", "own", ranks=2)
        for task in ("flag", "tags"):
            self.assertEqual(test["tasks"][task]["threshold"]["metric"], scores.METRICS[task][0])
        self.assertIn("probability", self.succeed("eval", "trained", "--threshold", "own").stdout)
        self.assertEqual(test["tasks"], self.eval("trained", "--threshold", "f1")["tasks"])

    def test_what_has_no_threshold_is_refused(self):
        self.refuse(2, ["--threshold", "auc", "macro_f1", "own"], "eval", "trained", "--threshold", "auc")
        self.write("numbers.toml", self.read("mixed.toml").decode().replace('file = "mixed.h5"',
                                                                            'file = "mixed.h5"\ntasks = ["value"]'))
        self.must("train", "numbers.toml", "--quiet", "--set", "run.folder=numbers", "--set", "train.epochs=1")
        self.refuse(2, ["binary or multilabel task", "none"], "eval", "numbers", "--threshold", "f1")


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def order_of(rows, repeat):
    """The order of the rows in one repeat: Fisher and Yates, its stream keyed by seed 0 and the purpose 18."""
    key = philox([0, 0, 18, 0], [0x716D746C, 0x6B657973])[:2]
    order = list(range(rows))
    for last in range(rows - 1, 0, -1):
        word = philox([repeat, 0, 0, last], key)
        other = (((word[0] << 32) | word[1]) * (last + 1)) >> 64
        order[last], order[other] = order[other], order[last]
    return order


class Importance(Evaluation):
    def test_drops_are_those_of_data_sets_with_permuted_columns(self):
        self.check_drops()

    def test_decisions_are_taken_at_the_thresholds_in_the_repeats_too(self):
        at_half = self.eval("trained", "--importance=2")
        found = self.check_drops("--threshold", "accuracy")
        self.assertNotEqual(found["importance"], at_half["importance"])

    def check_drops(self, *options):
        repeats = 2
        found = self.eval("trained", f"--importance={repeats}", *options)
        self.assertEqual(found["importance"]["repeats"], repeats)
        features = {one["feature"]: one for one in found["importance"]["features"]}
        self.assertEqual(set(features), {f"a{i}" for i in range(6)})
        drops = [one["drop"] for one in found["importance"]["features"]]
        self.assertEqual(drops, sorted(drops, reverse=True))
        for column in range(6):
            each = []
            for repeat in range(repeats):
                with h5py.File(self.path("mixed.h5")) as whole, h5py.File(self.path("permuted.h5"), "w") as file:
                    for name in whole:
                        whole.copy(name, file)
                    for key, value in whole.attrs.items():
                        if key != "hash":
                            file.attrs[key] = value
                    rows = np.flatnonzero(whole["split"][:] == 2)
                    values = whole["inputs/x"][:]
                    values[rows, column] = values[rows[order_of(len(rows), repeat)], column]
                    file["inputs/x"][:] = values
                each.append(self.eval("trained", "--data", "permuted.h5", *options))
            one = features[f"a{column}"]
            mean = [found["mean"] - other["mean"] for other in each]
            self.assertAlmostEqual(one["drop"], np.mean(mean), places=12)
            # Student's t with one degree of freedom: 12.706.
            half = 12.7062 * np.std(mean, ddof=1) / math.sqrt(repeats)
            self.assertAlmostEqual(one["high"] - one["low"], 2 * half, delta=1e-4 * half)
            for task in scores.METRICS:
                sign = -1 if found["tasks"][task]["metric"] in LOWER else 1
                drop = np.mean([found["tasks"][task]["value"] - other["tasks"][task]["value"] for other in each])
                self.assertAlmostEqual(one["tasks"][task]["drop"], sign * drop, places=12)
        return found

    def test_ranks_and_threads_give_the_same_numbers(self):
        expected = self.eval("trained", "--importance=3", "--threads", "1")["importance"]
        for ranks, threads in ((0, 2), (2, 1), (3, 2)):
            self.assertEqual(self.eval("trained", "--importance=3", "--threads", str(threads), ranks=ranks)["importance"],
                             expected)
        # One repeat has no interval, and no more than the first of several.
        single = self.eval("trained", "--importance=1")["importance"]
        self.assertTrue(all(one["low"] is None for one in single["features"]))

    def test_the_numbers_of_a_category_are_permuted_together(self):
        generator = np.random.default_rng(4)
        lines = ["size,job,noise,label,split"]
        for row in range(150):
            job = ("cook", "clerk", "judge", "")[generator.integers(4)]
            size = "" if row % 11 == 0 else f"{generator.normal():.4f}"
            label = int(job == "cook" or float(size or 0) > 1)
            lines.append(f"{size},{job},{generator.normal():.4f},{label},{('train', 'validation', 'test')[row % 3]}")
        self.write("jobs.csv", "\n".join(lines) + "\n")
        self.write("jobs-import.toml", """
file = "jobs.csv"
[input.person]
columns = ["size", "job", "noise"]
one_hot = ["job"]
missing = "median"
[task.label]
column = "label"
kind = "binary"
[split]
column = "split"
""")
        self.must("import", "jobs-import.toml", "--out", "jobs.h5")
        self.write("jobs.toml", CONFIGURATION.replace("tiny.h5", "jobs.h5").replace('folder = "run"', 'folder = "jobs"'))
        self.must("train", "jobs.toml", "--quiet", "--set", "train.epochs=20", "--set", "train.learning_rate=0.03")
        found = self.eval("jobs", "--importance")["importance"]["features"]
        numbers = {one["feature"]: one["numbers"] for one in found}
        self.assertEqual(set(numbers), {"size", "job", "noise"})
        self.assertEqual(numbers["size"], 2)
        self.assertGreaterEqual(numbers["job"], 3)
        self.assertEqual(found[0]["feature"], "job")
        text = self.succeed("eval", "jobs", "--importance").stdout
        self.assertIn("importance:", text)
        self.assertIn("job", text.split("importance:")[1])


if __name__ == "__main__":
    main()
