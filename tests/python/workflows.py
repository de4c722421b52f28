#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the package does with models beside predicting, against the program: run folders, evaluation, noise, plans, replay."""

import io
import json
import os
import pathlib
import signal

import door

qmtl = door.the_package("h5py")
import numpy as np
from door import CONFIG, HEADS, TASKS, points
from harness import Program, main

from qmtl.configuration import to_toml
from qmtl.progress import Bar

NOISE = """
[[gate]]
names = ["cz"]
channels = [{ kind = "depolarising", probability = 0.02 }]
[[readout]]
p1_given_0 = 0.03
p0_given_1 = 0.06
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Workflows(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.x, cls.y, cls.split = points()
        cls.model = qmtl.train(cls.x, cls.y, TASKS, CONFIG, split=cls.split)

    def program(self, *arguments):
        return json.loads(self.succeed(*arguments, "--json").stdout)

    def test_a_run_is_one_of_the_programs_and_has_the_same_bits(self):
        run = self.path("run")
        model = qmtl.train(self.x, self.y, TASKS, CONFIG, split=self.split, run=run)
        self.assertEqual(model.run_hash, self.model.run_hash)
        self.assertEqual(qmtl.read_metrics(run)["epoch"].tolist(), [1, 2, 3, 4])
        told = self.program("eval", "run", "--split", "validation")
        self.assertEqual(told["run_hash"], model.run_hash)
        # The program trains it again from what lies there.
        self.succeed("train", "run/train.toml", "--quiet", "--set", "data.file=run/data.h5", "--set", "run.folder=again",
                     "--set", 'data.tasks=["side", "third", "distance"]')
        self.assertEqual(qmtl.Model.load(self.path("again")).run_hash, model.run_hash)
        with self.assertRaisesRegex(qmtl.UsageError, "mode='resume'"):
            qmtl.train(self.x + 1, self.y, TASKS, CONFIG, split=self.split, run=run)
        with self.assertRaisesRegex(qmtl.DataError, "others"):
            qmtl.train(self.x + 1, self.y, TASKS, CONFIG, split=self.split, run=run, mode="resume")
        with self.assertRaisesRegex(qmtl.UsageError, "fresh, resume or overwrite"):
            qmtl.train(self.x, self.y, TASKS, CONFIG, split=self.split, run=run, mode="again")
        self.assertEqual(qmtl.train(self.x, self.y, TASKS, CONFIG, split=self.split, run=run, mode="overwrite").run_hash,
                         model.run_hash)

    def test_an_interrupted_run_goes_on_to_the_same_bits(self):
        run, seen = self.path("interrupted"), []

        def interrupt(epoch):
            seen.append(epoch.number)
            if epoch.number == 2:
                signal.raise_signal(signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt):
            qmtl.train(self.x, self.y, TASKS, CONFIG, split=self.split, run=run, on_epoch=interrupt)
        model = qmtl.train(self.x, self.y, TASKS, CONFIG, split=self.split, run=run, mode="resume", on_epoch=interrupt)
        self.assertEqual(model.run_hash, self.model.run_hash)
        self.assertEqual(seen, [1, 2, 3, 4])

    def test_a_configuration_is_run_as_the_program_runs_it(self):
        self.succeed("train", "train.toml", "--quiet", "--set", "run.folder=program")
        settings = [f"run.folder={self.path('door')}", f"data.file={self.path('tiny.h5')}"]
        model = qmtl.run(pathlib.Path(self.path("train.toml")), settings=settings)
        self.assertEqual(model.run_hash, qmtl.Model.load(self.path("program")).run_hash)
        with self.assertRaisesRegex(qmtl.UsageError, "data.file"):
            qmtl.run({"train": {"epochs": 1}})

    def test_scores_are_those_of_the_programs_eval(self):
        self.model.save(self.path("model.h5"))
        self.model.save_data(self.path("all.h5"), self.x, self.y, split=self.split)
        self.write("noise.toml", NOISE)
        told = self.program("eval", "model.h5", "--data", "all.h5", "--threshold", "own", "--importance", "2", "--noise",
                            "noise.toml", "--shots", "50", "--seed", "3")
        found = self.model.evaluate(self.x, self.y, split=self.split, threshold="own", importance=2,
                                    noise=self.path("noise.toml"), shots=50, seed=3)
        for scores in (told, found):  # what each call has of its own
            for key in ("seconds", "samples_per_second", "checkpoint"):
                scores.pop(key, None)
            scores["noise"].pop("seconds")
            scores["noise"].pop("file")
        self.assertEqual(found, told)
        self.assertEqual(self.model.noise(self.x[self.split == 2], self.y[self.split == 2], self.path("noise.toml"))["method"],
                         "density")
        alone = self.model.evaluate(self.x[self.split == 2], self.y[self.split == 2])
        both = self.model.evaluate(self.x, self.y, split=self.split)
        for name in ("side", "third"):
            self.assertEqual(alone["tasks"][name]["confusion"], both["tasks"][name]["confusion"])
        for action, kind, words in (
                (lambda: self.model.evaluate(self.x, self.y[:, :2]), qmtl.DataError, "3 columns|columns"),
                (lambda: self.model.evaluate(self.x, self.y[:5]), qmtl.DataError, "90 rows"),
                (lambda: self.model.evaluate(self.x[:, :1], self.y), qmtl.UsageError, "2 columns"),
                (lambda: self.model.evaluate(self.x, self.y, threshold="auc"), qmtl.DataError, "validation"),
                (lambda: self.model.evaluate(self.x, self.y, noise="nothing.toml"), qmtl.Error, "nothing.toml"),
                (lambda: self.model.noise(self.x, self.y), ValueError, "neither")):
            with self.assertRaisesRegex(kind, words):
                action()

    def test_plans_are_those_of_the_program(self):
        run = self.path("planned")
        model = qmtl.train(self.x, self.y, TASKS, CONFIG, split=self.split, run=run)
        told = self.program("plan", "planned/config.toml")
        plan = model.plan()
        self.assertEqual(plan, told)
        head = model.head().plan()
        for key in ("qubits", "angles", "plan", "outputs", "flops", "dead"):
            self.assertEqual(head[key], told[key], key)
        self.assertEqual(head["parameters"]["head"], told["parameters"]["head"])
        z = np.ones((2, model.head().width), np.float32)
        model.save(self.path("planned.h5"))
        np.testing.assert_array_equal(model.head()(z), qmtl.Head.load(self.path("planned.h5"))(z))

    def test_shot_noise_is_that_of_so_many_measurements(self):
        head = qmtl.Head("a", {"circuit": {"qubits": 2}, "block": {"size": 1, "readout": "first"}, "train": {"shots": 100},
                               "task": {"a": {"scale": 1.0, "bias": 0.0}}})
        z = np.tile(np.random.default_rng(0).normal(size=(1, head.width)), (4000, 1))
        exact, noisy = head(z), head.forward(z, noise=(7, 0))
        value = exact[0, 0]
        # The mean of 4000 normals of deviation s, and their variance: five standard errors.
        deviation = np.sqrt((1 - value**2) / 100)
        self.assertLess(abs(noisy.mean() - value), 5 * deviation / np.sqrt(4000))
        self.assertLess(abs(noisy.var() / deviation**2 - 1), 5 * np.sqrt(2 / 4000))
        np.testing.assert_array_equal(noisy, head.forward(z, noise=(7, 0)))
        self.assertFalse(np.array_equal(noisy, head.forward(z, noise=(7, 1))))
        # Logits are affine in the expectations, so that slopes are those without noise.
        c = np.ones_like(exact)
        for one, two in zip(head.vjp(z, c), head.vjp(z, c, noise=(7, 0))):
            np.testing.assert_array_equal(one, two)
        quiet = qmtl.Head("a", HEADS["qmtl"])
        z = np.ones((3, quiet.width))
        np.testing.assert_array_equal(quiet.forward(z, noise=(1, 2)), quiet(z))
        with self.assertRaisesRegex(TypeError, "noise: expected"):
            quiet.forward(z, noise=3)

    def test_names_go_with_the_model_and_match_new_tables(self):
        class Frame:  # what a data frame is to the package
            def __init__(self, values, columns):
                self.values, self.columns = np.asarray(values), list(columns)

            def __array__(self, dtype=None, copy=None):
                return self.values if dtype is None else self.values.astype(dtype)

            def __getitem__(self, names):
                return Frame(self.values[:, [self.columns.index(name) for name in names]], names)

            def __len__(self):
                return len(self.values)

        frame = Frame(self.x, ["width", "height"])
        model = qmtl.train(frame, self.y, TASKS, CONFIG, split=self.split, classes={"third": ["a", "b", "c"]})
        self.assertEqual(model.run_hash, self.model.run_hash)  # names decide nothing
        self.assertEqual((model.columns, model.classes["third"]), (["width", "height"], ["a", "b", "c"]))
        expected = model.predict(self.x)
        np.testing.assert_array_equal(model.predict(Frame(self.x[:, ::-1], ["height", "width"])), expected)
        np.testing.assert_array_equal(model.predict(Frame(np.hstack([self.x, self.x]), ["width", "height", "a", "b"])), expected)
        with self.assertRaisesRegex(ValueError, "none called height"):
            model.predict(Frame(self.x, ["width", "depth"]))
        model.save(self.path("named.h5"))
        lines = ["height,width", *(f"{b:.9g},{a:.9g}" for a, b in self.x)]
        self.write("new.csv", "\n".join(lines) + "\n")
        self.succeed("predict", "named.h5", "new.csv", "--out", "named-out.csv")
        header = pathlib.Path(self.path("named-out.csv")).read_text().splitlines()[0]
        self.assertIn("third.probability.b", header)
        for wrong, words in (({"columns": ["one"]}, "columns: expected 2 names"), ({"classes": {"third": ["a"]}}, "third.*3 names"),
                             ({"classes": {"fourth": ["a"]}}, "fourth")):
            with self.assertRaisesRegex(ValueError, words):
                qmtl.train(self.x, self.y, TASKS, CONFIG, split=self.split, **wrong)

    def test_progress_is_a_line_that_changes_and_says_how_it_ended(self):
        for stream, ends in ((Terminal(), "\r"), (io.StringIO(), "\n")):
            bar = Bar(stream)
            from qmtl.model import _core, _followers
            samples = (self.x, self.y, qmtl.configuration.task_list(TASKS), [], self.split, [0.8, 0.2, 0.0], 1, [], [])
            _core.train(*samples, to_toml(CONFIG), *_followers(bar, None))
            bar.close()
            text = stream.getvalue()
            self.assertIn("epoch 1/4 [", text)
            self.assertIn(ends, text)
            self.assertIn("4 epochs in 00:0", text.splitlines()[-1] if ends == "\n" else text.split("\r")[-1])

    def test_a_report_is_one_page_about_the_model_and_its_scores(self):
        page = self.model.report(self.path("model.html"), self.x, self.y, split=self.split, title="Points & thirds")
        text = page.read_text(encoding="utf-8")
        self.assertTrue(text.startswith("<!doctype html>"))
        for words in ("Points &amp; thirds", "head parameters", self.model.run_hash, *TASKS):
            self.assertIn(words, text)
        self.assertNotIn("Loss per epoch", text)
        run = qmtl.train(self.x, self.y, TASKS, CONFIG, split=self.split, run=self.path("reported"))
        with_curves = run.report(self.path("run.html")).read_text(encoding="utf-8")
        self.assertIn("Training and validation loss per epoch", with_curves)
        # The program's page of the folder is the same.
        written = qmtl.report(self.path("reported"))
        self.assertEqual(written.read_text(encoding="utf-8"), with_curves)
        self.succeed("report", "reported", "--out", "program.html", "--quiet")
        self.assertEqual(pathlib.Path(self.path("program.html")).read_text(encoding="utf-8"), with_curves)
        other = pathlib.Path(self.path("other.txt"))
        other.write_text("mine")
        with self.assertRaisesRegex(qmtl.UsageError, "other.txt"):
            self.model.report(other)
        with self.assertRaisesRegex(qmtl.DataError, "nowhere"):
            qmtl.report(self.path("nowhere"))
        with self.assertRaisesRegex(ValueError, "both x and y"):
            self.model.report(self.path("half.html"), self.x)

    def test_a_replay_measures_what_the_model_computes(self):
        few = slice(0, 12)
        found = self.model.replay(self.x[few], self.y[few], self.path("replay"), shots=400)
        self.assertTrue(found.done)
        self.assertEqual(sorted(found.rows), list(range(12)))
        exact = self.model.logits(self.x[few])[found.rows]
        # A logit is up to 4 / 0.3 times a mean of 400 signs: five standard errors of the largest variance.
        self.assertLess(np.abs(found.logits - exact)[:, :4].max(), 5 * 4 / 0.3 / np.sqrt(400))
        again = self.model.replay(self.x[few], self.y[few], self.path("replay"), shots=400)
        np.testing.assert_array_equal(again.logits, found.logits)
        # A head that was trained elsewhere has an input of its own name.
        head = self.model.head()
        z = np.random.default_rng(0).normal(size=(4, head.width)).astype(np.float32)
        self.assertTrue(head.model().replay(z, self.y[:4], self.path("of-head"), shots=50).done)


if __name__ == "__main__":
    main()
