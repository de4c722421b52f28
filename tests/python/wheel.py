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


if __name__ == "__main__":
    unittest.main(verbosity=2)
