#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""qmtl scale and qmtl sweep from outside: counts against their formulas, slopes, the same numbers on other ranks."""

import json

from harness import Program, main

SCALE = """
config = "train.toml"
per_task = 2
counted = [4, 8, 16, 32]
trained = [4]
[[variant]]
name = "qmtl"
set = { "block.size" = 4, "block.stride" = 2 }
trained_to = 4
[[variant]]
name = "linear"
set = { "head.kind" = "linear" }
trained_to = 4
[[variant]]
name = "hybrid"
set = { "head.kind" = "hybrid", "circuit.layers" = 2 }
[[variant]]
name = "separate"
set = { "head.kind" = "separate", "circuit.layers" = 2 }
counted_to = 8
[[variant]]
name = "local"
set = { "head.kind" = "local", "block.size" = 4, "block.stride" = 2 }
"""

# Trainable numbers after the representation for T binary tasks on n = 2 T qubits.
FORMULAS = {
    "qmtl": lambda T, n: n + T * (4 + 2),
    "linear": lambda T, n: T * (n + 1),
    "hybrid": lambda T, n: 2 * n + T * (n + 1),
    "separate": lambda T, n: T * 2 * n + T * (n + 1),
    "local": lambda T, n: T * (4 + 1),
}


class Scale(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.write("scale.toml", SCALE)

    def test_counts_follow_the_formulas_and_their_slopes(self):
        result = json.loads(self.succeed("scale", "scale.toml", "--json", "--quiet", "--folder", "s", "--count-only").stdout)
        self.assertEqual(len(result["counted"]), 4 * 4 + 2)
        for row in result["counted"]:
            self.assertEqual(row["width"], 2 * row["T"])
            self.assertEqual(row["head_parameters"], FORMULAS[row["head"]](row["T"], row["width"]), row)
        slopes = {s["head"]: s["slope"] for s in result["slopes"] if s["of"] == "head"}
        self.assertAlmostEqual(slopes["qmtl"], 1, places=12)
        self.assertAlmostEqual(slopes["local"], 1, places=12)
        self.assertGreater(slopes["linear"], 1.9)
        self.assertEqual(result["trained"], [])

    def test_trained_points_are_the_same_on_other_ranks(self):
        def trained(folder, ranks):
            out = self.succeed("scale", "scale.toml", "--json", "--quiet", "--quick", "--folder", folder, ranks=ranks).stdout
            return [(t["head"], t["accuracy"], t["run_hash"]) for t in json.loads(out)["trained"]]
        alone = trained("one", 0)
        self.assertEqual([t[0] for t in alone], ["qmtl", "linear"])
        self.assertEqual(alone, trained("three", 3))
        page = json.loads(self.succeed("report", "one", "--out", "page.html", "--json").stdout)
        self.assertEqual([section["kind"] for section in page["sections"]], ["scale"])

    def test_mistakes_have_one_clear_message(self):
        for old, new, words in [("[4, 8, 16, 32]", "[0]", "counted"), ("per_task = 2", "per_task = 0", "per_task"),
                                ('"head.kind" = "linear"', '"head.kind" = "cubic"', "cubic"),
                                ('trained = [4]', 'traind = [4]', "trained")]:
            self.write("bad.toml", SCALE.replace(old, new))
            self.refuse(2, [words], "scale", "bad.toml", "--quiet", "--folder", "bad")


class Sweep(Program):
    def test_exact_points_are_what_eval_says_and_shots_scatter_around(self):
        self.train("run")
        exact = json.loads(self.succeed("eval", "run", "--split", "test", "--json").stdout)["mean"]
        out = self.succeed("sweep", "run", "--json", "--shots", "0,16,4096", "--strengths", "0,0.002", "--repeats", "4").stdout
        result = json.loads(out)
        shots = {row["shots"]: row for row in result["shots"]}
        # float logits against double ones: a sample may change sides only at a tie.
        self.assertAlmostEqual(shots[0]["mean"], exact, places=3)
        self.assertIsNone(shots[0]["sd"])
        self.assertGreater(shots[16]["sd"], shots[4096]["sd"])
        self.assertEqual([row["strength"] for row in result["noise"]], [0, 0.002])
        self.assertAlmostEqual(result["noise"][0]["mean"], exact, places=3)
        self.assertIsNone(result["noise"][0]["mitigated"])
        # So little noise changes no class; the regression's part of the mean is smooth in it, and the extrapolation
        # takes away what is linear.
        noisy = result["noise"][1]
        self.assertLess(abs(noisy["mitigated"] - exact), abs(noisy["mean"] - exact))
        with open(self.path("run/noise.json")) as file:
            self.assertEqual(json.load(file), result)
        page = json.loads(self.succeed("report", "run/noise.json", "--out", "page.html", "--json").stdout)
        self.assertEqual([section["kind"] for section in page["sections"]], ["noise-sweep"])

    def test_mistakes_have_one_clear_message(self):
        self.train("plain", "--set", "head.kind=linear", "--set", "head.width=4")
        self.refuse(2, ["linear", "no quantum device"], "sweep", "plain", "--quiet")
        self.refuse(2, ["--strengths", "'x'"], "sweep", "plain", "--strengths", "0.01,x")
        self.refuse(2, ["--strengths", "to 0.09", "'0.1'"], "sweep", "plain", "--strengths", "0.1")
        self.refuse(3, ["nothing"], "sweep", "nothing", "--quiet")


if __name__ == "__main__":
    main()
