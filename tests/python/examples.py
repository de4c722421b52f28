#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The examples of tools/python, each where its packages are installed."""

import importlib.util
import json
import os
import pathlib
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
        result = subprocess.run([sys.executable, EXAMPLES / name, *arguments], capture_output=True, text=True, timeout=900,
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

    def test_a_transformer_on_sentences_with_the_published_circuit(self):
        sentences = pathlib.Path(os.environ.get("QMTL_GLUE", door.ROOT.parent / "shared" / "data" / "raw" / "glue"))
        if os.environ.get("QMTL_LONG") != "1":
            self.skipTest("left out: minutes of training, QMTL_LONG=1")
        if not (sentences / "SST-2").is_dir():
            self.skipTest("left out: no folder of GLUE's sentences (QMTL_GLUE)")
        found = self.run_example("glue_torch.py", ("torch",), sentences, "--tasks", "sst2,cola", "--rows", "4000")
        # 872 rows in two classes of nearly one size: five standard errors above the more frequent answer are 0.085.
        self.assertGreater(found[0], found[1] + 0.085)

    def test_from_torch_to_devices(self):
        with tempfile.TemporaryDirectory() as folder:
            trained, measured = self.run_example("deploy_torch.py", ("torch", "sklearn"), folder, "--program",
                                                 os.environ["QMTL_PROGRAM"])
            self.assertGreater(trained, 0.9)
            # Of 150 flowers the device's noise and the shots may turn some.
            self.assertGreater(measured, trained - 0.05)
            self.on_a_microcontroller(pathlib.Path(folder))

    def on_a_microcontroller(self, folder):
        """The head file's own test vectors on a simulated Cortex-M4F, to the bits of this machine."""
        sys.path.insert(0, str(door.ROOT / "tests" / "edge"))
        import boards
        if missing := boards.M4F.missing():
            self.skipTest(f"left out: {', '.join(missing)} not installed")
        sources = [door.ROOT / "tests" / "edge" / "targets" / "check.c", *boards.RUNTIME,
                   *boards.embed(str(folder), [folder / "head.qmh"])]
        told = []
        for target in (boards.HOST, boards.M4F):
            program = str(folder / target.name)
            target.build(program, sources)
            ran = target.run(program)
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
            told.append(ran.stdout)
        self.assertEqual(told[0].splitlines().count("equal"), 1)
        self.assertEqual(told[1], told[0])

    def test_the_notebook_runs_and_draws(self):
        needs = ("nbclient", "nbformat", "ipykernel", "matplotlib", "sklearn", "torch")
        if missing := [package for package in needs if importlib.util.find_spec(package) is None]:
            self.skipTest(f"left out: {', '.join(missing)} not installed")
        import nbclient
        import nbformat
        notebook = nbformat.read(EXAMPLES / "tour.ipynb", as_version=4)
        for cell in notebook.cells:  # what is kept has no outputs
            self.assertEqual(cell.get("outputs", []), [])
        with tempfile.TemporaryDirectory() as folder:
            # The kernel is this Python, whatever kernels are installed.
            kernel = pathlib.Path(folder) / "kernels" / "python3"
            kernel.mkdir(parents=True)
            (kernel / "kernel.json").write_text(json.dumps({"argv": [sys.executable, "-m", "ipykernel_launcher", "-f",
                                                                     "{connection_file}"], "display_name": "this"}))
            before = dict(os.environ)
            os.environ.update(JUPYTER_PATH=folder, PYTHONPATH=os.path.dirname(os.path.dirname(qmtl.__file__)),
                              MPLBACKEND="module://matplotlib_inline.backend_inline")
            try:
                nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3",
                                        resources={"metadata": {"path": folder}}).execute()
            finally:
                os.environ.clear()
                os.environ.update(before)
            self.assertEqual([task.name for task in qmtl.Model.load(f"{folder}/digits-head.h5").tasks], ["digit"])
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        pictures = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
        self.assertEqual(len(pictures), 3)
        if kept := os.environ.get("QMTL_NOTEBOOK"):  # to look at it
            nbformat.write(notebook, kept)
        text = "".join(output.get("text", "") for output in outputs)
        self.assertIn("12 epochs in", json.dumps(outputs))
        self.assertNotIn("FIX", text)
        # Chance is 0.1, and a nearest neighbour has 0.96 of these images.
        self.assertGreater(float(text.split("accuracy on the test rows: ")[1].split()[0]), 0.85)

    def test_a_fit_in_jax(self):
        accuracy, = self.run_example("fit_jax.py", ("jax",))
        # The larger class has about half of the points, and no line divides them.
        self.assertGreater(accuracy, 0.8)


if __name__ == "__main__":
    unittest.main(verbosity=2)
