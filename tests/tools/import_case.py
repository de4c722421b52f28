# SPDX-License-Identifier: Apache-2.0
"""What the tests of imports share: a description's data set, what the command says of it, and what it refuses."""

import json
import os
import sys

# Debian's packages belong to the system's Python, whichever Python comes first in PATH.
try:
    import h5py
    import numpy as np  # noqa: F401
    from PIL import Image  # noqa: F401
except ImportError as missing:
    print(f"skipped: python3-h5py, python3-numpy and python3-pil are needed ({missing})")
    sys.exit(0)

from harness import Program, main  # noqa: F401

ALL_TRAIN = "[split]\nfractions = [1.0, 0.0, 0.0]\nkeep_unlabelled = true\n"
INPUT = '[input.x]\ncolumns = ["a"]\n'


def task(kind, more="", column="y"):
    return f'[task.t]\ncolumn = "{column}"\nkind = "{kind}"\n{more}'


class Import(Program):
    def imported(self, description, *options):
        """{object: array} of the data set that a description makes, what --json says of the import, and the warnings."""
        self.write("d.toml", description)
        run = self.succeed("import", "d.toml", "--out", "d.h5", "--overwrite", "--json", *options)
        with h5py.File(self.path("d.h5")) as file:
            found = {}
            file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
        return found, json.loads(run.stdout)["import"], run.stderr

    def refuse_import(self, code, fragments, description, *options):
        self.write("bad.toml", description)
        self.refuse(code, fragments, "import", "bad.toml", "--out", "never.h5", *options)
        self.assertFalse(os.path.exists(self.path("never.h5")))

    def table(self, text, *, kind="multiclass", more="", keys="", split=ALL_TRAIN, name="t.csv"):
        """The description of a table with an input a and labels y."""
        self.write(name, text)
        return f'file = "{name}"\n{keys}' + INPUT + task(kind, more) + split

    def classes(self, said, name="t"):
        return {entry["name"]: entry["count"] for entry in said["tasks"][name]["classes"]}

    def doubted(self, description, *fragments):
        """Imported with a warning that has the fragments, and refused with --strict."""
        found, said, stderr = self.imported(description)
        for fragment in fragments:
            self.assertIn(fragment, stderr)
            self.assertIn(fragment, json.dumps(said["guesses"], ensure_ascii=False).replace('\\"', '"'))
        self.refuse_import(3, ["--strict", *fragments], description, "--strict")
        return found, said

    def certain(self, description):
        found, said, stderr = self.imported(description, "--strict")
        self.assertEqual(said["guesses"], [])
        return found, said
