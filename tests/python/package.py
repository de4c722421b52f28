#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Python package against the program: one run hash, predictions equal to the bit, what it refuses, and that calls
from several threads, failures and thousands of repeats leave nothing behind."""

import copy
import importlib.util
import json
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading

import door

qmtl = door.the_package("h5py")
import h5py
import numpy as np
from door import CONFIG, HEADS, TASKS, points
from harness import Program, main


def write_points(path, x, y, split):
    """The points as a data set file of the program, by h5py."""
    with h5py.File(path, "w") as file:
        file.attrs["format"], file.attrs["version"] = "qmtl-dataset", 1
        file["inputs/x"], file["split"] = x, split
        for column, (name, task) in enumerate(TASKS.items()):
            labels = file.create_dataset(f"tasks/{name}/labels", data=y[:, column])
            labels.attrs["kind"] = task if isinstance(task, str) else task["kind"]
            if name == "third":
                labels.attrs["classes"] = 3


class Package(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.x, cls.y, cls.split = points()
        cls.config = {**CONFIG, "data": {"tasks": list(TASKS)}}
        cls.model = qmtl.train(cls.x, cls.y, TASKS, cls.config, split=cls.split)

    def test_a_model_of_the_program_knows_its_classes_and_columns(self):
        self.succeed("train", "train.toml", "--quiet", "--set", "run.folder=named")
        model = qmtl.Model.load(self.path("named"))
        self.assertEqual(model.classes, {"sum": ["0", "1"], "kind": ["a", "b", "c"], "value": []})
        self.assertEqual(model.columns, [f"a{i}" for i in range(6)])
        self.assertEqual(self.model.classes, {name: [] for name in TASKS})
        self.assertEqual(self.model.columns, ["", ""])

    def test_the_program_trains_the_same_bits_and_predicts_them(self):
        write_points(self.path("points.h5"), self.x, self.y, self.split)
        from qmtl.configuration import to_toml
        self.write("points.toml", to_toml({**self.config, "data": {"tasks": list(TASKS), "file": "points.h5"},
                                           "run": {"folder": "points"}}))
        self.succeed("train", "points.toml", "--quiet")
        loaded = qmtl.Model.load(self.path("points"))
        self.assertEqual(loaded.run_hash, self.model.run_hash)
        np.testing.assert_array_equal(loaded.parameters, self.model.parameters)
        # Without validation rows the model is that of the last epoch, whose hash the program prints.
        write_points(self.path("points-train.h5"), self.x, self.y, 0 * self.split)
        report = self.succeed("train", "points.toml", "--json", "--quiet", "--set", "data.file=points-train.h5",
                              "--set", "run.folder=points-train")
        last = qmtl.train(self.x, self.y, TASKS, self.config, split=0 * self.split)
        self.assertEqual(json.loads(report.stdout)["run_hash"], last.run_hash)
        self.succeed("predict", "points", "points.h5", "--out", "points-out.h5")
        predicted = self.model.split(self.model.predict(self.x))
        with h5py.File(self.path("points-out.h5")) as file:
            for name, values in predicted.items():
                np.testing.assert_array_equal(file[f"predictions/{name}"][()].reshape(values.shape), values, name)
        self.model.save(self.path("saved.h5"))
        self.succeed("predict", "saved.h5", "points.h5", "--out", "saved-out.h5")
        with h5py.File(self.path("points-out.h5")) as one, h5py.File(self.path("saved-out.h5")) as two:
            for name in TASKS:
                np.testing.assert_array_equal(one[f"predictions/{name}"][()], two[f"predictions/{name}"][()])

    def test_a_runs_metrics_are_columns(self):
        self.train("run")
        columns, lines = qmtl.read_metrics(self.path("run")), self.metrics("run", "epoch")
        self.assertEqual(columns["epoch"].tolist(), [1, 2, 3])
        self.assertEqual(columns["train_loss"].tolist(), [line["train_loss"] for line in lines])
        self.assertEqual(columns["tasks.kind"].tolist(), [line["tasks"]["kind"] for line in lines])
        with self.assertRaisesRegex(qmtl.DataError, "nowhere"):
            qmtl.read_metrics(self.path("nowhere"))
        os.makedirs(self.path("bad"))
        self.write("bad/metrics.jsonl", '{"epoch": 1}\nno json\n')
        with self.assertRaisesRegex(qmtl.DataError, "metrics.jsonl:2"):
            qmtl.read_metrics(self.path("bad"))

    def test_slopes_are_those_of_differences_for_every_head(self):
        for name, config in HEADS.items():
            with self.subTest(head=name):
                head = qmtl.Head(TASKS, {**config, "train": {"precision": "double"}}, seed=2)
                generator = np.random.default_rng(1)
                z = generator.normal(size=(3, head.width))
                cotangents = generator.normal(size=(3, head.outputs))
                dz, dparameters = head.vjp(z, cotangents)
                start, direction, towards = head.parameters, generator.normal(size=dparameters.shape), generator.normal(size=z.shape)

                def loss(step):
                    head.parameters = start + step * direction
                    return np.sum(cotangents * head.forward(z + step * towards))

                # A central difference of step 1e-5: truncation 1e-10, rounding 1e-16 / 1e-5, of slopes of about 10.
                slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
                self.assertAlmostEqual(slope, np.sum(dz * towards) + dparameters @ direction, delta=1e-7 * (1 + abs(slope)))

    def test_a_trained_head_gives_the_models_logits_on_its_representation(self):
        config = {"circuit": {"qubits": 4}, "block": {"size": 2}, "train": {"epochs": 2}, "head": {"kind": "linear", "width": 2}}
        model = qmtl.train(self.x, self.y, TASKS, config)
        model.save(self.path("linear.h5"))
        head = qmtl.Head.load(self.path("linear.h5"))
        tensors = model.tensors
        for name, values in head.tensors.items():
            np.testing.assert_array_equal(values, tensors[name])
        z = np.array([[0.5, -1.0]])
        np.testing.assert_allclose(head(z), z @ tensors["head.weight"] + tensors["head.bias"], rtol=1e-6)  # float32 heads
        self.assertEqual([task.name for task in head.tasks], list(TASKS))

    def test_a_head_that_was_trained_elsewhere_is_a_model_for_the_program(self):
        head = qmtl.Head(TASKS, HEADS["qmtl"], seed=4)
        head.parameters = head.parameters + 0.25  # whoever has trained it
        z = np.random.default_rng(0).normal(size=(len(self.y), head.width)).astype(np.float32)
        model = head.model()
        np.testing.assert_array_equal(model.logits(z), head(z))
        model.save(self.path("head.h5"))
        np.testing.assert_array_equal(qmtl.Head.load(self.path("head.h5")).parameters, head.parameters)
        write_points(self.path("z.h5"), z, self.y, self.split)
        with h5py.File(self.path("z.h5"), "a") as file:
            file.move("inputs/x", "inputs/z")
        self.succeed("predict", "head.h5", "z.h5", "--out", "head-out.h5")
        with h5py.File(self.path("head-out.h5")) as file:
            for name, values in model.split(model.predict(z)).items():
                np.testing.assert_array_equal(file[f"predictions/{name}"][()].reshape(values.shape), values, name)
        for form, out in (("edge", "head.qmh"), ("onnx", "head.onnx"), ("qasm3", "head-qasm3")):
            self.succeed("export", "head.h5", "--to", form, "--data", "z.h5", "--out", out)
            self.assertTrue(os.path.exists(self.path(out)), form)

    def test_arrays_of_any_strides_and_dlpack_give_the_same_bits(self):
        head = qmtl.Head(TASKS, HEADS["qmtl"])
        z = np.random.default_rng(0).normal(size=(6, head.width)).astype(np.float32)
        expected = head(z)
        self.assertEqual((expected.dtype, expected.shape), (np.float32, (6, 5)))
        wide = np.zeros((12, 2 * head.width), dtype=np.float32)
        wide[::2, ::2] = z
        frozen = z.copy()
        frozen.setflags(write=False)

        class OnlyDlpack:
            def __dlpack__(self, **options):
                return z.__dlpack__()

            def __dlpack_device__(self):
                return z.__dlpack_device__()

        for name, array in {"Fortran": np.asfortranarray(z), "strided": wide[::2, ::2], "backwards": z[::-1][::-1],
                            "frozen": frozen, "DLPack": OnlyDlpack(), "bytes' order": memoryview(z)}.items():
            np.testing.assert_array_equal(head(array), expected, name)
        out = np.empty_like(expected)
        self.assertIs(head.forward(z, out=out), out)
        np.testing.assert_array_equal(out, expected)
        self.assertEqual(head(z[:0]).shape, (0, 5))
        dz, dparameters = head.vjp(z[:0], expected[:0])
        self.assertEqual((dz.shape, np.abs(dparameters).max()), ((0, head.width), 0))

    def test_what_is_wrong_is_named(self):
        head = qmtl.Head(TASKS, HEADS["qmtl"])
        z, c = np.zeros((2, 4), np.float32), np.zeros((2, 5), np.float32)
        frozen = c.copy()
        frozen.setflags(write=False)
        x, y = self.x, self.y
        with_nan = x.copy()
        with_nan[3, 1] = np.nan
        cases = [
            (lambda: head(np.zeros((2, 5), np.float32)), ValueError, r"z: .*\[rows, 4\], found \[2, 5\]"),
            (lambda: head(np.zeros(4, np.float32)), ValueError, r"z: .*found \[4\]"),
            (lambda: head(z.astype(np.float16)), TypeError, "z: expected float32 or float64, found float16"),
            (lambda: head(z.astype(np.int64)), TypeError, "found int64"),
            (lambda: head(z + 0j), TypeError, "found complex"),
            (lambda: head([[0.0] * 4]), TypeError, "z: expected an array .*found list"),
            (lambda: head(None), TypeError, "z: expected an array"),
            (lambda: head.forward(z, out=frozen), TypeError, "out: .*written"),
            (lambda: head.forward(z, out=np.zeros((2, 5))), ValueError, "out: expected float32"),
            (lambda: head.forward(z, out=np.zeros((3, 5), np.float32)), ValueError, r"out: expected float32 \[2, 5\]"),
            (lambda: head.vjp(z, c[:1]), ValueError, "cotangents: expected 2 rows"),
            (lambda: head.vjp(z, c[:, :4]), ValueError, r"cotangents: .*\[rows, 5\]"),
            (lambda: head.vjp(z, c.astype(float)), TypeError, "cotangents: expected float32"),
            (lambda: setattr(head, "parameters", [1.0]), ValueError, "parameters: .*found"),
            (lambda: head.set_tensors({"head.shard": 1.0}), KeyError, "head.shared"),
            (lambda: head.set_tensors({"head.shared": [1.0]}), ValueError, "head.shared: expected the shape"),
            (lambda: qmtl.Head(TASKS, {"circuit": {"qbits": 4}}), qmtl.UsageError, "circuit.qubits"),
            (lambda: qmtl.Head({"a": "colour"}), qmtl.UsageError, "colour"),
            (lambda: qmtl.Head([]), qmtl.UsageError, "tasks"),
            (lambda: qmtl.Head([3]), TypeError, "tasks: expected"),
            (lambda: qmtl.Head("a", {"seed": object()}), TypeError, "config, seed"),
            (lambda: qmtl.Head("a", 3), TypeError, "config: expected a dict"),
            (lambda: qmtl.Head.load(self.path("nothing")), qmtl.DataError, "nothing"),
            (lambda: qmtl.Model.load(self.path("tiny.csv")), qmtl.DataError, "tiny.csv"),
            (lambda: self.model.save(self.path("no/such/folder.h5")), qmtl.DataError, "folder"),
            (lambda: self.model.predict(x[:, :1]), qmtl.UsageError, "2 columns"),
            (lambda: self.model.predict(with_nan), qmtl.DataError, "sample 3"),
            (lambda: self.model.predict(x[0]), qmtl.UsageError, "columns"),
            (lambda: self.model.predict(x + 0j), TypeError, "complex"),
            (lambda: qmtl.train(with_nan, y, TASKS, CONFIG), qmtl.DataError, "sample 3"),
            (lambda: qmtl.train(x, y[:5], TASKS, CONFIG), qmtl.DataError, "90"),
            (lambda: qmtl.train(x, {"side": y[:, 0]}, TASKS, CONFIG), ValueError, "third"),
            (lambda: qmtl.train(x, y, TASKS, CONFIG, split=[0.5] * 90), ValueError, "split"),
            (lambda: qmtl.train(x, y, TASKS, CONFIG, split=self.split[:9]), qmtl.DataError, "90"),
            (lambda: qmtl.train(x, y, TASKS, CONFIG, fractions=(1, 0)), ValueError, "fractions"),
            (lambda: qmtl.train(x, y, TASKS, {"train": {"epoch": 3}}), qmtl.UsageError, "train.epochs"),
            (lambda: qmtl.set_threads(0), qmtl.UsageError, "at least 1"),
            (lambda: qmtl.Model(), TypeError, "qmtl.train"),
        ]
        for number, (action, kind, words) in enumerate(cases):
            with self.subTest(case=number, words=words), self.assertRaisesRegex(kind, words):
                action()
        self.assertEqual((qmtl.UsageError.exit_code, qmtl.DataError.exit_code), (2, 3))

    def test_labels_by_name_and_tasks_in_any_form_train_the_same_bits(self):
        by_name = {name: self.y[:, i] for i, name in enumerate(TASKS)}
        forms = [[("side",), ("third", "multiclass", 3), ("distance", "regression")],
                 ["side", qmtl.Task("third", "multiclass", 3), {"name": "distance", "kind": "regression"}]]
        for tasks in forms:
            again = qmtl.train(self.x.astype(np.float64), by_name, tasks, self.config, split=list(self.split))
            self.assertEqual(again.run_hash, self.model.run_hash)

    def test_a_training_is_followed_stopped_and_interrupted(self):
        seen = []
        qmtl.train(self.x, self.y, TASKS, CONFIG, on_epoch=seen.append)
        self.assertEqual([epoch.number for epoch in seen], [1, 2, 3, 4])
        self.assertEqual(len(seen[0].metrics), 3)
        one = {**CONFIG, "train": {"epochs": 1, "batch": 20}}
        stopped = qmtl.train(self.x, self.y, TASKS, CONFIG, on_epoch=lambda epoch: True)
        np.testing.assert_array_equal(stopped.parameters, qmtl.train(self.x, self.y, TASKS, one).parameters)

        def fail(epoch):
            raise LookupError(f"epoch {epoch.number}")

        with self.assertRaisesRegex(LookupError, "epoch 1"):
            qmtl.train(self.x, self.y, TASKS, CONFIG, on_epoch=fail)
        long = {**CONFIG, "train": {"epochs": 10**8, "batch": 20, "patience": 0}}
        count = []

        def interrupt(epoch):
            if not count:
                count.append(epoch)
                signal.raise_signal(signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt):
            qmtl.train(self.x, self.y, TASKS, long, on_epoch=interrupt)

    def test_ctrl_c_ends_a_training_without_callback(self):
        # Another thread sends the signal once the main one is inside the library, which has let go of the GIL.
        code = (f"import sys; sys.path.insert(0, {os.path.dirname(os.path.dirname(qmtl.__file__))!r})\n"
                "import os, signal, threading, numpy, qmtl\n"
                "main = threading.get_ident()\n"
                "def watch():\n"
                "    seen = 0\n"
                "    while seen < 1000: seen += sys._current_frames()[main].f_code is qmtl.train.__code__\n"
                "    os.kill(os.getpid(), signal.SIGINT)\n"
                "x = numpy.zeros((64, 2), 'float32'); x[::2] = 1\n"
                "threading.Thread(target=watch, daemon=True).start()\n"
                "try: qmtl.train(x, x[:, :1], ['a'], {'train': {'epochs': 10**8, 'patience': 0}})\n"
                "except KeyboardInterrupt: print('interrupted')\n")
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
        self.assertEqual((result.stdout, result.stderr), ("interrupted\n", ""))

    def test_heads_and_models_are_copied_and_pickled_whole(self):
        z = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
        for name in ("qmtl", "trained gain", "weights"):
            head = qmtl.Head(TASKS, HEADS[name], seed=7)
            head.parameters = head.parameters + 0.25
            for other in (copy.deepcopy(head), pickle.loads(pickle.dumps(head)), head.with_precision("float")):
                np.testing.assert_array_equal(other(z), head(z))
                self.assertEqual((other.tasks, other.configuration), (head.tasks, head.configuration))
        self.assertNotEqual(head.tasks[0], "side")
        restored = pickle.loads(pickle.dumps(self.model))
        self.assertEqual(restored.run_hash, self.model.run_hash)
        np.testing.assert_array_equal(restored.predict(self.x), self.model.predict(self.x))

    def test_no_bit_depends_on_threads_and_two_threads_share_a_head(self):
        head = qmtl.Head(TASKS, HEADS["qmtl"])
        z = np.random.default_rng(0).normal(size=(300, 4))
        c = np.ones((300, 5))
        expected = [head(z), *head.vjp(z, c)]
        try:
            for most in (1, 2, None):
                qmtl.set_threads(most)
                for one, two in zip(expected, [head(z), *head.vjp(z, c)]):
                    np.testing.assert_array_equal(one, two)
                self.assertEqual(qmtl.train(self.x, self.y, TASKS, self.config, split=self.split).run_hash, self.model.run_hash)
        finally:
            qmtl.set_threads(None)
        # Calls that bring parameters of their own never mix with each other's.
        sets = [head.parameters + shift for shift in (0.0, 0.5, 1.0)]
        core = head._core
        expected = [core.forward(z, flat) for flat in sets]
        wrong = []

        def work(which):
            for _ in range(100):
                if not np.array_equal(core.forward(z, sets[which]), expected[which]):
                    wrong.append(which)

        threads = [threading.Thread(target=work, args=(which,)) for which in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_a_child_process_after_fork_computes_too(self):
        head = qmtl.Head(TASKS, HEADS["qmtl"])
        z = np.random.default_rng(0).normal(size=(300, 4))
        expected = head(z)
        child = os.fork()
        if child == 0:
            os._exit(0 if np.array_equal(head(z), expected) else 1)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    def test_ten_thousand_calls_and_failures_leave_no_memory_behind(self):
        head = qmtl.Head(TASKS, HEADS["qmtl"])
        z, c = np.ones((4, 4), np.float32), np.ones((4, 5), np.float32)
        strided = np.ones((8, 8), np.float32)[::2, ::2]

        def calls(count):
            for _ in range(count):
                head(z)
                head(strided)
                head.vjp(z, c)
                head.parameters = head.parameters
                try:
                    head(c)
                except ValueError:
                    pass

        grown, resident = door.growth(calls)
        # One byte a call would be 10,000; a lost array 80 to 200 a call, so 800 kB at least.
        self.assertLess(grown, 10000)
        self.assertLess(resident, 2000)

    def test_the_package_is_imported_in_a_moment(self):
        code = (f"import sys, time; sys.path.insert(0, {os.path.dirname(os.path.dirname(qmtl.__file__))!r})\n"
                "import numpy, importlib\nbegin = time.process_time(); import qmtl; print(time.process_time() - begin)\n"
                "print(sorted({'torch', 'jax', 'sklearn', 'pandas', 'h5py'} & set(sys.modules)))")
        lines = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
                 for _ in range(3)]
        # Processor time, the least of three: the machine may be busy.
        self.assertLess(min(float(line[0]) for line in lines), 0.2)
        self.assertEqual(lines[0][1], "[]")

    def test_the_doctor_finds_nothing_wrong(self):
        findings = {finding.topic: finding for finding in qmtl.doctor(quiet=True)}
        self.assertEqual([topic for topic, finding in findings.items() if finding.cure], [])
        self.assertIn(findings["simd"].found, ("avx512", "avx2", "sse4", "scalar"))

    def test_types_hold_in_strict_mode(self):
        if importlib.util.find_spec("mypy") is None:
            self.skipTest("left out: mypy not installed")
        if not (pathlib.Path(qmtl.__file__).parent / "_core.pyi").exists():
            self.skipTest("left out: a build with a sanitizer has no stubs")
        examples = sorted(str(path) for path in (door.ROOT / "tools" / "python" / "examples").glob("*.py"))
        built = os.environ.get("QMTL_PYTHON_PACKAGE")  # mypy finds an installed package by itself
        if built:  # the package's own modules too, but those about libraries whose types differ between versions or are not there
            examples += sorted(str(path) for path in (pathlib.Path(built) / "qmtl").glob("*.py")
                               if path.stem not in ("torch", "sklearn", "jax"))
        environment = {**os.environ, **({"MYPYPATH": built} if built else {})}
        result = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports",
                                 "--follow-imports=silent", "--untyped-calls-exclude=torch", "--untyped-calls-exclude=IPython",
                                 "--cache-dir", self.base,
                                 *examples], capture_output=True, text=True, env=environment)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_public_name_says_what_it_does(self):
        for name in qmtl.__all__:
            member = getattr(qmtl, name)
            self.assertTrue(member.__doc__ and len(member.__doc__) > 20, name)
            for inner in vars(member) if name in ("Head", "Model") else ():
                if not inner.startswith("_"):
                    self.assertTrue(getattr(member, inner).__doc__, f"{name}.{inner}")


if __name__ == "__main__":
    main()
