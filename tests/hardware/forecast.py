#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl forecast`: the scores that a device will give, from its calibration data alone. What it says is held against replays on
simulated devices that are drawn within the calibration's uncertainty."""

import json
import os
import sys

from replay_calibrated import device
from replay_case import LONG, ReplayCase, harness, too_many

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "benchmarks", "forecast"))
from days import moved  # noqa: E402

SAMPLES = "80"


class Forecast(ReplayCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.properties = device(3, 4, dead=(5,))
        cls.write("grid.json", json.dumps(cls.properties))

    def forecast(self, *options):
        return json.loads(self.succeed("forecast", "run", "--target", "grid.json", "--samples", SAMPLES, "--json",
                                       *options).stdout)

    def test_its_interval_holds_what_replays_on_such_devices_score(self):
        told = self.forecast("--shots", "200", "--draws", "30", "--uncertainty", "0.3")["plans"][0]
        count = 60 if LONG else 15
        outside, cases = {}, 0
        for k in range(count):
            self.write(f"moved{k}.json", json.dumps(moved(self.properties, k, 0.3)))
            # The layout is chosen by what was listed.
            self.write(f"moved{k}.toml", f'kind = "noisy"\nnoise = "moved{k}.json"\nseed = {k}\ntarget = "{self.path("grid.json")}"\n'
                                         'properties = "grid.json"\n')
            found = self.scores("run", "run", "--endpoint", f"moved{k}.toml", "--name", f"moved{k}", "--shots", "200", "--samples",
                                SAMPLES, "--replicates", "0")
            cases += 1
            for name, score in {**found["tasks"], "mean": found["mean"]}.items():
                foretold = told["mean"] if name == "mean" else told["tasks"][name]
                self.assertAlmostEqual(score["exact"], foretold["exact"], delta=1e-12)
                outside.setdefault(name, []).append(not foretold["low"] - 1e-12 <= score["value"] <= foretold["high"] + 1e-12)
        for name, missed in outside.items():
            self.assertFalse(too_many(sum(missed), cases), f"{name}: {sum(missed)} of {cases} outside")

    def test_fewer_shots_and_worse_devices_make_wider_intervals(self):
        told = self.forecast("--shots", "20,2000", "--draws", "25", "--or-mitigate", "none", "--qubits", "best", "--qubits", "0-2,6-11")
        self.assertEqual([(plan["qubits"], plan["mitigate"], plan["shots"]) for plan in told["plans"]],
                         [(qubits, mitigate, shots) for qubits in ("best", "0-2,6-11") for mitigate in ("readout", "none")
                          for shots in (20, 2000)])
        for few, many in zip(told["plans"][::2], told["plans"][1::2]):
            self.assertGreater(few["mean"]["sd"]["shots"], many["mean"]["sd"]["shots"])
            self.assertGreater(few["mean"]["high"] - few["mean"]["low"], many["mean"]["high"] - many["mean"]["low"])
            self.assertLess(few["executions"], many["executions"])
            self.assertTrue({3, 4, 5}.isdisjoint(many["read"]) or many["qubits"] == "best", many)
        sure = self.forecast("--shots", "2000", "--draws", "25", "--uncertainty", "0")["plans"][0]
        self.assertLessEqual(sure["mean"]["sd"]["device"], told["plans"][1]["mean"]["sd"]["device"] + 0.01)

    def test_it_says_which_plan_reaches_a_width_for_the_fewest_executions(self):
        wide = self.forecast("--shots", "400", "--draws", "20", "--width", "0.5", "--or-mitigate", "none")["cheapest"]
        narrow = self.forecast("--shots", "400", "--draws", "20", "--width", "0.1", "--or-mitigate", "none")["cheapest"]
        self.assertLess(wide["executions"], narrow["executions"])
        # With as many shots as it says the interval is as narrow, but for how well a variance is known from 20 draws.
        again = self.forecast("--shots", str(narrow["shots"]), "--draws", "60", "--mitigate", narrow["plan"]["mitigate"])
        mean = again["plans"][0]["mean"]
        self.assertLess(mean["high"] - mean["low"], 0.1 * 1.5)
        never = self.forecast("--draws", "10", "--width", "1e-9")["cheapest"]
        self.assertIsNone(never["plan"])
        text = self.succeed("forecast", "run", "--target", "grid.json", "--samples", SAMPLES, "--draws", "10", "--width",
                            "1e-9").stdout
        self.assertIn("no number of shots", text)

    def test_a_layout_chosen_anew_on_every_drawn_device_is_no_worse_than_todays(self):
        listed = self.forecast("--shots", "1000", "--uncertainty", "0.5", "--mitigate", "none")["plans"][0]["mean"]
        anew = self.forecast("--shots", "1000", "--uncertainty", "0.5", "--mitigate", "none", "--relayout")
        self.assertTrue(anew["relayout"])
        anew = anew["plans"][0]["mean"]
        self.assertNotEqual(anew, listed)
        # Three standard errors of the mean of 30 draws.
        spread = 3 * (listed["sd"]["shots"] + listed["sd"]["device"]) / 30**0.5
        self.assertGreater(anew["value"], listed["value"] - spread)

    def test_it_says_the_same_on_any_number_of_threads(self):
        options = ["--shots", "50,100", "--draws", "6", "--or-mitigate", "none"]
        self.assertEqual(self.forecast(*options, "--threads", "1"), self.forecast(*options, "--threads", "3"))
        self.assertNotEqual(self.forecast(*options), self.forecast(*options, "--seed", "1"))

    def test_plan_shows_the_scores_beside_the_price(self):
        self.write("local.toml", f'kind = "exact"\ntarget = "{self.path("grid.json")}"\n')
        plan = self.scores("plan", "run", "--endpoint", "local.toml", "--samples", SAMPLES, "--shots", "200", "--forecast", "grid.json")
        self.assertIn("cost", plan)
        told = self.forecast("--shots", "200")["plans"][0]
        self.assertAlmostEqual(plan["scores"]["mean"]["value"], told["mean"]["value"], delta=0.05)
        self.assertIn("95 % interval", self.good("plan", "run", "--endpoint", "local.toml", "--samples", SAMPLES, "--forecast",
                                                 "grid.json").stdout)

    def test_what_cannot_be_foretold_is_refused_before_anything_is_simulated(self):
        self.write("tiny.json", json.dumps(device(1, 2)))
        for code, fragments, options in (
                (2, ["--target", "noise.toml", "calibration"], ["--target", "noise.toml"]),
                (3, ["none.json"], ["--target", "none.json"]),
                (2, ["missing", "target"], []),
                (2, ["--qubits"], ["--target", "grid.json", "--qubits", "0-99"]),
                (2, ["qubits"], ["--target", "tiny.json", "--max-qubits", "40"]),
                (2, ["--shots", "0"], ["--target", "grid.json", "--shots", "0"]),
                (2, ["--shots", "many"], ["--target", "grid.json", "--shots", "10,many"]),
                (2, ["--draws"], ["--target", "grid.json", "--draws", "1"]),
                (2, ["--width"], ["--target", "grid.json", "--width", "0"]),
                (2, ["uncertain"], ["--target", "grid.json", "--uncertainty", "3"]),
                (2, ["--or-mitigate", "zme"], ["--target", "grid.json", "--or-mitigate", "zme"])):
            with self.subTest(options=options):
                self.refuse(code, fragments, "forecast", "run", *options)


if __name__ == "__main__":
    harness.main()
