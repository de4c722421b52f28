#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""benchmarks/planted: labels of its simulator are those of qmtl's head with the planted angles, and one cell of its map."""

import json
import pathlib
import re
import sys

import numpy
from harness import Program, main

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "planted"
sys.path.insert(0, str(FOLDER))
import make  # noqa: E402
import map as planted_map  # noqa: E402  (the benchmark's map.py)

TASKS, DEPTH = 4, 2


class Planted(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.x, cls.labels, cls.split, cls.rule = make.make("circuit", DEPTH, TASKS, 200, 0.0, 7)
        cls.folder = pathlib.Path(cls.path("planted"))
        make.write(cls.folder, cls.x, cls.labels, cls.split, cls.rule)
        cls.must("import", "planted/import.toml", "--out", "planted/data.h5", "--quiet")
        cls.write("planted/train.toml", planted_map.TRAIN.format(n=8, depth=DEPTH, epochs=1))

    def load_planted(self, folder, **extra):
        """Writes the planted angles into a run's best checkpoint, in front of them the identity, and mends its hashes as the
        program asks for them."""
        import h5py
        # logit = value - centre: small, so that float32 probabilities still tell it well.
        numbers = {"representation.weight": numpy.eye(8), "representation.bias": 0, "head.shared": self.rule["shared"],
                   "head.block": self.rule["blocks"], "head.scale": 1, "head.bias": -numpy.array(self.rule["centre"]), **extra}
        path = self.path(f"{folder}/checkpoints/best.h5")
        with h5py.File(path, "r+") as file:
            for name, values in numbers.items():
                at = file["params/" + name]
                at[...] = numpy.broadcast_to(numpy.asarray(values, dtype=float).ravel(), (at.size,)).reshape(at.shape)
        for _ in range(4):
            done = self.run_program("inspect", path)
            if done.returncode == 0:
                return
            kind = "content_hash" if "content hash" in done.stderr else "run_hash"
            with h5py.File(path, "r+") as file:
                file.attrs.modify(kind, re.search(r"found ([0-9a-f]+)", done.stderr).group(1).encode())
        self.fail(done.stderr)

    def trained(self, folder):
        self.must("train", "planted/train.toml", "--quiet", "--set", f"run.folder={self.path(folder)}")
        return folder

    def test_the_planted_head_reaches_its_ceiling_and_gives_the_simulators_logits(self):
        folder = self.trained("own")
        self.load_planted(folder)
        scores = json.loads(self.succeed("eval", folder, "--split", "test", "--json").stdout)
        for task, score in scores["tasks"].items():
            # float32 may take the side of a sample within 1e-6 of the boundary, of 2000 not more than two.
            self.assertGreaterEqual(score["value"], 1 - 2 / 2000, task)
        self.succeed("predict", folder, "planted/data.h5", "--out", "own.h5", "--quiet")
        import h5py
        with h5py.File(self.path("own.h5")) as file:
            found = numpy.stack([file[f"predictions/t{t}"][:, 0].astype(float) for t in range(TASKS)], axis=1)
        found = numpy.log(found / (1 - found))
        angles = make.angles_of(self.x)
        shared, blocks = numpy.array(self.rule["shared"]), numpy.array(self.rule["blocks"])
        for t in range(TASKS):
            value = make.task_value(angles, shared, blocks[t], t) - self.rule["centre"][t]
            apart = make.task_value(angles, shared, blocks[t], t, entangled=False) - self.rule["centre"][t]
            numpy.testing.assert_allclose(found[:, t], value, atol=5e-6)  # the engine computes in float32
            self.assertGreater(abs(value - apart).max(), 0.1)  # entanglement decides

    def test_a_head_with_other_angles_is_far_from_the_ceiling(self):
        folder = self.trained("other")
        self.load_planted(folder, **{"head.shared": numpy.array(self.rule["shared"])[::-1]})
        scores = json.loads(self.succeed("eval", folder, "--split", "test", "--json").stdout)
        self.assertLess(scores["mean"], 0.9)

    def test_noise_turns_over_the_share_it_says_and_leaves_test_rows_alone(self):
        for kind, depth in (("circuit", 1), ("parity", 3), ("low-rank", 2)):
            with self.subTest(kind):
                _, clean, split, _ = make.make(kind, depth, TASKS, 2000, 0.0, 3)
                _, noisy, _, _ = make.make(kind, depth, TASKS, 2000, 0.2, 3)
                self.assertTrue((clean == noisy)[split == 2].all())
                turned = (clean != noisy)[split < 2]
                self.assertLess(abs(turned.mean() - 0.2), 4 * (0.16 / turned.size) ** 0.5)  # four deviations of a binomial
                self.assertLess(abs(clean.mean() - 0.5), 0.05)

    def test_one_cell_of_the_map_counts_what_each_head_needs(self):
        out = pathlib.Path(self.path("map"))
        import harness
        found = planted_map.judge(planted_map.cell(harness.PROGRAM, out, "quick", "low-rank", 2, 0.0, 400, TASKS, 1), 0.01)
        by_head = {row["head"]: row for row in found["rows"]}
        self.assertEqual(set(by_head), {"qmtl", "no entangler", "hybrid", *planted_map.CLASSICAL})
        self.assertEqual(by_head["linear"]["parameters"], TASKS * 9)
        self.assertGreater(by_head["linear"]["test"], 0.9)  # a linear rule
        self.assertEqual(found["needed"]["linear"], TASKS * 9 if by_head["linear"]["test"] >= found["best"] - 0.01 else None)
        text = "\n".join(planted_map.tables([found], 0.01))
        self.assertIn("low-rank 2 | 0.0 | 400 | 4", text)

    def test_the_statement_holds_only_where_every_classical_control_needs_four_times_as_much(self):
        def cell(mlp_test, mlp_parameters, tanh_parameters=400):
            rows = [{"head": head, "name": head, "equal_width": True, "parameters": 40, "test": 0.6, "backbone": 0}
                    for head in ("no entangler", "hybrid", "linear", "low-rank", "local")]
            rows += [{"head": head, "name": head, "equal_width": False, "parameters": parameters, "test": test, "backbone": 0}
                     for head, parameters, test in (("qmtl", 20, 0.9), ("mlp", mlp_parameters, mlp_test), ("local-tanh", tanh_parameters, 0.6))]
            return planted_map.judge({"kind": "circuit", "depth": 1, "noise": 0, "samples": 1, "tasks": 1, "rows": rows}, 0.01)

        self.assertEqual((cell(0.9, 60)["ratio"], cell(0.9, 60)["bound"]), (3.0, False))
        self.assertEqual((cell(0.7, 200)["ratio"], cell(0.7, 200)["bound"]), (20.0, True))
        self.assertIn("In none of the 1 cells", planted_map.statement([cell(0.9, 60)]))
        self.assertIn("In 1 of the 1 cells", planted_map.statement([cell(0.9, 80)]))
        undecided = planted_map.statement([cell(0.9, 80, tanh_parameters=40)])  # of which nobody knows what more would do
        self.assertIn("In none of the 1 cells", undecided)
        self.assertIn("local-tanh was not tried", undecided)


if __name__ == "__main__":
    main()
