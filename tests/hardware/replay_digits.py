#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The digits replayed on the simulator, the emulated services and DDSIM, and through a device's noise."""

import pathlib
import shutil
import unittest

import peers
from replay_case import LONG, Emulator, ReplayCase, harness, too_many

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Errors of gates and readings as of a device that is not among the best.
DEVICE = """
[[gate]]
names = ["cz"]
channels = [{ kind = "depolarising", probability = 0.05 }]
[[gate]]
names = ["rx", "ry"]
channels = [{ kind = "depolarising", probability = 0.005 }]
[[readout]]
p1_given_0 = 0.05
p0_given_1 = 0.15
"""


class Digits(ReplayCase):
    """The ten tasks of the digits benchmark; the whole test split with QMTL_LONG=1, which prints the tables."""

    SAMPLES = [] if LONG else ["--samples", "60"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not (ROOT.parent / "shared" / "data").exists():
            raise unittest.SkipTest("the digits are not there")
        shutil.copytree(ROOT / "benchmarks" / "digits", cls.path("digits"), ignore=shutil.ignore_patterns("results"))
        # What was trained gives the shots their random numbers, not where: the same ones in every run of this test.
        for command in (["import", "digits/import.toml", "--out", "digits.h5"],
                        ["train", "digits/digits.toml", "--quiet", "--set", "data.file=digits.h5", "--set",
                         "run.folder=digits-run"]):
            cls.must(*command)

    def show(self, title, rows):
        if LONG:
            print(f"\n{title}\n{'task':10}{'exact':>9}{'raw':>9}{'measured':>10}  95 %")
            for name, task in rows:
                print(f"{name:10}{task['exact']:9.4f}{task['raw']:9.4f}{task['value']:10.4f}  "
                      f"{task['low']:.4f} .. {task['high']:.4f}")

    def test_every_task_is_within_its_interval(self):
        endpoints = {"exact": "exact"}
        library = peers.ddsim_library()
        if library:
            endpoints["ddsim"] = "ddsim.toml"
            self.write("ddsim.toml", f'kind = "qdmi"\nlibrary = "{library}"\nprefix = "MQT_DDSIM"\n')
        else:
            print("skipped: the digits on DDSIM; needs mqt.core (tests/hardware/setup makes the environment)")
        with Emulator(self.path("digits.log")) as emulator:
            for protocol in ("ionq", "ibm"):
                endpoints[protocol] = protocol + ".toml"
                self.write(endpoints[protocol], emulator.endpoint(protocol))
            outside, cases = [], 0
            for name, endpoint in endpoints.items():
                scores = self.scores("run", "digits-run", "--endpoint", endpoint, "--name", name, "--shots", "1000",
                                     "--head-split", "cones", "--max-cost", "1e8", "--longest-poll", "0.5",
                                     *self.SAMPLES)
                self.assertEqual(scores["complete"], scores["samples"])
                self.show(f"{name}: {scores['samples']} samples", scores["tasks"].items())
                cases += len(scores["tasks"])
                outside += [(name, task) for task, row in scores["tasks"].items()
                            if not row["low"] <= row["exact"] <= row["high"]]
        self.assertFalse(too_many(len(outside), cases), f"of {cases} intervals these miss the exact score: {outside}")

    def test_mitigation_recovers_at_least_half_of_what_noise_and_readings_cost(self):
        self.write("device.toml", DEVICE)
        self.write("noisy.toml", 'kind = "noisy"\nnoise = "device.toml"\nseed = 3\n')
        ways = {"readout": [], "readout-and-extrapolation": ["--noise-factors", "1,3"]}
        for name, options in ways.items() if LONG else [("readout", [])]:
            with self.subTest(mitigation=name):
                scores = self.scores("run", "digits-run", "--endpoint", "noisy.toml", "--name", "mitigated-" + name,
                                     "--shots", "1000", "--calibration-shots", "20000", "--head-split", "cones",
                                     *(["--samples", "100"] if not LONG else []), *options)
                mean = scores["mean"]
                self.show(f"{name}: {scores['samples']} samples", [*scores["tasks"].items(), ("mean", mean)])
                # A loss that shots alone could make would show nothing.
                self.assertGreater(mean["exact"] - mean["raw"], 0.005, mean)
                self.assertLessEqual(mean["exact"] - mean["value"], 0.5 * (mean["exact"] - mean["raw"]), mean)


if __name__ == "__main__":
    harness.main()
