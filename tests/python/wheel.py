#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A wheel of tools/python/wheel: small, complete, and usable by a Python that has nothing of this system. Compiles the library anew, so
that it is for long checks (QMTL_LONG=1)."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

import door

if os.environ.get("QMTL_LONG") != "1":
    door.leave_out("a wheel compiles the library anew: QMTL_LONG=1")
door.environment("venv", "ensurepip")


# What the installed wheel does beside training, with NumPy alone.
DEPLOY = """
import numpy, pathlib, qmtl
x = numpy.random.default_rng(0).normal(size=(60, 4)).astype('float32')
model = qmtl.train(x, x[:, :1] > 0, ['side'], {'circuit': {'qubits': 4}, 'block': {'size': 2}, 'train': {'epochs': 3}})
print(*sorted(qmtl.export_forms()))
model.export('edge', 'model.qmh', x)
model.export('qasm3', 'model.qasm', x)
model.report('model.html', x, x[:, :1] > 0)
print('done' if model.replay(x[:4], x[:4, :1] > 0, 'replay', shots=50).done else 'not done')
pathlib.Path('ibm.toml').write_text('kind = "ibm"\\nbackend = "b"\\n')
try:
    model.replay(x[:4], x[:4, :1] > 0, 'elsewhere', endpoint='ibm.toml')
except qmtl.UsageError as error:
    assert 'QMTL_HTTP' in str(error), error
else:
    raise AssertionError('a service was called')
"""


class Wheel(unittest.TestCase):
    def test_a_wheel_is_small_and_holds_what_it_needs(self):
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run([door.ROOT / "tools" / "python" / "wheel", folder, sys.executable], capture_output=True, text=True)
            self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
            wheel, = pathlib.Path(folder).glob("*.whl")
            self.assertIn("manylinux", wheel.name)
            self.assertLess(wheel.stat().st_size, 15e6)
            names = zipfile.ZipFile(wheel).namelist()
            for part in ("qmtl/_core.pyi", "qmtl/py.typed", "qmtl/torch.py"):
                self.assertIn(part, names)
            libraries = " ".join(name for name in names if name.startswith("qmtl.libs/"))
            self.assertIn("libtbb", libraries)
            for foreign in ("libmpi", "libpython", "libonnx"):  # libcurl comes with Debian's HDF5
                self.assertNotIn(foreign, libraries)
            subprocess.run([sys.executable, "-m", "venv", f"{folder}/try"], check=True)
            subprocess.run([f"{folder}/try/bin/pip", "install", "--disable-pip-version-check", "-q", wheel], check=True)
            found = subprocess.run([f"{folder}/try/bin/python", "-c", DEPLOY], cwd=folder, capture_output=True, text=True)
            self.assertEqual(found.stdout.split(), ["c", "circuit", "edge", "ionq", "isa", "qasm2", "qasm3", "done"], found.stderr)
            for file in ("model.qmh", "model.qasm", "model.html"):
                self.assertTrue((pathlib.Path(folder) / file).exists(), file)


if __name__ == "__main__":
    unittest.main(verbosity=2)
