#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The examples of tools/python, each where its packages are installed."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest

import door

qmtl = door.the_package()
EXAMPLES = door.ROOT / "tools" / "python" / "examples"


class Examples(unittest.TestCase):
    def run_example(self, name, needs, *arguments):
        missing = [package for package in needs if importlib.util.find_spec(package) is None]
        if missing:
            self.skipTest(f"left out: {', '.join(missing)} not installed")
        package = os.path.dirname(os.path.dirname(qmtl.__file__))
        result = subprocess.run([sys.executable, EXAMPLES / name, *arguments], capture_output=True, text=True, timeout=300,
                                env={**os.environ, "PYTHONPATH": package, "JAX_PLATFORMS": "cpu"})
        self.assertEqual(result.returncode, 0, result.stderr)
        print(result.stdout, end="")
        return [float(word) for line in result.stdout.splitlines() for word in line.split() if word[:2] in ("0.", "1.")]

    def test_digits_in_torch(self):
        digit, odd = self.run_example("digits_torch.py", ("torch", "sklearn"))
        # A nearest neighbour has 0.96 of these images, chance 0.1 and 0.5.
        self.assertGreater(digit, 0.9)
        self.assertGreater(odd, 0.9)

    def test_a_pipeline_in_scikit_learn(self):
        with tempfile.TemporaryDirectory() as folder:
            accuracy, = self.run_example("pipeline_sklearn.py", ("sklearn",), f"{folder}/model.h5")
            self.assertEqual([task.kind for task in qmtl.Model.load(f"{folder}/model.h5").tasks], ["multiclass", "binary"])
        self.assertGreater(accuracy, 0.85)

    def test_a_fit_in_jax(self):
        accuracy, = self.run_example("fit_jax.py", ("jax",))
        # The larger class has about half of the points, and no line divides them.
        self.assertGreater(accuracy, 0.8)


if __name__ == "__main__":
    unittest.main(verbosity=2)
