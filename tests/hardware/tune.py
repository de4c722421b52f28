#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl replay tune`: a device that turns too far is learned, what is paid stays under the ceiling, and a run that was
killed anywhere ends with the bits of one that was not."""

import json
import os

from replay_case import Emulator, ReplayCase, harness

NOISE = """
[[gate]]
names = ["ry"]
channels = [{ kind = "over-rotation", axis = "Y", angle = 0.35 }]
[[readout]]
p1_given_0 = 0.01
p0_given_1 = 0.03
"""
BIAS = """
[[gate]]
names = ["ry"]
channels = [{ kind = "over-rotation", axis = "Y", angle = 0.6 }]
"""
DEVICE = 'kind = "noisy"\nnoise = "noise.toml"\nseed = 5\n'
LONG = os.environ.get("QMTL_LONG") == "1"


class Tune(harness.Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("noise.toml", NOISE)
        cls.write("device.toml", DEVICE)
        trained = cls.run_program("train", "train.toml", "--quiet", "--set", "run.folder=run", "--set", "train.epochs=12")
        if trained.returncode != 0:
            raise RuntimeError("training failed: " + trained.stderr)

    def tune(self, out, *arguments, extra=None, endpoint="device.toml", run="run"):
        result = self.succeed("replay", "tune", run, "--endpoint", endpoint, "--out", out, "--json", "--quiet", *arguments,
                              extra=extra)
        return json.loads(result.stdout)

    def test_tuning_learns_what_the_device_does_wrong(self):
        report = self.tune("learned", "--steps", "10", "--batch", "16", "--shots", "300", "--rate", "0.1",
                           "--validation", "30")
        before, after = report["before"], report["after"]
        self.assertEqual(report["steps"], 10)
        self.assertEqual(report["stopped"], "")
        # Ten steps of 0.1 reach the 0.35 by which each angle is wrong; at 300 shots and 30 samples the loss is known to
        # about 1 %.
        self.assertLess(after["loss"], 0.9 * before["loss"], report)
        scores = json.loads(self.succeed("eval", "learned/tuned.h5", "--json", "--quiet").stdout)
        self.assertEqual(scores["run_hash"], report["run_hash"])
        # The checkpoint is an ordinary one: only the blocks' angles differ.
        try:
            import h5py
        except ImportError:
            self.skipTest("python3-h5py is needed to look into the checkpoint")
        with h5py.File(self.path("run/checkpoints/best.h5")) as old, h5py.File(self.path("learned/tuned.h5")) as new:
            changed = []

            def compare(name, item):
                if isinstance(item, h5py.Dataset) and name in new and (item[()] != new[name][()]).any():
                    changed.append(name)

            old.visititems(lambda name, item: compare(name, item) if getattr(item, "shape", ()) != () else None)
        self.assertEqual(len([name for name in changed if "moment" not in name]), 1, changed)
        self.assertIn("head.block", changed[0])

    def test_perturbations_learn_it_with_two_executions_a_sample(self):
        report = self.tune("perturbed", "--rule", "spsa", "--steps", "40", "--batch", "16", "--shots", "300", "--rate",
                           "0.05", "--perturbation", "0.3", "--validation", "30")
        self.assertEqual(report["executions"]["step"], 2 * 16 * 300 * report["programs"])
        self.assertLess(report["after"]["loss"], 0.95 * report["before"]["loss"], report)

    def test_a_run_that_was_killed_ends_with_the_same_bits(self):
        arguments = ("--steps", "3", "--batch", "4", "--shots", "100", "--validation", "5")
        undisturbed = self.tune("undisturbed", *arguments)
        wanted = self.read("undisturbed/tuned.h5")
        states = ["planned", "submitting", "submitted", "completed", "fetched"]
        points = [f"{when}:{state}:{number}" for when in ("before", "after") for state in states
                  for number in range(1, 7)]
        for point in points if LONG else points[3::9]:
            with self.subTest(point):
                out = "killed-" + point.replace(":", "-")
                command = ("replay", "tune", "run", "--endpoint", "device.toml", "--out", out, "--quiet", *arguments)
                self.assertEqual(self.run_program(*command, extra={"QMTL_CRASH_AT": point}).returncode, -9)
                resumed = self.tune(out, *arguments)
                self.assertEqual(self.read(out + "/tuned.h5"), wanted)
                for field in ("before", "after", "spent", "steps"):
                    self.assertEqual(resumed[field], undisturbed[field])
        # More steps go on from fewer; other settings are another tuning.
        more = self.tune("undisturbed", *arguments[2:], "--steps", "4")
        self.assertEqual(more["steps"], 4)
        self.refuse(3, ["undisturbed"], "replay", "tune", "run", "--endpoint", "device.toml", "--out", "undisturbed",
                    "--quiet", *arguments, "--rate", "0.5")

    def test_a_step_that_does_not_fit_under_the_ceiling_is_not_taken(self):
        # The fake device counts executions as its price and has three qubits: cones of three.
        library = os.path.join(os.path.dirname(harness.PROGRAM), "tests", "libfake_qdmi_14.so")
        self.write("fake.toml", f'kind = "qdmi"\nlibrary = "{library}"\nprefix = "FAKE14"\nformat = "qasm2"\n'
                                'remote = true\ncustom1 = "no-operations"\n')
        self.succeed("train", "train.toml", "--quiet", "--set", "run.folder=narrow", "--set", "circuit.entangler=none")
        arguments = ("--steps", "9", "--batch", "2", "--shots", "10", "--validation", "2", "--head-split", "cones")
        forecast = json.loads(self.succeed("replay", "tune", "narrow", "--endpoint", "fake.toml", "--out", "none",
                                           "--max-cost", "1", "--dry-run", *arguments).stdout)
        evaluation, step = forecast["executions"]["evaluation"], forecast["executions"]["step"]
        self.assertEqual(step, 7 * evaluation)  # 1 + 2 k executions for k = 3 angles of a block
        probe = 200
        ceiling = probe + 2 * evaluation + 3 * step - 1
        report = self.tune("bounded", "--max-cost", str(ceiling), *arguments, endpoint="fake.toml", run="narrow")
        self.assertEqual(report["steps"], 2)
        self.assertIn("--max-cost", report["stopped"])
        self.assertEqual(report["spent"]["cost"], probe + 2 * evaluation + 2 * step)
        self.assertEqual(report["spent"]["executions"], report["spent"]["cost"])
        self.refuse(2, ["--max-cost", "nothing was sent"], "replay", "tune", "narrow", "--endpoint", "fake.toml",
                    "--out", "poor", "--max-cost", "100", "--quiet", *arguments)
        self.refuse(2, ["--max-cost"], "replay", "tune", "narrow", "--endpoint", "fake.toml", "--out", "unbounded",
                    "--quiet", *arguments)

    def test_wrong_usage_is_refused(self):
        for fragments, arguments in ((["--rule", "shift"], ("--rule", "magic")), (["--batch"], ("--batch", "0")),
                                     (["--rate"], ("--rate", "nan")), (["--shots"], ("--shots", "0")),
                                     (["--optimiser"], ("--optimiser", "adamw")), (["split"], ("--head-split", "x"))):
            self.refuse(2, fragments, "replay", "tune", "run", "--endpoint", "device.toml", "--out", "wrong", *arguments)


class OnTheEmulator(ReplayCase):
    """Through IonQ's protocol, where jobs have a price: the device behind it turns too far."""

    def test_tuning_raises_the_scores_under_the_ceiling_and_goes_on_after_a_crash(self):
        self.write("bias.toml", BIAS)
        with Emulator(self.path("tune.log"), "--noise", self.path("bias.toml")) as emulator:
            self.write("service.toml", emulator.endpoint("ionq"))
            command = ["tune", "run", "--endpoint", "service.toml", "--steps", "6", "--batch", "12", "--shots", "300",
                       "--rate", "0.15", "--validation", "30", "--head-split", "cones"]
            forecast = json.loads(self.good(*command, "--out", "forecast", "--dry-run", "--max-cost", "1e6", "--json").stdout)
            self.assertEqual(emulator.made_jobs(), [])
            ceiling = forecast["estimate"]["total"]
            command += ["--out", "tuned", "--max-cost", str(ceiling)]
            for crash in ("before:submitted:1", "after:submitted:1", "before:fetched:1"):
                self.assertEqual(self.replay(*command, extra={"QMTL_CRASH_AT": crash}).returncode, -9)
            report = self.scores(*command)
            made = emulator.made_jobs()
            self.assertEqual(len(made), len(set(made)))
            self.assertEqual(report["steps"], 6, report["stopped"])
            self.assertLessEqual(report["spent"]["cost"], ceiling)
            before, after = report["before"], report["after"]
            # Shots move a mean of these scores by about 0.02.
            self.assertGreater(after["mean"], before["mean"] + 0.05, report)
            self.assertLess(after["loss"], before["loss"], report)


if __name__ == "__main__":
    harness.main()
